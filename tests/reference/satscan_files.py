"""Random analyses as SaTScan's files, and the same for the slow oracle, without our own reader.

Every setting that may be combined is drawn: models, analyses, units of time, covariates, limits of
size, centres, neighbours, relative risks, rules of overlap.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reference.problems import (
    Circles,
    Combined,
    Limits,
    NeighbourLists,
    Problem,
    Times,
    WholeArea,
    prospective,
    retrospective,
    spatial,
    with_whole_period,
)
from reference.study import (
    Eligibility,
    Study,
    bernoulli_study,
    permutation_study,
    poisson_study,
)

Random = np.random.Generator
Floats = NDArray[np.float64]

UNITS = {"1": "year", "2": "month", "3": "day", "4": "generic"}


@dataclass
class Written:
    """Settings and data files, and what they mean."""

    settings: dict[str, str]
    files: dict[str, str] = field(default_factory=dict)

    def write(self, folder: Path) -> Path:
        """Write all files; return the path of the parameter file."""
        for name, text in self.files.items():
            (folder / name).write_text(text, encoding="utf-8")
        path = folder / "x.prm"
        lines = [f"{name}={value}" for name, value in self.settings.items()]
        path.write_text("\n".join(["[Input]", *lines, ""]), encoding="utf-8")
        return path


# ---- time ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Calendar:
    """A study period of whole units, each of which is written as a text and holds some days."""

    unit: str
    texts: list[str]
    bounds: list[int]  # first day of every unit, and the day after the last
    aggregation: int

    @property
    def n_intervals(self) -> int:
        return max(1, len(self.texts) // self.aggregation)

    def interval(self, unit: int) -> int:
        """The interval of a unit: they are counted back from the end, the first is the longest."""
        back = (len(self.texts) - 1 - unit) // self.aggregation
        return max(0, self.n_intervals - 1 - back)

    def interval_bounds(self) -> list[int]:
        """First day of every interval, and the day after the last."""
        first = [self.interval(unit) for unit in range(len(self.texts))]
        starts = [self.bounds[first.index(i)] for i in range(self.n_intervals)]
        return [*starts, self.bounds[-1]]


def random_calendar(random: Random, unit: str) -> Calendar:
    n, aggregation = int(random.integers(6, 14)), int(random.choice([1, 1, 2, 3]))
    if unit == "generic":
        texts = [str(i) for i in range(5, 5 + n)]
        return Calendar(unit, texts, list(range(5, 6 + n)), aggregation)
    if unit == "year":
        years = [*range(1990, 1991 + n)]
        bounds = [date(year, 1, 1).toordinal() for year in years]
        return Calendar(unit, [str(year) for year in years[:-1]], bounds, aggregation)
    if unit == "month":
        months = [(2019 + (3 + i) // 12, 1 + (3 + i) % 12) for i in range(n + 1)]
        bounds = [date(*month, 1).toordinal() for month in months]
        return Calendar(unit, [f"{y}/{m}" for y, m in months[:-1]], bounds, aggregation)
    days = [date(2020, 2, 20) + timedelta(i) for i in range(2 * n + 1)]
    bounds = [day.toordinal() for day in days]
    return Calendar(unit, [f"{d.year}/{d.month}/{d.day}" for d in days[:-1]], bounds, aggregation)


def whole_day(text: str, *, last: bool) -> str:
    """Write the first or the last day of a unit."""
    parts = [int(part) for part in text.split("/")]
    if len(parts) == 3:
        return text
    first = date(parts[0], parts[1] if len(parts) == 2 else 1, 1)
    if not last:
        return f"{first.year}/{first.month}/{first.day}"
    days = 31 if len(parts) == 2 else 366
    after = next(
        day
        for day in (first + timedelta(i) for i in range(days + 1))
        if (day.year, day.month if len(parts) == 2 else 0)
        != (first.year, first.month if len(parts) == 2 else 0)
    )
    end = after - timedelta(1)
    return f"{end.year}/{end.month}/{end.day}"


# ---- analyses ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Places:
    """Identifiers at points; some points have two of them. Neighbours are listed without points."""

    names: list[str]
    spot: list[int]  # of every name
    points: Floats
    great_circle: bool
    listed: bool

    @property
    def n(self) -> int:
        return len(self.points)


def random_places(random: Random, *, listed: bool) -> Places:
    n, great_circle = int(random.integers(5, 11)), bool(random.random() < 0.3)
    dimension = 2 if great_circle else int(random.integers(2, 4))
    cells = random.choice(5**dimension, n, replace=False)
    points = np.stack(np.unravel_index(cells, (5,) * dimension), axis=1).astype(float)
    if great_circle:  # off the grid: distances that are equal but for rounding have no order
        points += 20 + random.normal(0, 0.05, points.shape).round(3)
    shared = 0 if listed else int(random.integers(0, 3))
    spot = [*range(n), *random.choice(n, shared, replace=False).tolist()]
    names = [f"p{number:02d}" for number in random.permutation(len(spot)).tolist()]
    # Spots are numbered in the order of their first identifiers.
    first = [min(m for m, s in zip(names, spot, strict=True) if s == i) for i in range(n)]
    order = sorted(range(n), key=first.__getitem__)
    place = {old: new for new, old in enumerate(order)}
    return Places(names, [place[s] for s in spot], points[order], great_circle, listed)


@dataclass(frozen=True)
class Analysis:
    """Files, and the problem that they describe."""

    written: Written
    problem: Problem
    places: Places
    calendar: Calendar
    overlap: str


class _Data:
    """Given to `Problem` in place of a model: the oracle needs the study alone."""

    def __init__(self, study: Study) -> None:
        self._study = study

    def study(self) -> Study:
        return self._study


def random_analysis(random: Random) -> Analysis:
    model = str(random.integers(3))
    kinds = ["3", "4"] if model == "2" else ["1", "1", "2", "3", "4", "6"]
    kind, unit = str(random.choice(kinds)), str(random.choice([*UNITS]))
    listed = kind not in ("2", "6") and bool(random.random() < 0.2)
    calendar, places = random_calendar(random, UNITS[unit]), random_places(random, listed=listed)
    precision = {"generic": "4", "day": "3", "month": "2", "year": "1"}[calendar.unit]
    generic = calendar.unit == "generic"
    written = Written(
        {
            "CaseFile": "x.cas",
            "AnalysisType": kind,
            "ModelType": model,
            "PrecisionCaseTimes": precision,
            "TimeAggregationUnits": unit,
            "TimeAggregationLength": str(calendar.aggregation),
            "StartDate": calendar.texts[0] if generic else whole_day(calendar.texts[0], last=False),
            "EndDate": calendar.texts[-1] if generic else whole_day(calendar.texts[-1], last=True),
            "MonteCarloReps": "0",
            "NumberParallelProcesses": "1",
        }
    )
    rule = _random_rule(random, written, model)
    has_space = kind not in ("2", "6")
    make = {"0": _poisson, "1": _bernoulli, "2": _permutation}[model]
    study = make(random, written, places, calendar, kind)
    pure = model != "2"  # the permutation expects what is there in all places, and at all times
    zones = _zones(random, written, places, study.measure.sum(axis=1), kind, pure=pure)
    times = _times(random, written, calendar, kind, pure=pure)
    overlap = str(random.integers(6)) if has_space else "0"
    written.settings["CriteriaForReportingSecondaryClusters"] = overlap
    problem = Problem(_Data(study), rule, zones, times)  # type: ignore[arg-type]
    return Analysis(written, problem, places, calendar, overlap)


def _random_rule(random: Random, written: Written, model: str) -> Eligibility:
    rates, least = str(random.integers(1, 4)), int(random.choice([2, 2, 4]))
    few = int(random.choice([0, 0, 2]))
    written.settings |= {
        "ScanAreas": rates,
        "MinimumCasesInHighRateClusters": str(least),
        "MinimumCasesInLowRateClusters": str(few),
    }
    low, high = 0.0, math.inf
    if random.random() < 0.3:
        low, high = 1.2345, 0.87654
        written.settings |= {
            "RiskLimitHighClusters": "y",
            "RiskThresholdHighClusters": str(low),
            "RiskLimitLowClusters": "y",
            "RiskThresholdLowClusters": str(high),
        }
    return Eligibility(
        rates={"1": "high", "2": "low", "3": "both"}[rates],  # type: ignore[arg-type]
        min_cases_high=least,
        min_cases_low=few,
        min_relative_risk=low,
        max_relative_risk=high,
    )


Row = tuple[int, int, int, int]  # name, unit of time, stratum, number


def _random_rows(
    random: Random, places: Places, calendar: Calendar, n_strata: int, mean: float
) -> list[Row]:
    rows = []
    for name in range(len(places.names)):
        for unit in range(len(calendar.texts)):
            for stratum in range(n_strata):
                rate = mean * (3.0 if places.spot[name] < 2 and unit > 3 else 1.0)
                count = int(random.poisson(rate))
                if count > 0 and random.random() < 0.3:  # in two rows
                    rows.append((name, unit, stratum, 1))
                    count -= 1
                if count > 0:
                    rows.append((name, unit, stratum, count))
    return [rows[i] for i in random.permutation(len(rows))] or [(0, 0, 0, 1)]


def _text(rows: Sequence[Row], places: Places, calendar: Calendar, strata: Sequence[str]) -> str:
    return "".join(
        f"{places.names[name]} {count} {calendar.texts[unit]} {strata[stratum]}\n"
        for name, unit, stratum, count in rows
    )


def _counts(
    rows: Sequence[Row], places: Places, calendar: Calendar, n_strata: int
) -> list[NDArray[np.int64]]:
    counts = [np.zeros((places.n, calendar.n_intervals), np.int64) for _ in range(n_strata)]
    for name, unit, stratum, count in rows:
        counts[stratum][places.spot[name], calendar.interval(unit)] += count
    return counts


def _random_strata(random: Random) -> list[str]:
    return [[""], ["a", "b"], ["a 1", "a 2", "b 1"]][random.integers(3)]


def _permutation(
    random: Random, written: Written, places: Places, calendar: Calendar, kind: str
) -> Study:
    strata = _random_strata(random)
    rows = _random_rows(random, places, calendar, len(strata), 0.5)
    written.files["x.cas"] = _text(rows, places, calendar, strata)
    by_week = calendar.unit == "day" and calendar.aggregation == 1 and random.random() < 0.5
    if not by_week:
        return permutation_study(_counts(rows, places, calendar, len(strata)))
    written.settings["AdjustForWeeklyTrends"] = "y"
    rows = [(name, unit, 7 * stratum + unit % 7, n) for name, unit, stratum, n in rows]
    return permutation_study(_counts(rows, places, calendar, 7 * len(strata)))


def _bernoulli(
    random: Random, written: Written, places: Places, calendar: Calendar, kind: str
) -> Study:
    cases = _random_rows(random, places, calendar, 1, 0.5)
    controls = _random_rows(random, places, calendar, 1, 0.8)
    written.settings["ControlFile"] = "x.ctl"
    written.files["x.cas"] = _text(cases, places, calendar, [""])
    written.files["x.ctl"] = _text(controls, places, calendar, [""])
    return bernoulli_study(
        _counts(cases, places, calendar, 1)[0], _counts(controls, places, calendar, 1)[0]
    )


def _poisson(
    random: Random, written: Written, places: Places, calendar: Calendar, kind: str
) -> Study:
    strata = _random_strata(random)
    generic = calendar.unit == "generic"
    cases = _random_rows(random, places, calendar, len(strata), 0.7)
    written.files["x.cas"] = _text(cases, places, calendar, strata)
    counts = _counts(cases, places, calendar, len(strata))
    # Without a population a purely temporal scan expects the same on every day.
    if kind in ("2", "6") and strata == [""] and random.random() < 0.3:
        bounds = np.array(calendar.interval_bounds(), float)
        expected = np.outer(np.ones(places.n), np.diff(bounds))
        return poisson_study(counts[0], expected)
    # A census is of 1 July of its year; generic time has one.
    years = sorted({date.fromordinal(day).year for day in calendar.bounds[:-1]} | {1988, 2021})
    censuses = ["7"] if generic else [str(y) for y in years if random.random() < 0.4] or ["2000"]
    population = random.lognormal(4, 0.6, (len(places.names), len(censuses), len(strata))).round()
    written.settings["PopulationFile"] = "x.pop"
    written.files["x.pop"] = "".join(
        f"{places.names[i]} {censuses[c]} {population[i, c, s]:g} {strata[s]}\n"
        for i in range(len(places.names))
        for c in range(len(censuses))
        for s in range(len(strata))
    )
    days = [7.0] if generic else [float(date(int(y), 7, 1).toordinal()) for y in censuses]
    bounds = np.array(calendar.interval_bounds(), float)
    expected = np.zeros((places.n, calendar.n_intervals))
    for s, of_stratum in enumerate(counts):
        size = np.array(
            [
                [integral(days, population[i, :, s], a, b) for a, b in pairwise(bounds)]
                for i in range(len(places.names))
            ]
        )
        risk = of_stratum.sum() / size.sum()
        for i, spot in enumerate(places.spot):
            expected[spot] += risk * size[i]
    if random.random() < 0.4:
        expected = _adjust(random, written, places, calendar, kind, expected)
    return poisson_study(np.sum(counts, axis=0), expected)


def integral(days: Sequence[float], sizes: Floats, start: float, end: float) -> float:
    """Of what is linear between days and constant beyond them."""
    nodes = sorted({start, end, *(day for day in days if start < day < end)})
    values = np.interp(nodes, days, sizes)
    return float(np.sum((values[1:] + values[:-1]) / 2 * np.diff(nodes)))


def _adjust(
    random: Random,
    written: Written,
    places: Places,
    calendar: Calendar,
    kind: str,
    expected: Floats,
) -> Floats:
    """Multiply what is expected by relative risks; some have a time, one is for all places."""
    lines, adjusted = [], expected.copy()
    for i in random.permutation(len(places.names))[:3].tolist():
        if places.spot.count(places.spot[i]) > 1:
            continue  # the risk of one of two places at a spot is not that of the spot
        risk = round(float(random.lognormal(0, 0.5)), 3)
        a, b = sorted(random.integers(0, len(calendar.texts), 2).tolist())
        timed = random.random() < 0.5
        # A purely spatial scan has one interval, in which every risk holds.
        first, last = (a, b) if timed and kind != "1" else (0, len(calendar.texts) - 1)
        when = f"{calendar.texts[a]} {calendar.texts[b]}" if timed else ""
        lines.append(f"{places.names[i]} {risk} {when}\n")
        adjusted[places.spot[i], calendar.interval(first) : calendar.interval(last) + 1] *= risk
    written.settings |= {
        "UseAdjustmentsByRRFile": "y",
        "AdjustmentsByKnownRelativeRisksFilename": "x.adj",
    }
    written.files["x.adj"] = "".join(lines) or f"{places.names[0]} 1\n"
    return np.asarray(adjusted * (expected.sum() / adjusted.sum()))


def _zones(
    random: Random, written: Written, places: Places, weights: Floats, kind: str, *, pure: bool
) -> Circles | NeighbourLists | WholeArea | Combined:
    if kind in ("2", "6"):
        return WholeArea(places.n)
    zones = _spatial_zones(random, written, places, weights)
    if kind == "1" or not pure or random.random() < 0.75:
        return zones
    written.settings["IncludePurelyTemporal"] = "y"
    return Combined([zones, WholeArea(places.n)])


def _spatial_zones(
    random: Random, written: Written, places: Places, weights: Floats
) -> Circles | NeighbourLists:
    settings = written.settings
    unit = 100 if places.great_circle else 1
    radius = None if places.listed else float(random.choice([1.5, 2.2])) * unit
    limits = _random_limits(random, written, places, weights, radius)
    settings["CoordinatesType"] = "1" if places.great_circle else "0"
    if places.listed:
        settings |= {"UseNeighborsFile": "y", "NeighborsFilename": "x.nbr"}
        return _lists(random, written, places, limits)
    settings["CoordinatesFile"] = "x.geo"
    written.files["x.geo"] = "".join(
        f"{name} {' '.join(f'{x:.10g}' for x in places.points[spot])}\n"
        for name, spot in zip(places.names, places.spot, strict=True)
    )
    centres = places.points
    if random.random() < 0.3:
        dimension = centres.shape[1]
        centres = centres[random.integers(places.n, size=4)] + random.choice([0.0, 0.5])
        centres = np.unique(centres, axis=0)
        settings |= {"UseGridFile": "y", "GridFile": "x.grd"}
        written.files["x.grd"] = "".join(
            " ".join(f"{x:.10g}" for x in centre[:dimension]) + "\n" for centre in centres
        )
    return Circles(places.points, centres, places.great_circle, limits)


def _random_limits(
    random: Random, written: Written, places: Places, weights: Floats, radius: float | None
) -> Limits:
    """Shares, circle population and radius together; smaller ones for what is reported."""
    settings, total = written.settings, float(weights.sum())
    other = random.integers(1, 5, len(places.names))
    by_spot = np.zeros(places.n)
    np.add.at(by_spot, places.spot, other)
    tight = 1 + 1e-9  # shares are met exactly

    def sizes(suffix: str, share: float, circle: str) -> list[tuple[Floats, float]]:
        settings[f"MaxSpatialSizeInPopulationAtRisk{suffix}"] = f"{share:g}"
        chosen = [(weights, share / 100 * total * tight)]
        if random.random() < 0.3:
            circle_share = float(random.choice([30.0, 45.0])) / (2 if suffix else 1)
            settings[f"UseMaxCirclePopulationFileOption{suffix}"] = "y"
            settings[circle] = f"{circle_share:g}"
            settings["MaxCirclePopulationFile"] = "x.max"
            chosen.append((by_spot, circle_share / 100 * float(by_spot.sum()) * tight))
        return chosen

    evaluated = sizes(
        "", float(random.choice([50.0, 35.0])), "MaxSpatialSizeInMaxCirclePopulationFile"
    )
    reported: list[tuple[Floats, float]] = []
    max_radius = reported_max_radius = math.inf
    if radius is not None and random.random() < 0.4:
        max_radius = radius
        settings |= {
            "UseDistanceFromCenterOption": "y",
            "MaxSpatialSizeInDistanceFromCenter": f"{radius:g}",
        }
    if random.random() < 0.3:
        settings["UseReportOnlySmallerClusters"] = "y"
        reported = sizes("_Reported", 20.0, "MaxSizeInMaxCirclePopulationFile_Reported")
        if radius is not None and random.random() < 0.5:
            reported_max_radius = 0.7 * radius
            settings |= {
                "UseDistanceFromCenterOption_Reported": "y",
                "MaxSpatialSizeInDistanceFromCenter_Reported": f"{reported_max_radius:g}",
            }
    if "MaxCirclePopulationFile" in settings:
        written.files["x.max"] = "".join(
            f"{name} {size}\n" for name, size in zip(places.names, other, strict=True)
        )
    return Limits(
        evaluated=evaluated,
        max_radius=max_radius,
        reported=reported,
        reported_max_radius=reported_max_radius,
    )


def _lists(random: Random, written: Written, places: Places, limits: Limits) -> NeighbourLists:
    """One list for every place, which begins with it."""
    lists, lines = [], []
    names = dict(zip(places.spot, places.names, strict=True))
    for centre in range(places.n):
        size = int(random.integers(1, places.n))
        others = [other for other in random.permutation(places.n).tolist() if other != centre]
        lists.append([centre, *others[:size]])
        lines.append(" ".join(names[member] for member in lists[-1]) + "\n")
    written.files["x.nbr"] = "".join(lines)
    return NeighbourLists(places.n, lists, [*range(places.n)], limits)


def _times(random: Random, written: Written, calendar: Calendar, kind: str, *, pure: bool) -> Times:
    n, settings = calendar.n_intervals, written.settings
    if kind == "1":
        return spatial(n)
    units, a = len(calendar.texts), calendar.aggregation
    if random.random() < 0.5:
        percentage = int(random.choice([50, 40, 33]))
        settings |= {"MaxTemporalSizeInterpretation": "0", "MaxTemporalSize": str(percentage)}
        longest = max(1, math.floor(units * percentage / 100) // a)
        if longest * a > units * percentage / 100:
            settings["MaxTemporalSize"] = str(math.ceil(100 * a / units))
    else:
        length = int(random.integers(a, a * n + 1))
        settings |= {"MaxTemporalSizeInterpretation": "1", "MaxTemporalSize": str(length)}
        longest = length // a
    least = int(random.integers(1, longest + 1))
    settings["MinimumTemporalClusterSize"] = str(a * least - int(random.integers(a)))
    if kind in ("4", "6"):
        times = prospective(n, least, longest, n)
    else:
        times = retrospective(n, least, longest)
    if kind in ("3", "4") and pure and random.random() < 0.25:
        settings["IncludePurelySpatial"] = "y"
        times = with_whole_period(n, times)
    return times
