"""Public holidays and working weekends for detectors that know days of the week."""

import numpy as np
import pandas as pd
import pytest

from enteroscan import timeseries as ts
from enteroscan.errors import DataError, SpecError

DAYS = pd.date_range("2023-01-01", "2024-03-10", freq="D")


def test_spring_festival_of_2024_as_the_state_council_had_it() -> None:
    like = ts.weekdays_in_china("2024-02-03", "2024-02-19")
    # 10 to 17 February off; the Sundays 4 and 18 February worked.
    assert like.tolist()[:7] == [5, 2, 0, 1, 2, 3, 4]
    assert like.tolist()[7:15] == [5, 6, 6, 6, 6, 6, 6, 5]
    assert like.tolist()[15:] == [2, 0]


def test_the_list_can_be_edited() -> None:
    like = ts.weekdays_in_china("2024-02-09", "2024-02-20", holidays=["2024-02-09"])
    assert like.iloc[0] == 6  # New Year's Eve, which was left to employers
    like = ts.weekdays_in_china("2024-02-18", "2024-02-19", workdays=["2024-02-18"])
    assert like.tolist() == [2, 0]


def test_periods_are_the_days_off_around_holidays() -> None:
    like = ts.weekdays_in_china("2024-01-01", "2024-03-10")
    periods = [(str(first)[:10], str(last)[:10]) for first, last in ts.holiday_periods(like)]
    assert periods == [("2024-01-01", "2024-01-01"), ("2024-02-10", "2024-02-17")]


def visits() -> tuple[pd.DataFrame, "pd.Series[int]"]:
    """Visits of many hospitals, few of them on days off, and nothing else going on."""
    like = ts.weekdays_in_china(DAYS[0], DAYS[-1])
    mean = np.array([60, 55, 50, 50, 50, 25, 20])[like.to_numpy()]
    counts = np.random.default_rng(1).poisson(mean[:, None], (len(DAYS), 200))
    return pd.DataFrame(counts, index=DAYS), like


def test_false_alarms_on_working_weekends_go_away() -> None:
    counts, like = visits()
    spec = ts.AdaptiveRegression()
    frames = {
        name: spec.detect(counts, since="2024-02-04", weekdays=weekdays).frame
        for name, weekdays in (("own", None), ("like", like))
    }
    share = {
        name: frame.loc[frame["date"] == pd.Timestamp("2024-02-04"), "alarm"].mean()
        for name, frame in frames.items()
    }
    assert share["own"] > 0.5
    assert share["like"] < 0.05
    # Without holidays in the baseline, nothing changes.
    quiet = counts.loc["2023-11-01":"2023-12-20"]
    plain = spec.detect(quiet).tables
    for name, table in spec.detect(quiet, weekdays=like).tables.items():
        np.testing.assert_array_equal(table, plain[name])


def test_what_cannot_be_used_is_refused() -> None:
    counts, like = visits()
    with pytest.raises(SpecError, match="EarsC1 does not look at days of the week"):
        ts.EarsC1().detect(counts, weekdays=like)
    with pytest.raises(SpecError, match="needs a method that looks at days of the week"):
        ts.detect(counts, weekdays=like)
    with pytest.raises(DataError, match="whole numbers from 0"):
        ts.AdaptiveRegression().detect(counts, weekdays=like + 1)
    weekly = counts.resample("W-MON").sum()
    with pytest.raises(DataError, match="for daily counts"):
        ts.EwmaOrRegression().detect(weekly, weekdays=like)
    assert ts.EarsC1().detect(counts, last=2, exclude=ts.holiday_periods(like)).n_series == 200
