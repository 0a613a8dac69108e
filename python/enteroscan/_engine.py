"""Hands a study over to the compiled core: zones, intervals, model, replicates."""

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import pairwise
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from enteroscan import _core
from enteroscan._places import Floats
from enteroscan._time import TimeAxis, read_date
from enteroscan.errors import DataError
from enteroscan.scan import Rates, ScanSpec
from enteroscan.study import LIMIT_TOLERANCE, Counts, Study

Progress = Callable[[float], object]
SizeLimit = tuple[Floats, float]  # weights of the places, largest sum

SECONDS_BETWEEN_REPORTS = 0.1  # of what an executor does
PARTS_WITHOUT_HINT = (
    8  # into which replicates are split for an executor that does not tell its size
)


@dataclass(frozen=True)
class Engine:
    """A study in the compiled core."""

    study: Study
    model: _core.Model
    observed: _core.Scan  # looks at what may be reported
    simulated: _core.Scan  # looks at everything that was looked at in earlier analyses, too
    analyses: int  # number of analyses that p-values are adjusted for

    @classmethod
    def build(cls, study: Study) -> "Engine":
        """Make the parts of a scan."""
        spec, axis = study.spec, study.axis
        model, zones = _model(study), _zones(study)
        observed = _core.Scan(model, zones, _intervals(spec, axis, axis.n_intervals))
        first_end = _first_end(spec, axis)
        if first_end == axis.n_intervals:
            return cls(study, model, observed, observed, 1)
        simulated = _core.Scan(model, zones, _intervals(spec, axis, first_end))
        return cls(study, model, observed, simulated, axis.n_intervals - first_end + 1)

    def simulate(
        self,
        replicates: range,
        *,
        n_threads: int,
        progress: Progress | None = None,
        stop_above: float = 0.0,
        stop_after: int = 0,
    ) -> Floats:
        """Return the greatest statistic of each replicate; see `_core.Scan.simulate`."""
        spec = self.study.spec
        return self.simulated.simulate(
            replicates.start,
            replicates.stop,
            seed=spec.random_state,
            random_stream=spec.random_stream,
            n_threads=n_threads,
            progress=progress,
            stop_above=stop_above,
            stop_after=stop_after,
        )


class _Eligibility(TypedDict):
    rates: Rates
    min_cases_high: int
    min_cases_low: int
    min_relative_risk: float
    max_relative_risk: float


class _Shape(TypedDict):
    n_locations: int
    n_intervals: int


def _model(study: Study) -> _core.Model:
    spec, cases = study.spec, study.cases
    unlimited = np.inf
    eligibility = _Eligibility(
        rates=spec.rates,
        min_cases_high=spec.min_cases,
        min_cases_low=spec.min_cases_low,
        min_relative_risk=0.0 if spec.min_relative_risk is None else spec.min_relative_risk,
        max_relative_risk=unlimited if spec.max_relative_risk is None else spec.max_relative_risk,
    )
    rows = _rows(cases)
    if study.expected is not None:
        return _core.poisson(*rows, study.expected, **eligibility)
    shape = _Shape(n_locations=len(study.places), n_intervals=study.axis.n_intervals)
    if study.controls is not None:
        return _core.bernoulli(*rows, *_rows(study.controls), **shape, **eligibility)
    return _core.space_time_permutation(*rows, cases.stratum, **shape, **eligibility)


def _rows(counts: Counts) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int64]]:
    return counts.place, counts.interval, counts.count


def _zones(study: Study) -> _core.Zones:
    spec, places = study.spec, study.places
    if not spec.has_space:
        return _core.whole_area(len(places))
    evaluated = _limits(study, spec.max_size_share, spec.max_circle_share)
    reported = _limits(study, spec.max_reported_size_share, spec.max_reported_circle_share)
    if study.neighbours is not None:
        _refuse_radius(spec, ("radius", "radius_km"), "neighbours have no radius")
        zones = _core.neighbour_lists(
            len(places),
            study.neighbours.offsets,
            study.neighbours.members,
            study.neighbours.centres,
            limits=evaluated,
            reported_limits=reported,
        )
    else:
        zones = _circles(study, evaluated, reported)
    if spec.include_temporal:
        return _core.combined([zones, _core.whole_area(len(places))])
    return zones


def _circles(study: Study, evaluated: list[SizeLimit], reported: list[SizeLimit]) -> _core.Zones:
    spec, coordinates = study.spec, study.places.coordinates
    if coordinates is None:
        message = "circles need coordinates: give locations with latitude and longitude, or x and y"
        raise DataError(message)
    if coordinates.great_circle:
        _refuse_radius(spec, ("radius",), "with latitude and longitude the radius is in km")
        radius, reported_radius = spec.max_radius_km, spec.max_reported_radius_km
    else:
        _refuse_radius(spec, ("radius_km",), "x and y have a unit of their own")
        radius, reported_radius = spec.max_radius, spec.max_reported_radius
    centres = coordinates if study.centres is None else study.centres.coordinates
    return _core.circles(
        coordinates.points,
        centres.points,
        great_circle=coordinates.great_circle,
        limits=evaluated,
        max_radius=np.inf if radius is None else radius,
        reported_limits=reported,
        reported_max_radius=np.inf if reported_radius is None else reported_radius,
    )


def _refuse_radius(spec: ScanSpec, units: tuple[str, ...], reason: str) -> None:
    for unit in units:
        for name in (f"max_{unit}", f"max_reported_{unit}"):
            if getattr(spec, name) is not None:
                message = f"{name} cannot be used: {reason}"
                raise DataError(message)


def _limits(study: Study, size_share: float | None, circle_share: float | None) -> list[SizeLimit]:
    limits: list[SizeLimit] = []
    for share, weights in (
        (size_share, study.weights),
        (circle_share, study.circle_population),
    ):
        if share is not None and weights is not None:
            limits.append((weights, share * float(weights.sum()) * LIMIT_TOLERANCE))
    return limits


def _first_end(spec: ScanSpec, axis: TimeAxis) -> int:
    """Return the earliest end of all windows looked at, as a number of intervals."""
    since = spec.adjust_for_analyses_since
    if since is None:
        return axis.n_intervals
    _, day = read_date("adjust_for_analyses_since", since, axis.unit)
    interval = int(axis.interval_of(np.array([day]))[0])
    if not 0 <= interval < axis.n_intervals:
        message = (
            f"adjust_for_analyses_since={since} is outside the study period "
            f"{axis.label(axis.first)} to {axis.label(axis.last)}"
        )
        raise DataError(message)
    return interval + 1


def _intervals(spec: ScanSpec, axis: TimeAxis, first_end: int) -> _core.Intervals:
    n = axis.n_intervals
    if not spec.has_time:
        return _core.whole_period(n)
    shortest, longest = axis.min_length(spec), axis.max_length(spec)
    if not spec.is_prospective:
        intervals = _core.all_intervals(n, min_length=shortest, max_length=longest)
    elif first_end == n or spec.max_duration is not None:
        intervals = _core.open_intervals(
            n, min_length=shortest, max_length=longest, first_end=first_end
        )
    else:
        intervals = _core.intervals_from_runs(n, _open_runs(spec, axis, first_end))
    if spec.include_spatial:
        return _core.intervals_from_runs(n, [*intervals.runs, (n, 0, 0)])
    return intervals


def _open_runs(spec: ScanSpec, axis: TimeAxis, first_end: int) -> list[tuple[int, int, int]]:
    """Return windows open at any end since first_end, of a share of the study period until then."""
    runs = []
    longest = np.array(
        [axis.max_length(spec, end) for end in range(first_end, axis.n_intervals + 1)]
    )
    for length in range(axis.min_length(spec), int(longest[-1]) + 1):
        earliest_end = first_end + int(np.searchsorted(longest, length))
        runs.append((length, earliest_end - length, axis.n_intervals - length))
    return runs


def simulate_with(
    executor: Executor, study: Study, replicates: range, progress: Progress | None = None
) -> Floats:
    """Simulate the replicates of a study with the workers of an executor."""
    return in_parts(executor, partial(simulate_part, study), replicates, progress)


def in_parts(
    executor: Executor,
    simulate: Callable[[range], Floats],
    replicates: range,
    progress: Progress | None = None,
) -> Floats:
    """Split the replicates among the workers of an executor; the maxima are the same."""
    n_workers = getattr(executor, "_max_workers", PARTS_WITHOUT_HINT)
    n_parts = max(1, min(len(replicates), n_workers))
    bounds = np.linspace(replicates.start, replicates.stop, n_parts + 1).astype(int).tolist()
    parts = [executor.submit(simulate, range(a, b)) for a, b in pairwise(bounds)]
    return _gather(parts, progress)


def _gather(parts: "Sequence[Future[Floats]]", progress: Progress | None) -> Floats:
    """Wait for the parts and put them together; if `progress` raises, those not begun never are."""
    pending = set(parts)
    try:
        while pending:
            done, pending = wait(pending, SECONDS_BETWEEN_REPORTS, FIRST_COMPLETED)
            for part in done:
                part.result()
            if progress is not None:
                progress(1.0 - len(pending) / len(parts))
    finally:
        for part in pending:
            part.cancel()
    return np.concatenate([part.result() for part in parts])


def simulate_part(study: Study, replicates: range) -> Floats:
    """Run in a worker: simulate some of the replicates, on one thread unless the spec says more."""
    engine = _cached_engine(_ByFingerprint(study))
    return engine.simulate(replicates, n_threads=study.spec.n_jobs or 1)


class _ByFingerprint:
    """A study that equals all studies with the same data."""

    def __init__(self, study: Study) -> None:
        self.study = study

    def __hash__(self) -> int:
        return hash(self.study.fingerprint)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, _ByFingerprint) and self.study.fingerprint == other.study.fingerprint
        )


@lru_cache(maxsize=1)
def _cached_engine(key: _ByFingerprint) -> Engine:
    return Engine.build(key.study)
