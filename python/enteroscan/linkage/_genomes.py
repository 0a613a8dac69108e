"""Types of isolates, from how many alleles their genomes differ in."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from enteroscan.errors import DataError

Floats = NDArray[np.float64]


def genome_types(distances: pd.DataFrame, max_alleles: int) -> "pd.Series[Any]":
    """Return the type of each case's isolate, a number from 1, by case number.

    All isolates of a type differ in at most `max_alleles` from each other (complete linkage), so
    that types cannot grow in a chain. Pairs that were not compared are taken as different.

    Raises
    ------
    DataError
        The table is not square, not symmetric, not of distances, or has a case twice.
    """
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    names, table = _read(distances)
    order = np.argsort(names, kind="stable")  # the order of rows does not matter
    names, table = names[order], table[np.ix_(order, order)]
    if len(names) < 2:
        return pd.Series(np.ones(len(names), dtype=np.int64), index=names)
    beyond = max(float(np.nanmax(table)), float(max_alleles)) + 1.0
    np.fill_diagonal(table, 0.0)
    near = squareform(np.where(np.isnan(table), beyond, table))
    numbers = fcluster(linkage(near, "complete"), max_alleles, "distance")
    return pd.Series(pd.factorize(numbers)[0] + 1, index=names)


def _read(distances: pd.DataFrame) -> tuple[NDArray[Any], Floats]:
    """Return the numbers of cases and their distances, checked."""
    if not isinstance(distances, pd.DataFrame):
        message = f"alleles must be a square DataFrame, not {type(distances).__name__}"
        raise DataError(message)
    rows, columns = (_texts(labels) for labels in (distances.index, distances.columns))
    if len(set(rows)) < len(rows):
        twice = next(name for name in rows if rows.count(name) > 1)
        message = f"alleles: case {twice!r} has more than one row; keep one isolate of each case"
        raise DataError(message)
    strange = sorted(set(rows) ^ set(columns))
    if strange or len(rows) != len(columns):
        message = (
            f"alleles: {len(strange)} case numbers are not in both rows and columns: "
            f"{', '.join(strange[:5])}; give a square table with case numbers as its index and "
            "its columns"
        )
        raise DataError(message)
    numbers = distances.set_axis(rows, axis=0).set_axis(columns, axis=1)[rows]
    table = numbers.apply(pd.to_numeric, errors="coerce")
    bad = table.isna() & numbers.notna()
    if bad.to_numpy().any():
        message = (
            f"alleles: case {bad.any(axis=1).idxmax()!r}: not all distances are numbers; "
            f"{int(bad.to_numpy().sum())} such entries"
        )
        raise DataError(message)
    values = table.to_numpy(dtype=np.float64, na_value=np.nan)
    _check(rows, values)
    return np.array(rows, dtype=object), values


def _check(names: list[str], table: Floats) -> None:
    wrong = {
        "not a number of alleles": (table < 0) | np.isinf(table),
        "not the same in both directions": ~np.isclose(table, table.T, equal_nan=True),
    }
    for what, where in wrong.items():
        if where.any():
            i, j = np.argwhere(where)[0]
            message = (
                f"alleles: the distance of {names[i]!r} and {names[j]!r} ({table[i, j]:g}) is "
                f"{what}; {int(where.sum())} such entries"
            )
            raise DataError(message)


def _texts(labels: "pd.Index[Any]") -> list[str]:
    return [str(label).strip() for label in labels]
