"""The slow oracle gives SaTScan's figures, so it is the right thing to compare with."""

import json
import math
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import reference

pytestmark = pytest.mark.reference

Read = Callable[[str, list[str]], pd.DataFrame]


@pytest.fixture(scope="module")
def published(reference_data: Path) -> dict[str, dict[str, Any]]:
    runs = json.loads((reference_data / "satscan" / "cases.json").read_text("utf-8"))
    return {run["case"]: run for run in runs}


@pytest.fixture(scope="module")
def read(reference_data: Path) -> Read:
    def read_input(name: str, columns: list[str]) -> pd.DataFrame:
        path = reference_data / "satscan" / "inputs" / name
        return pd.read_csv(path, sep=r"\s+", header=None, names=columns)

    return read_input


def counts_by_location(rows: pd.DataFrame, ids: pd.Index) -> NDArray[np.int64]:
    counts = rows.groupby("id")["count"].sum().reindex(ids, fill_value=0)
    return counts.to_numpy(np.int64)[:, None]


def assert_most_likely_cluster(
    run: dict[str, Any],
    study: reference.Study,
    largest: list[list[int]],
    windows: list[tuple[int, int]],
    ids: pd.Index,
) -> reference.Window:
    rates = {"1": "high", "2": "low", "3": "both"}[run["settings"]["ScanAreas"]]
    rule = reference.Eligibility(rates=rates)  # type: ignore[arg-type]
    candidates = reference.best_per_centre(study, rule, map(reference.growing, largest), windows)
    maximum = reference.best_window(candidates)
    assert maximum is not None
    expected = run["clusters"][0]
    statistic = expected["llr"] if expected["llr"] is not None else expected["test_statistic"]
    assert maximum.statistic == pytest.approx(statistic, rel=1e-9)
    # Some data have several clusters of that statistic.
    (best,) = (
        window
        for window in candidates
        if window is not None
        and window.statistic == pytest.approx(maximum.statistic, rel=1e-12)
        and list(ids[largest[window.centre][: window.size]]) == expected["members"]
    )
    assert best.observed == expected["observed"]
    assert study.expected(best.measure) == pytest.approx(expected["expected"], rel=1e-9)
    if expected["relative_risk"] is not None:
        risk_ratio = study.risk_ratio(best.observed, best.measure)
        assert risk_ratio == pytest.approx(expected["relative_risk"], rel=1e-9)
    return best


@pytest.mark.parametrize("name", ["nyc_prosp_7d_50pct", "nyc_prosp_7d_50pct_both", "mc_nyc_stp"])
def test_prospective_space_time_permutation(
    published: dict[str, dict[str, Any]], read: Read, name: str
) -> None:
    run = published[name]
    places = read("NYCfever.geo", ["id", "latitude", "longitude"]).astype({"id": str})
    rows = read("NYCfever.cas", ["id", "count", "date"]).astype({"id": str})
    ids = pd.Index(places["id"])
    n_days = 24
    day = (pd.to_datetime(rows["date"]) - pd.Timestamp(2001, 11, 1)).dt.days
    cases = np.zeros((len(ids), n_days), np.int64)
    np.add.at(cases, (ids.get_indexer(rows["id"]), day.to_numpy()), rows["count"].to_numpy())

    points = places[["latitude", "longitude"]].to_numpy()
    largest = reference.largest_circles(
        points,
        points,
        great_circle=True,
        limits=[(cases.sum(axis=1).astype(float), cases.sum() / 2)],
        max_radius=3.0 if run["settings"]["UseDistanceFromCenterOption"] == "y" else math.inf,
    )
    windows = reference.open_windows(n_days, min_length=1, max_length=7, first_end=n_days)
    study = reference.permutation_study([cases])
    best = assert_most_likely_cluster(run, study, largest, windows, ids)
    first_day = date.fromisoformat(run["clusters"][0]["start_date"].replace("/", "-"))
    assert (best.start, best.end) == ((first_day - date(2001, 11, 1)).days, n_days)


@pytest.mark.parametrize("name", ["mc_nhumberside_bernoulli", "nh_circ_both"])
def test_spatial_bernoulli(published: dict[str, dict[str, Any]], read: Read, name: str) -> None:
    places = read("NHumberside.geo", ["id", "x", "y"]).astype({"id": str})
    places = places.drop_duplicates(["x", "y"])
    ids = pd.Index(places["id"])
    tables = [
        read(file, ["id", "count"]).astype({"id": str})
        for file in ("NHumberside.cas", "NHumberside.ctl")
    ]
    merged = merged_ids(read)
    cases, controls = (
        counts_by_location(table.assign(id=table["id"].map(merged)), ids) for table in tables
    )
    points = places[["x", "y"]].to_numpy(float)
    weights = (cases + controls).sum(axis=1).astype(float)
    largest = reference.largest_circles(
        points, points, great_circle=False, limits=[(weights, weights.sum() / 2)]
    )
    study = reference.bernoulli_study(cases, controls)
    assert_most_likely_cluster(published[name], study, largest, [(0, 1)], ids)


def merged_ids(read: Read) -> dict[str, str]:
    """Locations with the same coordinates go under the id that comes first."""
    places = read("NHumberside.geo", ["id", "x", "y"]).astype({"id": str})
    return dict(zip(places["id"], places.groupby(["x", "y"])["id"].transform("first"), strict=True))


def test_spatial_poisson_with_census_populations(
    published: dict[str, dict[str, Any]], read: Read
) -> None:
    places = read("nm.geo", ["id", "latitude", "longitude"])
    ids = pd.Index(places["id"])
    cases = counts_by_location(read("nm_nocov.cas", ["id", "count", "year"]), ids)
    census = read("nm_nocov.pop", ["id", "year", "count"])
    population = census.pivot_table(index="id", columns="year", values="count").loc[ids]
    dates = [date(1900 + int(year), 7, 1) for year in population.columns]
    means = [time_average(dates, list(row)) for row in population.to_numpy(float)]
    expected = np.array(means)[:, None]
    study = reference.poisson_study(cases, expected)

    points = places[["latitude", "longitude"]].to_numpy()
    largest = reference.largest_circles(
        points, points, great_circle=True, limits=[(study.measure[:, 0], study.n_cases / 2)]
    )
    assert_most_likely_cluster(published["nm_ps_nocov_both"], study, largest, [(0, 1)], ids)


def time_average(dates: list[date], values: list[float]) -> float:
    """Mean from 1973 to 1991 of the values at the dates, joined by straight lines."""
    start, end = date(1973, 1, 1).toordinal(), date(1992, 1, 1).toordinal()
    known = [day.toordinal() for day in dates]
    corners = np.array(sorted({start, end, *(day for day in known if start < day < end)}))
    return float(np.trapezoid(np.interp(corners, known, values), corners) / (end - start))
