"""Compares what the reader gives back with what the simulator wrote, field by field."""

import unicodedata
from typing import Any

import numpy as np
import pandas as pd

from enteroscan.cases import Cases
from enteroscan.simulate import SimulatedReports

NOT_WRITTEN = {"person", "resulted"}
MADE_BY_READER = {"source_row", "source", "person"}


def assert_same_tables(read: Cases, simulated: SimulatedReports) -> None:
    """Fail at the first column whose values differ."""
    for name in ("frame", "exposures", "specimens"):
        assert_same_table(getattr(read, name), getattr(simulated, name), name)


def assert_same_table(read: pd.DataFrame, written: pd.DataFrame, table: str) -> None:
    assert len(read) == len(written), f"{table}: {len(read)} rows read, {len(written)} written"
    for name in written.columns.difference(list(NOT_WRITTEN)):
        if name.startswith("symptom_") and name not in read:
            assert written[name].isna().all(), f"{table}: column {name} is not there"
            continue
        assert name in read, f"{table}: column {name} is not there"
        expected = written[name]
        if name == "eat_address":  # without a type and a name it may be a home
            expected = expected.mask(written[["venue_type", "venue"]].isna().all(axis=1))
        different = differences(read[name], expected)
        assert not different.any(), (
            f"{table}.{name}: {different.sum()} of {len(written)} differ, the first "
            f"{read[name][different].iloc[0]!r} is not {written[name][different].iloc[0]!r}"
        )


def differences(read: "pd.Series[Any]", written: "pd.Series[Any]") -> "pd.Series[Any]":
    read, written = read.reset_index(drop=True), written.reset_index(drop=True)
    both_missing = read.isna() & written.isna()
    if pd.api.types.is_float_dtype(written.dtype):
        one, other = (own.to_numpy(np.float64, na_value=np.nan) for own in (read, written))
        return pd.Series(~np.isclose(one, other, rtol=0, atol=2e-6, equal_nan=True), dtype=bool)
    known = read.notna() & written.notna()
    pairs = zip(read.tolist(), written.tolist(), known, strict=True)
    equal = pd.Series([bool(ok) and plain(a) == plain(b) for a, b, ok in pairs], dtype=bool)
    return ~(equal | both_missing)


def plain(value: object) -> object:
    """Return texts in half width, which the reader may leave as they are."""
    return unicodedata.normalize("NFKC", value) if isinstance(value, str) else value
