"""Whether coordinates are in the system they are said to be in.

A single point cannot tell. The same place given twice can: the systems differ by a shift of 100 to
1,200 m that is known at every point, so differences that agree with it to a few metres are no
chance. Scattered homes are no evidence for or against, and are not asked.
"""

import itertools
import warnings
from collections.abc import Iterator
from typing import get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from enteroscan.errors import DataError
from enteroscan.places._datums import CRS, Floats, from_wgs84, to_wgs84

EARTH_RADIUS_KM = 6371.0088
_TURNS = 8  # the true shift, and seven turned away from it as controls
_MOST_SPOTS = 30  # of one place
_LEAST_PAIRS = 3
_CHANCE = 1e-3
_SHIFTS: tuple[tuple[CRS, CRS], ...] = (("wgs84", "gcj02"), ("wgs84", "bd09"), ("gcj02", "bd09"))


def distance_m(
    latitude: Floats, longitude: Floats, other_latitude: Floats, other_longitude: Floats
) -> Floats:
    """Return great-circle distances in metres."""
    first, second = np.radians(latitude), np.radians(other_latitude)
    across = np.radians(other_longitude - longitude)
    root = np.sin((second - first) / 2) ** 2
    root += np.cos(first) * np.cos(second) * np.sin(across / 2) ** 2
    distances: Floats = 2e3 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.clip(root, 0.0, 1.0)))
    return distances


def compare_crs(
    latitude: ArrayLike,
    longitude: ArrayLike,
    *,
    reference_latitude: ArrayLike,
    reference_longitude: ArrayLike,
) -> pd.DataFrame:
    """Compare points with where they are known to be, taking them to be in each system in turn.

    For hospitals or streets whose true place is known (WGS-84): the system of the points is the one
    with a distance of metres, where the others are hundreds of metres off.

    Returns
    -------
    DataFrame
        `crs`, `n` points compared, `median_m` and `p90_m`, the distances from the reference; the
        likeliest system first.

    Examples
    --------
    >>> table = compare_crs([31.175304], [121.531542],
    ...                     reference_latitude=[31.177428], reference_longitude=[121.527211])
    >>> table["crs"].iloc[0], bool(table["median_m"].iloc[0] < 1)
    ('gcj02', True)
    """
    rows = []
    for crs in get_args(CRS):
        points = to_wgs84(latitude, longitude, crs=crs)
        reference = to_wgs84(reference_latitude, reference_longitude, crs="wgs84")
        distances = distance_m(*points, *reference)
        distances = distances[np.isfinite(distances)]
        if not len(distances):
            message = "no point has both coordinates and a reference; give some that have"
            raise DataError(message)
        rows.append((crs, len(distances), np.median(distances), np.quantile(distances, 0.9)))
    table = pd.DataFrame(rows, columns=["crs", "n", "median_m", "p90_m"])
    return table.sort_values("median_m", kind="stable", ignore_index=True)


def mixed_systems(
    frame: pd.DataFrame,
    *,
    place: str,
    latitude: str = "latitude",
    longitude: str = "longitude",
    tolerance_m: float = 10.0,
) -> pd.DataFrame:
    """Test whether the same places are given in two coordinate systems.

    All pairs of different coordinates of one place (a hospital, a venue) are compared with the
    shift from one system to another. What chance would do is seen from the same shift turned by
    45, 90, ... degrees: the pairs that agree with the true and with the turned shifts are compared
    by an exact binomial test.

    Parameters
    ----------
    frame
        Points, with the name of the place that each belongs to in the column `place`.
    tolerance_m
        How closely a difference must agree with a shift, in metres.

    Returns
    -------
    DataFrame
        One row a pair of systems: `first`, `second`, `pairs` that agree, `pairs_by_chance` (mean
        of the turned shifts), `p_value` and `mixed`, whether at least three pairs agree and the
        p-value is below 0.001.
    """
    for column in (place, latitude, longitude):
        if column not in frame.columns:
            message = f"there is no column {column!r}; there are {', '.join(map(str, frame))}"
            raise DataError(message)
    from scipy import stats  # takes long to import

    pairs = np.array(list(_pairs(frame, place, latitude, longitude)), dtype=np.float64)
    pairs = pairs.reshape(-1, 4)
    rows = []
    for first, second in _SHIFTS:
        agree = _agreeing(pairs, first, second, tolerance_m)
        others = int(agree[1:].sum())
        p_value = 1.0
        if agree[0]:
            tried = int(agree[0]) + others
            p_value = float(
                stats.binomtest(int(agree[0]), tried, 1 / _TURNS, alternative="greater").pvalue
            )
        mixed = int(agree[0]) >= _LEAST_PAIRS and p_value < _CHANCE
        rows.append((first, second, int(agree[0]), others / (_TURNS - 1), p_value, mixed))
    columns = ["first", "second", "pairs", "pairs_by_chance", "p_value", "mixed"]
    return pd.DataFrame(rows, columns=columns)


def warn_if_mixed(
    frame: pd.DataFrame,
    *,
    place: str,
    latitude: str = "latitude",
    longitude: str = "longitude",
) -> pd.DataFrame:
    """Warn (UserWarning) where `mixed_systems` finds a mixture; return its table."""
    table = mixed_systems(frame, place=place, latitude=latitude, longitude=longitude)
    for row in table[table["mixed"]].itertuples():
        message = (
            f"columns {latitude!r} and {longitude!r} seem to mix {row.first} and {row.second}: "
            f"{row.pairs} pairs of points of the same {place!r} differ by just the shift between "
            f"them, where chance would give {row.pairs_by_chance:.1f}; split the rows by source "
            "and give each its crs"
        )
        warnings.warn(message, UserWarning, stacklevel=2)
    return table


def _pairs(
    frame: pd.DataFrame, place: str, latitude: str, longitude: str
) -> Iterator[tuple[float, float, float, float]]:
    """Yield the different coordinates of one place, two by two."""
    points = frame[[place, latitude, longitude]].dropna()
    points = points.astype({latitude: "float64", longitude: "float64"})
    spots = points.groupby([place, latitude, longitude], sort=True, observed=True).size()
    table = spots.rename("n").reset_index()
    table = table.sort_values("n", ascending=False, kind="stable")
    for _, rows in table.groupby(place, sort=True, observed=True):
        coordinates = rows[[latitude, longitude]].head(_MOST_SPOTS).to_numpy(np.float64)
        for one, other in itertools.combinations(coordinates.tolist(), 2):
            yield (*one, *other)


def _agreeing(pairs: Floats, first: CRS, second: CRS, tolerance_m: float) -> Floats:
    """Count pairs that agree with the shift between two systems, and with the shift turned."""
    turns = np.arange(_TURNS) * 2 * np.pi / _TURNS
    hits = np.zeros((_TURNS, len(pairs)), dtype=bool)
    for start, end in ((pairs[:, :2], pairs[:, 2:]), (pairs[:, 2:], pairs[:, :2])):
        true = to_wgs84(start[:, 0], start[:, 1], crs=first)
        there = from_wgs84(*true, crs=second)
        scale = np.cos(np.radians(start[:, 0]))
        north, east = there[0] - start[:, 0], (there[1] - start[:, 1]) * scale
        for n, turn in enumerate(turns):
            latitude = start[:, 0] + north * np.cos(turn) - east * np.sin(turn)
            longitude = start[:, 1] + (north * np.sin(turn) + east * np.cos(turn)) / scale
            hits[n] |= distance_m(latitude, longitude, end[:, 0], end[:, 1]) <= tolerance_m
    counts: Floats = hits.sum(axis=1).astype(np.float64)
    return counts
