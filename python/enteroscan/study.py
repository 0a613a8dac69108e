"""Turns data frames into the numbers that a scan works on, or says what is wrong with them."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from enteroscan._frames import Columns, Ledger, OnInvalid, Table, check_columns, identifiers
from enteroscan._places import (
    Codes,
    Coordinates,
    Floats,
    Places,
    places_from_cases,
    places_from_locations,
    read_coordinates,
)
from enteroscan._population import (
    Population,
    adjust_by_relative_risks,
    expected_cases,
    read_population,
    read_strata,
)
from enteroscan._time import DateLike, Dates, TimeAxis, check_inside, read_date, read_dates
from enteroscan.cases import Cases
from enteroscan.errors import DataError
from enteroscan.scan import BernoulliScan, PoissonScan, ScanSpec, SpaceTimePermutation

Neighbours = Mapping[str, Sequence[str]]

LIMIT_TOLERANCE = 1 + 1e-12  # a cluster of exactly the largest size is not lost to rounding
# Options that no replicate depends on, by how they begin.
WITHOUT_INFLUENCE = (
    "max_reported_",
    "n_jobs",
    "overlap",
    "p_values",
    "repeat_every_",
    "replicates",
    "sequential_threshold",
)
LARGEST_GRID = 50_000_000  # cells; larger ones are left to the core, which sorts


@dataclass(frozen=True)
class Counts:
    """Numbers of cases or controls by place, interval, and stratum where there are several."""

    place: NDArray[np.int32]
    interval: NDArray[np.int32]
    count: NDArray[np.int64]
    stratum: NDArray[np.int32] | None = None

    @property
    def total(self) -> int:
        """Number of individuals."""
        return int(self.count.sum())

    def by_place(self, n_places: int) -> Floats:
        """Return the number of individuals of every place."""
        return totals(self.place, self.count, n_places)


@dataclass(frozen=True)
class Lists:
    """Neighbours: list i is members[offsets[i]:offsets[i + 1]] and belongs to centres[i]."""

    offsets: NDArray[np.int64]
    members: NDArray[np.uint32]
    centres: NDArray[np.uint32]


@dataclass(frozen=True)
class Centres:
    """Where circles are centred, if not on the places."""

    names: list[str] | None
    coordinates: Coordinates


@dataclass(frozen=True)
class Study:
    """A spec and its data, as numbers. Can be sent to another process."""

    spec: ScanSpec
    axis: TimeAxis
    places: Places
    cases: Counts
    controls: Counts | None = None
    expected: Floats | None = None  # Poisson: [place, interval]
    circle_population: Floats | None = None
    centres: Centres | None = None
    neighbours: Lists | None = None
    dropped: tuple[tuple[str, int], ...] = field(default=())

    @property
    def weights(self) -> Floats:
        """What the size of a cluster is a share of, by place."""
        if self.expected is not None:
            expected: Floats = self.expected.sum(axis=1)
            return expected
        cases = self.cases.by_place(len(self.places))
        return cases if self.controls is None else cases + self.controls.by_place(len(self.places))

    @cached_property
    def fingerprint(self) -> str:
        """A text that changes with anything that replicates depend on."""
        options = {
            name: value
            for name, value in self.spec.to_dict().items()
            if not name.startswith(WITHOUT_INFLUENCE)
        }
        digest = hashlib.sha256(json.dumps(options, sort_keys=True).encode())
        for array in self._arrays():
            digest.update(repr((array.shape, array.dtype.str)).encode())
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()[:16]

    def _arrays(self) -> Iterable[NDArray[Any]]:
        parts: list[object] = [self.axis.bounds, self.expected, self.circle_population]
        for counts in (self.cases, self.controls):
            if counts is not None:
                parts += [counts.place, counts.interval, counts.count, counts.stratum]
        if self.places.coordinates is not None:
            parts.append(self.places.coordinates.points)
        if self.centres is not None:
            parts.append(self.centres.coordinates.points)
        if self.neighbours is not None:
            parts += [self.neighbours.offsets, self.neighbours.members, self.neighbours.centres]
        return (part for part in parts if isinstance(part, np.ndarray))


def totals(codes: NDArray[np.integer], numbers: NDArray[Any], n: int) -> Floats:
    """Add up the numbers of every code from 0 to n - 1."""
    return np.asarray(np.bincount(codes, numbers, n), dtype=np.float64)


def prepare(
    spec: ScanSpec,
    cases: pd.DataFrame | Cases,
    *,
    start: DateLike | None = None,
    as_of: DateLike | None = None,
    locations: pd.DataFrame | None = None,
    population: pd.DataFrame | None = None,
    controls: pd.DataFrame | None = None,
    relative_risks: pd.DataFrame | None = None,
    circle_population: pd.DataFrame | None = None,
    centres: pd.DataFrame | None = None,
    neighbours: Neighbours | None = None,
    columns: Columns | None = None,
    on_invalid: OnInvalid = "raise",
) -> Study:
    """Check the data and turn them into numbers; see `ScanSpec.scan` for what they are."""
    if isinstance(cases, Cases):
        cases, columns = cases.for_scan(columns)
    frames = {
        "cases": cases,
        "controls": controls,
        "locations": locations,
        "population": population,
        "relative_risks": relative_risks,
        "circle_population": circle_population,
        "centres": centres,
    }
    ledger = Ledger(on_invalid)
    tables = {
        name: Table(name, frame, columns, ledger)
        for name, frame in frames.items()
        if frame is not None
    }
    _check_fit(spec, set(tables), neighbours)
    check_columns(columns, list(tables.values()))
    return _Preparation(spec, tables, neighbours, start, as_of).study(ledger)


def _check_fit(spec: ScanSpec, given: set[str], neighbours: Neighbours | None) -> None:
    """Refuse data that the spec has no use for, and say which data it lacks."""
    name = type(spec).__name__
    uses = {"population": PoissonScan, "relative_risks": PoissonScan}
    for data, model in uses.items():
        if data in given and not isinstance(spec, model):
            message = f"{name} has no use for {data}; it is for {model.__name__}"
            raise DataError(message)
    if "controls" in given and not isinstance(spec, BernoulliScan):
        message = f"{name} has no use for controls; they are for BernoulliScan"
        raise DataError(message)
    if isinstance(spec, PoissonScan) and "population" not in given and spec.has_space:
        message = "PoissonScan needs the population: population=DataFrame(location, population)"
        raise DataError(message)
    shares = (spec.max_circle_share, spec.max_reported_circle_share)
    if ("circle_population" in given) != any(share is not None for share in shares):
        message = "max_circle_share and circle_population need each other; give both or neither"
        raise DataError(message)
    if "centres" in given and (neighbours is not None or not spec.has_space):
        message = (
            "centres are for circles: they go neither with neighbours nor with a temporal scan"
        )
        raise DataError(message)
    if neighbours is not None and not spec.has_space:
        message = f"neighbours have no use in analysis={spec.analysis!r}"
        raise DataError(message)


class _Preparation:
    """The steps from frames to numbers; each may reject rows of the tables."""

    def __init__(
        self,
        spec: ScanSpec,
        tables: dict[str, Table],
        neighbours: Neighbours | None,
        start: DateLike | None,
        as_of: DateLike | None,
    ) -> None:
        self.spec = spec
        self.tables = tables
        self.neighbours = neighbours
        self.people = [tables[name] for name in ("cases", "controls") if name in tables]
        self.sizes = [_read_counts(table) for table in self.people]
        self.statuses = self._read_status()
        self.places, self.place_codes = self._read_places()
        self.axis, self.intervals, self.dates = self._read_time(start, as_of)

    def study(self, ledger: Ledger) -> Study:
        cases_stratum, controls, expected = None, None, None
        match self.spec:
            case SpaceTimePermutation():
                cases_stratum = self._permutation_strata(self.spec)
            case PoissonScan():
                expected = self._expected(self.spec)
        cases = self._counts(0, cases=True, stratum=cases_stratum)
        if isinstance(self.spec, BernoulliScan):
            controls = self._counts(len(self.people) - 1, cases=False)
            if controls.total == 0:
                message = "BernoulliScan needs controls, and there are none"
                raise DataError(message)
        if cases.total == 0:
            message = "cases: there is no case that can be used"
            raise DataError(message)
        return Study(
            spec=self.spec,
            axis=self.axis,
            places=self.places,
            cases=cases,
            controls=controls,
            expected=expected,
            circle_population=self._circle_population(),
            centres=self._centres(),
            neighbours=self._lists(),
            dropped=ledger.entries,
        )

    def _read_status(self) -> NDArray[np.bool_] | None:
        """Return which rows of the cases are cases, where controls stand among them."""
        if not isinstance(self.spec, BernoulliScan) or "controls" in self.tables:
            return None
        table = self.tables["cases"]
        if not table.has("status"):
            message = (
                "BernoulliScan needs controls: give controls=DataFrame, or a column 'status' in "
                "cases that is 1 for cases and 0 for controls"
            )
            raise DataError(message)
        status = table.numbers("status")
        table.reject(
            ~np.isin(status, (0.0, 1.0)), "status", "that are neither 1 (case) nor 0 (control)"
        )
        is_case: NDArray[np.bool_] = status == 1.0
        return is_case

    def _read_places(self) -> tuple[Places, list[Codes]]:
        if not self.spec.has_space:
            places = Places.single()
        elif "locations" in self.tables:
            places = places_from_locations(self.tables["locations"])
        elif self.neighbours is not None:
            names = {str(n): None for key, row in self.neighbours.items() for n in (key, *row)}
            places = Places.without_coordinates(list(names))
        else:
            return places_from_cases(self.people)
        if self.spec.has_space and places.coordinates is None and self.neighbours is None:
            self.tables["locations"].column("latitude")
        return places, [places.codes_of(table) for table in self.people]

    def _read_time(
        self, start: DateLike | None, as_of: DateLike | None
    ) -> tuple[TimeAxis, list[NDArray[np.int64]], Dates | None]:
        spec = self.spec
        dated = [table.has("date") for table in self.people]
        if not spec.has_time and not any(dated):
            axis = self._undated_axis(start, as_of)
            return axis, [np.zeros(len(table), dtype=np.int64) for table in self.people], None
        dates = [read_dates(table, spec.time_unit) for table in self.people]
        first = self._extreme(dates, "first") if start is None else self._day("start", start)[0]
        last = self._extreme(dates, "last") if as_of is None else self._day("as_of", as_of)[1]
        axis = self._axis(first, last)
        pairs = zip(self.people, dates, strict=True)
        return axis, [check_inside(table, own, axis) for table, own in pairs], dates[0]

    def _day(self, name: str, value: DateLike) -> tuple[int, int]:
        return read_date(name, value, self.spec.time_unit)

    def _undated_axis(self, start: DateLike | None, as_of: DateLike | None) -> TimeAxis:
        if start is None and as_of is None:
            return TimeAxis.absent()
        if start is None or as_of is None:
            message = (
                "without dates of cases, start and as_of need each other; give both or neither"
            )
            raise DataError(message)
        return self._axis(self._day("start", start)[0], self._day("as_of", as_of)[1])

    def _axis(self, first: int, last: int) -> TimeAxis:
        spec = self.spec
        if first > last:
            message = "the study period ends before it starts; change start and as_of"
            raise DataError(message)
        if not spec.has_time:
            return TimeAxis.undivided(spec.time_unit, first, last)
        axis = TimeAxis.build(spec.time_unit, spec.time_aggregation, first, last)
        if axis.n_intervals >= 2**31:
            message = "the study period has too many intervals; change start or time_aggregation"
            raise DataError(message)
        if axis.max_length(spec) < axis.min_length(spec):
            message = (
                f"in the study period {axis.label(axis.first)} to {axis.label(axis.last)} "
                f"({axis.n_intervals} {'interval' if axis.n_intervals == 1 else 'intervals'}) "
                "no cluster is long enough and short enough; change start, as_of, or the limits "
                "of the duration"
            )
            raise DataError(message)
        return axis

    def _extreme(self, dates: list[Dates], which: str) -> int:
        days = np.concatenate(
            [
                table.select(getattr(own, which))
                for table, own in zip(self.people, dates, strict=True)
            ]
        )
        if len(days) == 0:
            message = "cases: there is no row that can be used"
            raise DataError(message)
        return int(days.min() if which == "first" else days.max())

    def _permutation_strata(self, spec: SpaceTimePermutation) -> Codes | None:
        stratum = None
        if spec.strata:
            [stratum], _ = read_strata([self.tables["cases"]], spec.strata)
        if spec.adjust_day_of_week:
            if self.dates is None or (self.dates.first != self.dates.last).any():
                message = "adjust_day_of_week needs the days of the cases, not months or years"
                raise DataError(message)
            weekday = self.dates.first % 7
            stratum, _ = pd.factorize(weekday if stratum is None else stratum * 7 + weekday)
        return stratum

    def _expected(self, spec: PoissonScan) -> Floats:
        if "population" not in self.tables:
            if "relative_risks" in self.tables:
                message = "relative_risks need the population: what is expected in every location"
                raise DataError(message)
            return np.diff(self.axis.bounds).astype(np.float64)[None, :]
        cases, table = self.tables["cases"], self.tables["population"]
        (case_stratum, stratum), n_strata = read_strata([cases, table], spec.covariates)
        places = self._places_of_population(table)
        population = read_population(table, places, stratum, n_strata, self.axis)
        self._check_census(population.day)
        inhabited = np.bincount(population.stratum, population.size, n_strata) > 0
        is_case = self.sizes[0] > 0
        cases.reject(
            ~inhabited[case_stratum] & is_case,
            spec.covariates[0] if spec.covariates else "location",
            "without a population of the same covariates"
            if spec.covariates
            else "where the population is zero",
            "complete the population",
        )
        expected = self._expected_of_usable(population, places, case_stratum, n_strata)
        interval = np.clip(self.intervals[0], 0, self.axis.n_intervals - 1)
        nobody = expected[self.place_codes[0], interval] == 0
        cases.reject(
            nobody & is_case, "location", "where the population is zero", "complete the population"
        )
        if cases.usable is not None:
            expected = self._expected_of_usable(population, places, case_stratum, n_strata)
        return expected

    def _check_census(self, days: NDArray[np.int64] | None) -> None:
        if days is not None and not self.axis.dated and len(np.unique(days)) > 1:
            message = "population: it changes over time; give start and as_of, or dates of cases"
            raise DataError(message)

    def _places_of_population(self, table: Table) -> Places:
        """Return the places; in a scan of time alone, too, each has relative risks of its own."""
        if self.spec.has_space or "relative_risks" not in self.tables:
            return self.places
        _, names = identifiers(table.column("location"))
        return Places.without_coordinates(names)

    def _expected_of_usable(
        self, population: Population, places: Places, case_stratum: Codes, n_strata: int
    ) -> Floats:
        cases = self.tables["cases"]
        cases_in_stratum = totals(cases.select(case_stratum), cases.select(self.sizes[0]), n_strata)
        expected = expected_cases(population, cases_in_stratum, len(places), self.axis)
        if "relative_risks" in self.tables:
            table = self.tables["relative_risks"]
            expected = adjust_by_relative_risks(expected, table, places, self.axis)
        return expected if places is self.places else expected.sum(axis=0, keepdims=True)

    def _counts(self, number: int, *, cases: bool, stratum: Codes | None = None) -> Counts:
        """Add up the rows of one table that are (not) cases."""
        table, status = self.people[number], self.statuses
        columns = [self.place_codes[number], self.intervals[number], self.sizes[number]]
        if stratum is not None:
            columns.append(stratum)
        if status is not None:
            columns.append(status == cases)
        columns = [table.select(column) for column in columns]
        if status is not None:
            chosen = columns.pop()
            columns = [column[chosen] for column in columns]
        return _aggregate(columns, len(self.places), self.axis.n_intervals)

    def _circle_population(self) -> Floats | None:
        table = self.tables.get("circle_population")
        if table is None:
            return None
        place = self.places.codes_of(table)
        size = table.numbers("population")
        table.reject(
            ~(np.isfinite(size) & (size >= 0)), "population", "without a number of at least 0"
        )
        return totals(table.select(place), table.select(size), len(self.places))

    def _centres(self) -> Centres | None:
        table = self.tables.get("centres")
        if table is None:
            return None
        coordinates = read_coordinates(table)
        own = self.places.coordinates
        if coordinates is None or own is None or coordinates.names != own.names:
            message = "centres must have coordinates of the same kind as the locations"
            raise DataError(message)
        names = None
        if table.has("location"):
            names = [str(name) for name in table.select(table.column("location").to_numpy())]
        values = table.select(coordinates.points) + 0.0
        return Centres(names, Coordinates(values, own.great_circle, own.crs))

    def _lists(self) -> Lists | None:
        if self.neighbours is None:
            return None
        codes = self.places.codes or {}
        rows = {str(key): [str(name) for name in row] for key, row in self.neighbours.items()}
        named = {name for key, row in rows.items() for name in (key, *row)}
        unknown = sorted(named - codes.keys())
        if unknown:
            message = (
                f"neighbours: {len(unknown)} are not among the locations "
                f"({', '.join(unknown[:5])}{', ...' if len(unknown) > 5 else ''}); add them there"
            )
            raise DataError(message)
        members = [list(dict.fromkeys(codes[name] for name in row)) for row in rows.values()]
        return Lists(
            np.cumsum([0, *map(len, members)], dtype=np.int64),
            np.array([code for row in members for code in row], dtype=np.uint32),
            np.array([codes[key] for key in rows], dtype=np.uint32),
        )


def _read_counts(table: Table) -> NDArray[np.int64]:
    """Return the number of individuals in every row; one where there is no column of counts."""
    if not table.has("count"):
        return np.ones(len(table), dtype=np.int64)
    numbers = table.numbers("count")
    table.reject(np.isnan(numbers), "count", "without a count")
    table.reject(
        (numbers < 0) | (numbers != np.floor(numbers)) | (numbers > 2**53),
        "count",
        "that are no whole numbers of at least 0",
    )
    if table.usable is not None:
        numbers = np.where(table.usable, numbers, 0.0)
    return numbers.astype(np.int64)


def _aggregate(columns: list[NDArray[Any]], n_places: int, n_intervals: int) -> Counts:
    """Add up the counts of equal places, intervals and strata."""
    place, interval, size, *rest = columns
    stratum = rest[0] if rest else None
    n_strata = 1 if stratum is None else int(stratum.max(initial=0)) + 1
    cells = n_places * n_intervals * n_strata
    if cells <= min(LARGEST_GRID, max(1_000_000, 4 * len(place))):
        key = place * n_intervals + interval
        if stratum is not None:
            key = key * n_strata + stratum
        totals = np.bincount(key, size, cells)
        key = np.flatnonzero(totals)
        size = totals[key].astype(np.int64)
        if stratum is not None:
            key, stratum = np.divmod(key, n_strata)
        place, interval = np.divmod(key, n_intervals)
    return Counts(
        place.astype(np.int32),
        interval.astype(np.int32),
        size,
        None if stratum is None else stratum.astype(np.int32),
    )
