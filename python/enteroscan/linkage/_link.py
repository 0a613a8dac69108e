"""Hands case reports over to the compiled core, and makes frames of what comes back."""

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from enteroscan import __version__, _core
from enteroscan._engine import in_parts
from enteroscan._time import read_date
from enteroscan.errors import DataError
from enteroscan.linkage._chance import Chance
from enteroscan.linkage._groups import MEMBER, tables
from enteroscan.linkage._links import links
from enteroscan.linkage._reports import INFECTED_DAYS, Reports, build
from enteroscan.linkage.result import LinkResult

if TYPE_CHECKING:
    from enteroscan._time import DateLike
    from enteroscan.cases import Cases
    from enteroscan.linkage.spec import SharedExposure

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Update = Callable[[float], object] | None
Window = tuple[float, float, float]  # first and last hour of exposures, fresh since

SALE_HOURS = (2.0, 6.0, 24.0, 48.0, 96.0, 168.0, 336.0, 672.0)
PAST_REPLICATES = 99
PAST_RANK = 3  # of the replicates' maxima, which an outbreak of the past must exceed
PAST_MAX_REPORTS = 200  # of a value in the whole history: others are usual anyway, and take long
PAST_ROUNDS = 8  # until none is found; each outbreak left out lets smaller ones stand out
HOMES_STREAM = 1  # of random numbers
NOBODY: Ints = np.empty(0, np.int32)


@dataclass(frozen=True, eq=False)
class Search:
    """The search for sources in a time, on one machine or many."""

    spec: "SharedExposure"
    reports: Reports
    window: Window
    max_reports: int = 0  # of a value; more popular ones are passed over, 0: none is

    def sources(self) -> _core.SharedSources:
        """Make the compiled search."""
        longest = 24.0 * self.spec.max_sale_days
        first, last, fresh_since = self.window
        return _core.SharedSources(
            self.reports.arrays,
            first=first,
            last=last,
            fresh_since=fresh_since,
            durations=[*(hours for hours in SALE_HOURS if hours < longest), longest],
            min_cases=self.spec.min_cases,
            max_reports=self.max_reports,
        )

    def simulate(self, replicates: range, aside: Ints, n_threads: int) -> Floats:
        """Run here or in a worker: the greatest statistics by replicate and kind."""
        return self.sources().simulate(
            replicates.start,
            replicates.stop,
            seed=self.spec.random_state,
            aside=aside,
            n_threads=n_threads,
        )


def link(
    spec: "SharedExposure",
    cases: "Cases",
    as_of: "DateLike | None",
    alleles: pd.DataFrame | None,
    executor: Executor | None,
    update: Update,
) -> LinkResult:
    """Do what `SharedExposure.link` says."""
    day = _day(cases, as_of)
    reports = build(cases, spec, day, alleles)
    end = reports.hours(day + pd.Timedelta(days=1))
    recent = Search(spec, reports, (end - 24.0 * spec.max_days, end, end - 24.0 * spec.fresh_days))
    sources = recent.sources()
    aside = past_outbreaks(spec, reports, end) if spec.exclude_past_outbreaks else NOBODY
    found = sources.groups(
        at_least=spec.min_statistic,
        at_most=4 * spec.max_groups,
        aside=NOBODY,
        n_threads=spec.n_jobs or 0,
    )
    kept = [group for group in found if np.sum(group["probabilities"] >= MEMBER) >= spec.min_cases]
    maxima = _maxima(recent, sources, aside, executor, update)
    chance = Chance(_with_homes(maxima, spec, reports, end, aside))
    return LinkResult(
        spec=spec,
        version=__version__,
        as_of=day.date(),
        n_cases=len(reports.frame),
        n_past_outbreak_cases=len(aside),
        simulated_maxima=chance.maxima,
        _tables=tables(kept, reports, chance, spec.max_groups)
        | {"links": links(sources, reports, spec), "unseen": reports.unseen},
    )


def _day(cases: "Cases", as_of: "DateLike | None") -> pd.Timestamp:
    if as_of is not None:
        _, last = read_date("as_of", as_of, "day")
        return pd.Timestamp(np.datetime64(last, "D")).as_unit("ns")
    frame = cases.frame
    last_report = frame["reported"].max()
    if pd.isna(last_report):
        last_report = frame["onset"].max()
    if pd.isna(last_report):
        message = (
            f"none of the {len(frame)} cases has a date of report or onset; "
            "see cases.quality for what was set aside"
        )
        raise DataError(message)
    return pd.Timestamp(last_report).normalize().as_unit("ns")


def past_outbreaks(spec: "SharedExposure", reports: Reports, end: float) -> Ints:
    """Return the cases of groups that stand out in the whole history.

    What is compared: the groups of all the time with the greatest of as many replicates of all the
    time. If there never was an outbreak, at most 3 % of the histories lose anybody. Homes alone do
    not count: people of one home infect each other.
    """
    meals = reports.only(homes=False)
    whole = Search(spec, meals, (0.0, end, 0.0), PAST_MAX_REPORTS).sources()
    kinds = reports.sources["kind_number"].to_numpy()
    aside, n_threads = NOBODY, spec.n_jobs or 0
    for _ in range(PAST_ROUNDS):
        maxima = whole.simulate(
            0, PAST_REPLICATES, seed=spec.random_state, aside=aside, n_threads=n_threads
        )
        chance = Chance(maxima)
        limit = np.sort(chance.maxima)[-PAST_RANK]
        least = float(maxima.max(axis=0).min())
        groups = whole.groups(at_least=least, at_most=1000, aside=aside, n_threads=n_threads)
        strength = chance.strength(*_statistics(groups, kinds))
        strong = [g for g, s in zip(groups, strength, strict=True) if s > limit]
        members = [g["cases"][g["probabilities"] >= MEMBER] for g in strong]
        if not members or sum(map(len, members)) == 0:
            break
        aside = np.unique(np.concatenate([aside, *members])).astype(np.int32)
    return aside


def _statistics(groups: list[dict[str, Any]], kinds: NDArray[Any]) -> tuple[Floats, NDArray[Any]]:
    values = np.array([group["value"] for group in groups], dtype=np.intp)
    return np.array([group["statistic"] for group in groups], dtype=np.float64), kinds[values]


def _with_homes(
    maxima: Floats, spec: "SharedExposure", reports: Reports, end: float, aside: Ints
) -> Floats:
    """Return the maxima with the people of one home who fall ill without any common meal.

    They infect each other, which exchanged exposures do not know. What is usual is learned from the
    area: each replicate is given as many groups of homes as are fresh on a night, drawn from those
    of the history that were no outbreak, and in which one may have infected another.
    """
    if len(maxima) == 0:
        return maxima
    fresh = 24.0 * spec.fresh_days
    span = (0.0, end - fresh, 0.0)
    past = Search(spec, reports.only(homes=True), span).sources()
    groups = past.groups(
        at_least=spec.min_statistic,
        at_most=len(reports.frame),
        aside=aside,
        n_threads=spec.n_jobs or 0,
    )
    onset = reports.frame["onset"].to_numpy("datetime64[ns]")
    hour_known = reports.frame["onset_hour_known"].to_numpy(bool)
    groups = [
        group
        for group in groups
        if _may_be_infection(onset[group["cases"]], hour_known[group["cases"]])
    ]
    statistic, kind = _statistics(groups, reports.sources["kind_number"].to_numpy())
    started = float(reports.arrays["onset"].min(initial=end))
    n_spans = max((end - fresh - started) / fresh, 1.0)
    rng = np.random.default_rng([spec.random_state, HOMES_STREAM])
    result = maxima.copy()
    for k in np.unique(kind):
        own = statistic[kind == k]
        n = rng.poisson(len(own) / n_spans, len(maxima))
        drawn = rng.choice(own, int(n.sum()))
        np.maximum.at(result[:, k], np.repeat(np.arange(len(maxima)), n), drawn)
    return result


def _may_be_infection(onset: NDArray[np.datetime64], hour_known: NDArray[np.bool_]) -> bool:
    """Tell whether one of these cases fell ill so long after another that it may have caught it."""
    gaps = np.diff(np.sort(onset)) / np.timedelta64(1, "D")
    return bool(gaps.max(initial=0.0) > INFECTED_DAYS[0] or not hour_known.all())


def _maxima(
    search: Search,
    sources: _core.SharedSources,
    aside: Ints,
    executor: Executor | None,
    update: Update,
) -> Floats:
    spec = search.spec
    if executor is None:
        return sources.simulate(
            0,
            spec.replicates,
            seed=spec.random_state,
            aside=aside,
            n_threads=spec.n_jobs or 0,
            progress=update,
        )
    work = partial(search.simulate, aside=aside, n_threads=spec.n_jobs or 1)
    return in_parts(executor, work, range(spec.replicates), update)
