"""Settings of SaTScan in all combinations: from files to clusters as the slow oracle finds them."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import reference
from enteroscan import ScanResult, satscan
from reference.problems import Circles, Combined, NeighbourLists
from reference.satscan_files import Analysis, random_analysis
from reference.windows import distance, points_in_space

N_CHUNKS = 8
PER_CHUNK = 40
LEAST = 0.001  # statistic of a cluster that is reported beside the first


@pytest.mark.parametrize("chunk", range(N_CHUNKS))
def test_clusters_are_those_of_the_loop(chunk: int, tmp_path: Path) -> None:
    for i in range(PER_CHUNK):
        analysis = random_analysis(np.random.default_rng([chunk, i]))
        folder = tmp_path / str(i)
        folder.mkdir()
        path = analysis.written.write(folder)
        try:
            check(analysis, satscan.load(path).scan())
        except Exception as error:
            error.add_note(f"in the analysis of np.random.default_rng([{chunk}, {i}]), {path}")
            raise


def check(analysis: Analysis, result: ScanResult) -> None:
    """The figures of every cluster, the first one, and what the rule of overlap leaves out."""
    assert result.dropped.empty
    clusters = result.to_dict()["clusters"]
    best = [window for window in analysis.problem.best_per_centre(reported=True) if window]
    best.sort(key=lambda window: -window.statistic)
    if not best or best[0].statistic < LEAST:
        assert len(clusters) <= 1
        return
    assert clusters[0]["test_statistic"] == near(best[0].statistic)
    for cluster in clusters:
        check_figures(analysis, cluster)
    for number, cluster in enumerate(clusters):
        for before in clusters[:number]:
            assert before["test_statistic"] >= cluster["test_statistic"] - 1e-6
            assert not conflict(analysis, before, cluster)
    for window in best:
        if window.statistic > LEAST + 1e-6:
            assert is_explained(analysis, window, clusters)


def near(value: float) -> object:
    return pytest.approx(value, rel=1e-8, abs=1e-8)


def check_figures(analysis: Analysis, cluster: dict[str, Any]) -> None:
    problem, study = analysis.problem, analysis.problem.data.study()
    members, (start, end) = spots(analysis, cluster), interval(analysis, cluster)
    observed, measure, statistic, high = reference.evaluate(
        study, problem.rule, members=members, start=start, end=end
    )
    assert (start, end) in problem.times.windows
    assert any(
        members == zone for zones in problem.zones.enumerate(reported=True) for zone in zones
    )
    assert cluster["observed"] == observed
    assert cluster["expected"] == near(study.expected(measure))
    assert cluster["test_statistic"] == near(0.0 if statistic is None else statistic)
    assert cluster["high_rate"] == high
    risk = study.risk_ratio(observed, measure)
    if study.model == "permutation":
        assert cluster["observed_over_expected"] == near(risk)
    elif math.isfinite(risk):
        assert cluster["relative_risk"] == near(risk)


def spots(analysis: Analysis, cluster: dict[str, Any]) -> list[int]:
    """Numbers of the cluster's spots in their order of entry."""
    places = analysis.places
    spot = dict(zip(places.names, places.spot, strict=True))
    found = [*dict.fromkeys(spot[name] for name in cluster["members"])]
    assert {m for m, s in spot.items() if s in found} == set(cluster["members"])
    return found or [*range(places.n)]


def interval(analysis: Analysis, cluster: dict[str, Any]) -> tuple[int, int]:
    bounds = analysis.calendar.interval_bounds()
    days = [cluster["start"], cluster["end"]]
    if analysis.calendar.unit != "generic":
        days = [pd.Timestamp(day).toordinal() for day in days]
    if analysis.written.settings["AnalysisType"] == "1":
        assert days == [bounds[0], bounds[-1] - 1]
        return 0, analysis.calendar.n_intervals
    return bounds.index(days[0]), bounds.index(days[1] + 1)


def is_explained(
    analysis: Analysis, window: reference.Window, clusters: list[dict[str, Any]]
) -> bool:
    """Whether the best window of a centre is reported, or a more likely cluster forbids it."""
    zones = analysis.problem.zones.enumerate(reported=True)[window.centre]
    zone = next(zone for zone in zones if len(zone) == window.size)
    own = {
        "spots": zone,
        "point": centre_point(analysis, window.centre),
        "interval": (window.start, window.end),
    }
    for cluster in clusters:
        if cluster["test_statistic"] < window.statistic - 1e-6:
            return False
        described = describe(analysis, cluster)
        if described["interval"] == own["interval"] and set(described["spots"]) == set(zone):
            return True
        if conflicting(analysis, described, own):
            return True
        # Equal windows of a centre: another one is reported.
        same = abs(cluster["test_statistic"] - window.statistic) < 1e-6
        if same and described["point"] == own["point"]:
            return True
    return False


def describe(analysis: Analysis, cluster: dict[str, Any]) -> dict[str, Any]:
    point: Any = None
    if cluster["members"]:
        if analysis.places.listed:
            names = dict(zip(analysis.places.names, analysis.places.spot, strict=True))
            point = names[cluster["location"]]
        elif analysis.places.great_circle:
            point = (cluster["latitude"], cluster["longitude"])
        else:
            point = tuple(cluster[axis] for axis in "xyz" if axis in cluster)
    return {
        "spots": spots(analysis, cluster),
        "point": point,
        "interval": interval(analysis, cluster),
    }


def centre_point(analysis: Analysis, centre: int) -> Any:  # noqa: ANN401
    zones = analysis.problem.zones
    if isinstance(zones, Combined):
        zones = zones.families[0]
    if isinstance(zones, NeighbourLists) and centre < len(zones.lists):
        return zones.centres[centre]
    if isinstance(zones, Circles) and centre < len(zones.centres):
        return tuple(zones.centres[centre].tolist())
    return None


def conflict(analysis: Analysis, more: dict[str, Any], less: dict[str, Any]) -> bool:
    return conflicting(analysis, describe(analysis, more), describe(analysis, less))


def conflicting(analysis: Analysis, more: dict[str, Any], less: dict[str, Any]) -> bool:
    """Whether a more likely cluster forbids a less likely one."""
    if analysis.overlap == "5":
        return False
    (a, b), (c, d) = more["interval"], less["interval"]
    if b < c or d < a:
        return False
    temporal = [more["point"] is None, less["point"] is None]
    if any(temporal):
        return all(temporal)
    if analysis.overlap == "0":
        return not set(more["spots"]).isdisjoint(less["spots"])
    first, second = holds(analysis, more, less["point"]), holds(analysis, less, more["point"])
    return {
        "1": first or second,
        "2": first,
        "3": second,
        "4": first and second,
    }[analysis.overlap]


def holds(analysis: Analysis, cluster: dict[str, Any], point: Any) -> bool:  # noqa: ANN401
    if analysis.places.listed:
        return point in cluster["spots"]
    rows = np.array([cluster["point"], point, *analysis.places.points[cluster["spots"]].tolist()])
    own, other, *members = points_in_space(rows, great_circle=analysis.places.great_circle)
    return distance(own, other) <= max(distance(own, member) for member in members)
