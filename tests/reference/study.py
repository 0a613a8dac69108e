"""Data with a probability model: counts, what is expected, and what is extreme."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

ModelName = Literal["permutation", "poisson", "bernoulli"]
Counts = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Eligibility:
    """What a window must have to be a cluster."""

    rates: Literal["high", "low", "both"] = "high"
    min_cases_high: int = 2
    min_cases_low: int = 0
    min_relative_risk: float = 0.0
    max_relative_risk: float = math.inf


@dataclass(frozen=True, kw_only=True)
class Study:
    """Cases and measure (expected cases, or individuals) of every location in every interval."""

    model: ModelName
    cases: Counts
    measure: NDArray[np.float64]

    @property
    def n_cases(self) -> int:
        """Number of cases."""
        return int(self.cases.sum())

    @property
    def total_measure(self) -> float:
        """Expected cases, or individuals, in all."""
        total = float(self.measure.sum())
        return total if self.model == "bernoulli" else float(self.n_cases)

    def expected(self, measure: float) -> float:
        """Cases that the null hypothesis expects in a window."""
        return self.n_cases * measure / self.total_measure

    def log_likelihood_ratio(self, cases: int, measure: float) -> float:
        """Of one risk inside and another one outside, against the same risk everywhere."""
        if self.model == "bernoulli":
            return bernoulli_log_likelihood_ratio(cases, measure, self.n_cases, self.total_measure)
        return poisson_log_likelihood_ratio(cases, measure, self.n_cases)

    def risk_ratio(self, cases: int, measure: float) -> float:
        """Risk inside / risk outside, or observed / expected for the space-time permutation."""
        if self.model == "permutation":
            return cases / measure
        outside = self.n_cases - cases
        if outside == 0:
            return math.inf
        return (cases / measure) / (outside / (self.total_measure - measure))

    def is_high(self, cases: int, measure: float, rule: Eligibility) -> bool:
        """Whether a window may be a cluster of high rates."""
        return (
            rule.rates in ("high", "both")
            and measure > 0
            and cases * self.total_measure > measure * self.n_cases
            and cases >= rule.min_cases_high
            and self.risk_ratio(cases, measure) >= rule.min_relative_risk
        )

    def is_low(self, cases: int, measure: float, rule: Eligibility) -> bool:
        """Whether a window may be a cluster of low rates."""
        return (
            rule.rates in ("low", "both")
            and measure > 0
            and cases * self.total_measure < measure * self.n_cases
            and cases >= rule.min_cases_low
            and self.risk_ratio(cases, measure) <= rule.max_relative_risk
        )


def _count_log(count: float, ratio: float) -> float:
    return count * math.log(ratio) if count > 0 else 0.0


def poisson_log_likelihood_ratio(cases: int, expected: float, n_cases: int) -> float:
    """Kulldorff (1997), with expected cases that sum to the number of cases."""
    inside = _count_log(cases, cases / expected)
    outside = n_cases - cases
    if outside == 0:
        return inside
    return inside + _count_log(outside, outside / (n_cases - expected))


def bernoulli_log_likelihood_ratio(
    cases: int, individuals: float, n_cases: int, n_individuals: float
) -> float:
    """Kulldorff and Nagarwalla (1995)."""
    return (
        _bernoulli_log_likelihood(cases, individuals)
        + _bernoulli_log_likelihood(n_cases - cases, n_individuals - individuals)
        - _bernoulli_log_likelihood(n_cases, n_individuals)
    )


def _bernoulli_log_likelihood(cases: int, individuals: float) -> float:
    if individuals == 0:
        return 0.0
    controls = individuals - cases
    return _count_log(cases, cases / individuals) + _count_log(controls, controls / individuals)


def permutation_study(cases_by_stratum: list[Counts]) -> Study:
    """Space-time permutation: in every stratum the product of the margins."""
    cases = np.sum(cases_by_stratum, axis=0)
    measure = np.zeros(cases.shape)
    for counts in cases_by_stratum:
        if counts.sum() > 0:
            by_location, by_interval = counts.sum(axis=1), counts.sum(axis=0)
            measure += np.outer(by_location, by_interval) / counts.sum()
    return Study(model="permutation", cases=cases, measure=measure)


def poisson_study(cases: Counts, expected: NDArray[np.float64]) -> Study:
    """Discrete Poisson: expected counts, scaled to sum to the cases."""
    return Study(model="poisson", cases=cases, measure=expected * (cases.sum() / expected.sum()))


def bernoulli_study(cases: Counts, controls: Counts) -> Study:
    """Bernoulli: cases among individuals."""
    return Study(model="bernoulli", cases=cases, measure=(cases + controls).astype(np.float64))
