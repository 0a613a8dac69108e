"""Who fell ill, where and when."""

from typing import Any

import numpy as np
import pandas as pd

AGE_BANDS = ("<1", "1-6", "7-19", "20-59", "60+")
AGE_EDGES = (0.0, 1.0, 7.0, 20.0, 60.0, np.inf)
MISSING = "missing"
DIMENSIONS = ("age_band", "sex", "occupation", "home_region", "week")


def person_place_time(members: pd.DataFrame, others: pd.DataFrame | None = None) -> pd.DataFrame:
    """Count cases by age band, sex, occupation, area and week of onset.

    Parameters
    ----------
    members
        One row a case as in `Cases.frame`: ``age_years``, ``sex``, ``occupation``,
        ``home_region``, ``onset``; columns may be absent. Age bands are those of the national
        outbreak form.
    others
        Cases to compare with, such as the area's other reports.

    Returns
    -------
    DataFrame
        ``dimension``, ``category`` (``"missing"`` last), ``cases``, ``share`` of the cases; with
        others also ``other_cases``, ``other_share``. Weeks are those of ISO 8601.

    Examples
    --------
    >>> members = pd.DataFrame({"age_years": [0.5, 34.0, 61.0], "sex": ["male", "male", None]})
    >>> person_place_time(members)["category"].to_list()
    ['<1', '1-6', '7-19', '20-59', '60+', 'male', 'missing']
    """
    table = _counts(members).rename("cases").to_frame()
    table["share"] = table["cases"] / max(len(members), 1)
    if others is not None:
        counts = _counts(others)
        rows = table.index.append(counts.index.difference(table.index, sort=False))
        table = table.reindex(rows, fill_value=0)
        table["other_cases"] = counts.reindex(rows, fill_value=0)
        table["other_share"] = table["other_cases"] / max(len(others), 1)
        place = [DIMENSIONS.index(name) for name in rows.get_level_values("dimension")]
        table = table.iloc[np.argsort(place, kind="stable")]
    return table.reset_index()


def _counts(frame: pd.DataFrame) -> "pd.Series[Any]":
    parts: dict[str, pd.Series[Any]] = {}
    for name in DIMENSIONS:
        values = _values(frame, name)
        if values is not None:
            counted = values.value_counts()
            ordered = counted.sort_index() if name in ("age_band", "week") else counted
            ordered.index = pd.Index(ordered.index.astype(str), dtype="object")
            n_missing = int(values.isna().sum())
            if n_missing:
                ordered = pd.concat([ordered, pd.Series({MISSING: n_missing})])
            parts[name] = ordered
    if not parts:
        empty = pd.MultiIndex.from_arrays([[], []], names=["dimension", "category"])
        return pd.Series([], index=empty, dtype=np.int64)
    counts: pd.Series[Any] = pd.concat(parts, names=["dimension", "category"])
    return counts


def _values(frame: pd.DataFrame, name: str) -> "pd.Series[Any] | None":
    source = {"age_band": "age_years", "week": "onset"}.get(name, name)
    if source not in frame:
        return None
    values = frame[source]
    if name == "age_band":
        bands = pd.cut(values.astype("float64"), list(AGE_EDGES), right=False, labels=AGE_BANDS)
        return pd.Series(bands)
    if name == "week":
        iso = pd.to_datetime(values).dt.isocalendar()
        text = iso["year"].astype("string") + "-W" + iso["week"].astype("string").str.zfill(2)
        return pd.Series(text)
    return values
