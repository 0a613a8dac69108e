"""Linkage by its definitions: every time of every value, every pair of cases, SciPy's optimum.

Reports are the dictionaries that the compiled core is given (see linkage/reports.hpp). Nothing is
looked up, sorted or bounded: every number is counted anew.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import logsumexp

Reports = dict[str, NDArray[Any]]
EVIDENCE = ("incubation", "symptoms", "report", "contagion")
FASHION_DOUBT = 20.0  # reports near a time after which they count half
EARTH_KM = 6371.0088


@dataclass(frozen=True)
class Options:
    """What `_core.SharedSources` is given beside the reports."""

    first: float
    last: float
    fresh_since: float
    durations: tuple[float, ...]
    min_cases: int


@dataclass(frozen=True)
class Exposure:
    """A case that reports a value."""

    case: int
    value: int
    kind: int
    context: int
    time: float
    meal: int
    number: int  # in the reports


@dataclass(frozen=True)
class Source:
    """A value and a time, with the cases that report it then."""

    value: int
    first: float
    last: float
    exposed: tuple[Exposure, ...]
    expected: float
    statistic: float


@dataclass(frozen=True)
class Fit:
    """How many cases a source explains, and its log likelihood ratio."""

    amount: float
    log_likelihood_ratio: float


def fit(ratios: Iterable[float]) -> Fit:
    """Maximise sum log(1 + A r) - A over A >= 0, where the slope is 0."""
    r = list(ratios)

    def slope(amount: float) -> float:
        return sum(x / (1.0 + amount * x) for x in r) - 1.0

    if slope(0.0) <= 0.0:  # concave: it only falls
        return Fit(0.0, 0.0)
    amount = brentq(slope, 0.0, len(r) + 1.0, xtol=1e-15, rtol=1e-15, maxiter=500)
    return Fit(amount, sum(math.log1p(amount * x) for x in r) - amount)


def permuted(reports: Reports, source: NDArray[np.int32]) -> Reports:
    """Give case c the exposures of case source[c]."""
    owner = np.empty(len(source), np.int32)
    owner[source] = np.arange(len(source), dtype=np.int32)
    case = owner[reports["exposed_case"]]
    order = np.lexsort((reports["value"], case))
    moved = {name: reports[name][order] for name in ("value", "meal", "report_evidence")}
    return reports | moved | {"exposed_case": case[order]}


@dataclass
class Linkage:
    """The groups of some reports, found by looking at everything."""

    reports: Reports
    options: Options
    aside: frozenset[int] = frozenset()
    taken: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        """List the exposures of the cases that count."""
        r = self.reports
        self.prior = np.exp(r["log_prior"]) / np.exp(r["log_prior"]).sum()
        self.n_agents = len(self.prior)
        self.case_ratio = np.exp(r["case_evidence"]).reshape(-1, self.n_agents).tolist()
        self.meal_ratio = np.exp(r["lag_evidence"]).reshape(-1, self.n_agents).tolist()
        self.report_ratio = np.exp(r["report_evidence"]).tolist()
        self.counted = [
            Exposure(
                case := int(r["exposed_case"][i]),
                value := int(r["value"][i]),
                int(r["kind"][value]),
                int(r["context"][case]),
                float(r["onset"][case] - r["lag"][r["meal"][i]]),
                int(r["meal"][i]),
                i,
            )
            for i in range(len(r["value"]))
            if int(r["exposed_case"][i]) not in self.aside
        ]

    def candidates(self, value: int) -> list[Exposure]:
        """Return the exposures to the value that may belong to a source."""
        return [
            e
            for e in self.counted
            if e.value == value
            and e.case not in self.taken
            and self.options.first <= e.time <= self.options.last
        ]

    def times(self, value: int) -> set[tuple[float, float]]:
        """Return all times from an exposure to the last one within each duration."""
        moments = [e.time for e in self.candidates(value)]
        longest = self.reports["longest"][self.reports["kind"][value]]
        return {
            (first, max(t for t in moments if first <= t and t - first <= duration))
            for duration in self.options.durations
            if duration <= longest
            for first in moments
        }

    def expected(self, value: int, first: float, last: float) -> float:
        """Count what chance brings to the value between two times."""
        r = self.reports
        kind = int(r["kind"][value])
        of_kind = [e for e in self.counted if e.kind == kind]
        inside = [e for e in of_kind if first <= e.time <= last]
        own = [e for e in of_kind if e.value == value]
        left = [e for e in own if first <= e.time <= last and e.case not in self.taken]
        usual = (len(own) - len(left) + r["pseudo_count"][kind]) / (
            len(of_kind) - len(inside) + r["pseudo_total"][kind]
        )
        concentration = r["concentration"][kind]
        by_context = {}
        for context in {e.context for e in inside}:
            others = sum(e.context == context for e in own) - sum(
                e.context == context for e in left
            )
            total = sum(e.context == context for e in of_kind)
            by_context[context] = (others + concentration * usual) / (total + concentration)
        habits = sum(by_context[e.context] for e in inside)
        near = r["fashion"][kind]
        if near == 0:
            return float(habits)
        begin, end = first - near, last + near
        looked_at = [e for e in of_kind if self.options.first <= e.time <= self.options.last]
        all_near = [e for e in looked_at if begin <= e.time <= end]
        own_near = sum(e.value == value for e in all_near) - len(left)
        share = (own_near + FASHION_DOUBT * usual) / (len(all_near) - len(inside) + FASHION_DOUBT)
        return float(max(habits, share * len(inside)))

    def infections(self, case: int, other: int, gap: float) -> float:
        """Count whom one of two cases infects in an hour, if it infects one in all."""
        r = self.reports
        weights = r["infectious"].tolist()
        own, before = self.case_ratio[case], self.case_ratio[other]
        alike = sum(w * x * y for w, x, y in zip(weights, own, before, strict=True))
        median, sigma = r["serial_interval"]
        return float(alike * NormalDist(math.log(median), sigma).pdf(math.log(gap)) / gap)

    def infected(self, case: Exposure) -> float:
        """Count whom the others who share the value, and were exposed before, infect in an hour."""
        total = sum(
            self.infections(case.case, other.case, case.time - other.time)
            for other in self.candidates(case.value)
            if other.time < case.time
        )
        return float(self.reports["contagion"][case.kind] * total)

    def ratios(
        self,
        exposed: Sequence[Exposure],
        agent: int,
        expected: float,
        parts: Sequence[str] = EVIDENCE,
    ) -> list[float]:
        """Return what speaks for each case over what is expected, by some of the evidence."""
        result = []
        hours = max(e.time for e in exposed) - min(e.time for e in exposed)
        for e in exposed:
            ratio = 1.0
            if "incubation" in parts:
                ratio *= self.meal_ratio[e.meal][agent]
            if "symptoms" in parts:
                ratio *= self.case_ratio[e.case][agent]
            if "report" in parts:
                ratio *= self.report_ratio[e.number]
            infected = self.infected(e) if "contagion" in parts and hours > 0 else 0.0
            result.append(ratio / (expected + hours * infected))
        return result

    def statistic(
        self,
        exposed: Sequence[Exposure],
        expected: float,
        parts: Sequence[str] = EVIDENCE,
    ) -> float:
        """Return the mean likelihood ratio over the agents, as a log."""
        fits = [fit(self.ratios(exposed, a, expected, parts)) for a in range(self.n_agents)]
        logs = [f.log_likelihood_ratio for f in fits]
        if max(logs) == 0.0:
            return 0.0
        return float(logsumexp(logs, b=self.prior))

    def sources(self, value: int) -> list[Source]:
        """Return all sources of a value that may be looked at."""
        own = self.candidates(value)
        result = []
        for first, last in self.times(value):
            exposed = tuple(e for e in own if first <= e.time <= last)
            fresh = any(
                self.reports["reported"][e.case] >= self.options.fresh_since for e in exposed
            )
            if len(exposed) < self.options.min_cases or not fresh:
                continue
            expected = self.expected(value, first, last)
            statistic = self.statistic(exposed, expected)
            result.append(Source(value, first, last, exposed, expected, statistic))
        return result

    def all_sources(self) -> list[Source]:
        """Return the sources of all values."""
        return [s for value in range(len(self.reports["kind"])) for s in self.sources(value)]

    def maxima(self) -> NDArray[np.float64]:
        """Return the greatest statistic of each kind."""
        result = np.zeros(len(self.reports["pseudo_count"]))
        for source in self.all_sources():
            kind = self.reports["kind"][source.value]
            result[kind] = max(result[kind], source.statistic)
        return result

    def agents(self, source: Source) -> NDArray[np.float64]:
        """Return the probability of each agent."""
        logs = [
            fit(self.ratios(source.exposed, a, source.expected)).log_likelihood_ratio
            for a in range(self.n_agents)
        ]
        weights = self.prior * np.exp(logs)
        return np.asarray(weights / weights.sum())

    def amounts(self, source: Source) -> list[float]:
        """Return how many cases each agent explains."""
        return [
            fit(self.ratios(source.exposed, a, source.expected)).amount
            for a in range(self.n_agents)
        ]

    def probabilities(self, source: Source) -> dict[int, float]:
        """Return for each exposed case the probability that the source made it ill."""
        result = dict.fromkeys((e.case for e in source.exposed), 0.0)
        amounts = self.amounts(source)
        for a, share in enumerate(self.agents(source)):
            ratios = self.ratios(source.exposed, a, source.expected)
            for e, ratio in zip(source.exposed, ratios, strict=True):
                result[e.case] += share * amounts[a] * ratio / (1.0 + amounts[a] * ratio)
        return result

    def parts(self, source: Source) -> dict[str, float]:
        """Return what each part of the evidence adds to those before it."""
        exposed, expected = source.exposed, source.expected
        sharing = self.statistic(exposed, expected, ())
        incubation = self.statistic(exposed, expected, ("incubation",))
        symptoms = self.statistic(exposed, expected, ("incubation", "symptoms"))
        report = self.statistic(exposed, expected, ("incubation", "symptoms", "report"))
        return {
            "sharing": sharing,
            "incubation": incubation - sharing,
            "symptoms": symptoms - incubation,
            "report": report - symptoms,
            "contagion": source.statistic - report,
        }


@dataclass(frozen=True)
class PairOptions:
    """What `_core.SharedSources.links` is given."""

    max_gap: float
    at_least: float
    same_meal_share: float = 0.6
    same_meal_hours: float = 1.0
    sale_hours: float = 48.0
    distance_km: tuple[float, ...] = ()
    distance_evidence: tuple[float, ...] = ()


PARTS = ("sharing", "time", "symptoms", "incubation", "report", "space", "contagion")
Pair = dict[str, float]


def pairs(
    reports: Reports, options: Options, how: PairOptions
) -> dict[tuple[int, int], list[Pair]]:
    """Return, for every two cases, all that they share, with what speaks for a common source."""
    all_of = Linkage(reports, options)
    result: dict[tuple[int, int], list[Pair]] = {}
    for first in range(len(reports["onset"])):
        for second in range(first + 1, len(reports["onset"])):
            shared = [
                _pair(all_of, a, b, how)
                for a in all_of.counted
                for b in all_of.counted
                if a.case == first
                and b.case == second
                and a.value == b.value
                and all(options.first <= e.time <= options.last for e in (a, b))
                and abs(a.time - b.time) <= how.max_gap
            ]
            if shared:
                result[first, second] = shared
    return result


def _pair(data: Linkage, a: Exposure, b: Exposure, how: PairOptions) -> Pair:
    r = data.reports
    log_prior = np.log(data.prior)
    cases = r["case_evidence"].reshape(-1, data.n_agents)
    meals = r["lag_evidence"].reshape(-1, data.n_agents)
    gap = abs(a.time - b.time)
    source = how.same_meal_share * _exponential(gap, how.same_meal_hours) + (
        1 - how.same_meal_share
    ) * _exponential(gap, how.sale_hours)
    symptoms = float(logsumexp(log_prior + cases[a.case] + cases[b.case]))
    both = float(
        logsumexp(log_prior + cases[a.case] + cases[b.case] + meals[a.meal] + meals[b.meal])
    )
    parts = {
        "sharing": math.log(r["agreement"][a.kind])
        - (math.log(_share_of_others(data, a)) + math.log(_share_of_others(data, b))) / 2,
        "time": math.log(source * how.max_gap),
        "symptoms": symptoms,
        "incubation": both - symptoms,
        "report": float(r["report_evidence"][a.number] + r["report_evidence"][b.number]),
        "space": _space(r, a.case, b.case, how),
        "contagion": _infected(data, a, b),
    }
    return {"value": a.value, **parts, "total": sum(parts.values())}


def _infected(data: Linkage, a: Exposure, b: Exposure) -> float:
    """Return the loss because one may have infected the other, instead of chance."""
    r = data.reports
    gap = abs(a.time - b.time)
    if gap == 0.0 or r["contagion"][a.kind] == 0.0:
        return 0.0
    infections = r["contagion"][a.kind] * data.infections(a.case, b.case, gap)
    first, last = data.options.first, data.options.last
    n = sum(e.kind == a.kind and first <= e.time <= last for e in data.counted)
    share = math.sqrt(_share_of_others(data, a) * _share_of_others(data, b))
    return -math.log1p(infections / (share * n / (last - first)))


def _exponential(x: float, mean: float) -> float:
    return math.exp(-x / mean) / mean


def _share_of_others(data: Linkage, own: Exposure) -> float:
    """Return the share of the value among others of the context, shrunk to that of all."""
    others = [e for e in data.counted if e.kind == own.kind and e is not own]
    same = [e for e in others if e.value == own.value]
    r = data.reports
    anywhere = (len(same) + r["pseudo_count"][own.kind]) / (
        len(others) + r["pseudo_total"][own.kind]
    )
    weight = r["concentration"][own.kind]
    here = [e for e in others if e.context == own.context]
    same_here = [e for e in same if e.context == own.context]
    return float((len(same_here) + weight * anywhere) / (len(here) + weight))


def _space(r: Reports, a: int, b: int, how: PairOptions) -> float:
    places = [r["latitude"][a], r["longitude"][a], r["latitude"][b], r["longitude"][b]]
    if not how.distance_km or any(math.isnan(x) for x in places):
        return 0.0
    chord = math.dist(_on_sphere(*places[:2]), _on_sphere(*places[2:]))
    km = 2 * EARTH_KM * math.asin(min(1.0, chord / 2))
    for limit, evidence in zip(how.distance_km, how.distance_evidence, strict=True):
        if km <= limit:
            return evidence
    return how.distance_evidence[-1]


def _on_sphere(latitude: float, longitude: float) -> tuple[float, float, float]:
    north, east = math.radians(latitude), math.radians(longitude)
    return math.cos(north) * math.cos(east), math.cos(north) * math.sin(east), math.sin(north)
