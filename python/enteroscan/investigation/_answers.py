"""Yes, no or missing: answers of people about what they ate, and who fell ill."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from enteroscan.cases import Cases
from enteroscan.errors import DataError

Floats = NDArray[np.float64]


def column(frame: pd.DataFrame, name: str) -> "pd.Series[Any]":
    """Return a column, or say which there are."""
    if name not in frame.columns:
        message = f"there is no column {name!r}; there are {', '.join(map(str, frame.columns))}"
        raise DataError(message)
    return frame[name]


def yes_no(frame: pd.DataFrame, name: str) -> Floats:
    """Return 1, 0 or nan of a column of booleans, or of 0 and 1; missing is nan."""
    values = column(frame, name)
    numbers = np.asarray(pd.to_numeric(values, errors="coerce"), dtype=np.float64)
    bad = values.notna().to_numpy() & ~np.isin(numbers, (0, 1))
    if bad.any():
        rows = ", ".join(map(str, frame.index[bad][:5]))
        message = (
            f"column {name!r}: {int(bad.sum())} values are neither yes nor no (rows {rows}); "
            "write True, False or missing (codes like 9 are not known to be missing)"
        )
        raise DataError(message)
    return numbers


def exposure_columns(
    frame: pd.DataFrame, exposures: Sequence[str] | None, others: Sequence[str]
) -> list[str]:
    """Return the exposures asked for, or all columns but the others."""
    if exposures is None:
        return [str(name) for name in frame.columns if name not in others]
    return list(exposures)


def food_histories(cases: Cases, *, by: str = "food") -> pd.DataFrame:
    """Return what every case ate: one row a case, one column a food, yes, no or missing.

    Who has rows of exposures, but none with a food, did not eat it, as far as is known; who has
    none that tell anything is missing in every column.

    Parameters
    ----------
    cases
        Case reports.
    by
        The column of ``cases.exposures`` that is an exposure: ``"food"``, ``"food_class"``,
        ``"venue"``, ``"brand"``, ``"maker"``...

    Returns
    -------
    DataFrame
        ``boolean`` columns, with the case numbers as index, in their order.
    """
    told = cases.exposures[["case_id", by]].dropna()
    ids = cases.frame["case_id"].astype(str)
    names = sorted(told[by].astype(str).unique())
    rows = pd.Index(ids).get_indexer(pd.Index(told["case_id"].astype(str)))
    eaten = np.zeros((len(ids), len(names)), dtype=bool)
    eaten[rows, pd.Index(names).get_indexer(pd.Index(told[by].astype(str)))] = True
    silent = ~np.isin(np.arange(len(ids)), rows)
    wide = pd.DataFrame(eaten, index=pd.Index(ids, name="case_id"), columns=names)
    wide = wide.astype("boolean")
    wide.loc[silent] = pd.NA
    return wide
