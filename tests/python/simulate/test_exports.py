"""The files themselves, without our reader."""

import json
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from enteroscan.errors import SpecError
from enteroscan.simulate import District, Mess, SimulatedReports
from enteroscan.simulate.mess import write_time

NOON = pd.Timestamp("2024-06-08 12:05")


@pytest.fixture(scope="module")
def reports() -> SimulatedReports:
    spec = District(cases_per_year=120, exposure_completeness=1.0, rows_per_case=2.0)
    return spec.simulate(start="2024-01-01", end="2024-12-31")


def test_the_form_of_the_nation_in_its_order(reports: SimulatedReports, tmp_path: Path) -> None:
    reports.to_csv(tmp_path / "a.csv")
    header = pd.read_csv(tmp_path / "a.csv", encoding="gb18030", nrows=0, dtype=str).columns
    wanted = [
        "病例编号",
        "患者姓名",
        "身份证号",
        "发病时间",
        "发热",
        "恶心",
        "初步诊断",
        "食品名称",
    ]
    wanted += ["加工或包装方式", "进食场所类型", "他人是否发病", "检验结果"]
    at = [header.get_loc(name) for name in wanted]
    assert at == sorted(at)  # type: ignore[type-var]


@pytest.mark.parametrize("encoding", ["gb18030", "gbk", "utf-8-sig", "utf-8"])
@pytest.mark.parametrize("separator", [",", "\t", ";"])
def test_text_in_every_encoding(
    reports: SimulatedReports, tmp_path: Path, encoding: str, separator: str
) -> None:
    reports.to_csv(tmp_path / "a.csv", encoding=encoding, separator=separator)
    read = pd.read_csv(tmp_path / "a.csv", encoding=encoding, sep=separator, dtype=str)
    assert read["病例编号"].unique().tolist() == reports.frame["case_id"].tolist()
    food = read.loc[read["食品名称"].notna(), "食品名称"]
    assert food.tolist() == reports.exposures["food"].tolist()


def rows_per_case(reports: SimulatedReports) -> "pd.Series[int]":
    """Count the exposures or the specimens of a case, whichever are more; at least one."""
    counts = [own["case_id"].value_counts() for own in (reports.exposures, reports.specimens)]
    rows = pd.concat(counts, axis=1).max(axis=1)
    return rows.reindex(reports.frame["case_id"]).fillna(1).astype(int)


def test_a_row_for_every_exposure(reports: SimulatedReports, tmp_path: Path) -> None:
    reports.to_excel(tmp_path / "a.xlsx")
    read = pd.read_excel(tmp_path / "a.xlsx", engine="openpyxl")
    assert len(read) == rows_per_case(reports).sum()
    assert read["发病时间"].drop_duplicates().isin(set(reports.frame["onset"])).all()
    assert read.loc[0, "发病时间"] == reports.frame["onset"].iloc[0]


def test_cells_are_merged_over_the_rows_of_a_case(
    reports: SimulatedReports, tmp_path: Path
) -> None:
    reports.to_excel(tmp_path / "a.xlsx", layout="merged", mess=Mess(title_rows=1))
    page = openpyxl.load_workbook(tmp_path / "a.xlsx").active
    assert page is not None
    numbers = [area for area in page.merged_cells.ranges if area.min_col == 1]
    several = rows_per_case(reports)
    assert len(numbers) == (several > 1).sum()
    for area in numbers:
        case = page.cell(area.min_row, 1).value
        assert area.max_row - area.min_row + 1 == several[case]
    food = next(i for i, cell in enumerate(page[2], 1) if cell.value == "食品名称")
    assert all(area.min_col != food for area in page.merged_cells.ranges)


def test_exposures_in_numbered_columns(reports: SimulatedReports, tmp_path: Path) -> None:
    reports.to_csv(tmp_path / "a.csv", layout="numbered")
    read = pd.read_csv(tmp_path / "a.csv", encoding="gb18030", dtype=str)
    assert read["病例编号"].tolist() == reports.frame["case_id"].tolist()
    most = int(reports.exposures["exposure"].max())
    foods = read[[f"食品名称{i + 1}" for i in range(most)]]
    assert foods.notna().sum().sum() == reports.exposures["food"].notna().sum()


def test_parquet_has_times_and_numbers(reports: SimulatedReports, tmp_path: Path) -> None:
    reports.to_parquet(tmp_path / "a.parquet")
    read = pd.read_parquet(tmp_path / "a.parquet")
    assert read["发病时间"].dtype.kind == "M"
    assert read["体温"].dtype == "Float64"
    assert read["腹泻次数"].dtype == "Int64"


def test_without_identifiers_nothing_identifies(reports: SimulatedReports, tmp_path: Path) -> None:
    reports.to_csv(tmp_path / "a.csv", identifiers=False, coordinates=False, encoding="utf-8")
    text = (tmp_path / "a.csv").read_text("utf-8")
    for name in ("name", "id_number", "phone", "address", "outpatient_no"):
        assert not any(value in text for value in reports.identifiers[name].dropna())
    assert "经度" not in text


def test_coordinates_of_another_system_lie_some_hundred_metres_off(
    reports: SimulatedReports, tmp_path: Path
) -> None:
    reports.to_csv(tmp_path / "a.csv", layout="numbered", crs="gcj02")
    read = pd.read_csv(tmp_path / "a.csv", encoding="gb18030")
    metres = (read["纬度"] - reports.frame["latitude"].astype(float)).abs() * 111_195
    assert 50 < metres.median() < 800


@pytest.mark.parametrize(
    ("style", "text"),
    [
        ("iso", "2024-06-08 12:05:00"),
        ("slash", "2024/6/8 12:05"),
        ("chinese", "2024年6月8日12时05分"),
        ("compact", "20240608120500"),
        ("serial", 45451.50347222),
    ],
)
def test_styles_of_times(style: str, text: str | float) -> None:
    assert write_time(NOON, style) == text  # type: ignore[arg-type]


def test_losses_are_as_frequent_as_asked(year: SimulatedReports) -> None:
    lost = Mess(date_only_share=0.25, missing_share=0.1, mangled_ids=True).losses(year)
    hours = lost.frame["onset_hour_known"].mean() / year.frame["onset_hour_known"].mean()
    assert hours == pytest.approx(0.75, abs=0.015)
    assert lost.frame["sex"].isna().mean() == pytest.approx(0.1, abs=0.01)
    assert lost.identifiers["id_number"].isna().all()
    assert (lost.frame["onset"].dt.normalize() == year.frame["onset"].dt.normalize()).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"headers": "greek"}, "headers must be one of form, sites, marked"),
        ({"missing_share": 2}, "missing_share must be between 0 and 1"),
        ({"title_rows": -1}, "must not be negative"),
        ({"missing_as": ()}, "missing_as needs at least one text"),
    ],
)
def test_mess_that_cannot_be_is_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        Mess(**options)  # type: ignore[arg-type]


def test_exports_that_cannot_be_are_refused(reports: SimulatedReports, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="layout must be one of repeated, merged, numbered"):
        reports.to_csv(tmp_path / "a.csv", layout="round")  # type: ignore[arg-type]
    with pytest.raises(SpecError, match="encoding='morse' is unknown"):
        reports.to_csv(tmp_path / "a.csv", encoding="morse")
    with pytest.raises(SpecError, match="are written as"):
        reports.to_excel(tmp_path / "a.xls")
    with pytest.raises(SpecError, match="does not go with layout='merged'"):
        reports.to_csv(tmp_path / "a.csv", layout="merged", mess=Mess(repeated_row_share=0.1))


def test_as_known_on_a_day_holds_what_had_come_by_then(year: SimulatedReports) -> None:
    known = year.as_known_on("2023-06-30")
    end = pd.Timestamp("2023-07-01")
    assert len(known) == (year.frame["reported"] < end).sum()
    assert (known.frame["reported"] < end).all()
    ids = set(known.frame["case_id"])
    for table in (known.exposures, known.specimens, known.identifiers, known.truth.cases):
        assert set(table["case_id"]) <= ids
    assert not (known.specimens["resulted"] >= end).any()
    pending = known.specimens["result"].isna()
    assert pending.any()
    all_results = year.specimens.set_index("specimen_id")["resulted"]
    later = all_results.loc[known.specimens["specimen_id"]]
    assert (pending.to_numpy() == (later >= end).to_numpy()).all()


def test_as_known_grows_to_the_whole(year: SimulatedReports) -> None:
    last = year.frame["reported"].max() + pd.Timedelta(days=60)
    assert year.as_known_on(last).frame.equals(year.frame)


def test_boundaries_are_json(year: SimulatedReports) -> None:
    assert json.loads(json.dumps(year.boundaries))["type"] == "FeatureCollection"
