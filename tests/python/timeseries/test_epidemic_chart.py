"""The chart for epidemics beside a slow search for the greatest likelihood ratio."""

import math
from functools import partial

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from enteroscan import timeseries as ts

Floats = NDArray[np.float64]

WEEKS = pd.date_range("2015-01-05", periods=160, freq="W-MON")
BEGIN = 130


def log_ratio(lam: float, x: Floats, mean: Floats, previous: Floats, alpha: float) -> float:
    """Return the log likelihood ratio of a mean plus lambda times the count before."""
    now = mean + lam * previous
    total = float(np.sum(np.where(x > 0, x * np.log(now / mean), 0.0)))
    if alpha == 0.0:
        return total - float(np.sum(now - mean))
    spread = np.log1p(alpha * now) - np.log1p(alpha * mean)
    return total - float(np.sum((x + 1.0 / alpha) * spread))


def greatest(x: Floats, mean: Floats, previous: Floats, alpha: float, spec: ts.Glr) -> float:
    """Search all windows over a fine grid of lambdas, and finer around the best of it."""
    best = 0.0
    n = len(x)
    longest = n if spec.window_steps is None else min(n, spec.window_steps + 1)
    for length in range(spec.min_window_steps, longest + 1):
        part = slice(n - length, n)
        grid = np.concatenate([[0.0], np.geomspace(1e-5, 1e3, 400)])
        for _ in range(6):
            values = [log_ratio(lam, x[part], mean[part], previous[part], alpha) for lam in grid]
            at = int(np.argmax(values))
            best = max(best, values[at])
            grid = np.linspace(grid[max(at - 1, 0)], grid[min(at + 1, len(grid) - 1)], 15)
    return best


def with_point(
    old: tuple[list[float], list[float], list[float]],
    count: float,
    *,
    mean: float,
    previous: float,
    spec: ts.Glr,
) -> float:
    """Return the statistic of a chart with a further point."""
    new = (count, mean, previous)
    arrays = [np.array([*values, value]) for values, value in zip(old, new, strict=True)]
    return greatest(arrays[0], arrays[1], arrays[2], spec.overdispersion or 0.0, spec)


@pytest.mark.parametrize(
    "spec",
    [
        ts.Glr(change="epidemic", overdispersion=0.0),
        ts.Glr(change="epidemic", overdispersion=0.3, window_steps=6, min_window_steps=2),
        ts.Glr(change="epidemic", overdispersion=1.5),
    ],
    ids=["poisson", "window", "negative binomial"],
)
def test_statistic_and_bound_are_those_of_the_definition(spec: ts.Glr) -> None:
    random = np.random.default_rng(3)
    counts = random.negative_binomial(2.0, 2.0 / 6.0, len(WEEKS)).astype(float)
    counts[145:150] = [9, 14, 17, 30, 24]
    counts[136] = np.nan
    frame = spec.detect(
        pd.DataFrame({"date": WEEKS, "count": counts}), last=len(WEEKS) - BEGIN
    ).frame
    assert frame["alarm"].any()
    x: list[float] = []
    mean: list[float] = []
    previous: list[float] = []
    for i, row in enumerate(frame.itertuples()):
        before = counts[BEGIN + i - 1]
        before = 0.0 if math.isnan(before) else before
        expected, bound = float(row.expected), float(row.upper_bound)  # type: ignore[arg-type]

        old = (list(x), list(mean), list(previous))
        statistic = partial(with_point, old, mean=expected, previous=before, spec=spec)
        if before > 0.0 and len(x) + 1 >= spec.min_window_steps:
            assert statistic(bound) >= spec.threshold
            assert bound == 0.0 or statistic(bound - 1.0) < spec.threshold
        else:
            assert math.isnan(bound)
        if math.isnan(counts[BEGIN + i]):
            assert row.reason == "missing_count"
            continue
        assert row.score == pytest.approx(statistic(counts[BEGIN + i]), rel=1e-7, abs=1e-7)
        assert row.alarm == (float(row.score) >= spec.threshold)  # type: ignore[arg-type]
        x.append(counts[BEGIN + i])
        mean.append(expected)
        previous.append(before)
        if row.alarm:
            x, mean, previous = [], [], []


def test_epidemics_are_found_sooner_than_by_the_package_s_search() -> None:
    """Its parameter for negative binomial counts is that of another chart."""
    random = np.random.default_rng(4)
    n_series, onset, alpha = 200, 145, 0.2

    def draw(mean: Floats) -> Floats:
        return random.negative_binomial(1.0 / alpha, 1.0 / (1.0 + alpha * mean)).astype(float)

    counts = draw(np.full((len(WEEKS), n_series), 6.0))
    for t in range(onset, len(WEEKS)):
        counts[t] = draw(6.0 + 0.4 * counts[t - 1])
    wide = pd.DataFrame(counts, index=WEEKS)
    weeks = {}
    for compat in (True, False):
        spec = ts.Glr(change="epidemic", overdispersion=alpha, compat=compat)
        alarm = spec.detect(wide, last=len(WEEKS) - BEGIN).tables["alarm"]
        assert alarm[:, : onset - BEGIN].mean() < 0.005
        at_last = np.concatenate([alarm[:, onset - BEGIN :], np.ones((n_series, 1), bool)], axis=1)
        weeks[compat] = float(at_last.argmax(axis=1).mean())
    assert weeks[False] < weeks[True] - 1.5
