"""What is given away reveals neither small counts, nor homes, nor people."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from enteroscan.errors import DataError, SpecError
from enteroscan.sharing import SharedCases, jitter, share, suppress_small_cells

MIN_CELL = 4
pyproj = pytest.importorskip("pyproj")
Counts = NDArray[np.int64]


def long(counts: Counts) -> pd.DataFrame:
    axes = [f"d{axis}" for axis in range(counts.ndim)]
    cells = pd.DataFrame(list(np.ndindex(counts.shape)), columns=axes)
    return cells.assign(cases=counts.ravel())


def with_totals(counts: Counts) -> Counts:
    for axis in range(counts.ndim):
        counts = np.concatenate([counts, counts.sum(axis=axis, keepdims=True)], axis=axis)
    return counts


def shown(table: pd.DataFrame, shape: tuple[int, ...]) -> dict[tuple[int, ...], int | None]:
    """Read a result as a reader would: position (totals last) -> count, None where hidden."""
    found: dict[tuple[int, ...], int | None] = {}
    axes = [name for name in table if name not in ("cases", "suppressed")]
    for row in table[[*axes, "cases"]].itertuples(index=False):
        *labels, count = row
        at = tuple(
            size if label == "total" else int(label)
            for label, size in zip(labels, shape, strict=True)
        )
        found[at] = None if pd.isna(count) else int(count)
    return found


def possible_tables(
    view: dict[tuple[int, ...], int | None], shape: tuple[int, ...], most: int
) -> Counts:
    """Try every table with counts up to `most`: the reader with endless patience."""
    # A zero is shown, so what is hidden is at least 1.
    shown_cells = [view[cell] for cell in np.ndindex(shape)]
    choices = [range(1, most + 1) if count is None else [count] for count in shown_cells]
    tables = np.stack(np.meshgrid(*choices, indexing="ij")).reshape(*shape, -1)
    totals = tables
    for axis in range(len(shape)):
        totals = np.concatenate([totals, totals.sum(axis=axis, keepdims=True)], axis=axis)
    agree = np.ones(tables.shape[-1], dtype=bool)
    for at, count in view.items():
        if count is not None:
            agree &= totals[at] == count
    possible: Counts = tables[..., agree]
    return possible


SMALL_TABLES = st.sampled_from([(2, 2), (2, 3), (3, 2), (4,), (2, 2, 2)]).flatmap(
    lambda shape: st.lists(
        st.integers(0, 7), min_size=int(np.prod(shape)), max_size=int(np.prod(shape))
    ).map(lambda values: np.array(values, dtype=np.int64).reshape(shape))
)


@given(SMALL_TABLES)
@settings(deadline=None, max_examples=60)
def test_every_small_count_may_be_any_small_number(counts: Counts) -> None:
    """A reader who tries all tables learns nothing of a small count but that it is hidden."""
    table = suppress_small_cells(long(counts), counts="cases", min_cell=MIN_CELL)
    view = shown(table, counts.shape)
    totals = with_totals(counts)
    assert set(view) == set(np.ndindex(totals.shape))
    for at, count in view.items():
        assert count in (None, totals[at])
        if 0 < totals[at] < MIN_CELL:
            assert count is None
    small = [at for at in np.ndindex(counts.shape) if 0 < counts[at] < MIN_CELL]
    hidden_cells = sum(view[at] is None for at in np.ndindex(counts.shape))
    if not small or hidden_cells > 5:
        return
    possible = possible_tables(view, counts.shape, most=14)
    for at in small:
        assert {1, MIN_CELL - 1} <= set(possible[at].tolist())


@given(
    st.integers(2, 6).flatmap(
        lambda n: st.lists(
            st.lists(st.integers(0, 12), min_size=n, max_size=n), min_size=2, max_size=6
        )
    )
)
@settings(deadline=None, max_examples=60)
def test_no_hidden_count_follows_from_the_sums(rows: list[list[int]]) -> None:
    """Linear algebra: no hidden position is fixed by the equations of the lines."""
    counts = np.array(rows, dtype=np.int64)
    table = suppress_small_cells(long(counts), counts="cases")
    view = shown(table, counts.shape)
    totals = with_totals(counts)
    hidden = [at for at, count in view.items() if count is None]
    lines = [[(r, c) for c in range(totals.shape[1])] for r in range(totals.shape[0])]
    lines += [[(r, c) for r in range(totals.shape[0])] for c in range(totals.shape[1])]
    matrix = np.zeros((len(lines), len(hidden)))
    for n, line in enumerate(lines):
        for at in line:
            if at in hidden:
                matrix[n, hidden.index(at)] = -1 if at == line[-1] else 1
    rank = np.linalg.matrix_rank(matrix) if hidden else 0
    for n, position in enumerate(hidden):
        if 0 < totals[position] < 5:
            unit = np.zeros((1, len(hidden)))
            unit[0, n] = 1
            assert np.linalg.matrix_rank(np.vstack([matrix, unit])) > rank, position


def test_large_counts_are_not_touched() -> None:
    counts = np.array([[5, 20], [9, 0]])
    table = suppress_small_cells(long(counts), counts="cases")
    assert not table["suppressed"].any()
    assert table["cases"].to_list()[:4] == [5, 20, 9, 0]
    assert len(table) == 9


def test_one_small_count_takes_a_second_and_their_partners() -> None:
    counts = np.array([[2, 20, 30], [40, 50, 60], [70, 80, 90]])
    table = suppress_small_cells(long(counts), counts="cases")
    hidden = table[table["suppressed"]]
    assert list(zip(hidden["d0"], hidden["d1"], strict=True)) == [(0, 0), (0, 1), (1, 0), (1, 1)]


def test_small_partners_are_not_enough() -> None:
    """1 + 2 = 3 is shown: 1 may only be 1 or 2. A larger one must be hidden as well."""
    table = suppress_small_cells(
        pd.DataFrame({"street": list("abcd"), "cases": [1, 2, 6, 50]}), counts="cases"
    )
    assert table["cases"].isna().to_list() == [True, True, True, False, False]


def test_small_totals_are_hidden_too() -> None:
    table = suppress_small_cells(
        pd.DataFrame(
            {"street": ["a", "a", "b", "b"], "agent": ["x", "y"] * 2, "cases": [1, 1, 30, 9]}
        ),
        counts="cases",
    )
    total = table[(table["street"] == "a") & (table["agent"] == "total")]
    assert total["cases"].isna().all()


def test_zeros_are_hidden_if_asked_for() -> None:
    counts = np.array([[0, 20], [9, 8]])
    kept = suppress_small_cells(long(counts), counts="cases")
    assert not kept["suppressed"].any()
    table = suppress_small_cells(long(counts), counts="cases", suppress_zeros=True)
    assert table["cases"].isna().iloc[0]


def test_without_totals_rows_are_those_of_the_table() -> None:
    frame = pd.DataFrame(
        {"year": [2024, 2023], "cases": [2, 30], "street": ["a", "a"]}, index=[7, 8]
    )
    table = suppress_small_cells(frame, counts="cases", by=["street", "year"], totals=False)
    assert list(table) == ["street", "year", "cases", "suppressed"]
    assert table["year"].to_list() == [2024, 2023]
    assert table["year"].dtype == frame["year"].dtype
    assert table["cases"].isna().all()


def test_the_result_does_not_say_which_counts_are_small() -> None:
    table = suppress_small_cells(long(np.array([[2, 20], [30, 40]])), counts="cases")
    assert list(table) == ["d0", "d1", "cases", "suppressed"]
    assert table["suppressed"].equals(table["cases"].isna())


@pytest.mark.parametrize(
    ("frame", "options", "error", "message"),
    [
        ({"a": [1]}, {}, DataError, "no column 'cases'"),
        ({"cases": [1]}, {}, SpecError, "name one or more columns"),
        ({"a": [1], "cases": [1]}, {"min_cell": 1}, SpecError, "min_cell=1 hides nothing"),
        ({"a": [1], "cases": [1.5]}, {}, DataError, "1 are no counts (rows 0)"),
        ({"a": [1], "cases": [-1]}, {}, DataError, "1 are no counts"),
        ({"a": [1], "cases": [None]}, {}, DataError, "1 are no counts"),
        ({"a": [None], "cases": [1]}, {}, DataError, "1 are missing (rows 0)"),
        ({"a": ["total"], "cases": [1]}, {}, DataError, "1 are 'total'"),
        ({"a": [1, 1], "cases": [1, 2]}, {}, DataError, "2 stand twice (rows 0, 1)"),
    ],
)
def test_mistakes_in_tables_are_named(
    frame: dict[str, list[object]],
    options: dict[str, int],
    error: type[Exception],
    message: str,
) -> None:
    with pytest.raises(error, match=re.escape(message)):
        suppress_small_cells(pd.DataFrame(frame), counts="cases", **options)  # type: ignore[arg-type]


def moved(
    latitude: NDArray[np.float64], longitude: NDArray[np.float64], radius_m: float, seed: int
) -> pd.DataFrame:
    frame = pd.DataFrame({"latitude": latitude, "longitude": longitude})
    return jitter(frame, radius_m=radius_m, random_state=seed).astype("float64")


@given(
    st.lists(st.tuples(st.floats(-89.9, 89.9), st.floats(-180, 180)), min_size=1, max_size=20),
    st.floats(1, 50_000),
    st.integers(0, 2**32),
)
def test_no_point_moves_farther_than_the_radius(
    points: list[tuple[float, float]], radius_m: float, seed: int
) -> None:
    latitude, longitude = np.array(points).T
    there = moved(latitude, longitude, radius_m, seed)
    for ellipsoid in (pyproj.Geod(ellps="WGS84"), pyproj.Geod(a=6371008.8, b=6371008.8)):
        *_, distance = ellipsoid.inv(longitude, latitude, there["longitude"], there["latitude"])
        assert distance.max() <= radius_m * (1 + 1e-9) + 1e-4


def test_points_are_uniform_in_the_disc() -> None:
    """By area: the square of the distance is uniform, and so is the direction."""
    rng = np.random.default_rng(2)
    latitude, longitude = 39.1 + rng.uniform(0, 1e-3, 20_000), 117.2 + rng.uniform(0, 1e-3, 20_000)
    there = moved(latitude, longitude, 500.0, 11)
    bearing, _, distance = pyproj.Geod(a=6371008.8, b=6371008.8).inv(
        longitude, latitude, there["longitude"], there["latitude"]
    )
    largest = 500.0 * 6371008.8 / 6_399_593.7
    assert distance.max() > 0.995 * largest
    assert stats.kstest((distance / largest) ** 2, "uniform").pvalue > 0.001
    assert stats.kstest((bearing + 180) / 360, "uniform").pvalue > 0.001
    assert abs(stats.spearmanr(distance, bearing).statistic) < 0.03


def test_a_point_moves_alike_whatever_stands_beside_it() -> None:
    frame = pd.DataFrame({"latitude": [39.1, 39.2, 39.1], "longitude": [117.2, 117.3, 117.2]})
    first = jitter(frame, radius_m=300, random_state=5)
    alone = jitter(frame.iloc[[1]], radius_m=300, random_state=5)
    assert first.iloc[0].equals(first.iloc[2])  # one address, one place: no mean to find it by
    assert first.iloc[1].equals(alone.iloc[0])
    other = jitter(frame, radius_m=300, random_state=6)
    assert (first["latitude"] != other["latitude"]).all()


def test_rows_without_points_and_other_columns_stay() -> None:
    frame = pd.DataFrame(
        {
            "latitude": pd.array([39.1, None, 39.2], dtype="Float64"),
            "longitude": pd.array([117.2, 117.2, None], dtype="Float64"),
            "sex": ["f", "m", "f"],
        },
        index=[4, 5, 5],
    )
    result = jitter(frame, radius_m=100, random_state=0)
    assert result["latitude"].isna().to_list() == [False, True, True]
    assert result["longitude"].isna().to_list() == [False, True, True]
    assert result.index.to_list() == [4, 5, 5]
    assert result["sex"].to_list() == ["f", "m", "f"]
    assert frame["latitude"].iloc[0] == 39.1
    assert len(jitter(frame.iloc[:0], radius_m=100, random_state=0)) == 0


@pytest.mark.parametrize(
    ("latitude", "options", "error", "message"),
    [
        (39.0, {"radius_m": 0}, SpecError, "radius_m=0"),
        (39.0, {"radius_m": 1e6}, SpecError, "radius_m=1000000.0"),
        (39.0, {"radius_m": float("nan")}, SpecError, "radius_m=nan"),
        (39.0, {"random_state": -1}, SpecError, "random_state=-1"),
        (117.0, {}, DataError, "column 'latitude': 1 are no coordinates (rows 0)"),
        ("north", {}, DataError, "column 'latitude': 1 are no coordinates"),
        (39.0, {"latitude": "lat"}, DataError, "no column 'lat'"),
    ],
)
def test_mistakes_in_points_are_named(
    latitude: object, options: dict[str, object], error: type[Exception], message: str
) -> None:
    frame = pd.DataFrame({"latitude": [latitude], "longitude": [117.2]})
    given_options: dict[str, object] = {"radius_m": 100, "random_state": 0} | options
    with pytest.raises(error, match=re.escape(message)):
        jitter(frame, **given_options)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Reports:
    """As `Cases`."""

    frame: pd.DataFrame
    exposures: pd.DataFrame
    specimens: pd.DataFrame


SECRET = "SECRET"  # stands in every column that must not leave
PRIVATE = (
    *("source", "person", "hospital", "home_region", "history", "antibiotic_name"),
    *("name", "guardian", "id_number", "phone", "address", "outpatient_no", "reporter", "doctor"),
    "anything_new",
)


def reports(n: int = 400, seed: int = 3) -> Reports:
    rng = np.random.default_rng(seed)
    days = pd.Timestamp("2024-06-01") + pd.to_timedelta(rng.integers(0, 86400 * 90, n), unit="s")
    ids = [f"{SECRET}-{i}" for i in rng.permutation(n)]
    frame = pd.DataFrame(
        {
            "case_id": pd.array(ids, dtype="string"),
            "source_row": np.arange(n) + 987654000,
            "onset": days,
            "onset_hour_known": True,
            "death": [days[i] if i < 3 else pd.NaT for i in range(n)],
            "sex": pd.Categorical(rng.choice(["male", "female"], n)),
            "age_years": pd.array(rng.choice([0.5, 3, 8, 33, 59.9, 60, 97], n), dtype="Float64"),
            "occupation": ["宇航员", "宇航员", *rng.choice(["农民", "学生"], n - 2)],
            "home_code": rng.choice(
                ["120102001", "120102002", "120103001"], n, p=[0.6, 0.38, 0.02]
            ),
            "latitude": pd.array(rng.uniform(39.0, 39.2, n), dtype="Float64"),
            "longitude": pd.array(rng.uniform(117.1, 117.3, n), dtype="Float64"),
            "symptom_fever": pd.array(rng.random(n) < 0.4, dtype="boolean"),
            **{name: [f"{SECRET} {name} {i}" for i in range(n)] for name in PRIVATE},
            "birth_date": pd.Timestamp("1987-06-05"),
        }
    )
    exposures = pd.DataFrame(
        {
            "case_id": pd.array(ids * 2, dtype="string"),
            "exposure": [1] * n + [2] * n,
            "food": ["米饭"] * n + ["凉皮"] * (n - 2) + ["独门秘方"] * 2,
            "venue": SECRET,
            "eat_address": SECRET,
            "eat_latitude": 39.0,
            "maker": SECRET,
            "eaten": [*days, *days],
            "venue_type": "家庭",
        }
    )
    specimens = pd.DataFrame(
        {
            "case_id": pd.array(ids[:50], dtype="string"),
            "specimen": 1,
            "specimen_id": SECRET,
            "result": SECRET,
            "positive": True,
            "agent": "salmonella",
            "sampled": days[:50],
        }
    )
    return Reports(frame, exposures, specimens)


def shared(n: int = 400, *, seed: int = 3, random_state: int = 1) -> SharedCases:
    return share(reports(n, seed), radius_m=500, random_state=random_state)


def test_no_secret_leaves(tmp_path: Path) -> None:
    result = shared()
    result.to_csv(tmp_path)
    texts = [path.read_text(encoding="utf-8-sig") for path in sorted(tmp_path.iterdir())]
    texts += [repr(result), *(table.to_string() for table in result.tables.values())]
    assert len(texts) == 9
    for text in texts:
        assert SECRET not in text
        assert "987654" not in text
        assert "1987-06-05" not in text
    assert {"frame.csv", "report.csv"} <= {path.name for path in tmp_path.iterdir()}


def test_what_is_needed_leaves() -> None:
    result = shared()
    assert list(result.frame) == [
        *("case", "onset", "sex", "occupation", "symptom_fever", "age_group", "died"),
        *("home_code", "latitude", "longitude"),
    ]
    assert list(result.exposures) == ["case", "exposure", "food", "eaten", "venue_type"]
    assert list(result.specimens) == ["case", "specimen", "positive", "agent", "sampled"]
    assert result.frame["case"].to_list() == list(range(1, 401))
    assert int(result.frame["died"].sum()) == 3


def test_exposures_and_specimens_stay_with_their_cases() -> None:
    cases = reports()
    result = share(cases, radius_m=500, random_state=1)
    onset = result.frame.set_index("case")["onset"]
    for table, day in ((result.exposures, "eaten"), (result.specimens, "sampled")):
        assert (table[day].to_numpy() == onset.loc[table["case"]].to_numpy()).all()
    assert len(result.exposures) == len(cases.exposures)
    truth = cases.frame["onset"].dt.normalize()
    assert sorted(result.frame["onset"]) == sorted(truth)
    assert (result.frame["onset"].to_numpy() != truth.to_numpy()).mean() > 0.9  # shuffled


def test_the_order_of_the_cases_does_not_show() -> None:
    cases = reports()
    turned = Reports(cases.frame.iloc[::-1], cases.exposures.iloc[::-1], cases.specimens)
    one = share(cases, radius_m=500, random_state=1)
    other = share(turned, radius_m=500, random_state=1)
    pd.testing.assert_frame_equal(one.frame, other.frame)
    pd.testing.assert_frame_equal(one.exposures, other.exposures)
    assert not one.frame.equals(share(cases, radius_m=500, random_state=2).frame)


@given(st.integers(20, 300), st.integers(0, 1000), st.sampled_from([2, 5, 11]))
@settings(deadline=None, max_examples=25)
def test_nobody_stands_out_by_age_sex_and_county(n: int, seed: int, min_cell: int) -> None:
    result = share(reports(n, seed), radius_m=500, random_state=seed, min_cell=min_cell)
    quasi = result.frame[["age_group", "sex", "home_code"]].astype("string").fillna("")
    sizes = quasi.value_counts()
    known = [any(group) for group in sizes.index]
    assert (sizes[known] >= min_cell).all()
    assert result.frame["home_code"].dropna().str.len().eq(6).all()
    homeless = result.frame["home_code"].isna()
    assert result.frame.loc[homeless, ["latitude", "longitude"]].isna().all(axis=None)


def test_rare_words_are_hidden_and_counted() -> None:
    result = shared()
    assert "独门秘方" not in set(result.exposures["food"].dropna())
    assert "宇航员" not in set(result.frame["occupation"].dropna())
    report = result.report
    hidden = report[report["done"] == "hidden where fewer than 5 cases have it"]
    counts = zip(hidden["table"], hidden["column"], hidden["values"], strict=True)
    assert set(counts) == {("frame", "occupation", 2), ("exposures", "food", 2)}
    name = report[(report["table"] == "frame") & (report["column"] == "name")]
    assert name["done"].to_list() == ["left out"]


def test_every_column_stands_in_the_report() -> None:
    cases = reports()
    report = share(cases, radius_m=500, random_state=1).report
    for name in ("frame", "exposures", "specimens"):
        table = getattr(cases, name)
        assert set(report.loc[report["table"] == name, "column"]) >= set(table.columns)


def test_homes_move_no_farther_than_stated() -> None:
    cases = reports()
    result = share(cases, radius_m=500, random_state=1)
    home = cases.frame[["latitude", "longitude"]].astype(float).to_numpy()
    there = result.frame[["latitude", "longitude"]].astype(float).to_numpy()
    scale = np.cos(np.radians(39.1))
    away = (there[:, None, :] - home[None, :, :]) * [111_320, 111_320 * scale]
    nearest = np.hypot(away[..., 0], away[..., 1]).min(axis=1)
    assert nearest.max() <= 510
    assert nearest.min() > 0


def test_formulas_are_written_as_texts(tmp_path: Path) -> None:
    cases = reports(50)
    cases.exposures["food"] = "=cmd()"
    share(cases, radius_m=500, random_state=1).to_csv(tmp_path)
    text = (tmp_path / "exposures.csv").read_text(encoding="utf-8-sig")
    assert "'=cmd()" in text
    assert ",=cmd()" not in text


def test_mistakes_in_cases_are_named() -> None:
    cases = reports(10)
    with pytest.raises(DataError, match="no column 'case_id'"):
        share(
            Reports(cases.frame.drop(columns="case_id"), cases.exposures, cases.specimens),
            radius_m=500,
            random_state=1,
        )
    twice = Reports(pd.concat([cases.frame] * 2), cases.exposures, cases.specimens)
    with pytest.raises(DataError, match="20 stand twice"):
        share(twice, radius_m=500, random_state=1)
    with pytest.raises(SpecError, match="min_cell=1"):
        share(cases, radius_m=500, random_state=1, min_cell=1)
