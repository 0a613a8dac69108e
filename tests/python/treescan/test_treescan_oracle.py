"""Small random trees, nodes with several parents among them, against slow and obvious loops."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from enteroscan import _core, treescan
from enteroscan.treescan import TreescanAnalysis
from reference.treescan import Problem, Row, cuts

SETTINGS = {
    "uniform": {"scan-type": 1, "probability-model": 2, "conditional-type": 2},
    "permutation": {"scan-type": 1, "probability-model": 2, "conditional-type": 3},
    "bernoulli": {"scan-type": 0, "probability-model": 1, "conditional-type": 1},
}
N_PROBLEMS = 40  # of each model
N_REPLICATES = 99


def random_rows(random: np.random.Generator, nodes: list[str], n_days: int, n: int) -> list[Row]:
    return [
        (str(random.choice(nodes)), int(random.integers(n_days)), int(random.integers(1, 4)))
        for _ in range(n)
    ]


def random_problem(random: np.random.Generator, null: str) -> Problem:
    nodes = [f"n{i}" for i in range(random.integers(2, 9))]
    parents: dict[str, set[str]] = {}
    for i, node in enumerate(nodes):
        n_parents = min(i, int(random.integers(3)))
        parents[node] = {str(up) for up in random.choice(nodes[:i], n_parents)} if i else set()
    is_temporal = null != "bernoulli"
    n_days = int(random.integers(4, 11)) if is_temporal else 1
    return Problem(
        null,
        parents,
        random_rows(random, nodes, n_days, int(random.integers(3, 12))),
        [] if is_temporal else random_rows(random, nodes, 1, int(random.integers(3, 12))),
        n_days,
        shortest=int(random.integers(1, 3)) if is_temporal else 1,
        longest=int(random.integers(2, n_days + 1)) if is_temporal else 1,
        min_cases=int(random.integers(1, 4)),
    )


def as_files(problem: Problem, folder: Path) -> TreescanAnalysis:
    """Write a problem as TreeScan's files, times counted from 1, and read it."""
    edges = [
        f"{node},{parent}\n"
        for node, up in problem.parents.items()
        for parent in sorted(up) or [""]
    ]
    (folder / "tree").write_text("".join(edges))
    for name, rows in (("cases", problem.cases), ("controls", problem.controls)):
        lines = [
            f"{node},{n},{day + 1}\n" if problem.n_days > 1 else f"{node},{n}\n"
            for node, day, n in rows
        ]
        (folder / name).write_text("".join(lines))
    settings: dict[str, object] = {
        **SETTINGS[problem.null],
        "tree-filename": "tree",
        "count-filename": "cases",
        "control-filename": "controls" if problem.controls else "",
        "date-precision": 1,
        "data-time-range": f"[1,{problem.n_days}]",
        "data-only-on-leaves": "n",
        "allow-multi-parent-nodes": "y",
        "include-identical-parent-cuts": "y",
        "minimum-window-fixed": problem.shortest,
        "maximum-window-fixed": problem.longest,
        "maximum-window-type": 1,
        "minimum-node-cases": problem.min_cases,
        "monte-carlo-replications": N_REPLICATES,
    }
    path = folder / "x.prm"
    path.write_text("[a]\n" + "".join(f"{name}={value}\n" for name, value in settings.items()))
    return treescan.load(path)


@pytest.mark.parametrize("null", SETTINGS)
def test_cuts_are_those_of_the_obvious_loops(null: str, tmp_path: Path) -> None:
    random = np.random.default_rng(8)
    n_cuts = 0
    for _ in range(N_PROBLEMS):
        problem = random_problem(random, null)
        result = as_files(problem, tmp_path).scan(n_jobs=1)
        slow = cuts(problem)
        shown = result.cuts
        n_cuts += len(shown)
        for own, cut in zip(shown.to_dict("records"), slow, strict=False):
            assert (own["node"], own["cases"]) == (cut.node, cut.cases)
            assert own["expected"] == pytest.approx(cut.expected, rel=1e-12)
            assert own["statistic"] == pytest.approx(cut.statistic, rel=1e-9)
            if problem.n_days > 1:
                assert (own["start"], own["end"]) == (cut.start + 1, cut.end + 1)
        left_out = slow[len(shown) :]  # because no replicate has less: p = 1
        assert len(shown) <= len(slow)
        least = result.simulated_maxima.min()
        assert all(cut.statistic <= least * (1 + 1e-9) for cut in left_out)
    assert n_cuts > N_PROBLEMS


@pytest.mark.parametrize("null", SETTINGS)
def test_the_same_bits_on_any_number_of_threads(null: str, tmp_path: Path) -> None:
    analysis = as_files(random_problem(np.random.default_rng(3), null), tmp_path)
    one, two = (analysis.scan(n_jobs=n_jobs) for n_jobs in (1, 2))
    pd.testing.assert_frame_equal(one.cuts, two.cuts)
    assert one.simulated_maxima.tobytes() == two.simulated_maxima.tobytes()


ALPHA = 1e-3  # of each of the tests of uniformity: one fails by chance in 1 of 200 seeds
N_DATA_SETS = 500
N_CLASSES = 10
N_DAYS, N_LEAVES = 20, 8


@pytest.mark.parametrize(
    "null", ["poisson", "bernoulli", "bernoulli_time", "uniform", "permutation"]
)
def test_p_values_are_uniform_under_the_null(null: str) -> None:
    """Ranks among replicates are uniform, once ties are broken by a coin.

    Leaf 3 has two parents; data sets are drawn with NumPy from the null hypothesis.
    """
    random = np.random.default_rng(2)
    children, parents = [*range(2, 10), 5], [*([0] * 4), *([1] * 4), 1]
    tree = _core.Tree(10, np.array(children, np.uint32), np.array(parents, np.uint32))
    ranks = []
    for i in range(N_DATA_SETS):
        scan = null_scan(random, tree, null)  # type: ignore[arg-type]
        maxima = scan.simulate(0, N_REPLICATES, seed=1000 + i, n_threads=1)
        maximum = max(scan.best(of_ends=False)["statistic"], default=0.0)
        with_ties = 1 + int(np.count_nonzero(maxima >= maximum - 1e-9))
        without = 1 + int(np.count_nonzero(maxima > maximum + 1e-9))
        ranks.append(random.integers(without, with_ties + 1))
    classes = (np.array(ranks) - 1) * N_CLASSES // (N_REPLICATES + 1)
    counts = np.bincount(classes, minlength=N_CLASSES)
    assert stats.chisquare(counts).pvalue > ALPHA, counts


def null_scan(
    random: np.random.Generator, tree: _core.Tree, null: "_core.TreeNull"
) -> _core.TreeScan:
    """Make a scan of 60 cases, drawn from the null hypothesis (fixed sizes of leaves)."""
    is_temporal = null in ("bernoulli_time", "uniform", "permutation")
    n_days = N_DAYS if is_temporal else 1
    sizes = np.arange(1, N_LEAVES + 1) / np.arange(1, N_LEAVES + 1).sum()
    n_controls = 90 if null.startswith("bernoulli") else 0
    leaf = 2 + random.choice(N_LEAVES, 60 + n_controls, p=sizes)
    day = random.integers(n_days, size=60 + n_controls)
    rows = np.column_stack([leaf, day, np.ones_like(leaf)]).astype(np.int64)
    intervals = (
        _core.all_intervals(n_days, min_length=1, max_length=10)
        if is_temporal
        else _core.whole_period(1)
    )
    expected = np.concatenate([[0.0, 0.0], 60 * sizes])
    return _core.TreeScan(
        tree,
        np.arange(11, dtype=np.uint32),
        np.arange(10, dtype=np.uint32),
        np.ones(10, np.uint8),
        intervals,
        null=null,
        cases=rows[:60],
        controls=rows[60:],
        expected=expected if null == "poisson" else np.empty(0),
        probability=0.5,
        kinds_of_day=np.empty(0, np.uint32),
        rates="high",
        min_cases=2,
    )
