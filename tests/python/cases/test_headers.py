"""Columns are the fields that their headers say; what says something else is not read."""

import pandas as pd
import pytest

from enteroscan import DataError, read_cases

OTHERS = {"病例编号": ["001"], "患者性别": ["男"], "发病时间": ["2024-03-05"]}

NAMES = {
    "phone_no": "phone",
    "id_card_no": "id_number",
    "Patient Gender": "sex",
    "Illness onset": "onset",
    "ＡＧＥ（Years） ": "age_years",
    "年　龄（岁）": "age_years",
    "*就 诊 日 期：": "visit",
    "Temp (°C)": "fever_c",
    "呕吐次数（次/天）": "vomit_n",
    "第1种食品名称": "food",
    "是否发热": "symptom_fever",
    "has_fever": "symptom_fever",
    "行政区划代码": "home_code",
    "行政区划": "home_region",
    "饭店名称": "venue",
    "Date of meal": "eaten",
    "lng_gcj02": "longitude",
    "高德纬度": "latitude",
    "患者信息-年龄": "age_years",
}
NO_FIELDS = [
    *("yes_no", "row_number", "hospital_id", "bed_no", "drug_name", "remarks", "notes", "total"),
    *("country", "count", "nationality", "sample", "others", "code", "case", "datetime", "date"),
    *("purchase date", "hospital code", "hospital phone", "report type", "diagnosis code"),
    *("index", "备注", "合计", "报告单位电话", "报告单位地址", "医疗机构代码", "抗生素使用天数"),
    *("现住地址类型", "其他症状", "送检日期", "出院日期", "食品来源", "死亡原因", "国籍"),
]


def fields_of(columns: dict[str, list[str]]) -> dict[str, str]:
    frame = pd.DataFrame(OTHERS | columns)
    mapping = read_cases(frame, salt="a salt for tests").mapping
    return dict(mapping.loc[mapping["field"].notna(), ["header", "field"]].to_numpy().tolist())


@pytest.mark.parametrize(("header", "field"), NAMES.items())
def test_names_of_fields(header: str, field: str) -> None:
    beside = {"sex": "患者性别", "onset": "发病时间"}.get(field)
    columns = {name: cells for name, cells in OTHERS.items() if name != beside}
    frame = pd.DataFrame(columns | {header: ["1"]})
    mapping = read_cases(frame, salt="a salt for tests").mapping
    assert mapping.loc[mapping["header"] == header, "field"].tolist() == [field]
    assert mapping["match"].dropna().eq("exact").all()


def test_what_is_no_field_is_not_read() -> None:
    columns = {header: ["1"] for header in NO_FIELDS}
    assert set(fields_of(columns)) == set(OTHERS)


def test_a_running_number_yields_to_the_case_number() -> None:
    frame = pd.DataFrame({"序号": ["1", "2"], "病例编号": ["A7", "A8"], "性别": ["男", "女"]})
    assert read_cases(frame).frame["case_id"].tolist() == ["A7", "A8"]
    alone = read_cases(frame.drop(columns="病例编号"))
    assert alone.frame["case_id"].tolist() == ["1", "2"]


def test_two_names_of_equal_weight_are_asked_about() -> None:
    with pytest.raises(DataError, match=r"case_id .* could be any of '病例编号' .*, '卡片编号'"):
        fields_of({"卡片编号": ["7"]})


def test_a_header_that_names_another_system_of_coordinates_is_told() -> None:
    frame = pd.DataFrame(OTHERS | {"lng_gcj02": [117.2], "lat_gcj02": [39.1]})
    told = read_cases(frame).quality.problems
    named = told[told["kind"] == "coordinates_named"]
    assert named["column"].tolist() == ["lat_gcj02", "lng_gcj02"]
    assert "coordinates_named" not in set(read_cases(frame, crs="gcj02").quality.problems["kind"])


@pytest.mark.parametrize(
    ("header", "years"),
    [
        ("年龄（岁）", [6, 0.5]),
        ("年龄（月）", [0.5, 0.5]),
        ("月龄", [0.5, 0.5]),
        ("Age (months)", [0.5, 0.5]),
        ("age_days", [6 / 365.25, 0.5]),
        ("年龄(岁/月/天)", [6, 0.5]),
        ("周岁", [6, 0.5]),
    ],
)
def test_ages_are_in_the_unit_of_their_header(header: str, years: list[float]) -> None:
    frame = pd.DataFrame({"病例编号": ["1", "2"], "性别": ["男", "女"], header: ["6", "6个月"]})
    assert read_cases(frame).frame["age_years"].tolist() == pytest.approx(years)
