"""The compiled core: numbers in, numbers out. `enteroscan` wraps it; users need not import it."""

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

__version__: str

class Zones:
    """Where to look: zones that grow around centres."""

    @property
    def n_locations(self) -> int: ...
    @property
    def n_centres(self) -> int: ...
    def neighbourhood(self, centre: int) -> tuple[NDArray[np.uint32], int, int]:
        """Members in order of entry, sizes of the smallest and the largest reported zone."""

# A size limit is (weights of the locations, largest sum of weights).
SizeLimit = tuple[NDArray[np.float64], float]

def circles(
    locations: NDArray[np.float64],  # [n, dimension]; latitude, longitude if great_circle
    centres: NDArray[np.float64],  # [m, dimension]
    *,
    great_circle: bool,
    limits: list[SizeLimit] = ...,
    max_radius: float = ...,  # km if great_circle
    reported_limits: list[SizeLimit] = ...,
    reported_max_radius: float = ...,
) -> Zones: ...
def neighbour_lists(
    n_locations: int,
    offsets: NDArray[np.int64],
    members: NDArray[np.uint32],
    centres: NDArray[np.uint32],
    *,
    limits: list[SizeLimit] = ...,
    reported_limits: list[SizeLimit] = ...,
) -> Zones: ...
def whole_area(n_locations: int) -> Zones: ...
def combined(families: list[Zones]) -> Zones: ...

class Intervals:
    """When to look: windows [start, start + length) of intervals."""

    @property
    def n_intervals(self) -> int: ...
    @property
    def runs(self) -> list[tuple[int, int, int]]:
        """(length, first start, last start), ascending by length."""
    def __len__(self) -> int: ...

def intervals_from_runs(n_intervals: int, runs: list[tuple[int, int, int]]) -> Intervals: ...
def whole_period(n_intervals: int) -> Intervals: ...
def all_intervals(n_intervals: int, *, min_length: int, max_length: int) -> Intervals: ...
def open_intervals(
    n_intervals: int, *, min_length: int, max_length: int, first_end: int
) -> Intervals: ...

Rates = Literal["high", "low", "both"]

class Model:
    """What is expected, what is extreme, what is chance."""

    @property
    def n_locations(self) -> int: ...
    @property
    def n_intervals(self) -> int: ...
    @property
    def n_cases(self) -> int: ...
    @property
    def total_measure(self) -> float: ...
    def location_totals(
        self, start: int, end: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Observed and measure of every location in the intervals [start, end)."""

# cases: rows (location, interval, number of cases), in any order, repeats are added up
def space_time_permutation(
    location: NDArray[np.int32],
    interval: NDArray[np.int32],
    count: NDArray[np.int64],
    stratum: NDArray[np.int32] | None,  # cases are permuted within strata only
    *,
    n_locations: int,
    n_intervals: int,
    rates: Rates = ...,
    min_cases_high: int = ...,
    min_cases_low: int = ...,
    min_relative_risk: float = ...,  # observed / expected
    max_relative_risk: float = ...,
) -> Model: ...
def poisson(
    location: NDArray[np.int32],
    interval: NDArray[np.int32],
    count: NDArray[np.int64],
    expected: NDArray[np.float64],  # [n_locations, n_intervals]; scaled to sum to the cases
    *,
    rates: Rates = ...,
    min_cases_high: int = ...,
    min_cases_low: int = ...,
    min_relative_risk: float = ...,
    max_relative_risk: float = ...,
) -> Model: ...
def bernoulli(
    location: NDArray[np.int32],
    interval: NDArray[np.int32],
    count: NDArray[np.int64],
    control_location: NDArray[np.int32],
    control_interval: NDArray[np.int32],
    control_count: NDArray[np.int64],
    *,
    n_locations: int,
    n_intervals: int,
    rates: Rates = ...,
    min_cases_high: int = ...,
    min_cases_low: int = ...,
    min_relative_risk: float = ...,
    max_relative_risk: float = ...,
) -> Model: ...

class WindowTable:
    """Windows as columns."""

    centre: NDArray[np.int64]
    size: NDArray[np.int64]
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    observed: NDArray[np.int64]
    measure: NDArray[np.float64]
    statistic: NDArray[np.float64]
    high: NDArray[np.bool_]
    radius: NDArray[np.float64]
    span: NDArray[np.float64]
    offsets: NDArray[np.int64]
    members: NDArray[np.int64]  # those of window i: members[offsets[i] : offsets[i + 1]]

Overlap = Literal[
    "none",
    "no_centres_in_other",
    "no_centres_in_more_likely",
    "no_centres_in_less_likely",
    "no_pairs_in_each_other",
    "any",
]
RandomStream = Literal["philox", "satscan"]

class Scan:
    """Zones, intervals and a model. Verbs release the GIL, call `progress` with shares of the work
    done, and raise KeyboardInterrupt on Ctrl-C."""

    def __init__(self, model: Model, zones: Zones, intervals: Intervals) -> None: ...
    def maximum(self, *, n_threads: int = 0) -> float: ...
    def simulate(
        self,
        begin: int,
        end: int,
        *,
        seed: int,
        random_stream: RandomStream = ...,
        n_threads: int = 0,
        progress: Callable[[float], object] | None = None,
        stop_above: float = 0.0,
        stop_after: int = 0,
    ) -> NDArray[np.float64]: ...
    def clusters(
        self,
        *,
        at_least: float,
        overlap: Overlap = ...,
        at_most: int = ...,
        n_threads: int = 0,
        progress: Callable[[float], object] | None = None,
    ) -> WindowTable:
        """Clusters in reporting order: the most likely one, and others that reach `at_least`."""

TreeNull = Literal[
    "poisson",
    "poisson_free",
    "bernoulli",
    "bernoulli_free",
    "uniform",
    "permutation",
    "bernoulli_time",
]

class Tree:
    """Nodes in a hierarchy; several parents and several roots are allowed."""

    def __init__(
        self, n_nodes: int, children: NDArray[np.uint32], parents: NDArray[np.uint32]
    ) -> None: ...
    def levels(self) -> NDArray[np.uint32]: ...
    def children(self, node: int) -> NDArray[np.uint32]: ...

class TreeScan:
    """A scan of the nodes of a tree, and of days. Verbs release the GIL, call `progress` with
    shares of the work done, and raise KeyboardInterrupt on Ctrl-C."""

    def __init__(
        self,
        tree: Tree,
        unit_offsets: NDArray[np.uint32],
        unit_nodes: NDArray[np.uint32],
        cuts: NDArray[np.uint8],  # of every node: 0 none, 1 simple, 2 pairs, 3 triplets, 4 ordinal
        intervals: Intervals,
        *,
        null: TreeNull,
        cases: NDArray[np.int64],  # rows of unit, day, count
        controls: NDArray[np.int64],
        expected: NDArray[np.float64],
        probability: float,
        kinds_of_day: NDArray[np.uint32],
        rates: Rates,
        min_cases: int,
    ) -> None: ...
    def best(self, *, of_ends: bool) -> dict[str, NDArray[Any]]:
        """The best window of every node, or of every end, as columns."""

    def simulate(
        self,
        begin: int,
        end: int,
        *,
        seed: int,
        n_threads: int = 0,
        progress: Callable[[float], object] | None = None,
    ) -> NDArray[np.float64]: ...

class ExposureScan:
    """A scan of tree nodes in zones and intervals, cases exchanging all their exposures. Verbs
    release the GIL, call `progress` with shares of the work done, and raise KeyboardInterrupt on
    Ctrl-C."""

    def __init__(
        self,
        tree: Tree,
        case_offsets: NDArray[np.uint32],
        case_nodes: NDArray[np.uint32],
        zones: Zones,
        intervals: Intervals,
        *,
        location: NDArray[np.uint32],
        interval: NDArray[np.uint32],
        stratum: NDArray[np.uint32],
        min_cases: int,
    ) -> None: ...
    def best(self) -> dict[str, NDArray[Any]]:
        """The best window of every node, as columns."""

    def simulate(
        self,
        begin: int,
        end: int,
        *,
        seed: int,
        n_threads: int = 0,
        progress: Callable[[float], object] | None = None,
    ) -> NDArray[np.float64]: ...
    def permutation(self, *, seed: int, replicate: int) -> NDArray[np.uint32]:
        """For every case the one whose exposures it gets."""

def ranks(statistic: NDArray[np.float64], maxima: NDArray[np.float64]) -> NDArray[np.int64]: ...
def gumbel_p(
    statistic: NDArray[np.float64], maxima: NDArray[np.float64]
) -> NDArray[np.float64]: ...
def sequential_stop(statistic: float, maxima: NDArray[np.float64], *, threshold: int) -> int:
    """Number of maxima until so many of them have exceeded the statistic."""

def critical_value(maxima: NDArray[np.float64], alpha: float) -> float: ...
def gumbel_critical_value(maxima: NDArray[np.float64], alpha: float) -> float: ...
def recurrence_interval(
    p: NDArray[np.float64], *, period: float, analyses: int = 1
) -> NDArray[np.float64]: ...
def detector_defaults() -> dict[str, dict[str, object]]:
    """Defaults of the options as the C++ headers have them, by method."""

def scan_defaults() -> dict[str, object]:
    """Defaults of the options as the C++ headers have them."""

# ---- time series

class Detector:
    """A method that judges time points of series of counts."""

    def judge(
        self,
        counts: NDArray[np.float64],  # [series, time]
        population: NDArray[np.float64] | None,
        *,
        begin: int,
        end: int,
        n_threads: int = 0,
        progress: Callable[[float], object] | None = None,
    ) -> dict[str, NDArray[Any]]:
        """Columns of judgements, [series, point]."""

# Positions of the same season in earlier years: one row a judged point, from first_point on.
Positions = NDArray[np.int64]
Power = Literal["none", "1/2", "2/3"]

def ears(
    *,
    method: str,
    baseline: int,
    min_sigma: float,
    alpha: float,
    student: bool,
    compat: bool,
) -> Detector: ...
def rki(
    years: Positions, first_point: int, *, half_window: int, current_year: bool
) -> Detector: ...
def bayes(
    years: Positions, first_point: int, *, half_window: int, current_year: bool, alpha: float
) -> Detector: ...
def stroup(years: Positions, first_point: int, *, blocks_beside: int, alpha: float) -> Detector: ...
def essence(
    *,
    method: str,
    baseline: int,
    guard: int,
    weight_slow: float,
    weight_quick: float,
    alpha: float,
    min_r_squared: float,
    weekdays: NDArray[np.uint8],
    scale_proportions: bool,
) -> Detector: ...
def cusum(
    *,
    k: float,
    h: float,
    transformation: str,
    mean_model: str,
    mean: float,
    period: float,
    alpha: float,
    reset: bool,
    training: int,
    compat: bool,
) -> Detector: ...
def glr(
    *,
    threshold: float,
    alpha: float | None,
    log_shift: float | None,
    direction: str,
    change: str,
    window: int,
    min_window: int,
    period: float,
    harmonics: int,
    trend: bool,
    refit: bool,
    training: int,
    compat: bool,
) -> Detector: ...
def outbreak_p(*, threshold: float) -> Detector: ...
def negative_binomial(
    *,
    alpha: float,
    period: float,
    harmonics: int,
    trend: bool,
    training: int,
    weekdays: NDArray[np.uint8],
) -> Detector: ...
def serfling(
    *,
    alpha: float,
    period: float,
    harmonics: int,
    training: int,
    without_epidemics: NDArray[np.uint8],
) -> Detector: ...
def farrington(
    years: Positions,
    first_point: int,
    *,
    half_window: int,
    alpha: float,
    trend: bool,
    max_trend_p: float,
    reweight: bool,
    power: Power,
    recent: tuple[float, int],
    time: NDArray[np.float64],
    compat: bool,
) -> Detector: ...
def farrington_flexible(
    years: Positions,
    first_point: int,
    *,
    half_window: int,
    n_levels: int,
    excluded: int,
    alpha: float,
    trend: bool,
    max_trend_p: float,
    reweight: bool,
    weights_threshold: float,
    bound: str,
    power: Power,
    recent: tuple[float, int],
    population_offset: bool,
    time: NDArray[np.float64],
    weekdays: NDArray[np.uint8],
    compat: bool,
) -> Detector: ...

class SharedSources:
    """The search for groups of cases with a common source, and for pairs."""

    def __init__(
        self,
        reports: dict[str, NDArray[Any]],  # see linkage/reports.hpp
        *,
        first: float,
        last: float,
        fresh_since: float,
        durations: list[float],
        min_cases: int,
        max_reports: int,
    ) -> None: ...
    def groups(
        self,
        *,
        at_least: float,
        at_most: int,
        aside: NDArray[np.int32],
        n_threads: int,
        progress: Callable[[float], object] | None = None,
    ) -> list[dict[str, Any]]: ...
    def simulate(
        self,
        begin: int,
        end: int,
        *,
        seed: int,
        aside: NDArray[np.int32],
        n_threads: int,
        progress: Callable[[float], object] | None = None,
    ) -> NDArray[np.float64]:
        """Greatest statistics [replicate, kind]."""
    def permutation(
        self, *, seed: int, replicate: int, aside: NDArray[np.int32]
    ) -> NDArray[np.int32]:
        """The exposures of case c in a replicate are those of case result[c]."""
    def links(
        self,
        *,
        max_gap: float,
        at_least: float,
        same_meal_share: float,
        same_meal_hours: float,
        sale_hours: float,
        distance_km: list[float],
        distance_evidence: list[float],
        n_threads: int,
        progress: Callable[[float], object] | None = None,
    ) -> dict[str, NDArray[Any]]: ...
