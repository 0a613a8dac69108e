"""How often chance makes groups as strong, and the tail beyond the replicates."""

import numpy as np
import pytest
from scipy.stats import binomtest

from enteroscan.linkage._chance import Chance

N = 999


def drawn(seed: int, heavy: float) -> Chance:
    """Return maxima of which one in a hundred is far beyond the others."""
    rng = np.random.default_rng(seed)
    usual = np.minimum(rng.exponential(1.0, N), 2.5)
    great = 3.0 + heavy * rng.exponential(1.0, N)
    return Chance(np.where(rng.random(N) < 0.01, great, usual)[:, None])


@pytest.mark.parametrize("heavy", [1.0, 3.0])
def test_tails_do_not_contradict_the_count(heavy: float) -> None:
    """Whatever shape the tail has, it is not below what the replicates beyond it allow."""
    for seed in range(20):
        chance = drawn(seed, heavy)
        for strength in np.quantile(chance.maxima, [0.5, 0.9, 0.99, 0.995, 0.999]):
            n_beyond = int(np.sum(chance.maxima >= strength))
            limits = binomtest(n_beyond, N).proportion_ci(0.9)  # 95 % on either side
            tail = chance.tail_p_values(np.array([strength]))[0]
            assert tail >= limits.low * (1 - 1e-9)


def test_tails_of_exponential_maxima_are_right() -> None:
    """Beyond all replicates: the mean logarithm over 200 draws, of which it is 0.3 at most off."""
    errors = []
    for seed in range(200):
        maxima = np.random.default_rng(seed).exponential(1.0, (N, 1))
        chance = Chance(maxima)
        at = np.array([np.log(10_000.0)])  # exceeded by one of 10,000
        strength = chance.strength(at, np.zeros(1, dtype=np.intp))
        errors.append(np.log(chance.tail_p_values(strength)[0]) - np.log(1e-4))
    assert abs(np.mean(errors)) < 0.3


def test_tails_fall() -> None:
    chance = drawn(1, 3.0)
    tail = chance.tail_p_values(np.linspace(0.0, 40.0, 2_000))
    assert (np.diff(tail) <= 1e-12).all()
