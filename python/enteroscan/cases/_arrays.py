"""Columns of the tables, made of readings: typed arrays with missing values."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from enteroscan.cases._columns import Codes, Values, objects
from enteroscan.cases._readings import Reading, take


def text_array(values: Values, codes: Codes) -> Any:  # noqa: ANN401
    """Return texts by codes, missing where a code is -1."""
    pool = pa.array(values, pa.large_string(), from_pandas=True)
    places = pa.array(codes, mask=codes < 0)
    return pd.arrays.ArrowStringArray(pool.take(places))


def no_texts(n: int) -> Any:  # noqa: ANN401
    """Return so many missing texts."""
    return pd.array(pa.nulls(n, pa.large_string()), dtype=pd.StringDtype("pyarrow"))


def no_truths(n: int) -> Any:  # noqa: ANN401
    """Return so many missing truths."""
    return pd.arrays.BooleanArray(np.zeros(n, dtype=bool), np.ones(n, dtype=bool))


def bool_array(values: Values) -> Any:  # noqa: ANN401
    """Return an array of True, False and missing."""
    missing = np.asarray(pd.isna(values))
    truths = np.zeros(len(values), dtype=bool)
    truths[~missing] = values[~missing].astype(bool)
    return pd.arrays.BooleanArray(truths, missing)


def number_array(values: Values, dtype: str) -> Any:  # noqa: ANN401
    """Return an array of numbers and missing."""
    numbers = values.astype(np.float64)
    missing = np.isnan(numbers)
    if dtype == "Int64":
        whole = np.where(missing, 0, numbers).astype(np.int64)
        return pd.arrays.IntegerArray(whole, missing)
    return pd.arrays.FloatingArray(np.where(missing, 0.0, numbers), missing)


def texts_of(reading: Reading | None, n: int) -> Any:  # noqa: ANN401
    """Return the texts of a reading, n missing ones without it."""
    return no_texts(n) if reading is None else text_array(reading.distinct, reading.codes)


def truths_of(reading: Reading | None, n: int) -> Any:  # noqa: ANN401
    """Return the truths of a reading, n missing ones without it."""
    return no_truths(n) if reading is None else bool_array(reading.rows)


def floats_of(reading: Reading | None, n: int) -> NDArray[np.float64]:
    """Return the numbers of a reading, n times NaN without it."""
    return np.full(n, np.nan) if reading is None else reading.rows.astype(np.float64)


def days_of(reading: Reading | None, n: int) -> NDArray[np.datetime64]:
    """Return the times of a reading, n times NaT without it."""
    return np.full(n, "NaT", dtype="datetime64[ns]") if reading is None else reading.rows


def times_of(name: str, reading: Reading | None, n: int) -> dict[str, Any]:
    """Return the columns of a time: itself, and whether its hour is known."""
    times = days_of(reading, n)
    hour = (
        np.zeros(n, dtype=bool)
        if reading is None
        else take(reading.extra["hour_known"], reading.codes)
    )
    return {name: times, f"{name}_hour_known": pd.arrays.BooleanArray(hour, np.isnat(times))}


def categories_of(reading: Reading | None, n: int, categories: list[str]) -> pd.Categorical:
    """Return the values of a reading as categories."""
    if reading is None:
        return pd.Categorical([None] * n, categories=categories)
    order = pd.Index(categories).get_indexer(pd.Index(reading.distinct))
    dtype: pd.CategoricalDtype[object] = pd.CategoricalDtype(categories)
    return pd.Categorical.from_codes(np.append(order, -1)[reading.codes].tolist(), dtype=dtype)


def joined(readings: list[Reading], n: int, separator: str = "/") -> Any:  # noqa: ANN401
    """Join the texts of readings, leaving missing ones out; missing where there is none."""
    if len(readings) < 2:
        return texts_of(readings[0] if readings else None, n)
    key = np.zeros(n, dtype=np.int64)
    for reading in readings:
        key = key * (len(reading.distinct) + 1) + reading.codes + 1
        key, _ = pd.factorize(key)
    first = np.zeros(int(key.max(initial=-1)) + 1, dtype=np.intp)
    first[key[::-1]] = np.arange(len(key))[::-1]
    texts = [
        separator.join(
            dict.fromkeys(str(r.distinct[r.codes[row]]) for r in readings if r.codes[row] >= 0)
        )
        or None
        for row in first.tolist()
    ]
    return text_array(objects(texts), key.astype(np.int32))
