"""Strange data give a correct answer or an error that says what to do; nothing else."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from enteroscan import BernoulliScan, DataError, PoissonScan, ScanResult, SpaceTimePermutation

PERIOD = {"start": "2024-01-01", "as_of": "2024-01-30"}
PERMUTATION = SpaceTimePermutation(max_duration_days=7, replicates=19)
POISSON = PoissonScan(max_duration_days=7, replicates=19)
BERNOULLI = BernoulliScan(max_duration_days=7, replicates=19)

PLACES = pd.DataFrame(
    {"location": ["A", "B", "C", "D"], "x": [0.0, 1.0, 5.0, 6.0], "y": [0.0, 0.0, 1.0, 3.0]}
)
POPULATION = pd.DataFrame({"location": PLACES["location"], "population": [100, 200, 300, 400]})


def line_list() -> pd.DataFrame:
    """40 cases, one a row; a cluster at A at the end."""
    places = ["A"] * 6 + ["A", "B", "C", "D", "B", "C", "D", "C", "D", "D"] * 3 + ["B"] * 4
    days = [28, 29, 30, 30, 29, 30, *range(1, 31), 3, 9, 15, 22]
    dates = [f"2024-01-{day:02d}" for day in days]
    return pd.DataFrame({"location": places, "date": pd.to_datetime(dates)})


def controls() -> pd.DataFrame:
    rows = line_list().iloc[6:]
    return pd.concat([rows, rows], ignore_index=True)


def scan_permutation(cases: pd.DataFrame, **options: Any) -> ScanResult:  # noqa: ANN401
    return PERMUTATION.scan(cases, **({"locations": PLACES} | PERIOD | options))


def scan_poisson(cases: pd.DataFrame, **options: Any) -> ScanResult:  # noqa: ANN401
    data = {"locations": PLACES, "population": POPULATION}
    return POISSON.scan(cases, **(data | PERIOD | options))


def scan_bernoulli(cases: pd.DataFrame, **options: Any) -> ScanResult:  # noqa: ANN401
    return BERNOULLI.scan(
        cases, **({"locations": PLACES, "controls": controls()} | PERIOD | options)
    )


Scan = Callable[..., ScanResult]
every_model = pytest.mark.parametrize("scan", [scan_permutation, scan_poisson, scan_bernoulli])


@every_model
def test_the_cluster_is_found_in_sound_data(scan: Scan) -> None:
    first = scan(line_list()).clusters.iloc[0]
    assert first["location"] == "A"
    assert (first["n_locations"], first["observed"]) == (1, 6)
    assert str(first["end"])[:10] == "2024-01-30"


# ---- few data ------------------------------------------------------------------------------------


@every_model
def test_no_rows(scan: Scan) -> None:
    with pytest.raises(DataError, match=r"cases: there is no (case|row)"):
        scan(line_list().iloc[:0])


@every_model
def test_counts_of_zero_only(scan: Scan) -> None:
    with pytest.raises(DataError, match="no case"):
        scan(line_list().assign(count=0))


@every_model
def test_no_columns(scan: Scan) -> None:
    with pytest.raises(DataError, match=r"no column 'location'.*there are none"):
        scan(pd.DataFrame())


@every_model
def test_one_case_is_no_cluster(scan: Scan) -> None:
    result = scan(line_list().iloc[:1])
    assert len(result.clusters) == 0
    assert len(result.members) == 0
    assert result.simulated_maxima.tolist() == [0.0] * 19


def test_all_cases_in_one_place() -> None:
    cases = line_list().assign(location="B")
    assert len(scan_permutation(cases).clusters) == 0  # one place cannot differ from the others
    many_controls = pd.concat([controls()] * 3, ignore_index=True)
    for result in (scan_poisson(cases), scan_bernoulli(cases, controls=many_controls)):
        first = result.clusters.iloc[0]
        assert (first["location"], first["n_locations"]) == ("B", 1)


def test_all_cases_on_one_day() -> None:
    cases = line_list().assign(date=pd.Timestamp(2024, 1, 30))
    assert len(scan_permutation(cases).clusters) == 0
    for scan in (scan_poisson, scan_bernoulli):
        first = scan(cases).clusters.iloc[0]
        assert str(first["start"])[:10] == str(first["end"])[:10] == "2024-01-30"


def test_a_single_location() -> None:
    place = PLACES.iloc[:1]
    cases = line_list().assign(location="A")
    assert len(scan_permutation(cases, locations=place).clusters) == 0


def test_a_study_period_of_one_day() -> None:
    cases = line_list().assign(date=pd.Timestamp(2024, 1, 30))
    try:
        result = scan_permutation(cases, start="2024-01-30")
    except DataError as error:
        assert "start" in str(error)  # noqa: PT017
    else:
        assert len(result.clusters) == 0


# ---- repeated places -----------------------------------------------------------------------------


@every_model
def test_thousands_of_locations_at_the_same_coordinates(scan: Scan) -> None:
    n = 5_000
    names = [f"L{i:04d}" for i in range(n)]
    four = np.arange(n) % 4
    places = PLACES.iloc[four].assign(location=names)
    merged = line_list()
    spread = merged.assign(
        location=[
            names[4 * (17 * row % (n // 4)) + "ABCD".index(place)]
            for row, place in enumerate(merged["location"])
        ]
    )
    options: dict[str, Any] = {}
    if scan is scan_poisson:
        size = POPULATION["population"].to_numpy()[four] / (n // 4)
        options["population"] = pd.DataFrame({"location": names, "population": size})
    if scan is scan_bernoulli:
        place = [names["ABCD".index(name)] for name in controls()["location"]]
        options["controls"] = controls().assign(location=place)
    many, few = scan(spread, locations=places, **options), scan(merged)
    figures = ["start", "end", "observed", "expected", "llr", "p_value"]
    pd.testing.assert_frame_equal(many.clusters[figures], few.clusters[figures])
    assert many.clusters["n_locations"].iloc[0] in (1, n // 4)
    here = many.members.loc[many.members["cluster"] == 1, "location"]
    assert set(here) == {name for name, place in zip(names, four, strict=True) if place == 0}


# ---- rows that cannot be used --------------------------------------------------------------------


def unusable_rows() -> list[Any]:
    cases = line_list()

    def with_cell(column: str, value: Any) -> pd.DataFrame:  # noqa: ANN401
        changed = cases.copy()
        if column not in changed:
            changed[column] = 1.0
        changed.loc[[4, 9], column] = value
        return changed

    texts = cases.assign(date=cases["date"].dt.strftime("%Y-%m-%d"))
    texts.loc[[4, 9], "date"] = "2024-13-41"
    return [
        pytest.param(with_cell("date", pd.NaT), "date", id="missing date"),
        pytest.param(texts, "date", id="unreadable date"),
        pytest.param(
            with_cell("date", pd.Timestamp(2023, 12, 31)), "date", id="before the study period"
        ),
        pytest.param(
            with_cell("date", pd.Timestamp(2024, 1, 31)), "date", id="after the study period"
        ),
        pytest.param(with_cell("location", "Z"), "location", id="unknown location"),
        pytest.param(with_cell("location", None), "location", id="missing location"),
        pytest.param(with_cell("location", ""), "location", id="blank location"),
        pytest.param(with_cell("count", np.nan), "count", id="missing count"),
        pytest.param(with_cell("count", -1), "count", id="negative count"),
        pytest.param(with_cell("count", 1.5), "count", id="broken count"),
        pytest.param(with_cell("count", np.inf), "count", id="infinite count"),
    ]


@every_model
@pytest.mark.parametrize(("cases", "column"), unusable_rows())
def test_unusable_rows_are_named(scan: Scan, cases: pd.DataFrame, column: str) -> None:
    with pytest.raises(DataError) as caught:
        scan(cases)
    message = str(caught.value)
    assert message.startswith("cases")
    for part in (f"'{column}'", "2 rows", "4", "9", "on_invalid='drop'"):
        assert part in message


@every_model
@pytest.mark.parametrize(("cases", "column"), unusable_rows())
def test_unusable_rows_are_dropped_on_request_and_counted(
    scan: Scan, cases: pd.DataFrame, column: str
) -> None:
    result = scan(cases, on_invalid="drop")
    clean = scan(line_list().drop(index=[4, 9]))
    pd.testing.assert_frame_equal(result.clusters, clean.clusters)
    assert result.dropped["count"].tolist() == [2]
    assert f"cases, column '{column}'" in result.dropped["reason"].iloc[0]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_locations_without_finite_coordinates(value: float) -> None:
    places = PLACES.copy()
    places.loc[2, "y"] = value
    with pytest.raises(DataError, match=r"locations.*'y'.*1 row.*2"):
        scan_permutation(line_list(), locations=places)


@pytest.mark.parametrize(
    ("latitude", "longitude"), [(116.4, 39.9), (39.9, 500.0), (np.nan, 116.4), (39.9, -200.0)]
)
def test_impossible_latitudes_and_longitudes(latitude: float, longitude: float) -> None:
    places = pd.DataFrame(
        {"location": list("ABCD"), "latitude": 39.0 + np.arange(4), "longitude": 116.0}
    )
    places.loc[1, ["latitude", "longitude"]] = latitude, longitude
    with pytest.raises(DataError, match=r"locations.*(latitude|longitude).*1 row"):
        scan_permutation(line_list(), locations=places)


def test_a_location_that_occurs_twice() -> None:
    places = pd.concat([PLACES, PLACES.iloc[[1]].assign(x=7.0)], ignore_index=True)
    with pytest.raises(DataError, match=r"locations.*'location'.*2 rows.*twice"):
        scan_permutation(line_list(), locations=places)


def test_a_period_that_ends_before_it_starts() -> None:
    with pytest.raises(DataError, match="ends before it starts"):
        scan_permutation(line_list(), start="2024-02-01")


# ---- populations ---------------------------------------------------------------------------------


def test_cases_where_nobody_lives() -> None:
    with pytest.raises(DataError, match=r"cases.*population is zero.*complete the population"):
        scan_poisson(line_list(), population=POPULATION.assign(population=[0, 200, 300, 400]))


def test_a_location_without_cases_where_nobody_lives() -> None:
    cases = line_list()
    cases = cases[cases["location"] != "D"]
    with_d = scan_poisson(cases, population=POPULATION.assign(population=[100, 200, 300, 0]))
    without_d = scan_poisson(cases, population=POPULATION.iloc[:3], locations=PLACES.iloc[:3])
    figures = ["location", "observed", "expected", "llr"]
    pd.testing.assert_frame_equal(with_d.clusters[figures], without_d.clusters[figures])


def test_nobody_lives_anywhere() -> None:
    with pytest.raises(DataError, match="population"):
        scan_poisson(line_list(), population=POPULATION.assign(population=0))


@pytest.mark.parametrize("value", [-1.0, np.nan, np.inf])
def test_impossible_populations(value: float) -> None:
    population = POPULATION.astype({"population": float})
    population.loc[3, "population"] = value
    with pytest.raises(DataError, match=r"population.*1 row.*3"):
        scan_poisson(line_list(), population=population)


def test_no_controls() -> None:
    with pytest.raises(DataError, match="controls"):
        scan_bernoulli(line_list(), controls=controls().iloc[:0])


# ---- much data -----------------------------------------------------------------------------------


@pytest.mark.slow
def test_ten_million_rows() -> None:
    random = np.random.default_rng(1)
    n, n_places, n_days = 10_000_000, 200, 60
    points = random.random((n_places, 2))
    names = np.array([f"L{i:03d}" for i in range(n_places)])
    places = pd.DataFrame({"location": names, "x": points[:, 0], "y": points[:, 1]})
    place = random.integers(n_places, size=n, dtype=np.int16)
    day = random.integers(n_days, size=n, dtype=np.int16)
    first_day = np.datetime64("2024-01-01", "ns")
    rows = pd.DataFrame(
        {
            "location": pd.Categorical.from_codes(place, categories=names.tolist()),
            "date": first_day + day.astype("timedelta64[D]"),
        }
    )
    counts = np.bincount(place.astype(int) * n_days + day, minlength=n_places * n_days)
    cells = np.arange(n_places * n_days)
    table = pd.DataFrame(
        {
            "location": names[cells // n_days],
            "date": first_day + (cells % n_days).astype("timedelta64[D]"),
            "count": counts,
        }
    )
    from_rows, from_counts = (PERMUTATION.scan(cases, locations=places) for cases in (rows, table))
    assert len(from_rows.clusters) > 0
    pd.testing.assert_frame_equal(from_rows.clusters, from_counts.clusters)
    assert from_rows.simulated_maxima.tolist() == from_counts.simulated_maxima.tolist()


@pytest.mark.parametrize("count", [2**31, 2**40, 10**18])
def test_counts_beyond_what_is_possible(count: int) -> None:
    cases = line_list().assign(count=1)
    cases.loc[0, "count"] = count
    with pytest.raises(ValueError, match=r"cases|count"):
        scan_permutation(cases)
