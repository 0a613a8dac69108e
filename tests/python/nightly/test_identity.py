"""Identity of signals, against stories and against a slow statement of the rules."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from enteroscan.nightly.finding import Finding
from enteroscan.nightly.identity import Change, Known, Rules, merge
from reference.killed import FIRST, finding

RULES = Rules(close_after_days=3, remember_days=5)


class Story:
    """Nights one after the other, remembered as the rules say."""

    def __init__(self) -> None:
        self.known: dict[str, Known] = {}
        self.night = FIRST

    def tell(self, *findings: Finding) -> dict[str, Change]:
        since = RULES.remembered_since(self.night)
        before = {
            name: one
            for name, one in self.known.items()
            if one.state != "closed" or one.last_found >= since
        }
        changes = merge(list(before.values()), findings, self.night, RULES)
        for change in changes:
            merged = [before[name] for name in change.merged]
            own = before.get(change.signal_id)
            self.known[change.signal_id] = change.after(self.night, own, merged)
        for change in changes:
            if change.merged_into is not None:
                del self.known[change.signal_id]
        self.night += timedelta(days=1)
        return {change.signal_id: change for change in changes}


def said(changes: dict[str, Change]) -> dict[str, tuple[str, str]]:
    return {name[-4:]: (one.state, one.news) for name, one in changes.items()}


def test_states_and_news_of_one_signal() -> None:
    story = Story()
    assert said(story.tell(finding(*"abc"))) == {"01-1": ("new", "new")}
    assert said(story.tell(finding(*"abc"))) == {"01-1": ("unchanged", "")}
    assert said(story.tell(finding(*"abcd"))) == {"01-1": ("growing", "cases")}
    assert said(story.tell(finding(*"bc"))) == {"01-1": ("unchanged", "")}  # shrinks
    assert said(story.tell(finding(*"abcd"))) == {"01-1": ("unchanged", "")}  # all known before
    assert said(story.tell(finding(*"abcd", p_value=0.001))) == {"01-1": ("unchanged", "stronger")}
    assert said(story.tell(finding(*"abcd", p_value=0.0005))) == {"01-1": ("unchanged", "")}
    assert said(story.tell()) == {"01-1": ("quiet", "")}
    assert said(story.tell()) == {"01-1": ("quiet", "")}
    assert said(story.tell()) == {"01-1": ("closed", "")}
    assert said(story.tell()) == {}
    assert said(story.tell(finding(*"abcd", p_value=0.001))) == {"01-1": ("reopened", "")}
    assert said(story.tell(finding(*"abcde"))) == {"01-1": ("growing", "cases")}


def test_a_closed_signal_is_forgotten() -> None:
    story = Story()
    story.tell(finding(*"abc"))
    story.night += timedelta(days=8)  # close_after_days + remember_days later
    story.known = {name: replace(one, state="closed") for name, one in story.known.items()}
    assert said(story.tell(finding(*"abc"))) == {"10-1": ("new", "new")}


def test_moving_keeps_the_name() -> None:
    story = Story()
    names = [set(story.tell(finding(*"abcdefghij"[i : i + 4]))) for i in range(6)]
    assert names == [{"20240601-1"}] * 6


def test_evidence_of_several_detectors_is_one_signal() -> None:
    story = Story()
    (change,) = story.tell(
        finding(*"abcd", p_value=0.01),
        finding(*"abc", stream="Salmonella", detector="exposures", p_value=0.001),
        finding(*"abcd", detector="counts", p_value=1e-5, is_count=True),
    ).values()
    assert [one.source for one in change.findings] == [
        ("Salmonella", "exposures"),
        ("All", "scan"),
        ("All", "counts"),
    ]
    assert set(change.members) == set("abcd")
    assert change.p_value == 1e-5


def test_merging_keeps_the_oldest_and_splitting_the_largest() -> None:
    story = Story()
    story.tell(finding(*"abc"))
    story.tell(finding(*"abc"), finding(*"xyz"))
    merged = story.tell(finding(*"abcxyz"))
    assert said(merged) == {"01-1": ("unchanged", ""), "02-1": ("closed", "")}
    assert merged["20240602-1"].merged_into == "20240601-1"
    assert merged["20240601-1"].merged == ("20240602-1",)
    split = story.tell(finding(*"abcx"), finding(*"yz"))
    assert said(split) == {"01-1": ("unchanged", ""), "04-1": ("new", "")}
    assert split["20240604-1"].split_from == "20240601-1"
    again = story.tell(finding(*"abcx"), finding(*"yzq"))
    assert said(again) == {"01-1": ("unchanged", ""), "04-1": ("growing", "cases")}


def test_people_split_off_with_a_new_case_are_no_new_signal() -> None:
    story = Story()
    story.tell(finding(*"abcdef"))
    split = story.tell(finding(*"abcd"), finding(*"efg"))
    assert said(split) == {"01-1": ("unchanged", ""), "02-1": ("new", "cases")}
    assert split["20240602-1"].new_cases == {"g"}
    again = story.tell(finding(*"abcdh"), finding(*"efg"))
    assert said(again) == {"01-1": ("growing", "cases"), "02-1": ("unchanged", "")}


def test_two_detectors_that_go_apart_see_one_signal() -> None:
    story = Story()
    story.tell(finding(*"abcdef"))
    apart = finding(*"abeyz"), finding(*"abcdg", detector="exposures")
    (change,) = story.tell(*apart).values()
    assert (change.signal_id, change.news, len(change.findings)) == ("20240601-1", "cases", 2)
    assert set(Story().tell(*apart)) == {"20240601-1", "20240601-2"}  # without what was known


def test_a_count_that_stays_high_is_one_signal_and_no_news() -> None:
    story = Story()
    count = {"detector": "counts", "is_count": True}
    assert said(story.tell(finding(*"ab", **count))) == {"01-1": ("new", "new")}  # type: ignore[arg-type]
    assert said(story.tell(finding(*"cd", **count))) == {"01-1": ("growing", "")}  # type: ignore[arg-type]
    stronger = finding(*"ef", p_value=1e-4, **count)  # type: ignore[arg-type]
    assert said(story.tell(stronger)) == {"01-1": ("growing", "stronger")}


# The rules again, slowly: pairs, and what they say, written from the text of the module.


def same_people(one: Finding, other: Finding, known: Sequence[Known]) -> bool:
    a, b = set(one.members), set(other.members)
    if one.is_count or other.is_count:
        return len(a & b) >= 0.5 * len(a | b) and len(a & b) > 0
    if len(a & b) >= 2 and any(goes_on(k, a) and goes_on(k, b) for k in known):
        return max(len(a), len(b)) <= 5 * len(a & b)
    least = min(2, len(a), len(b))
    return (
        len(a & b) >= max(least, 0.5 * min(len(a), len(b)))
        and max(len(a), len(b)) <= 5 * len(a & b)
        and bool(a & b)
    )


def goes_on(known: Known, cases: set[str]) -> bool:
    n, smaller = len(known.members & cases), min(len(known.members), len(cases))
    return n > 0 and n >= max(min(2, smaller), 0.5 * smaller)


def groups_of(findings: Sequence[Finding], known: Sequence[Known]) -> list[set[int]]:
    groups = [{i} for i in range(len(findings))]
    while True:
        for one in groups:
            for other in groups:
                if one is not other and any(
                    same_people(findings[i], findings[j], known) for i in one for j in other
                ):
                    one |= other
                    groups.remove(other)
                    break
            else:
                continue
            break
        else:
            return groups


def expected(known: Sequence[Known], findings: Sequence[Finding]) -> dict[frozenset[str], Any]:
    """Return by members which signals go on there, the oldest first, and whom it is split from.

    Only for findings of people, and where no signal shares as much with one group as with another.
    """
    groups = [
        frozenset(case for i in group for case in findings[i].members)
        for group in groups_of(findings, known)
    ]

    def shared(one: Known, cases: frozenset[str]) -> int:
        return len(one.members & cases) if goes_on(one, set(cases)) else 0

    answer: dict[frozenset[str], Any] = {}
    for cases in groups:
        here = [one for one in known if shared(one, cases)]
        stays = [one for one in here if shared(one, cases) == max(shared(one, g) for g in groups)]
        stays.sort(key=lambda one: (one.first_night, one.signal_id))
        parents = {one.signal_id for one in here if not stays}
        answer[cases] = [one.signal_id for one in stays], parents
    return answer


def is_clear(known: Sequence[Known], findings: Sequence[Finding]) -> bool:
    groups = [
        frozenset(case for i in group for case in findings[i].members)
        for group in groups_of(findings, known)
    ]
    shares = [sorted(len(one.members & cases) for cases in groups)[-2:] for one in known]
    return len(set(groups)) == len(groups) and all(
        len(row) < 2 or row[0] < row[1] or row[1] == 0 for row in shares
    )


def random_night(rng: np.random.Generator) -> tuple[list[Known], list[Finding]]:
    def some() -> list[str]:
        start, n = int(rng.integers(0, 16)), int(rng.integers(1, 7))
        return [f"c{i}" for i in range(start, start + n) if rng.random() < 0.85]

    known = []
    for number in range(int(rng.integers(0, 5))):
        members = frozenset(some())
        first = date(2024, 5, 20) + timedelta(days=int(rng.integers(0, 3)))
        known.append(
            Known(
                signal_id=f"{first:%Y%m%d}-{number}",
                first_night=first,
                last_found=FIRST - timedelta(days=1),
                state="unchanged",
                members=members,
                ever=members,
                told_p=0.01,
            )
        )
    sets = [some() for _ in range(int(rng.integers(0, 6)))]
    findings = [finding(*cases, p_value=float(rng.uniform(1e-4, 0.1))) for cases in sets if cases]
    return known, findings


def test_matches_are_those_of_the_rules() -> None:
    rng = np.random.default_rng(1)
    n_clear = n_merged = n_split = 0
    for _ in range(3000):
        known, findings = random_night(rng)
        if not is_clear(known, findings):
            continue
        n_clear += 1
        changes = merge(known, findings, FIRST, RULES)
        found = [change for change in changes if change.findings]
        wanted = expected(known, findings)
        assert {frozenset(change.members) for change in found} == set(wanted)
        used: set[str] = set()
        for change in found:
            going_on, parents = wanted[frozenset(change.members)]
            used.update(going_on)
            if going_on:
                assert (change.signal_id, *change.merged) == tuple(going_on)
                assert change.split_from is None
                ever = frozenset[str]().union(*(k.ever for k in known if k.signal_id in going_on))
                assert change.new_cases == frozenset(change.members) - ever
            else:
                assert change.state == "new"
                seen = frozenset[str]().union(*(k.ever for k in known))
                told = "cases" if frozenset(change.members) - seen else ""
                assert change.news == (told if parents else "new")
                assert (change.split_from in parents) if parents else change.split_from is None
            n_merged += len(change.merged) > 0
            n_split += change.split_from is not None
        rest = {change.signal_id: change for change in changes if not change.findings}
        quiet = {name for name, change in rest.items() if change.merged_into is None}
        assert quiet == {one.signal_id for one in known} - used
    assert (n_clear > 2000, n_merged > 100, n_split > 50) == (True, True, True)


def test_order_does_not_matter() -> None:
    rng = np.random.default_rng(2)
    for _ in range(500):
        known, findings = random_night(rng)
        shuffled = [findings[i] for i in rng.permutation(len(findings))]
        others = [known[i] for i in rng.permutation(len(known))]
        one, other = (
            [replace(change, findings=()) for change in merge(k, f, FIRST, RULES)]
            for k, f in ((known, findings), (others, shuffled))
        )
        assert one == other


@pytest.mark.parametrize("n_shared", [0, 1, 2, 3])
def test_at_least_half_and_two(n_shared: int) -> None:
    story = Story()
    story.tell(finding(*"abcd"))
    cases = "abcd"[:n_shared] + "wxyz"[: 4 - n_shared]
    names = [name for name, change in story.tell(finding(*cases)).items() if change.findings]
    assert names == (["20240601-1"] if n_shared >= 2 else ["20240602-1"])
