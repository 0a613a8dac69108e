"""What is computed against SciPy, and false alarms against what alpha promises."""

import threading
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats

from enteroscan import timeseries as ts
from enteroscan.timeseries import DetectionResult

WEEKS = pd.date_range("2012-01-02", periods=420, freq="W-MON")


def simulate(
    n_series: int, *, mean: float, dispersion: float, season: float, trend: float, seed: int
) -> pd.DataFrame:
    """Counts without outbreaks: negative binomial around a seasonal mean with a trend."""
    time_ = np.arange(len(WEEKS))
    wave = season * np.cos(2 * np.pi * time_ / 52.18)
    mu = mean * np.exp(wave + trend * (time_ - len(WEEKS) / 2))
    random = np.random.default_rng(seed)
    shape = (len(WEEKS), n_series)
    if dispersion > 1.0:
        size = mu / (dispersion - 1.0)
        counts = random.negative_binomial(size[:, None], 1.0 / dispersion, shape)
    else:
        counts = random.poisson(mu[:, None], shape)
    return pd.DataFrame(counts, index=WEEKS)


@pytest.mark.parametrize("mean", [5.0, 50.0])
@pytest.mark.parametrize("dispersion", [1.0, 2.5])
@pytest.mark.parametrize(("season", "trend"), [(0.0, 0.0), (0.5, 0.001)])
def test_flexible_farrington_holds_its_level(
    mean: float, dispersion: float, season: float, trend: float
) -> None:
    counts = simulate(600, mean=mean, dispersion=dispersion, season=season, trend=trend, seed=4)
    spec = ts.FarringtonFlexible(alpha=0.01, min_recent_cases=0.0, bound="muan")
    alarm = spec.detect(counts, last=10).tables["alarm"]
    # The season is a step function and the mean estimated: a share near the level, not the level.
    assert 0.0005 < alarm.mean() < 0.02


@pytest.mark.parametrize("baseline", [7, 14])
def test_student_s_ears_holds_its_level_and_the_usual_one_does_not(baseline: int) -> None:
    random = np.random.default_rng(5)
    counts = pd.DataFrame(random.poisson(400, (420, 200)), index=WEEKS)
    exact = ts.EarsC1(baseline_steps=baseline, alpha=0.01, student=True).detect(counts)
    usual = ts.EarsC1(baseline_steps=baseline, alpha=0.01).detect(counts)
    assert exact.tables["alarm"].mean() == pytest.approx(0.01, abs=0.0015)
    assert usual.tables["alarm"].mean() > 0.02


def test_bayes_holds_its_level() -> None:
    counts = simulate(800, mean=6.0, dispersion=1.0, season=0.0, trend=0.0, seed=6)
    alarm = ts.Bayes(variant=1, alpha=0.05).detect(counts, last=50).tables["alarm"]
    assert 0.02 < alarm.mean() <= 0.05


def test_p_values_are_uniform_enough_for_great_counts() -> None:
    counts = simulate(400, mean=300.0, dispersion=3.0, season=0.0, trend=0.0, seed=7)
    plugin = ts.FarringtonFlexible().detect(counts, last=1).tables["p_value"].ravel()
    assert stats.kstest(plugin, "uniform").statistic < 0.12


def test_negative_binomial_regression_is_the_maximum_of_the_likelihood() -> None:
    counts = simulate(1, mean=8.0, dispersion=3.0, season=0.4, trend=0.0, seed=8)
    result = ts.NegativeBinomialRegression(trend=False).detect(counts, last=52)
    y = counts.iloc[:-52, 0].to_numpy()
    angle = 2 * np.pi * np.arange(1, len(WEEKS) + 1) / 52.18
    design = np.column_stack([np.ones_like(angle), np.sin(angle), np.cos(angle)])

    def loss(parameters: "np.ndarray[Any, Any]") -> float:
        mean = np.exp(design[: len(y)] @ parameters[:3])
        size = np.exp(parameters[3])
        return -float(stats.nbinom.logpmf(y, size, size / (size + mean)).sum())

    best = optimize.minimize(loss, [2.0, 0.0, 0.0, 1.0], method="Nelder-Mead", tol=1e-10)
    best = optimize.minimize(loss, best.x, method="BFGS")
    mean = np.exp(design[len(y) :] @ best.x[:3])
    expected = result.tables["expected"][0]
    np.testing.assert_allclose(expected, mean, rtol=1e-4)
    size = expected / (result.tables["dispersion"][0] - 1.0)
    np.testing.assert_allclose(size, np.exp(best.x[3]), rtol=1e-3)


def test_false_discovery_rate_is_scipy_s_and_spares_true_outbreaks() -> None:
    counts = simulate(300, mean=10.0, dispersion=1.5, season=0.0, trend=0.0, seed=9)
    counts.iloc[-1, :6] += 60
    result = ts.FarringtonFlexible(alpha=0.05).detect(counts, last=1)
    adjusted = ts.control_false_discoveries(result, rate=0.1)
    q_value = stats.false_discovery_control(result.frame["p_value"])
    np.testing.assert_allclose(adjusted["q_value"], q_value)
    found = set(adjusted.loc[adjusted["discovery"], "series"])
    assert set(range(6)) <= found
    assert len(found) < result.tables["alarm"].sum()
    mid = ts.mid_p_values(result)
    assert (mid <= result.tables["p_value"]).all()


@pytest.mark.parametrize("method", ["bh", "by"])
@pytest.mark.parametrize("mid_p", [False, True])
def test_discoveries_are_those_of_the_step_up_rule(method: Any, mid_p: bool) -> None:  # noqa: ANN401
    counts = simulate(60, mean=8.0, dispersion=1.5, season=0.0, trend=0.0, seed=13)
    counts.iloc[-1, :8] += 14
    result = ts.FarringtonFlexible(alpha=0.05, min_recent_cases=0.0).detect(counts, last=1)
    p_value = result.tables["p_value"][:, 0]
    if mid_p:
        p_value = ts.mid_p_values(result)[:, 0]
    n = len(p_value)
    penalty = sum(1.0 / i for i in range(1, n + 1)) if method == "by" else 1.0
    for rate in (0.01, 0.05, 0.2):
        found = ts.control_false_discoveries(result, rate=rate, method=method, mid_p=mid_p)
        # The greatest k whose k least p-values are at most rate * k / (n * penalty).
        ranked = np.sort(p_value)
        ranks = [k for k in range(1, n + 1) if ranked[k - 1] <= rate * k / (n * penalty)]
        limit = ranked[max(ranks) - 1] if ranks else -1.0
        assert (found["discovery"].to_numpy() == (p_value <= limit)).all()
        assert 0 < found["discovery"].sum() < 30


def test_mid_p_values_are_tails_and_half_the_count_itself() -> None:
    counts = simulate(40, mean=6.0, dispersion=1.8, season=0.0, trend=0.0, seed=14)
    result = ts.FarringtonFlexible(min_recent_cases=0.0).detect(counts, last=1)
    mid = ts.mid_p_values(result)[:, 0]
    for row, value in zip(result.frame.itertuples(), mid, strict=True):
        observed, mean = int(row.observed), float(row.expected)  # type: ignore[arg-type]
        dispersion = float(row.dispersion)  # type: ignore[arg-type]
        law = (
            stats.nbinom(mean / (dispersion - 1.0), 1.0 / dispersion)
            if dispersion > 1.0
            else stats.poisson(mean)
        )
        tail = sum(float(law.pmf(y)) for y in range(observed + 1, observed + 400))
        assert value == pytest.approx(tail + 0.5 * float(law.pmf(observed)), abs=1e-9)


def test_the_detector_that_the_history_allows() -> None:
    def chosen(n_weeks: int) -> str:
        dates = pd.date_range("2015-01-05", periods=n_weeks, freq="W-MON")
        result = ts.detect(pd.DataFrame({"date": dates, "count": 3.0}))
        return result.spec.method

    assert chosen(400) == "farrington-flexible"
    assert chosen(230) == "farrington-flexible"
    assert chosen(120) == "negative-binomial"
    assert chosen(20) == "ears-c1"
    assert chosen(7) == "bayes"


def test_every_series_has_the_detector_of_its_own_history() -> None:
    counts = simulate(5, mean=10.0, dispersion=1.5, season=0.2, trend=0.0, seed=12).astype(float)
    counts.columns = pd.Index(list("abcde"), name="district")
    begins = {"a": 0, "b": 300, "c": 400, "d": 416, "e": 100}
    for name, begin in begins.items():
        counts.loc[counts.index[:begin], name] = np.nan
    result = ts.detect(counts, last=2)
    chosen = result.series.set_index("district")
    assert chosen["method"].to_dict() == {
        "a": "farrington-flexible",
        "b": "negative-binomial",
        "c": "ears-c1",
        "d": "bayes",
        "e": "farrington-flexible",
    }
    assert chosen["why"]["a"] == "318 to 418 weeks of history"
    assert chosen["why"]["b"] == "118 weeks of history"
    assert result.detectors["n_series"].sum() == 5
    for number, spec in enumerate(result.specs):
        names = [name for name in begins if chosen["method"][name] == result.specs[number].method]
        alone = spec.detect(counts[names], last=2)
        rows = [list("abcde").index(name) for name in names]
        for name, table in alone.tables.items():
            np.testing.assert_array_equal(result.tables[name][rows], table)
    assert "ears-c1: 1 series (18 weeks of history)" in result._repr_html_()


def test_results_speak_english_and_chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    weeks = pd.date_range("2024-01-01", periods=12, freq="7D")
    counts = pd.DataFrame({"a": [2, 3] * 5 + [3, 40], "b": [1, 2] * 5 + [2, 30]}, index=weeks)
    result = ts.detect(counts)
    assert result.verdict("en") == (
        "2 alarms in 2 series among 2 series from 2024-03-18 to 2024-03-18"
    )
    assert result.verdict("zh") == "2024-03-18 至 2024-03-18，2 条序列中 2 条有预警，共 2 个"
    assert result.why("en") == ["11 weeks of history"]
    monkeypatch.setenv("ENTEROSCAN_LANG", "zh")
    page = result._repr_html_()
    assert result.verdict("zh") in page
    assert "历史数据 11 周" in page
    assert not any(word in page for word in ("Date", "Observed", "alarms"))


def test_results_show_themselves() -> None:
    counts = simulate(4, mean=10.0, dispersion=1.0, season=0.0, trend=0.0, seed=10)
    counts.columns = pd.Index(["<b>A</b>", "B", "C", "D"], name="district")
    counts.iloc[-1, 0] = 80
    result = ts.FarringtonFlexible().detect(counts, last=20)
    assert isinstance(result, DetectionResult)
    html = result._repr_html_()
    assert "&lt;b&gt;A&lt;/b&gt;" in html
    assert "<b>A" not in html
    assert "alarm" in repr(result)
    assert result.alarms.iloc[0]["district"] == "<b>A</b>"
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    ax = result.plot({"district": "B"})
    assert ax.get_title() == "B"
    heat = result.plot_heatmap(n_series=3)
    assert len(heat.get_yticks()) == 3
    plt.close("all")
    with pytest.raises(ValueError, match="fits 0 of 4 series"):
        result.plot({"district": "E"})


def test_progress_is_told_and_stops_the_work() -> None:
    counts = simulate(6000, mean=10.0, dispersion=1.0, season=0.0, trend=0.0, seed=11)
    told: list[float] = []

    def stop(share: float) -> None:
        told.append(share)
        if share > 0.0:
            raise KeyboardInterrupt

    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        ts.FarringtonFlexible().detect(counts, last=52, n_jobs=1, progress=stop)
    assert told == sorted(told)
    assert told[-1] < 1.0
    assert threading.active_count() == before
