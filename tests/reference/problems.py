"""Random small scans, each described once for the slow oracle and for the compiled core."""

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from enteroscan import _core
from reference.nulls import (
    bernoulli_null,
    permutation_null,
    poisson_null,
    satscan_bernoulli_null,
    satscan_permutation_null,
)
from reference.scan import Window, best_per_centre
from reference.study import (
    Counts,
    Eligibility,
    Study,
    bernoulli_study,
    permutation_study,
    poisson_study,
)
from reference.windows import (
    SizeLimit,
    all_windows,
    growing,
    largest_circles,
    open_windows,
    prefixes_within,
)

Random = np.random.Generator
Zone = list[int]


# ---- data ----------------------------------------------------------------------------------------


class Data(Protocol):
    """Counts of one probability model."""

    def study(self) -> Study:
        """For the oracle."""

    def model(self, rule: Eligibility) -> _core.Model:
        """For the core."""

    def null(self, random: Random) -> "Data":
        """Other data under the null hypothesis."""


def _options(rule: Eligibility) -> dict[str, Any]:
    return vars(rule)


def _rows(counts: Counts) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int64]]:
    location, interval = np.nonzero(counts)
    return location.astype(np.int32), interval.astype(np.int32), counts[location, interval]


@dataclass(frozen=True)
class PermutationData:
    """Cases of every stratum."""

    strata: list[Counts]

    def study(self) -> Study:
        return permutation_study(self.strata)

    def model(self, rule: Eligibility) -> _core.Model:
        rows = [_rows(counts) for counts in self.strata]
        location, interval, count = (np.concatenate(column) for column in zip(*rows, strict=True))
        stratum = np.repeat(np.arange(len(rows)), [len(r[0]) for r in rows]).astype(np.int32)
        n_locations, n_intervals = self.strata[0].shape
        return _core.space_time_permutation(
            location,
            interval,
            count,
            None if len(rows) == 1 else stratum,
            n_locations=n_locations,
            n_intervals=n_intervals,
            **_options(rule),
        )

    def null(self, random: Random) -> "PermutationData":
        return PermutationData(permutation_null(self.strata, random))

    def satscan_replicate(self, seed: int, replicate: int) -> "PermutationData | None":
        """Draw what SaTScan draws; None where random numbers alone do not say it."""
        strata = satscan_permutation_null(self.strata, seed, replicate)
        return None if strata is None else PermutationData(strata)


@dataclass(frozen=True)
class PoissonData:
    """Cases, and what is expected up to a factor."""

    cases: Counts
    expected: NDArray[np.float64]

    def study(self) -> Study:
        return poisson_study(self.cases, self.expected)

    def model(self, rule: Eligibility) -> _core.Model:
        return _core.poisson(*_rows(self.cases), self.expected, **_options(rule))

    def null(self, random: Random) -> "PoissonData":
        cases = poisson_null(int(self.cases.sum()), self.expected, random)
        return PoissonData(cases, self.expected)


@dataclass(frozen=True)
class BernoulliData:
    """Cases and controls."""

    cases: Counts
    controls: Counts

    def study(self) -> Study:
        return bernoulli_study(self.cases, self.controls)

    def model(self, rule: Eligibility) -> _core.Model:
        n_locations, n_intervals = self.cases.shape
        return _core.bernoulli(
            *_rows(self.cases),
            *_rows(self.controls),
            n_locations=n_locations,
            n_intervals=n_intervals,
            **_options(rule),
        )

    def null(self, random: Random) -> "BernoulliData":
        cases = bernoulli_null(self.cases, self.controls, random)
        return BernoulliData(cases, self.cases + self.controls - cases)

    def satscan_replicate(self, seed: int, replicate: int) -> "BernoulliData":
        """Draw what SaTScan draws."""
        cases = satscan_bernoulli_null(self.cases, self.controls, seed, replicate)
        return BernoulliData(cases, self.cases + self.controls - cases)


# ---- zones ---------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Limits of the zones that are looked at, and more of those that are reported."""

    evaluated: list[SizeLimit] = field(default_factory=list)
    max_radius: float = math.inf
    reported: list[SizeLimit] = field(default_factory=list)
    reported_max_radius: float = math.inf


class Zones(Protocol):
    """A family of zones."""

    def enumerate(self, *, reported: bool) -> list[list[Zone]]:
        """For every centre the zones that are looked at, or only those that may be reported."""

    def compiled(self) -> _core.Zones:
        """For the core."""


@dataclass(frozen=True)
class Circles:
    """Circles around centres."""

    locations: NDArray[np.float64]
    centres: NDArray[np.float64]
    great_circle: bool
    limits: Limits

    def enumerate(self, *, reported: bool) -> list[list[Zone]]:
        limits, max_radius = self.limits.evaluated, self.limits.max_radius
        if reported:
            limits = limits + self.limits.reported
            max_radius = min(max_radius, self.limits.reported_max_radius)
        largest = largest_circles(
            self.centres,
            self.locations,
            great_circle=self.great_circle,
            limits=limits,
            max_radius=max_radius,
        )
        return [growing(members) for members in largest]

    def compiled(self) -> _core.Zones:
        return _core.circles(
            self.locations,
            self.centres,
            great_circle=self.great_circle,
            limits=self.limits.evaluated,
            max_radius=self.limits.max_radius,
            reported_limits=self.limits.reported,
            reported_max_radius=self.limits.reported_max_radius,
        )


@dataclass(frozen=True)
class NeighbourLists:
    """Explicit lists, each of one location."""

    n_locations: int
    lists: list[Zone]
    centres: list[int]
    limits: Limits

    def enumerate(self, *, reported: bool) -> list[list[Zone]]:
        limits = self.limits.evaluated + (self.limits.reported if reported else [])
        return [growing(prefixes_within(members, limits)) for members in self.lists]

    def compiled(self) -> _core.Zones:
        return _core.neighbour_lists(
            self.n_locations,
            np.cumsum([0, *map(len, self.lists)]),
            np.concatenate(self.lists).astype(np.uint32),
            np.array(self.centres, np.uint32),
            limits=self.limits.evaluated,
            reported_limits=self.limits.reported,
        )


@dataclass(frozen=True)
class WholeArea:
    """One zone with all locations."""

    n_locations: int

    def enumerate(self, *, reported: bool) -> list[list[Zone]]:
        return [[list(range(self.n_locations))]]

    def compiled(self) -> _core.Zones:
        return _core.whole_area(self.n_locations)


@dataclass(frozen=True)
class Combined:
    """Several families, one after the other."""

    families: list[Zones]

    def enumerate(self, *, reported: bool) -> list[list[Zone]]:
        return [zones for family in self.families for zones in family.enumerate(reported=reported)]

    def compiled(self) -> _core.Zones:
        return _core.combined([family.compiled() for family in self.families])


# ---- windows in time -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Times:
    """Windows in time for the oracle, and how the core makes the same."""

    windows: list[tuple[int, int]]
    compiled: Callable[[], _core.Intervals]


def spatial(n: int) -> Times:
    """The whole study period."""
    return Times([(0, n)], lambda: _core.whole_period(n))


def retrospective(n: int, shortest: int, longest: int) -> Times:
    """All windows."""
    return Times(
        all_windows(n, min_length=shortest, max_length=longest),
        lambda: _core.all_intervals(n, min_length=shortest, max_length=longest),
    )


def prospective(n: int, shortest: int, longest: int, first_end: int) -> Times:
    """Windows that were open in one of the last analyses."""
    return Times(
        open_windows(n, min_length=shortest, max_length=longest, first_end=first_end),
        lambda: _core.open_intervals(
            n, min_length=shortest, max_length=longest, first_end=first_end
        ),
    )


def with_whole_period(n: int, times: Times) -> Times:
    """Purely spatial windows as well."""
    runs = [*times.compiled().runs, (n, 0, 0)]
    windows = sorted({*times.windows, (0, n)})
    return Times(windows, lambda: _core.intervals_from_runs(n, runs))


# ---- problems ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Problem:
    """Everything that defines a scan."""

    data: Data
    rule: Eligibility
    zones: Zones
    times: Times

    def best_per_centre(self, *, reported: bool) -> list[Window | None]:
        """By the oracle."""
        zones = self.zones.enumerate(reported=reported)
        return best_per_centre(self.data.study(), self.rule, zones, self.times.windows)

    def replicate_maximum(self, data: Data) -> float:
        """By the oracle, for other data of the same margins; 0 where no window is eligible."""
        best = dataclasses.replace(self, data=data).best_per_centre(reported=False)
        return max((window.statistic for window in best if window is not None), default=0.0)

    def compiled(self) -> _core.Scan:
        """The same for the core."""
        model = self.data.model(self.rule)
        return _core.Scan(model, self.zones.compiled(), self.times.compiled())


def random_problem(random: Random) -> Problem:
    """One of all combinations of models, options and shapes; small, and often degenerate."""
    n_locations = int(random.integers(1, 16))
    n_intervals = int(random.integers(1, 13))
    data = random_data(random, n_locations, n_intervals)
    weights = data.study().measure.sum(axis=1)
    return Problem(
        data,
        random_rule(random),
        random_zones(random, n_locations, weights),
        random_times(random, n_intervals),
    )


def random_counts(random: Random, n_locations: int, n_intervals: int) -> Counts:
    """Few cases, many, some places or times without any, all in one place, or in one cell."""
    mean = random.choice([0.05, 0.3, 1.0, 1.0, 4.0, 4.0, 30.0, 400.0])
    counts = random.poisson(mean, (n_locations, n_intervals))
    shape = random.integers(12)
    if shape == 0:
        counts[random.random(n_locations) < 0.5] = 0
    elif shape == 1:
        counts[:, random.random(n_intervals) < 0.5] = 0
    elif shape == 2:
        counts[np.arange(n_locations) != random.integers(n_locations)] = 0
    elif shape == 3:
        counts[:, np.arange(n_intervals) != random.integers(n_intervals)] = 0
    elif shape >= 8:  # a cluster
        counts[: (n_locations + 1) // 2, n_intervals // 2 :] *= 3
    if counts.sum() == 0:
        counts[random.integers(n_locations), random.integers(n_intervals)] = 1
    return counts.astype(np.int64)


def random_data(random: Random, n_locations: int, n_intervals: int) -> Data:
    """Counts of a random model."""
    shape = (n_locations, n_intervals)
    model = random.choice(["permutation", "stratified permutation", "poisson", "bernoulli"])
    if model == "permutation":
        return PermutationData([random_counts(random, *shape)])
    if model == "stratified permutation":
        n_strata = int(random.integers(2, 4))
        return PermutationData([random_counts(random, *shape) for _ in range(n_strata)])
    if model == "poisson":
        expected = random_expected(random, n_locations, n_intervals)
        cases = random_counts(random, *shape) * (expected > 0)
        if cases.sum() == 0:
            cases = cases + (expected == expected.max())
        return PoissonData(cases, expected)
    return BernoulliData(random_counts(random, *shape), random_counts(random, *shape))


def random_expected(random: Random, n_locations: int, n_intervals: int) -> NDArray[np.float64]:
    """Equal, separable, or with a course of its own at every place; sometimes zero somewhere."""
    expected = np.ones((n_locations, n_intervals))
    shape = random.integers(4)
    if shape >= 1:
        expected *= random.lognormal(0, 1, (n_locations, 1))
    if shape >= 2:
        expected *= random.lognormal(0, 0.5, (1, n_intervals))
    if shape >= 3:
        expected *= random.lognormal(0, 0.5, expected.shape)
    if random.random() < 0.3:
        expected[random.random(n_locations) < 0.3] = 0
    if random.random() < 0.3:
        expected[random.random(expected.shape) < 0.2] = 0
    if expected.sum() == 0:
        expected[0, 0] = 1
    return expected


def random_rule(random: Random) -> Eligibility:
    """Directions, fewest cases, limits of the relative risk that no window meets exactly."""
    return Eligibility(
        rates=random.choice(["high", "low", "both"]).item(),
        min_cases_high=int(random.choice([2, 2, 3, 6])),
        min_cases_low=int(random.choice([0, 0, 1, 3])),
        min_relative_risk=float(random.choice([0.0, 0.0, 0.0, math.sqrt(2)])),
        max_relative_risk=float(random.choice([math.inf, math.inf, math.inf, math.sqrt(0.5)])),
    )


def random_zones(random: Random, n_locations: int, weights: NDArray[np.float64]) -> Zones:
    """Circles, neighbour lists, all places at once, or several of them."""
    kind = random.integers(8)
    if kind == 0:
        return WholeArea(n_locations)
    if kind == 1:
        return random_lists(random, n_locations, weights)
    circles = random_circles(random, n_locations, weights)
    if kind == 2:
        return Combined([circles, WholeArea(n_locations)])
    return circles


def random_limits(random: Random, weights: NDArray[np.float64], radius: float) -> Limits:
    """Some of all limits; `radius` is a middling distance."""

    def sizes() -> list[SizeLimit]:
        chosen = []
        if random.random() < 0.6:
            chosen.append((weights, float(weights.sum()) * random.choice([0.5, 0.5, 0.3, 1.0])))
        if random.random() < 0.2:
            other = random.integers(0, 4, len(weights)).astype(float)
            chosen.append((other, float(other.sum()) / 2))
        return chosen

    def max_radius() -> float:
        return float(random.choice([math.inf, math.inf, radius, 0.5 * radius]))

    return Limits(
        evaluated=sizes(),
        max_radius=max_radius(),
        reported=sizes() if random.random() < 0.3 else [],
        reported_max_radius=max_radius() if random.random() < 0.3 else math.inf,
    )


def random_circles(random: Random, n_locations: int, weights: NDArray[np.float64]) -> Circles:
    """Places on a grid (with equal distances), in one to three dimensions, or on the globe."""
    great_circle = bool(random.random() < 0.25)
    if great_circle:
        region = random.choice([0.1, 3.0, 60.0])
        corner = np.array([20.0, 170.0 - region])
        locations = corner + region * random.random((n_locations, 2))
        radius = 50.0 * region
    else:
        dimension = int(random.integers(1, 4))
        if random.random() < 0.5:
            side = max(2, math.ceil((2 * n_locations) ** (1 / dimension)))
            cells = random.choice(side**dimension, n_locations, replace=False)
            grid = np.stack(np.unravel_index(cells, (side,) * dimension), axis=1)
            locations = grid.astype(float)
            radius = 2.0
        else:
            locations = random.normal(size=(n_locations, dimension))
            radius = 1.0
    centres = locations
    if random.random() < 0.25:
        n_centres = int(random.integers(1, 6))
        scatter = 0.0 if great_circle else 0.5
        centres = locations[random.integers(n_locations, size=n_centres)] + scatter
    return Circles(locations, centres, great_circle, random_limits(random, weights, radius))


def random_lists(random: Random, n_locations: int, weights: NDArray[np.float64]) -> NeighbourLists:
    """Arbitrary orders of arbitrary places, which begin with their centre."""
    lists, centres = [], []
    for _ in range(random.integers(1, 6)):
        size = random.integers(1, n_locations + 1)
        members = random.choice(n_locations, size, replace=False).tolist()
        lists.append(members)
        centres.append(members[0])
    limits = random_limits(random, weights, math.inf)
    return NeighbourLists(n_locations, lists, centres, limits)


def random_times(random: Random, n: int) -> Times:
    """Purely spatial, retrospective, prospective, and combinations."""
    shortest = int(random.integers(1, max(2, n // 2 + 1)))
    longest = int(random.integers(shortest, n + 1))
    kind = random.integers(8)
    if kind == 0:
        return spatial(n)
    if kind <= 3:
        times = prospective(n, shortest, longest, n)
    elif kind == 4:
        times = prospective(n, shortest, longest, int(random.integers(shortest, n + 1)))
    else:
        times = retrospective(n, shortest, longest)
    return with_whole_period(n, times) if random.random() < 0.25 else times


# ---- typical ones --------------------------------------------------------------------------------

TIMES: dict[str, Callable[[int], Times]] = {
    "prospective": lambda n: prospective(n, 1, n // 2, n),
    "adjusted": lambda n: prospective(n, 1, n // 2, n - 2),
    "retrospective": lambda n: retrospective(n, 1, n // 3),
    "spatial": spatial,
}


def typical_data(
    random: Random, model: str, n_locations: int, n_intervals: int, *, mean: float
) -> Data:
    """Places and times of different weight, `mean` cases in a cell on average, no cluster."""
    weights = random.lognormal(0, 0.7, (n_locations, 1)) * random.lognormal(0, 0.4, n_intervals)
    expected = weights * mean / weights.mean()

    def counts(share: float) -> Counts:
        counts: Counts = random.poisson(share * expected).astype(np.int64)
        return counts

    match model:
        case "permutation":
            return PermutationData([counts(1)])
        case "stratified permutation":
            return PermutationData([counts(0.4), counts(0.6)])
        case "poisson":
            return PoissonData(counts(1), expected)
        case "inseparable poisson":
            disturbed = expected * random.lognormal(0, 1, expected.shape)
            return PoissonData(counts(1), disturbed)
        case "bernoulli":
            return BernoulliData(counts(1), counts(2))
        case "bernoulli with few controls":
            return BernoulliData(counts(1), counts(0.3))
    raise ValueError(model)


def typical_problem(random: Random, data: Data, times: str, rates: str) -> Problem:
    """Circles with up to half of the cases, expected cases or individuals."""
    measure = data.study().measure
    n_locations, n_intervals = measure.shape
    weights = measure.sum(axis=1)
    points = random.random((n_locations, 2))
    limits = Limits(evaluated=[(weights, float(weights.sum()) / 2)])
    zones = Circles(points, points, great_circle=False, limits=limits)
    rule = Eligibility(rates=rates)  # type: ignore[arg-type]
    return Problem(data, rule, zones, TIMES[times](n_intervals))


def typical_scan(model: str, times: str, mean: float, rates: str = "high") -> _core.Scan:
    """Always the same scan of 50 places in 24 intervals."""
    random = np.random.default_rng(31)
    data = typical_data(random, model, 50, 24, mean=mean)
    return typical_problem(random, data, times, rates).compiled()


def simulate_typical(model: str, times: str, mean: float, begin: int, end: int) -> list[float]:
    """Maxima of replicates [begin, end) of `typical_scan`; can be called in another process."""
    maxima = typical_scan(model, times, mean).simulate(begin, end, seed=1, n_threads=1)
    return [float(maximum) for maximum in maxima]
