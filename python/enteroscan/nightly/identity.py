"""Which of tonight's findings are one signal, and which of them was known before.

Pure functions: the ledger and the replay of past nights both use them.

The rules:

- Findings of people (scans, shared exposures) are one signal if the smaller shares at least half of
  its cases, and at least two, with the larger, which is at most five times as large as what they
  share. Two are enough where both are the same as one signal before: its people, seen from two
  sides. A count that is too high belongs to people if half of all that are in either are in both;
  otherwise it is a signal of its own, the same one as long as its series stays high.
- A signal is the same as before if it and tonight's findings share at least half of the smaller of
  the two, and at least two cases (one, where one has no more).
- Several known signals in one: the oldest goes on, the others are closed as merged into it. One in
  several: the largest share goes on, the others have names of their own, as split from it.
- News are: a signal that is new, unless it is of people split off another; one with a case that it
  never had (split off: that no signal had), unless it is a count, which has new cases whenever it
  stays high; and one that is clearly stronger than when it was last news.
"""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal

from enteroscan.nightly.finding import Finding
from enteroscan.nightly.night import State

__all__ = ["Change", "Known", "Rules", "merge"]

News = Literal["", "new", "cases", "stronger"]

LEAST_SHARED = 2
LEAST_SHARE = 0.5
LARGEST_RATIO = 5.0
NO_CASES: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Rules:
    """When signals are closed and forgotten, and what is clearly stronger; see the settings."""

    close_after_days: int = 14
    remember_days: int = 90
    stronger_factor: float = 10.0

    def remembered_since(self, night: date) -> date:
        """Return the day before which a closed signal was last found, to be forgotten."""
        return night - timedelta(days=self.close_after_days + self.remember_days)


@dataclass(frozen=True, kw_only=True)
class Known:
    """A signal as the nights before left it.

    `members` are those of the night on which it was last found, `ever` all it ever had, `told_p`
    the p-value when it was last news, `counts` the series it was found by if by nothing else.
    """

    signal_id: str
    first_night: date
    last_found: date
    state: State
    members: frozenset[str]
    ever: frozenset[str]
    told_p: float | None = None
    counts: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Change:
    """What a night does to one signal."""

    signal_id: str
    state: State
    news: News = ""
    findings: tuple[Finding, ...] = ()
    members: Mapping[str, float | None] = field(default_factory=dict)
    new_cases: frozenset[str] = NO_CASES
    first_night: date
    p_value: float | None = None
    merged: tuple[str, ...] = ()  # signals that end in this one
    merged_into: str | None = None
    split_from: str | None = None

    def after(self, night: date, before: Known | None, merged: Iterable[Known] = ()) -> Known:
        """Return the signal as this night leaves it."""
        if not self.findings:
            assert before is not None
            return Known(**{**vars(before), "state": self.state})
        members = frozenset(self.members)
        earlier = [known for known in (before, *merged) if known is not None]
        told = self.p_value if self.news or before is None else before.told_p
        return Known(
            signal_id=self.signal_id,
            first_night=self.first_night,
            last_found=night,
            state=self.state,
            members=members,
            ever=members.union(*(known.ever for known in earlier)),
            told_p=told,
            counts=_counts(self.findings),
        )


@dataclass(frozen=True)
class _Group:
    """Findings that are one signal."""

    findings: tuple[Finding, ...]

    @property
    def is_count(self) -> bool:
        return all(finding.is_count for finding in self.findings)

    @property
    def members(self) -> dict[str, float | None]:
        """Cases with the greatest of their probabilities; those of counts only if alone."""
        chosen = [one for one in self.findings if not one.is_count] or list(self.findings)
        members: dict[str, float | None] = {}
        for finding in chosen:
            for case, probability in finding.members.items():
                known = [p for p in (members.get(case), probability) if p is not None]
                members[case] = max(known, default=None)
        return dict(sorted(members.items()))

    @property
    def p_value(self) -> float | None:
        values = [one.evidence.p_value for one in self.findings]
        return min((value for value in values if value is not None), default=None)


def merge(
    known: Sequence[Known], findings: Sequence[Finding], night: date, rules: Rules
) -> tuple[Change, ...]:
    """Return what a night does to all signals.

    The answer does not depend on the order of the findings or of the known signals.
    """
    by_age = sorted(known, key=lambda one: (one.first_night, one.signal_id))
    groups = _group(findings, by_age)
    chosen = _match(by_age, groups, night, rules)
    changes: list[Change] = []
    used: set[str] = set()
    numbers = itertools.count(1)
    ever = NO_CASES.union(*(one.ever for one in known))
    for index, group in enumerate(groups):
        going_on, parent = chosen.get(index, ([], None))
        if going_on:
            survivor, *others = going_on
            used.update(one.signal_id for one in going_on)
            changes.append(_continued(survivor, others, group, rules))
            changes += [_merged(one, survivor) for one in others]
        else:
            signal_id = f"{night:%Y%m%d}-{next(numbers)}"
            changes.append(_begun(signal_id, group, night, parent, ever))
    for one in by_age:
        if one.signal_id not in used and (change := _not_found(one, night, rules)) is not None:
            changes.append(change)
    return tuple(changes)


def _group(findings: Sequence[Finding], known: Sequence[Known]) -> list[_Group]:
    """Put findings about the same people together, in an order that does not depend on theirs."""
    ordered = sorted(findings, key=_order)
    parent = list(range(len(ordered)))

    def root(i: int) -> int:
        while parent[i] != i:
            i = parent[i]
        return i

    sets = [frozenset(one.members) for one in ordered]
    before = [_signals_of(one, cases, known) for one, cases in zip(ordered, sets, strict=True)]
    for i, first in enumerate(ordered):
        for j in range(i):
            are_kin = bool(before[i] & before[j])
            if _same_people(first, ordered[j], sets[i], sets[j], are_kin=are_kin):
                low, high = sorted((root(i), root(j)))
                parent[high] = low
    groups: dict[int, list[Finding]] = {}
    for i, one in enumerate(ordered):
        groups.setdefault(root(i), []).append(one)
    return [_Group(tuple(group)) for group in groups.values()]


def _order(one: Finding) -> tuple[object, ...]:
    evidence = one.evidence
    p = 1.0 if evidence.p_value is None else evidence.p_value
    return (one.is_count, p, evidence.stream, evidence.detector, sorted(one.members))


def _signals_of(finding: Finding, cases: frozenset[str], known: Sequence[Known]) -> frozenset[str]:
    """Return the signals of people whose people a finding has found again."""
    return frozenset(
        one.signal_id
        for one in known
        if not (finding.is_count or one.counts) and _overlap(cases, one.members) >= LEAST_SHARE
    )


def _same_people(
    one: Finding, other: Finding, cases: frozenset[str], others: frozenset[str], *, are_kin: bool
) -> bool:
    shared = len(cases & others)
    if one.is_count or other.is_count:
        return shared > 0 and shared >= LEAST_SHARE * len(cases | others)
    is_enough = _overlap(cases, others) >= LEAST_SHARE or (are_kin and shared >= LEAST_SHARED)
    return is_enough and max(len(cases), len(others)) <= LARGEST_RATIO * shared


def _overlap(cases: frozenset[str], others: frozenset[str]) -> float:
    """Return the share of the smaller that both have; 0 if it is too few to tell."""
    smaller = min(len(cases), len(others))
    shared = len(cases & others)
    return shared / smaller if shared >= min(LEAST_SHARED, smaller) and shared else 0.0


def _match(
    known: Sequence[Known], groups: Sequence[_Group], night: date, rules: Rules
) -> dict[int, tuple[list[Known], Known | None]]:
    """Return by group the signals that go on in it, the oldest first, and whom it is split from."""
    matches: dict[int, tuple[list[Known], Known | None]] = {}
    shares = [[_shared(one, group, night, rules) for group in groups] for one in known]
    best = [max(range(len(groups)), key=row.__getitem__, default=0) for row in shares]
    for index in range(len(groups)):
        related = [i for i, row in enumerate(shares) if row[index] > (0, 0)]
        going_on = [known[i] for i in related if best[i] == index]
        if going_on:
            matches[index] = going_on, None
        elif related:
            matches[index] = [], known[max(related, key=lambda i: shares[i][index])]
    return matches


def _shared(known: Known, group: _Group, night: date, rules: Rules) -> tuple[int, float]:
    """Return how many cases are in both, and their share; nothing if it is another signal."""
    cases = frozenset(group.members)
    shared = len(cases & known.members)
    if group.is_count or known.counts:
        counts = _counts(group.findings)
        is_fresh = (night - known.last_found).days <= rules.close_after_days
        if counts & known.counts and is_fresh:
            return max(1, shared), 1.0
        union = len(cases | known.members)
        return (shared, shared / union) if union and shared / union >= LEAST_SHARE else (0, 0.0)
    overlap = _overlap(cases, known.members)
    return (shared, overlap) if overlap >= LEAST_SHARE else (0, 0.0)


def _counts(findings: Iterable[Finding]) -> frozenset[tuple[str, str]]:
    """Return the series, if findings are nothing but counts."""
    all_findings = list(findings)
    if not all(one.is_count for one in all_findings):
        return frozenset()
    return frozenset(one.source for one in all_findings)


def _continued(before: Known, others: Sequence[Known], group: _Group, rules: Rules) -> Change:
    members = group.members
    ever = before.ever.union(*(one.ever for one in others))
    new_cases = frozenset(members) - ever
    state: State = "growing" if new_cases else "unchanged"
    if before.state == "closed":
        state = "reopened"
    news: News = ""
    if new_cases and not group.is_count:
        news = "cases"
    elif _stronger(group.p_value, before.told_p, rules):
        news = "stronger"
    return Change(
        signal_id=before.signal_id,
        state=state,
        news=news,
        findings=group.findings,
        members=members,
        new_cases=new_cases,
        first_night=before.first_night,
        p_value=group.p_value,
        merged=tuple(one.signal_id for one in others),
    )


def _stronger(p_value: float | None, told: float | None, rules: Rules) -> bool:
    return p_value is not None and told is not None and p_value * rules.stronger_factor <= told


def _begun(
    signal_id: str, group: _Group, night: date, parent: Known | None, ever: frozenset[str]
) -> Change:
    members = group.members
    new_cases = frozenset(members) - (NO_CASES if parent is None else ever)
    news: News = "new"
    if parent is not None and not group.is_count:
        news = "cases" if new_cases else ""
    return Change(
        signal_id=signal_id,
        state="new",
        news=news,
        findings=group.findings,
        members=members,
        new_cases=new_cases,
        first_night=night,
        p_value=group.p_value,
        split_from=None if parent is None else parent.signal_id,
    )


def _merged(one: Known, survivor: Known) -> Change:
    return Change(
        signal_id=one.signal_id,
        state="closed",
        first_night=one.first_night,
        merged_into=survivor.signal_id,
    )


def _not_found(one: Known, night: date, rules: Rules) -> Change | None:
    """Return what becomes of a signal that was not found; nothing if it was closed before."""
    if one.state == "closed":
        return None
    is_over = night - one.last_found >= timedelta(days=rules.close_after_days)
    state: State = "closed" if is_over else "quiet"
    return Change(signal_id=one.signal_id, state=state, first_night=one.first_night)
