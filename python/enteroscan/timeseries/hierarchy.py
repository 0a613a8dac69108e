"""Series within series: province > city > district, pathogen > serotype."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Unpack

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from enteroscan.errors import DataError, SpecError
from enteroscan.timeseries._series import SeriesTable, read_series
from enteroscan.timeseries.auto import Reading, judge_table
from enteroscan.timeseries.result import DetectionResult
from enteroscan.timeseries.specs import DetectorSpec

if TYPE_CHECKING:
    from enteroscan.timeseries._calendar import Positions

__all__ = ["HierarchyResult", "detect_hierarchy"]

NONE, REPORTED, EXPLAINED, COVERED = range(4)
MOST = 2.0 / 3.0  # of an excess
DECISIONS = ("", "reported", "explained", "covered")


@dataclass(frozen=True, eq=False, repr=False)
class HierarchyResult:
    """The verdict on every series of every level, and which alarms are reported.

    Parameters
    ----------
    result
        All series of all levels; those of higher levels have "" in the columns of lower ones.
    levels
        Columns, the highest level first.
    """

    result: DetectionResult
    levels: tuple[str, ...]
    _decision: NDArray[np.int8]
    _because: "Positions"  # the series that explains or covers an alarm; -1: none

    @property
    def frame(self) -> pd.DataFrame:
        """`DetectionResult.frame` with the columns ``decision`` and ``because``.

        ``decision`` is "reported", "explained" (by the alarm of one series beneath) or "covered"
        (by the alarm of one above), and empty where there is no alarm; ``because`` names the series
        that explains or covers it.
        """
        keys = self.result.series[list(self.result.by)].to_numpy()
        names = np.array(
            [*(", ".join(str(part) for part in key if part != "") for key in keys), ""]
        )
        frame = self.result.frame
        frame["decision"] = pd.Categorical.from_codes(
            self._decision.ravel().astype(np.int64), categories=pd.Index(DECISIONS)
        )
        frame["because"] = names[self._because.ravel()]
        return frame

    @property
    def alarms(self) -> pd.DataFrame:
        """The rows of `frame` that are reported, the least p-value first."""
        frame = self.frame
        rows = frame[(frame["decision"] == "reported").to_numpy()]
        return rows.sort_values("p_value", kind="stable", ignore_index=True)

    def __repr__(self) -> str:
        """Say how many alarms there are, and how many are reported."""
        n = int((self._decision == REPORTED).sum())
        n_all = int((self._decision != NONE).sum())
        return f"<{type(self).__name__}: {n:,} of {n_all:,} alarms reported>"

    def _repr_html_(self) -> str:
        return self.alarms.drop(columns=["alarm", "reason"]).to_html(index=False, max_rows=20)


def detect_hierarchy(
    counts: pd.DataFrame,
    *,
    levels: Sequence[str],
    by: str | Sequence[str] | None = None,
    method: str | DetectorSpec = "auto",
    last: int = 1,
    **data: Unpack[Reading],
) -> HierarchyResult:
    """Judge series of all levels of a hierarchy, and report each alarm at the level that fits best.

    The counts of the lowest level are added up to those of the higher ones, and all are judged.
    From the top down, an alarm is *explained* by the alarm of a series beneath if without that
    one's excess (observed - expected), which is at least two thirds of its own, the count would not
    be above the bound: then the search goes on beneath. Else it is *reported*, and all alarms
    beneath are *covered* by it.

    Parameters
    ----------
    counts
        Long, one row a series of the lowest level and date.
    levels
        Columns, the highest level first: ``["province", "city", "district"]``.
    by
        Columns whose values each have a hierarchy of their own.
    method, last, data
        As in `detect`.

    Examples
    --------
    >>> found = detect_hierarchy(weekly, levels=["city", "district"])  # doctest: +SKIP
    >>> found.alarms[["city", "district", "observed", "expected"]]  # doctest: +SKIP
    """
    names = list(levels)
    apart = [by] if isinstance(by, str) else list(by or ())
    if not names or len({*names, *apart}) < len(names) + len(apart):
        message = f"levels={names!r}, by={apart!r}: give columns, each of them once"
        raise SpecError(message)
    for name in (*apart, *names):
        if name in counts.columns and (counts[name] == "").any():
            message = f"counts, column {name!r}: empty texts stand for no level; name them"
            raise DataError(message)
    leaves = read_series(
        counts,
        by=[*apart, *names],
        date=data.get("date", "date"),
        count=data.get("count", "count"),
        population=data.get("population"),
        every=data.get("every"),
        period=data.get("period"),
        absent=data.get("absent", "raise"),
    )
    table, parent = _add_up(leaves, apart, names)
    result = judge_table(table, method=method, last=last, data=data)
    decision, because = _decide(result, parent)
    return HierarchyResult(result, tuple(names), decision, because)


def _add_up(
    leaves: SeriesTable, apart: list[str], levels: list[str]
) -> tuple[SeriesTable, "Positions"]:
    """Return the series of all levels, the highest first, and the number of each one's parent."""
    keys, counts, people, parents = [], [], [], []
    above: Positions | None = None  # of every leaf
    n = 0
    for depth in range(1, len(levels) + 1):
        columns = [*apart, *levels[:depth]]
        groups = leaves.keys.groupby(columns, sort=True, observed=True)
        number = groups.ngroup().to_numpy().astype(np.int64)
        _, first = np.unique(number, return_index=True)
        key = leaves.keys.iloc[first].reset_index(drop=True).astype({c: object for c in levels})
        key[levels[depth:]] = ""
        keys.append(key)
        counts.append(_sums(leaves.counts, number, len(first)))
        if leaves.population is not None:
            people.append(_sums(leaves.population, number, len(first)))
        parents.append(np.full(len(first), -1) if above is None else above[first])
        above = number + n
        n += len(first)
    table = SeriesTable(
        pd.concat(keys, ignore_index=True),
        leaves.calendar,
        np.concatenate(counts),
        np.concatenate(people) if people else None,
        leaves.filled,
    )
    return table, np.concatenate(parents)


def _sums(values: NDArray[np.float64], number: "Positions", n_groups: int) -> NDArray[np.float64]:
    sums = np.zeros((n_groups, values.shape[1]))
    np.add.at(sums, number, values)
    return sums


def _decide(result: DetectionResult, parent: "Positions") -> tuple[NDArray[np.int8], "Positions"]:
    """Decide at every point which alarms are reported; parents come before their children."""
    tables = result.tables
    alarm = tables["alarm"]
    excess = tables["observed"] - tables["expected"]
    above_bound = tables["observed"] - tables["upper_bound"]
    decision = np.zeros(alarm.shape, dtype=np.int8)
    because = np.full(alarm.shape, -1, dtype=np.int64)
    for point in np.flatnonzero(alarm.any(axis=0)):
        # The alarm with the greatest excess strictly beneath every series.
        greatest = np.full(len(parent), -1, dtype=np.int64)
        for series in range(len(parent) - 1, -1, -1):
            over = int(parent[series])
            if over < 0:
                continue
            candidates = [int(greatest[over]), int(greatest[series])]
            candidates += [series] if alarm[series, point] else []
            known = [i for i in candidates if i >= 0]
            if known:
                greatest[over] = max(known, key=lambda i: (excess[i, point], -i))
        for series in range(len(parent)):
            if not alarm[series, point]:
                decision[series, point] = NONE
            elif (cover := _cover(series, parent, decision[:, point])) >= 0:
                decision[series, point], because[series, point] = COVERED, cover
            elif greatest[series] >= 0 and (
                excess[greatest[series], point]
                >= max(above_bound[series, point], MOST * excess[series, point])
            ):
                decision[series, point] = EXPLAINED
                because[series, point] = greatest[series]
            else:
                decision[series, point] = REPORTED
    return decision, because


def _cover(series: int, parent: "Positions", decision: NDArray[np.int8]) -> int:
    """Return the reported series above, or -1."""
    over = int(parent[series])
    while over >= 0 and decision[over] != REPORTED:
        over = int(parent[over])
    return over
