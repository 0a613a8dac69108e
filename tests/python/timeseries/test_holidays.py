"""Public holidays and working weekends for detectors that know days of the week."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

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


LONG = pd.date_range("2019-01-01", "2024-03-10", freq="D")


def long_visits(n: int) -> tuple[pd.DataFrame, "pd.Series[int]"]:
    """Five years of visits, overdispersed and seasonal, few of them on days off."""
    like = ts.weekdays_in_china(LONG[0], LONG[-1])
    mean = np.array([30, 27, 25, 25, 25, 11, 9])[like.to_numpy()].astype(float)
    mean *= np.exp(0.3 * np.cos(2 * np.pi * np.arange(len(LONG)) / 365.25))
    random = np.random.default_rng(2)
    counts = random.negative_binomial(mean[:, None], 0.5, (len(LONG), n))
    return pd.DataFrame(counts, index=LONG), like


DAILY = [
    ts.FarringtonFlexible(years_back=4, recent_steps_excluded=182, alpha=0.01, weekday_effect=True),
    ts.NegativeBinomialRegression(alpha=0.01, weekday_effect=True),
]


@pytest.mark.parametrize("spec", DAILY, ids=lambda spec: spec.method)
def test_effects_of_days_make_false_alarms_as_rare_on_every_day(
    spec: ts.FarringtonFlexible | ts.NegativeBinomialRegression,
) -> None:
    counts, like = long_visits(60)
    since = "2024-02-01"  # with the Spring Festival and its working weekends
    shares = {
        name: each.detect(counts, since=since, weekdays=weekdays).frame
        for name, each, weekdays in (
            ("none", replace(spec, weekday_effect=False), None),
            ("own", spec, None),
            ("like", spec, like),
        )
    }
    sunday_worked = pd.Timestamp("2024-02-18")
    worked = {
        name: frame.loc[frame["date"] == sunday_worked, "alarm"].mean()
        for name, frame in shares.items()
    }
    assert worked["own"] > 0.2
    assert worked["like"] < 0.05
    expected = shares["like"].set_index("date")["expected"].groupby("date").mean()
    assert expected[sunday_worked] > 2.0 * expected[pd.Timestamp("2024-02-12")]
    frame = shares["like"]
    days = like.reindex(pd.DatetimeIndex(frame["date"])).to_numpy()
    for _, part in frame.groupby(days < 5):
        assert part["alarm"].mean() < 0.02
    # Without effects, days off look empty and working days full.
    none = shares["none"]
    off = like.reindex(pd.DatetimeIndex(none["date"])).to_numpy() >= 5
    assert none.loc[~off, "p_value"].median() < 0.4 < 0.8 < none.loc[off, "p_value"].median()


def test_effects_of_days_are_those_of_a_joint_fit() -> None:
    """Season, trend and days of the week beside statsmodels' fit of all at once."""
    counts, like = long_visits(1)
    t = len(LONG) - 1
    spec = ts.FarringtonFlexible(
        years_back=4,
        recent_steps_excluded=182,
        season_levels=4,
        reweight=False,
        weekday_effect=True,
    )
    row = spec.detect(counts, last=1, weekdays=like).frame.iloc[0]
    half, n_years = spec.half_window_steps, spec.years_back
    back = [t]
    for year in range(1, n_years + 1):
        same = LONG[t] - pd.DateOffset(years=year)
        shift = (LONG[t].day_of_week - same.day_of_week) % 7
        then = same + pd.Timedelta(days=shift if shift <= 3 else shift - 7)
        back.append(int(np.flatnonzero(then == LONG)[0]))
    level = np.full(len(LONG), -1)
    for year in range(1, n_years + 1):
        begin, end = back[year] + half + 1, back[year - 1] - half
        cuts = np.array_split(np.arange(begin, end), 3)
        for part, cut in enumerate(cuts):
            level[cut] = part
        level[back[year] - half : back[year] + half + 1] = 3
    used = np.flatnonzero(level >= 0)
    used = used[used < t - 182]
    day = like.to_numpy()
    design = np.column_stack(
        [
            (level[:, None] == np.arange(4)).astype(float),
            (np.arange(len(LONG)) - t) / 1000.0,
            (day[:, None] == np.arange(1, 7)).astype(float),
        ]
    )
    model = sm.GLM(counts.iloc[used, 0], design[used], family=sm.families.Poisson())
    fit = model.fit(scale="X2", tol=1e-12)
    now = design[t].copy()
    now[:4] = [0, 0, 0, 1]
    assert row["expected"] == pytest.approx(float(np.exp(now @ fit.params)), rel=1e-5)
    assert row["dispersion"] == pytest.approx(fit.scale, rel=1e-4)
    assert row["trend"] == pytest.approx(fit.params.iloc[4] / 1000.0, rel=1e-4)


def test_effects_of_days_in_the_negative_binomial_regression() -> None:
    counts, like = long_visits(1)
    spec = ts.NegativeBinomialRegression(weekday_effect=True)
    row = spec.detect(counts, last=1, weekdays=like).frame.iloc[0]
    n = len(LONG) - 1
    angle = 2 * np.pi * np.arange(1, n + 2) / 365.25
    day = like.to_numpy()
    design = np.column_stack(
        [
            np.ones(n + 1),
            np.arange(n + 1) / 1000.0,
            np.sin(angle),
            np.cos(angle),
            (day[:, None] == np.arange(1, 7)).astype(float),
        ]
    )
    size = float(row["expected"]) / (float(row["dispersion"]) - 1.0)
    family = sm.families.NegativeBinomial(alpha=1.0 / size)
    fit = sm.GLM(counts.iloc[:n, 0], design[:n], family=family).fit(tol=1e-12)
    assert row["expected"] == pytest.approx(float(np.exp(design[n] @ fit.params)), rel=1e-6)


def test_effects_of_days_need_days() -> None:
    counts, like = visits()
    weekly = counts.resample("W-MON").sum()
    with pytest.raises(DataError, match="weekday_effect=True is for daily counts"):
        ts.NegativeBinomialRegression(weekday_effect=True).detect(weekly, last=1)
    with pytest.raises(SpecError, match="or use weekday_effect=True"):
        ts.NegativeBinomialRegression().detect(counts, weekdays=like)


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
