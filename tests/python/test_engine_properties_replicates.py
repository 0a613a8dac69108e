"""The maxima of replicates equal those of the nested loops in the same replicates.

SaTScan's random numbers are simple enough to be drawn a second time, in Python, for the space-time
permutation and the Bernoulli model. So it is known which data the core has scanned.
"""

import itertools

import numpy as np
import pytest

import reference
from reference import problems

SEED = 12345678
N_CHUNKS = 15
PER_CHUNK = 80  # small problems a test; 1,200 in all
N_REPLICATES = 70  # more than two vectors of any instruction set
N_COMPARED = 8


def check_replicates(problem: problems.Problem, replicates: list[int]) -> None:
    maxima = problem.compiled().simulate(
        0, max(replicates) + 1, seed=SEED, random_stream="satscan", n_threads=1
    )
    assert isinstance(problem.data, problems.PermutationData | problems.BernoulliData)
    for replicate in replicates:
        data = problem.data.satscan_replicate(SEED, replicate)
        if data is not None:
            expected = problem.replicate_maximum(data)
            assert maxima[replicate] == pytest.approx(expected, rel=1e-10, abs=1e-10), replicate


@pytest.mark.slow
@pytest.mark.parametrize("chunk", range(N_CHUNKS))
def test_small_problems(chunk: int) -> None:
    for i in range(PER_CHUNK):
        random = np.random.default_rng([100, chunk, i])
        problem = problems.random_problem(random)
        while isinstance(problem.data, problems.PoissonData) or problem.data.study().n_cases > 2000:
            problem = problems.random_problem(random)
        chosen = random.choice(N_REPLICATES, N_COMPARED, replace=False).tolist()
        try:
            check_replicates(problem, [*chosen, N_REPLICATES - 1])
        except Exception as error:
            error.add_note(f"in the problem of np.random.default_rng([100, {chunk}, {i}])")
            raise


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "times"),
    [
        *itertools.product(
            ["permutation", "stratified permutation", "bernoulli"],
            ["prospective", "adjusted", "retrospective"],
        ),
        ("bernoulli", "spatial"),
    ],
)
@pytest.mark.parametrize("rates", ["high", "low", "both"])
@pytest.mark.parametrize("mean", [0.05, 1.0, 6.0])
def test_larger_problems(model: str, times: str, rates: str, mean: float) -> None:
    random = np.random.default_rng(41)
    data = problems.typical_data(random, model, 35, 15, mean=mean)
    check_replicates(problems.typical_problem(random, data, times, rates), [0, 33])


@pytest.mark.slow
@pytest.mark.parametrize("times", ["prospective", "retrospective", "spatial"])
@pytest.mark.parametrize("rates", ["high", "low", "both"])
def test_counts_beyond_one_and_two_bytes(times: str, rates: str) -> None:
    random = np.random.default_rng(42)
    data = problems.typical_data(random, "bernoulli", 25, 12, mean=300)
    study = data.study()
    assert study.cases.max() > 255
    assert study.n_cases > 65_535
    check_replicates(problems.typical_problem(random, data, times, rates), [0, 9])


def test_rule_of_least_relative_risk_holds_in_replicates() -> None:
    random = np.random.default_rng(43)
    data = problems.typical_data(random, "permutation", 20, 10, mean=1.0)
    problem = problems.typical_problem(random, data, "retrospective", "high")
    unlimited = problem.compiled().simulate(0, 20, seed=SEED, random_stream="satscan")
    strict = problems.Problem(
        data, reference.Eligibility(min_relative_risk=9.7), problem.zones, problem.times
    )
    assert strict.compiled().simulate(0, 20, seed=SEED, random_stream="satscan").tolist() != (
        unlimited.tolist()
    )
    check_replicates(strict, list(range(20)))
