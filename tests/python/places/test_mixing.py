"""Two coordinate systems in one column are noticed, and nothing else is."""

import numpy as np
import pandas as pd
import pytest

from enteroscan.errors import DataError
from enteroscan.places import CRS, compare_crs, from_wgs84, mixed_systems, warn_if_mixed


def hospitals(first: CRS, second: CRS, *, places: int = 40, seed: int = 1) -> pd.DataFrame:
    """Each hospital twice: half the rows in one system, half in another, with 3 m of noise."""
    rng = np.random.default_rng(seed)
    latitude, longitude = rng.uniform(38.9, 39.3, places), rng.uniform(117.0, 117.5, places)
    parts = []
    for crs in (first, second):
        there = from_wgs84(latitude, longitude, crs=crs)
        noise = rng.normal(0, 3 / 111_320, (2, places))
        parts.append(
            pd.DataFrame(
                {
                    "hospital": [f"hospital {n}" for n in range(places)],
                    "latitude": there[0] + noise[0],
                    "longitude": there[1] + noise[1],
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


@pytest.mark.parametrize(
    ("first", "second"), [("wgs84", "gcj02"), ("gcj02", "bd09"), ("bd09", "wgs84")]
)
def test_a_mixture_is_found(first: CRS, second: CRS) -> None:
    frame = hospitals(first, second)
    table = mixed_systems(frame, place="hospital")
    found = table[table["mixed"]]
    pairs = zip(found["first"], found["second"], strict=True)
    assert [{one, other} for one, other in pairs] == [{first, second}]
    with pytest.warns(UserWarning, match="seem to mix"):
        warn_if_mixed(frame, place="hospital")


@pytest.mark.parametrize("crs", ["wgs84", "gcj02", "bd09"])
def test_one_system_is_no_mixture(crs: CRS) -> None:
    assert not mixed_systems(hospitals(crs, crs), place="hospital")["mixed"].any()
    warn_if_mixed(hospitals(crs, crs), place="hospital")  # a warning would be an error


def test_homes_scattered_over_a_street_are_no_mixture() -> None:
    """False alarms are rare: 200 districts of homes a kilometre around their streets."""
    alarms = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        street = rng.integers(0, 10, 150)
        centre = rng.uniform([38.9, 117.0], [39.3, 117.5], (10, 2))
        points = centre[street] + rng.normal(0, 0.008, (150, 2))
        frame = pd.DataFrame(points, columns=["latitude", "longitude"]).assign(street=street)
        alarms += int(mixed_systems(frame, place="street")["mixed"].any())
    assert alarms <= 3  # three tests at 0.001 each: 0.6 expected


def test_nothing_to_compare_is_no_mixture() -> None:
    frame = pd.DataFrame({"street": ["a"], "latitude": [39.0], "longitude": [117.0]})
    table = mixed_systems(frame, place="street")
    assert table["pairs"].to_list() == [0, 0, 0]
    assert not table["mixed"].any()
    with pytest.raises(DataError, match="no column 'hospital'"):
        mixed_systems(frame, place="hospital")


@pytest.mark.parametrize("crs", ["wgs84", "gcj02", "bd09"])
def test_the_system_of_known_places_is_found(crs: CRS) -> None:
    frame = hospitals("wgs84", crs)
    truth, given = frame.iloc[:40], frame.iloc[40:]
    table = compare_crs(
        given["latitude"],
        given["longitude"],
        reference_latitude=truth["latitude"],
        reference_longitude=truth["longitude"],
    )
    assert table["crs"].iloc[0] == crs
    assert table["median_m"].iloc[0] < 15
    assert table["median_m"].iloc[1] > 100
    assert (table["n"] == 40).all()


def test_a_comparison_needs_points() -> None:
    with pytest.raises(DataError, match="no point has both"):
        compare_crs([np.nan], [117.0], reference_latitude=[39.0], reference_longitude=[117.0])
