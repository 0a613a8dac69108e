"""Random numbers that only what they are for depends on."""

from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class Streams:
    """A generator for every decision, by its name, all from one seed.

    Every decision takes one uniform number, in order of the cases: more cases at the end, or
    another decision, leave the numbers before as they are.
    """

    def __init__(self, seed: int, *path: str) -> None:
        self._seed = seed
        self._path = path

    def child(self, name: str) -> "Streams":
        """Return the streams of a part."""
        return Streams(self._seed, *self._path, name)

    def generator(self, name: str) -> np.random.Generator:
        """Return the generator of a decision, at its start."""
        key = tuple(crc32(part.encode()) for part in (*self._path, name))
        return np.random.Generator(
            np.random.PCG64(np.random.SeedSequence(self._seed, spawn_key=key))
        )

    def uniform(self, name: str, *shape: int) -> Floats:
        """Return numbers between 0 and 1 for a decision."""
        return self.generator(name).random(shape)

    def happens(self, name: str, probability: Floats | float, n: int) -> Bools:
        """Decide yes or no for n cases."""
        return np.asarray(self.uniform(name, n) < probability)

    def integers(self, name: str, low: int, high: int, n: int) -> Ints:
        """Return whole numbers from low to high, both included."""
        return low + (self.uniform(name, n) * (high - low + 1)).astype(np.int64)

    def pick(self, name: str, weights: Floats, n: int) -> Ints:
        """Pick n of the options by their weights."""
        return pick(self.uniform(name, n), weights)

    def counts(self, name: str, mean: float, n: int, most: int = 1_000) -> Ints:
        """Return n numbers of a Poisson distribution, cut at the top."""
        k = np.arange(most + 1)
        log_pmf = k * np.log(max(mean, 1e-300)) - np.cumsum(np.log(np.maximum(k, 1)))
        return self.pick(name, np.exp(log_pmf - log_pmf.max()), n)

    def lognormal(self, name: str, median: float, sigma: float, n: int) -> Floats:
        """Return n numbers of a log-normal distribution."""
        return median * np.exp(sigma * ndtri(self.uniform(name, n)))


def pick(uniform: Floats, weights: Floats) -> Ints:
    """Turn uniform numbers into options by the weights of these."""
    cumulative = np.cumsum(weights)
    chosen = np.searchsorted(cumulative, uniform * cumulative[-1], side="right")
    picked: Ints = np.minimum(chosen, len(weights) - 1).astype(np.int64)
    return picked


def pick_by_group(uniform: Floats, group: Ints, weights: Floats) -> Ints:
    """Do the same with the weights of every group in a row of their own."""
    chosen = np.zeros(len(uniform), dtype=np.int64)
    for number in np.unique(group):
        inside = group == number
        chosen[inside] = pick(uniform[inside], weights[number])
    return chosen
