"""Tree scans by their definitions: every node, every window, every case counted anew."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

Row = tuple[str, int, int]  # node, day, count


@dataclass(frozen=True)
class Problem:
    """A tree with cases, and the windows that are looked at: `shortest` to `longest` days."""

    null: str
    parents: dict[str, set[str]]
    cases: list[Row]
    controls: list[Row] = field(default_factory=list)
    n_days: int = 1
    shortest: int = 1
    longest: int = 1
    min_cases: int = 2


@dataclass(frozen=True)
class Cut:
    """The best window of a node; days count from 0, the last one is in it."""

    node: str
    cases: int
    expected: float
    statistic: float
    start: int
    end: int


def is_below(problem: Problem, node: str, top: str) -> bool:
    """Whether a way leads up from a node to another."""
    return node == top or any(is_below(problem, up, top) for up in problem.parents[node])


def count(problem: Problem, rows: list[Row], top: str | None, start: int, end: int) -> int:
    """Count what is below a node (none: in the whole tree) on some days."""
    return sum(
        n
        for node, day, n in rows
        if start <= day <= end and (top is None or is_below(problem, node, top))
    )


def binomial(cases: float, size: float) -> float:
    """Greatest log likelihood of so many cases among so many."""
    return sum(k * math.log(k / size) for k in (cases, size - cases) if k > 0)


def poisson(cases: float, expected: float, total: float) -> float:
    """Log likelihood ratio against what is left of the total."""
    inside = cases * math.log(cases / expected)
    rest = total - cases
    return inside + (rest * math.log(rest / (total - expected)) if rest else 0.0)


def judge(problem: Problem, node: str, start: int, end: int) -> Cut | None:
    """Return a window of a node, if its rate is high and its cases are enough."""
    last = problem.n_days - 1
    cases = count(problem, problem.cases, node, start, end)
    of_node = count(problem, problem.cases, node, 0, last)
    total = count(problem, problem.cases, None, 0, last)
    if problem.null == "uniform":
        expected, whole = of_node * (end - start + 1) / problem.n_days, of_node
    elif problem.null == "permutation":
        expected = of_node * count(problem, problem.cases, None, start, end) / total
        whole = total
    else:
        size = cases + count(problem, problem.controls, node, start, end)
        everything = total + count(problem, problem.controls, None, 0, last)
        expected, whole = size * total / everything, total
    if cases < problem.min_cases or cases <= expected * (1 + 1e-12):
        return None
    if problem.null == "bernoulli":
        statistic = binomial(cases, size) + binomial(total - cases, everything - size)
        statistic -= binomial(total, everything)
    else:
        statistic = poisson(cases, expected, whole)
    return Cut(node, cases, expected, statistic, start, end)


def windows(problem: Problem) -> Iterator[tuple[int, int]]:
    """Yield all windows, earlier ends first, then shorter ones."""
    for end in range(problem.n_days):
        for length in range(problem.shortest, min(problem.longest, end + 1) + 1):
            yield end - length + 1, end


def cuts(problem: Problem) -> list[Cut]:
    """Return the best window of every node that has one, by falling statistic."""
    best: list[Cut] = []
    for node in problem.parents:
        found = [judge(problem, node, start, end) for start, end in windows(problem)]
        own: Cut | None = None
        for cut in found:
            if cut is not None and (own is None or cut.statistic > own.statistic + 1e-9):
                own = cut
        best += [own] if own is not None else []
    return sorted(best, key=lambda cut: (-round(cut.statistic, 9), cut.node))
