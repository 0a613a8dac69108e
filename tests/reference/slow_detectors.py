"""Detectors written down as their definitions say, one point at a time, with dense matrices."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from enteroscan import timeseries as ts

Floats = NDArray[np.float64]
ROOT = {"none": 1.0, "1/2": 0.5, "2/3": 2.0 / 3.0}


@dataclass
class Verdict:
    """What a detector says of a point; NaN where it has nothing to say."""

    expected: float = np.nan
    upper_bound: float = np.nan
    p_value: float = np.nan
    dispersion: float = np.nan
    trend: float = np.nan
    alarm: bool = False


# ---- where the same season lay


def years_before(dates: pd.DatetimeIndex, t: int, years: int, every: str) -> int | None:
    """Return the point nearest to the same date, for weeks and days on the same day of the week."""
    then = dates[t] - pd.DateOffset(years=years)
    if dates[t].month == 2 and dates[t].day == 29 and then.day == 28:
        then += pd.Timedelta(days=1)
    if every != "month":
        nearest = [
            day
            for day in (then + pd.Timedelta(days=shift) for shift in range(-3, 4))
            if day.day_of_week == dates[t].day_of_week
        ]
        then = nearest[0]
    found = np.flatnonzero(dates == then)
    return int(found[0]) if len(found) else None


# ---- quasi-Poisson regression


@dataclass
class Fit:
    """A regression as R's glm.fit leaves it."""

    converged: bool
    beta: Floats
    inverse: Floats
    weights: Floats
    mu: Floats
    dispersion: float
    df: float
    leverage: Floats
    prior: Floats


def glm(y: Floats, design: Floats, offset: Floats, prior: Floats) -> Fit:
    """Fit by iteratively reweighted least squares, with the start and the end of glm.fit."""

    def deviance(mu: Floats) -> float:
        with np.errstate(divide="ignore", invalid="ignore"):
            term = np.where(y > 0, y * np.log(y / mu), 0.0)
        return float(2.0 * np.sum(prior * (term - (y - mu))))

    mu = y + 0.1
    eta: Floats = np.log(mu)
    before = deviance(mu)
    converged = False
    for _ in range(25):
        weights = prior * mu
        working = eta - offset + (y - mu) / mu
        root = np.sqrt(weights)[:, None]
        beta = np.linalg.lstsq(root * design, root[:, 0] * working, rcond=None)[0]
        eta = design @ beta + offset
        mu = np.exp(eta)
        now = deviance(mu)
        converged = abs(now - before) / (abs(now) + 0.1) < 1e-8
        before = now
        if converged:
            break
    inverse = np.linalg.inv(design.T @ (weights[:, None] * design))
    residual = (y - mu) / mu
    df = len(y) - design.shape[1]
    leverage = weights * np.einsum("ij,jk,ik->i", design, inverse, design)
    dispersion = float(np.sum(weights * residual**2) / df)
    return Fit(
        converged,
        np.asarray(beta, float),
        np.asarray(inverse, float),
        weights,
        mu,
        dispersion,
        df,
        leverage,
        prior,
    )


def fit_twice(y: Floats, design: Floats, offset: Floats, threshold: float | None) -> Fit | None:
    """Fit, and again with less weight for what stands out by Anscombe's residuals."""
    fit = glm(y, design, offset, np.ones(len(y)))
    if not fit.converged:
        return None
    if threshold is None:
        return fit
    phi = max(1.0, fit.dispersion)
    residual = 1.5 * (y ** (2 / 3) * fit.mu ** (-1 / 6) - np.sqrt(fit.mu))
    # A point that is fitted exactly has no residual.
    spare = np.maximum(1.0 - fit.leverage, 0.0)
    exact = spare < 1e-12
    residual = np.where(exact, 0.0, residual / np.sqrt(phi * np.where(exact, 1.0, spare)))
    weights = np.maximum(residual, threshold) ** -2.0
    weights[residual <= threshold] = 1.0
    return glm(y, design, offset, weights * len(y) / weights.sum())


def decide(
    spec: ts.Farrington | ts.FarringtonFlexible,
    counts: Floats,
    t: int,
    baseline: Sequence[int],
    levels: Sequence[int],
    time: Floats,
    population: Floats | None,
) -> Verdict:
    """Judge a point by a baseline; the level of the point itself is the greatest there is."""
    used = np.array(baseline)
    y = counts[used]
    offset = np.zeros(len(y)) if population is None else np.log(population[used])
    own_offset = 0.0 if population is None else float(np.log(population[t]))
    names = sorted(set(levels))
    dummies = (np.array(levels)[:, None] == np.array(names)).astype(float)
    own = np.array([float(name == names[-1]) for name in names])
    flexible = isinstance(spec, ts.FarringtonFlexible)
    bound_method = getattr(spec, "bound", "delta")
    threshold = getattr(spec, "reweight_above", 1.0) if spec.reweight else None

    def test_dispersion(fit: Fit) -> float:
        if flexible and spec.compat and spec.reweight:
            residual = (y - fit.mu) / fit.mu
            return float(np.sum(fit.prior * residual**2) / fit.df)
        return fit.dispersion

    origin = time[used].min()
    fit, row, slope = None, own, 0.0
    if spec.trend:
        design = np.column_stack([dummies, time[used] - origin])
        with_trend = fit_twice(y, design, offset, threshold)
        if with_trend is not None:
            row = np.append(own, time[t] - origin)
            se = np.sqrt(test_dispersion(with_trend) * with_trend.inverse[-1, -1])
            p = 2.0 * stats.t.sf(abs(with_trend.beta[-1]) / se, with_trend.df)
            inside = np.exp(row @ with_trend.beta + own_offset) <= y.max()
            if spec.years_back >= 3 and (spec.max_trend_p >= 1 or p < spec.max_trend_p) and inside:
                fit, slope = with_trend, float(with_trend.beta[-1])
    if fit is None:
        fit, row = fit_twice(y, dummies, offset, threshold), own
    if fit is None:
        return Verdict()
    eta = float(row @ fit.beta + own_offset)
    mu, phi = float(np.exp(eta)), max(1.0, fit.dispersion)
    variance = test_dispersion(fit) * float(row @ fit.inverse @ row)
    z = float(stats.norm.isf(spec.alpha if flexible else spec.alpha / 2))
    if bound_method == "delta":
        e = ROOT[spec.power]
        if not flexible:  # the standard error is that of the dispersion from 1 up
            variance = phi * float(row @ fit.inverse @ row)
        tau = phi + mu * variance
        sd = {1.0: np.sqrt(mu * tau), 0.5: np.sqrt(tau / 4)}.get(
            e, np.sqrt(4 / 9 * mu ** (1 / 3) * tau)
        )
        bound = float((mu**e + z * sd) ** (1 / e))
        p_value = float(stats.norm.sf((counts[t] ** e - mu**e) / sd))
    else:
        m = np.exp(eta + (z * np.sqrt(variance) if bound_method == "muan" else 0.0))
        law = stats.nbinom(m / (phi - 1.0), 1.0 / phi) if phi > 1.0 else stats.poisson(m)
        bound, p_value = float(law.ppf(1.0 - spec.alpha)), float(law.sf(counts[t] - 1))
    recent = counts[max(0, t + 1 - spec.min_recent_steps) : t + 1]
    enough = np.nansum(recent) >= spec.min_recent_cases
    return Verdict(mu, bound, p_value, phi, slope, bool(counts[t] > bound and enough))


def farrington_flexible(
    spec: ts.FarringtonFlexible,
    counts: Floats,
    dates: pd.DatetimeIndex | None,
    t: int,
    *,
    every: str,
    freq: int,
    population: Floats | None = None,
) -> Verdict:
    """Judge point t by all weeks of earlier years, in levels of the season."""
    w, b, p = spec.half_window_steps, spec.years_back, spec.season_levels
    points = [
        t - freq * i if dates is None else years_before(dates, t, i, every) for i in range(b + 1)
    ]
    if any(point is None or point < 0 for point in points):
        return Verdict()
    reference = [int(point) for point in points if point is not None]
    level: dict[int, int] = {}
    for i in range(1, b + 1):
        first = reference[i] + w + 1
        gap = reference[i - 1] - 2 * w - 1 - reference[i]
        if p > 1:
            sizes = [gap // (p - 1) + (k < gap % (p - 1)) for k in range(p - 1)]
            labels = np.repeat(np.arange(1, p), sizes)
            level |= {first + k: int(label) for k, label in enumerate(labels)}
    for i in range(1, b + 1):
        level |= dict.fromkeys(range(reference[i] - w, reference[i] + w + 1), p)
    if p > 1:
        level |= dict.fromkeys(range(t - w, t + 1), p)
    excluded = w if spec.recent_steps_excluded is None else spec.recent_steps_excluded
    baseline = [
        point
        for point in sorted(level)
        if 0 <= point < t - excluded and not np.isnan(counts[point])
    ]
    time = np.arange(len(counts), dtype=float)
    if dates is not None:
        days = (dates - dates[0]).days.to_numpy(dtype=float)
        # Units are the first step of the series; the origin changes nothing.
        time = days / days[1]
    return decide(spec, counts, t, baseline, [level[i] for i in baseline], time, population)


def farrington(
    spec: ts.Farrington,
    counts: Floats,
    dates: pd.DatetimeIndex | None,
    t: int,
    *,
    every: str,
    freq: int,
) -> Verdict:
    """Judge point t by the same weeks of earlier years."""
    w = spec.half_window_steps
    baseline: list[int] = []
    for i in range(spec.years_back, 0, -1):
        point = t - freq * i if dates is None else years_before(dates, t, i, every)
        if point is not None:
            baseline += range(point - w, point + w + 1)
    baseline = [point for point in baseline if 0 <= point < t and not np.isnan(counts[point])]
    time = np.arange(len(counts), dtype=float)
    if every == "month" and dates is not None:
        days = (dates - dates[0]).days.to_numpy(dtype=float)
        time = days / days[1]
    return decide(spec, counts, t, baseline, [0] * len(baseline), time, None)


# ---- plain means


def reference_points(variant: int, t: int, back: Sequence[int | None]) -> list[int]:
    """Return the comparable points of RKI and Bayes."""
    half, years, current = {1: (6, 0, True), 2: (6, 1, True), 3: (4, 2, False)}[variant]
    points = list(range(t - half, t)) if current else []
    for year in range(years):
        middle = back[year]
        if middle is not None:
            points += range(middle - half, middle + half + 1)
    return points


def cusum(spec: ts.Cusum, counts: Floats, begin: int, freq: float) -> list[Verdict]:
    """Return the chart from point begin on; the score is in `expected`'s place of the alarm."""
    training = counts[:begin]
    if spec.mean == "training":
        means = np.full(len(counts), np.nanmean(training))
    elif spec.mean == "seasonal":
        angle = 2 * np.pi * np.arange(1, len(counts) + 1) / freq
        design = np.column_stack([np.ones(len(counts)), np.cos(angle), np.sin(angle)])
        there = ~np.isnan(training)
        n = int(there.sum())
        fit = glm(training[there], design[:begin][there], np.zeros(n), np.ones(n))
        means = np.exp(design @ fit.beta)
    else:
        means = np.full(len(counts), float(spec.mean))
    chart, verdicts = 0.0, []
    for t in range(begin, len(counts)):
        x, m = counts[t], means[t]
        if not np.isnan(x):
            z = {
                "none": x,
                "standard": (x - m) / np.sqrt(m),
                "rossi": (x - 3 * m + 2 * np.sqrt(x * m)) / (2 * np.sqrt(m)),
                "anscombe": 1.5 * (x ** (2 / 3) - m ** (2 / 3)) / m ** (1 / 6),
                "anscombe2nd": 1.5
                * (x ** (2 / 3) - (m ** (2 / 3) - m ** (-1 / 3) / 9))
                / m ** (1 / 6),
                "pearson_neg_bin": (x - m) / np.sqrt(m + spec.overdispersion * m * m),
            }[spec.transformation]
            chart = max(0.0, chart + z - spec.k)
        alarm = bool(not np.isnan(x) and chart >= spec.h)
        verdicts.append(Verdict(expected=m, dispersion=chart, alarm=alarm))
        if alarm and spec.reset:
            chart = 0.0
    return verdicts
