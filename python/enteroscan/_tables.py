"""Makes the tables of a result when they are asked for."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from enteroscan import _core
from enteroscan._engine import Engine
from enteroscan._inference import Significance
from enteroscan._places import ALL_PLACES, Coordinates, Floats
from enteroscan._relative_risk import (
    interval_given_total,
    interval_of_proportions,
    interval_of_ratio,
    ratio,
    relative_risk,
)
from enteroscan.scan import SpaceTimePermutation

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class LiveTables:
    """Tables of the first n windows, the reported clusters."""

    engine: Engine
    windows: _core.WindowTable
    significance: Significance
    n: int

    def clusters(self) -> pd.DataFrame:
        """Return one row for each cluster."""
        windows, axis, n = self.windows, self.engine.study.axis, self.n
        start, end = axis.bounds[windows.start[:n]], axis.bounds[windows.end[:n]] - 1
        observed, measure = windows.observed[:n], windows.measure[:n]
        expected = self._expected(measure)
        low, high = self._confidence(observed, measure)
        unit = self._coordinates.great_circle if self._coordinates is not None else False
        suffix = "_km" if unit else ""
        found = self.significance
        columns = {
            "cluster": np.arange(1, n + 1),
            "location": _texts([self._centre_name(i) for i in windows.centre[:n].tolist()]),
            **self._centre_coordinates(),
            f"radius{suffix}": windows.radius[:n],
            f"span{suffix}": windows.span[:n],
            "start": axis.labels(start),
            "end": axis.labels(end),
            "n_locations": windows.size[:n],
            "observed": observed,
            "expected": expected,
            "observed_over_expected": ratio(observed.astype(np.float64), expected),
            "relative_risk": self._relative_risk(observed, measure),
            "rr_low": low,
            "rr_high": high,
            "llr": windows.statistic[:n],
            "rank": found.rank[:n],
            "p_value": found.p_value[:n],
            "gumbel_p_value": found.gumbel_p_value[:n],
            "recurrence_interval_days": found.recurrence_interval[:n],
            "significant": found.significant[:n],
            "high_rate": windows.high[:n],
        }
        return pd.DataFrame(columns)

    def members(self) -> pd.DataFrame:
        """Return every location in every cluster, in order of its distance from the centre."""
        groups = self.engine.study.places.members
        rows = [
            (cluster + 1, name)
            for cluster in np.flatnonzero(~self._is_everywhere).tolist()
            for place in self._members(cluster).tolist()
            for name in groups[place]
        ]
        return pd.DataFrame(
            {
                "cluster": np.array([cluster for cluster, _ in rows], dtype=np.int64),
                "location": _texts([name for _, name in rows]),
            }
        )

    def locations(self) -> pd.DataFrame:
        """Return the cases of every location in every cluster, in the cluster's time and in all."""
        study, model = self.engine.study, self.engine.model
        local = np.flatnonzero(~self._is_everywhere).tolist()
        rows = [np.empty(0, dtype=np.int64), *(self._members(cluster) for cluster in local)]
        place = np.concatenate(rows)
        observed, measure = np.zeros(len(place), dtype=np.int64), np.zeros(len(place))
        start = 0
        for cluster, members in zip(local, rows[1:], strict=True):
            time = (int(self.windows.start[cluster]), int(self.windows.end[cluster]))
            cases, share = model.location_totals(*time)
            part = slice(start, start := start + len(members))
            observed[part], measure[part] = cases[members], share[members]
        observed_total, measure_total = model.location_totals(0, study.axis.n_intervals)
        total = self._counts(observed_total[place], measure_total[place])
        return pd.DataFrame(
            {
                "cluster": np.repeat(np.array(local, dtype=np.int64) + 1, [*map(len, rows[1:])]),
                "location": _texts([study.places.names[row] for row in place.tolist()]),
                **self._counts(observed, measure),
                **{f"{name}_total": column for name, column in total.items()},
            }
        )

    def places(self) -> pd.DataFrame:
        """Return all locations, those at the same spot as one."""
        study = self.engine.study
        observed, measure = self.engine.model.location_totals(0, study.axis.n_intervals)
        return pd.DataFrame(
            {
                "location": _texts(study.places.names),
                **_coordinate_columns(self._coordinates),
                **self._counts(observed, measure),
            }
        )

    def timeline(self) -> pd.DataFrame:
        """Return the cases in every cluster's locations, interval by interval."""
        axis, n = self.engine.study.axis, self.n
        members, offsets = self.windows.members, self.windows.offsets[: n + 1]
        observed = np.zeros((n, axis.n_intervals), dtype=np.int64)
        measure = np.zeros((n, axis.n_intervals))
        for interval in range(axis.n_intervals if n else 0):
            cases, share = self.engine.model.location_totals(interval, interval + 1)
            observed[:, interval] = np.add.reduceat(cases[members[: offsets[-1]]], offsets[:-1])
            measure[:, interval] = np.add.reduceat(share[members[: offsets[-1]]], offsets[:-1])
        repeated = np.tile(np.arange(axis.n_intervals), n)
        return pd.DataFrame(
            {
                "cluster": np.repeat(np.arange(1, n + 1), axis.n_intervals),
                "start": axis.labels(axis.bounds[repeated]),
                "end": axis.labels(axis.bounds[repeated + 1] - 1),
                "observed": observed.ravel(),
                "expected": self._expected(measure.ravel()),
            }
        )

    @property
    def _coordinates(self) -> Coordinates | None:
        return self.engine.study.places.coordinates

    @cached_property
    def _is_everywhere(self) -> NDArray[np.bool_]:
        """Which clusters are purely temporal."""
        return self.windows.centre[: self.n] >= self._n_centres

    @property
    def _n_centres(self) -> int:
        study = self.engine.study
        if not study.spec.has_space:
            return 0
        if study.neighbours is not None:
            return len(study.neighbours.centres)
        return len(study.places if study.centres is None else study.centres.coordinates.points)

    def _members(self, cluster: int) -> Ints:
        offsets = self.windows.offsets
        return self.windows.members[offsets[cluster] : offsets[cluster + 1]]

    def _centre_name(self, centre: int) -> str | None:
        study = self.engine.study
        if centre >= self._n_centres:
            return ALL_PLACES
        if study.centres is not None:
            return None if study.centres.names is None else study.centres.names[centre]
        if study.neighbours is not None:
            centre = int(study.neighbours.centres[centre])
        return study.places.names[centre]

    def _centre_coordinates(self) -> dict[str, Floats]:
        study, coordinates = self.engine.study, self._coordinates
        if coordinates is None:
            return {}
        centres = self.windows.centre[: self.n].copy()
        centres[self._is_everywhere] = 0
        if study.neighbours is not None:
            centres = study.neighbours.centres[centres].astype(np.int64)
        points = coordinates if study.centres is None else study.centres.coordinates
        values = np.where(self._is_everywhere[:, None], np.nan, points.points[centres])
        return dict(zip(coordinates.names, values.T, strict=True))

    def _counts(self, observed: Ints, measure: Floats) -> dict[str, NDArray[np.float64] | Ints]:
        expected = self._expected(measure)
        return {
            "observed": observed,
            "expected": expected,
            "observed_over_expected": ratio(observed.astype(np.float64), expected),
            "relative_risk": self._relative_risk(observed, measure),
        }

    def _expected(self, measure: Floats) -> Floats:
        model = self.engine.model
        if self.engine.study.controls is None:  # the measure is expected cases already
            return measure
        return measure * (model.n_cases / model.total_measure)

    def _relative_risk(self, observed: Ints, measure: Floats) -> Floats:
        model = self.engine.model
        if isinstance(self.engine.study.spec, SpaceTimePermutation):
            return np.full(len(observed), np.nan)
        return relative_risk(observed, measure, model.n_cases, model.total_measure)

    def _confidence(self, observed: Ints, measure: Floats) -> tuple[Floats, Floats]:
        model, study = self.engine.model, self.engine.study
        if study.controls is not None:
            return interval_of_proportions(observed, measure, model.n_cases, model.total_measure)
        if study.expected is not None:
            return interval_given_total(observed, measure, model.n_cases)
        return interval_of_ratio(observed, measure, model.n_cases)


def _texts(names: list[str] | list[str | None]) -> "pd.Series[Any]":
    """Make a column whose type depends neither on what is in it nor on the version of pandas."""
    return pd.Series(names, dtype=object)


def _coordinate_columns(coordinates: Coordinates | None) -> dict[str, Floats]:
    if coordinates is None:
        return {}
    return dict(zip(coordinates.names, coordinates.points.T, strict=True))
