"""Public holidays and working weekends (调休) for detectors that know days of the week."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

if TYPE_CHECKING:
    from enteroscan._workdays import DayLike

__all__ = ["holiday_periods", "weekdays_in_china"]

SUNDAY, WEDNESDAY = 6, 2
FIRST_OF_WEEKEND = 5


def weekdays_in_china(
    first: "DayLike",
    last: "DayLike",
    *,
    holidays: "Iterable[DayLike]" = (),
    workdays: "Iterable[DayLike]" = (),
) -> "pd.Series[int]":
    """Return the day of the week that every day is like: holidays are Sundays.

    People go to hospitals, and hospitals report, on a holiday as on a Sunday, and on a weekend that
    is worked instead as on any working day: it is taken as a Wednesday. All other days are as they
    are. The Series can be edited; `DetectorSpec.detect` takes it as ``weekdays=``.

    Parameters
    ----------
    first, last
        Days.
    holidays, workdays
        Days that are free, and that are worked, whatever the list of the State Council says; that
        list is known for the years in `enteroscan.simulate.OFFICIAL_YEARS`.

    Returns
    -------
    Series
        0 (Monday) to 6 (Sunday), by date.

    Examples
    --------
    >>> weekdays_in_china("2024-02-16", "2024-02-19").tolist()  # Spring Festival ends on Saturday
    [6, 6, 2, 0]
    """
    from enteroscan._workdays import working_days

    dates = pd.date_range(first, last, freq="D", name="date")
    worked = working_days(
        dates.to_numpy().astype("datetime64[D]"), holidays=holidays, workdays=workdays
    )
    own = dates.day_of_week.to_numpy()
    is_weekend = own >= FIRST_OF_WEEKEND
    like: NDArray[np.int64] = np.where(
        is_weekend & worked, WEDNESDAY, np.where(is_weekend | worked, own, SUNDAY)
    )
    return pd.Series(like, index=dates, name="weekday")


def holiday_periods(weekdays: "pd.Series[int]") -> list[tuple[object, object]]:
    """Return the runs of days off around holidays, for ``exclude=`` of `DetectorSpec.detect`.

    For detectors that do not look at days of the week. A run begins and ends with a day off, and
    one of its days is a Monday to Friday that is like a Sunday.

    Parameters
    ----------
    weekdays
        What `weekdays_in_china` returned.
    """
    dates = pd.DatetimeIndex(weekdays.index)
    free = weekdays.to_numpy() >= FIRST_OF_WEEKEND
    moved = free & (dates.day_of_week.to_numpy() < FIRST_OF_WEEKEND)
    run = np.cumsum(np.diff(free, prepend=False))
    return [
        (dates[rows[0]], dates[rows[-1]])
        for number in np.unique(run[moved])
        for rows in [np.flatnonzero(run == number)]
    ]
