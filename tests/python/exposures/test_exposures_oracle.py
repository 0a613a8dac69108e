"""Small random problems, ties and nodes with several parents among them, against slow loops."""

from collections import Counter

import numpy as np
import pytest

from enteroscan import _core
from reference.exposures import Problem, best_of_nodes, maximum

N_PROBLEMS = 1200  # each looked at in the data and in two replicates
SEED = 11


def random_problem(random: np.random.Generator) -> Problem:
    n_nodes, n_places = int(random.integers(1, 7)), int(random.integers(1, 6))
    n_cases, n_days = int(random.integers(2, 15)), int(random.integers(3, 8))
    parents = [
        sorted(set(random.integers(node, size=random.integers(3)).tolist())) if node else []
        for node in range(n_nodes)
    ]
    spots = random.permutation(9)[:n_places]  # of a grid: many equal distances
    lengths = sorted(random.choice(n_days, random.integers(1, 4), replace=False) + 1)
    n_strata = min(n_cases, int(random.choice([1, 1, 2, 3])))
    return Problem(
        parents=parents,
        eaten=[
            random.choice(n_nodes, random.integers(0, 4)).tolist() for _ in range(n_cases)
        ],  # none, or the same twice
        place=random.integers(n_places, size=n_cases).tolist(),
        day=random.integers(n_days, size=n_cases).tolist(),
        stratum=random.integers(n_strata, size=n_cases).tolist(),
        coordinates=np.column_stack([spots // 3, spots % 3]).astype(float),
        n_days=n_days,
        lengths=[int(length) for length in lengths],
        max_radius=float(random.choice([0.5, 1.0, 1.5, 5.0])),
        min_cases=int(random.integers(1, 4)),
    )


def core_scan(problem: Problem) -> _core.ExposureScan:
    edges = [(node, up) for node, own in enumerate(problem.parents) for up in own]
    child, parent = (np.array([edge[i] for edge in edges], np.uint32) for i in (0, 1))
    points, n = problem.coordinates, len(problem.coordinates)
    circles = _core.circles(points, points, great_circle=False, max_radius=problem.max_radius)
    runs = [
        (length, problem.n_days - length, problem.n_days - length) for length in problem.lengths
    ]
    return _core.ExposureScan(
        _core.Tree(len(problem.parents), child, parent),
        np.cumsum([0, *map(len, problem.eaten)]).astype(np.uint32),
        np.array([node for own in problem.eaten for node in own], np.uint32),
        _core.combined([_core.whole_area(n), circles]),
        _core.intervals_from_runs(problem.n_days, runs),
        location=np.array(problem.place, np.uint32),
        interval=np.array(problem.day, np.uint32),
        stratum=np.array(problem.stratum, np.uint32),
        min_cases=problem.min_cases,
    )


def test_windows_and_maxima_are_those_of_the_obvious_loops() -> None:
    random = np.random.default_rng(SEED)
    n_windows = n_maxima = n_in_circles = 0
    for number in range(N_PROBLEMS):
        problem = random_problem(random)
        scan = core_scan(problem)
        own, slow = scan.best(), best_of_nodes(problem)
        assert own["node"].tolist() == sorted(slow)
        for row, node in enumerate(own["node"].tolist()):
            window = slow[node]
            for column, value in (
                ("centre", window.centre),
                ("size", window.size),
                ("start", problem.n_days - window.length),
                ("end", problem.n_days),
                ("inside", window.inside),
                ("cases", window.cases),
            ):
                assert own[column][row] == value, (number, node, column)
            assert own["expected"][row] == pytest.approx(window.expected, rel=1e-12)
            assert own["statistic"][row] == pytest.approx(window.statistic, rel=1e-9, abs=1e-12)
            n_in_circles += window.centre > 0
        n_windows += len(slow)
        maxima = scan.simulate(0, 2, seed=number, n_threads=1)
        for replicate in range(2):
            source = scan.permutation(seed=number, replicate=replicate).tolist()
            greatest = maximum(problem, source)
            assert maxima[replicate] == pytest.approx(greatest, rel=1e-9, abs=1e-12)
            n_maxima += greatest > 0
    assert min(n_windows, n_maxima, n_in_circles) > N_PROBLEMS / 2


def test_replicates_after_the_pilots_are_exact_too() -> None:
    """Later replicates are found with limits learnt from earlier ones."""
    random = np.random.default_rng(SEED + 1)
    for number in range(60):
        problem = random_problem(random)
        scan = core_scan(problem)
        maxima = scan.simulate(0, 40, seed=number, n_threads=1)
        for replicate in range(20, 40):
            source = scan.permutation(seed=number, replicate=replicate).tolist()
            expected = maximum(problem, source)
            assert maxima[replicate] == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_whole_cases_change_places_within_strata() -> None:
    """Every case keeps place and day, and all permutations of a stratum are equally frequent."""
    problem = Problem(
        parents=[[]],
        eaten=[[0], [], [0], [], []],
        place=[0, 0, 0, 0, 0],
        day=[0, 1, 2, 0, 2],
        stratum=[0, 0, 0, 1, 1],
        coordinates=np.zeros((1, 2)),
        n_days=3,
        lengths=[1],
        max_radius=1.0,
        min_cases=1,
    )
    scan = core_scan(problem)
    n = 6_000
    drawn = Counter(tuple(scan.permutation(seed=1, replicate=i).tolist()) for i in range(n))
    assert {tuple(sorted(source[:3])) for source in drawn} == {(0, 1, 2)}
    assert {tuple(sorted(source[3:])) for source in drawn} == {(3, 4)}
    assert len(drawn) == 12
    share = n / 12  # of each; five standard deviations: fails by chance in 1 of 100,000 seeds
    assert all(abs(count - share) < 5 * np.sqrt(share) for count in drawn.values())


@pytest.mark.parametrize("n_threads", [2, 4])
def test_the_same_bits_on_any_number_of_threads(n_threads: int) -> None:
    random = np.random.default_rng(SEED + 2)
    for number in range(5):
        scan = core_scan(random_problem(random))
        one = scan.simulate(0, 60, seed=number, n_threads=1)
        assert one.tobytes() == scan.simulate(0, 60, seed=number, n_threads=n_threads).tobytes()
        assert one[30:].tobytes() == scan.simulate(30, 60, seed=number, n_threads=1).tobytes()


def test_what_does_not_fit_is_refused() -> None:
    tree = _core.Tree(1, np.empty(0, np.uint32), np.empty(0, np.uint32))

    def scan(intervals: _core.Intervals, n_cases: int, place: int = 0) -> _core.ExposureScan:
        zeros = np.zeros(n_cases, np.uint32)
        return _core.ExposureScan(
            tree,
            np.arange(3, dtype=np.uint32),
            np.zeros(2, np.uint32),
            _core.whole_area(1),
            intervals,
            location=zeros + np.uint32(place),
            interval=zeros,
            stratum=zeros,
            min_cases=1,
        )

    last = _core.intervals_from_runs(3, [(2, 1, 1)])
    assert len(scan(last, 2).best()["node"]) == 0
    with pytest.raises(ValueError, match="sets of 2 units, but 3 cases"):
        scan(last, 3)
    with pytest.raises(ValueError, match="no location 7 among 1"):
        scan(last, 2, place=7)
    with pytest.raises(ValueError, match="must end with the study period"):
        scan(_core.all_intervals(3, min_length=1, max_length=2), 2)
