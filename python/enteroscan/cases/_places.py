"""Gives cases without coordinates those of a table of places."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from enteroscan.places import Gazetteer

Floats = NDArray[np.float64]


def locate(
    places: Gazetteer | pd.DataFrame | str | Path,
    home_code: Any,  # noqa: ANN401
    home_region: Any,  # noqa: ANN401
    wanted: NDArray[np.bool_],
) -> tuple[Floats, Floats]:
    """Return latitudes and longitudes of the cases that are wanted, NaN where none is found."""
    gazetteer = places if isinstance(places, Gazetteer) else Gazetteer.read(places)
    frame = pd.DataFrame({"home_code": home_code, "home_region": home_region})[wanted]
    latitude, longitude = np.full(len(wanted), np.nan), np.full(len(wanted), np.nan)
    if len(frame):
        distinct = frame.drop_duplicates()
        found = gazetteer.locate(distinct).frame[["latitude", "longitude"]].astype("Float64")
        known = pd.concat([distinct, found], axis=1)
        known["number"] = np.arange(len(known))
        number = frame.merge(known, on=["home_code", "home_region"], how="left")[
            "number"
        ].to_numpy()
        for target, name in ((latitude, "latitude"), (longitude, "longitude")):
            target[wanted] = known[name].to_numpy(np.float64, na_value=np.nan)[number]
    return latitude, longitude
