"""Finds columns in data frames, and keeps account of the rows that cannot be used."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from enteroscan.errors import DataError

OnInvalid = Literal["raise", "drop"]
Bools = NDArray[np.bool_]
Columns = Mapping[str, str]

# What columns are called unless `columns` says otherwise; the first that is there is taken.
DEFAULT_NAMES: dict[str, tuple[str, ...]] = {
    "location": ("location", "location_id"),
    "date": ("date",),
    "count": ("count", "cases"),
    "status": ("status",),
    "latitude": ("latitude", "lat"),
    "longitude": ("longitude", "lon", "lng"),
    "x": ("x",),
    "y": ("y",),
    "z": ("z",),
    "population": ("population",),
    "relative_risk": ("relative_risk",),
    "start": ("start",),
    "end": ("end",),
}

SHOWN_ROWS = 5


class Ledger:
    """Rows that were left out, by reason."""

    def __init__(self, on_invalid: OnInvalid) -> None:
        if on_invalid not in ("raise", "drop"):
            message = f"on_invalid={on_invalid!r} is unknown; choose 'raise' or 'drop'"
            raise DataError(message)
        self.drops = on_invalid == "drop"
        self._entries: list[tuple[str, int]] = []

    def add(self, reason: str, count: int) -> None:
        """Note that so many rows were left out."""
        self._entries.append((reason, count))

    @property
    def entries(self) -> tuple[tuple[str, int], ...]:
        """Reasons and numbers of rows."""
        return tuple(self._entries)


class Table:
    """A data frame whose columns have roles, and the mask of its rows that can be used."""

    def __init__(
        self, name: str, frame: pd.DataFrame, columns: Columns | None, ledger: Ledger
    ) -> None:
        if not isinstance(frame, pd.DataFrame):
            message = f"{name} must be a pandas DataFrame, not {type(frame).__name__}"
            raise TypeError(message)
        self.name = name
        self.frame = frame
        self.ledger = ledger
        self.usable: Bools | None = None  # None: all
        self._columns = columns or {}

    def __len__(self) -> int:
        return len(self.frame)

    def find(self, role: str) -> str | None:
        """Return the name of the column with this role, or None."""
        given = self._columns.get(role)
        names = DEFAULT_NAMES[role] if given is None else (given, *DEFAULT_NAMES[role])
        return next((name for name in names if name in self.frame.columns), None)

    def has(self, role: str) -> bool:
        """Whether there is a column with this role."""
        return self.find(role) is not None

    def column(self, role: str) -> "pd.Series[Any]":
        """Return the column with this role."""
        name = self.find(role)
        if name is None:
            looked_for = " or ".join(repr(default) for default in DEFAULT_NAMES[role])
            message = (
                f"{self.name}: no column {looked_for}; there are {self._list_columns()}. "
                f"Say which it is: columns={{{role!r}: ...}}"
            )
            raise DataError(message)
        return self.named(name)

    def named(self, name: str) -> "pd.Series[Any]":
        """Return the column of this name."""
        if name not in self.frame.columns:
            message = f"{self.name}: no column {name!r}; there are {self._list_columns()}"
            raise DataError(message)
        column = self.frame[name]
        if isinstance(column, pd.DataFrame):
            message = f"{self.name}: there are {column.shape[1]} columns {name!r}; rename one"
            raise DataError(message)
        return column

    def numbers(self, role: str) -> NDArray[np.float64]:
        """Return a column of numbers; NaN where there is none."""
        column = self.column(role)
        try:
            return column.to_numpy(dtype=np.float64, na_value=np.nan)
        except (TypeError, ValueError):
            numbers = pd.to_numeric(column, errors="coerce").to_numpy(np.float64, na_value=np.nan)
        self.reject(np.isnan(numbers) & column.notna().to_numpy(), role, "without a number")
        return numbers

    def reject(self, bad: Bools, role: str, problem: str, remedy: str = "correct them") -> None:
        """Leave rows out, or raise an error that says what is wrong with them."""
        if self.usable is not None:
            bad = bad & self.usable
        count = int(np.count_nonzero(bad))
        if count == 0:
            return
        column = self.find(role) if role in DEFAULT_NAMES else role
        where = self.name if column is None else f"{self.name}, column {column!r}"
        if not self.ledger.drops:
            message = (
                f"{where}: {count} {'row' if count == 1 else 'rows'} {problem} "
                f"({self._list_rows(bad, column)}); {remedy}, or leave them out and have them "
                "counted with on_invalid='drop'"
            )
            raise DataError(message)
        self.ledger.add(f"{where}: {problem}", count)
        self.usable = ~bad if self.usable is None else self.usable & ~bad

    def select(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return the values of the rows that can be used."""
        return values if self.usable is None else values[self.usable]

    def _list_columns(self) -> str:
        return ", ".join(repr(name) for name in self.frame.columns) or "none"

    def _list_rows(self, bad: Bools, column: str | None) -> str:
        rows = np.flatnonzero(bad)
        shown = rows[:SHOWN_ROWS]
        labels = [str(label) for label in self.frame.index[shown]]
        if column is not None:
            values = self.frame[column].iloc[shown]
            labels = [f"{label}: {value!s}" for label, value in zip(labels, values, strict=True)]
        return f"rows {', '.join(labels)}{', ...' if len(rows) > len(shown) else ''}"


def check_columns(columns: Columns | None, tables: Sequence[Table]) -> None:
    """Refuse roles that do not exist and names that no frame has."""
    for role, name in (columns or {}).items():
        if role not in DEFAULT_NAMES:
            message = f"columns: {role!r} is unknown; choose from {', '.join(DEFAULT_NAMES)}"
            raise DataError(message)
        if not any(name in table.frame.columns for table in tables):
            names = ", ".join(table.name for table in tables)
            message = f"columns: {role!r} is to be {name!r}, which is no column of {names}"
            raise DataError(message)


def codes_of(values: "pd.Series[Any]") -> tuple[NDArray[np.intp], "pd.Index[Any]"]:
    """Return a number for every row, -1 where the value is missing, and what they stand for."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        return values.cat.codes.to_numpy().astype(np.intp), values.cat.categories
    codes, uniques = pd.factorize(values)
    return codes, pd.Index(uniques)


def names_of(values: "pd.Index[Any]") -> list[str]:
    """Write identifiers as texts; whole numbers that became floating by a gap stay whole."""
    if values.dtype.kind == "f" and (values == np.floor(values)).all():
        values = values.astype(np.int64)
    return [str(value).strip() for value in values.tolist()]


def identifiers(values: "pd.Series[Any]") -> tuple[NDArray[np.intp], list[str]]:
    """Return a number for every row, -1 where missing or blank, and the texts they stand for."""
    codes, uniques = codes_of(values)
    names = names_of(uniques)
    distinct = dict.fromkeys(name for name in names if name)
    if len(distinct) == len(names):
        return codes, names
    position = {name: number for number, name in enumerate(distinct)}
    renumber = np.array([position.get(name, -1) for name in names] + [-1], dtype=np.intp)
    return renumber[codes], list(distinct)
