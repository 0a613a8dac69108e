"""The scan of exposures by its definition: every node, every zone, every number of days.

Expected numbers and likelihoods are sums over the single cases of a window; the best factor of the
odds is found by halving. Nothing is shared with the package.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reference.windows import growing, largest_circles

HIGHEST_LOG_ODDS = 50.0


@dataclass(frozen=True)
class Problem:
    """Cases with a place, a day, a stratum and what they ate; days count from 0."""

    parents: list[list[int]]  # of every node
    eaten: list[list[int]]  # nodes of every case
    place: list[int]
    day: list[int]
    stratum: list[int]
    coordinates: NDArray[np.float64]  # of every place, on a plane
    n_days: int
    lengths: list[int]
    max_radius: float
    min_cases: int

    @property
    def zones(self) -> list[tuple[int, list[int]]]:
        """All zones with their centres: first all places, then circles around every place."""
        everywhere = list(range(len(self.coordinates)))
        circles = largest_circles(
            self.coordinates, self.coordinates, great_circle=False, max_radius=self.max_radius
        )
        return [
            (0, everywhere),
            *((c + 1, zone) for c, members in enumerate(circles) for zone in growing(members)),
        ]


@dataclass(frozen=True)
class Window:
    """A node in a zone and in the last days."""

    node: int
    centre: int
    size: int
    length: int
    inside: int
    cases: int
    expected: float
    statistic: float


def nodes_of(problem: Problem, eaten: Sequence[int]) -> set[int]:
    """Return the nodes eaten and all above them."""
    found: set[int] = set()
    for node in eaten:
        found |= {node} | nodes_of(problem, problem.parents[node])
    return found


def statistic(n_exposed: int, chances: Sequence[float]) -> float:
    """Return the log likelihood ratio of the best common factor of the odds against none."""

    def tilted(chance: float, theta: float) -> float:
        return chance * math.exp(theta) / (1 - chance + chance * math.exp(theta))

    low, high = 0.0, HIGHEST_LOG_ODDS
    for _ in range(100):
        middle = (low + high) / 2
        if sum(tilted(p, middle) for p in chances) < n_exposed:
            low = middle
        else:
            high = middle
    return n_exposed * low - sum(math.log1p(p * math.expm1(low)) for p in chances)


def windows(problem: Problem, eaten: Sequence[Sequence[int]]) -> Iterator[Window]:
    """Yield all windows with more cases than expected, zones in their order, short ones first."""
    n = len(eaten)
    nodes = [nodes_of(problem, own) for own in eaten]
    strata = {s: [i for i in range(n) if problem.stratum[i] == s] for s in problem.stratum}
    for node in range(len(problem.parents)):
        exposed = {i for i in range(n) if node in nodes[i]}
        share = {s: len(exposed.intersection(own)) / len(own) for s, own in strata.items()}
        for centre, zone in problem.zones:
            for length in problem.lengths:
                since = problem.n_days - length
                inside = [
                    i for i in range(n) if problem.place[i] in zone and problem.day[i] >= since
                ]
                cases = len(exposed.intersection(inside))
                chances = [share[problem.stratum[i]] for i in inside]
                expected = math.fsum(chances)
                if cases < problem.min_cases or cases <= expected * (1 + 1e-12):
                    continue
                value = statistic(cases, chances)
                size = len(zone)
                yield Window(node, centre, size, length, len(inside), cases, expected, value)


def best_of_nodes(problem: Problem) -> dict[int, Window]:
    """Return the best window of every node that has one; of equal ones the first."""
    best: dict[int, Window] = {}
    for window in windows(problem, problem.eaten):
        kept = best.get(window.node)
        if kept is None or window.statistic > kept.statistic + 1e-9:
            best[window.node] = window
    return best


def maximum(problem: Problem, source: Sequence[int]) -> float:
    """Return the greatest statistic where every case has the exposures of another one."""
    eaten = [problem.eaten[i] for i in source]
    return max((window.statistic for window in windows(problem, eaten)), default=0.0)
