"""An analysis of TreeScan's, read from its files."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from enteroscan import _core
from enteroscan.satscan._parameters import Parameters
from enteroscan.treescan._files import (
    CONTROLS,
    POPULATION,
    Clock,
    Counts,
    Ints,
    TreeFile,
    read_counts,
    read_rows,
)
from enteroscan.treescan._support import DEFAULTS, check

if TYPE_CHECKING:
    from enteroscan._engine import Progress

TIED = 1e-9  # relative; statistics nearer than this are equal but for rounding
DAYS_A_YEAR = 365.25
PERIODS_A_YEAR = {"0": DAYS_A_YEAR, "1": 52.0, "2": 12.0, "3": 4.0, "4": 1.0}
RATES: "Mapping[str, _core.Rates]" = {"0": "high", "1": "low", "2": "both"}
NO_CUT = 0


@dataclass(frozen=True)
class TreescanResult:
    """What a scan of a tree found.

    Parameters
    ----------
    cuts
        One row a cut, by falling statistic: node, cases, expected, relative_risk, statistic (log
        likelihood ratio), p_value, start, end (first and last day; none without time),
        recurrence_interval_days (prospective scans only).
    simulated_maxima
        Greatest statistic of every replicate.
    dropped
        Rows outside the study period, left out as the settings want it: cases or controls, count.

    Examples
    --------
    >>> from enteroscan import treescan
    >>> result = treescan.load("foods.prm").scan()  # doctest: +SKIP
    >>> result.cuts[["node", "start", "end", "p_value"]]  # doctest: +SKIP
    """

    cuts: pd.DataFrame
    simulated_maxima: npt.NDArray[np.float64] = field(repr=False)
    dropped: tuple[tuple[str, int], ...] = ()

    def to_json(self, path: str | Path) -> None:
        """Write cuts (rank order), simulated maxima and what was dropped.

        Dates are ISO dates; what is infinite or does not apply is null.

        Parameters
        ----------
        path
            The file; it is overwritten.
        """
        finite = self.cuts.astype(object).replace([math.inf], None)
        records = finite.where(finite.notna(), None).to_dict("records")
        content = {
            "cuts": records,
            "simulated_maxima": self.simulated_maxima.tolist(),
            "dropped": [
                {"reason": f"{what} outside the study period", "rows": rows}
                for what, rows in self.dropped
            ],
        }
        text = json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False)
        Path(path).write_text(text + "\n", encoding="utf-8")


@dataclass(frozen=True)
class TreescanAnalysis:
    """What a parameter file asks for.

    Parameters
    ----------
    path
        The parameter file.
    null
        Name of the null hypothesis.
    tree
        Nodes and edges.
    cases, controls
        Rows of node, day and count.
    clock
        The study period; none where the scan is not about time.
    ignored
        Settings in the file that TreeScan 2.4 does not know.

    Examples
    --------
    >>> treescan.load("foods.prm").scan(n_jobs=1).cuts  # doctest: +SKIP

    References
    ----------
    Kulldorff M, Fang Z, Walsh SJ. A tree-based scan statistic for database disease surveillance.
    Biometrics 59:323-331, 2003. doi:10.1111/1541-0420.00039
    """

    path: Path
    null: "_core.TreeNull"
    tree: TreeFile = field(repr=False)
    cases: Counts = field(repr=False)
    controls: Counts = field(repr=False)
    clock: Clock | None = field(repr=False)
    _parameters: Parameters = field(repr=False)
    ignored: tuple[str, ...] = ()

    def scan(
        self, *, n_jobs: int | None = None, progress: "Progress | None" = None
    ) -> TreescanResult:
        """Find clusters.

        Parameters
        ----------
        n_jobs
            Threads; by default as in the file, where 0 means all. The result does not depend on it.
        progress
            Is called with the share of the work that is done.

        Raises
        ------
        DataError
            A setting has no sensible value; the message names it.
        """
        parameters = self._parameters
        tree = _core.Tree(
            len(self.tree.names),
            np.array(self.tree.children, np.uint32),
            np.array(self.tree.parents, np.uint32),
        )
        scan = self._core_scan(tree)
        best = pd.DataFrame(scan.best(of_ends=self._is_time_only))
        maxima = scan.simulate(
            0,
            parameters.whole("monte-carlo-replications"),
            seed=parameters.whole("randomization-seed"),
            n_threads=parameters.whole("parallel-processes") if n_jobs is None else n_jobs,
            progress=progress,
        )
        keep_parents = self._is_time_only or parameters.flag("include-identical-parent-cuts")
        if not keep_parents:
            best = self._without_identical_parents(best)
        cuts = self._report(best, maxima)
        dropped = tuple(
            (name, counts.n_dropped)
            for name, counts in (("cases", self.cases), ("controls", self.controls))
            if counts.n_dropped
        )
        return TreescanResult(cuts, maxima, dropped)

    @property
    def _is_time_only(self) -> bool:
        return self._parameters.text("scan-type") == "2"

    def _core_scan(self, tree: "_core.Tree") -> "_core.TreeScan":
        parameters = self._parameters
        n = len(self.tree.names)
        is_poisson = self.null in ("poisson", "poisson_free")
        expected = np.bincount(
            self.cases.rows[:, 0], weights=self.cases.measures, minlength=n
        ).astype(float)
        weekly = parameters.flag("perform-day-of-week-adjustments")
        n_days = 1 if self.clock is None else self.clock.n_days
        return _core.TreeScan(
            tree,
            np.arange(n + 1, dtype=np.uint32),
            np.arange(n, dtype=np.uint32),
            self._cut_kinds(tree),
            self._intervals(),
            null=self.null,
            cases=self.cases.rows,
            controls=self.controls.rows,
            expected=expected if is_poisson else np.empty(0),
            probability=self._probability(),
            kinds_of_day=(np.arange(n_days) % 7).astype(np.uint32)
            if weekly
            else np.empty(0, np.uint32),
            rates=parameters.choice("scan-rate-type", RATES),
            min_cases=parameters.whole("minimum-node-cases"),
        )

    def _probability(self) -> float:
        parameters = self._parameters
        try:
            probability = float(Fraction(parameters.text("event-probability")))
        except (ValueError, ZeroDivisionError):
            probability = 0.0
        if not 0 < probability < 1:
            parameters.refuse("event-probability", "must be between 0 and 1, like 1/2")
        return probability

    def _cut_kinds(self, tree: "_core.Tree") -> npt.NDArray[np.uint8]:
        parameters = self._parameters
        kinds = np.full(len(self.tree.names), parameters.whole("cut-type") + 1, np.uint8)
        if parameters.flag("restrict-tree-levels"):
            kinds[np.isin(tree.levels(), self._excluded_levels())] = NO_CUT
        if parameters.flag("restrict-evaluated-nodes"):
            number = {name: i for i, name in enumerate(self.tree.names)}
            for row in read_rows(parameters, "not-evaluated-nodes-file"):
                if row.text(0) not in number:
                    message = f"{row.text(0)!r} is no node of the tree"
                    raise row.refuse(message)
                kinds[number[row.text(0)]] = NO_CUT
        return kinds

    def _excluded_levels(self) -> list[int]:
        text = self._parameters.text("excluded-tree-levels")
        try:
            return [int(level) for level in text.split(",")]
        except ValueError:
            self._parameters.refuse("excluded-tree-levels", "must be levels like 1,2")

    def _intervals(self) -> "_core.Intervals":
        clock, parameters = self.clock, self._parameters
        if clock is None:
            return _core.whole_period(1)
        n = clock.n_days
        longest = parameters.whole("maximum-window-fixed")
        if parameters.choice("maximum-window-type", {"0": "share", "1": "days"}) == "share":
            longest = math.floor(n * parameters.number("maximum-window-percentage") / 100)
        starts, ends = (0, n - 1), (0, n - 1)
        if parameters.flag("restricted-window-range"):
            starts, ends = (
                (first - clock.first, last - clock.first)
                for first, last in (
                    clock.range(parameters, "window-start-range"),
                    clock.range(parameters, "window-end-range"),
                )
            )
        if parameters.flag("prospective-analysis"):
            ends = (n - 1, n - 1)
        share = 0.0
        if parameters.flag("apply-risk-window-restriction"):
            share = parameters.number("risk-window-percentage") / 100
        runs = []
        for length in range(parameters.whole("minimum-window-fixed"), min(longest, n) + 1):
            last_end = min(ends[1], n - 1)
            if share > 0:
                last_end = min(last_end, math.floor(length / share * (1 + TIED)) - 1)
            first = max(starts[0], ends[0] - length + 1, 0)
            last = min(starts[1], last_end - length + 1)
            if first <= last:
                runs.append((length, first, last))
        if not runs:
            parameters.refuse("minimum-window-fixed", "leaves no window to look at")
        return _core.intervals_from_runs(n, runs)

    def _without_identical_parents(self, best: pd.DataFrame) -> pd.DataFrame:
        """Leave out the cuts that say no more than that of a child."""
        same = ["cases", "expected", "start", "end"]
        rounded = best.assign(expected=best["expected"].round(9))
        edges = pd.DataFrame({"node": self.tree.parents, "child": self.tree.children})
        children = rounded[["node", *same]].rename(columns={"node": "child"})
        parents = rounded[["node", *same]].merge(edges, on="node")
        pairs = parents.merge(children, on=["child", *same])
        return best[~best["node"].isin(pairs["node"])]

    def _report(self, best: pd.DataFrame, maxima: npt.NDArray[np.float64]) -> pd.DataFrame:
        best = best.assign(name=[self.tree.names[node] for node in best["node"]])
        best = best.assign(key=-best["statistic"].round(9))
        order = ["key"] if self._is_time_only else ["key", "name"]
        best = best.sort_values(order, kind="stable", ignore_index=True)
        ascending = np.sort(maxima)
        threshold = best["statistic"].to_numpy() * (1 - TIED)
        rank = 1 + len(maxima) - np.searchsorted(ascending, threshold, side="left")
        p = rank / (len(maxima) + 1)
        cuts = pd.DataFrame(
            {
                "node": best["name"],
                "cases": best["cases"],
                "expected": best["expected"],
                "relative_risk": self._relative_risk(best),
                "statistic": best["statistic"],
                "p_value": p,
                "start": self._labels(best["start"]),
                "end": self._labels(best["end"] - 1),
                "recurrence_interval_days": self._recurrence(p),
            }
        )
        return cuts[rank <= len(maxima)].reset_index(drop=True)

    def _labels(self, days: "pd.Series[int]") -> "pd.Series[Any]":
        clock = self.clock
        labels = [None if clock is None else clock.label(int(day)) for day in days]
        return pd.Series(labels, dtype=object)

    def _recurrence(self, p: npt.NDArray[np.float64]) -> "pd.Series[Any]":
        parameters = self._parameters
        if not parameters.flag("prospective-analysis"):
            return pd.Series([None] * len(p), dtype=object)
        a_year = parameters.choice("prospective-frequency-type", PERIODS_A_YEAR)
        periods = np.maximum(parameters.whole("prospective-frequency") / p, 1.0)
        return pd.Series(periods / a_year * DAYS_A_YEAR, dtype=object)

    def _relative_risk(self, best: pd.DataFrame) -> npt.NDArray[np.float64]:
        c, expected = best["cases"].to_numpy(float), best["expected"].to_numpy(float)
        node_cases = best["node_cases"].to_numpy(float)
        total = float(self.cases.rows[:, 2].sum())
        with np.errstate(divide="ignore", invalid="ignore"):
            if self.null in ("poisson_free", "bernoulli_free"):
                return np.asarray(c / expected)
            if self.null == "permutation":
                inside = self._cases_in(best["start"], best["end"])
                rest = total - node_cases - inside + c
                return np.asarray(c * rest / ((node_cases - c) * (inside - c)))
            whole = total if self.clock is None else node_cases
            return np.asarray(c / expected / ((whole - c) / (whole - expected)))

    def _cases_in(self, start: "pd.Series[int]", end: "pd.Series[int]") -> Ints:
        rows = self.cases.rows
        n_days = 1 if self.clock is None else self.clock.n_days
        daily = np.bincount(rows[:, 1], weights=rows[:, 2], minlength=n_days)
        before = np.concatenate([[0], np.cumsum(daily)]).astype(np.int64)
        return np.asarray(before[end.to_numpy()] - before[start.to_numpy()])


def load(path: str | Path) -> TreescanAnalysis:
    """Read a parameter file of TreeScan and the data files that it names.

    Raises
    ------
    UnsupportedSetting
        Settings in the file that would change the result are not supported.
    DataError
        A file cannot be understood; it names file and line, or the setting.
    OSError
        There is no such file.

    Examples
    --------
    >>> analysis = treescan.load("foods.prm")  # doctest: +SKIP
    """
    parameters = Parameters.read(path, defaults=DEFAULTS, program="TreeScan")
    null, ignored = check(parameters)
    time_only = parameters.text("scan-type") == "2"
    clock = None if parameters.text("scan-type") == "0" else Clock(parameters)
    tree = TreeFile(("All",), (), ()) if time_only else TreeFile.read(parameters)
    names = {"": 0} if time_only else {name: i for i, name in enumerate(tree.names)}
    has_controls = null.startswith("bernoulli")
    three_columns = has_controls and clock is None and not parameters.text("control-filename")
    measure = POPULATION if null.startswith("poisson") else CONTROLS if three_columns else None
    cases = read_counts(
        parameters,
        "count-filename",
        names,
        clock,
        what="cases",
        measure=measure,
    )
    controls = Counts(np.empty((0, 3), np.int64), np.empty(0))
    if three_columns:
        rows = cases.rows.copy()
        rows[:, 2] = cases.measures
        controls = Counts(rows, np.empty(0))
    elif has_controls:
        controls = read_counts(parameters, "control-filename", names, clock, what="controls")
    if not time_only and parameters.flag("data-only-on-leaves"):
        _check_leaves(parameters, tree, cases, controls)
    return TreescanAnalysis(
        parameters.path, null, tree, cases, controls, clock, parameters, ignored
    )


def _check_leaves(parameters: Parameters, tree: TreeFile, *tables: Counts) -> None:
    filled = {int(row[0]) for table in tables for row in table.rows if row[2]}
    inner = sorted(tree.names[node] for node in filled & set(tree.parents))
    if inner:
        reason = f"but {len(inner)} inner nodes have data, the first {inner[0]!r}; set n"
        parameters.refuse("data-only-on-leaves", reason)
