"""Under the null hypothesis a p-value of at most alpha comes with probability alpha.

Many data sets are drawn with NumPy, each is scanned and ranked among 99 replicates of its own.
Ranks are uniform on 1, ..., 100 then, once ties are broken by a coin (the package counts them
against the cluster, so its p-values are never too small). A chi-square test on classes of ranks
fails by chance with probability ALPHA, any of the tests here with less than 1 %. The seeds are
fixed: what passed passes again until the random numbers change.
"""

import numpy as np
import pytest
from scipy import stats

from enteroscan import _core
from reference import problems

ALPHA = 1e-3
N_DATA_SETS = 500
N_REPLICATES = 99
N_CLASSES = 10


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "times", "rates"),
    [
        ("permutation", "prospective", "high"),
        ("permutation", "retrospective", "both"),
        ("stratified permutation", "retrospective", "high"),
        ("poisson", "prospective", "high"),
        ("poisson", "retrospective", "low"),
        ("poisson", "spatial", "both"),
        ("bernoulli", "retrospective", "high"),
        ("bernoulli", "spatial", "high"),
    ],
)
def test_p_values_are_uniform_under_the_null(model: str, times: str, rates: str) -> None:
    random = np.random.default_rng(21)
    data = problems.typical_data(random, model, 20, 12, mean=1.0)
    problem = problems.typical_problem(random, data, times, rates)
    zones, intervals = problem.zones.compiled(), problem.times.compiled()
    ranks = []
    for i in range(N_DATA_SETS):
        scan = _core.Scan(data.null(random).model(problem.rule), zones, intervals)
        maxima = scan.simulate(0, N_REPLICATES, seed=1000 + i, n_threads=1)
        maximum = scan.maximum(n_threads=1)
        rank = int(_core.ranks(np.array([maximum]), maxima)[0])
        without_ties = 1 + int(np.count_nonzero(maxima > maximum + 1e-9))
        assert 1 <= without_ties <= rank <= N_REPLICATES + 1
        ranks.append(random.integers(without_ties, rank + 1))
    classes = (np.array(ranks) - 1) * N_CLASSES // (N_REPLICATES + 1)
    counts = np.bincount(classes, minlength=N_CLASSES)
    assert stats.chisquare(counts).pvalue > ALPHA, counts
