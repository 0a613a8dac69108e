"""Pairs of cases with the parts of what links them."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from enteroscan import _core
from enteroscan.linkage._groups import shown

if TYPE_CHECKING:
    from enteroscan.linkage._reports import Reports
    from enteroscan.linkage.spec import SharedExposure

Floats = NDArray[np.float64]

SAME_MEAL_SHARE = 0.6  # of the pairs of a source: at one meal; assumed, as all of these
SAME_MEAL_HOURS = 1.0  # mean distance of their times
SALE_HOURS = 48.0  # mean distance of the others
LOCAL_SHARE = 0.5  # of the pairs of a source: neighbours
LOCAL_KM = 3.0  # mean distance of their homes
DISTANCES_KM = np.array([0.1, 0.3, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0])
N_PAIRS = 100_000  # drawn for the usual distances
EARTH_KM = 6371.0088
PARTS = ("sharing", "time", "symptoms", "incubation", "report", "space", "contagion", "total")


def links(sources: _core.SharedSources, reports: "Reports", spec: "SharedExposure") -> pd.DataFrame:
    """Return one row a pair of cases, the most likely first."""
    found = sources.links(
        max_gap=24.0 * spec.max_sale_days,
        at_least=spec.min_link,
        same_meal_share=SAME_MEAL_SHARE,
        same_meal_hours=SAME_MEAL_HOURS,
        sale_hours=SALE_HOURS,
        distance_km=DISTANCES_KM.tolist(),
        distance_evidence=_distance_evidence(reports).tolist(),
        n_threads=spec.n_jobs or 0,
    )
    case_id = reports.frame["case_id"].to_numpy()
    values = reports.sources.iloc[found["value"]]
    frame = pd.DataFrame(
        {
            "first_case": case_id[found["first"]],
            "second_case": case_id[found["second"]],
            "kind": values["kind"].to_numpy(),
            "source": values["label"].map(shown).to_numpy(),
            **{name: found[name] for name in PARTS},
        }
    )
    return frame.sort_values("total", ascending=False, kind="stable", ignore_index=True)


def _distance_evidence(reports: "Reports") -> Floats:
    """Return the log likelihood ratio of homes at each distance, against any two cases here."""
    points = np.column_stack([reports.arrays["latitude"], reports.arrays["longitude"]])
    points = np.radians(points[~np.isnan(points).any(axis=1)])
    if len(points) < 2:
        return np.zeros(len(DISTANCES_KM))
    rng = np.random.default_rng(0)
    a, b = points[rng.integers(0, len(points), (2, N_PAIRS))]
    usual = _shares(_distances_km(a, b))
    # Neighbours: exponential; the last bin is open.
    below = -np.expm1(-DISTANCES_KM[:-1] / LOCAL_KM)
    local = np.diff(np.concatenate([[0.0], below, [1.0]]))
    return np.asarray(np.log(LOCAL_SHARE * local / usual + (1 - LOCAL_SHARE)))


def _distances_km(a: Floats, b: Floats) -> Floats:
    h = (
        np.sin((b[:, 0] - a[:, 0]) / 2) ** 2
        + np.cos(a[:, 0]) * np.cos(b[:, 0]) * np.sin((b[:, 1] - a[:, 1]) / 2) ** 2
    )
    return np.asarray(2 * EARTH_KM * np.arcsin(np.sqrt(np.minimum(h, 1.0))))


def _shares(distances: Floats) -> Floats:
    at = np.minimum(np.searchsorted(DISTANCES_KM, distances), len(DISTANCES_KM) - 1)
    counts = np.bincount(at, minlength=len(DISTANCES_KM)) + 1.0
    return np.asarray(counts / counts.sum())
