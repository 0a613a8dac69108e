"""The command `enteroscan detect`."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from enteroscan import timeseries as ts
from enteroscan._language import catalogue
from enteroscan.cli import app


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["detect", *(str(argument) for argument in arguments)])


@pytest.fixture
def counts() -> pd.DataFrame:
    """Six years of two districts, one of them named like a formula, with a spike at its end."""
    random = np.random.default_rng(1)
    weeks = pd.date_range("2018-01-01", periods=320, freq="W-MON")
    parts = [
        pd.DataFrame({"date": weeks, "count": random.poisson(8, 320), "区": name})
        for name in ("=城东", "城西")
    ]
    parts[0].loc[319, "count"] = 60
    return pd.concat(parts, ignore_index=True)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk"])
def test_alarms_are_printed_and_written(
    counts: pd.DataFrame, tmp_path: Path, encoding: str
) -> None:
    counts.to_csv(tmp_path / "counts.csv", index=False, encoding=encoding)
    out = tmp_path / "judged.csv"
    shown = run(
        tmp_path / "counts.csv",
        *("--detector", "farrington-flexible", "--option", "alpha=0.01", "--by", "区"),
        *("--last", 4, "--out", out, "--lang", "en"),
    )
    assert shown.exit_code == 0
    assert "alarms: 1 among 2 series, 2024-01-22 - 2024-02-12" in shown.stdout
    assert "60" in shown.stdout
    written = pd.read_csv(out)
    assert sorted(written["区"].unique()) == ["'=城东", "城西"]
    wanted = ts.FarringtonFlexible(alpha=0.01).detect(counts, by="区", last=4).frame
    np.testing.assert_allclose(written["p_value"], wanted["p_value"])


def test_a_workbook_and_chinese(counts: pd.DataFrame, tmp_path: Path) -> None:
    counts.to_excel(tmp_path / "counts.xlsx", index=False, engine="xlsxwriter")
    shown = run(tmp_path / "counts.xlsx", "--by", "区", "--lang", "zh")
    assert shown.exit_code == 0
    assert "预警：2 条序列中 1 个" in shown.stdout
    assert "farrington-flexible：2 条序列 (历史数据 319 周)" in shown.stdout


def test_excluded_periods_reach_the_detector(counts: pd.DataFrame, tmp_path: Path) -> None:
    counts.to_csv(tmp_path / "counts.csv", index=False)
    shown = run(
        *(tmp_path / "counts.csv", "--by", "区", "--lang", "en"),
        *("--exclude", "2020-01-20:2022-12-31", "--exclude", "2024-02-12:2024-02-12"),
    )
    assert shown.exit_code == 0
    assert "not judged, in an excluded period: 2 points in 2 series" in shown.stdout


def test_options_may_be_lists(counts: pd.DataFrame, tmp_path: Path) -> None:
    counts.to_csv(tmp_path / "counts.csv", index=False)
    out = tmp_path / "judged.csv"
    shown = run(
        *(tmp_path / "counts.csv", "--by", "区", "--lang", "zh", "--out", out, "--last", 5),
        *("--detector", "serfling", "--option", "baseline_months=5,6,7", "--option", "alpha=0.1"),
    )
    assert shown.exit_code == 0, shown.stderr
    spec = ts.Serfling(baseline_months=(5, 6, 7), alpha=0.1)
    wanted = spec.detect(counts, by="区", last=5).frame
    np.testing.assert_allclose(pd.read_csv(out)["upper_bound"], wanted["upper_bound"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--detector", "magic"), "--detector magic is unknown; choose from auto, bayes"),
        (("--option", "alpha=0.01"), "auto chooses its own options"),
        (("--detector", "glr", "--option", "alpha"), "give NAME=VALUE"),
        (("--exclude", "2020"), "give FIRST:LAST"),
        (("--count", "cases"), "no column 'cases'"),
        (("--last", "0"), "last=0 must be a whole number of 1 or more"),
    ],
)
def test_bad_options_end_with_two(
    counts: pd.DataFrame, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    counts.to_csv(tmp_path / "counts.csv", index=False)
    shown = run(tmp_path / "counts.csv", "--by", "区", "--lang", "en", *arguments)
    assert shown.exit_code == 2
    assert message in " ".join(shown.stderr.split())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "无法打开"),
        ("", "计数表没有数据行"),
        ("day,count\n2024-01-01,3\n", "没有列 'date'；现有的列：'day', 'count'"),
        ("date,count\n2024-01-01,3\n元旦,4\n", "1 行的日期无法识别（行 3: 元旦）"),
        ("date,count\n2024-01-01,3\n2024-01-02,-4\n", "1 行为负数或无穷大（行 3: -4）"),
        ("date,count\n2024-01-01,3\n2024-01-01,4\n2024-01-02,1\n", "2 行的 date 重复（行 2: 2024"),
        ("date,count\n2024-01-01,3\n2024-01-09,4,5\n", "第 3 行有 3 个字段，应为 2 个"),
        ("date,count\n2024-01-01,3,9\n2024-01-02,4,9\n", "数据行的字段比标题行多"),
        ("date,count\n2024-01-01,3\n2024-01-03,4\n", "有 1 个时间点没有数据行"),
        ("date,count\n20240101,3\n20240102,4\n", "日期列是数字（20240101, ...）"),
        ("date,count\n2024-01-01,3\n", "只有一个日期"),
    ],
)
def test_bad_files_are_explained_in_chinese(
    tmp_path: Path, content: str | None, message: str
) -> None:
    path = tmp_path / "counts.csv"
    if content is not None:
        path.write_text(content, encoding="gbk")
    shown = run(path, "--lang", "zh")
    assert shown.exit_code == 2
    assert shown.stderr.count("\n") == 1
    assert message in shown.stderr


def test_every_reason_has_a_text() -> None:
    from enteroscan.timeseries.result import NOT_JUDGED

    for language in ("en", "zh"):
        assert {f"detect.reason.{name}" for name in NOT_JUDGED} <= catalogue(language).keys()
