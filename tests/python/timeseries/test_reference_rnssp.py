"""CDC's ESSENCE detectors beside the outputs of its R package Rnssp."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from enteroscan import timeseries as ts
from reference import surveillance

pytestmark = pytest.mark.reference


@pytest.fixture(scope="module")
def folder(reference_data: Path) -> Path:
    return reference_data / "surveillance"


@pytest.fixture(scope="module")
def answers(folder: Path) -> surveillance.Output:
    return surveillance.read(folder / "rnssp" / "rnssp_reference.json.gz")


@pytest.fixture(scope="module")
def daily(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "rnssp" / "daily_input.csv", parse_dates=["date"])


def numbers(values: list[float | None]) -> surveillance.Floats:
    return np.array([np.nan if value is None else value for value in values], dtype=float)


def colours(frame: pd.DataFrame) -> "np.ndarray[Any, Any]":
    p_value = frame["p_value"].to_numpy()
    grey = np.isnan(p_value) | (frame["reason"] == "below_recent_mean").to_numpy()
    colour = np.where(p_value < 0.01, "red", np.where(p_value < 0.05, "yellow", "blue"))
    return np.where(grey, "grey", colour)


@pytest.mark.parametrize("series", ["high_dow", "mid", "low", "sparse"])
@pytest.mark.parametrize(
    ("name", "spec"),
    [
        ("alert_ewma", ts.Ewma()),
        ("alert_regression", ts.AdaptiveRegression()),
        ("alert_switch", ts.EwmaOrRegression()),
    ],
)
def test_daily_detectors(
    daily: pd.DataFrame, answers: surveillance.Output, series: str, name: str, spec: ts.DetectorSpec
) -> None:
    compare(daily, answers, series, f"{series}__{name}", spec)


def test_other_weights_and_no_guard(daily: pd.DataFrame, answers: surveillance.Output) -> None:
    spec = ts.Ewma(baseline_steps=14, guard_steps=0, weight_slow=0.3, weight_quick=0.8)
    compare(daily, answers, "mid", "mid__alert_ewma_B14_g0_w03_w08", spec)


def compare(
    daily: pd.DataFrame, answers: surveillance.Output, series: str, name: str, spec: ts.DetectorSpec
) -> None:
    theirs = answers[name]
    frame = spec.detect(daily[["date", series]], count=series, last=len(daily)).frame
    columns = {
        "baseline_expected": "expected",
        "test_statistic": "score",
        "p.value": "p_value",
    }
    for column, ours in columns.items():
        values = numbers(theirs[column])
        assert surveillance.difference(frame[ours].to_numpy(), values) < 1e-12, column
    judged = ~np.isnan(numbers(theirs["p.value"]))
    assert (colours(frame)[judged] == np.array(theirs["alert"])[judged]).all()


@pytest.mark.parametrize("series", ["salmNewport_total", "campyDE", "salmHospitalized"])
@pytest.mark.parametrize("trend", [True, False])
def test_negative_binomial_regression(
    folder: Path, answers: surveillance.Output, series: str, trend: bool
) -> None:
    theirs = answers[f"{series}__alert_nbinom_time{str(trend).upper()}"]
    weekly = pd.read_csv(folder / "series" / f"{series}.csv", parse_dates=["date"])
    training = int((weekly["date"] <= pd.Timestamp(theirs["baseline_end"])).sum())
    spec = ts.NegativeBinomialRegression(trend=trend, training_steps=training)
    frame = spec.detect(weekly[["date", "observed"]], count="observed", last=len(weekly)).frame
    assert (
        surveillance.difference(frame["expected"].to_numpy(), numbers(theirs["estimate"])) < 1e-10
    )
    assert (frame["upper_bound"].to_numpy() == numbers(theirs["threshold"])).all()
    assert (frame["alarm"].to_numpy() == np.array(theirs["alarm"])).all()


@pytest.mark.parametrize("series", ["salmNewport_total", "campyDE", "salmHospitalized"])
def test_serfling(folder: Path, answers: surveillance.Output, series: str) -> None:
    theirs = answers[f"{series}__alert_serfling"]
    weekly = pd.read_csv(folder / "series" / f"{series}.csv", parse_dates=["date"])
    training = int((weekly["date"] <= pd.Timestamp(theirs["baseline_end"])).sum())
    spec = ts.Serfling(training_steps=training)
    frame = spec.detect(weekly[["date", "observed"]], count="observed", last=len(weekly)).frame
    for column, ours in {"estimate": "expected", "threshold": "upper_bound"}.items():
        values = numbers(theirs[column])
        # Sums of cosines that cross 0 far from what was fitted: digits are lost to cancellation.
        assert surveillance.difference(frame[ours].to_numpy(), values) < 1e-11, column
    assert (frame["alarm"].to_numpy() == np.array(theirs["alarm"])).all()


@pytest.mark.parametrize("series", ["salmNewport_total", "campyDE", "salmHospitalized"])
@pytest.mark.parametrize("kind", ["original", "modified"])
def test_farrington(folder: Path, answers: surveillance.Output, series: str, kind: str) -> None:
    theirs = answers[f"{series}__alert_farrington_{kind}"]
    weekly = pd.read_csv(folder / "series" / f"{series}.csv", parse_dates=["date"])
    begin = 4 * 52 + 3 + 1
    modified = ts.FarringtonFlexible(
        years_back=4, alpha=0.05, max_trend_p=0.05, min_recent_cases=0.0, compat=True
    )
    original = replace(
        modified, season_levels=1, recent_steps_excluded=None, reweight_above=1.0, bound="delta"
    )
    spec = original if kind == "original" else modified
    frame, alarms = (
        each.detect(weekly[["date", "observed"]], count="observed", last=len(weekly) - begin).frame
        for each in (spec, replace(spec, min_recent_cases=6.0, min_recent_steps=5))
    )
    columns = {"predicted": "expected", "upper": "upper_bound", "alert_score": "score"}
    for column, ours in columns.items():
        values = numbers(theirs[column])[begin:]
        known = ~np.isnan(values)  # the package blanks bounds where there are few cases
        assert known.sum() > 250
        assert surveillance.difference(frame[ours].to_numpy()[known], values[known]) < 1e-12, column
    colour = np.array(theirs["alert"])[begin:]
    judged = np.isin(colour, ["red", "blue"])
    assert (colour == "red").sum() >= 20
    assert (alarms["alarm"].to_numpy() == (colour == "red"))[judged].all()
