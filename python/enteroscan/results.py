"""What a scan found, as tidy frames, pictures and a file."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

import numpy as np
import pandas as pd

from enteroscan import _core
from enteroscan._engine import Engine
from enteroscan._inference import (
    ALPHAS,
    LEAST_STATISTIC,
    critical_values,
    reported,
    significance,
    simulated_maxima,
)
from enteroscan._places import Floats
from enteroscan._tables import LiveTables
from enteroscan.errors import DataError, MissingExtra
from enteroscan.scan import ScanSpec

if TYPE_CHECKING:
    from concurrent.futures import Executor

    import geopandas
    from matplotlib.axes import Axes

    from enteroscan._engine import Progress
    from enteroscan._inference import SimulatedMaxima
    from enteroscan.study import Study

TABLES = ("clusters", "members", "locations", "places", "timeline")
FORMAT = 1  # of the JSON file

_WHOLE_NUMBERS = {
    "cluster",
    "n_cases",
    "n_exposed",
    "n_locations",
    "observed",
    "observed_total",
    "rank",
}
_TEXTS = {"case_id", "location", "node", "path_en", "path_zh"}
_TRUTHS = {"high_rate", "significant"}
_TIMES = {"date", "start", "end"}


class Spec(Protocol):
    """What a result has to know of the options of its scan."""

    @property
    def replicates(self) -> int:
        """Number of data sets simulated under the null hypothesis."""

    @property
    def rates(self) -> str:
        """Clusters of high rates, of low rates, or both."""

    @property
    def time_unit(self) -> str:
        """Unit of time."""

    @property
    def is_prospective(self) -> bool:
        """Whether only what is still going on is looked for."""

    def to_dict(self) -> dict[str, Any]:
        """Return all options as JSON has them."""


@dataclass(frozen=True, eq=False, repr=False)
class Result:
    """What the results of all scans have in common.

    Shows itself in a notebook; immutable: every frame is a copy.

    Parameters
    ----------
    spec
        The options of the scan.
    version
        The version of enteroscan.
    start, end
        First and last day of the study period; None without dates.
    n_cases, n_locations, n_intervals
        Size of the study.
    great_circle
        Whether places have latitude and longitude, and distances are in km.
    crs
        Coordinate reference system of the places, None if unknown.
    simulated_maxima
        The greatest statistic of every replicate, in their order; fewer than ``spec.replicates``
        where a sequential scan stopped early.
    """

    _more_tables: ClassVar[tuple[str, ...]] = ()  # beside those of all results

    spec: Spec
    version: str
    start: date | int | None
    end: date | int | None
    n_cases: int
    n_locations: int
    n_intervals: int
    great_circle: bool
    crs: Any
    simulated_maxima: Floats
    _dropped: tuple[tuple[str, int], ...]
    _tables: Mapping[str, Callable[[], pd.DataFrame]] = field(repr=False)

    def __post_init__(self) -> None:
        """Make the maxima unchangeable."""
        maxima = self.simulated_maxima.copy()
        maxima.flags.writeable = False
        object.__setattr__(self, "simulated_maxima", maxima)

    @property
    def clusters(self) -> pd.DataFrame:
        """Clusters in reporting order, one row each."""
        return self._table("clusters")

    @property
    def members(self) -> pd.DataFrame:
        """Locations in every cluster, in order of their distance from its centre.

        All identifiers of one spot are there. Clusters in time alone have none: they hold all.
        """
        return self._table("members")

    @property
    def locations(self) -> pd.DataFrame:
        """Cases of every location in every cluster, in its time and (``_total``) in all."""
        return self._table("locations")

    @property
    def places(self) -> pd.DataFrame:
        """All locations with their cases in the whole study period, one row a spot."""
        return self._table("places")

    @property
    def timeline(self) -> pd.DataFrame:
        """Cases in the locations of every cluster, interval by interval."""
        return self._table("timeline")

    @property
    def critical_values(self) -> pd.DataFrame:
        """Test statistics that a cluster must reach for p-values of 0.05, 0.01 and 0.001."""
        values = critical_values(self.spec.rates, self.simulated_maxima)
        return pd.DataFrame(values, index=pd.Index(ALPHAS, name="alpha"))

    @property
    def dropped(self) -> pd.DataFrame:
        """Rows of the data that were left out: reason, count."""
        return pd.DataFrame(
            {
                "reason": [reason for reason, _ in self._dropped],
                "count": np.array([count for _, count in self._dropped], dtype=np.int64),
            }
        )

    def _table(self, name: str) -> pd.DataFrame:
        if name not in self._cache:
            self._cache[name] = self._tables[name]()
        return self._cache[name].copy()

    @cached_property
    def _cache(self) -> dict[str, pd.DataFrame]:
        return {}

    def __repr__(self) -> str:
        """Say what was found."""
        from enteroscan._html import verdict

        return f"<{type(self).__name__}: {verdict(self)}>"

    def _repr_html_(self) -> str:
        from enteroscan._html import render

        return render(self)

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the locations and the clusters on a map; see `enteroscan.plotting.plot_map`."""
        from enteroscan.plotting import plot_map

        return plot_map(self, ax)

    def plot_time(self, cluster: int = 1, ax: "Axes | None" = None) -> "Axes":
        """Draw a cluster's cases over time; see `enteroscan.plotting.plot_time`."""
        from enteroscan.plotting import plot_time

        return plot_time(self, cluster, ax)

    def to_geodataframe(self) -> "geopandas.GeoDataFrame":
        """Return the clusters with their circles as geometry (points, where the radius is 0).

        Clusters without a circle, those of neighbour lists or in time alone, have no geometry.
        """
        try:
            import geopandas
        except ImportError as error:
            raise MissingExtra("geopandas", "geo") from error  # noqa: EM101
        from enteroscan._circles import circles

        crs = self.crs if self.crs is not None or not self.great_circle else "EPSG:4326"
        clusters = self.clusters
        shapes = geopandas.GeoSeries(circles(clusters, great_circle=self.great_circle), crs=crs)
        return geopandas.GeoDataFrame(clusters, geometry=shapes)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON has it; see `to_json`."""
        clusters = [
            {_to_json_name(str(name)): _to_json(value) for name, value in row.items()}
            for row in self.clusters.to_dict("records")
        ]
        members = self.members.groupby("cluster")["location"].agg(list).to_dict()
        for cluster in clusters:
            cluster["members"] = members.get(cluster["cluster"], [])
        return {
            "format": FORMAT,
            "enteroscan": self.version,
            "spec": self.spec.to_dict(),
            "start": _to_json(self.start),
            "end": _to_json(self.end),
            "n_cases": self.n_cases,
            "n_locations": self.n_locations,
            "n_intervals": self.n_intervals,
            "great_circle": self.great_circle,
            "crs": None if self.crs is None else str(self.crs),
            "clusters": clusters,
            "cluster_columns": list(self.clusters),
            "replicates": self.spec.replicates,
            "simulated_maxima": self.simulated_maxima.tolist(),
            "critical_values": _columns_to_json(self.critical_values.reset_index()),
            "locations": _columns_to_json(self.locations),
            "places": _columns_to_json(self.places),
            "timeline": _columns_to_json(self.timeline),
            "dropped": _columns_to_json(self.dropped),
            **{name: _columns_to_json(self._table(name)) for name in self._more_tables},
        }

    def to_json(self, path: str | Path) -> None:
        """Write clusters, options (with the seed), version and simulated maxima into a file."""
        text = json.dumps(self.to_dict(), indent=1, ensure_ascii=False, allow_nan=False)
        Path(path).write_text(text + "\n", encoding="utf-8")

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Make a result from what `to_dict` returned."""
        if values.get("format") != FORMAT:
            message = f"this is no result of enteroscan in format {FORMAT}"
            raise DataError(message)
        spec = cls._read_spec(values["spec"])
        great_circle = values["great_circle"]
        stored = _Stored(values, generic=spec.time_unit == "generic", great_circle=great_circle)
        return cls(
            spec=spec,
            version=values["enteroscan"],
            start=_time_from_json(values["start"]),
            end=_time_from_json(values["end"]),
            n_cases=values["n_cases"],
            n_locations=values["n_locations"],
            n_intervals=values["n_intervals"],
            great_circle=great_circle,
            crs=values["crs"],
            simulated_maxima=np.array(values["simulated_maxima"], dtype=np.float64),
            _dropped=tuple(
                zip(values["dropped"]["reason"], values["dropped"]["count"], strict=True)
            ),
            _tables=stored.tables(cls._more_tables),
        )

    @classmethod
    def from_json(cls, path: str | Path) -> Self:
        """Read what `to_json` wrote."""
        return cls.from_dict(json.loads(Path(path).read_text(encoding="utf-8")))

    @classmethod
    def _read_spec(cls, values: dict[str, Any]) -> Spec:
        raise NotImplementedError

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel to other processes as `to_dict`."""
        return type(self).from_dict, (self.to_dict(),)


@dataclass(frozen=True, eq=False, repr=False)
class ScanResult(Result):
    """What a scan found; see `Result`, whose parameters and tables it has."""

    spec: ScanSpec

    @classmethod
    def _read_spec(cls, values: dict[str, Any]) -> ScanSpec:
        return ScanSpec.from_dict(values)

    @property
    def clusters(self) -> pd.DataFrame:
        """Clusters in reporting order, one row each.

        ``location`` is the centre ("All" for a cluster in time alone), ``expected`` the cases that
        the null hypothesis expects, ``relative_risk`` the risk inside over the risk outside (NaN
        for the space-time permutation, which has none), ``llr`` the test statistic, a log
        likelihood ratio.

        ``rr_low`` and ``rr_high`` are 95 % confidence limits, given the cluster and not adjusted
        for its having been searched for: of the relative risk for PoissonScan (exact, from the
        binomial distribution of the cases inside given all cases) and BernoulliScan (Katz's, on
        the logarithmic scale), of ``observed_over_expected`` for SpaceTimePermutation (exact
        likewise).

        ``p_value`` is what ``spec.p_values`` says; ``gumbel_p_value`` holds for high rates only.
        ``recurrence_interval_days`` is there for prospective scans (steps, for generic time): a
        cluster as strong as this turns up by chance once in that time. ``significant`` is a
        p-value of at most 0.05, or a recurrence interval of more than 100 times the time between
        two scans and a year.
        """
        return self._table("clusters")


def analyse(
    study: "Study",
    *,
    executor: "Executor | None" = None,
    progress: "Progress | None" = None,
    simulated: "SimulatedMaxima | None" = None,
) -> ScanResult:
    """Scan a study: find clusters and judge them."""
    engine = Engine.build(study)
    maxima = simulated_maxima(engine, executor=executor, progress=progress, simulated=simulated)
    windows = engine.observed.clusters(
        at_least=least_reported(maxima),
        overlap=study.spec.overlap,
        n_threads=study.spec.n_jobs or 0,
    )
    found = significance(engine, windows.statistic, maxima)
    n_reported = reported(windows.statistic, found.rank, maxima)
    live = LiveTables(engine, windows, found, n_reported)
    axis, coordinates = study.axis, study.places.coordinates
    return ScanResult(
        spec=study.spec,
        version=_core.__version__,
        start=axis.label(axis.first),
        end=axis.label(axis.last),
        n_cases=engine.model.n_cases,
        n_locations=len(study.places),
        n_intervals=axis.n_intervals,
        great_circle=coordinates is not None and coordinates.great_circle,
        crs=None if coordinates is None else coordinates.crs,
        simulated_maxima=maxima,
        _dropped=study.dropped,
        _tables={name: getattr(live, name) for name in TABLES},
    )


def least_reported(maxima: Floats) -> float:
    """Return a statistic that all clusters beside the most likely one reach."""
    return max(LEAST_STATISTIC, float(maxima.min())) if len(maxima) else LEAST_STATISTIC


@dataclass(frozen=True)
class _Stored:
    """Tables of a file."""

    values: dict[str, Any]
    generic: bool
    great_circle: bool

    def tables(self, more: tuple[str, ...]) -> dict[str, Callable[[], pd.DataFrame]]:
        columns = ("locations", "places", "timeline", *more)
        return {
            "clusters": self.clusters,
            "members": self.members,
            **{name: partial(self._columns, name) for name in columns},
        }

    def clusters(self) -> pd.DataFrame:
        rows = [
            {
                _from_json_name(name, great_circle=self.great_circle): value
                for name, value in row.items()
                if name != "members"
            }
            for row in self.values["clusters"]
        ]
        return self._frame(pd.DataFrame(rows, columns=self.values["cluster_columns"]))

    def _columns(self, name: str) -> pd.DataFrame:
        return self._frame(pd.DataFrame(self.values[name]))

    def members(self) -> pd.DataFrame:
        rows = [
            (row["cluster"], name) for row in self.values["clusters"] for name in row["members"]
        ]
        return self._frame(pd.DataFrame(rows, columns=["cluster", "location"]))

    def _frame(self, frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(**{name: self._column(name, frame[name]) for name in frame.columns})

    def _column(self, name: str, column: "pd.Series[Any]") -> "pd.Series[Any]":
        if name in _WHOLE_NUMBERS:
            return column.astype(np.int64)
        if name in _TRUTHS:
            return column.astype(bool)
        if name in _TEXTS:
            return column.astype(object).where(column.notna(), None)
        if name in _TIMES:
            if self.generic and column.notna().all():
                return column.astype(np.int64)
            return pd.to_datetime(column).astype("datetime64[s]")
        return column.astype(object).map(_number).astype(np.float64)


def _number(value: object) -> float:
    return np.nan if value is None else float(value)  # type: ignore[arg-type]


def _to_json(value: object) -> object:
    """Turn NaN into null, infinity into a text, dates into ISO texts."""
    if isinstance(value, pd.Timestamp):
        return value.date().isoformat()
    if value is None or pd.isna(value):  # type: ignore[call-overload]
        return None
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and np.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value.item() if isinstance(value, np.generic) else value


def _columns_to_json(frame: pd.DataFrame) -> dict[str, list[object]]:
    return {str(name): [_to_json(value) for value in frame[name].tolist()] for name in frame}


def _time_from_json(value: str | int | None) -> date | int | None:
    return date.fromisoformat(value) if isinstance(value, str) else value


def _to_json_name(name: str) -> str:
    """Keep units and abbreviations out of the file, whose names are those of other tools."""
    return {"llr": "test_statistic", "radius_km": "radius", "span_km": "span"}.get(name, name)


def _from_json_name(name: str, *, great_circle: bool) -> str:
    if great_circle and name in ("radius", "span"):
        return f"{name}_km"
    return "llr" if name == "test_statistic" else name
