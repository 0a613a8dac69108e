"""Places are read from frames, merged where they share a spot, and checked."""

import sys
import time
import tracemalloc
from typing import Any

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely

from enteroscan import BernoulliScan, DataError, PoissonScan, ScanSpec, SpaceTimePermutation
from enteroscan.study import Counts, Study, prepare

SPEC = SpaceTimePermutation(max_duration_share=1.0)
DATES = ["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04"]
LINES = pd.DataFrame({"location": ["B", "A", "C", "B"], "date": DATES})
PLACES = pd.DataFrame(
    {
        "location": ["C", "B", "A"],
        "latitude": [30.0, 31.0, 32.0],
        "longitude": [110.0, 111.0, 112.0],
    }
)


def read(cases: pd.DataFrame = LINES, spec: ScanSpec = SPEC, **data: Any) -> Study:  # noqa: ANN401
    return prepare(spec, cases, **data)


def rows(study: Study, counts: Counts | None = None) -> list[tuple[str, int, int]]:
    """Place, interval and count of all cases, as a person would write them."""
    counts = study.cases if counts is None else counts
    columns = (counts.place.tolist(), counts.interval.tolist(), counts.count.tolist())
    return sorted((study.places.names[place], t, n) for place, t, n in zip(*columns, strict=True))


def points(study: Study) -> dict[str, list[float]]:
    assert study.places.coordinates is not None
    return dict(zip(study.places.names, study.places.coordinates.points.tolist(), strict=True))


EXPECTED_ROWS = [("A", 1, 1), ("B", 0, 1), ("B", 3, 1), ("C", 2, 1)]


def test_line_list_and_locations() -> None:
    study = read(locations=PLACES)
    assert rows(study) == EXPECTED_ROWS
    assert points(study) == {"A": [32.0, 112.0], "B": [31.0, 111.0], "C": [30.0, 110.0]}
    assert study.places.coordinates is not None
    assert study.places.coordinates.great_circle


def test_columns_can_be_named() -> None:
    named = {"location": "zip", "date": "onset", "latitude": "Y", "longitude": "X"}
    cases = LINES.rename(columns={"location": "zip", "date": "onset"})
    places = PLACES.rename(columns={"latitude": "Y", "longitude": "X"})  # keeps "location"
    study = read(cases, locations=places, columns=named)
    assert rows(study) == EXPECTED_ROWS
    assert points(study) == points(read(locations=PLACES))


@pytest.mark.parametrize("name", ["count", "cases"])
def test_counts_are_added_up(name: str) -> None:
    cases = pd.DataFrame(
        {"location": list("AABA"), "date": ["2024-01-01", "2024-01-02"] * 2, name: [3, 0, 5, 4]}
    )
    study = read(cases, locations=PLACES)
    assert rows(study) == [("A", 0, 3), ("A", 1, 4), ("B", 0, 5)]
    assert study.cases.total == 12


def test_many_strata_are_added_up_without_a_grid() -> None:
    n = 3000
    cases = pd.DataFrame(
        {
            "location": "A",
            "date": np.tile(pd.date_range("2024-01-01", periods=1000), 3),
            "age": np.arange(n),
        }
    )
    study = read(cases, SpaceTimePermutation(strata=("age",)), locations=PLACES)
    assert study.cases.total == n
    assert study.cases.stratum is not None
    assert len(np.unique(study.cases.stratum)) == n


def test_coordinates_of_the_cases_make_places() -> None:
    cases = pd.DataFrame({"x": [2.5, 1.0, 2.5], "y": [0.0, 1.0, -0.0], "date": DATES[:3]})
    study = read(cases)
    assert points(study) == {"1, 1": [1.0, 1.0], "2.5, 0": [2.5, 0.0]}
    assert rows(study) == [("1, 1", 1, 1), ("2.5, 0", 0, 1), ("2.5, 0", 2, 1)]


def test_locations_and_coordinates_of_the_cases() -> None:
    cases = LINES.assign(x=[1.0, 2.0, 3.0, 1.0], y=0.0)
    study = read(cases)
    assert points(study) == {"A": [2.0, 0.0], "B": [1.0, 0.0], "C": [3.0, 0.0]}
    moved = cases.assign(x=[1.0, 2.0, 3.0, 1.5])
    with pytest.raises(DataError, match=r"1 row with other coordinates than the first row.*3: B"):
        read(moved)
    dropped = read(moved, on_invalid="drop")
    assert rows(dropped) == EXPECTED_ROWS[:2] + EXPECTED_ROWS[3:]


def test_one_spot_is_one_place() -> None:
    places = pd.DataFrame(
        {"location": list("DCBA"), "x": [1.0, 2.0, 1.0, 3.0], "y": [0.0, 0.0, -0.0, 0.0]}
    )
    cases = pd.DataFrame({"location": list("DBCA"), "date": DATES})
    study = read(cases, locations=places)
    assert study.places.names == ["A", "B", "C"]
    assert study.places.members == [["A"], ["B", "D"], ["C"]]
    assert rows(study) == [("A", 3, 1), ("B", 0, 1), ("B", 1, 1), ("C", 2, 1)]


def test_places_are_in_alphabetical_order() -> None:
    places = pd.DataFrame({"location": ["18", "170", "9"], "x": [1.0, 2.0, 3.0], "y": 0.0})
    cases = pd.DataFrame({"location": ["9"], "date": ["2024-01-01"]})
    assert read(cases, locations=places).places.names == ["170", "18", "9"]


@pytest.mark.parametrize(
    ("in_cases", "in_places"),
    [
        ([1, 2, 1, 2], ["1", "2"]),
        (["1", "2", "1", "2"], [1, 2]),
        ([1.0, 2.0, 1.0, 2.0], [1, 2]),
        ([" 1", "2 ", "1", "2"], ["1", "2"]),
        (pd.Categorical(["1", "2", "1", "2"]), np.array(["1", "2"], dtype=object)),
    ],
)
def test_identifiers_are_compared_as_texts(in_cases: Any, in_places: Any) -> None:  # noqa: ANN401
    cases = pd.DataFrame({"location": in_cases, "date": DATES})
    places = pd.DataFrame({"location": in_places, "x": [0.0, 1.0], "y": [0.0, 0.0]})
    assert rows(read(cases, locations=places)) == [
        ("1", 0, 1),
        ("1", 2, 1),
        ("2", 1, 1),
        ("2", 3, 1),
    ]


@pytest.mark.parametrize(("crs", "great_circle"), [("EPSG:4326", True), ("EPSG:32650", False)])
def test_geodataframes_give_centroids(crs: str, *, great_circle: bool) -> None:
    shapes = [shapely.box(110, 20, 112, 22), shapely.Point(115, 25), shapely.Point(116, 26)]
    places = geopandas.GeoDataFrame({"location": list("ABC")}, geometry=shapes, crs=crs)
    study = read(locations=places)
    assert study.places.coordinates is not None
    assert study.places.coordinates.great_circle == great_circle
    order = -1 if great_circle else 1  # latitude first
    assert points(study)["A"] == [111.0, 21.0][::order]
    assert points(study)["C"] == [116.0, 26.0][::order]


def test_geodataframe_of_cases() -> None:
    cases = geopandas.GeoDataFrame(
        {"date": DATES[:2]}, geometry=[shapely.Point(1, 2), shapely.Point(3, 4)], crs="EPSG:4326"
    )
    assert sorted(points(read(cases)).values()) == [[2.0, 1.0], [4.0, 3.0]]


def test_geodataframes_need_a_reference_system() -> None:
    places = geopandas.GeoDataFrame({"location": ["A"]}, geometry=[shapely.Point(1, 2)])
    with pytest.raises(DataError, match="no coordinate reference system"):
        read(locations=places)


def test_neighbours_need_no_coordinates() -> None:
    lists = {"A": ["A", "B"], "B": ["B", "C", "A", "C"]}
    study = read(neighbours=lists)
    assert study.neighbours is not None
    names = [study.places.names[member] for member in study.neighbours.members]
    assert names == ["A", "B", "B", "C", "A"]
    assert study.neighbours.offsets.tolist() == [0, 2, 5]
    with pytest.raises(DataError, match=r"neighbours: 1 are not among the locations \(Z\)"):
        read(neighbours={"A": ["Z"]}, locations=PLACES)


@pytest.mark.parametrize(
    ("status", "as_frame"), [([1, 0, 1, 0], False), ([True, False, True, False], True)]
)
def test_cases_and_controls(status: list[Any], *, as_frame: bool) -> None:
    people = LINES.assign(status=status)
    data = {"locations": PLACES}
    cases = people
    if as_frame:
        cases, data["controls"] = people[people["status"]], people[~people["status"]]
    study = read(
        cases, BernoulliScan(max_duration_share=1.0), start=DATES[0], as_of=DATES[3], **data
    )
    assert rows(study) == [("B", 0, 1), ("C", 2, 1)]
    assert study.controls is not None
    assert rows(study, study.controls) == [("A", 1, 1), ("B", 3, 1)]
    np.testing.assert_array_equal(study.weights, [1, 2, 1])


def test_circle_population_and_weights() -> None:
    people = pd.DataFrame({"location": list("ABA"), "population": [1, 2, 3]})
    spec = SpaceTimePermutation(max_circle_share=0.5, max_duration_share=1.0)
    study = read(spec=spec, locations=PLACES, circle_population=people)
    assert study.circle_population is not None
    assert study.circle_population.tolist() == [4.0, 2.0, 0.0]
    assert study.weights.tolist() == [1.0, 2.0, 1.0]


def changed(frame: pd.DataFrame, row: int, **values: Any) -> pd.DataFrame:  # noqa: ANN401
    frame = frame.astype(object)
    for column, value in values.items():
        frame.loc[row, column] = value
    return frame


POISSON = PoissonScan()
BERNOULLI = BernoulliScan()
CENTRES = pd.DataFrame({"x": [0.0], "y": [0.0]})


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({}, "cases: where are they? Give `locations`"),
        (
            {"cases": changed(LINES, 1, location="Z"), "locations": PLACES},
            "cases, column 'location': 1 row with a location that is not among the locations "
            "(rows 1: Z); correct them, or leave them out and have them counted with "
            "on_invalid='drop'",
        ),
        (
            {"cases": changed(LINES, 2, location=None), "locations": PLACES},
            "1 row without a location (rows 2: ",
        ),
        (
            {"cases": changed(LINES, 2, location="  "), "locations": PLACES},
            "1 row without a location",
        ),
        (
            {"locations": changed(PLACES, 0, latitude=np.nan)},
            "locations, column 'latitude': 1 row without a finite coordinate (rows 0: nan)",
        ),
        (
            {"locations": changed(PLACES, 0, latitude=np.inf)},
            "1 row without a finite coordinate (rows 0: inf)",
        ),
        (
            {"locations": changed(PLACES, 0, latitude="north")},
            "1 row without a number (rows 0: north)",
        ),
        (
            {"locations": changed(PLACES, 1, latitude=111.0)},
            "outside -90 to 90 degrees (rows 1: 111.0); are latitude and longitude exchanged",
        ),
        ({"locations": changed(PLACES, 1, longitude=361.0)}, "outside -180 to 360 degrees"),
        (
            {"locations": changed(PLACES, 1, location="C")},
            "2 rows with a location that occurs twice (rows 0: C, 1: C); keep one row of each",
        ),
        ({"locations": PLACES.drop(columns="longitude")}, "no column 'longitude' or 'lon'"),
        ({"locations": PLACES[["location"]]}, "locations: no column 'latitude'"),
        ({"locations": PLACES.iloc[:0]}, "locations: there is no location"),
        ({"cases": LINES.iloc[:0], "locations": PLACES}, "there is no row that can be used"),
        (
            {"cases": LINES.assign(count=0), "locations": PLACES},
            "cases: there is no case that can be used",
        ),
        (
            {"cases": LINES.assign(count=[1, -1, 1, 1]), "locations": PLACES},
            "cases, column 'count': 1 row that are no whole numbers of at least 0 (rows 1: -1)",
        ),
        (
            {"cases": LINES.assign(count=[1, 1.5, 1, 1]), "locations": PLACES},
            "1 row that are no whole numbers",
        ),
        (
            {"cases": LINES.assign(count=[1, np.nan, 1, 1]), "locations": PLACES},
            "1 row without a count",
        ),
        (
            {"cases": LINES.drop(columns="date"), "locations": PLACES},
            "cases: no column 'date'; there are 'location'. Say which it is: columns={'date': ...}",
        ),
        (
            {"locations": PLACES, "columns": {"date": "onset"}},
            "columns: 'date' is to be 'onset', which is no column of cases, locations",
        ),
        ({"locations": PLACES, "columns": {"day": "date"}}, "columns: 'day' is unknown"),
        ({"locations": PLACES, "on_invalid": "ignore"}, "on_invalid='ignore' is unknown"),
        ({"locations": PLACES, "controls": LINES}, "SpaceTimePermutation has no use for controls"),
        ({"locations": PLACES, "population": PLACES}, "has no use for population"),
        ({"locations": PLACES, "spec": BERNOULLI}, "BernoulliScan needs controls"),
        (
            {"locations": PLACES, "spec": BERNOULLI, "cases": LINES.assign(status=[0, 1, 2, 1])},
            "1 row that are neither 1 (case) nor 0 (control) (rows 2: 2)",
        ),
        (
            {"locations": PLACES, "spec": BERNOULLI, "cases": LINES.assign(status=1)},
            "BernoulliScan needs controls, and there are none",
        ),
        ({"locations": PLACES, "circle_population": PLACES}, "need each other"),
        ({"locations": PLACES, "centres": CENTRES}, "coordinates of the same kind"),
        ({"neighbours": {"A": ["B"]}, "centres": CENTRES}, "centres are for circles"),
        (
            {"cases": pd.concat([LINES, LINES["date"]], axis=1), "locations": PLACES},
            "there are 2 columns 'date'",
        ),
    ],
)
def test_wrong_data_are_named(data: dict[str, Any], text: str) -> None:
    with pytest.raises(DataError) as error:
        read(**data)
    assert text in str(error.value)


def test_something_else_than_a_frame_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="cases must be a pandas DataFrame, not list"):
        read([1, 2, 3])  # type: ignore[arg-type]


def test_dropped_rows_are_counted_once() -> None:
    cases = pd.DataFrame(
        {"location": ["A", "Z", None, "B", "Z"], "date": [*DATES[:3], None, None], "count": 1}
    )
    study = read(cases, locations=changed(PLACES, 0, latitude=np.nan), on_invalid="drop")
    assert rows(study) == [("A", 0, 1)]
    assert study.places.names == ["A", "B"]
    assert study.dropped == (
        ("locations, column 'latitude': without a finite coordinate", 1),
        ("cases, column 'location': without a location", 1),
        ("cases, column 'location': with a location that is not among the locations", 2),
        ("cases, column 'date': without a date", 1),
    )


def test_only_the_first_rows_are_shown() -> None:
    cases = pd.DataFrame({"location": "Z", "date": DATES * 10})
    with pytest.raises(DataError, match=r"40 rows .*\(rows 0: Z, 1: Z, 2: Z, 3: Z, 4: Z, \.\.\.\)"):
        read(cases, locations=PLACES)


@pytest.mark.slow
def test_ten_million_rows() -> None:
    n, n_places = 10_000_000, 2000
    random = np.random.default_rng(1)
    names = np.array([f"L{i:05d}" for i in range(n_places)])
    codes = random.integers(0, n_places, n)
    days = random.integers(0, 365, n)
    cases = pd.DataFrame(
        {
            "location": pd.array(names[codes], dtype="str"),
            "date": np.datetime64("2023-01-01") + days.astype("timedelta64[D]"),
        }
    )
    places = pd.DataFrame(
        {"location": names, "x": random.random(n_places), "y": random.random(n_places)}
    )
    tracemalloc.start()
    began = time.process_time()
    study = read(cases, SpaceTimePermutation(), locations=places)
    elapsed = time.process_time() - began
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    np.testing.assert_array_equal(
        study.cases.by_place(n_places), np.bincount(codes, minlength=n_places)
    )
    assert peak < 2e9
    assert elapsed < 20


def test_geopandas_is_not_imported() -> None:
    import subprocess

    program = "import enteroscan, sys; print('geopandas' in sys.modules, 'scipy' in sys.modules, "
    program += "'matplotlib' in sys.modules)"
    output = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
    assert output.stdout.decode().split() == ["False"] * 3
