"""P-values where nothing happens, though everybody eats whole menus.

Foods of one case go together, so leaf counts that are drawn each by itself vary too little: the
scan of leaf counts finds too many clusters, that of whole cases as many as it says.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from enteroscan import _core

N_DATA_SETS = 400
N_REPLICATES = 99
N_CLASSES = 10  # of ranks
ALPHA = 1e-3  # of each test of uniformity: one of the three fails by chance in 1 of 300 seeds
FALSE_FAILURE = 1e-6  # of each comparison of rates
LEVEL = 0.05
N_CASES, N_DAYS, N_PLACES, LONGEST = 120, 30, 8, 10
MENUS = tuple(range(first, first + 9) for first in (0, 6, 12, 18))  # foods; neighbours overlap
USUAL = ((0.04, 0.32, 0.32, 0.32), (0.88, 0.04, 0.04, 0.04))  # menus, in each stratum
N_FOODS, N_GROUPS = 27, 4
FOODS = np.arange(N_FOODS)

Ints = NDArray[np.uint32]


@dataclass(frozen=True)
class Reports:
    """Cases of a district where nothing happens."""

    eaten: list[list[int]]  # by case
    day: Ints
    place: Ints
    stratum: Ints


def districts() -> Iterator[Reports]:
    """Yield districts; in stratum 1 other menus are usual, and other days."""
    random = np.random.default_rng(4)
    for _ in range(N_DATA_SETS):
        stratum = (random.random(N_CASES) < 0.4).astype(np.uint32)
        eaten = []
        for own in stratum:
            menu = MENUS[random.choice(4, p=USUAL[own])]
            eaten.append([food for food in menu if random.random() < 0.9])
        late = random.beta(6.0, 1.0, N_CASES)
        day = np.where(stratum, late, random.random(N_CASES)) * N_DAYS
        place = random.choice(N_PLACES, N_CASES, p=np.arange(1, 9) / 36)
        yield Reports(eaten, day.astype(np.uint32), place.astype(np.uint32), stratum)


def tree() -> _core.Tree:
    """Make four groups of foods that are eaten together; every fifth food has two."""
    groups = N_FOODS + FOODS // 7
    both = FOODS[::5]
    children = np.concatenate([FOODS, both]).astype(np.uint32)
    parents = np.concatenate([groups, N_FOODS + (both + 1) % N_GROUPS]).astype(np.uint32)
    return _core.Tree(N_FOODS + N_GROUPS, children, parents)


def days() -> _core.Intervals:
    return _core.open_intervals(N_DAYS, min_length=1, max_length=LONGEST, first_end=N_DAYS)


def whole_cases(reports: Reports, *, circles: bool, strata: bool) -> _core.ExposureScan:
    zones = _core.whole_area(N_PLACES)
    if circles:
        points = np.column_stack([np.arange(N_PLACES), np.arange(N_PLACES) % 3]).astype(float)
        zones = _core.combined(
            [zones, _core.circles(points, points, great_circle=False, max_radius=3.0)]
        )
    return _core.ExposureScan(
        tree(),
        np.cumsum([0, *map(len, reports.eaten)]).astype(np.uint32),
        np.array([food for own in reports.eaten for food in own], np.uint32),
        zones,
        days(),
        location=reports.place,
        interval=reports.day,
        stratum=reports.stratum if strata else np.zeros_like(reports.stratum),
        min_cases=2,
    )


def leaf_counts(reports: Reports) -> _core.TreeScan:
    """Make the tree scan that knows how often each food was named on each day."""
    rows = [
        (food, int(day), 1)
        for own, day in zip(reports.eaten, reports.day, strict=True)
        for food in own
    ]
    n_nodes = N_FOODS + N_GROUPS
    return _core.TreeScan(
        tree(),
        np.arange(n_nodes + 1, dtype=np.uint32),
        np.arange(n_nodes, dtype=np.uint32),
        np.ones(n_nodes, np.uint8),
        days(),
        null="permutation",
        cases=np.array(rows, np.int64),
        controls=np.empty((0, 3), np.int64),
        expected=np.empty(0),
        probability=0.5,
        kinds_of_day=np.empty(0, np.uint32),
        rates="high",
        min_cases=2,
    )


def rank(statistics: NDArray[np.float64], maxima: NDArray[np.float64], coin: float) -> int:
    """Return the rank of the greatest statistic; a coin decides among equal ones."""
    greatest = max(statistics, default=0.0)
    without = 1 + int(np.count_nonzero(maxima > greatest + 1e-9))
    ties = int(np.count_nonzero(np.abs(maxima - greatest) <= 1e-9))
    return without + int(coin * (ties + 1))


def ranks(*, circles: bool, strata: bool) -> NDArray[np.int64]:
    coins = np.random.default_rng(5).random(N_DATA_SETS)
    found = []
    for seed, (reports, coin) in enumerate(zip(districts(), coins, strict=True)):
        if not strata:  # the strata make no difference then
            reports = Reports(
                reports.eaten,
                np.random.default_rng(seed).permutation(reports.day),
                reports.place,
                reports.stratum,
            )
        scan = whole_cases(reports, circles=circles, strata=strata)
        maxima = scan.simulate(0, N_REPLICATES, seed=seed, n_threads=1)
        found.append(rank(scan.best()["statistic"], maxima, coin))
    return np.array(found)


@pytest.mark.parametrize(
    ("circles", "strata"), [(False, False), (True, False), (True, True)], ids=str
)
def test_p_values_of_whole_cases_are_uniform(circles: bool, strata: bool) -> None:
    found = ranks(circles=circles, strata=strata)
    counts = np.bincount((found - 1) * N_CLASSES // (N_REPLICATES + 1), minlength=N_CLASSES)
    assert stats.chisquare(counts).pvalue > ALPHA, counts
    n_small = int(np.sum(found <= LEVEL * (N_REPLICATES + 1)))
    assert n_small <= stats.binom.ppf(1 - FALSE_FAILURE, N_DATA_SETS, LEVEL)


def test_p_values_of_leaf_counts_are_too_small() -> None:
    """What the permutation of whole cases is for; compare the test above, of the same districts."""
    n_small = 0
    for seed, reports in enumerate(districts()):
        shuffled = np.random.default_rng(seed).permutation(reports.day)
        scan = leaf_counts(Reports(reports.eaten, shuffled, reports.place, reports.stratum))
        maxima = scan.simulate(0, N_REPLICATES, seed=seed, n_threads=1)
        found = rank(scan.best(of_ends=False)["statistic"], maxima, 0.5)
        n_small += found <= LEVEL * (N_REPLICATES + 1)
    assert n_small > stats.binom.ppf(1 - FALSE_FAILURE, N_DATA_SETS, LEVEL)
    assert n_small > 3 * LEVEL * N_DATA_SETS, n_small


def test_without_strata_their_habits_are_found() -> None:
    """Strata are what makes differences between them no clusters."""
    n_small = 0
    for seed, reports in enumerate(districts()):
        scan = whole_cases(reports, circles=False, strata=False)
        maxima = scan.simulate(0, N_REPLICATES, seed=seed, n_threads=1)
        n_small += rank(scan.best()["statistic"], maxima, 0.5) <= LEVEL * (N_REPLICATES + 1)
    assert n_small > stats.binom.ppf(1 - FALSE_FAILURE, N_DATA_SETS, LEVEL)
