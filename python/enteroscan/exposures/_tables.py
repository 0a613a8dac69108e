"""Makes the tables of a result when they are asked for."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from enteroscan import _core
from enteroscan._places import ALL_PLACES, Floats
from enteroscan._relative_risk import interval_given_total, ratio, relative_risk

if TYPE_CHECKING:
    from enteroscan.exposures._scan import Study

TABLES = ("clusters", "members", "locations", "places", "timeline", "cases")
SIGNIFICANT_DAYS = 365.0  # a longer recurrence interval is significant (SaTScan's rule)

Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Inside:
    """What a cluster holds: one entry a case in `here`, `exposed`, `now` and `expected`."""

    number: int
    members: NDArray[np.int64]  # places, from the centre on
    is_circle: bool
    here: Bools  # its home is in the zone
    now: Bools  # in the days
    exposed: Bools
    expected: Floats  # chance that a case of its stratum is exposed


@dataclass(frozen=True, eq=False)
class Tables:
    """Tables of the windows that are reported, in their order."""

    study: "Study"
    zones: _core.Zones
    windows: pd.DataFrame
    maxima: Floats

    def clusters(self) -> pd.DataFrame:
        """Return one row for each cluster."""
        windows, study, tree = self.windows, self.study, self.study.tree
        observed, expected = windows["cases"].to_numpy(), windows["expected"].to_numpy()
        exposed = windows["node_cases"].to_numpy()
        low, high = interval_given_total(observed, expected, exposed)
        bounds = study.axis.bounds
        columns = {
            "cluster": np.arange(1, len(windows) + 1),
            "node": _texts(windows["name"]),
            "path_zh": _texts([tree.path(name, "zh") for name in windows["name"]]),
            "path_en": _texts([tree.path(name, "en") for name in windows["name"]]),
            **self._centres(),
            "start": study.axis.labels(bounds[windows["start"].to_numpy()]),
            "end": study.axis.labels(bounds[windows["end"].to_numpy()] - 1),
            "n_locations": windows["size"].to_numpy(),
            "n_cases": windows["inside"].to_numpy(),
            "n_exposed": exposed,
            "observed": observed,
            "expected": expected,
            "observed_over_expected": ratio(observed.astype(np.float64), expected),
            "relative_risk": relative_risk(observed, expected, exposed, exposed),
            "rr_low": low,
            "rr_high": high,
            **self._significance(),
            "high_rate": np.ones(len(windows), dtype=bool),
        }
        return pd.DataFrame(columns)

    def members(self) -> pd.DataFrame:
        """Return every place in every circle, in order of its distance from the centre."""
        names = np.array(self.study.places.names, dtype=object)
        parts = [
            pd.DataFrame({"cluster": inside.number, "location": names[inside.members]})
            for inside in self._inside
            if inside.is_circle
        ]
        return _joined(parts, {"cluster": np.int64, "location": object})

    def locations(self) -> pd.DataFrame:
        """Return exposed cases of every place in every circle, in its days and in all."""
        names = np.array(self.study.places.names, dtype=object)
        parts = []
        for inside in self._inside:
            if not inside.is_circle:
                continue
            now = self._by_place(inside, inside.now)
            always = self._by_place(inside, np.ones_like(inside.now))
            of_all = {f"{name}_total": column for name, column in always.items()}
            place = {"cluster": inside.number, "location": names[inside.members]}
            parts.append(pd.DataFrame(place | now | of_all))
        counts = {"observed": np.int64, "expected": np.float64}
        totals = {f"{name}_total": dtype for name, dtype in counts.items()}
        return _joined(parts, {"cluster": np.int64, "location": object} | counts | totals)

    def places(self) -> pd.DataFrame:
        """Return all places with their cases, exposed or not."""
        places = self.study.places
        coordinates = places.coordinates
        columns = (
            {}
            if coordinates is None
            else dict(zip(coordinates.names, coordinates.points.T, strict=True))
        )
        observed = np.bincount(self.study.place, minlength=len(places)).astype(np.int64)
        return pd.DataFrame({"location": _texts(places.names), **columns, "observed": observed})

    def timeline(self) -> pd.DataFrame:
        """Return the exposed cases of the places of every cluster, day by day."""
        axis, day = self.study.axis, self.study.day
        n = axis.n_intervals
        parts = [
            pd.DataFrame(
                {
                    "cluster": inside.number,
                    "start": axis.labels(axis.bounds[:-1]),
                    "end": axis.labels(axis.bounds[1:] - 1),
                    "observed": np.bincount(day[inside.here & inside.exposed], minlength=n),
                    "expected": np.bincount(day[inside.here], inside.expected[inside.here], n),
                }
            )
            for inside in self._inside
        ]
        times = {"start": "datetime64[s]", "end": "datetime64[s]"}
        columns = {"cluster": np.int64, **times, "observed": np.int64, "expected": np.float64}
        return _joined(parts, columns)

    def cases(self) -> pd.DataFrame:
        """Return the exposed cases of every cluster, by day."""
        names = np.array(self.study.places.names, dtype=object)
        parts = []
        for inside in self._inside:
            chosen = inside.here & inside.now & inside.exposed
            rows = self.study.frame[chosen]
            parts.append(
                pd.DataFrame(
                    {
                        "cluster": inside.number,
                        "case_id": rows["case_id"].astype(object).to_numpy(),
                        "date": rows["date"].to_numpy("datetime64[s]"),
                        "location": names[self.study.place[chosen]],
                    }
                )
            )
        return _joined(
            parts,
            {"cluster": np.int64, "case_id": object, "date": "datetime64[s]", "location": object},
        )

    def _centres(self) -> dict[str, Any]:
        """Return where clusters are; those in all places have no coordinates."""
        places, centre = self.study.places, self.windows["centre"].to_numpy()
        coordinates = places.coordinates
        if coordinates is None:
            return {"location": _texts([ALL_PLACES] * len(centre))}
        place = self.study.centres[np.maximum(centre - 1, 0)]
        everywhere = centre == 0
        names = np.where(everywhere, ALL_PLACES, np.array(places.names, dtype=object)[place])
        points = np.where(everywhere[:, None], np.nan, coordinates.points[place])
        return {
            "location": _texts(names),
            **dict(zip(coordinates.names, points.T, strict=True)),
            "radius_km": self.windows["radius"].to_numpy(),
        }

    def _significance(self) -> dict[str, Any]:
        statistic = self.windows["statistic"].to_numpy(np.float64)
        rank, n = self.windows["rank"].to_numpy(np.int64), len(self.maxima)
        p_value = rank / (n + 1) if n else np.full(len(rank), np.nan)
        interval = np.maximum(_core.recurrence_interval(p_value, period=1.0, analyses=1), 1.0)
        return {
            "llr": statistic,
            "rank": rank,
            "p_value": p_value,
            "gumbel_p_value": _core.gumbel_p(statistic, self.maxima)
            if n > 1
            else np.full(len(rank), np.nan),
            "recurrence_interval_days": interval,
            "significant": interval > SIGNIFICANT_DAYS,
        }

    @cached_property
    def _inside(self) -> list[Inside]:
        return list(self._look_inside())

    def _look_inside(self) -> Iterator[Inside]:
        study = self.study
        number = study.tree.numbers
        below = {node: {node} for node in study.tree.nodes}
        for node in study.tree.nodes:
            for above in study.tree.above(node):
                below[above].add(node)
        sizes = np.bincount(study.stratum)
        for row, window in enumerate(self.windows.to_dict("records")):
            members, _, _ = self.zones.neighbourhood(window["centre"])
            places = members[: window["size"]].astype(np.int64)
            nodes = [number[node] for node in below[window["name"]]]
            cases = study.exposures["case"][study.exposures["node"].isin(nodes)]
            exposed = np.zeros(len(study.frame), dtype=bool)
            exposed[cases] = True
            shares = np.bincount(study.stratum, exposed, len(sizes)) / np.maximum(sizes, 1)
            yield Inside(
                number=row + 1,
                members=places,
                is_circle=study.places.coordinates is not None and window["centre"] > 0,
                here=np.isin(study.place, places),
                now=(study.day >= window["start"]) & (study.day < window["end"]),
                exposed=exposed,
                expected=shares[study.stratum],
            )

    def _by_place(self, inside: Inside, when: Bools) -> dict[str, Any]:
        place, n = self.study.place, len(self.study.places)
        observed = np.bincount(place[when & inside.exposed], minlength=n)[inside.members]
        expected = np.bincount(place[when], inside.expected[when], n)[inside.members]
        return {"observed": observed, "expected": expected}


def _texts(names: Any) -> "pd.Series[Any]":  # noqa: ANN401
    return pd.Series(list(names), dtype=object)


def _joined(parts: list[pd.DataFrame], columns: dict[str, Any]) -> pd.DataFrame:
    """Put the rows of all clusters together, in columns of these types."""
    empty = pd.DataFrame({name: pd.Series(dtype=dtype) for name, dtype in columns.items()})
    return pd.concat(parts, ignore_index=True).astype(columns) if parts else empty
