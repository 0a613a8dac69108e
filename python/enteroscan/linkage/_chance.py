"""How often chance makes groups as strong: statistics of all kinds of sources on one scale."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
TAIL = 0.1  # share of the replicates that the tail is fitted to
CONFIDENCE = 0.95  # that a tail is not below its lower limit
FEWEST = 10  # maxima that say how fast a tail falls


@dataclass(frozen=True, eq=False)
class Tail:
    """How often the greatest statistic of a replicate is at least as great as some number.

    Up to the upper tenth of the replicates by counting; beyond it falls exponentially, as the tails
    of maxima of log likelihood ratios do, at the rate of the mean excess (peaks over threshold),
    but never to less than the count of the replicates beyond allows (the lower limit of 95 %).
    """

    sorted_maxima: Floats
    threshold: float
    share: float  # of the maxima above the threshold
    scale: float

    @classmethod
    def of(cls, maxima: Floats) -> "Tail":
        """Fit the maxima of the replicates; 0 means that a replicate has none."""
        ordered = np.sort(maxima)
        n = len(ordered)
        positive = ordered[ordered > 0]
        if len(positive) == 0:
            return cls(ordered, 0.0, 1.0 / (n + 1), 1.0)
        threshold = float(np.quantile(ordered, 1 - TAIL, method="higher"))
        if threshold == 0.0:  # chance hardly ever makes such groups
            threshold = float(positive[0])
        excess = ordered[ordered >= threshold] - threshold
        # Few maxima say little: as if some more fell as slowly as log likelihood ratios may, by 2.
        n_more = max(FEWEST - len(excess), 0)
        scale = (excess.sum() + 2.0 * n_more) / (len(excess) + n_more)
        return cls(ordered, threshold, (len(excess) + 1) / (n + 1), max(float(scale), 0.5))

    def log_survival(self, statistic: Floats) -> Floats:
        """Return the log of the chance of at least these numbers."""
        n = len(self.sorted_maxima)
        reached = n - np.searchsorted(self.sorted_maxima, statistic, side="left")
        counted = np.log((reached + 1) / (n + 1))
        fitted = np.log(self.share) - (statistic - self.threshold) / self.scale
        fitted = np.maximum(fitted, _log_least(reached, n))
        return np.minimum(np.where(statistic <= self.threshold, counted, fitted), 0.0)


def _log_least(reached: NDArray[np.intp], n: int) -> Floats:
    """Return the log of the lower limit of a chance of which so many of n trials came true."""
    from scipy.special import betaincinv

    result = np.full(np.shape(reached), -np.inf)
    some = reached > 0
    result[some] = np.log(betaincinv(reached[some], n - reached[some] + 1.0, 1 - CONFIDENCE))
    return result


@dataclass(frozen=True, eq=False)
class Chance:
    """What chance makes of each kind of source, from replicates [replicate, kind].

    Kinds differ in how far chance gets: a restaurant has many guests, a household few. `strength`
    brings statistics on one scale for all, minus the logarithm of the chance that the greatest
    statistic of its kind is as great. The greatest strength of each replicate is what strengths
    are compared with, so that the number of kinds and of candidates is accounted for and the
    p-value holds whether the tails fit or not.
    """

    statistics: Floats

    @cached_property
    def tails(self) -> list[Tail]:
        """Return the tail of each kind."""
        return [Tail.of(column) for column in self.statistics.T]

    @cached_property
    def maxima(self) -> Floats:
        """Return the greatest strength of each replicate."""
        strengths = [
            self._of_kind(kind, self.statistics[:, kind])
            for kind in range(self.statistics.shape[1])
        ]
        return np.asarray(np.max(strengths, axis=0))

    @cached_property
    def tail(self) -> Tail:
        """Return the tail of the greatest strengths."""
        return Tail.of(self.maxima)

    def _of_kind(self, kind: int, statistic: Floats) -> Floats:
        return np.where(statistic > 0, -self.tails[kind].log_survival(statistic), 0.0)

    def strength(self, statistic: Floats, kind: "NDArray[np.intp]") -> Floats:
        """Return statistics of kinds on the common scale; 0 for those that are not positive."""
        result = np.zeros(len(statistic))
        for k in np.unique(kind):
            result[kind == k] = self._of_kind(int(k), statistic[kind == k])
        return result

    def p_values(self, strength: Floats) -> Floats:
        """Return Monte Carlo p-values: rank / (number of replicates + 1)."""
        n = len(self.maxima)
        reached = n - np.searchsorted(np.sort(self.maxima), strength - 1e-9, side="left")
        return np.asarray((reached + 1) / (n + 1))

    def tail_p_values(self, strength: Floats) -> Floats:
        """Return p-values that go on below 1 / (number of replicates + 1)."""
        return np.asarray(np.exp(self.tail.log_survival(strength)))
