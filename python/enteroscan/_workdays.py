"""Working days in China: weekends, public holidays, and the weekends worked instead (调休)."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from chinese_calendar import constants
from numpy.typing import NDArray

from enteroscan.errors import SpecError

__all__ = ["OFFICIAL_YEARS", "working_days"]

Bools = NDArray[np.bool_]
Days = NDArray[np.datetime64]
DayLike = str | pd.Timestamp

OFFICIAL_YEARS = (min(constants.holidays).year, max(constants.holidays).year)
"""Years that the package `chinesecalendar` holds the official list for."""

FIXED_HOLIDAYS = ((1, 1), (5, 1), (10, 1), (10, 2), (10, 3))  # month and day


def read_day(name: str, value: DayLike) -> pd.Timestamp:
    """Return a day, or say which option is none."""
    try:
        day = pd.Timestamp(value)
    except ValueError as error:
        message = f"{name}={value!r} is no day; write it like 2024-06-30"
        raise SpecError(message) from error
    return day.normalize()


def working_days(
    days: Days,
    *,
    holidays: Iterable[DayLike] = (),
    workdays: Iterable[DayLike] = (),
) -> Bools:
    """Tell which days are worked in offices.

    Within `OFFICIAL_YEARS` the yearly list of the State Council holds, as the package
    `chinesecalendar` has it: public holidays are free, weekends worked instead are not. In other
    years weekends are free, and those holidays that have the same date every year (1 January,
    1 May, 1 to 3 October); the holidays of the lunar calendar and weekends worked instead are not
    known then.

    Parameters
    ----------
    days
        Days, ``datetime64[D]``.
    holidays, workdays
        Days that are free, and that are worked, whatever the list says.

    Examples
    --------
    >>> import numpy as np
    >>> days = np.array(["2024-02-12", "2024-02-18", "2030-10-01"], dtype="datetime64[D]")
    >>> working_days(days).tolist()  # Spring Festival; a Sunday worked instead; no list yet
    [False, True, False]
    """
    index = pd.DatetimeIndex(days)
    weekday = index.day_of_week.to_numpy() < 5
    fixed = {month * 100 + day for month, day in FIXED_HOLIDAYS}
    is_fixed = np.isin(index.month.to_numpy() * 100 + index.day.to_numpy(), list(fixed))
    first, last = OFFICIAL_YEARS
    known = (index.year.to_numpy() >= first) & (index.year.to_numpy() <= last)
    worked = np.where(known, weekday, weekday & ~is_fixed)
    worked = np.where(known & _among(index, constants.holidays), False, worked)
    worked = np.where(known & _among(index, constants.workdays), True, worked)
    worked = np.where(_among(index, holidays), False, worked)
    return np.asarray(np.where(_among(index, workdays), True, worked), dtype=np.bool_)


def _among(index: pd.DatetimeIndex, days: Iterable[object]) -> Bools:
    listed = pd.DatetimeIndex([pd.Timestamp(str(day)) for day in days])
    return np.asarray(index.normalize().isin(listed))
