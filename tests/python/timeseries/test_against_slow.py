"""Every detector with all kinds of options beside its definition, written down slowly."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import special, stats

from enteroscan import timeseries as ts
from reference import slow_detectors as slow

Floats = slow.Floats
N_POINTS = {"week": 9 * 52 + 10, "month": 14 * 12, "day": 5 * 365 + 40, "step": 420}
FREQUENCY = {"week": 52, "month": 12, "day": 365, "step": 52}


def make(every: str, random: np.random.Generator, *, missing: bool) -> tuple[pd.Index, Floats]:
    """Return dates and overdispersed, seasonal counts with outbreaks; week 53 of 2015 is there."""
    n = N_POINTS[every]
    start = {"week": "2008-12-29", "month": "2003-01-01", "day": "2015-02-10"}
    index: pd.Index[Any] = pd.RangeIndex(1, n + 1)
    if every != "step":
        step = {"week": "7D", "month": "MS", "day": "D"}[every]
        index = pd.date_range(start[every], periods=n, freq=step)
    time = np.arange(n)
    log_mean = np.log(random.choice([1.5, 6.0, 60.0])) + random.uniform(-0.4, 0.8) * time / n
    log_mean += random.uniform(0.0, 0.7) * np.cos(2 * np.pi * time / FREQUENCY[every])
    mean = np.exp(log_mean)
    phi = random.choice([1.1, 2.5])
    counts = random.negative_binomial(mean / (phi - 1.0), 1.0 / phi).astype(float)
    counts[random.integers(0, n, 6)] *= 5.0
    counts[-1] = np.round(mean[-1] * random.uniform(0.5, 3.0))
    if missing:
        counts[random.integers(0, n - 12, n // 20)] = np.nan
    return index, counts


def compare(frame: pd.DataFrame, wanted: list[slow.Verdict], columns: dict[str, float]) -> None:
    for name, tolerance in columns.items():
        ours = frame[name].to_numpy(dtype=float)
        theirs = np.array([getattr(verdict, name) for verdict in wanted], dtype=float)
        np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=1e-12, err_msg=name)
    alarms = [verdict.alarm for verdict in wanted]
    assert frame["alarm"].tolist() == alarms


def flexible(random: np.random.Generator, every: str) -> ts.FarringtonFlexible:
    half = {"week": 3, "month": 2, "day": 10, "step": 2}[every]
    return ts.FarringtonFlexible(
        years_back=int(random.integers(2, 6 if every != "day" else 5)),
        half_window_steps=int(random.integers(half - 1, half + 2)),
        season_levels=int(random.choice([1, 2, 5, 10 if every != "month" else 4])),
        recent_steps_excluded=None if random.random() < 0.5 else FREQUENCY[every] // 2,
        alpha=float(random.choice([0.005, 0.05])),
        trend=bool(random.random() < 0.8),
        max_trend_p=float(random.choice([0.05, 1.0])),
        reweight=bool(random.random() < 0.8),
        reweight_above=float(random.choice([1.0, 2.58])),
        bound=random.choice(["delta", "nb_plugin", "muan"]),
        power=random.choice(["none", "1/2", "2/3"]),
        min_recent_cases=float(random.choice([0.0, 5.0])),
    )


@pytest.mark.parametrize("every", ["week", "month", "day", "step"])
@pytest.mark.parametrize("seed", range(12))
def test_flexible_farrington(every: str, seed: int) -> None:
    random = np.random.default_rng([seed, len(every)])
    spec = flexible(random, every)
    index, counts = make(every, random, missing=seed % 3 == 0)
    population = None
    data = pd.DataFrame({"date": index, "count": counts})
    if seed % 2 == 0:
        population = 1000.0 * np.exp(0.3 * np.arange(len(counts)) / len(counts))
        data["people"] = population
        spec = replace(spec, population_offset=True)
    dates = None if every == "step" else pd.DatetimeIndex(index)
    last = 6 if every != "day" else 2
    points = range(len(counts) - last, len(counts))
    for compat in (False, True):
        # What the package blanks and how it scores is in its own outputs: here are the numbers.
        each = replace(spec, compat=compat, min_recent_cases=0.0 if compat else 5.0)
        frame = each.detect(
            data, last=last, population=None if population is None else "people"
        ).frame
        wanted = [
            slow.farrington_flexible(
                *(each, counts, dates, t),
                every=every,
                freq=FREQUENCY[every],
                population=population,
            )
            for t in points
        ]
        assert sum(np.isfinite(verdict.expected) for verdict in wanted) >= last - 1
        if compat:
            for verdict, count in zip(wanted, counts[-last:], strict=True):
                verdict.alarm = verdict.alarm and count != 0.0
        compare(
            frame,
            wanted,
            {
                "expected": 1e-9,
                "dispersion": 1e-9,
                "upper_bound": 1e-9,
                "p_value": 1e-7,
                "trend": 1e-7,
            },
        )


@pytest.mark.parametrize("every", ["week", "month", "step"])
@pytest.mark.parametrize("seed", range(8))
def test_farrington(every: str, seed: int) -> None:
    random = np.random.default_rng([seed, len(every), 1])
    index, counts = make(every, random, missing=seed % 3 == 0)
    spec = ts.Farrington(
        years_back=int(random.integers(2, 6)),
        half_window_steps=int(random.integers(1, 5)),
        alpha=float(random.choice([0.01, 0.05])),
        trend=bool(random.random() < 0.8),
        max_trend_p=float(random.choice([0.05, 1.0])),
        reweight=bool(random.random() < 0.8),
        power=random.choice(["none", "1/2", "2/3"]),
        min_recent_cases=float(random.choice([0.0, 9.0])),
        min_recent_steps=int(random.integers(2, 6)),
    )
    frame = spec.detect(pd.DataFrame({"date": index, "count": counts}), last=6).frame
    dates = None if every == "step" else pd.DatetimeIndex(index)
    wanted = [
        slow.farrington(spec, counts, dates, t, every=every, freq=FREQUENCY[every])
        for t in range(len(counts) - 6, len(counts))
    ]
    columns = {"expected": 1e-9, "dispersion": 1e-9, "upper_bound": 1e-9, "p_value": 1e-7}
    compare(frame, wanted, columns | {"trend": 1e-7})


@pytest.mark.parametrize("every", ["week", "month", "day", "step"])
@pytest.mark.parametrize("missing", [False, True])
def test_ears(every: str, missing: bool) -> None:
    random = np.random.default_rng(5)
    index, counts = make(every, random, missing=missing)
    index, counts = index[-60:], counts[-60:]
    data = pd.DataFrame({"date": index, "count": counts})
    for baseline, least, alpha in ((7, 0.5, 0.001), (3, 0.5, 0.01), (28, 2.0, 0.05)):
        for spec, gap in (
            (ts.EarsC1(baseline_steps=baseline, min_sigma=least, alpha=alpha), 0),
            (ts.EarsC2(baseline_steps=baseline, min_sigma=least, alpha=alpha), 2),
        ):
            frame = spec.detect(data).frame
            begin = len(counts) - len(frame)
            assert begin == baseline + gap
            for t, row in zip(range(begin, len(counts)), frame.itertuples(), strict=True):
                window = counts[t - baseline - gap : t - gap]
                window = window[~np.isnan(window)]
                if len(window) < baseline or np.isnan(counts[t]):
                    continue
                sigma = max(window.std(ddof=1), least)
                bound = window.mean() + stats.norm.isf(alpha) * sigma
                assert row.expected == pytest.approx(window.mean(), rel=1e-12)
                assert row.upper_bound == pytest.approx(bound, rel=1e-12)
                assert row.alarm == (counts[t] > bound)


@pytest.mark.parametrize("every", ["week", "step"])
@pytest.mark.parametrize("compat", [False, True])
def test_bayes_rki_and_historical_limits(every: str, compat: bool) -> None:
    random = np.random.default_rng(6)
    index, counts = make(every, random, missing=False)
    counts += 25.0  # above the tabulated means of RKI
    data = pd.DataFrame({"date": index, "count": counts})
    dates = None if every == "step" else pd.DatetimeIndex(index)

    def back(t: int, years: int) -> list[int | None]:
        if compat or dates is None:
            return [t - 52 * i for i in range(1, years + 1)]
        return [slow.years_before(dates, t, i, every) for i in range(1, years + 1)]

    points = range(len(counts) - 30, len(counts))
    for variant in (1, 2, 3):
        bayes = ts.Bayes(variant=variant, alpha=0.02, compat=compat).detect(data, last=30).frame
        rki = ts.Rki(variant=variant, compat=compat).detect(data, last=30).frame
        for i, t in enumerate(points):
            past = counts[slow.reference_points(variant, t, back(t, 2))]
            n, total = len(past), past.sum()
            bound = stats.nbinom(total + 0.5, n / (n + 1)).ppf(0.98)
            assert bayes["upper_bound"][i] == bound
            assert bayes["alarm"][i] == (counts[t] > bound)
            limit = past.mean() + 2 * past.std(ddof=1)
            assert rki["upper_bound"][i] == pytest.approx(limit, rel=1e-12)
            assert rki["alarm"][i] == (counts[t] > limit)
    for years, beside, alpha in ((5, 1, 0.025), (3, 2, 0.1)):
        spec = ts.HistoricalLimits(
            years_back=years, blocks_beside=beside, alpha=alpha, compat=compat
        )
        frame = spec.detect(data, last=30).frame
        for i, t in enumerate(points):
            sums = np.array(
                [
                    counts[point + 4 * k - 3 : point + 4 * k + 1].sum()
                    for point in back(t, years)
                    for k in range(-beside, beside + 1)
                    if point is not None
                ]
            )
            bound = sums.mean() + stats.norm.isf(alpha / 2) * sums.std(ddof=1) * np.sqrt(
                1 + 1 / len(sums)
            )
            assert frame["expected"][i] == pytest.approx(sums.mean(), rel=1e-12)
            assert frame["upper_bound"][i] == pytest.approx(bound, rel=1e-12)
            assert frame["alarm"][i] == (counts[t - 3 : t + 1].sum() > bound)


@pytest.mark.parametrize("every", ["week", "month"])
@pytest.mark.parametrize(
    "transformation", ["none", "standard", "rossi", "anscombe", "anscombe2nd", "pearson_neg_bin"]
)
def test_cusum(every: str, transformation: Any) -> None:  # noqa: ANN401
    random = np.random.default_rng(7)
    index, counts = make(every, random, missing=True)
    data = pd.DataFrame({"date": index, "count": counts})
    means: list[Any] = ["training", "seasonal", 5.5]
    for mean in means:
        for reset in (False, True):
            spec = ts.Cusum(transformation=transformation, mean=mean, reset=reset, k=0.8, h=3.0)
            begin = len(counts) - 40
            frame = spec.detect(data, last=40).frame
            wanted = slow.cusum(spec, counts, begin, float(FREQUENCY[every]))
            np.testing.assert_allclose(frame["expected"], [v.expected for v in wanted], rtol=1e-9)
            np.testing.assert_allclose(
                frame["score"], [v.dispersion for v in wanted], rtol=1e-8, atol=1e-8
            )
            assert frame["alarm"].tolist() == [v.alarm for v in wanted]


def test_cusum_as_the_package_s_table_has_it() -> None:
    """Values of 2F1(1/3, 2/3; 5/3; -u), nearest of 0, 0.01, ..., 10; lines between 10, 11, ..."""
    spec = ts.Cusum(
        transformation="anscombe_neg_bin", overdispersion=0.37, mean=6.283, k=0.5, compat=True
    )
    counts = np.array([0, 1, 4, 7, 12, 26, 27, 28, 40, 90, 3], dtype=float)

    def exact(u: Any) -> Any:  # noqa: ANN401
        return special.hyp2f1(1 / 3, 2 / 3, 5 / 3, -u)

    def integral(count: float) -> float:
        u = 0.37 * count
        grid = np.arange(10.0, 60.0)
        ratio = exact(np.round(u, 2)) if u <= 10.0 else np.interp(u, grid, exact(grid))
        return float(1.5 * count ** (2 / 3) * ratio)

    scale = (6.283 + 0.37 * 6.283**2) ** (1 / 6)
    chart, wanted = 0.0, []
    for count in counts:
        chart = max(0.0, chart + (integral(count) - integral(6.283)) / scale - 0.5)
        wanted.append(chart)
    frame = pd.DataFrame({"date": np.arange(len(counts)), "count": counts})
    ours = spec.detect(frame, last=len(counts)).frame["score"]
    np.testing.assert_allclose(ours, wanted, rtol=1e-9)
