"""Detectors of one night: the space-time scan, the two-person rule, and shared exposures."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from enteroscan.evaluation.replay import GROUP_COLUMNS
from enteroscan.linkage import SharedExposure
from enteroscan.scan import SpaceTimePermutation
from enteroscan.vocabulary import normalise_text

if TYPE_CHECKING:
    from enteroscan.cases import Cases

__all__ = ["LinkDetector", "SamePlaceRule", "ScanDetector"]

KM_PER_DEGREE = 111.195
NONE = pd.NA
Row = tuple[tuple[str, ...], Any, Any, Any, float]


@dataclass(frozen=True, kw_only=True)
class ScanDetector:
    """The prospective space-time permutation scan alone, over the homes of the cases.

    Parameters
    ----------
    spec
        The scan. The default is that of New York City's reportable diseases: a study period of a
        year, windows of at most 30 days, 999 replicates [Greene et al. 2016, Emerg Infect Dis
        22:1808]; p-values come from Gumbel's distribution, so that they have no steps.
    study_days
        Length of the study period that ends tonight.
    dated_by
        Which day a case counts on: that of the ``"onset"`` or of the ``"report"``.
    grid_km
        Homes are moved to the nearest point of a grid of this width. None: they stay.
    max_p_value
        Clusters with larger p-values are left out.
    """

    spec: SpaceTimePermutation = field(
        default_factory=lambda: SpaceTimePermutation(
            max_duration_days=30, max_radius_km=3, p_values="gumbel", n_jobs=1
        )
    )
    study_days: int = 365
    dated_by: Literal["onset", "report"] = "onset"
    grid_km: float | None = None
    max_p_value: float = 0.5

    def __call__(self, cases: "Cases", as_of: date, /) -> pd.DataFrame:
        """Return the clusters of a night."""
        end = pd.Timestamp(as_of).normalize()
        start = end - pd.Timedelta(days=self.study_days - 1)
        points = self._points(cases.frame, start, end)
        if points["location"].nunique() < 2:
            return _frame([])
        result = self.spec.scan(points, start=start.date(), as_of=end.date())
        clusters = result.clusters
        clusters = clusters[clusters["gumbel_p_value"] <= self.max_p_value]
        members = result.members.merge(points, on="location")
        rows: list[Row] = []
        for cluster in clusters.to_dict("records"):
            inside = (members["cluster"] == cluster["cluster"]) & members["date"].between(
                cluster["start"], cluster["end"]
            )
            p_value = float(cluster["gumbel_p_value"])
            ids = tuple(sorted(members.loc[inside, "case_id"]))
            rows.append((ids, NONE, p_value, 1 / p_value, float(cluster["llr"])))
        return _frame(rows)

    def _points(self, frame: pd.DataFrame, start: pd.Timestamp, end: pd.Timestamp) -> pd.DataFrame:
        """Return date and place of the cases of the study period that have both."""
        column = "onset" if self.dated_by == "onset" else "reported"
        day = frame[column].dt.normalize()
        used = frame["latitude"].notna() & frame["longitude"].notna() & day.between(start, end)
        points = pd.DataFrame(
            {
                "case_id": frame.loc[used, "case_id"].astype(str),
                "date": day[used],
                "latitude": frame.loc[used, "latitude"].astype(float),
                "longitude": frame.loc[used, "longitude"].astype(float),
            }
        )
        if self.grid_km is not None and len(points):
            shrink = np.cos(np.radians(points["latitude"].mean()))
            for name, width in (("latitude", 1.0), ("longitude", shrink)):
                step = self.grid_km / KM_PER_DEGREE / width
                points[name] = (points[name] / step).round() * step
        spots = points.groupby(["latitude", "longitude"], sort=True).ngroup()
        return points.assign(location=spots.astype(str)).reset_index(drop=True)


@dataclass(frozen=True, kw_only=True)
class SamePlaceRule:
    """The rule of the law without weights: different people, the same venue or brand, few hours.

    A group is all people whose meals at one venue, or of one brand, lie in windows of `max_hours`
    that overlap, each from one meal on and with at least `min_cases` people. Names are compared as
    `enteroscan.vocabulary.normalise_text` makes them; meals without a time are not looked at. The
    statistic is the number of people in the fullest window; there is no p-value.

    Parameters
    ----------
    min_cases
        Fewest people of a window.
    max_hours
        From the first to the last meal of a window.
    max_days
        Meals up to so many days before tonight.
    fresh_days
        Somebody of the group was reported in so many last days; older groups are no news.
    """

    min_cases: int = 2
    max_hours: float = 72.0
    max_days: int = 30
    fresh_days: int = 7

    def __call__(self, cases: "Cases", as_of: date, /) -> pd.DataFrame:
        """Return the groups of a night."""
        end = pd.Timestamp(as_of).normalize() + pd.Timedelta(days=1)
        meals = self._meals(cases, end)
        fresh = end - pd.Timedelta(days=self.fresh_days)
        rows: list[Row] = []
        for source, own in meals.groupby("source", sort=True):
            if own["person"].nunique() < self.min_cases or own["reported"].max() < fresh:
                continue
            own = own.sort_values(["eaten", "case_id"])
            hours = (own["eaten"] - own["eaten"].iloc[0]).dt.total_seconds().to_numpy() / 3600
            for start, stop, most in _chains(
                hours, own["person"].tolist(), self.max_hours, self.min_cases
            ):
                group = own.iloc[start:stop]
                if group["reported"].max() >= fresh:
                    ids = tuple(sorted(set(group["case_id"])))
                    rows.append((ids, source, NONE, NONE, float(most)))
        rows.sort(key=lambda row: (-row[-1], row[1]))
        return _frame(rows)

    def _meals(self, cases: "Cases", end: pd.Timestamp) -> pd.DataFrame:
        """Return the meals with a time at named venues and of named brands."""
        exposures = cases.exposures
        recent = exposures["eaten"].between(end - pd.Timedelta(days=self.max_days), end)
        exposures = exposures[recent]
        parts = []
        for kind in ("venue", "brand"):
            named = exposures[exposures[kind].notna()]
            source = f"{kind}: " + normalise_text(named[kind]).astype(object)
            parts.append(named[["case_id", "eaten"]].assign(source=source))
        people = cases.frame[["case_id", "person", "reported"]]
        meals = pd.concat(parts).merge(people, on="case_id")
        person = meals["person"].astype(object).where(meals["person"].notna(), meals["case_id"])
        return meals.assign(person=person, case_id=meals["case_id"].astype(str))


def _chains(
    hours: "np.ndarray[Any, np.dtype[np.float64]]", people: list[str], width: float, least: int
) -> Iterable[tuple[int, int, int]]:
    """Return from which to which row windows overlap, and the most people in one of them."""
    stops = np.searchsorted(hours, hours + width, side="right")
    found: list[tuple[int, int, int]] = []
    for start, stop in enumerate(stops.tolist()):
        n = len(set(people[start:stop]))
        if n < least:
            continue
        if found and start < found[-1][1]:
            begin, end, most = found[-1]
            found[-1] = (begin, max(end, stop), max(most, n))
        else:
            found.append((start, stop, n))
    return found


@dataclass(frozen=True, kw_only=True)
class LinkDetector:
    """Shared exposures, as `enteroscan.SharedExposure` finds them.

    Parameters
    ----------
    spec
        The spec.
    min_probability
        Members are the cases that belong to a group with at least this probability.
    """

    spec: SharedExposure = field(default_factory=lambda: SharedExposure(n_jobs=1))
    min_probability: float = 0.5

    def __call__(self, cases: "Cases", as_of: date, /) -> pd.DataFrame:
        """Return the groups of a night."""
        result = self.spec.link(cases, as_of=as_of)
        groups, members = result.groups, result.members
        members = members[members["probability"] >= self.min_probability]
        of_group = {
            key: tuple(sorted(ids.astype(str))) for key, ids in members.groupby("group")["case_id"]
        }
        rows: list[Row] = [
            (
                of_group.get(group["group"], ()),
                f"{group['kind']}: {group['source']}",
                group["p_value"],
                group["recurrence_interval_days"],
                float(group["statistic"]),
            )
            for group in groups.to_dict("records")
        ]
        return _frame(rows)


def _frame(rows: Sequence[Row]) -> pd.DataFrame:
    """Return groups as `Detector` says."""
    frame = pd.DataFrame([(i + 1, *row) for i, row in enumerate(rows)], columns=[*GROUP_COLUMNS])
    return frame.astype(
        {
            "group": "int64",
            "members": object,
            "source": "string",
            "p_value": "Float64",
            "recurrence_interval_days": "Float64",
            "statistic": "float64",
        }
    )
