"""Simulated maxima are distributed like those of data that NumPy draws and the oracle scans.

Every comparison fails by chance with probability ALPHA if the two distributions are equal (less, as
there are ties), so any of them with a probability of about 0.4 %. The seeds are fixed: what passed
passes again until the random numbers change.
"""

import dataclasses

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from reference import problems

ALPHA = 2e-4
N_ORACLE = 300
N_CORE = 4000


def make_problem(model: str, times: str, rates: str, mean: float = 1.0) -> problems.Problem:
    random = np.random.default_rng(3)
    data = problems.typical_data(random, model, 8, 7, mean=mean)
    return problems.typical_problem(random, data, times, rates)


def oracle_maxima(problem: problems.Problem) -> NDArray[np.float64]:
    random = np.random.default_rng(5)
    replicates = (problem.data.null(random) for _ in range(N_ORACLE))
    return np.array([problem.replicate_maximum(data) for data in replicates])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "times", "rates", "mean"),
    [
        ("permutation", "prospective", "high", 1),
        ("permutation", "prospective", "low", 1),
        ("permutation", "adjusted", "high", 1),
        ("permutation", "retrospective", "high", 1),
        ("permutation", "retrospective", "both", 1),
        ("stratified permutation", "prospective", "high", 1),
        ("stratified permutation", "retrospective", "both", 1),
        ("poisson", "prospective", "high", 1),
        ("poisson", "retrospective", "low", 1),
        ("poisson", "spatial", "both", 1),
        ("poisson", "prospective", "both", 40),
        ("poisson", "spatial", "high", 40),
        ("inseparable poisson", "retrospective", "high", 1),
        ("inseparable poisson", "spatial", "low", 1),
        ("bernoulli", "prospective", "high", 1),
        ("bernoulli", "retrospective", "both", 1),
        ("bernoulli", "spatial", "high", 1),
        ("bernoulli", "spatial", "low", 1),
        ("bernoulli with few controls", "spatial", "both", 1),
    ],
)
def test_distribution_of_maxima(model: str, times: str, rates: str, mean: float) -> None:
    problem = make_problem(model, times, rates, mean)
    simulated = problem.compiled().simulate(0, N_CORE, seed=6)
    assert len(np.unique(simulated)) > 20
    assert stats.ks_2samp(simulated, oracle_maxima(problem)).pvalue > ALPHA


def test_limits_of_what_is_reported_do_not_change_the_replicates() -> None:
    problem = make_problem("poisson", "spatial", "high")
    assert isinstance(problem.zones, problems.Circles)
    (weights, half) = problem.zones.limits.evaluated[0]
    limits = dataclasses.replace(problem.zones.limits, reported=[(weights, half / 4)])
    reporting_less = dataclasses.replace(
        problem, zones=dataclasses.replace(problem.zones, limits=limits)
    )
    few, many = (p.compiled().simulate(0, 99, seed=6) for p in (reporting_less, problem))
    assert few.tolist() == many.tolist()
