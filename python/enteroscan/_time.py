"""Dates, and the intervals that a study period is divided into."""

import calendar
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from enteroscan._frames import Bools, Table, codes_of
from enteroscan.errors import DataError
from enteroscan.scan import ScanSpec, TimeUnit

Days = NDArray[np.int64]
MISSING = np.iinfo(np.int64).min
DateLike = date | str | int | pd.Period

_DATE = re.compile(r"\s*(\d{4})(?:[-/](\d{1,2})(?:[-/](\d{1,2})(?:[T ].*)?)?)?\s*", re.DOTALL)
_EPOCH = date(1970, 1, 1).toordinal()
_DATES_REMEDY = "give them as dates (pandas.to_datetime) or as texts like 2024-06-30"
_STEPS_REMEDY = "give whole numbers, or choose another time_unit"


@dataclass(frozen=True)
class Dates:
    """For every row the first and the last day that its date stands for: one day, a month, a year.

    Days are counted from 1970-01-01. In generic time they are the numbers given.
    """

    first: Days
    last: Days


def read_dates(table: Table, unit: TimeUnit, role: str = "date", *, required: bool = True) -> Dates:
    """Read a column of dates; rows with something else, or without a required date, are rejected.

    Dates that are not there are MISSING.
    """
    column = table.column(role)
    if unit != "generic" and column.dtype.kind == "M":
        if column.dt.tz is not None:
            column = column.dt.tz_localize(None)  # the calendar date there
        first = _days(column.to_numpy())
        if required:
            table.reject(first == MISSING, role, "without a date")
        return Dates(first, first)
    codes, uniques = codes_of(column)
    spans = [_span(value, unit) for value in uniques]
    unreadable = np.array([span is None for span in spans] + [False], dtype=bool)
    bounds = np.array(
        [span or (MISSING, MISSING) for span in spans] + [(MISSING, MISSING)], dtype=np.int64
    )
    if required:
        table.reject(codes < 0, role, "without a date")
    table.reject(
        unreadable[codes],
        role,
        "that cannot be read as a date" if unit != "generic" else "that are no whole numbers",
        _STEPS_REMEDY if unit == "generic" else _DATES_REMEDY,
    )
    return Dates(bounds[codes, 0], bounds[codes, 1])


def read_date(name: str, value: DateLike, unit: TimeUnit) -> tuple[int, int]:
    """Return the first and the last day that a single date stands for."""
    span = _span(value, unit)
    if span is None:
        remedy = _STEPS_REMEDY if unit == "generic" else "give a date, or a text like 2024-06-30"
        message = f"{name}={value!r} cannot be read; {remedy}"
        raise DataError(message)
    return span


def _days(values: NDArray[np.datetime64]) -> Days:
    return values.astype("datetime64[D]").astype(np.int64)


def _span(value: object, unit: TimeUnit) -> tuple[int, int] | None:
    if value is None or value is pd.NaT:
        return None
    if unit == "generic":
        return _steps(value)
    if isinstance(value, pd.Period):
        return _day(value.start_time), _day(value.end_time)
    if isinstance(value, date | np.datetime64):
        return (_day(pd.Timestamp(value)),) * 2
    if isinstance(value, float | np.floating) and value == math.floor(value):
        value = int(value)
    match = _DATE.fullmatch(str(value))
    return _calendar_span(*match.groups()) if match else None


def _steps(value: object) -> tuple[int, int] | None:
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return (int(number),) * 2 if number.is_integer() and abs(number) < 2**31 else None


def _day(value: date) -> int:
    return value.toordinal() - _EPOCH


def _calendar_span(year: str, month: str | None, day: str | None) -> tuple[int, int] | None:
    try:
        if month is None:
            return _day(date(int(year), 1, 1)), _day(date(int(year), 12, 31))
        if day is None:
            length = calendar.monthrange(int(year), int(month))[1]
            return tuple(_day(date(int(year), int(month), d)) for d in (1, length))  # type: ignore[return-value]
        return (_day(date(int(year), int(month), int(day))),) * 2
    except (ValueError, calendar.IllegalMonthError):
        return None


@dataclass(frozen=True)
class TimeAxis:
    """The study period, divided into intervals.

    Intervals are counted backwards from the end; what remains makes the first one longer. Interval
    i reaches from bounds[i] to the day (in generic time, the step) before bounds[i + 1].
    """

    unit: TimeUnit
    aggregation: int
    bounds: Days
    n_units: int  # whole units of time in the study period
    dated: bool = True  # False: no dates were given, and none are told

    @classmethod
    def build(cls, unit: TimeUnit, aggregation: int, first: int, last: int) -> Self:
        """Divide the days from first to last."""
        months = {"month": 1, "year": 12}.get(unit)
        n_units = last - first + 1 if months is None else _months_within(first, last + 1) // months
        n_intervals = max(1, n_units // aggregation)
        back = np.arange(n_intervals, -1, -1, dtype=np.int64) * aggregation
        bounds = last + 1 - back if months is None else _months_before(last + 1, back * months)
        bounds[0] = first
        return cls(unit, aggregation, bounds, n_units)

    @classmethod
    def undivided(cls, unit: TimeUnit, first: int, last: int) -> Self:
        """Make one interval of the whole study period."""
        return cls(unit, 1, np.array([first, last + 1], dtype=np.int64), 1)

    @classmethod
    def absent(cls) -> Self:
        """Make one interval for data without dates."""
        return cls("generic", 1, np.array([0, 1], dtype=np.int64), 1, dated=False)

    @property
    def n_intervals(self) -> int:
        """Number of intervals."""
        return len(self.bounds) - 1

    @property
    def first(self) -> int:
        """First day."""
        return int(self.bounds[0])

    @property
    def last(self) -> int:
        """Last day."""
        return int(self.bounds[-1]) - 1

    def interval_of(self, days: Days) -> NDArray[np.int64]:
        """Return the interval of every day; -1 before the study period, n_intervals after it."""
        if self.unit in ("day", "generic"):  # all but the first are equally long
            lengths = self.aggregation if self.n_intervals > 1 else self.bounds[1] - self.bounds[0]
            back = (self.bounds[-1] - 1 - days) // lengths
            inside: Days = np.maximum(self.n_intervals - 1 - back, 0)
            inside[days < self.first] = -1
            inside[days > self.last] = self.n_intervals
            return inside
        return np.searchsorted(self.bounds, days, side="right").astype(np.int64) - 1

    def label(self, day: int) -> date | int | None:
        """Return a day as a date, a step as a number."""
        if not self.dated:
            return None
        return day if self.unit == "generic" else date.fromordinal(day + _EPOCH)

    def labels(self, days: Iterable[int] | Days) -> "pd.Series[Any]":
        """Return days as a column of dates, steps as numbers."""
        values = np.asarray(days, dtype=np.int64)
        if not self.dated:
            return pd.Series(np.full(len(values), "NaT", dtype="datetime64[s]"))
        if self.unit == "generic":
            return pd.Series(values)
        return pd.Series(values.astype("datetime64[D]").astype("datetime64[s]"))

    def min_length(self, spec: ScanSpec) -> int:
        """Return the number of intervals in the shortest cluster."""
        return -(-spec.min_duration // self.aggregation)

    def max_length(self, spec: ScanSpec, end: int | None = None) -> int:
        """Return the number of intervals in the longest cluster.

        A share of the study period is taken of the part before the interval `end`, if given.
        """
        end = self.n_intervals if end is None else end
        if spec.max_duration is not None:
            units = spec.max_duration
        else:
            n_units = self.n_units - (self.n_intervals - end) * self.aggregation
            units = math.floor(n_units * spec.max_duration_share + 1e-9)
        return min(units // self.aggregation, end)


def _months_within(start: int, end: int) -> int:
    """Whole months that fit between two days, counted backwards from `end`."""
    a, b = (date.fromordinal(day + _EPOCH) for day in (start, end))
    months = (b.year - a.year) * 12 + b.month - a.month
    too_far = _months_before(end, np.array([months]))[0] < start
    return max(0, months - int(too_far))


def _months_before(day: int, months: NDArray[np.int64]) -> Days:
    """Return the days so many months before a day; the last of the month if that is shorter."""
    origin = np.datetime64(day, "D")
    month = origin.astype("datetime64[M]")
    months_before = month - months.astype("timedelta64[M]")
    first = months_before.astype("datetime64[D]")
    length = (months_before + np.timedelta64(1, "M")).astype("datetime64[D]") - first
    day_of_month = origin - month.astype("datetime64[D]")
    day_before: Days = (first + np.minimum(day_of_month, length - np.timedelta64(1, "D"))).astype(
        np.int64
    )
    return day_before


def check_inside(table: Table, dates: Dates, axis: TimeAxis) -> NDArray[np.int64]:
    """Return the interval of every row; reject dates outside the study period, or too coarse."""
    interval = axis.interval_of(dates.first)
    last = interval if dates.last is dates.first else axis.interval_of(dates.last)
    outside = (interval < 0) | (last >= axis.n_intervals)
    table.reject(
        outside,
        "date",
        f"outside the study period {axis.label(axis.first)} to {axis.label(axis.last)}",
        "change start and as_of",
    )
    coarse: Bools = (interval != last) & ~outside
    table.reject(coarse, "date", "less precise than the intervals", "choose a longer time_unit")
    return interval
