"""Data sets under the null hypothesis, drawn with NumPy."""

import numpy as np
from numpy.typing import NDArray

from reference.study import Counts


def permutation_null(cases_by_stratum: list[Counts], random: np.random.Generator) -> list[Counts]:
    """Deal the times of the cases out anew, within every stratum."""
    return [_shuffled(counts, random) for counts in cases_by_stratum]


def _shuffled(counts: Counts, random: np.random.Generator) -> Counts:
    n_locations, n_intervals = counts.shape
    places = np.repeat(np.arange(n_locations), counts.sum(axis=1))
    times = np.repeat(np.arange(n_intervals), counts.sum(axis=0))
    shuffled = np.zeros_like(counts)
    np.add.at(shuffled, (places, random.permutation(times)), 1)
    return shuffled


def poisson_null(
    n_cases: int, expected: NDArray[np.float64], random: np.random.Generator
) -> Counts:
    """Throw the cases into the cells in proportion to what is expected there."""
    shares = expected.ravel() / expected.sum()
    return random.multinomial(n_cases, shares).reshape(expected.shape)


def bernoulli_null(cases: Counts, controls: Counts, random: np.random.Generator) -> Counts:
    """Choose anew which individuals are the cases."""
    individuals = np.repeat(np.arange(cases.size), (cases + controls).ravel())
    chosen = random.choice(individuals, size=int(cases.sum()), replace=False)
    return np.bincount(chosen, minlength=cases.size).reshape(cases.shape)


class SatscanStream:
    """SaTScan's multiplicative congruential generator, at the start of one replicate (from 0)."""

    modulus = 2**31 - 1

    def __init__(self, seed: int, replicate: int) -> None:
        self.state = (seed + replicate + 1) % self.modulus

    def uniform(self) -> float:
        """Draw a number in (0, 1)."""
        self.state = self.state * 48271 % self.modulus
        return self.state / self.modulus


def satscan_permutation_null(
    cases_by_stratum: list[Counts], seed: int, replicate: int
) -> list[Counts] | None:
    """Sort the times by random keys of single precision; None where keys tie.

    Cases get their keys in the order of time, from the last backwards, then of place.
    """
    stream = SatscanStream(seed, replicate)
    permuted = []
    for counts in cases_by_stratum:
        cells = np.argwhere(counts)
        cells = cells[np.lexsort((cells[:, 0], -cells[:, 1]))]
        cases = np.repeat(cells, counts[tuple(cells.T)], axis=0)
        keys = np.array([stream.uniform() for _ in cases], dtype=np.float32)
        if len(np.unique(keys)) < len(keys):
            return None
        places, times = cases[:, 0], cases[np.argsort(keys), 1]
        drawn = np.zeros_like(counts)
        np.add.at(drawn, (places, times), 1)
        permuted.append(drawn)
    return permuted


def satscan_bernoulli_null(cases: Counts, controls: Counts, seed: int, replicate: int) -> Counts:
    """Ask one individual after the other, by place and time; choose the rarer of the two kinds."""
    stream = SatscanStream(seed, replicate)
    individuals = cases + controls
    n_cases, n_controls = int(cases.sum()), int(controls.sum())
    wanted, left = min(n_cases, n_controls), n_cases + n_controls
    chosen = np.zeros_like(cases)
    for cell, count in np.ndenumerate(individuals):
        for _ in range(count):
            if wanted > 0 and stream.uniform() * left <= wanted:
                chosen[cell] += 1
                wanted -= 1
            left -= 1
    return individuals - chosen if n_controls < n_cases else chosen
