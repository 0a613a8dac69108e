"""Scan statistics: which circle on the map, and when, holds more cases than chance would put there.

A spec says what is looked for; it is a frozen dataclass with one verb, `scan`:

>>> spec = SpaceTimePermutation(max_radius_km=3, max_duration_days=14)
>>> result = spec.scan(cases, as_of="2024-06-30")  # doctest: +SKIP
"""

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, TypedDict, Unpack, get_args

from enteroscan._options import (
    check_choice,
    check_columns,
    check_integer,
    check_number,
    made_of,
    plain_numbers,
)
from enteroscan.errors import SpecError

if TYPE_CHECKING:  # specs are light; what their verbs need is imported when they are called
    from collections.abc import Mapping
    from concurrent.futures import Executor

    import pandas as pd

    from enteroscan._frames import OnInvalid
    from enteroscan._inference import SimulatedMaxima
    from enteroscan._progress import Progress
    from enteroscan._time import DateLike
    from enteroscan.cases import Cases
    from enteroscan.results import ScanResult
    from enteroscan.study import Neighbours

__all__ = [
    "BernoulliScan",
    "PoissonScan",
    "ScanSpec",
    "SpaceTimePermutation",
]

Analysis = Literal["prospective", "retrospective", "spatial", "temporal", "prospective_temporal"]
Rates = Literal["high", "low", "both"]
TimeUnit = Literal["day", "month", "year", "generic"]
Overlap = Literal[
    "none",
    "no_centres_in_other",
    "no_centres_in_more_likely",
    "no_centres_in_less_likely",
    "no_pairs_in_each_other",
    "any",
]
PValues = Literal["monte_carlo", "sequential", "gumbel", "default"]
RandomStream = Literal["philox", "satscan"]

DURATION_SUFFIXES: dict[str, str] = {
    "day": "days",
    "month": "months",
    "year": "years",
    "generic": "steps",
}
REPEAT_UNITS = ("days", "weeks", "months", "years")


class Data(TypedDict, total=False):
    """The data of a scan beside the cases; see `ScanSpec.scan`."""

    start: "DateLike | None"
    as_of: "DateLike | None"
    locations: "pd.DataFrame | None"
    population: "pd.DataFrame | None"
    controls: "pd.DataFrame | None"
    relative_risks: "pd.DataFrame | None"
    circle_population: "pd.DataFrame | None"
    centres: "pd.DataFrame | None"
    neighbours: "Neighbours | None"
    columns: "Mapping[str, str] | None"
    on_invalid: "OnInvalid"


_CHOICES: dict[str, tuple[str, ...]] = {
    "analysis": get_args(Analysis),
    "rates": get_args(Rates),
    "time_unit": get_args(TimeUnit),
    "overlap": get_args(Overlap),
    "p_values": get_args(PValues),
    "random_stream": get_args(RandomStream),
}


@dataclass(frozen=True, kw_only=True)
class ScanSpec:
    """What all scans have in common; use a subclass, each of which is a probability model.

    SaTScan's name of an option stands in brackets.

    Parameters
    ----------
    analysis
        ``"prospective"``: clusters in space and time that are still going on when the study period
        ends; ``"retrospective"``: those that have ended as well; ``"spatial"``: places, whatever
        the time; ``"temporal"`` and ``"prospective_temporal"``: times, whatever the place
        [AnalysisType 4, 3, 1, 2, 6].
    rates
        Clusters of ``"high"`` rates, of ``"low"`` rates, or ``"both"`` [ScanAreas].
    max_size_share
        Largest cluster, as a share of the cases (space-time permutation), of the expected cases
        (Poisson) or of the individuals (Bernoulli)
        [MaxSpatialSizeInPopulationAtRisk, a percentage].
    max_radius_km, max_radius
        Largest radius: in km if places have latitude and longitude, else in the unit of their
        coordinates. None: no limit. Of several limits the smallest binds
        [MaxSpatialSizeInDistanceFromCenter].
    max_circle_share
        Largest cluster, as a share of the population in ``circle_population`` (see `scan`)
        [MaxSpatialSizeInMaxCirclePopulationFile, a percentage].
    max_reported_size_share, max_reported_radius_km, max_reported_radius, max_reported_circle_share
        Limits of the clusters that are reported. They do not change the p-values: larger clusters
        are looked at in the data's replicates all the same [MaxSpatialSize...Reported].
    time_unit
        Unit of time; ``"generic"`` stands for whole numbers instead of dates
        [TimeAggregationUnits, PrecisionCaseTimes].
    time_aggregation
        Units of time in an interval. Intervals are counted backwards from the end of the study
        period; what remains makes the first one longer [TimeAggregationLength].
    min_duration_days, min_duration_months, min_duration_years, min_duration_steps
        Shortest cluster; the one that fits ``time_unit`` (steps are for generic time). None: one
        unit [MinimumTemporalClusterSize].
    max_duration_days, max_duration_months, max_duration_years, max_duration_steps
        Longest cluster, likewise. None: see ``max_duration_share``
        [MaxTemporalSize with MaxTemporalSizeInterpretation=1].
    max_duration_share
        Longest cluster as a share of the study period, where no ``max_duration_*`` is given
        [MaxTemporalSize with MaxTemporalSizeInterpretation=0, a percentage].
    include_spatial, include_temporal
        In analyses of space and time: look at clusters that last the whole study period, and at
        clusters that cover all places, too [IncludePurelySpatial, IncludePurelyTemporal].
    overlap
        Which clusters may be reported beside a more likely one: those with no place in common
        (``"none"``); where neither holds the centre of the other (``"no_centres_in_other"``); whose
        centre is not in a more likely one; that hold no centre of a more likely one; that do not
        both hold the centre of the other; all (``"any"``). Clusters without a common interval never
        overlap [CriteriaForReportingSecondaryClusters 0, 1, 2, 3, 4, 5].
    min_cases, min_cases_low
        Fewest cases in a cluster of high, of low rates
        [MinimumCasesInHighRateClusters, MinimumCasesInLowRateClusters].
    min_relative_risk, max_relative_risk
        Least relative risk of a cluster of high rates, greatest of low rates; observed / expected
        for the space-time permutation [RiskThresholdHighClusters, RiskThresholdLowClusters].
    replicates
        Number of data sets simulated under the null hypothesis [MonteCarloReps].
    p_values
        ``"monte_carlo"``: rank / (replicates + 1). ``"sequential"``: stop as soon as
        ``sequential_threshold`` replicates exceed the most likely cluster. ``"gumbel"``: from a
        Gumbel distribution fitted to the replicates. ``"default"``: SaTScan's default, sequential,
        with Gumbel's for clusters of rank below 10 when only high rates are looked for
        [PValueReportType 1, 2, 3, 0].
    sequential_threshold
        None: (replicates + 1) // 20 [EarlyTerminationThreshold].
    adjust_for_analyses_since
        Prospective only: first end date of the analyses that have been made before, for which
        p-values are adjusted; a number in generic time
        [AdjustForEarlierAnalyses with ProspectiveStartDate].
    repeat_every_days, repeat_every_weeks, repeat_every_months, repeat_every_years
        Prospective only: how often the scan is run, for the recurrence interval. None: once an
        interval [ProspectiveFrequency].
    random_state
        Seed. The same seed gives the same replicates for any number of threads or processes.
        [RandomizationSeed]
    random_stream
        ``"philox"``, or ``"satscan"`` for SaTScan's own random numbers and p-values. SaTScan's
        default seed is 12345678.
    n_jobs
        Threads. None: one for each processor.
    """

    model: ClassVar[str]

    analysis: Analysis = "prospective"
    rates: Rates = "high"
    max_size_share: float = 0.5
    max_radius_km: float | None = None
    max_radius: float | None = None
    max_circle_share: float | None = None
    max_reported_size_share: float | None = None
    max_reported_radius_km: float | None = None
    max_reported_radius: float | None = None
    max_reported_circle_share: float | None = None
    time_unit: TimeUnit = "day"
    time_aggregation: int = 1
    min_duration_days: int | None = None
    min_duration_months: int | None = None
    min_duration_years: int | None = None
    min_duration_steps: int | None = None
    max_duration_days: int | None = None
    max_duration_months: int | None = None
    max_duration_years: int | None = None
    max_duration_steps: int | None = None
    max_duration_share: float = 0.5
    include_spatial: bool = False
    include_temporal: bool = False
    overlap: Overlap = "none"
    min_cases: int = 2
    min_cases_low: int = 0
    min_relative_risk: float | None = None
    max_relative_risk: float | None = None
    replicates: int = 999
    p_values: PValues = "monte_carlo"
    sequential_threshold: int | None = None
    adjust_for_analyses_since: date | int | None = None
    repeat_every_days: int | None = None
    repeat_every_weeks: int | None = None
    repeat_every_months: int | None = None
    repeat_every_years: int | None = None
    random_state: int = 0
    random_stream: RandomStream = "philox"
    n_jobs: int | None = None

    def __post_init__(self) -> None:
        """Refuse options that cannot be used."""
        if type(self) is ScanSpec:
            message = "ScanSpec is no model; use SpaceTimePermutation, PoissonScan or BernoulliScan"
            raise TypeError(message)
        for name, choices in _CHOICES.items():
            check_choice(name, getattr(self, name), choices)
        self._normalise()
        self._check_values()
        self._check_sizes()
        self._check_time()
        self._check_inference()

    def _normalise(self) -> None:
        """Turn NumPy's numbers into Python's, and what stands for a date into one."""
        plain_numbers(self)
        since = self.adjust_for_analyses_since
        if isinstance(since, datetime):
            object.__setattr__(self, "adjust_for_analyses_since", since.date())
        elif isinstance(since, str):
            object.__setattr__(self, "adjust_for_analyses_since", date.fromisoformat(since))

    def _check_values(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if value is None or field.name in _CHOICES:
                continue
            if field.name.endswith("_share"):
                check_number(field.name, value, above=0.0, at_most=1.0)
            elif "radius" in field.name or field.name.endswith("_relative_risk"):
                check_number(field.name, value, above=0.0)
            elif field.name in ("replicates", "min_cases_low", "random_state"):
                check_integer(field.name, value, at_least=0)
            elif field.type in (int, int | None):
                check_integer(field.name, value, at_least=1)
            elif field.type is bool and not isinstance(value, bool):
                message = f"{field.name}={value!r} must be True or False"
                raise SpecError(message)

    def _check_sizes(self) -> None:
        if self.max_radius_km is not None and self.max_radius is not None:
            message = "max_radius_km (latitude, longitude) and max_radius (x, y) exclude each other"
            raise SpecError(message)
        for unit in ("size_share", "radius_km", "radius", "circle_share"):
            evaluated = getattr(self, f"max_{unit}")
            reported = getattr(self, f"max_reported_{unit}")
            if evaluated is not None and reported is not None and reported > evaluated:
                message = (
                    f"max_reported_{unit}={reported} is more than max_{unit}={evaluated}; "
                    "only what is looked at can be reported"
                )
                raise SpecError(message)

    def _check_time(self) -> None:
        suffix = DURATION_SUFFIXES[self.time_unit]
        for unit in DURATION_SUFFIXES.values():
            for bound in ("min", "max"):
                name = f"{bound}_duration_{unit}"
                if unit != suffix and getattr(self, name) is not None:
                    message = (
                        f"{name} does not fit time_unit={self.time_unit!r}; "
                        f"use {bound}_duration_{suffix}"
                    )
                    raise SpecError(message)
        if self.max_duration is not None and self.min_duration > self.max_duration:
            message = (
                f"min_duration_{suffix}={self.min_duration} is more than "
                f"max_duration_{suffix}={self.max_duration}"
            )
            raise SpecError(message)
        for name in ("include_spatial", "include_temporal"):
            if getattr(self, name) and self.analysis not in ("prospective", "retrospective"):
                message = (
                    f"{name} is for the prospective and the retrospective analysis of space and "
                    f"time, not for analysis={self.analysis!r}"
                )
                raise SpecError(message)

    def _check_inference(self) -> None:
        if self.p_values == "gumbel" and self.rates != "high":
            message = (
                f"p_values='gumbel' holds for rates='high' only, not for rates={self.rates!r}; "
                "use p_values='monte_carlo'"
            )
            raise SpecError(message)
        if self.sequential_threshold is not None and self.p_values != "sequential":
            message = (
                "sequential_threshold is for p_values='sequential', "
                f"not for p_values={self.p_values!r}"
            )
            raise SpecError(message)
        given = [f"repeat_every_{unit}" for unit, _ in self._repeats()]
        if len(given) > 1:
            message = f"{' and '.join(given)} exclude each other"
            raise SpecError(message)
        if self.adjust_for_analyses_since is not None:
            kind = int if self.time_unit == "generic" else date
            if not isinstance(self.adjust_for_analyses_since, kind):
                message = (
                    f"adjust_for_analyses_since={self.adjust_for_analyses_since!r} must be "
                    f"{'a whole number' if kind is int else 'a date'}"
                )
                raise SpecError(message)
            given.append("adjust_for_analyses_since")
        if given and not self.is_prospective:
            message = f"{given[0]} is for prospective analyses, not for analysis={self.analysis!r}"
            raise SpecError(message)

    def _repeats(self) -> list[tuple[str, int]]:
        lengths = [(unit, getattr(self, f"repeat_every_{unit}")) for unit in REPEAT_UNITS]
        return [(unit, length) for unit, length in lengths if length is not None]

    @property
    def is_prospective(self) -> bool:
        """Whether only what is still going on is looked for."""
        return self.analysis in ("prospective", "prospective_temporal")

    @property
    def has_space(self) -> bool:
        """Whether places are told apart."""
        return self.analysis not in ("temporal", "prospective_temporal")

    @property
    def has_time(self) -> bool:
        """Whether times are told apart."""
        return self.analysis != "spatial"

    @property
    def min_duration(self) -> int:
        """Shortest cluster in units of time."""
        value: int | None = getattr(self, f"min_duration_{DURATION_SUFFIXES[self.time_unit]}")
        return 1 if value is None else value

    @property
    def max_duration(self) -> int | None:
        """Longest cluster in units of time; None where ``max_duration_share`` says it."""
        value: int | None = getattr(self, f"max_duration_{DURATION_SUFFIXES[self.time_unit]}")
        return value

    @property
    def repeat_every(self) -> tuple[str, int] | None:
        """How often the scan is run, as unit and length; None for once an interval."""
        return next(iter(self._repeats()), None)

    def to_dict(self) -> dict[str, Any]:
        """Return the model's name and all options as JSON has them."""
        values = dataclasses.asdict(self)
        for name, value in values.items():
            if isinstance(value, date):
                values[name] = value.isoformat()
            elif isinstance(value, tuple):
                values[name] = list(value)
        return {"model": self.model} | values

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Make a spec from what `to_dict` returned."""
        options = dict(values)
        name = options.pop("model", getattr(cls, "model", None))
        models = {
            spec.model: spec for spec in (cls, *cls.__subclasses__()) if hasattr(spec, "model")
        }
        if name not in models:
            message = f"model={name!r} is unknown; known are {', '.join(sorted(models))}"
            raise SpecError(message)
        return made_of(models[name], options)

    def scan(
        self,
        cases: "pd.DataFrame | Cases",
        *,
        start: "DateLike | None" = None,
        as_of: "DateLike | None" = None,
        locations: "pd.DataFrame | None" = None,
        population: "pd.DataFrame | None" = None,
        controls: "pd.DataFrame | None" = None,
        relative_risks: "pd.DataFrame | None" = None,
        circle_population: "pd.DataFrame | None" = None,
        centres: "pd.DataFrame | None" = None,
        neighbours: "Neighbours | None" = None,
        columns: "Mapping[str, str] | None" = None,
        on_invalid: "OnInvalid" = "raise",
        executor: "Executor | None" = None,
        progress: "bool | Progress | None" = None,
        simulated: "SimulatedMaxima | None" = None,
    ) -> "ScanResult":
        """Find clusters.

        Columns are found by their usual names, which are given here; others are named in
        ``columns``. Dates are dates, or texts like 2024-06-30, 2024-06 or 2024; whole numbers for
        generic time. Identifiers of locations are compared as texts.

        Parameters
        ----------
        cases
            One row a case, or with a column ``count`` (or ``cases``) numbers of cases: ``date``
            (not needed in a spatial scan), ``location`` and, without ``locations``, coordinates.
            Without a column ``location``, every spot is a location. `enteroscan.Cases` are scanned
            by onset (``columns={"date": "reported"}``: by report) at the coordinates of the homes
            or, where no case has any, by administrative code.
        start, as_of
            First and last day of the study period. None: those of the cases.
        locations
            ``location``, and ``latitude`` and ``longitude`` in degrees or ``x``, ``y`` (and
            ``z``); or a GeoDataFrame, of which the centroids are taken. Locations without cases
            belong here, too. Locations at the same spot become one, under the alphabetically first
            identifier.
        population
            PoissonScan: ``location``, ``population``, ``date`` (if it changes over time; a year
            stands for its 1 July, a month for its 15th), and the covariates. Between two dates of
            a location the population changes linearly, before the first and after the last it is
            constant.
        controls
            BernoulliScan: as cases. Or cases and controls are both in ``cases``, with a column
            ``status`` that is 1 or 0.
        relative_risks
            PoissonScan: known risks that expected cases are multiplied by: ``location``,
            ``relative_risk``, and ``start`` and ``end`` where it holds for a time only: from the
            interval with the start to that with the end.
        circle_population
            ``location``, ``population`` for ``max_circle_share``.
        centres
            Coordinates of the centres of the circles, and ``location`` for their names. None: the
            locations.
        neighbours
            Instead of circles: for every centre the identifiers of locations, in the order in which
            they enter.
        columns
            What columns are called, by their usual names: ``{"date": "onset"}``. Holds in every
            frame that has such a column.
        on_invalid
            What happens to rows that cannot be used: ``"raise"`` an error that says which, or
            ``"drop"`` them; ``result.dropped`` counts them.
        executor
            Where to simulate, any executor of `concurrent.futures` or, by
            ``client.get_executor()``, of Dask. The result is the same. None: threads of this
            process.
        progress
            True for a bar, or a function that is called with the share of the replicates done.
        simulated
            All maxima, where they have been simulated before.

        Raises
        ------
        DataError
            The data cannot be used; a ValueError. It names column, number of rows, and the first.
        """
        from enteroscan._progress import reporting
        from enteroscan.results import analyse
        from enteroscan.study import prepare

        study = prepare(
            self,
            cases,
            start=start,
            as_of=as_of,
            locations=locations,
            population=population,
            controls=controls,
            relative_risks=relative_risks,
            circle_population=circle_population,
            centres=centres,
            neighbours=neighbours,
            columns=columns,
            on_invalid=on_invalid,
        )
        with reporting(progress) as report:
            return analyse(study, executor=executor, progress=report, simulated=simulated)

    def simulate(
        self,
        cases: "pd.DataFrame | Cases",
        *,
        replicates: range,
        executor: "Executor | None" = None,
        progress: "bool | Progress | None" = None,
        **data: "Unpack[Data]",
    ) -> "SimulatedMaxima":
        """Simulate some of the replicates, to be merged with others and given to `scan`.

        Parameters
        ----------
        cases, **data
            As for `scan`.
        replicates
            Which: ``range(500, 999)``, for example.
        executor, progress
            As for `scan`.
        """
        from enteroscan._inference import simulate_part
        from enteroscan._progress import reporting
        from enteroscan.study import prepare

        study = prepare(self, cases, **data)
        with reporting(progress) as report:
            return simulate_part(study, replicates, executor, report)

    @property
    def fingerprint(self) -> str:
        """A short text that is the same for equal specs, on every machine and in every run."""
        text = json.dumps(self.to_dict(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True, kw_only=True)
class SpaceTimePermutation(ScanSpec):
    """Space-time permutation scan: needs cases alone, no population (Kulldorff et al. 2005).

    Asks where and when there are more cases than the places' and the times' own totals explain.
    The null hypothesis is that the times of cases do not depend on their places; replicates
    permute them.

    Parameters
    ----------
    strata
        Columns of the cases; times are permuted among cases of the same stratum only, so that
        clusters which the strata explain are not found [covariates in the case file].
    adjust_day_of_week
        Take the day of the week as a stratum [AdjustForWeeklyTrends].
    **options
        Those of `ScanSpec`.
    """

    model: ClassVar[str] = "space_time_permutation"

    strata: tuple[str, ...] = ()
    adjust_day_of_week: bool = False

    def __post_init__(self) -> None:
        """Refuse options that cannot be used."""
        object.__setattr__(self, "strata", check_columns("strata", self.strata))
        super().__post_init__()
        if self.analysis not in ("prospective", "retrospective"):
            message = (
                "SpaceTimePermutation needs space and time: analysis must be 'prospective' or "
                f"'retrospective', not {self.analysis!r}"
            )
            raise SpecError(message)
        if self.include_spatial or self.include_temporal:
            message = (
                "SpaceTimePermutation expects what was observed in every place and in every "
                "interval: include_spatial and include_temporal can find nothing"
            )
            raise SpecError(message)
        if self.adjust_day_of_week and (self.time_unit, self.time_aggregation) != ("day", 1):
            message = "adjust_day_of_week needs time_unit='day' and time_aggregation=1"
            raise SpecError(message)


@dataclass(frozen=True, kw_only=True)
class PoissonScan(ScanSpec):
    """Discrete Poisson scan: cases against a population that may change over time (Kulldorff 1997).

    The null hypothesis is that the expected number of cases is proportional to the population,
    within every stratum of the covariates. Replicates spread all cases at random with these
    expectations.

    Parameters
    ----------
    covariates
        Columns of cases and population, for example age group and sex; expected cases are
        standardised indirectly [covariates in the case and population files].
    **options
        Those of `ScanSpec`.
    """

    model: ClassVar[str] = "poisson"

    covariates: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse options that cannot be used."""
        object.__setattr__(self, "covariates", check_columns("covariates", self.covariates))
        super().__post_init__()


@dataclass(frozen=True, kw_only=True)
class BernoulliScan(ScanSpec):
    """Bernoulli scan: cases against controls, individuals with one of two states (Kulldorff 1997).

    The null hypothesis is that everyone is a case with the same probability. Replicates choose the
    cases at random among all individuals.

    Parameters
    ----------
    **options
        Those of `ScanSpec`.
    """

    model: ClassVar[str] = "bernoulli"
