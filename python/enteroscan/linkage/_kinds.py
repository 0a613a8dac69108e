"""The kinds of things that cases may share, and what their values are."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from enteroscan.cases import HIDDEN
from enteroscan.vocabulary import normalise_text

Texts = "pd.Series[Any]"
JOINT = "\x1f"  # between the parts of a key
HOME_DECIMALS = 4  # of degrees: about 10 m


@dataclass(frozen=True)
class Kind:
    """A kind of value: a column of the exposures, or several as one.

    `agreement` is the share of the cases of a source that report its value, assumed.
    `concentration` is the number of reports after which the habits of a context (area and age)
    count as much as those of all; assumed.
    """

    columns: tuple[str, ...]
    agreement: float
    concentration: float = 30.0
    of_home: bool = False
    longest_h: float = np.inf
    fashion_h: float = 0.0
    at_least: float = 0.0  # of the last column, if it is a number


KINDS: dict[str, Kind] = {
    "venue": Kind(("venue",), 0.8),
    "address": Kind(("eat_region", "eat_address"), 0.7),
    "brand": Kind(("brand",), 0.6),
    "maker": Kind(("maker",), 0.6),
    "purchase": Kind(("purchase_venue",), 0.6),
    "party": Kind(("venue_type", "n_ate"), 0.5, at_least=3, longest_h=2.0, fashion_h=48.0),
    "dish": Kind(("food",), 0.7, longest_h=2.0, fashion_h=48.0),
    "home": Kind(("latitude", "longitude"), 0.5, of_home=True),
}


def values_of(kind: Kind, frame: pd.DataFrame, meals: pd.DataFrame) -> pd.DataFrame:
    """Return `key` (the same for the same value) and `label` of the rows that have a value.

    Rows are those of `frame` for kinds of the home, else of `meals`. A name with a hidden part is
    no value: nobody can say whether two of them are the same. The label of a home is its area
    (missing where unknown): nobody is to see where exactly people live.
    """
    table = frame if kind.of_home else meals
    known = table[list(kind.columns)].notna().all(axis=1)
    if kind.at_least:
        known &= pd.to_numeric(table[kind.columns[-1]], errors="coerce").fillna(0) >= kind.at_least
    for name in kind.columns:
        known &= ~_is_hidden(table[name])
    parts = [_text(table.loc[known, name]) for name in kind.columns]
    key = _joined(parts, JOINT)
    label = frame.loc[known, "home_region"] if kind.of_home else key
    return pd.DataFrame({"key": key, "label": label}, index=table.index[known])


def _is_hidden(column: "pd.Series[Any]") -> "pd.Series[bool]":
    """Tell where reading has hidden a person's name."""
    if pd.api.types.is_numeric_dtype(column):
        return pd.Series(False, index=column.index)
    return column.str.contains(HIDDEN, regex=False).fillna(False).astype(bool)


def _text(column: "pd.Series[Any]") -> "pd.Series[Any]":
    if not pd.api.types.is_float_dtype(column):
        return normalise_text(column).fillna("")
    codes, values = pd.factorize(column)
    texts = np.array([f"{x:.{HOME_DECIMALS}f}" for x in values], dtype=object)
    return pd.Series(texts[codes], index=column.index)


def _joined(parts: "list[pd.Series[Any]]", joint: str) -> "pd.Series[Any]":
    result = parts[0].astype(object)
    for part in parts[1:]:
        result = result + joint + part.astype(object)
    return result
