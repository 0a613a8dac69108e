"""What a detector found in many series, as a tidy frame and pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from enteroscan import _core
from enteroscan._language import Texts
from enteroscan._progress import reporting
from enteroscan.errors import DataError, SpecError
from enteroscan.timeseries._calendar import Calendar, Every
from enteroscan.timeseries._series import SeriesTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from enteroscan._progress import Progress
    from enteroscan.timeseries.specs import DetectorSpec

__all__ = ["REASONS", "DetectionResult"]

Period = tuple[object, object]
Table = NDArray[Any]
History = tuple[int, int, Every]  # points that came before the judged ones: least, greatest

#: Why a point is not judged, or is no alarm although it is above the bound; "" where neither is so.
REASONS: tuple[str, ...] = (
    "",
    "missing_count",
    "too_little_history",
    "no_convergence",
    "constant_baseline",
    "too_few_cases",
    "below_recent_mean",
    "excluded_period",
)
EXCLUDED = REASONS.index("excluded_period")
NOT_JUDGED = ("missing_count", "too_little_history", "no_convergence", "excluded_period")
MEASURES = ("observed", "expected", "upper_bound", "p_value", "score")
FURTHER = ("trend", "dispersion")


@dataclass(frozen=True, eq=False, repr=False)
class DetectionResult:
    """The verdict on every judged point of every series. Immutable: every frame is a copy.

    Parameters
    ----------
    specs
        The detectors and their options; several where ``method="auto"`` chose several.
    version
        The version of enteroscan.
    by
        Columns that tell series apart.
    filled
        Points without a row that were taken as 0 or missing.
    calendar
        The time points of the series.
    """

    specs: tuple["DetectorSpec", ...]
    version: str
    by: tuple[str, ...]
    filled: int
    calendar: Calendar
    _keys: pd.DataFrame
    _begin: int
    _tables: Mapping[str, Table]
    _which: NDArray[np.int64]  # the number of every series' detector
    _histories: tuple["History | None", ...]  # why a detector was chosen; None: it was given

    @property
    def spec(self) -> "DetectorSpec":
        """The detector, or that of most series where there are several."""
        return self.specs[int(np.bincount(self._which, minlength=len(self.specs)).argmax())]

    @property
    def detectors(self) -> pd.DataFrame:
        """The detectors: ``method``, ``why`` it was chosen (empty: it was given), ``n_series``."""
        n_series = np.bincount(self._which, minlength=len(self.specs))
        methods = [spec.method for spec in self.specs]
        return pd.DataFrame({"method": methods, "why": self.why(), "n_series": n_series})

    def why(self, language: str | None = None) -> list[str]:
        """Say of each detector why it was chosen; empty where it was given."""
        texts = Texts(language, "detect")
        return ["" if span is None else _history(span, texts) for span in self._histories]

    @property
    def series(self) -> pd.DataFrame:
        """One row a series: the ``by`` columns, its ``method``, ``why`` it, and ``n_alarms``."""
        chosen = self.detectors[["method", "why"]].take(self._which).reset_index(drop=True)
        n_alarms = self._tables["alarm"].sum(axis=1)
        return pd.concat([self._keys, chosen], axis=1).assign(n_alarms=n_alarms)

    @property
    def n_series(self) -> int:
        """Number of series."""
        return len(self._keys)

    @property
    def dates(self) -> "pd.Index[Any]":
        """Dates (or steps) of the judged points."""
        return self.calendar.dates[self._begin : self._begin + self._tables["alarm"].shape[1]]

    @property
    def tables(self) -> dict[str, Table]:
        """The columns of `frame` as tables [series, point], for computations; not to be changed."""
        return dict(self._tables)

    @property
    def frame(self) -> pd.DataFrame:
        """One row a series and judged point, series by series.

        The ``by`` columns, ``date``, ``observed``, ``expected``, ``upper_bound``, ``p_value``,
        ``score``, ``alarm``, ``reason`` (empty where the point was judged and nothing is special),
        ``trend`` (slope on the log scale, a point) and ``dispersion``. What a method does not have
        is NaN.
        """
        return self._rows()

    @property
    def alarms(self) -> pd.DataFrame:
        """The rows of `frame` that are alarms, the least p-value first."""
        rows = self._rows(np.flatnonzero(self._tables["alarm"]))
        return rows.sort_values("p_value", kind="stable", ignore_index=True)

    @property
    def not_judged(self) -> pd.DataFrame:
        """Series with points that could not be judged: a row a series and reason, and how many."""
        reason = self._tables["reason"]
        parts: list[pd.DataFrame] = []
        for name in NOT_JUDGED:
            n = (reason == REASONS.index(name)).sum(axis=1)
            part = self._keys[n > 0].assign(reason=name, n_points=n[n > 0])
            parts.append(part)
        return pd.concat(parts, ignore_index=True)

    def _rows(self, wanted: Table | None = None) -> pd.DataFrame:
        """Return the rows of `frame` with these numbers. None: all."""
        n_series, n_points = self._tables["alarm"].shape
        if wanted is None:
            series, points = np.indices((n_series, n_points)).reshape(2, -1)
        else:
            series, points = np.divmod(wanted, n_points)

        def values(name: str) -> Table:
            table = self._tables[name].reshape(-1)
            return table if wanted is None else table[wanted]

        columns: dict[Any, Any] = {
            name: self._keys[name].array.take(series) for name in self._keys.columns
        }
        columns["date"] = self.dates.take(points)
        columns |= {name: values(name) for name in MEASURES}
        columns["alarm"] = values("alarm")
        columns["reason"] = pd.Categorical.from_codes(
            values("reason").astype(np.int64), categories=pd.Index(REASONS)
        )
        columns |= {name: values(name) for name in FURTHER}
        return pd.DataFrame(columns)

    def series_number(self, series: "Mapping[str, object] | object | None" = None) -> int:
        """Return the number of a series, given the values of its ``by`` columns."""
        if series is None:
            if self.n_series == 1:
                return 0
            message = f"there are {self.n_series:,} series; say which: series={{...}}"
            raise DataError(message)
        if not isinstance(series, Mapping):
            series = {self._keys.columns[0]: series}
        found = np.ones(self.n_series, dtype=bool)
        for name, value in series.items():
            if name not in self._keys.columns:
                there = ", ".join(repr(column) for column in self._keys.columns)
                message = f"series: no column {name!r}; there are {there}"
                raise DataError(message)
            found &= (self._keys[name] == value).to_numpy()
        if found.sum() != 1:
            message = f"series={dict(series)!r} fits {int(found.sum())} of {self.n_series:,} series"
            raise DataError(message)
        return int(np.flatnonzero(found)[0])

    def series_name(self, number: int) -> str:
        """Return the values of the ``by`` columns of a series as a text."""
        return ", ".join(str(value) for value in self._keys.iloc[number])

    def plot(
        self, series: "Mapping[str, object] | object | None" = None, *, ax: "Axes | None" = None
    ) -> "Axes":
        """Draw one series: counts, what is expected, the bound, alarms.

        Parameters
        ----------
        series
            Values of the ``by`` columns, ``{"district": "A"}``; or of the first of them. Not needed
            where there is one series.
        ax
            Where to draw. None: a new figure.
        """
        from enteroscan.timeseries._plots import plot_series

        return plot_series(self, self.series_number(series), ax)

    def plot_heatmap(self, *, n_series: int = 40, ax: "Axes | None" = None) -> "Axes":
        """Draw many series as rows of colours: how unlikely each count is; alarms are marked.

        Parameters
        ----------
        n_series
            At most so many series, those with the most alarms and the least p-values first.
        ax
            Where to draw. None: a new figure.
        """
        from enteroscan.timeseries._plots import plot_heatmap

        return plot_heatmap(self, n_series, ax)

    def __repr__(self) -> str:
        """Say how many series, points and alarms there are."""
        names = ", ".join(type(spec).__name__ for spec in self.specs)
        return f"<{type(self).__name__} of {names}: {self.verdict()}>"

    def verdict(self, language: str | None = None) -> str:
        """Say in a sentence what was found."""
        texts = Texts(language, "detect.found")
        alarm = self._tables["alarm"]
        n = int(alarm.sum())
        dates = self.dates
        when = ""
        if len(dates) > 0:
            when = texts("when", first=_text(dates[0]), last=_text(dates[-1]))
        alarms = {0: "none", 1: "one"}.get(n, "many")
        return texts(
            alarms,
            n=f"{n:,}",
            n_series=f"{self.n_series:,}",
            n_with=f"{int(alarm.any(axis=1).sum()):,}",
            when=when,
        )

    def _repr_html_(self) -> str:
        from enteroscan.timeseries._html import render

        return render(self)


def _history(span: History, texts: Texts) -> str:
    least, greatest, every = span
    length = f"{least:,}"
    if least != greatest:
        length = texts("range", least=length, greatest=f"{greatest:,}")
    return texts(f"history.{every}", length=length)


def _text(date: object) -> str:
    return date.date().isoformat() if isinstance(date, pd.Timestamp) else str(date)


def judge(
    spec: "DetectorSpec",
    table: SeriesTable,
    *,
    last: int | None,
    since: object,
    exclude: Sequence[Period],
    n_jobs: int | None,
    progress: "bool | Progress | None",
) -> DetectionResult:
    """Judge the points that are asked for."""
    calendar = table.calendar
    begin, end = _points(spec, calendar, last, since)
    excluded = _excluded(calendar, exclude)
    if getattr(spec, "population_offset", False) and table.population is None:
        message = "population_offset=True needs the column of the population: population=..."
        raise DataError(message)
    if n_jobs is not None and n_jobs < 1:
        message = f"n_jobs={n_jobs!r} must be 1 or more, or None for all processors"
        raise SpecError(message)
    detector = spec.detector(calendar, begin, end)
    n_series = len(table.counts)
    tables: dict[str, Table] = {}
    with reporting(progress) as report:
        for rows, block in table.blocks(end, excluded):
            population = None
            if table.population is not None:
                population = np.ascontiguousarray(table.population[rows, :end])
            part = detector.judge(
                block,
                population,
                begin=begin,
                end=end,
                n_threads=n_jobs or 0,
                progress=None if report is None else _share(report, rows, n_series),
            )
            for name, values in part.items():
                if len(values) == n_series:
                    tables[name] = values
                    continue
                if name not in tables:
                    tables[name] = np.empty((n_series, end - begin), dtype=values.dtype)
                tables[name][rows] = values
    judged = excluded[begin:end]
    if judged.any():
        tables["observed"][:, judged] = table.counts[:, begin:end][:, judged]
        tables["reason"][:, judged] = EXCLUDED
        tables["alarm"][:, judged] = False
    for values in tables.values():
        values.flags.writeable = False
    return DetectionResult(
        specs=(spec,),
        version=_core.__version__,
        by=tuple(str(name) for name in table.keys.columns),
        filled=table.filled,
        calendar=calendar,
        _keys=table.keys,
        _begin=begin,
        _tables=tables,
        _which=np.zeros(n_series, dtype=np.int64),
        _histories=(None,),
    )


def unite(
    parts: Sequence[DetectionResult],
    which: NDArray[np.int64],
    histories: Sequence[History],
    keys: pd.DataFrame,
) -> DetectionResult:
    """Make one result of results for the same points of some series each.

    Parameters
    ----------
    parts
        One for every detector.
    which
        For every series the number of the part it is in; within it they keep their order.
    histories
        Why each detector was chosen.
    keys
        Of all series.
    """
    tables: dict[str, Table] = {}
    for name, values in parts[0].tables.items():
        table = np.empty((len(which), values.shape[1]), dtype=values.dtype)
        for number, part in enumerate(parts):
            table[which == number] = part.tables[name]
        table.flags.writeable = False
        tables[name] = table
    specs = tuple(part.specs[0] for part in parts)
    return replace(
        parts[0],
        specs=specs,
        _keys=keys,
        _tables=tables,
        _which=which,
        _histories=tuple(histories),
    )


def _share(report: "Progress", rows: slice, n_series: int) -> "Progress":
    return lambda share: report((rows.start + share * (rows.stop - rows.start)) / n_series)


def _points(
    spec: "DetectorSpec", calendar: Calendar, last: int | None, since: object
) -> tuple[int, int]:
    if last is not None and since is not None:
        message = "last and since exclude each other"
        raise SpecError(message)
    if last is not None:
        if last < 1:
            message = f"last={last!r} must be a whole number of 1 or more"
            raise SpecError(message)
        return max(0, calendar.n - int(last)), calendar.n
    if since is not None:
        begin = calendar.position(since)
        if begin >= calendar.n:
            message = f"since={since!s} lies after the last date, {calendar.dates[-1]!s}"
            raise DataError(message)
        return max(0, begin), calendar.n
    begin = spec.history(calendar)
    if begin >= calendar.n:
        message = (
            f"{type(spec).__name__} needs {begin} {calendar.every}s before the first one it judges"
            f", and the series have {calendar.n} in all; choose a method that needs less history "
            "(EarsC1, Bayes(variant=1)), or let enteroscan.timeseries.detect choose"
        )
        raise DataError(message)
    return begin, calendar.n


def _excluded(calendar: Calendar, exclude: Sequence[Period]) -> NDArray[np.bool_]:
    mask = np.zeros(calendar.n, dtype=bool)
    for period in exclude:
        if len(period) != 2:
            message = f"exclude: {period!r} is no period; give (first, last)"
            raise SpecError(message)
        first, last = (calendar.position(value) for value in period)
        if first > last:
            message = f"exclude: the period {period!r} ends before it begins"
            raise SpecError(message)
        mask[max(first, 0) : max(last + 1, 0)] = True
    return mask
