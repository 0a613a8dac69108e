"""Time points, weeks 53 and the same season of other years."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from enteroscan import timeseries as ts
from enteroscan.errors import DataError
from enteroscan.timeseries._calendar import Calendar, read_points


def nearest_same_weekday(day: date, years: int) -> date:
    """Walk outwards from the same date until the day of the week fits."""
    try:
        same = day.replace(year=day.year - years)
    except ValueError:
        same = date(day.year - years, 3, 1)
    for distance in range(4):
        for candidate in (same - timedelta(days=distance), same + timedelta(days=distance)):
            if candidate.weekday() == day.weekday():
                return candidate
    raise AssertionError


@pytest.mark.parametrize("every", ["day", "week"])
def test_years_back_is_the_nearest_same_weekday(every: str) -> None:
    frequency = "D" if every == "day" else "W-MON"
    dates = pd.date_range("2003-12-29", "2021-01-11", freq=frequency)
    calendar, points = read_points(dates, None, None)
    assert calendar.every == every
    assert (points == np.arange(len(dates))).all()
    begin = len(dates) - 500
    back = calendar.years_back(begin, len(dates), 5, by_steps=False)
    for row, day in enumerate(dates[begin:]):
        for years in range(1, 6):
            wanted = nearest_same_weekday(day.date(), years)
            position = int(back[row, years - 1])
            assert calendar.dates[position].date() == wanted


def test_week_53_shifts_nothing() -> None:
    dates = pd.date_range("2014-12-29", periods=330, freq="W-MON")  # 2015 and 2020 have a week 53
    calendar, _ = read_points(dates, None, None)
    last = len(dates) - 1
    then = calendar.years_back(last, last + 1, 5, by_steps=False)[0]
    assert all(
        abs((dates[last] - dates[i]).days - 365.25 * (k + 1)) < 5 for k, i in enumerate(then)
    )
    by_steps = calendar.years_back(last, last + 1, 5, by_steps=True)[0]
    assert by_steps.tolist() == [last - 52 * k for k in range(1, 6)]


def test_days_of_a_week_are_added_up_to_iso_weeks() -> None:
    days = pd.date_range("2020-12-28", "2021-01-10", freq="D")  # weeks 53 and 1
    counts = pd.DataFrame({"date": days, "count": 1})
    with pytest.raises(DataError, match="needs 7 weeks"):
        ts.EarsC1().detect(counts, every="week")
    result = ts.EarsC1().detect(counts, every="week", last=2)
    assert result.frame["observed"].tolist() == [7.0, 7.0]
    assert result.dates.tolist() == [pd.Timestamp("2020-12-28"), pd.Timestamp("2021-01-04")]


def test_months_are_found_and_counted() -> None:
    months = pd.date_range("2010-01-01", periods=100, freq="MS")
    calendar, points = read_points(months, None, None)
    assert (calendar.every, calendar.period) == ("month", 12.0)
    assert (points == np.arange(100)).all()
    assert calendar.years_back(99, 100, 2, by_steps=False).tolist() == [[87, 75]]
    counts = pd.DataFrame({"date": months, "count": np.random.default_rng(0).poisson(20, 100)})
    spec = ts.FarringtonFlexible(half_window_steps=1, season_levels=4, recent_steps_excluded=6)
    assert (spec.detect(counts, last=12).frame["reason"] == "").all()


def test_plain_steps_need_no_dates() -> None:
    calendar, _ = read_points(pd.Index([5, 6, 9]), None, 26.0)
    assert calendar == Calendar("step", 5, 5, 26.0)
    assert calendar.position(9) == 4
    with pytest.raises(DataError, match="give dates, or every='step'"):
        read_points(pd.Index([1.0, 2.0]), None, None)


def test_one_date_alone_does_not_say_the_distance() -> None:
    with pytest.raises(DataError, match="say it with `every`"):
        read_points(pd.DatetimeIndex(["2024-01-01"]), None, None)
