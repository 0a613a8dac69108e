"""The compiled scan equals three nested loops over centres, zones and windows, always."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

import reference
from enteroscan import _core
from reference import problems

N_CHUNKS = 20
NOTHING = 1e-9  # log likelihood ratio of equal risks inside and outside, with rounding
PER_CHUNK = 300  # small problems a test; 6,000 in all


def near(problem: problems.Problem, statistic: float | None) -> object:
    """Equal but for rounding: small statistics are differences of numbers as great as the cases."""
    return pytest.approx(statistic, rel=1e-10, abs=1e-14 * problem.data.study().n_cases)


@contextmanager
def named(*seed: int) -> Iterator[np.random.Generator]:
    """A generator; a failure names its seed."""
    try:
        yield np.random.default_rng(seed)
    except Exception as error:
        error.add_note(f"in the problem of np.random.default_rng({list(seed)})")
        raise


def check_maximum(problem: problems.Problem, best: list[reference.Window | None]) -> None:
    """The greatest statistic, and the cluster that has it."""
    scan = problem.compiled()
    expected = reference.best_window(best)
    maximum = scan.maximum(n_threads=1)
    table = scan.clusters(at_least=0.0)
    if expected is None or expected.statistic < NOTHING:
        assert max(maximum, *table.statistic.tolist(), 0.0) < NOTHING
        return
    assert maximum == near(problem, expected.statistic)
    assert table.statistic[0] == pytest.approx(maximum, rel=1e-9, abs=1e-9)  # ties have an order
    check_window(problem, table, 0)


def check_window(problem: problems.Problem, table: _core.WindowTable, i: int) -> None:
    """A reported window may be reported, and has the figures that it says."""
    members = table.members[table.offsets[i] : table.offsets[i + 1]].tolist()
    zones = problem.zones.enumerate(reported=True)[int(table.centre[i])]
    start, end = int(table.start[i]), int(table.end[i])
    assert members in zones
    assert len(members) == table.size[i]
    assert (start, end) in problem.times.windows
    study = problem.data.study()
    observed, measure, statistic, high = reference.evaluate(
        study, problem.rule, members=members, start=start, end=end
    )
    assert table.observed[i] == observed
    assert table.measure[i] == pytest.approx(measure, rel=1e-10)
    assert table.statistic[i] == near(problem, statistic)
    assert table.high[i] == high


def check_every_centre(problem: problems.Problem, best: list[reference.Window | None]) -> None:
    """The best of every centre, which secondary clusters are chosen from."""
    table = problem.compiled().clusters(at_least=0.0, overlap="any", at_most=100_000)
    greatest = {int(centre): 0.0 for centre in table.centre}
    for centre, statistic in zip(table.centre, table.statistic, strict=True):
        greatest[int(centre)] = max(greatest[int(centre)], float(statistic))
    for centre, window in enumerate(best):
        if window is not None and window.statistic > NOTHING:
            assert greatest.pop(centre) == near(problem, window.statistic)
    assert max(greatest.values(), default=0.0) < NOTHING


@pytest.mark.slow
@pytest.mark.parametrize("chunk", range(N_CHUNKS))
def test_maximum_and_clusters_equal_the_loop(chunk: int) -> None:
    for i in range(PER_CHUNK):
        with named(chunk, i) as random:
            problem = problems.random_problem(random)
            best = problem.best_per_centre(reported=True)
            check_maximum(problem, best)
            check_every_centre(problem, best)


def test_zones_and_windows_are_the_enumerated_ones() -> None:
    for i in range(500):
        with named(7, i) as random:
            problem = problems.random_problem(random)
            zones = problem.zones.compiled()
            evaluated = problem.zones.enumerate(reported=False)
            reported = problem.zones.enumerate(reported=True)
            assert zones.n_centres == len(evaluated)
            for centre in range(zones.n_centres):
                members, first, largest_reported = zones.neighbourhood(centre)
                sizes = range(first, len(members) + 1)
                assert [members[:k].tolist() for k in sizes] == evaluated[centre]
                in_report = [k for k in sizes if k <= largest_reported]
                assert in_report == [len(zone) for zone in reported[centre]]
            runs = problem.times.compiled().runs
            windows = [
                (start, start + length)
                for length, first, last in runs
                for start in range(first, last + 1)
            ]
            assert sorted(windows) == sorted(problem.times.windows)


def test_location_totals_are_sums_of_the_data() -> None:
    for i in range(200):
        with named(8, i) as random:
            problem = problems.random_problem(random)
            study = problem.data.study()
            model = problem.data.model(problem.rule)
            start, end = np.sort(random.choice(model.n_intervals + 1, 2, replace=False))
            observed, measure = model.location_totals(int(start), int(end))
            assert observed.tolist() == study.cases[:, start:end].sum(axis=1).tolist()
            np.testing.assert_allclose(
                measure, study.measure[:, start:end].sum(axis=1), rtol=1e-10, atol=1e-12
            )
            assert model.n_cases == study.n_cases
            assert model.total_measure == pytest.approx(study.total_measure, rel=1e-12)


# ---- larger ones ---------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("model", ["permutation", "poisson", "inseparable poisson", "bernoulli"])
@pytest.mark.parametrize("rates", ["high", "low", "both"])
@pytest.mark.parametrize("times", ["prospective", "retrospective", "spatial"])
@pytest.mark.parametrize("mean", [0.3, 300.0])
def test_counts_beyond_one_and_two_bytes(model: str, rates: str, times: str, mean: float) -> None:
    # With the greater mean more than 255 cases in a cell, and more than 65,535 in all.
    random = np.random.default_rng(11)
    data = problems.typical_data(random, model, 40, 15, mean=mean)
    problem = problems.typical_problem(random, data, times, rates)
    if mean > 255:
        assert data.study().cases.max() > 255
        assert data.study().n_cases > 65_535
    best = problem.best_per_centre(reported=True)
    check_maximum(problem, best)
    check_every_centre(problem, best)
