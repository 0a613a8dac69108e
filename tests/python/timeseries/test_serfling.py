"""Serfling's regression beside statsmodels, and its false alarms."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from enteroscan import timeseries as ts
from enteroscan.errors import DataError


@pytest.mark.parametrize("every", ["day", "week", "month"])
def test_limits_are_those_of_statsmodels(every: str) -> None:
    frequency, period = {"day": ("D", 365.25), "week": ("W-MON", 52.18), "month": ("MS", 12.0)}[
        every
    ]
    n = {"day": 1200, "week": 300, "month": 90}[every]
    dates = pd.date_range(
        "2014-01-06" if every == "week" else "2014-01-01", periods=n, freq=frequency
    )
    random = np.random.default_rng(1)
    time = np.arange(1, n + 1)
    counts = random.poisson(30 + 20 * np.cos(2 * np.pi * time / period)).astype(float)
    counts[[5, n // 2]] = np.nan
    months, harmonics, alpha, training = (4, 5, 6, 7, 8, 9, 10), 2, 0.02, n - 20
    spec = ts.Serfling(
        alpha=alpha, baseline_months=months, harmonics=harmonics, training_steps=training
    )
    frame = spec.detect(pd.DataFrame({"date": dates, "count": counts}), last=40).frame
    columns = [np.ones(n), time]
    for h in range(1, harmonics + 1):
        columns += [np.sin(2 * np.pi * h * time / period), np.cos(2 * np.pi * h * time / period)]
    design = np.column_stack(columns)
    fitted = dates.month.isin(months) & ~np.isnan(counts) & (time <= training)
    model = sm.OLS(counts[fitted], design[fitted]).fit()
    wanted = model.get_prediction(design[-40:]).summary_frame(alpha=2 * alpha)
    np.testing.assert_allclose(frame["expected"], wanted["mean"], rtol=1e-8)
    np.testing.assert_allclose(
        frame["upper_bound"], np.maximum(wanted["obs_ci_upper"], 0.0), rtol=1e-8
    )
    np.testing.assert_allclose(frame["trend"], model.params[1], rtol=1e-6, atol=1e-10)
    alarm = counts[-40:] > frame["upper_bound"]
    assert (frame["alarm"] == alarm).all()
    assert ((frame["p_value"] < alpha) == alarm).all()


def test_false_alarms_are_as_many_as_alpha_says_and_winters_are_found() -> None:
    weeks = pd.date_range("2014-01-06", periods=300, freq="W-MON")
    random = np.random.default_rng(2)
    mean = 200.0 + 30.0 * np.cos(2 * np.pi * np.arange(1, 301) / 52.18)
    counts = pd.DataFrame(random.normal(mean[:, None], 12.0, (300, 400)).clip(0.0), index=weeks)
    spec = ts.Serfling(alpha=0.05, baseline_months=tuple(range(1, 13)))
    assert spec.detect(counts, last=52).tables["alarm"].mean() == pytest.approx(0.05, abs=0.012)
    epidemic = counts.copy()
    winter = np.asarray(weeks.month.isin((12, 1, 2)))
    epidemic.loc[winter] += 120.0
    alarm = ts.Serfling().detect(epidemic, last=52).tables["alarm"]
    found = winter[-52:]
    assert alarm[:, found].mean() > 0.7
    assert alarm[:, ~found].mean() < 0.1


def test_steps_without_dates_have_no_months() -> None:
    steps = pd.DataFrame({"date": range(200), "count": 3})
    with pytest.raises(DataError, match="have no months"):
        ts.Serfling().detect(steps, last=2)
    few = pd.DataFrame({"date": pd.date_range("2024-01-01", periods=20, freq="7D"), "count": 3})
    assert set(ts.Serfling().detect(few, last=2).frame["reason"]) == {"too_little_history"}
