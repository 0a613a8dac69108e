"""What a scan reports is what its windows, replicates and options say."""

import dataclasses
import json
import math
import pickle
import sys
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from datetime import date
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from enteroscan import (
    BernoulliScan,
    DataError,
    MissingExtra,
    PoissonScan,
    ScanResult,
    ScanSpec,
    SimulatedMaxima,
    SpaceTimePermutation,
)
from enteroscan.scan import Data

LAST_DAY = "2024-03-30"
PERIOD: Data = {"start": "2024-01-01", "as_of": LAST_DAY}
N_DAYS = 90
TABLES = ("clusters", "members", "locations", "places", "timeline", "critical_values", "dropped")


def make_data() -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """300 cases at 30 places with 9 more at four of them in the last days; places; population."""
    random = np.random.default_rng(7)
    places = pd.DataFrame(
        {
            "location": [f"P{i:02d}" for i in range(30)],
            "latitude": 30 + random.random(30),
            "longitude": 114 + random.random(30),
        }
    )
    near = (places["latitude"] - 30.5).abs() + (places["longitude"] - 114.5).abs()
    centre = near.nsmallest(4).index.to_numpy()
    where = np.concatenate([random.integers(0, 30, 300), random.choice(centre, 9)])
    when = np.concatenate([random.integers(0, N_DAYS, 300), random.integers(84, N_DAYS, 9)])
    cases = pd.DataFrame(
        {
            "location": places["location"].to_numpy()[where],
            "date": pd.Timestamp("2024-01-01") + pd.to_timedelta(when, unit="D"),
        }
    )
    population = places[["location"]].assign(population=random.integers(500, 5000, 30))
    return cases, places, population


CASES, PLACES, POPULATION = make_data()
CONTROLS = pd.concat([CASES.iloc[:290]] * 2).assign(
    date=lambda frame: frame["date"].to_numpy()[::-1]
)
LIMITS: dict[str, Any] = {"max_duration_days": 14, "max_size_share": 0.3}


def data_for(spec: ScanSpec) -> dict[str, Any]:
    data: dict[str, Any] = {"locations": PLACES, **PERIOD}
    if isinstance(spec, PoissonScan):
        data["population"] = POPULATION
    if isinstance(spec, BernoulliScan):
        data["controls"] = CONTROLS
    return data


def scan(spec: ScanSpec, **more: Any) -> ScanResult:  # noqa: ANN401
    data = {"cases": CASES} | data_for(spec) | more
    return spec.scan(**data)


SPECS = [model(**LIMITS) for model in (SpaceTimePermutation, PoissonScan, BernoulliScan)]
PERMUTATION = SPECS[0]
every_model = pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.model)


@pytest.fixture(scope="module")
def results() -> dict[str, ScanResult]:
    return {spec.model: scan(spec) for spec in SPECS}


def inside(
    result: ScanResult, number: int
) -> tuple[pd.Series, "pd.Series[bool]", "pd.Series[bool]"]:
    """A cluster, and which cases are in its places and in its time."""
    cluster = result.clusters.iloc[number]
    members = result.members[result.members["cluster"] == cluster["cluster"]]["location"]
    in_time = CASES["date"].between(cluster["start"], cluster["end"])
    return cluster, CASES["location"].isin(members), in_time


@every_model
def test_observed_are_the_cases_inside(spec: ScanSpec, results: dict[str, ScanResult]) -> None:
    result = results[spec.model]
    for number in range(len(result.clusters)):
        cluster, in_place, in_time = inside(result, number)
        assert cluster["observed"] == (in_place & in_time).sum()
        assert cluster["n_locations"] == len(
            result.members[result.members["cluster"] == cluster["cluster"]]
        )
        assert cluster["end"] == pd.Timestamp(LAST_DAY)


def test_expected_of_the_permutation(results: dict[str, ScanResult]) -> None:
    result = results["space_time_permutation"]
    for number in range(len(result.clusters)):
        cluster, in_place, in_time = inside(result, number)
        expected = in_place.sum() * in_time.sum() / len(CASES)
        assert cluster["expected"] == pytest.approx(expected, rel=1e-12)
        assert cluster["observed_over_expected"] == cluster["observed"] / cluster["expected"]
        assert math.isnan(cluster["relative_risk"])


def test_relative_risk_of_poisson(results: dict[str, ScanResult]) -> None:
    result = results["poisson"]
    n = len(CASES)
    for number in range(len(result.clusters)):
        cluster, _, in_time = inside(result, number)
        members = result.members[result.members["cluster"] == cluster["cluster"]]["location"]
        people = POPULATION["population"][POPULATION["location"].isin(members)].sum()
        days = (cluster["end"] - cluster["start"]).days + 1
        expected = n * people / POPULATION["population"].sum() * days / N_DAYS
        observed = cluster["observed"]
        assert cluster["expected"] == pytest.approx(expected, rel=1e-12)
        risk = (observed / expected) / ((n - observed) / (n - expected))
        assert cluster["relative_risk"] == pytest.approx(risk, rel=1e-12)
        limits = scipy.stats.binomtest(observed, n).proportion_ci(0.95, "exact")
        for name, p in (("rr_low", limits.low), ("rr_high", limits.high)):
            wanted = (p / (1 - p)) / (expected / (n - expected))
            assert cluster[name] == pytest.approx(wanted, rel=1e-9)
        assert in_time.any()


def test_limits_of_the_permutation(results: dict[str, ScanResult]) -> None:
    for _, cluster in results["space_time_permutation"].clusters.iterrows():
        limits = scipy.stats.binomtest(cluster["observed"], len(CASES)).proportion_ci(0.95, "exact")
        for name, p in (("rr_low", limits.low), ("rr_high", limits.high)):
            assert cluster[name] == pytest.approx(p * len(CASES) / cluster["expected"], rel=1e-9)


def test_relative_risk_of_bernoulli(results: dict[str, ScanResult]) -> None:
    result = results["bernoulli"]
    n = len(CASES)
    for number in range(len(result.clusters)):
        cluster, in_place, _ = inside(result, number)
        members = set(CASES["location"][in_place])
        in_window = CONTROLS["location"].isin(members) & CONTROLS["date"].between(
            cluster["start"], cluster["end"]
        )
        observed = cluster["observed"]
        people, everyone = observed + in_window.sum(), n + len(CONTROLS)
        assert cluster["expected"] == pytest.approx(n * people / everyone, rel=1e-12)
        table = scipy.stats.contingency.relative_risk(
            observed, people, n - observed, everyone - people
        )
        assert cluster["relative_risk"] == pytest.approx(table.relative_risk, rel=1e-12)
        if observed not in (0, people):
            limits = table.confidence_interval(0.95)
            assert cluster["rr_low"] == pytest.approx(limits.low, rel=1e-9)
            assert cluster["rr_high"] == pytest.approx(limits.high, rel=1e-9)


@every_model
def test_tables_agree(spec: ScanSpec, results: dict[str, ScanResult]) -> None:
    result = results[spec.model]
    clusters = result.clusters.set_index("cluster")
    sums = result.locations.groupby("cluster")[["observed", "expected"]].sum()
    assert sums["observed"].tolist() == clusters["observed"].tolist()
    np.testing.assert_allclose(sums["expected"], clusters["expected"], rtol=1e-9)
    timeline = result.timeline.merge(
        clusters[["start", "end"]], left_on="cluster", right_index=True, suffixes=("", "_cluster")
    )
    during = timeline[
        (timeline["start"] >= timeline["start_cluster"])
        & (timeline["end"] <= timeline["end_cluster"])
    ]
    sums = during.groupby("cluster")[["observed", "expected"]].sum()
    assert sums["observed"].tolist() == clusters["observed"].tolist()
    np.testing.assert_allclose(sums["expected"], clusters["expected"], rtol=1e-9)
    assert result.places["observed"].sum() == len(CASES)
    assert result.places["expected"].sum() == pytest.approx(len(CASES), rel=1e-9)
    assert timeline.groupby("cluster").size().unique().tolist() == [N_DAYS]


def rank_of(statistic: float, maxima: np.ndarray) -> int:
    return 1 + int((maxima >= statistic - 1e-9).sum())


@every_model
def test_monte_carlo_p_values(spec: ScanSpec, results: dict[str, ScanResult]) -> None:
    result = results[spec.model]
    maxima = result.simulated_maxima
    assert len(maxima) == 999
    for number, cluster in result.clusters.iterrows():
        assert cluster["rank"] == rank_of(cluster["llr"], maxima)
        assert cluster["p_value"] == cluster["rank"] / 1000
        assert number == 0 or cluster["rank"] <= 999
        assert cluster["recurrence_interval_days"] == pytest.approx(1 / cluster["p_value"])
    beta = maxima.std() * math.sqrt(6) / math.pi
    gumbel = scipy.stats.gumbel_r(maxima.mean() - np.euler_gamma * beta, beta)
    np.testing.assert_allclose(
        result.clusters["gumbel_p_value"], gumbel.sf(result.clusters["llr"]), rtol=1e-6
    )
    np.testing.assert_allclose(
        result.critical_values["gumbel"], gumbel.isf([0.05, 0.01, 0.001]), rtol=1e-6
    )
    ordered = np.sort(maxima)[::-1]
    values = result.critical_values["monte_carlo"]
    assert values.tolist() == [ordered[49], ordered[9], ordered[0]]


def stop(statistic: float, maxima: np.ndarray, threshold: int) -> int:
    """How many replicates are made until so many exceed the statistic."""
    exceeding = 0
    for n, maximum in enumerate(maxima, start=1):
        exceeding += maximum > statistic + 1e-9
        if exceeding == threshold:
            return n
    return len(maxima)


@pytest.mark.parametrize("threshold", [3, 10])
def test_sequential_p_values(threshold: int, results: dict[str, ScanResult]) -> None:
    weak = dataclasses.replace(PERMUTATION, max_radius_km=5, min_duration_days=9)
    full = scan(weak)
    first = full.clusters["llr"][0]
    n = stop(first, full.simulated_maxima, threshold)
    assert threshold < n < 999
    result = scan(dataclasses.replace(weak, p_values="sequential", sequential_threshold=threshold))
    np.testing.assert_array_equal(result.simulated_maxima, full.simulated_maxima[:n])
    assert result.clusters["p_value"][0] == threshold / n
    others = result.clusters.iloc[1:]
    assert others["p_value"].tolist() == ((others["rank"] - 1) / n).tolist()


def test_sequential_without_a_stop_is_monte_carlo(results: dict[str, ScanResult]) -> None:
    strong = dataclasses.replace(PERMUTATION, p_values="sequential")
    pd.testing.assert_frame_equal(scan(strong).clusters, results["space_time_permutation"].clusters)


def test_default_p_values_take_gumbel_for_low_ranks(results: dict[str, ScanResult]) -> None:
    plain = results["space_time_permutation"].clusters
    result = scan(dataclasses.replace(PERMUTATION, p_values="default")).clusters
    low = plain["rank"] < 10
    assert low.any()
    assert not low.all()
    wanted = plain["p_value"].where(~low, plain["gumbel_p_value"])
    pd.testing.assert_series_equal(result["p_value"], wanted)


def test_gumbel_p_values(results: dict[str, ScanResult]) -> None:
    result = scan(dataclasses.replace(PERMUTATION, p_values="gumbel")).clusters
    assert result["p_value"].tolist() == result["gumbel_p_value"].tolist()


def test_no_gumbel_for_low_rates() -> None:
    result = scan(dataclasses.replace(PERMUTATION, rates="both"))
    assert result.clusters["gumbel_p_value"].isna().all()
    assert list(result.critical_values) == ["monte_carlo"]


def test_without_replicates_there_is_no_p_value() -> None:
    result = scan(dataclasses.replace(PERMUTATION, replicates=0))
    assert len(result.simulated_maxima) == 0
    assert result.clusters["p_value"].isna().all()
    assert not result.clusters["significant"].any()
    assert result.critical_values["monte_carlo"].isna().all()
    assert "No cluster beyond chance" in repr(result)


@pytest.mark.parametrize(
    ("options", "days"),
    [
        ({}, 1.0),
        ({"time_aggregation": 7, "max_duration_days": 14}, 7.0),
        ({"repeat_every_days": 3}, 3.0),
        ({"repeat_every_weeks": 1}, 365.25 / 52),
        ({"repeat_every_months": 1}, 365.25 / 12),
        ({"repeat_every_years": 2}, 365.25 * 2),
    ],
)
def test_recurrence_interval(options: dict[str, Any], days: float) -> None:
    result = scan(dataclasses.replace(PERMUTATION, **options)).clusters
    wanted = np.maximum(days / result["p_value"], 1.0)
    np.testing.assert_allclose(result["recurrence_interval_days"], wanted)
    assert result["significant"].tolist() == (wanted > max(365.0, 100 * days)).tolist()


def test_retrospective_scan_has_no_recurrence_interval() -> None:
    result = scan(dataclasses.replace(PERMUTATION, analysis="retrospective")).clusters
    assert result["recurrence_interval_days"].isna().all()
    assert result["significant"].tolist() == (result["p_value"] <= 0.05).tolist()


@pytest.mark.parametrize(
    "limit", [{"max_duration_days": 7}, {"max_duration_days": None, "max_duration_share": 0.1}]
)
def test_adjustment_for_earlier_analyses(limit: dict[str, Any]) -> None:
    spec = dataclasses.replace(PERMUTATION, **limit)
    plain = scan(spec)
    result = scan(dataclasses.replace(spec, adjust_for_analyses_since=date(2024, 3, 21)))
    columns = ["location", "start", "end", "observed", "llr"]
    n = min(len(plain.clusters), len(result.clusters))
    pd.testing.assert_frame_equal(plain.clusters[columns][:n], result.clusters[columns][:n])
    assert (result.simulated_maxima >= plain.simulated_maxima).all()
    assert (result.simulated_maxima > plain.simulated_maxima).mean() > 0.5
    p_of_one = 1 - (1 - result.clusters["p_value"]) ** (1 / 10)  # 21 to 30 March: 10 analyses
    np.testing.assert_allclose(
        result.clusters["recurrence_interval_days"], np.maximum(1 / p_of_one, 1)
    )


def test_adjustment_begins_within_the_study_period() -> None:
    spec = dataclasses.replace(PERMUTATION, adjust_for_analyses_since=date(2023, 1, 1))
    with pytest.raises(DataError, match="2023-01-01 is outside the study period 2024-01-01"):
        scan(spec)


def test_reported_limits_change_no_p_value(results: dict[str, ScanResult]) -> None:
    plain = results["space_time_permutation"]
    result = scan(dataclasses.replace(PERMUTATION, max_reported_radius_km=4.0))
    np.testing.assert_array_equal(result.simulated_maxima, plain.simulated_maxima)
    assert plain.clusters["radius_km"].max() > 4
    assert result.clusters["radius_km"].max() <= 4
    largest = scan(dataclasses.replace(PERMUTATION, max_reported_size_share=0.05))
    sizes = largest.locations.groupby("cluster")["observed_total"].sum()
    assert sizes.max() <= 0.05 * len(CASES)


def test_circle_population_limits_clusters(results: dict[str, ScanResult]) -> None:
    spec = dataclasses.replace(PERMUTATION, max_circle_share=0.08)
    result = scan(spec, circle_population=POPULATION)
    people = result.members.merge(POPULATION, on="location").groupby("cluster")["population"].sum()
    assert people.max() <= 0.08 * POPULATION["population"].sum()
    with pytest.raises(DataError, match="need each other"):
        scan(spec)


def test_centres_of_circles() -> None:
    centres = pd.DataFrame({"latitude": [30.5, 30.2], "longitude": [114.5, 114.1]})
    result = scan(PERMUTATION, centres=centres)
    found = result.clusters[["latitude", "longitude"]].to_numpy().tolist()
    assert set(map(tuple, found)) <= {(30.5, 114.5), (30.2, 114.1)}
    assert result.clusters["location"].isna().all()
    named = scan(PERMUTATION, centres=centres.assign(location=["middle", "corner"]))
    assert set(named.clusters["location"]) <= {"middle", "corner"}


def test_neighbours_instead_of_circles() -> None:
    lists = {f"P{i:02d}": [f"P{j % 30:02d}" for j in range(i, i + 5)] for i in range(30)}
    result = scan(PERMUTATION, neighbours=lists)
    for _, cluster in result.clusters.iterrows():
        members = result.members[result.members["cluster"] == cluster["cluster"]]["location"]
        assert members.tolist() == lists[cluster["location"]][: cluster["n_locations"]]
    assert result.clusters.filter(like="radius").isna().all(axis=None)
    with pytest.raises(DataError, match="max_radius_km cannot be used: neighbours have no radius"):
        scan(dataclasses.replace(PERMUTATION, max_radius_km=3), neighbours=lists)


def test_units_of_the_radius_are_checked() -> None:
    with pytest.raises(DataError, match="max_radius cannot be used: with latitude and longitude"):
        scan(dataclasses.replace(PERMUTATION, max_radius=3))
    flat = PLACES.rename(columns={"latitude": "y", "longitude": "x"})
    with pytest.raises(DataError, match="max_radius_km cannot be used: x and y have a unit"):
        scan(dataclasses.replace(PERMUTATION, max_radius_km=3), locations=flat)


def test_purely_temporal_scan() -> None:
    spec = PoissonScan(analysis="prospective_temporal", max_duration_days=30, replicates=99)
    result = spec.scan(CASES, **PERIOD)
    cluster = result.clusters.iloc[0]
    assert len(result.clusters) == 1
    assert cluster["location"] == "All"
    assert cluster["end"] == pd.Timestamp(LAST_DAY)
    assert len(result.members) == len(result.locations) == 0
    days = (cluster["end"] - cluster["start"]).days + 1
    assert cluster["expected"] == pytest.approx(len(CASES) * days / N_DAYS)


def test_all_kinds_of_clusters_together() -> None:
    spec = PoissonScan(
        analysis="retrospective",
        include_spatial=True,
        include_temporal=True,
        overlap="any",
        max_duration_days=14,
        replicates=0,
    )
    clusters = scan(spec).clusters
    temporal = clusters["location"] == "All"
    whole = (clusters["start"] == "2024-01-01") & (clusters["end"] == "2024-03-30")
    assert temporal.sum() >= 1
    assert whole.sum() >= 1
    assert not (temporal & whole).any()
    days = (clusters["end"] - clusters["start"]).dt.days + 1
    assert (whole | (days <= 14)).all()
    assert clusters.loc[temporal, ["latitude", "longitude", "radius_km"]].isna().all(axis=None)
    assert (clusters.loc[temporal, "n_locations"] == 30).all()


def test_spatial_scan_without_dates() -> None:
    spec = PoissonScan(analysis="spatial", replicates=99)
    result = spec.scan(CASES[["location"]], locations=PLACES, population=POPULATION)
    assert (result.start, result.end) == (None, None)
    assert result.clusters["start"].isna().all()
    dated = scan(spec)
    assert (dated.start, dated.end) == (date(2024, 1, 1), date(2024, 3, 30))
    columns = ["location", "observed", "llr", "p_value"]
    pd.testing.assert_frame_equal(result.clusters[columns], dated.clusters[columns])


def executors() -> list[Any]:
    spawn = get_context("spawn")
    return [
        pytest.param(lambda: ThreadPoolExecutor(3), id="threads"),
        pytest.param(lambda: ProcessPoolExecutor(2, mp_context=spawn), id="processes"),
    ]


@pytest.mark.parametrize("make_executor", executors())
def test_executor_changes_nothing(
    make_executor: Any,  # noqa: ANN401
    results: dict[str, ScanResult],
) -> None:
    shares: list[float] = []
    executor: Executor
    with make_executor() as executor:
        for spec in (PERMUTATION, dataclasses.replace(PERMUTATION, p_values="default")):
            alone = scan(spec)
            result = scan(spec, executor=executor, progress=shares.append)
            np.testing.assert_array_equal(result.simulated_maxima, alone.simulated_maxima)
            pd.testing.assert_frame_equal(result.clusters, alone.clusters)
    assert shares[-1] == 1.0


class Stopped(Exception):
    pass


class Idle(Executor):
    """Takes work and does none of it."""

    def __init__(self) -> None:
        self.tasks: list[Future[Any]] = []

    def submit(self, *_work: Any, **_options: Any) -> "Future[Any]":  # noqa: ANN401
        self.tasks.append(Future())
        return self.tasks[-1]


def test_a_progress_that_raises_ends_what_an_executor_does() -> None:
    def stop(_share: float) -> None:
        raise Stopped

    executor = Idle()
    with pytest.raises(Stopped):
        scan(PERMUTATION, executor=executor, progress=stop)
    assert len(executor.tasks) > 1
    assert all(task.cancelled() for task in executor.tasks)


@every_model
def test_replicates_can_be_simulated_in_parts(
    spec: ScanSpec, results: dict[str, ScanResult]
) -> None:
    ranges = [range(500, 999), range(7), range(7, 500)]
    parts = [spec.simulate(CASES, replicates=part, **data_for(spec)) for part in ranges]
    parts = pickle.loads(pickle.dumps(parts))
    merged = SimulatedMaxima.merge(parts)
    whole = results[spec.model]
    np.testing.assert_array_equal(merged.maxima, whole.simulated_maxima)
    pd.testing.assert_frame_equal(scan(spec, simulated=merged).clusters, whole.clusters)


def test_parts_can_be_simulated_with_options_that_do_not_matter() -> None:
    other = dataclasses.replace(
        PERMUTATION, n_jobs=1, replicates=99, p_values="sequential", max_reported_size_share=0.1
    )
    parts = [
        spec.simulate(CASES, replicates=part, **data_for(spec))
        for spec, part in ((PERMUTATION, range(9)), (other, range(9, 29)))
    ]
    merged = SimulatedMaxima.merge(parts)
    wanted = dataclasses.replace(PERMUTATION, replicates=29)
    result = scan(wanted, simulated=merged)
    np.testing.assert_array_equal(result.simulated_maxima, scan(wanted).simulated_maxima)


def test_progress_can_be_shown() -> None:
    result = scan(PERMUTATION, progress=True)
    assert len(result.simulated_maxima) == 999
    shares: list[float] = []
    scan(PERMUTATION, progress=shares.append)
    assert shares[-1] == 1.0


def test_missing_geopandas_is_named(
    results: dict[str, ScanResult], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "geopandas", None)
    with pytest.raises(MissingExtra, match=r"pip install 'enteroscan\[geo\]'"):
        results["poisson"].to_geodataframe()


def test_parts_that_do_not_fit_are_refused() -> None:
    def part(replicates: range, **options: Any) -> SimulatedMaxima:  # noqa: ANN401
        spec = dataclasses.replace(PERMUTATION, **options)
        return spec.simulate(CASES, replicates=replicates, **data_for(spec))

    with pytest.raises(DataError, match="gap or an overlap"):
        SimulatedMaxima.merge([part(range(5)), part(range(6, 9))])
    with pytest.raises(DataError, match="different data or options"):
        SimulatedMaxima.merge([part(range(5)), part(range(5, 9), random_state=1)])
    with pytest.raises(DataError, match="no parts"):
        SimulatedMaxima.merge([])
    with pytest.raises(
        DataError, match=r"range\(0, 5\) were simulated, range\(0, 999\) are needed"
    ):
        scan(PERMUTATION, simulated=part(range(5)))
    with pytest.raises(DataError, match="other data or other options"):
        scan(PERMUTATION, simulated=part(range(5), random_state=1))
    with pytest.raises(DataError, match="must be a range"):
        part(range(5, 5))


@every_model
def test_threads_change_nothing(spec: ScanSpec, results: dict[str, ScanResult]) -> None:
    result = scan(dataclasses.replace(spec, n_jobs=1))
    np.testing.assert_array_equal(result.simulated_maxima, results[spec.model].simulated_maxima)


@every_model
def test_json_keeps_everything(
    spec: ScanSpec, results: dict[str, ScanResult], tmp_path: Path
) -> None:
    result = results[spec.model]
    result.to_json(tmp_path / "result.json")
    copy = ScanResult.from_json(tmp_path / "result.json")
    assert copy.spec == spec
    assert (copy.start, copy.end, copy.n_cases) == (result.start, result.end, len(CASES))
    for table in TABLES:
        pd.testing.assert_frame_equal(getattr(copy, table), getattr(result, table))
    assert copy._repr_html_() == result._repr_html_()
    again = pickle.loads(pickle.dumps(result))
    pd.testing.assert_frame_equal(again.clusters, result.clusters)


def no_constant(text: str) -> None:
    raise AssertionError(f"{text} is no JSON")


def test_json_has_the_agreed_names(results: dict[str, ScanResult], tmp_path: Path) -> None:
    result = results["poisson"]
    result.to_json(tmp_path / "result.json")
    text = (tmp_path / "result.json").read_text(encoding="utf-8")
    values = json.loads(text, parse_constant=no_constant)
    row, cluster = result.clusters.iloc[0], values["clusters"][0]
    assert cluster["members"] == result.members.query("cluster == 1")["location"].tolist()
    assert cluster["radius"] == row["radius_km"]
    assert (cluster["start"], cluster["end"]) == (str(row["start"].date()), "2024-03-30")
    for name in ("observed", "expected", "relative_risk", "p_value", "gumbel_p_value"):
        assert cluster[name] == row[name]
    assert cluster["test_statistic"] == row["llr"]
    assert cluster["recurrence_interval_days"] == row["recurrence_interval_days"]
    assert values["replicates"] == len(values["simulated_maxima"]) == 999
    assert values["spec"]["random_state"] == 0
    assert values["enteroscan"] == result.version


def test_json_of_generic_time_and_infinite_risks(tmp_path: Path) -> None:
    cases = pd.DataFrame({"location": ["A"] * 9, "date": [1] * 4 + [9] * 5})
    places = pd.DataFrame({"location": ["A", "B"], "x": [0.0, 9.0], "y": [0.0, 0.0]})
    people = pd.DataFrame({"location": ["A", "B"], "population": [10, 90]})
    spec = PoissonScan(
        analysis="retrospective", time_unit="generic", max_duration_share=1.0, replicates=19
    )
    result = spec.scan(cases, locations=places, population=people)
    assert result.clusters["relative_risk"][0] == np.inf
    result.to_json(tmp_path / "result.json")
    json.loads((tmp_path / "result.json").read_text(), parse_constant=no_constant)
    copy = ScanResult.from_json(tmp_path / "result.json")
    for table in TABLES:
        pd.testing.assert_frame_equal(getattr(copy, table), getattr(result, table))
    assert (copy.start, copy.end) == (1, 9)


def test_foreign_json_is_refused() -> None:
    with pytest.raises(DataError, match="no result of enteroscan"):
        ScanResult.from_dict({"clusters": []})


def test_nothing_found(tmp_path: Path) -> None:
    cases = pd.DataFrame({"location": ["A", "B"], "date": ["2024-01-01", "2024-01-09"]})
    places = pd.DataFrame({"location": ["A", "B"], "x": [0.0, 9.0], "y": [0.0, 0.0]})
    result = SpaceTimePermutation(max_duration_days=2, replicates=9).scan(cases, locations=places)
    assert len(result.clusters) == 0
    assert "No cluster at all among 2 cases" in repr(result)
    assert "No cluster at all" in result._repr_html_()
    result.to_json(tmp_path / "result.json")
    copy = ScanResult.from_json(tmp_path / "result.json")
    for table in TABLES:
        pd.testing.assert_frame_equal(getattr(copy, table), getattr(result, table))


def test_notebook_display(results: dict[str, ScanResult]) -> None:
    result = results["space_time_permutation"]
    html = result._repr_html_()
    first = result.clusters.iloc[0]
    assert f"{first['observed']} cases where {first['expected']:.1f} were expected" in html
    assert "by chance alone once in" in html
    assert html.index("cases where") < html.index("<table>") < html.index("<details>")
    assert "max_duration_days" in html


def test_notebook_display_escapes_names() -> None:
    cases = CASES.assign(location=CASES["location"].replace("P", "<script>", regex=True))
    places = PLACES.assign(location=PLACES["location"].replace("P", "<script>", regex=True))
    html = scan(PERMUTATION, cases=cases, locations=places)._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_dropped_rows_are_shown() -> None:
    cases = pd.concat([CASES, pd.DataFrame({"location": ["?"], "date": [CASES["date"][0]]})])
    result = scan(PERMUTATION, cases=cases, on_invalid="drop")
    assert result.n_cases == len(CASES)
    assert result.dropped["count"].tolist() == [1]
    assert "with a location that is not among the locations" in result._repr_html_()


def test_results_cannot_be_changed(results: dict[str, ScanResult]) -> None:
    result = results["poisson"]
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.n_cases = 3  # type: ignore[misc]
    with pytest.raises(ValueError, match="read-only"):
        result.simulated_maxima[0] = 9
    frame = result.clusters
    frame.loc[0, "observed"] = 999
    assert result.clusters["observed"][0] != 999


def test_geodataframe(results: dict[str, ScanResult]) -> None:
    frame = results["poisson"].to_geodataframe()
    assert frame.crs == "EPSG:4326"
    for _, cluster in frame.iterrows():
        shape = cluster.geometry
        if cluster["radius_km"] == 0:
            assert (shape.x, shape.y) == (cluster["longitude"], cluster["latitude"])
            continue
        corners = np.array(shape.exterior.coords)
        lon, lat = np.radians(corners.T)
        lon0, lat0 = np.radians([cluster["longitude"], cluster["latitude"]])
        haversine = (
            np.sin((lat - lat0) / 2) ** 2
            + np.cos(lat) * np.cos(lat0) * np.sin((lon - lon0) / 2) ** 2
        )
        distance = 2 * 6367 * np.arcsin(np.sqrt(haversine))
        np.testing.assert_allclose(distance, cluster["radius_km"], rtol=1e-9)


def test_geodataframe_on_a_plane() -> None:
    flat = PLACES.rename(columns={"latitude": "y", "longitude": "x"})
    frame = scan(PERMUTATION, locations=flat).to_geodataframe()
    assert frame.crs is None
    wide = frame[frame["radius"] > 0]
    areas = wide.geometry.area / (np.pi * wide["radius"] ** 2)
    np.testing.assert_allclose(areas, 1, rtol=1e-3)
