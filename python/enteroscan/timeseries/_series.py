"""Turns data frames into a table of counts, one row a series."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.extensions import ExtensionDtype

from enteroscan.errors import DataError
from enteroscan.timeseries._calendar import Calendar, Every, Positions, read_points, unreadable
from enteroscan.timeseries._problems import say

Absent = Literal["raise", "zero", "missing"]
Floats = NDArray[np.float64]

SHOWN = 5
SERIES_AT_ONCE = 20_000


@dataclass(frozen=True)
class SeriesTable:
    """Many series on one calendar.

    Parameters
    ----------
    keys
        One row a series: the values of the ``by`` columns.
    calendar
        The time points.
    counts, population
        Tables [series, time]. ``counts`` may be of any number type; ``population`` may be None.
    filled
        How many points that had no row were given a count of 0, or were left missing.
    """

    keys: pd.DataFrame
    calendar: Calendar
    counts: NDArray[Any]
    population: Floats | None
    filled: int

    def select(self, rows: Positions) -> "SeriesTable":
        """Return some of the series."""
        keys = self.keys.iloc[rows].reset_index(drop=True)
        people = None if self.population is None else self.population[rows]
        return SeriesTable(keys, self.calendar, self.counts[rows], people, self.filled)

    def history(self, until: int) -> Positions:
        """Return how many points every series has before a point, from its first count on."""
        counts = self.counts[:, :until]
        if counts.dtype.kind != "f":
            return np.full(len(counts), until, dtype=np.int64)
        known = ~np.isnan(counts)
        first = np.where(known.any(axis=1), known.argmax(axis=1), until)
        return (until - first).astype(np.int64)

    def blocks(self, until: int, excluded: NDArray[np.bool_]) -> Iterator[tuple[slice, Floats]]:
        """Give series in blocks, in double precision; what is excluded is missing."""
        for begin in range(0, len(self.counts), SERIES_AT_ONCE):
            rows = slice(begin, min(begin + SERIES_AT_ONCE, len(self.counts)))
            hidden = excluded[:until]
            own = True if hidden.any() else None  # None: a copy only if it must be one
            block = np.array(self.counts[rows, :until], dtype=np.float64, order="C", copy=own)
            if own:
                block[:, hidden] = np.nan
            yield rows, block


def read_series(
    counts: pd.DataFrame,
    *,
    by: str | Sequence[str] | None,
    date: str,
    count: str,
    population: str | None,
    every: Every | None,
    period: float | None,
    absent: Absent,
) -> SeriesTable:
    """Read a long frame (one row a series and date) or a wide one (dates in the index)."""
    if not isinstance(counts, pd.DataFrame):
        message = f"counts must be a pandas DataFrame, not {type(counts).__name__}"
        raise TypeError(message)
    if absent not in ("raise", "zero", "missing"):
        message = f"absent={absent!r} is unknown; choose 'raise', 'zero' or 'missing'"
        raise DataError(message)
    if counts.empty:
        raise DataError(say("empty"))
    if date not in counts.columns and isinstance(counts.index, pd.DatetimeIndex | pd.PeriodIndex):
        return _read_wide(counts, by, every, period, absent)
    columns = [by] if isinstance(by, str) else list(by or ())
    for name in (*columns, date, count, *([population] if population else [])):
        if name not in counts.columns:
            there = ", ".join(repr(other) for other in counts.columns)
            raise DataError(say("no_column", name=repr(name), there=there))
    _refuse(counts, counts[date].isna(), date, "no_date")
    for name in columns:
        _refuse(counts, counts[name].isna(), name, "no_series")
    numbers = _numbers(counts, count)
    calendar, points = _points(counts, date, every, period)
    keys, series = _group(counts, columns)
    shape = (len(keys), calendar.n)
    table, filled = _fill(counts, (series, points), numbers, shape, absent, (*columns, date))
    people = None
    if population is not None:
        people, _ = _fill(
            counts,
            (series, points),
            _numbers(counts, population),
            shape,
            "missing",
            (*columns, date),
        )
    return SeriesTable(keys, calendar, table, people, filled)


def _read_wide(
    counts: pd.DataFrame,
    by: str | Sequence[str] | None,
    every: Every | None,
    period: float | None,
    absent: Absent,
) -> SeriesTable:
    """Read a frame with dates in its index and a column for each series."""
    index = counts.index
    if index.hasnans:
        message = "counts: there are missing dates in the index"
        raise DataError(message)
    if index.has_duplicates:
        first = index[index.duplicated()][0]
        message = f"counts: the index holds {first!s} more than once; add the rows up first"
        raise DataError(message)
    strange = [kind for kind in counts.dtypes.unique() if kind.kind not in "iufb"]
    if strange:
        name = counts.columns[(counts.dtypes == strange[0]).to_numpy()][0]
        message = f"counts, column {name!r}: not numbers but {strange[0]}"
        raise DataError(message)
    calendar, points = read_points(index, every, period)
    values = _values(counts)
    filled = calendar.n - len(points)
    if filled and absent == "raise":
        remedy = say("absent_remedy")
        raise DataError(say("absent_points", n=filled, every=calendar.every, remedy=remedy))
    if filled or (np.diff(points) != 1).any():
        table = np.full((values.shape[0], calendar.n), 0.0 if absent == "zero" else np.nan)
        table[:, points] = values
    else:
        table = values
    for start in range(0, len(table), SERIES_AT_ONCE):
        block = table[start : start + SERIES_AT_ONCE]
        least, greatest = np.fmin.reduce(block, axis=None), np.fmax.reduce(block, axis=None)
        if least < 0 or np.isinf(greatest):
            raise DataError(say("bad_counts"))
    names = [by] if isinstance(by, str) else list(by or counts.columns.names)
    if len(names) != counts.columns.nlevels:
        message = f"by names {len(names)} columns, but the columns of counts have " + str(
            counts.columns.nlevels
        )
        raise DataError(message)
    named = ["series" if name is None else name for name in names]
    keys = counts.columns.to_frame(index=False)
    keys.columns = pd.Index(named)
    return SeriesTable(keys, calendar, table, None, filled * len(table))


def _values(counts: pd.DataFrame) -> NDArray[Any]:
    """Return the columns of a wide frame as rows; many series stay as small as they are."""
    if any(isinstance(kind, ExtensionDtype) for kind in counts.dtypes.unique()):
        return counts.to_numpy(dtype=np.float64, na_value=np.nan).T
    few = counts.shape[1] <= SERIES_AT_ONCE
    return counts.to_numpy(dtype=np.float64 if few else None).T


def _points(
    counts: pd.DataFrame, date: str, every: Every | None, period: float | None
) -> tuple[Calendar, Positions]:
    """Lay a calendar over dates that many series share: every date is read once."""
    codes, unique = pd.Index(counts[date]).factorize()
    try:
        calendar, points = read_points(unique, every, period)
    except DataError:
        unread = pd.Series(unreadable(unique)[codes], index=counts.index)
        _refuse(counts, unread, date, "unread_date", "date_remedy")
        raise
    return calendar, points[codes]


def _group(counts: pd.DataFrame, columns: list[str]) -> tuple[pd.DataFrame, Positions]:
    """Return the series, one row each, and for every row of counts the number of its series."""
    if not columns:
        return pd.DataFrame({"series": ["all"]}), np.zeros(len(counts), dtype=np.int64)
    grouped = counts.groupby(columns, sort=True, observed=True)
    keys = grouped.size().index.to_frame(index=False)
    series: Positions = grouped.ngroup().to_numpy().astype(np.int64)
    return keys, series


def _fill(
    counts: pd.DataFrame,
    where: tuple[Positions, Positions],
    numbers: Floats,
    shape: tuple[int, int],
    absent: Absent,
    columns: Sequence[str],
) -> tuple[Floats, int]:
    """Put numbers where they belong; say what is twice or not at all there."""
    cells = where[0] * shape[1] + where[1]
    there = np.zeros(shape[0] * shape[1], dtype=bool)
    there[cells] = True
    n_there = int(np.count_nonzero(there))
    missing = len(there) - n_there
    sums = np.full(len(there), 0.0 if absent == "zero" else np.nan)
    if n_there == len(cells):
        sums[cells] = numbers
    else:  # several days of a week, or the same date twice
        exact = counts.duplicated(list(columns), keep=False)
        _refuse(counts, exact, columns[-1], "shared", "add_up", columns=", ".join(columns))
        sums[there] = 0.0
        np.add.at(sums, cells, numbers)
    if missing and absent == "raise":
        series = int(there.argmin()) // shape[1]
        name = counts.iloc[int(np.flatnonzero(where[0] == series)[0])][list(columns[:-1])]
        label = ", ".join(map(str, name)) if len(columns) > 1 else say("only_series")
        raise DataError(say("absent", n=f"{missing:,}", series=label, remedy=say("absent_remedy")))
    return sums.reshape(shape), missing


def _numbers(counts: pd.DataFrame, name: str) -> Floats:
    """Return a column of numbers of 0 or more, NaN where missing."""
    column = counts[name]
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    unread = pd.Series(np.isnan(numbers), index=counts.index) & column.notna()
    _refuse(counts, unread, name, "no_number")
    with np.errstate(invalid="ignore"):
        bad = (numbers < 0) | np.isinf(numbers)
    _refuse(counts, pd.Series(bad, index=counts.index), name, "bad_number")
    return numbers


def _refuse(
    counts: pd.DataFrame,
    bad: "pd.Series[bool]",
    name: str,
    problem: str,
    remedy: str = "correct",
    **values: object,
) -> None:
    n = int(bad.sum())
    if n == 0:
        return
    shown = counts.loc[bad.to_numpy(), name].head(SHOWN)
    rows = ", ".join(f"{label}: {value!s}" for label, value in shown.items())
    if n > SHOWN:
        rows += ", ..."
    raise DataError(
        say(
            "one_row" if n == 1 else "rows",
            name=repr(name),
            n=f"{n:,}",
            problem=say(problem, **values),
            rows=rows,
            remedy=say(remedy),
        )
    )
