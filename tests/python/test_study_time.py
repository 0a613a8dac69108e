"""The study period is divided as in SaTScan, and dates are read in all their forms."""

from bisect import bisect_right
from datetime import date, timedelta
from typing import Any, Literal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enteroscan import DataError, PoissonScan, SpaceTimePermutation
from enteroscan._time import TimeAxis, read_date
from enteroscan.study import Study, prepare

EPOCH = date(1970, 1, 1)
PLACES = pd.DataFrame({"location": ["A", "B"], "x": [0.0, 1.0], "y": [0.0, 0.0]})

Unit = Literal["day", "month", "year", "generic"]


def day(text: str) -> int:
    return (date.fromisoformat(text) - EPOCH).days


def starts(axis: TimeAxis) -> list[str]:
    return [str(axis.label(int(bound))) for bound in axis.bounds[:-1]]


@pytest.mark.parametrize(
    ("unit", "aggregation", "first", "last", "expected"),
    [
        ("day", 1, "2024-02-27", "2024-03-01", ["02-27", "02-28", "02-29", "03-01"]),
        ("day", 7, "2024-01-01", "2024-01-21", ["01-01", "01-08", "01-15"]),
        ("day", 7, "2024-01-01", "2024-01-24", ["01-01", "01-11", "01-18"]),  # 10 + 7 + 7 days
        ("day", 7, "2024-01-01", "2024-01-05", ["01-01"]),
        ("month", 1, "2024-01-01", "2024-04-30", ["01-01", "02-01", "03-01", "04-01"]),
        ("month", 1, "2024-01-20", "2024-04-30", ["01-20", "03-01", "04-01"]),
        ("month", 2, "2024-01-01", "2024-05-31", ["01-01", "04-01"]),
        ("month", 1, "2024-01-10", "2024-03-24", ["01-10", "02-25"]),
        ("month", 1, "2024-01-31", "2024-03-30", ["01-31", "02-29"]),  # until 30 March
    ],
)
def test_intervals_are_counted_backwards(
    unit: Unit, aggregation: int, first: str, last: str, expected: list[str]
) -> None:
    axis = TimeAxis.build(unit, aggregation, day(first), day(last))
    assert starts(axis) == [f"2024-{text}" for text in expected]
    assert str(axis.label(axis.last)) == last


def test_years_end_with_the_study_period() -> None:
    axis = TimeAxis.build("year", 2, day("1973-01-01"), day("1991-12-31"))
    assert axis.n_units == 19
    assert starts(axis) == ["1973-01-01"] + [f"{year}-01-01" for year in range(1976, 1991, 2)]
    halves = TimeAxis.build("year", 1, day("2020-07-01"), day("2023-06-30"))
    assert starts(halves) == ["2020-07-01", "2021-07-01", "2022-07-01"]


@settings(deadline=None)
@given(
    unit=st.sampled_from(["day", "month", "year", "generic"]),
    aggregation=st.integers(1, 40),
    first=st.integers(-20_000, 20_000),
    length=st.integers(0, 3_000),
)
def test_every_day_lies_in_its_interval(
    unit: Unit, aggregation: int, first: int, length: int
) -> None:
    axis = TimeAxis.build(unit, aggregation, first, first + length)
    days = np.arange(first - 3, first + length + 4)
    bounds = axis.bounds.tolist()
    slow = [bisect_right(bounds, d) - 1 for d in days.tolist()]
    assert axis.interval_of(days).tolist() == slow
    assert (np.diff(axis.bounds) > 0).all()
    lengths = np.diff(axis.bounds)
    if unit in ("day", "generic") and len(lengths) > 1:
        assert set(lengths[1:].tolist()) == {aggregation}
        assert aggregation <= lengths[0] < 2 * aggregation


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, 12),  # half of 24 days
        ({"max_duration_share": 0.29}, 6),
        ({"max_duration_share": 1.0}, 24),
        ({"max_duration_days": 7}, 7),
        ({"max_duration_days": 7, "time_aggregation": 2}, 3),
        ({"max_duration_share": 0.3, "time_aggregation": 2}, 3),  # floor(floor(7.2) / 2)
        ({"max_duration_days": 1000}, 24),
    ],
)
def test_longest_cluster(options: dict[str, Any], expected: int) -> None:
    spec = SpaceTimePermutation(**options)
    axis = TimeAxis.build("day", spec.time_aggregation, day("2001-11-01"), day("2001-11-24"))
    assert axis.max_length(spec) == expected


def test_share_without_rounding_error() -> None:
    spec = SpaceTimePermutation(max_duration_share=0.29)
    assert TimeAxis.build("day", 1, 0, 99).max_length(spec) == 29  # 0.29 * 100 < 29 in binary


def test_shortest_cluster_is_rounded_up() -> None:
    spec = SpaceTimePermutation(min_duration_days=8, time_aggregation=7)
    assert TimeAxis.build("day", 7, 0, 69).min_length(spec) == 2


def prepare_dates(dates: Any, **options: Any) -> Study:  # noqa: ANN401
    frame = pd.DataFrame({"location": ["A", "B"] * (len(dates) // 2), "date": dates})
    spec = SpaceTimePermutation(max_duration_share=1.0, **options)
    return prepare(spec, frame, locations=PLACES)


DAYS = ["2024-01-30", "2024-02-01", "2024-01-30", "2024-02-03"]


@pytest.mark.parametrize(
    "dates",
    [
        DAYS,
        [text.replace("-", "/") for text in DAYS],
        ["2024-1-30", "2024/2/1", "2024-01-30 23:59", "2024-02-03T00:00:00"],
        pd.to_datetime(DAYS),
        pd.to_datetime(DAYS) + pd.Timedelta(hours=23),
        pd.to_datetime(DAYS).tz_localize("Asia/Shanghai"),
        pd.to_datetime(DAYS).astype("datetime64[s]"),
        pd.PeriodIndex(DAYS, freq="D"),
        [date.fromisoformat(text) for text in DAYS],
        pd.Categorical(DAYS),
        np.array(DAYS, dtype="datetime64[D]"),
    ],
    ids=lambda dates: type(dates).__name__,
)
def test_dates_in_all_their_forms(dates: Any) -> None:  # noqa: ANN401
    study = prepare_dates(dates)
    assert study.axis.label(study.axis.first) == date(2024, 1, 30)
    assert study.axis.label(study.axis.last) == date(2024, 2, 3)
    assert study.cases.interval.tolist() == [0, 2, 4]
    assert study.cases.count.tolist() == [2, 1, 1]


@pytest.mark.parametrize(
    "years",
    [
        ["1985", "1986"],
        [1985, 1986],
        [1985.0, 1986.0],
        pd.PeriodIndex(["1985", "1986"], freq="Y"),
    ],
)
def test_years_stand_for_all_their_days(years: Any) -> None:  # noqa: ANN401
    study = prepare_dates(years, time_unit="year")
    assert study.axis.label(study.axis.first) == date(1985, 1, 1)
    assert study.axis.label(study.axis.last) == date(1986, 12, 31)
    assert study.cases.interval.tolist() == [0, 1]


def test_months_are_too_coarse_for_days() -> None:
    with pytest.raises(DataError, match="2 rows less precise than the intervals"):
        prepare_dates(["2024-01", "2024-02"])
    assert prepare_dates(["2024-01", "2024-02"], time_unit="month").axis.n_intervals == 2


@pytest.mark.parametrize("steps", [[3, 5], ["3", "5"], [3.0, 5.0]])
def test_generic_time_is_whole_numbers(steps: Any) -> None:  # noqa: ANN401
    study = prepare_dates(steps, time_unit="generic")
    assert (study.axis.first, study.axis.last) == (3, 5)
    assert study.cases.interval.tolist() == [0, 2]


@pytest.mark.parametrize(
    ("dates", "unit", "text"),
    [
        (
            ["2024-01-30", "30.1.2024"],
            "day",
            "1 row that cannot be read as a date (rows 1: 30.1.2024)",
        ),
        (["2024-01-30", "2024-02-30"], "day", "cannot be read as a date"),
        (["2024-01-30", "2024-13-01"], "day", "cannot be read as a date"),
        (["2024-01-30", None], "day", "column 'date': 1 row without a date"),
        (pd.to_datetime(["2024-01-30", "NaT"]), "day", "column 'date': 1 row without a date"),
        ([1, 2.5], "generic", "that are no whole numbers"),
        (["one", 2], "generic", "that are no whole numbers"),
    ],
)
def test_what_is_no_date_is_refused(dates: Any, unit: Unit, text: str) -> None:  # noqa: ANN401
    with pytest.raises(DataError) as error:
        prepare_dates(dates, time_unit=unit)
    assert text in str(error.value)


@pytest.mark.parametrize("value", ["tomorrow", pd.NaT, None, "2024-02-30"])
def test_single_dates_are_checked(value: Any) -> None:  # noqa: ANN401
    with pytest.raises(DataError, match=r"start=.* cannot be read"):
        read_date("start", value, "day")


def test_study_period_can_be_longer_than_the_cases() -> None:
    frame = pd.DataFrame({"location": ["A", "B"], "date": ["2024-01-10", "2024-01-12"]})
    spec = SpaceTimePermutation()
    study = prepare(spec, frame, locations=PLACES, start="2024-01", as_of=date(2024, 1, 31))
    assert study.axis.n_intervals == 31
    assert study.cases.interval.tolist() == [9, 11]


def test_cases_outside_the_study_period_are_named() -> None:
    frame = pd.DataFrame({"location": "A", "date": pd.date_range("2024-01-01", "2024-01-31")})
    spec = SpaceTimePermutation()
    with pytest.raises(DataError) as error:
        prepare(spec, frame, locations=PLACES, start="2024-01-05", as_of="2024-01-29")
    assert "cases, column 'date': 6 rows outside the study period 2024-01-05 to 2024-01-29" in str(
        error.value
    )
    assert "(rows 0: 2024-01-01" in str(error.value)
    study = prepare(
        spec, frame, locations=PLACES, start="2024-01-05", as_of="2024-01-29", on_invalid="drop"
    )
    assert study.cases.total == 25
    assert [count for _, count in study.dropped] == [6]


@pytest.mark.parametrize(
    ("period", "text"),
    [
        ({"start": "2024-02-01", "as_of": "2024-01-01"}, "ends before it starts"),
        (
            {"start": "2024-01-10", "as_of": "2024-01-10"},
            r"2024-01-10 to 2024-01-10 \(1 interval\) no cluster is long enough",
        ),
    ],
)
def test_impossible_study_periods_are_refused(period: dict[str, Any], text: str) -> None:
    frame = pd.DataFrame({"location": ["A"], "date": ["2024-01-10"]})
    with pytest.raises(DataError, match=text):
        prepare(SpaceTimePermutation(), frame, locations=PLACES, **period)


def test_purely_spatial_data_need_no_dates() -> None:
    frame = pd.DataFrame({"location": ["A", "B", "A"]})
    people = pd.DataFrame({"location": ["A", "B"], "population": [10, 20]})
    study = prepare(PoissonScan(analysis="spatial"), frame, locations=PLACES, population=people)
    assert study.axis.n_intervals == 1
    assert study.axis.label(study.axis.first) is None
    assert study.expected is not None
    np.testing.assert_allclose(study.expected, [[1.0], [2.0]])


def test_weekdays_are_strata() -> None:
    days = pd.date_range("2024-01-01", periods=15)
    frame = pd.DataFrame({"location": "A", "date": days})
    study = prepare(SpaceTimePermutation(adjust_day_of_week=True), frame, locations=PLACES)
    assert study.cases.stratum is not None
    first = EPOCH + timedelta(days=study.axis.first)
    weekday = [(first + timedelta(days=int(i))).weekday() for i in study.cases.interval]
    assert study.cases.stratum.tolist() == weekday  # the period begins on a Monday
