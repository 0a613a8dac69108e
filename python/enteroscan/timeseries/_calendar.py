"""Time points of series: days, ISO weeks, months, steps; and where a season lay in other years."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from enteroscan.errors import DataError
from enteroscan.timeseries._problems import say

Every = Literal["day", "week", "month", "step"]
Positions = NDArray[np.int64]

MISSING = np.iinfo(np.int64).min
MOST_POINTS = 100_000
PERIODS: dict[str, float] = {"day": 365.0, "week": 52.0, "month": 12.0}
LEAST_WRITTEN_MONTH = 190001  # whole numbers from here on are months or days: 202406, 20240630
SUNDAY_OF_EPOCH = 3  # 1970-01-01 was a Thursday; Monday is 0


@dataclass(frozen=True)
class Calendar:
    """The time points 0, ..., n - 1 of all series.

    Parameters
    ----------
    every
        Distance of two points.
    first
        Day of the first point, counted from 1970-01-01; months counted from 1970-01; or the first
        step.
    n
        Number of points.
    period
        Points in a year.
    weekday_like
        The day of the week that every point is like, where it is not its own.
    """

    every: Every
    first: int
    n: int
    period: float
    weekday_like: NDArray[np.uint8] | None = field(default=None, compare=False, repr=False)

    @property
    def exact_period(self) -> float:
        """Points in a year of 365.25 days, unless ``period`` says something else."""
        exact = {"day": 365.25, "week": 52.18}
        usual = self.period == PERIODS.get(self.every)
        return exact.get(self.every, self.period) if usual else self.period

    @property
    def dates(self) -> "pd.Index[Any]":
        """First days of the points, or steps."""
        if self.every == "step":
            return pd.RangeIndex(self.first, self.first + self.n)
        return pd.DatetimeIndex(self._days().astype("datetime64[D]").astype("datetime64[ns]"))

    def _days(self) -> Positions:
        steps: Positions = np.arange(self.n, dtype=np.int64)
        steps = self.first + steps * (7 if self.every == "week" else 1)
        if self.every == "month":
            return steps.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
        return steps

    def position(self, value: object) -> int:
        """Return the time point that holds a date or step, which may lie outside the series."""
        number = _numbers(pd.Index([value]), self.every)[0]
        if self.every == "week":
            return int((number - self.first) // 7)
        return int(number - self.first)

    def years_back(self, begin: int, end: int, years: int, *, by_steps: bool) -> Positions:
        """Return where the same season lay: one row a point, one column a year, most recent first.

        For days and weeks it is the same day of the week nearest to the same date, so that years
        with a week 53 shift nothing. ``by_steps`` counts whole periods back instead, as for points
        without dates.
        """
        points = np.arange(begin, end, dtype=np.int64)[:, None]
        back = np.arange(1, years + 1, dtype=np.int64)[None, :]
        if by_steps or self.every in ("month", "step"):
            earlier: Positions = points - np.rint(back * self.period).astype(np.int64)
            return earlier
        days = self._days()[begin:end].astype("datetime64[D]")
        months = days.astype("datetime64[M]")
        day_of_month = (days - months.astype("datetime64[D]")).astype(np.int64)
        then = months[:, None] - 12 * back
        same_date = then.astype("datetime64[D]").astype(np.int64) + day_of_month[:, None]
        forward = (days.astype(np.int64)[:, None] - same_date) % 7  # 29 February becomes 1 March
        nearest = same_date + np.where(forward <= 3, forward, forward - 7)
        positions: Positions = (nearest - self.first) // (7 if self.every == "week" else 1)
        return positions

    def time(self) -> NDArray[np.float64]:
        """Return the time of every point: steps; of months the days, in units of the first one."""
        if self.every != "month" or self.n < 2:
            return np.arange(self.n, dtype=np.float64)
        days = self._days().astype(np.float64)
        time: NDArray[np.float64] = (days - days[0]) / (days[1] - days[0])
        return time

    def weekdays(self) -> NDArray[np.uint8]:
        """Return the day of the week of every point, 0 for Monday; empty for plain steps."""
        if self.weekday_like is not None:
            return self.weekday_like
        if self.every == "step":
            return np.empty(0, dtype=np.uint8)
        return ((self._days() + SUNDAY_OF_EPOCH) % 7).astype(np.uint8)

    def is_in_months(self, months: Sequence[int]) -> NDArray[np.uint8]:
        """Return for every point whether its first day lies in one of the months, 1 to 12."""
        if self.every == "step":
            message = "plain steps of time have no months; give dates"
            raise DataError(message)
        month = pd.DatetimeIndex(self.dates).month.to_numpy()
        return np.isin(month, months).astype(np.uint8)

    def with_weekdays(self, weekdays: "pd.Series[int]") -> "Calendar":
        """Take other days of the week, for the dates that are given."""
        if self.every != "day":
            message = f"weekdays= is for daily counts, and these are of {self.every}s"
            raise DataError(message)
        values = weekdays.to_numpy()
        if values.dtype.kind not in "iu" or ((values < 0) | (values > 6)).any():
            message = "weekdays: must be whole numbers from 0 (Monday) to 6 (Sunday), by date"
            raise DataError(message)
        positions = _numbers(pd.Index(weekdays.index), "day") - self.first
        inside = (positions >= 0) & (positions < self.n)
        like = self.weekdays().copy()
        like[positions[inside]] = values[inside]
        return replace(self, weekday_like=like)


def read_points(
    dates: "pd.Index[Any]", every: Every | None, period: float | None
) -> tuple[Calendar, Positions]:
    """Lay a calendar over dates; return it and the time point of every date.

    Missing dates are an error of the caller.
    """
    if every is not None and every not in get_args(Every):
        message = f"every={every!r} is unknown; choose from {', '.join(get_args(Every))}"
        raise DataError(message)
    if isinstance(dates, pd.PeriodIndex):
        dates = dates.to_timestamp()
    if every is None:
        every = _distance(dates)
    numbers = _numbers(dates, every)
    if every == "week" and len(np.unique(numbers % 7)) > 1:
        numbers = numbers - (numbers + SUNDAY_OF_EPOCH) % 7  # the Monday of the ISO week
    first = int(numbers.min())
    points = (numbers - first) // (7 if every == "week" else 1)
    n = int(points.max()) + 1
    if n > MOST_POINTS:
        first_date, last_date = (f"{date!s:.10}" for date in (dates.min(), dates.max()))
        raise DataError(
            say(
                "too_long",
                first=first_date,
                last=last_date,
                n=f"{n:,}",
                every=every,
                most=f"{MOST_POINTS:,}",
            )
        )
    return Calendar(every, first, n, period or PERIODS.get(every, 52.0)), points


def _distance(dates: "pd.Index[Any]") -> Every:
    """Guess the distance of points from all dates there are."""
    if dates.dtype.kind in "iu":
        if dates.min() >= LEAST_WRITTEN_MONTH:
            raise DataError(say("numbers", first=str(dates[0])))
        return "step"
    days = np.unique(_numbers(dates, "day"))
    if len(days) < 2:
        raise DataError(say("one_date"))
    first_of_month = days.astype("datetime64[D]").astype("datetime64[M]").astype("datetime64[D]")
    if (first_of_month.astype(np.int64) == days).all():
        return "month"
    return "week" if (np.diff(days) % 7 == 0).all() else "day"


def unreadable(dates: "pd.Index[Any]") -> NDArray[np.bool_]:
    """Return which values are no dates."""
    if dates.dtype.kind in "iufbM":
        return np.zeros(len(dates), dtype=bool)
    unread: NDArray[np.bool_] = np.asarray(pd.isna(pd.to_datetime(dates, errors="coerce")))
    return unread


def _numbers(dates: "pd.Index[Any]", every: Every) -> Positions:
    """Count days or months from 1970, or take steps as they are."""
    if every == "step":
        if dates.dtype.kind not in "iu":
            raise DataError(say("no_steps"))
        return dates.to_numpy(dtype=np.int64)
    if dates.dtype.kind in "iufb":
        raise DataError(say("numbers", first=str(dates[0])))
    try:
        stamps = pd.DatetimeIndex(dates)
    except (TypeError, ValueError) as error:
        message = f"dates that cannot be read: {error}; give them like 2024-06-30"
        raise DataError(message) from error
    if stamps.tz is not None:
        stamps = stamps.tz_localize(None)  # the calendar date there
    days = stamps.to_numpy().astype("datetime64[D]")
    return days.astype("datetime64[M]" if every == "month" else "datetime64[D]").astype(np.int64)
