"""Linkage finds what looking at everything finds, on thousands of small data sets."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from enteroscan import _core
from reference.linkage import (
    PARTS,
    Linkage,
    Options,
    PairOptions,
    Reports,
    Source,
    pairs,
    permuted,
)

N_DATA_SETS = 2000
N_PERMUTED = 400
N_PAIRED = 1500
N_LARGE = 25
TINY = 1e-9  # statistics below are rounding
Random = np.random.Generator
Ints = NDArray[np.int32]


def near(value: object) -> Any:  # noqa: ANN401
    return pytest.approx(value, rel=1e-9, abs=1e-11)


def make_reports(random: Random, n_cases: int | None = None) -> Reports:
    """Few cases with few values; ties, several agents, cases without exposures or company."""
    few, n_kinds, n_agents = (int(random.integers(1, most)) for most in (15, 4, 4))
    n_cases = n_cases or few
    n_values = int(random.integers(n_kinds, n_kinds + 5))
    kind = np.sort(np.append(np.arange(n_kinds), random.integers(0, n_kinds, n_values - n_kinds)))
    tied = random.random() < 0.5
    moments = random.integers(0, 12, n_cases) if tied else random.uniform(0, 300, n_cases)
    case, value = [], []
    for c in range(n_cases):
        own = np.sort(random.permutation(n_values)[: random.integers(0, min(n_values, 4) + 1)])
        case += [c] * len(own)
        value += own.tolist()
    n_meals = len(case) + 1
    lag = random.integers(0, 6, n_meals) if tied else random.uniform(0, 100, n_meals)
    spread = random.choice([0.0, 1.0, 4.0])
    lag_evidence = random.normal(0, spread, (n_meals, n_agents))
    lag_evidence[random.random(n_meals) < 0.1] = -20.0
    located = random.random(n_cases) < 0.8
    return {
        "onset": moments.astype(float),
        "reported": moments + random.uniform(0, 50, n_cases),
        "stratum": random.integers(0, random.integers(1, 4), n_cases).astype(np.int32),
        "context": random.integers(0, random.integers(1, n_cases + 1), n_cases).astype(np.int32),
        "latitude": np.where(located, random.uniform(30, 30.5, n_cases), np.nan),
        "longitude": np.where(located, random.uniform(120, 120.5, n_cases), np.nan),
        "case_evidence": random.normal(0, spread, (n_cases, n_agents)).ravel(),
        "lag": lag.astype(float),
        "lag_evidence": lag_evidence.ravel(),
        "exposed_case": np.array(case, np.int32),
        "value": np.array(value, np.int32),
        "meal": random.integers(0, n_meals, len(case)).astype(np.int32),
        "report_evidence": random.choice([0.0, -0.7, 2.0], len(case)),
        "kind": kind.astype(np.int32),
        "pseudo_count": random.uniform(0.01, 2, n_kinds),
        "pseudo_total": random.uniform(2, 500, n_kinds),
        "concentration": random.uniform(0.1, 40, n_kinds),
        "agreement": random.uniform(0.3, 1, n_kinds),
        "longest": random.choice([np.inf, 30.0, 5.0], n_kinds),
        "fashion": random.choice([0.0, 4.0, 48.0], n_kinds),
        "contagion": random.choice([0.0, 0.1, 3.0], n_kinds),
        "log_prior": random.normal(0, 1, n_agents),
        "infectious": random.choice([0.0, 0.2, 1.0], n_agents),
        "serial_interval": random.uniform([1.0, 0.2], [100.0, 1.5]),
    }


def make_options(random: Random) -> Options:
    durations = np.sort(random.choice([0.0, 1.0, 2.0, 5.0, 24.0, 100.0, 400.0], 3, replace=False))
    everything = random.random() < 0.5
    return Options(
        first=-200.0 if everything else float(random.integers(-3, 3)),
        last=400.0 if everything else float(random.integers(5, 200)),
        fresh_since=-200.0 if random.random() < 0.5 else float(random.integers(0, 60)),
        durations=tuple(durations.tolist()),
        min_cases=int(random.integers(1, 4)),
    )


def make_aside(random: Random, n_cases: int) -> Ints:
    n = 0 if random.random() < 0.5 else int(random.integers(0, n_cases + 1))
    return np.sort(random.permutation(n_cases)[:n]).astype(np.int32)


def compiled(reports: Reports, options: Options) -> _core.SharedSources:
    return _core.SharedSources(
        reports,
        first=options.first,
        last=options.last,
        fresh_since=options.fresh_since,
        durations=list(options.durations),
        min_cases=options.min_cases,
        max_reports=0,
    )


def data_set(seed: int) -> tuple[Random, Reports, Options, Ints]:
    random = np.random.default_rng([4, seed])
    reports = make_reports(random)
    return random, reports, make_options(random), make_aside(random, len(reports["onset"]))


def assert_same_group(found: dict[str, Any], slow: Linkage, source: Source) -> None:
    assert found["statistic"] == near(source.statistic)
    assert found["expected"] == near(source.expected)
    for name, amount in slow.parts(source).items():
        assert found[name] == near(amount), name
    agents = slow.agents(source)
    assert found["agents"] == near(agents)
    likeliest = np.array(slow.amounts(source))[agents > agents.max() - TINY]
    assert np.min(np.abs(likeliest - found["attributable"])) < 1e-6
    probabilities = slow.probabilities(source)
    assert len(found["cases"]) == len(probabilities)
    assert np.all(np.diff(found["probabilities"]) <= 0)
    for case, probability in zip(found["cases"], found["probabilities"], strict=True):
        assert probability == pytest.approx(probabilities[case], abs=1e-7)


def assert_same_others(found: dict[str, Any], slow: Linkage, best: dict[int, Source]) -> None:
    """Runners-up: the best source of each other value, where two members or more were exposed."""
    members = set(found["cases"][found["probabilities"] >= 0.5].tolist())
    shared = {
        value: len(members & {e.case for e in source.exposed})
        for value, source in best.items()
        if value != found["value"]
    }
    expected = [(best[v].statistic, n) for v, n in shared.items() if n >= 2]
    got = [(statistic, n) for _, statistic, n in found["others"]]
    assert [s for s, _ in got] == near(sorted((s for s, _ in expected), reverse=True)[:5])
    for value, _, n in found["others"]:
        assert n == shared[value]


def is_near_half(probabilities: NDArray[np.float64]) -> bool:
    return bool(np.any(np.abs(probabilities - 0.5) < 1e-6))


def is_only_best(source: Source, sources: list[Source]) -> bool:
    near_best = [s for s in sources if s.statistic > source.statistic - TINY]
    return len(near_best) == 1


def compare_groups(seed: int) -> int:
    """Follow the groups one by one; return their number."""
    _, reports, options, aside = data_set(seed)
    found = compiled(reports, options).groups(at_least=TINY, at_most=100, aside=aside, n_threads=2)
    slow = Linkage(reports, options, frozenset(aside.tolist()))
    exhausted: set[int] = set()
    first_of = [(value, slow.sources(value)) for value in range(len(reports["kind"]))]
    best_at_first = {
        value: max(sources, key=lambda s: s.statistic)
        for value, sources in first_of
        if sources and max(s.statistic for s in sources) > TINY
    }
    unclear = any(
        not is_only_best(best_at_first[value], sources)
        for value, sources in first_of
        if value in best_at_first
    )
    for group in found:
        every = [s for s in slow.all_sources() if s.value not in exhausted]
        greatest = max(s.statistic for s in every)
        own = [
            s
            for s in every
            if s.value == group["value"] and (s.first, s.last) == (group["first"], group["last"])
        ]
        assert len(own) == 1, "no such source"
        assert own[0].statistic == near(greatest), "there is a better one"
        assert_same_group(group, slow, own[0])
        if not unclear:
            assert_same_others(group, slow, best_at_first)
        if is_near_half(group["probabilities"]):
            return len(found)  # who is a member is a matter of rounding
        members = group["cases"][group["probabilities"] >= 0.5]
        slow.taken |= set(members.tolist())
        if len(members) == 0:
            exhausted.add(group["value"])
    left = [s.statistic for s in slow.all_sources() if s.value not in exhausted]
    assert max(left, default=0.0) <= 2 * TINY, "there is another one"
    return len(found)


def test_groups_are_those_of_the_definition() -> None:
    n_groups = 0
    for seed in range(N_DATA_SETS):
        try:
            n_groups += compare_groups(seed)
        except Exception as error:
            error.add_note(f"in the data set {seed}")
            raise
    assert n_groups > N_DATA_SETS / 2  # the data sets are not trivial


def test_maxima_are_those_of_permuted_reports() -> None:
    n_positive = 0
    for seed in range(N_PERMUTED):
        _, reports, options, aside = data_set(seed)
        search = compiled(reports, options)
        maxima = search.simulate(0, 3, seed=seed, aside=aside, n_threads=1)
        for replicate, greatest in enumerate(maxima):
            source = search.permutation(seed=seed, replicate=replicate, aside=aside)
            slow = Linkage(permuted(reports, source), options, frozenset(aside.tolist()))
            assert greatest == near(slow.maxima()), f"data set {seed}, replicate {replicate}"
            n_positive += int(np.sum(greatest > TINY))
    assert n_positive > N_PERMUTED


def test_bounds_pass_over_nothing() -> None:
    """Values with so many exposures that most of their times are passed over by bounds."""
    n_busy = 0
    for seed in range(N_LARGE):
        random = np.random.default_rng([5, seed])
        reports = make_reports(random, n_cases=int(random.integers(100, 160)))
        options = make_options(random)
        aside = make_aside(random, len(reports["onset"]))
        n_busy += int(np.bincount(reports["value"]).max() > 60)
        slow = Linkage(reports, options, frozenset(aside.tolist()))
        groups = compiled(reports, options).groups(
            at_least=TINY, at_most=1, aside=aside, n_threads=1
        )
        assert [g["statistic"] for g in groups] == near(
            [m for m in [slow.maxima().max()] if m > TINY]
        )
        search = compiled(reports, options)
        source = search.permutation(seed=1, replicate=0, aside=aside)
        slow = Linkage(permuted(reports, source), options, frozenset(aside.tolist()))
        assert search.simulate(0, 1, seed=1, aside=aside, n_threads=1)[0] == near(slow.maxima())
    assert n_busy > N_LARGE / 2


def test_permutations_keep_strata_and_cases_set_aside() -> None:
    moved = 0
    for seed in range(200):
        _, reports, options, aside = data_set(seed)
        search = compiled(reports, options)
        source = search.permutation(seed=3, replicate=seed, aside=aside)
        n = len(source)
        assert sorted(source.tolist()) == list(range(n))
        assert (reports["stratum"][source] == reports["stratum"]).all()
        assert (source[aside] == aside).all()
        moved += int(np.sum(source != np.arange(n)))
    assert moved > 200


def test_every_assignment_within_a_stratum_is_as_likely() -> None:
    _, reports, options, _ = data_set(1)
    n = 4
    only: Reports = {
        "exposed_case": np.arange(n, dtype=np.int32),
        "value": np.zeros(n, np.int32),
        "meal": np.zeros(n, np.int32),
        "report_evidence": np.zeros(n),
        "onset": np.zeros(n),
        "reported": np.zeros(n),
        "stratum": np.zeros(n, np.int32),
        "context": np.zeros(n, np.int32),
        "latitude": np.zeros(n),
        "longitude": np.zeros(n),
        "case_evidence": np.zeros(n * len(reports["log_prior"])),
    }
    search = compiled(reports | only, options)
    nobody = np.empty(0, np.int32)
    counts: dict[tuple[int, ...], int] = {}
    for replicate in range(24 * 200):
        found = tuple(search.permutation(seed=1, replicate=replicate, aside=nobody).tolist())
        counts[found] = counts.get(found, 0) + 1
    assert len(counts) == 24
    squares = sum((n - 200) ** 2 / 200 for n in counts.values())
    assert squares < 49.7  # chi-square of 23 degrees of freedom: fails by chance once in 1,000


@pytest.mark.parametrize("n_threads", [1, 2])
def test_replicates_are_the_same_bits_in_any_range(n_threads: int) -> None:
    for seed in range(40):
        _, reports, options, aside = data_set(seed)
        search = compiled(reports, options)
        whole = search.simulate(0, 30, seed=5, aside=aside, n_threads=1)
        assert search.simulate(0, 30, seed=5, aside=aside, n_threads=n_threads).tolist() == (
            whole.tolist()
        )
        for begin, end in ((0, 1), (1, 13), (13, 30), (7, 7)):
            part = search.simulate(begin, end, seed=5, aside=aside, n_threads=n_threads)
            assert part.tolist() == whole[begin:end].tolist()
    other = search.simulate(0, 30, seed=6, aside=aside, n_threads=n_threads)
    assert other.shape == whole.shape


def make_pair_options(random: Random) -> PairOptions:
    located = random.random() < 0.7
    return PairOptions(
        max_gap=float(random.choice([1.0, 30.0, 500.0])),
        at_least=float(random.choice([-50.0, 0.0, 3.0])),
        same_meal_share=float(random.uniform(0.1, 0.9)),
        same_meal_hours=float(random.uniform(0.5, 3)),
        sale_hours=float(random.uniform(5, 60)),
        distance_km=(1.0, 5.0, 20.0, 40.0) if located else (),
        distance_evidence=(3.0, 1.5, -0.5, -1.0) if located else (),
    )


def compare_links(seed: int) -> int:
    random, reports, options, _ = data_set(seed)
    how = make_pair_options(random)
    search = compiled(reports, options)
    wanted = {
        "max_gap": how.max_gap,
        "at_least": how.at_least,
        "same_meal_share": how.same_meal_share,
        "same_meal_hours": how.same_meal_hours,
        "sale_hours": how.sale_hours,
        "distance_km": list(how.distance_km),
        "distance_evidence": list(how.distance_evidence),
    }
    found = search.links(**wanted, n_threads=1)  # type: ignore[arg-type]
    again = search.links(**wanted, n_threads=2)  # type: ignore[arg-type]
    assert all(found[name].tolist() == again[name].tolist() for name in found)
    expected = pairs(reports, options, how)
    rows = list(zip(found["first"].tolist(), found["second"].tolist(), strict=True))
    assert rows == sorted(set(rows))
    best = {pair: max(own["total"] for own in shared) for pair, shared in expected.items()}
    assert set(rows) >= {pair for pair, total in best.items() if total > how.at_least + TINY}
    assert set(rows) <= {pair for pair, total in best.items() if total > how.at_least - TINY}
    for i, pair in enumerate(rows):
        assert found["total"][i] == near(best[pair]), pair
        own = [p for p in expected[pair] if p["value"] == found["value"][i]]
        assert len(own) == 1
        for name in PARTS:
            assert found[name][i] == near(own[0][name]), (pair, name)
    return len(rows)


def test_links_are_those_of_all_pairs() -> None:
    n_links = 0
    for seed in range(N_PAIRED):
        try:
            n_links += compare_links(seed)
        except Exception as error:
            error.add_note(f"in the data set {seed}")
            raise
    assert n_links > N_PAIRED
