"""The quality report counts everything, in both languages; duplicates; scans of cases."""

import json
import os
import re
import string
import subprocess
import sys
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from enteroscan import DataError, Duplicates, SpaceTimePermutation, SpecError, read_cases
from enteroscan._language import LANGUAGES, Texts, catalogue, choose_language
from enteroscan.cases._checks import CHINA
from enteroscan.cases._quality import KINDS
from enteroscan.cli import app
from enteroscan.places import from_wgs84

NOW: dict[str, Any] = {"as_of": "2024-12-31", "salt": "a salt for these tests"}

cells = st.sampled_from(
    [
        "",
        "1",
        "2",
        "是",
        "否",
        "也许",
        "2024-03-05",
        "2024年3月6日8时",
        "3月7日",
        "男",
        "35",
        "汤",
        "鱼",
        "合计",
        "/",
        "38.5℃",
    ]
)
HEADER = [
    "编号",
    "姓名",
    "性别",
    "年龄",
    "发病时间",
    "就诊时间",
    "发热",
    "体温",
    "食品名称",
    "进食时间",
    "标本编号",
    "检验结果",
]


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.lists(cells, min_size=12, max_size=12), max_size=12))
def test_every_row_is_somewhere_and_every_cell_is_read_or_reported(rows: list[list[str]]) -> None:
    frame = pd.DataFrame(rows, columns=HEADER, dtype=object)
    cases = read_cases(frame, **NOW, language="en")
    quality = cases.quality
    fates = quality.rows.set_index("fate")["rows"]
    assert fates.sum() == quality.n_rows == len(rows)
    assert fates["case"] == len(cases.frame)
    problems = quality.problems
    assert (
        fates["set_aside"] == problems["kind"].isin(["row_blank", "row_note", "row_header"]).sum()
    )
    assert cases.frame["case_id"].is_unique
    assert cases.frame["case_id"].notna().all()
    assert cases.frame["source_row"].is_unique
    assert set(cases.exposures["case_id"]) <= set(cases.frame["case_id"])
    assert set(cases.specimens["case_id"]) <= set(cases.frame["case_id"])
    aside = set(problems.loc[problems["kind"].str.startswith("row_"), "row"])
    # Whatever was read of a column of yes and no, or of times, is a value or a problem.
    reported = set(zip(problems["row"], problems["column"], strict=True))
    marks = {"", "/"}
    for number, row in enumerate(frame.itertuples(index=False), start=2):
        for name, cell in zip(HEADER, row, strict=True):
            if number in aside or cell in marks or name not in ("发热", "发病时间"):
                continue
            understood = {
                "发热": {"1", "2", "是", "否"},
                "发病时间": {"2024-03-05", "2024年3月6日8时"},
            }[name]
            if cell not in understood:
                assert (number, name) in reported, (name, cell)


def test_missing_values_are_counted() -> None:
    frame = pd.DataFrame(
        {"编号": list("abc"), "发病时间": ["2024-03-05", None, "x"], "职业": ["农民", "不详", None]}
    )
    missing = read_cases(frame, **NOW).quality.missing.set_index("field")
    assert list(missing.loc["onset", ["has_column", "n_missing"]]) == [True, 2]
    assert list(missing.loc["occupation", ["has_column", "n_missing"]]) == [True, 2]
    assert list(missing.loc["hospital", ["has_column", "n_missing"]]) == [False, 3]


def test_delays_are_those_of_the_days_between() -> None:
    days = [0, 1, 1, 2, 9]
    onset = pd.Timestamp("2024-03-01 20:00")
    frame = pd.DataFrame(
        {
            "编号": range(5),
            "发病时间": [onset] * 5,
            "报告时间": [(onset + pd.Timedelta(days=d)).normalize() for d in days],
        }
    )
    delays = read_cases(frame, **NOW).quality.delays.set_index("delay").loc["onset_to_reported"]
    assert list(delays[["n", "min", "median", "max"]]) == [5, 0, 1, 9]
    assert delays["p90"] == np.quantile(days, 0.9)


def test_what_detectors_can_use() -> None:
    frame = pd.DataFrame(
        {
            "编号": range(4),
            "发病时间": ["2024-03-05", "2024-03-05", None, "2024-03-05"],
            "纬度": [39.1, None, 39.2, 39.1],
            "经度": [117.1, None, 117.2, 117.1],
            "食品名称": ["汤", None, None, "鱼"],
            "进食时间": ["2024-03-04", None, None, None],
            "发热": ["是", "否", None, "是"],
            "检验结果": [None, None, "阳性", None],
        }
    )
    usable = read_cases(frame, **NOW).quality.usable.set_index("detector")["cases"].to_dict()
    assert usable == {
        "time": 3,
        "report_time": 0,
        "space": 3,
        "space_time": 2,
        "exposure": 2,
        "incubation": 1,
        "symptoms": 2,
        "laboratory": 1,
        "person": 0,
    }


def test_strict_raises_what_is_wrong() -> None:
    frame = pd.DataFrame({"编号": ["1"], "发病时间": ["gestern"], "性别": ["男"]})
    with pytest.raises(DataError, match=r"1 problems\nerror: row 2 \[发病时间\]"):
        read_cases(frame, **NOW, strict=True)
    fine = pd.DataFrame({"编号": ["1"], "发病时间": ["2024-03-05"], "性别": ["男"]})
    assert len(read_cases(fine, **NOW, strict=True)) == 1


def test_coordinates_outside() -> None:
    frame = pd.DataFrame(
        {"编号": range(30), "纬度": 39.1, "经度": [117.0] * 29 + [100.0], "发病时间": "2024-03-05"}
    )
    kinds = read_cases(frame, **NOW).quality.problems["kind"].tolist()
    assert kinds == ["coordinates_outside"]  # far from all others
    inside = read_cases(frame, **NOW, area=CHINA).quality.problems
    assert inside.empty
    small = read_cases(frame, **NOW, area=(38.0, 110.0, 40.0, 118.0)).quality.problems
    assert small["row"].tolist() == [31]


def test_coordinates_are_converted() -> None:
    """The point of the National Museum of China's maps: GCJ-02 lies about 500 m off WGS-84."""
    frame = pd.DataFrame(
        {"编号": ["1"], "纬度": [39.9087], "经度": [116.3975], "发病时间": ["2024-03-05"]}
    )
    row = read_cases(frame, **NOW, crs="gcj02").frame.iloc[0]
    metres = 111_200 * np.hypot(row["latitude"] - 39.9087, (row["longitude"] - 116.3975) * 0.767)
    assert 400 < metres < 700


def test_mixed_systems_are_reported() -> None:
    """Half of the reports give the venues as Amap does, half as GPS does."""
    random = np.random.default_rng(1)
    latitude, longitude = 39.1 + random.random(30) / 5, 117.1 + random.random(30) / 5
    shifted = from_wgs84(latitude, longitude, crs="gcj02")
    frame = pd.DataFrame(
        {
            "编号": range(60),
            "发病时间": "2024-03-05",
            "进食场所": [f"饭店{i}" for i in range(30)] * 2,
            "进食地点纬度": [*latitude, *shifted[0]],
            "进食地点经度": [*longitude, *shifted[1]],
        }
    )
    problems = read_cases(frame, **NOW).quality.problems
    assert problems["kind"].tolist() == ["coordinates_mixed"]
    assert "gcj02" in problems["value"].iloc[0]
    assert read_cases(frame.head(30), **NOW).quality.problems.empty


def test_places_locate_cases_without_coordinates() -> None:
    places = pd.DataFrame(
        {"code": ["120102"], "name": ["河东区"], "latitude": [39.13], "longitude": [117.25]}
    )
    frame = pd.DataFrame(
        {"编号": ["1", "2"], "行政区划代码": ["120102", "999999"], "发病时间": "2024-03-05"}
    )
    found = read_cases(frame, **NOW, places=places).frame
    assert found["located_by"].tolist() == ["place_table", "none"]
    assert found["latitude"].tolist()[0] == 39.13


# ------------------------------------------------------------------ duplicates


def reports(*days: int, revisit: tuple[str, ...] = ()) -> pd.DataFrame:
    onset = [pd.Timestamp("2024-03-01") + pd.Timedelta(days=day) for day in days]
    frame = pd.DataFrame(
        {"编号": [f"c{day}" for day in days], "身份证号": "11010519491231002X", "发病时间": onset}
    )
    return frame.assign(是否复诊=revisit or "否", 食品名称=[f"菜{day}" for day in days])


def test_a_chain_of_reports_does_not_become_one_case() -> None:
    cases = read_cases(reports(0, 3, 6, 7), **NOW)
    assert cases.frame["case_id"].tolist() == ["c0", "c6"]
    merged = cases.quality.merged
    assert merged[["case_id", "merged_case_id", "gap_days"]].to_numpy().tolist() == [
        ["c0", "c3", 3],
        ["c6", "c7", 1],
    ]
    assert merged["key"].tolist() == ["id_number"] * 2
    assert cases.exposures["case_id"].tolist() == ["c0", "c0", "c6", "c6"]
    assert cases.quality.rows.set_index("fate")["rows"].to_dict() == {
        "case": 2,
        "more": 0,
        "merged": 2,
        "set_aside": 0,
    }


def test_a_revisit_belongs_to_its_case() -> None:
    frame = reports(0, 10, 20, revisit=("否", "是", "是"))
    assert read_cases(frame, **NOW).frame["case_id"].tolist() == ["c0", "c20"]
    rule = Duplicates(revisit_days=30)
    assert read_cases(frame, **NOW, duplicates=rule).frame["case_id"].tolist() == ["c0"]
    assert len(read_cases(frame, **NOW, duplicates=None)) == 3


def test_a_later_report_fills_what_is_missing() -> None:
    frame = reports(0, 1).assign(体温=["", "39"], 发热=["否", "是"], 职业=["农民", "工人"])
    row = read_cases(frame, **NOW).frame.iloc[0]
    assert (row["fever_c"], row["symptom_fever"], row["occupation"]) == (39.0, True, "农民")


def test_people_are_told_apart_by_name_and_more() -> None:
    frame = pd.DataFrame(
        {
            "编号": list("abcdefg"),
            "姓名": ["甲某", "甲 某", "甲某", "甲某", "甲某", "乙某", "乙某"],
            "性别": ["男"] * 7,
            "出生日期": ["1990-01-01"] * 2 + ["1991-01-01", None, None, None, None],
            "电话": [None, None, None, "138-0013-8000", "13800138000", None, None],
            "发病时间": "2024-03-05",
        }
    )
    cases = read_cases(frame, **NOW)
    assert cases.frame["case_id"].tolist() == ["a", "c", "d", "f", "g"]  # 乙某 could be anybody
    assert cases.quality.merged["key"].tolist() == ["name_birth_date", "name_phone"]


def test_a_name_goes_with_the_identity_number_it_has_elsewhere() -> None:
    frame = pd.DataFrame(
        {
            "编号": list("abc"),
            "姓名": ["甲某", "甲某", "甲某"],
            "身份证号": ["11010519491231002X", None, None],
            "性别": "女",
            "出生日期": ["1949-12-31", "1949-12-31", "1950-12-31"],
            "发病时间": "2024-03-05",
        }
    )
    assert read_cases(frame, **NOW).frame["case_id"].tolist() == ["a", "c"]


@given(
    days=st.lists(st.integers(0, 30), min_size=1, max_size=12),
    gap=st.integers(0, 5),
)
@settings(max_examples=50, deadline=None)
def test_duplicates_are_those_of_the_obvious_loop(days: list[int], gap: int) -> None:
    target, _ = Duplicates(max_gap_days=gap).find(
        np.array(["p"] * len(days), dtype=object),
        np.array([np.datetime64("2024-03-01", "ns") + np.timedelta64(day, "D") for day in days]),
        np.full(len(days), None, dtype=object),
    )
    episodes: list[list[int]] = []
    for case in sorted(range(len(days)), key=lambda case: (days[case], case)):
        if episodes and days[case] - days[episodes[-1][0]] <= gap:
            episodes[-1].append(case)
        else:
            episodes.append([case])
    expected = [0] * len(days)
    for members in episodes:
        for case in members:
            expected[case] = min(members)
    assert target.tolist() == expected


@pytest.mark.parametrize("option", ["max_gap_days", "revisit_days"])
def test_days_cannot_be_negative(option: str) -> None:
    with pytest.raises(SpecError, match=option):
        Duplicates(**{option: -1})


# ------------------------------------------------------------------ languages


@pytest.mark.parametrize("language", LANGUAGES)
def test_languages_have_the_same_texts_with_the_same_placeholders(language: str) -> None:
    def placeholders(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}

    english, other = catalogue("en"), catalogue(language)
    assert english.keys() == other.keys()
    for key, text in english.items():
        assert placeholders(other[key]) == placeholders(text), key


def test_every_kind_of_problem_has_texts() -> None:
    texts = Texts("en", "cases")
    for kind, (severity, done) in KINDS.items():
        assert f"problem.{kind}" in texts
        assert f"done.{done}" in texts
        assert f"severity.{severity}" in texts


@pytest.mark.parametrize(
    ("given_", "variable", "lang", "expected"),
    [
        (None, None, "zh_CN.UTF-8", "zh"),
        (None, None, "de_DE.UTF-8", "en"),
        (None, "zh", "C", "zh"),
        ("en", "zh", "zh_CN", "en"),
        ("zh-CN", None, "C", "zh"),
        (None, "", "C", "en"),
    ],
)
def test_choosing_a_language(
    monkeypatch: pytest.MonkeyPatch,
    given_: str | None,
    variable: str | None,
    lang: str,
    expected: str,
) -> None:
    monkeypatch.delenv("ENTEROSCAN_LANG")
    for name in ("LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", lang)
    if variable is not None:
        monkeypatch.setenv("ENTEROSCAN_LANG", variable)
    assert choose_language(given_) == expected


def test_unknown_languages_are_refused() -> None:
    with pytest.raises(SpecError, match="choose from en, zh"):
        choose_language("fr")


def test_reports_and_errors_speak_chinese(tmp_path: Path) -> None:
    frame = pd.DataFrame({"编号": ["1"], "发病时间": ["昨天"], "性别": ["男"]})
    quality = read_cases(frame, **NOW, language="zh").quality
    assert quality.lines() == ["错误：第 2 行 [发病时间] '**'：不是日期；该值已搁置"]
    assert "1 行数据，得到 1 个病例" in quality._repr_html_()
    (tmp_path / "x.csv").touch()
    with pytest.raises(DataError, match="空文件"):
        read_cases(tmp_path / "x.csv", language="zh")


def test_html_is_escaped() -> None:
    frame = pd.DataFrame({"编号": ["<b>1"], "发病时间": ["<script>"], "<i>x": ["1"]})
    html = read_cases(frame, **NOW)._repr_html_()
    assert "<script>" not in html
    assert "<i>x" not in html
    assert "&lt;i&gt;x" in html


# ------------------------------------------------------------------ command line and scans


@pytest.fixture
def export(tmp_path: Path) -> Path:
    path = tmp_path / "病例.csv"
    lines = [
        "编号,发病时间,性别,食品名称,备用",
        "1,2024-03-05,男,=1+1,x",
        *(f"{i},?,女,汤,x" for i in range(2, 40)),
    ]
    path.write_text("\n".join(lines), encoding="gbk")
    return path


def check(*arguments: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["check", *(str(argument) for argument in arguments)])
    return done.exit_code, done.stdout, done.stderr


def test_check_shows_columns_and_problems(export: Path) -> None:
    code, shown, _ = check(export, "--lang", "en")
    assert code == 0
    assert "39 rows became 39 cases" in shown
    assert "encoding: gbk" in shown
    assert "(not read)" in shown
    assert shown.count("error: row") == 20
    assert "and 18 more; --all shows them" in shown
    assert check(export, "--lang", "en", "--all")[1].count("error: row") == 38


def test_check_in_chinese(export: Path) -> None:
    code, shown, _ = check(export, "--lang", "zh")
    assert code == 0
    assert "错误：第 3 行 [发病时间]" in shown
    assert not re.search(r"\b(error|row|rows|cases)\b", shown)


@pytest.mark.parametrize("command", ["check", "simulate"])
def test_the_help_is_chinese_by_the_locale_and_not_cut(command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "enteroscan", command, "--help"],
        env={
            **os.environ,
            "ENTEROSCAN_LANG": "",
            "LC_ALL": "zh_CN.UTF-8",
            "PYTHONUTF8": "1",
            "COLUMNS": "80",
        },
        capture_output=True,
        check=True,
    )
    shown = re.sub(r"\s", "", done.stdout.decode("utf-8"))
    texts = tomllib.loads((resources.files("enteroscan") / "texts/zh.toml").read_text("utf-8"))
    options = ["out", "crs", "encoding", "lang"]
    for name in ["help", *options]:
        assert re.sub(r"\s", "", texts[command][name]) in shown


def test_check_as_json(export: Path) -> None:
    code, shown, _ = check(export, "--json")
    report = json.loads(shown)
    assert (code, report["n_cases"], len(report["problems"])) == (0, 39, 38)
    assert report["facts"]["encoding"] == "gbk"


def test_check_writes_tables_without_formulas(export: Path, tmp_path: Path) -> None:
    code, _, _ = check(export, "--out", tmp_path / "out")
    assert code == 0
    exposures = pd.read_csv(tmp_path / "out" / "exposures.csv", dtype=str)
    assert exposures["food"].tolist()[:2] == ["'=1+1", "汤"]
    assert len(pd.read_csv(tmp_path / "out" / "problems.csv")) == 38


def test_check_takes_the_options_of_read_cases(tmp_path: Path) -> None:
    path, out = tmp_path / "a.csv", tmp_path / "out"
    rows = "编号,姓名,发病时间,纬度,经度\n1,欧阳小虎,3/4/2024,39,117\n2,王五,1/5/2024,49,117\n"
    path.write_text(rows, encoding="gb18030")

    def kinds(*options: str) -> list[str]:
        code, shown, message = check(path, "--json", "--as-of", "2024-04-15", *options)
        assert code == 0, message
        report = json.loads(shown)
        return [*(problem["kind"] for problem in report["problems"]), report["facts"]["encoding"]]

    assert kinds() == ["date_order", "date_order", "gbk"]
    assert kinds("--day-first", "--encoding", "gb18030") == ["future", "gb18030"]
    assert kinds("--month-first") == ["gbk"]
    assert kinds("--month-first", "--area", "38,116,40,118") == ["coordinates_outside", "gbk"]
    assert check(path, "--area", "38,116")[0] == 2
    assert check(path, "--out", out, "--keep", "name", "--day-first")[0] == 0
    assert pd.read_csv(out / "cases.csv")["name"].tolist() == ["欧阳小虎", "王五"]
    assert check(path, "--keep", "onset")[0] == 2


def test_check_ends_with_2(export: Path, tmp_path: Path) -> None:
    assert check(export, "--strict")[0] == 2
    code, _, message = check(tmp_path / "nowhere.csv")
    assert code == 2
    assert "nowhere.csv" in message
    assert check(export, "--crs", "mars")[0] == 2


def line_list() -> pd.DataFrame:
    random = np.random.default_rng(1)
    n = 200
    return pd.DataFrame(
        {
            "编号": range(n),
            "发病时间": pd.Timestamp("2024-01-01")
            + pd.to_timedelta(random.integers(1, 60 * 24, n), "h"),
            "填表日期": pd.Timestamp("2024-03-05") + pd.to_timedelta(random.integers(0, 9, n), "D"),
            "纬度": 39 + random.integers(0, 5, n) / 10,
            "经度": 117 + random.integers(0, 5, n) / 10,
            "行政区划代码": random.integers(120101, 120110, n).astype(str),
        }
    )


@pytest.mark.parametrize(
    ("columns", "date"), [(None, "发病时间"), ({"date": "reported"}, "填表日期")]
)
def test_scans_take_cases(columns: dict[str, str] | None, date: str) -> None:
    frame = line_list()
    spec = SpaceTimePermutation(replicates=19, max_duration_days=7)
    found = spec.scan(read_cases(frame, **NOW), columns=columns)
    plain = frame.rename(columns={date: "date", "纬度": "latitude", "经度": "longitude"})
    expected = spec.scan(plain[["date", "latitude", "longitude"]])
    pd.testing.assert_frame_equal(found.clusters, expected.clusters)


def test_scans_take_codes_where_there_are_no_coordinates() -> None:
    frame = line_list().drop(columns=["纬度", "经度"])
    codes = [str(code) for code in range(120101, 120110)]
    places = pd.DataFrame({"location": codes, "x": range(9), "y": 0.0})
    found = SpaceTimePermutation(replicates=9).scan(read_cases(frame, **NOW), locations=places)
    assert found.n_cases == len(frame)
    assert found.n_locations == 9


def test_cases_a_scan_cannot_use_are_counted() -> None:
    frame = line_list().astype({"纬度": object})
    frame.loc[:4, ["纬度", "经度"]] = None
    cases = read_cases(frame, **NOW)
    with pytest.raises(DataError, match="on_invalid='drop'"):
        SpaceTimePermutation(replicates=9).scan(cases)
    found = SpaceTimePermutation(replicates=9).scan(cases, on_invalid="drop")
    assert found.dropped["count"].sum() == 5


def test_unclear_results_are_reported_and_kept() -> None:
    results = ["阳性", "待检", "/", "Ct值36.2", "送检 中", None, "不详"]
    frame = pd.DataFrame(
        {"编号": list("1234567"), "标本编号": list("abcdefg"), "检验结果": results}, dtype=object
    )
    cases = read_cases(frame, **NOW, language="en")
    problems = cases.quality.problems
    unclear = problems[problems["kind"] == "result_unclear"]
    assert unclear["row"].tolist() == [5, 6]
    assert unclear["value"].tolist() == results[3:5]
    assert unclear["column"].tolist() == ["检验结果"] * 2
    kept = cases.specimens["result"]
    assert kept.isna().tolist() == [result is None for result in results]
    assert kept.dropna().tolist() == [result for result in results if result is not None]
    assert cases.specimens["positive"].isna().tolist() == [False, True, False, *[True] * 4]
