"""Confidence intervals of relative risks."""

import numpy as np
from numpy.typing import NDArray

from enteroscan._places import Floats

CONFIDENCE = 0.95

Ints = NDArray[np.int64]


def ratio(numerator: Floats, denominator: Floats) -> Floats:
    """Divide; infinity where only the denominator is 0, NaN where both are."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(numerator / denominator, dtype=np.float64)


def relative_risk(
    observed: Ints, measure: Floats, n_cases: int | Ints, total: float | Ints
) -> Floats:
    """Return the risk inside over the risk outside; measure is expected cases or individuals."""
    inside = ratio(observed.astype(np.float64), measure)
    n_outside = np.asarray(n_cases - observed, dtype=np.float64)
    outside = ratio(n_outside, np.asarray(total - measure, dtype=np.float64))
    return ratio(inside, outside)


def interval_given_total(
    observed: Ints, expected: Floats, n_cases: int | Ints
) -> tuple[Floats, Floats]:
    """Return limits of (observed / expected) / (the same outside), given the number of all cases.

    Of n_cases, those inside are binomial with a probability whose odds are the relative risk times
    expected / (n_cases - expected): limits of Clopper and Pearson (1934) for that probability,
    turned into relative risks.
    """
    low, high = _clopper_pearson(observed, n_cases)
    outside = np.maximum(n_cases - expected, 0.0)
    return (
        ratio(low * outside, (1 - low) * expected),
        ratio(high * outside, (1 - high) * expected),
    )


def interval_of_ratio(observed: Ints, expected: Floats, n_cases: int) -> tuple[Floats, Floats]:
    """Return limits of observed / expected, given the number of all cases, likewise."""
    low, high = _clopper_pearson(observed, n_cases)
    return ratio(low * n_cases, expected), ratio(high * n_cases, expected)


def interval_of_proportions(
    observed: Ints, individuals: Floats, n_cases: int, total: float
) -> tuple[Floats, Floats]:
    """Return limits of the ratio of two proportions, on the logarithmic scale (Katz et al. 1978).

    Without cases inside, or outside, there are none: 0 and infinity.
    """
    from scipy.special import ndtri

    inside, outside = observed.astype(np.float64), n_cases - observed.astype(np.float64)
    centre = relative_risk(observed, individuals, n_cases, total)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = 1 / inside - 1 / individuals + 1 / outside - 1 / (total - individuals)
        width = np.exp(ndtri((1 + CONFIDENCE) / 2) * np.sqrt(variance))
        known = (inside > 0) & (outside > 0)
        return np.where(known, centre / width, 0.0), np.where(known, centre * width, np.inf)


def _clopper_pearson(observed: Ints, n: int | Ints) -> tuple[Floats, Floats]:
    from scipy.special import betaincinv

    tail = (1 - CONFIDENCE) / 2
    # Parameters of 0 stand for limits at 0 and 1, which are filled in.
    low = betaincinv(np.maximum(observed, 1), n - observed + 1, tail)
    high = betaincinv(observed + 1, np.maximum(n - observed, 1), 1 - tail)
    return np.where(observed == 0, 0.0, low), np.where(observed == n, 1.0, high)
