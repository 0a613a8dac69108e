"""Who may stand in for whom: cases of the same area, age and season."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Ints = NDArray[np.int32]
AGE_EDGES = (-np.inf, 6.0, 60.0, np.inf)  # small children, people who eat out, the old
MIN_CONTEXT_CASES = 20


def _ages(frame: pd.DataFrame) -> NDArray[np.int64]:
    """Return bands of age; unknown is one of them."""
    ages = frame["age_years"].to_numpy(np.float64, na_value=np.nan)
    bands = np.digitize(ages, AGE_EDGES[1:-1])
    return np.asarray(np.where(np.isnan(ages), len(AGE_EDGES), bands), dtype=np.int64)


def _areas(frame: pd.DataFrame) -> "pd.Series[Any]":
    return frame["home_code"].fillna(frame["home_region"]).fillna("").astype(str)


def contexts(frame: pd.DataFrame) -> Ints:
    """Return a number for the area and age of each case; areas with few cases are one."""
    areas = _areas(frame)
    count = areas.map(areas.value_counts())
    areas = areas.where(count >= MIN_CONTEXT_CASES, "")
    return _numbers(areas, _ages(frame))


def strata(frame: pd.DataFrame, as_of: pd.Timestamp, season_days: int, min_cases: int) -> Ints:
    """Return a number for the season, age and area of each case.

    Seasons are counted backwards from `as_of`. Within a season, an age band that has fewer than
    `min_cases` cases is put together with the others like it, and within an age band an area.
    """
    days = (as_of.normalize() + pd.Timedelta(days=1) - frame["onset"]).dt.total_seconds() / 86_400
    season = (days // season_days).to_numpy(np.int64)
    season = np.minimum(season, season.max(initial=0))
    age = _pooled(season, _ages(frame), min_cases)
    parent = _numbers(season, age)
    area = _pooled(parent, pd.factorize(_areas(frame), sort=True)[0], min_cases)
    return _numbers(parent, area)


def _pooled(parent: NDArray[Any], child: NDArray[np.int64], min_cases: int) -> NDArray[np.int64]:
    """Return `child`, or -1 where too few cases of the parent have it."""
    size = pd.Series(1).reindex(range(len(child)), fill_value=1)
    size = size.groupby([parent, child]).transform("sum")
    return np.asarray(np.where(size >= min_cases, child, -1))


def _numbers(*columns: Any) -> Ints:  # noqa: ANN401
    frame = pd.DataFrame({str(i): np.asarray(column) for i, column in enumerate(columns)})
    return frame.groupby(list(frame), sort=True).ngroup().to_numpy().astype(np.int32)
