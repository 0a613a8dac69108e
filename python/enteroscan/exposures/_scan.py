"""Hands cases and a tree over to the compiled core, and judges what comes back."""

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from enteroscan import _core
from enteroscan._engine import in_parts
from enteroscan._frames import Ledger, Table
from enteroscan._places import Floats, Places, places_from_cases
from enteroscan._time import TimeAxis, read_date
from enteroscan.errors import DataError
from enteroscan.exposures._tables import TABLES, Tables
from enteroscan.exposures.result import ExposureResult

if TYPE_CHECKING:
    from enteroscan._time import DateLike
    from enteroscan.cases import Cases
    from enteroscan.exposures.spec import ExposureScan
    from enteroscan.exposures.tree import ExposureTree

Codes = NDArray[np.uint32]
DATES = {"onset": "onset", "report": "reported"}


@dataclass(frozen=True, eq=False)
class Study:
    """The cases of a study period, as numbers; one entry a case in `place`, `day` and `stratum`."""

    spec: "ExposureScan"
    tree: "ExposureTree"
    axis: TimeAxis
    frame: pd.DataFrame  # case_id and date
    places: Places
    place: Codes
    day: Codes
    stratum: Codes
    exposures: pd.DataFrame  # case and node, as numbers
    dropped: tuple[tuple[str, int], ...]

    @property
    def zones(self) -> _core.Zones:
        """All places together, and circles around the places of the last days."""
        everywhere = _core.whole_area(len(self.places))
        coordinates, radius = self.places.coordinates, self.spec.max_radius_km
        if coordinates is None or radius is None:
            return everywhere
        points = coordinates.points
        circles = _core.circles(
            points,
            points[self.centres],
            great_circle=True,
            max_radius=radius,
            reported_max_radius=radius,
        )
        return _core.combined([everywhere, circles])

    @property
    def centres(self) -> NDArray[np.intp]:
        """The places of the cases of the last days."""
        recent = self.day >= self.axis.n_intervals - self.spec.max_duration_days
        return np.unique(self.place[recent]).astype(np.intp)

    @property
    def core_tree(self) -> _core.Tree:
        """The tree, with nodes as numbers."""
        number = self.tree.numbers
        known = self.tree.edges.dropna()
        child, parent = (known[name].map(number).to_numpy() for name in ("node", "parent"))
        return _core.Tree(len(number), child.astype(np.uint32), parent.astype(np.uint32))

    def core(self, zones: _core.Zones) -> _core.ExposureScan:
        """Make the compiled scan."""
        counts = np.bincount(self.exposures["case"], minlength=len(self.frame))
        n_days = self.axis.n_intervals
        return _core.ExposureScan(
            self.core_tree,
            np.concatenate([[0], np.cumsum(counts)]).astype(np.uint32),
            self.exposures["node"].to_numpy(np.uint32),
            zones,
            _core.open_intervals(
                n_days, min_length=1, max_length=self.spec.max_duration_days, first_end=n_days
            ),
            location=self.place,
            interval=self.day,
            stratum=self.stratum,
            min_cases=self.spec.min_cases,
        )


def scan(
    spec: "ExposureScan",
    cases: "Cases",
    tree: "ExposureTree",
    as_of: "DateLike | None",
    executor: Executor | None,
    update: Callable[[float], object] | None,
) -> ExposureResult:
    """Do what `ExposureScan.scan` says."""
    study = prepare(spec, cases, tree, as_of)
    zones = study.zones
    core = study.core(zones)
    if executor is None:
        maxima = core.simulate(
            0, spec.replicates, seed=spec.random_state, n_threads=spec.n_jobs or 0, progress=update
        )
    else:
        maxima = in_parts(executor, partial(simulate_part, study), range(spec.replicates), update)
    windows = ranked(pd.DataFrame(core.best()), tree)
    tables = Tables(study, zones, reported(windows, maxima), maxima)
    return ExposureResult(
        spec=spec,
        version=_core.__version__,
        start=study.axis.label(study.axis.first),
        end=study.axis.label(study.axis.last),
        n_cases=len(study.frame),
        n_locations=len(study.places),
        n_intervals=study.axis.n_intervals,
        great_circle=study.places.coordinates is not None,
        crs=None,
        simulated_maxima=maxima,
        _dropped=study.dropped,
        _tables={name: getattr(tables, name) for name in TABLES},
    )


def simulate_part(study: Study, replicates: range) -> Floats:
    """Run in a worker: simulate some of the replicates, on one thread unless the spec says more."""
    return study.core(study.zones).simulate(
        replicates.start,
        replicates.stop,
        seed=study.spec.random_state,
        n_threads=study.spec.n_jobs or 1,
    )


def ranked(windows: pd.DataFrame, tree: "ExposureTree") -> pd.DataFrame:
    """Return the best windows of nodes, the most extreme first, without nodes that say the same.

    A node is left out where one above or below it is more extreme, of equal ones the higher one.
    """
    names = [tree.nodes[node] for node in windows["node"]]
    above = {name: tree.above(name) for name in names}
    windows = windows.assign(
        name=names,
        order=-windows["statistic"].round(9),
        height=[-len(above[name]) for name in names],
    ).sort_values(["order", "height", "name"], ignore_index=True)
    kept: list[str] = []
    chosen = []
    for row, name in enumerate(windows["name"]):
        if not any(name in above[other] or other in above[name] for other in kept):
            kept.append(name)
            chosen.append(row)
    return windows.iloc[chosen].reset_index(drop=True)


def reported(windows: pd.DataFrame, maxima: Floats) -> pd.DataFrame:
    """Return the windows that chance does not always exceed, and the first one."""
    rank = _core.ranks(windows["statistic"].to_numpy(np.float64), maxima)
    kept = (rank <= len(maxima)) | (len(maxima) == 0) | (windows.index == 0)
    return windows[kept].assign(rank=rank[kept])


def prepare(
    spec: "ExposureScan", cases: "Cases", tree: "ExposureTree", as_of: "DateLike | None"
) -> Study:
    """Choose the cases of the study period that can be used, and number what they are about."""
    frame = cases.frame
    column = DATES[spec.dated_by]
    frame = frame.assign(date=frame[column].dt.normalize())
    last = _last_day(frame["date"], as_of)
    axis = TimeAxis.build("day", 1, last - spec.history_days + 1, last)
    frame, dropped = _usable(spec, frame, tree, axis)
    frame = frame.sort_values(["date", "case_id"], ignore_index=True)
    places, place = _places(spec, frame)
    return Study(
        spec=spec,
        tree=tree,
        axis=axis,
        frame=frame[["case_id", "date"]],
        places=places,
        place=place.astype(np.uint32),
        day=axis.interval_of(_days(frame["date"])).astype(np.uint32),
        stratum=_strata(spec, frame),
        exposures=_numbered(tree, frame["case_id"]),
        dropped=dropped,
    )


def _last_day(dates: "pd.Series[Any]", as_of: "DateLike | None") -> int:
    if as_of is not None:
        return read_date("as_of", as_of, "day")[1]
    if dates.isna().all():
        message = (
            f"none of the {len(dates)} cases has a date; see cases.quality for what was set aside"
        )
        raise DataError(message)
    return int(_days(pd.Series([dates.max()]))[0])


def _days(dates: "pd.Series[Any]") -> NDArray[np.int64]:
    """Return days since 1970-01-01."""
    return dates.to_numpy("datetime64[D]").astype(np.int64)


def _usable(
    spec: "ExposureScan", frame: pd.DataFrame, tree: "ExposureTree", axis: TimeAxis
) -> tuple[pd.DataFrame, tuple[tuple[str, int], ...]]:
    """Return the cases that can be used, and how many cannot for which reason."""
    end = pd.Timestamp(str(axis.label(axis.last))) + pd.Timedelta(days=1)
    start = end - pd.Timedelta(days=axis.n_intervals)
    frame = frame[frame["reported"].isna() | (frame["reported"] < end)]
    frame = frame[frame["date"].isna() | ((frame["date"] >= start) & (frame["date"] < end))]
    reasons = [
        (f"cases without a date of {spec.dated_by}", frame["date"].isna()),
        (
            "cases that report nothing of the tree's kind",
            ~frame["case_id"].astype(object).isin(tree.exposures["case_id"]),
        ),
    ]
    if spec.max_radius_km is not None:
        unlocated = frame["latitude"].isna() | frame["longitude"].isna()
        reasons.append(("cases without coordinates", unlocated))
    bad = pd.Series(data=False, index=frame.index)
    dropped = []
    for reason, lacking in reasons:
        n = int((lacking & ~bad).sum())
        bad |= lacking.astype(bool)
        dropped += [(reason, n)] if n else []
    if bad.all():
        listed = "; ".join(f"{n} {reason}" for reason, n in dropped) or "there are none"
        message = (
            f"no case from {axis.label(axis.first)} to {axis.label(axis.last)} can be used "
            f"({listed}); change as_of or history_days, or make the tree of the same cases"
        )
        raise DataError(message)
    return frame[~bad], tuple(dropped)


def _places(spec: "ExposureScan", frame: pd.DataFrame) -> tuple[Places, NDArray[np.intp]]:
    if spec.max_radius_km is None:
        return Places.single(), np.zeros(len(frame), dtype=np.intp)
    points = frame[["latitude", "longitude"]].astype(np.float64)
    places, [codes] = places_from_cases([Table("cases", points, None, Ledger("raise"))])
    return places, codes


def _strata(spec: "ExposureScan", frame: pd.DataFrame) -> Codes:
    missing = [name for name in spec.strata if name not in frame]
    if missing:
        message = f"strata: the cases have no column {', '.join(missing)}; choose from {[*frame]}"
        raise DataError(message)
    if not spec.strata:
        return np.zeros(len(frame), dtype=np.uint32)
    numbers = frame.groupby([*spec.strata], dropna=False, sort=True).ngroup()
    return numbers.to_numpy().astype(np.uint32)


def _numbered(tree: "ExposureTree", case_id: "pd.Series[Any]") -> pd.DataFrame:
    """Return which case was exposed to which node, as numbers, by case."""
    number = pd.Series(np.arange(len(case_id)), index=case_id.astype(object))
    exposures = tree.exposures
    pairs = pd.DataFrame(
        {"case": exposures["case_id"].map(number), "node": exposures["node"].map(tree.numbers)}
    ).dropna()
    return pairs.astype(np.int64).sort_values(["case", "node"], ignore_index=True)
