from datetime import date, timedelta

import chinese_calendar
import numpy as np
import pytest

from enteroscan._workdays import OFFICIAL_YEARS
from enteroscan.errors import SpecError
from enteroscan.simulate import District, working_days


def test_agrees_with_the_official_list_on_every_day() -> None:
    first, last = date(OFFICIAL_YEARS[0], 1, 1), date(OFFICIAL_YEARS[1], 12, 31)
    days = [first + timedelta(days=i) for i in range((last - first).days + 1)]
    expected = [chinese_calendar.is_workday(day) for day in days]
    worked = working_days(np.array(days, dtype="datetime64[D]"))
    assert worked.tolist() == expected


def test_weekends_worked_instead_are_working_days() -> None:
    days = np.array(["2024-02-04", "2024-02-18", "2024-10-12"], dtype="datetime64[D]")
    assert working_days(days).all()


def test_outside_the_list_weekends_and_fixed_holidays_are_free() -> None:
    days = np.arange("2040-04-28", "2040-05-06", dtype="datetime64[D]")  # Saturday to Saturday
    expected = [False, False, True, False, True, True, True, False]
    assert working_days(days).tolist() == expected


def test_days_of_the_user_win() -> None:
    days = np.array(["2040-02-13", "2040-02-11"], dtype="datetime64[D]")
    worked = working_days(days, holidays=["2040-02-13"], workdays=["2040-02-11"])
    assert worked.tolist() == [False, True]


def test_a_day_that_is_none_is_named() -> None:
    with pytest.raises(SpecError, match="start='soon' is no day"):
        District().simulate(start="soon", end="2024-01-01")


def test_nothing_waits_for_a_working_day_longer_than_the_longest_holiday() -> None:
    spec = District(cases_per_year=3_000, closed_day_reports=0.0)
    reports = spec.simulate(start="2024-01-25", end="2024-03-10")
    days = reports.frame["reported"].to_numpy().astype("datetime64[D]")
    assert working_days(days).all()  # the Spring Festival is among them
