"""A folder of exports, each with another kind of mess, and what becomes of each.

Expected tables are written by hand.
"""

import io
import os
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest
import xlwt
from msoffcrypto.format.ooxml import OOXMLFile

from enteroscan import Cases, DataError, EnteroscanError, SpecError, read_cases

Table = dict[str, list[Any]]
Write = Callable[[Path], None]

HEADER = ["病例编号", "患者性别", "年龄", "发病时间", "就诊时间", "食品名称", "进食场所"]
ROWS = [
    ["001", "男", "35", "2024-03-05 14:00:00", "2024-03-06 09:00:00", "凉拌黄瓜", "张记烤肉店"],
    ["002", "女", "8个月", "2024-03-06", "2024-03-07", "牛奶", "家"],
]
LINES = [",".join(HEADER), *(",".join(row) for row in ROWS)]
TEXT = "\n".join(LINES) + "\n"
USUAL: Table = {
    "case_id": ["001", "002"],
    "source_row": [2, 3],
    "sex": ["male", "female"],
    "age_years": [35.0, 8 / 12],
    "onset": ["2024-03-05 14:00", "2024-03-06 00:00"],
    "onset_hour_known": [True, False],
    "visit": ["2024-03-06 09:00", "2024-03-07 00:00"],
}
ATE: Table = {
    "case_id": ["001", "002"],
    "food": ["凉拌黄瓜", "牛奶"],
    "venue": ["张记烤肉店", "家"],
}


@dataclass(frozen=True)
class Example:
    """A file, and the columns of its tables and kinds of its problems, or words of its error."""

    name: str
    write: Write
    frame: Table = field(default_factory=dict)
    exposures: Table | None = None
    specimens: Table | None = None
    problems: dict[str, int] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)
    error: str = ""
    options: dict[str, Any] = field(default_factory=dict)


def text(content: str, encoding: str = "utf-8", newline: str | None = None) -> Write:
    def write(path: Path) -> None:
        changed = content if newline is None else content.replace("\n", newline)
        path.write_bytes(changed.encode(encoding))

    return write


def raw(content: bytes) -> Write:
    return lambda path: (path.write_bytes(content), None)[1]


def book(
    *sheets: tuple[str, list[list[Any]]], merge: tuple[str, ...] = (), hidden: str = ""
) -> Write:
    """Write a workbook; ranges of the first sheet are merged."""

    def write(path: Path) -> None:
        workbook = openpyxl.Workbook()
        assert workbook.active is not None
        workbook.remove(workbook.active)
        for name, rows in sheets:
            sheet = workbook.create_sheet(name)
            for row in rows:
                sheet.append(row)
            if name == hidden:
                sheet.sheet_state = "hidden"
        for area in merge:
            workbook.worksheets[0].merge_cells(area)
        workbook.save(path)

    return write


def old_book(rows: list[list[Any]], merge: tuple[tuple[int, int, int, int], ...] = ()) -> Write:
    def write(path: Path) -> None:
        workbook = xlwt.Workbook(encoding="utf-8")
        sheet = workbook.add_sheet("病例")
        style = xlwt.easyxf(num_format_str="yyyy-mm-dd hh:mm")
        taken = {
            (r, c)
            for top, bottom, left, right in merge
            for r in range(top, bottom + 1)
            for c in range(left, right + 1)
        }
        for r, row in enumerate(rows):
            for c, value in enumerate(row):
                if (r, c) in taken:
                    continue
                if isinstance(value, pd.Timestamp):
                    sheet.write(r, c, value.to_pydatetime(), style)
                else:
                    sheet.write(r, c, value)
        for top, bottom, left, right in merge:
            sheet.write_merge(top, bottom, left, right, rows[top][left])
        workbook.save(str(path))

    return write


def encrypted(path: Path) -> None:
    plain, locked = io.BytesIO(), io.BytesIO()
    workbook = openpyxl.Workbook()
    workbook.save(plain)
    plain.seek(0)
    file = OOXMLFile(plain)
    file.encrypt("secret", locked)
    path.write_bytes(locked.getvalue())


def cut_off_book(path: Path) -> None:
    book(("病例", [HEADER, *ROWS]))(path)
    path.write_bytes(path.read_bytes()[:-900])


def parquet(path: Path) -> None:
    frame = pd.DataFrame(ROWS, columns=HEADER)
    frame["发病时间"] = pd.to_datetime(frame["发病时间"], format="mixed")
    frame.to_parquet(path)


def wide(path: Path) -> None:
    extra = [f"扩展字段{chr(0x4E00 + i)}{chr(0x4E00 + 7 * i)}" for i in range(193)]
    lines = [",".join(HEADER + extra)] + [",".join(row + ["x"] * 193) for row in ROWS]
    path.write_text("\n".join(lines), encoding="utf-8")


def swap(rows: list[list[str]], a: int, b: int) -> list[list[str]]:
    changed = [list(row) for row in rows]
    for row in changed:
        row[a], row[b] = row[b], row[a]
    return changed


def only(*names: str, rows: int = 2) -> Table:
    return {name: USUAL[name][:rows] for name in names}


def csv_of(header: list[str], *rows: list[str]) -> Write:
    return text("\n".join(",".join(row) for row in [header, *rows]) + "\n")


NOW: dict[str, Any] = {"as_of": "2024-12-31"}
DATES = [
    "2024-03-05",
    "2024/3/5 8:05",
    "2024年3月5日14时30分",
    "2024年3月5日下午2点半",
    "20240305143000",
    "45356.604166667",
    "二〇二四年三月五日",
    "２０２４－０３－０５",
    "5 Mar 2024 2:30 pm",
    "2567-03-05 14:30",
    "2024-03-05 00:00:00",
    "2024-03-05T14:30:00+08:00",
]
DATES_READ = [
    "2024-03-05 00:00",
    "2024-03-05 08:05",
    "2024-03-05 14:30",
    "2024-03-05 14:30",
    "2024-03-05 14:30",
    "2024-03-05 14:30",
    "2024-03-05 00:00",
    "2024-03-05 00:00",
    "2024-03-05 14:30",
    "2024-03-05 14:30",
    "2024-03-05 00:00",
    "2024-03-05 14:30",
]
HOURS = [False, True, True, True, True, True, False, False, True, True, False, True]
JOINED: list[tuple[str, list[list[Any]]]] = [
    (
        "病例",
        [
            ["病例编号", "患者性别", "发病时间"],
            ["1", "男", "2024-03-05"],
            ["2", "女", "2024-03-06"],
        ],
    ),
    (
        "暴露",
        [
            ["暴露信息"],
            ["病例编码", "食品名称", "进食场所"],
            ["1", "米饭", "家"],
            ["2", "鱼", "食堂"],
            ["1", "汤", "家"],
            ["9", "面", None],
        ],
    ),
]


EXAMPLES = [
    # ---------------------------------------------------------------- encodings and delimiters
    Example("utf8.csv", text(TEXT), USUAL, ATE, facts={"encoding": "utf-8", "delimiter": ","}),
    Example("utf8_mark.csv", text(TEXT, "utf-8-sig"), USUAL, ATE, facts={"encoding": "utf-8-sig"}),
    Example("gbk.csv", text(TEXT, "gbk"), USUAL, ATE, facts={"encoding": "gbk"}),
    Example(
        "gb18030.csv",
        text(TEXT.replace("张记", "㐂𠮷"), "gb18030"),
        USUAL,
        {**ATE, "venue": ["㐂𠮷烤肉店", "家"]},
        facts={"encoding": "gb18030"},
    ),
    Example(
        "utf16.txt", text(TEXT.replace(",", "\t"), "utf-16"), USUAL, ATE, facts={"delimiter": "tab"}
    ),
    Example(
        "tab.txt", text(TEXT.replace(",", "\t"), "gbk"), USUAL, ATE, facts={"delimiter": "tab"}
    ),
    Example("semicolon.csv", text(TEXT.replace(",", ";")), USUAL, ATE, facts={"delimiter": ";"}),
    Example("windows_lines.csv", text(TEXT, newline="\r\n"), USUAL, ATE),
    Example(
        "mixed_lines.csv", text(LINES[0] + "\r\n" + LINES[1] + "\r" + LINES[2] + "\n"), USUAL, ATE
    ),
    Example("no_last_line_end.csv", text(TEXT.rstrip("\n")), USUAL, ATE),
    Example("nul_bytes.csv", text(TEXT.replace("牛奶", "牛奶\x00")), USUAL, ATE),
    Example(
        "quoted_line_break.csv",
        text(TEXT.replace("凉拌黄瓜", '"凉拌\n黄瓜, ""大份"""')),
        USUAL,
        {**ATE, "food": ['凉拌\n黄瓜, "大份"', "牛奶"]},
    ),
    Example(
        "broken_utf8.csv",
        raw((TEXT * 9).encode()[:-400] + b"\xe7\xff" + TEXT.encode()),
        error="broken bytes",
    ),
    Example("noise.csv", raw(bytes(range(128, 256)) * 40), error="neither UTF-8 nor GBK"),
    Example("only_numbers.csv", text("病例编号\n1\n2\n"), {"case_id": ["1", "2"]}),
    Example(
        "place_for_venue.csv",
        text(
            "病例编号,发病时间,进食地点\n1,2024-03-05,老王烧烤店\n2,2024-03-05,四川省成都市武侯区\n"
            "3,2024-03-05,大润发超市\n4,2024-03-05,幸福村\n5,2024-03-05,境内\n"
        ),
        exposures={
            "venue": ["老王烧烤店", None, "大润发超市", None, None],
            "eat_region": [None, "四川省成都市武侯区", None, "幸福村", "境内"],
        },
        problems={"venue_in_region": 2},
    ),
    # ---------------------------------------------------------------- shape of texts
    Example(
        "title_rows.csv",
        text(f"某区食源性疾病病例监测表\n导出时间：2024-04-01\n{TEXT}"),
        {**USUAL, "source_row": [4, 5]},
        ATE,
    ),
    Example(
        "notes_below.csv",
        text(TEXT + "合计,2\n注：数据来自哨点医院\n\n"),
        USUAL,
        ATE,
        problems={"row_note": 2, "row_blank": 1},
    ),
    Example(
        "header_again.csv",
        text(f"{LINES[0]}\n{LINES[1]}\n{LINES[0]}\n{LINES[2]}\n"),
        {**USUAL, "source_row": [2, 4]},
        ATE,
        problems={"row_header": 1},
    ),
    Example(
        "blank_rows.csv",
        text(f"{LINES[0]}\n\n{LINES[1]}\n,,,,,,\n{LINES[2]}\n"),
        {**USUAL, "source_row": [3, 5]},
        ATE,
        problems={"row_blank": 2},
    ),
    Example(
        "short_row.csv",
        text(f"{LINES[0]}\n{LINES[1]}\n002,女,8个月\n"),
        {**only("case_id", "sex", "age_years"), "onset": ["2024-03-05 14:00", None]},
    ),
    Example(
        "cut_row.csv",
        text(f"{LINES[0]}\n{LINES[1]}\n002,女,8个月"),
        {**only("case_id", "sex", "age_years"), "onset": ["2024-03-05 14:00", None]},
        problems={"row_cut": 1},
    ),
    Example(
        "short_rows_without_end.csv",
        text(f"{LINES[0]}\n001,男,40\n002,女,8个月"),
        only("case_id"),
    ),
    Example(
        "long_row.csv",
        text(TEXT + ",".join([*ROWS[0], "多", "余"]) + "\n" + LINES[2] + ",,\n"),
        USUAL,
        ATE,
        problems={"row_ragged": 1, "exposure_repeated": 1},
    ),
    Example(
        "truncated.csv", text(TEXT + '003,男,40,2024-03-05,2024-03-06,"红烧'), error="never closed"
    ),
    Example(
        "endless_quote.csv",
        raw(TEXT.encode() + b'003,"' + b"x" * (17 << 20)),
        error="longer than 8 MB",
    ),
    Example(
        "comma_bomb.csv",
        raw(TEXT.encode() + b"," * 3_000_000 + b"\n"),
        USUAL,
        problems={"row_ragged": 1},
    ),
    Example("comma_bomb_header.csv", raw(b"a" + b"," * 100_000 + b"\n1\n"), error="more than 4096"),
    Example("empty.csv", raw(b""), error="is empty"),
    Example("only_mark.csv", raw(b"\xef\xbb\xbf\n"), error="is empty"),
    Example("header_only.csv", text(LINES[0] + "\n"), {"case_id": []}, {"food": []}),
    Example("no_header.csv", text("\n".join(LINES[1:])), error="names of known columns"),
    Example("wide.csv", wide, USUAL, ATE),
    # ---------------------------------------------------------------- columns
    Example(
        "english.csv",
        csv_of(
            [
                "Case ID",
                "Gender",
                "Age (years)",
                "Date of onset",
                "Visit date",
                "Food item",
                "Restaurant",
            ],
            *[[*row[:2], row[2].replace("8个月", "8 months"), *row[3:]] for row in ROWS],
        ),
        USUAL,
        ATE,
    ),
    Example(
        "full_width.csv",
        csv_of(
            [
                "病例编号＊",
                "１．性别",
                "年龄（岁）",
                "*发病日期（年月日时）",
                "就诊日期:",
                "食物名称",
                "就餐地点",
            ],
            *ROWS,
        ),
        USUAL,
        ATE,
    ),
    Example(
        "grouped_headers.csv",
        csv_of(
            [
                "编号",
                "患者信息-性别",
                "患者信息-年龄",
                "时间/发病时间",
                "时间/就诊时间",
                "暴露信息.食品名称",
                "暴露信息.进食场所",
            ],
            *ROWS,
        ),
        USUAL,
        ATE,
    ),
    Example("swapped_columns.csv", csv_of(swap([HEADER], 1, 5)[0], *swap(ROWS, 1, 5)), USUAL, ATE),
    Example(
        "fuzzy.csv",
        csv_of([*HEADER[:5], "食品名称", "购买场所的类型"], *ROWS),
        USUAL,
        {"purchase_venue_type": ["张记烤肉店", "家"]},
        problems={"fuzzy_column": 1},
    ),
    Example(
        "two_onsets.csv",
        csv_of([*HEADER[:4], "发病日期", *HEADER[5:]], *ROWS),
        error="onset (onset) could be any of '发病时间' (D), '发病日期' (E)",
    ),
    Example(
        "two_onsets_told.csv",
        csv_of([*HEADER[:4], "发病日期", *HEADER[5:]], *ROWS),
        only("case_id", "onset"),
        options={"columns": {"onset": "D"}},
    ),
    Example(
        "own_names.csv",
        csv_of(["甲", "乙", "丙", "丁", "戊", "己", "庚"], *ROWS),
        USUAL,
        ATE,
        options={
            "columns": {
                "case_id": "甲",
                "sex": "乙",
                "age_years": "丙",
                "onset": "丁",
                "visit": "戊",
                "food": "己",
                "venue": "庚",
            }
        },
    ),
    Example(
        "unknown_field.csv",
        text(TEXT),
        error="no field 'onsett'",
        options={"columns": {"onsett": "D"}},
    ),
    Example(
        "no_such_column.csv",
        text(TEXT),
        error="0 columns are called '起病'",
        options={"columns": {"onset": "起病"}},
    ),
    Example(
        "duplicate_headers.csv",
        csv_of([*HEADER[:5], "食品名称", "食品名称"], *[[*row[:5], row[5], "汤"] for row in ROWS]),
        USUAL,
        {
            "case_id": ["001", "001", "002", "002"],
            "exposure": [1, 2, 1, 2],
            "food": ["凉拌黄瓜", "汤", "牛奶", "汤"],
        },
    ),
    # ---------------------------------------------------------------- layouts
    Example(
        "repeated_rows.csv",
        text(TEXT + LINES[1].replace("凉拌黄瓜", "烤羊肉") + "\n" + LINES[1] + "\n"),
        {**USUAL},
        {
            "case_id": ["001", "001", "002"],
            "exposure": [1, 2, 1],
            "food": ["凉拌黄瓜", "烤羊肉", "牛奶"],
        },
        problems={"exposure_repeated": 1},
    ),
    Example(
        "continued_rows.csv",
        text(f"{LINES[0]}\n{LINES[1]}\n,,,,,烤羊肉,张记烤肉店\n{LINES[2]}\n"),
        {**USUAL, "source_row": [2, 4]},
        {"case_id": ["001", "001", "002"], "food": ["凉拌黄瓜", "烤羊肉", "牛奶"]},
    ),
    Example(
        "no_case_number.csv",
        csv_of(HEADER[1:], ROWS[0][1:], [*ROWS[0][1:5], "烤羊肉", "张记烤肉店"], ROWS[1][1:]),
        {**USUAL, "case_id": ["row-2", "row-4"], "source_row": [2, 4]},
        {"case_id": ["row-2", "row-2", "row-4"], "food": ["凉拌黄瓜", "烤羊肉", "牛奶"]},
    ),
    Example(
        "numbered.csv",
        csv_of(
            [*HEADER[:5], "食品1", "进食场所1", "食品2", "进食场所2", "食品3"],
            [*ROWS[0], "烤羊肉", "夜市", ""],
            [*ROWS[1], "", "", "蛋糕"],
        ),
        USUAL,
        {
            "case_id": ["001", "001", "002", "002"],
            "exposure": [1, 2, 1, 2],
            "food": ["凉拌黄瓜", "烤羊肉", "牛奶", "蛋糕"],
            "venue": ["张记烤肉店", "夜市", "家", None],
        },
    ),
    Example(
        "numbered_one_venue.csv",
        csv_of([*HEADER[:5], "食品1", "食品2", "进食场所"], [*ROWS[0][:5], "黄瓜", "羊肉", "夜市"]),
        only("case_id", "sex", rows=1),
        {"food": ["黄瓜", "羊肉"], "venue": ["夜市", "夜市"]},
    ),
    Example(
        "conflicting_rows.csv",
        text(TEXT + LINES[1].replace("男", "女").replace("凉拌黄瓜", "汤") + "\n"),
        USUAL,
        problems={"conflict": 1},
    ),
    Example(
        "shared_number.csv",
        csv_of(
            ["病例编号", "姓名", "性别", "发病时间"],
            ["1", "甲某", "男", "2024-03-05"],
            ["1", "乙某", "女", "2024-03-05"],
        ),
        {"case_id": ["1", "1-2"], "sex": ["male", "female"]},
        problems={"case_id_shared": 2},
    ),
    # ---------------------------------------------------------------- workbooks
    Example(
        "usual.xlsx",
        book(
            (
                "病例",
                [HEADER, [*ROWS[0][:3], pd.Timestamp("2024-03-05 14:00"), *ROWS[0][4:]], ROWS[1]],
            )
        ),
        USUAL,
        ATE,
        facts={"sheet": "病例", "format": "workbook"},
    ),
    Example(
        "old.xls",
        old_book([HEADER, [*ROWS[0][:3], pd.Timestamp("2024-03-05 14:00"), *ROWS[0][4:]], ROWS[1]]),
        USUAL,
        ATE,
        facts={"sheet": "病例"},
    ),
    Example(
        "merged.xlsx",
        book(
            ("病例", [["监测表"], HEADER, ROWS[0], [None] * 5 + ["烤羊肉", "夜市"], ROWS[1]]),
            merge=("A1:G1", "A3:A4", "B3:B4", "C3:C4", "D3:D4", "E3:E4"),
        ),
        {**USUAL, "source_row": [3, 5]},
        {"case_id": ["001", "001", "002"], "food": ["凉拌黄瓜", "烤羊肉", "牛奶"]},
    ),
    Example(
        "merged.xls",
        old_book(
            [HEADER, ROWS[0], [*ROWS[0][:5], "烤羊肉", "夜市"], ROWS[1]],
            merge=tuple((1, 2, column, column) for column in range(5)),
        ),
        {**USUAL, "source_row": [2, 4]},
        {"case_id": ["001", "001", "002"], "food": ["凉拌黄瓜", "烤羊肉", "牛奶"]},
    ),
    Example(
        "merged_note.xlsx",
        book(
            ("病例", [HEADER, *ROWS, ["注：以上数据由哨点医院上报"] + [None] * 6]), merge=("A4:G4",)
        ),
        USUAL,
        ATE,
        problems={"row_note": 1},
    ),
    Example(
        "total_in_a_column_that_is_not_read.xlsx",
        book(
            (
                "病例",
                [
                    ["门诊号", *HEADER],
                    *(["MZ1", *row] for row in ROWS),
                    ["合计", "2例"],
                    [8, *[None] * 7],
                ],
            )
        ),
        USUAL,
        ATE,
        problems={"row_note": 1, "row_blank": 1},
    ),
    Example(
        "numbers.xlsx",
        book(("病例", [HEADER, [1.0, 1, 35, 45356.5, "2024-03-06", 12.5, True]])),
        {"case_id": ["1"], "sex": ["male"], "age_years": [35.0], "onset": ["2024-03-05 12:00"]},
        {"food": ["12.5"], "venue": ["true"]},
    ),
    Example(
        "two_sheets.xlsx",
        book(("一月", [HEADER, *ROWS]), ("二月", [HEADER, *ROWS])),
        error="'一月', '二月'",
    ),
    Example(
        "two_sheets_told.xlsx",
        book(("一月", [HEADER, ROWS[1]]), ("二月", [HEADER, *ROWS])),
        USUAL,
        options={"sheet": "二月"},
    ),
    Example(
        "cases_and_exposures.xlsx",
        book(*JOINED),
        {"case_id": ["1", "2", "9"], "sex": ["male", "female", None], "source_row": [2, 3, 9]},
        {
            "case_id": ["1", "1", "2", "9"],
            "food": ["米饭", "汤", "鱼", "面"],
            "source_row": [6, 8, 7, 9],
        },
        problems={"case_not_listed": 1},
    ),
    Example(
        "running_numbers.xlsx",
        book(
            ("病例", [["序号", "病例编号", "性别"], [1, "A7", "男"], [2, "A8", "女"]]),
            ("暴露", [["序号", "病例编号", "食品名称"], [1, "A8", "汤"], [2, "A7", "鱼"]]),
        ),
        {"case_id": ["A7", "A8"], "sex": ["male", "female"]},
        {"case_id": ["A7", "A8"], "food": ["鱼", "汤"]},
    ),
    Example(
        "cases_exposures_specimens.xlsx",
        book(
            JOINED[0],
            ("标本", [["病例编号", "检验结果"], ["2", "阳性"]]),
            ("暴露", JOINED[1][1][:-1]),
            ("旧", [HEADER, *ROWS]),
        ),
        {"case_id": ["1", "2"], "sex": ["male", "female"]},
        {"case_id": ["1", "1", "2"], "food": ["米饭", "汤", "鱼"], "source_row": [8, 10, 9]},
        {"case_id": ["2"], "result": ["阳性"], "source_row": [5]},
        options={"sheet": ("标本", 0, "暴露")},
    ),
    Example(
        "exposures_of_nobody.xlsx",
        book(JOINED[0], ("暴露", [["病例编号", "食品名称"], [None, "汤"], ["1", "鱼"]])),
        error="no case number",
    ),
    Example(
        "exposures_without_key.xlsx",
        book(JOINED[0], ("暴露", [["食品名称", "进食场所"], ["汤", "家"]])),
        options={"sheet": ["病例", "暴露"]},
        error="cannot be joined",
    ),
    Example(
        "code_sheet.xlsx",
        book(("说明", [["填表说明"], ["代码", "1", "2"]]), ("病例", [HEADER, *ROWS])),
        USUAL,
    ),
    Example(
        "hidden_sheet.xlsx",
        book(("病例", [HEADER, *ROWS]), ("旧", [HEADER, *ROWS]), hidden="旧"),
        USUAL,
    ),
    Example(
        "no_such_sheet.xlsx",
        book(("病例", [HEADER])),
        error="no sheet '三月'",
        options={"sheet": "三月"},
    ),
    Example("empty.xlsx", book(("病例", [])), error="is empty"),
    Example("header_only.xlsx", book(("病例", [HEADER])), {"case_id": []}),
    Example("password.xlsx", encrypted, error="protected by a password"),
    Example("cut_off.xlsx", cut_off_book, error="damaged"),
    Example(
        "book_called_text.csv",
        book(("病例", [HEADER, *ROWS])),
        USUAL,
        ATE,
        facts={"format": "workbook"},
    ),
    Example(
        "text_called_book.xls",
        text(TEXT.replace(",", "\t"), "gbk"),
        USUAL,
        ATE,
        facts={"encoding": "gbk"},
    ),
    Example(
        "web_page.xls",
        text("<html><table><tr><td>发病时间</td></tr></table></html>"),
        error="is a web page",
    ),
    Example("picture.xlsx", raw(b"\x89PNG\r\n\x1a\n" + bytes(500)), error="known columns"),
    # ---------------------------------------------------------------- Parquet
    Example("usual.parquet", parquet, USUAL, ATE, facts={"format": "parquet"}),
    Example("cut_off.parquet", raw(b"PAR1" + bytes(100)), error="damaged or no Parquet"),
    # ---------------------------------------------------------------- values
    Example(
        "dates.csv",
        csv_of(["编号", "发病时间"], *[[str(i), f'"{date}"'] for i, date in enumerate(DATES)]),
        {"onset": list(DATES_READ), "onset_hour_known": list(HOURS)},
        problems={"date_buddhist": 1},
    ),
    Example(
        "no_dates.csv",
        csv_of(
            ["编号", "发病时间"],
            ["1", "2024-02-30"],
            ["2", "24/3/5"],
            ["3", "昨天"],
            ["4", "3/4/2024"],
            ["5", "1024-01-01"],
            ["6", "3月5日"],
            ["7", "2025-01-01"],
            ["8", "不详"],
        ),
        {"onset": [None] * 5 + ["2024-03-05 00:00", None, None]},
        problems={
            "date_impossible": 1,
            "date_two_digit_year": 1,
            "date_unreadable": 1,
            "date_order": 1,
            "date_range": 1,
            "date_year_filled": 1,
            "future": 1,
        },
    ),
    Example(
        "day_first.csv",
        csv_of(["编号", "发病时间"], ["1", "3/4/2024"], ["2", "25/4/2024"]),
        {"onset": ["2024-04-03 00:00", "2024-04-25 00:00"]},
    ),
    Example(
        "years_filled.csv",
        csv_of(
            ["编号", "发病时间", "报告时间"],
            ["1", "12月30日8时", "2024-01-02"],
            ["2", "1月1日", "2024-01-02"],
        ),
        {"onset": ["2023-12-30 08:00", "2024-01-01 00:00"], "onset_hour_known": [True, False]},
        problems={"date_year_filled": 2},
    ),
    Example(
        "answers.csv",
        csv_of(
            ["编号", "是否住院", "是否复诊", "发热", "呕吐"],
            ["1", "是", "Y", "√", "+"],
            ["2", "否", "N", "×", "-"],
            ["3", "不详", "", "/", ""],
            ["4", "1", "TRUE", "有", "+"],
            ["5", "2", "0", "无", "也许"],
        ),
        {
            "inpatient": [True, False, None, True, False],
            "revisit": [True, False, None, True, False],
            "symptom_fever": [True, False, None, True, False],
            "symptom_vomiting": [True, False, None, True, None],
        },
        problems={"yes_no": 1},
    ),
    Example(
        "numbers_with_units.csv",
        csv_of(
            ["编号", "体温（℃）", "呕吐次数", "腹泻（次/日）", "年龄", "年龄单位"],
            ["1", "38.5℃", "3次", "5次/日", "8", "月"],
            ["2", "38度5", "三次", "3-5", "20", "天"],
            ["3", "101.3F", "无", "10余次", "2岁3个月", ""],
            ["4", "385", "数次", "", "400", "岁"],
        ),
        {
            "fever_c": [38.5, 38.5, 38.5, None],
            "vomit_n": [3, 3, 0, None],
            "stool_n": [5, 3, 10, None],
            "age_years": [8 / 12, 20 / 365.25, 2.25, None],
        },
        problems={
            "fahrenheit": 1,
            "count_range": 1,
            "count_about": 1,
            "count": 1,
            "temperature_range": 1,
            "age_range": 1,
        },
    ),
    Example(
        "free_symptoms.csv",
        csv_of(
            ["编号", "主要症状"],
            ["1", '"腹痛、腹泻3次，水样便，无发热、呕吐"'],
            ["2", "发热38.5℃伴恶心呕吐2次"],
            ["3", "否认发热"],
            ["4", "口吐白沫状"],
        ),
        {
            "symptom_abdominal_pain": [True, None, None, None],
            "symptom_diarrhoea": [True, None, None, None],
            "symptom_fever": [False, True, False, None],
            "symptom_vomiting": [False, True, None, None],
            "symptom_nausea": [None, True, None, None],
            "stool_n": [3, None, None, None],
            "stool_type": ["watery", None, None, None],
            "vomit_n": [None, 2, None, None],
            "fever_c": [None, 38.5, None, None],
        },
        problems={"symptoms_unread": 1},
    ),
    Example(
        "results.csv",
        csv_of(
            ["编号", "标本编号", "标本类型", "采样日期", "检验结果", "血清型"],
            ["1", "S1", "粪便", "2024-03-06", "沙门氏菌阳性", "肠炎"],
            ["2", "S2", "粪便", "", "/", ""],
            ["3", "", "", "", "/", ""],
            ["4", "S4", "粪便", "", "诺如病毒阴性", ""],
            ["5", "S5", "", "", "未检出", ""],
            ["6", "S6", "", "", "待检", ""],
        ),
        {"case_id": ["1", "2", "3", "4", "5", "6"]},
        specimens={
            "case_id": ["1", "2", "4", "5", "6"],
            "positive": [True, False, False, False, None],
            "agent": ["salmonella", None, None, None, None],
            "serotype": ["肠炎", None, None, None, None],
        },
    ),
    Example(
        "places.csv",
        csv_of(
            ["编号", "省", "市", "区县", "行政区划代码", "纬度", "经度"],
            ["1", "天津市", "市辖区", "河东区", "120102", "39.13", "117.25"],
            ["2", "", "", "", "010203", "117.25", "39.13"],
            ["3", "", "", "", "x", "39.1", ""],
            ["4", "", "", "", "", "0", "0"],
        ),
        {
            "home_region": ["天津市/市辖区/河东区", None, None, None],
            "home_code": ["120102", "010203", None, None],
            "latitude": [39.13, 39.13, None, None],
            "longitude": [117.25, 117.25, None, None],
            "located_by": ["coordinates", "coordinates", "none", "none"],
        },
        problems={
            "coordinates_swapped": 1,
            "coordinates_half": 1,
            "coordinates_zero": 1,
            "code": 1,
        },
    ),
    Example(
        "impossible_orders.csv",
        csv_of(
            ["编号", "发病时间", "就诊时间", "报告时间", "死亡时间", "食品名称", "进食时间"],
            [
                "1",
                "2024-03-05 14:00",
                "2024-03-05 13:00",
                "2024-03-04",
                "2024-03-01",
                "汤",
                "2024-03-05 15:00",
            ],
            ["2", "2024-03-05 14:00", "2024-03-05", "2024-03-05", "", "汤", "2024-03-05"],
            ["3", "2024-03-05", "2024-03-06", "2024-03-07", "", "汤", "2023-03-05"],
        ),
        {"onset": ["2024-03-05 14:00", "2024-03-05 14:00", "2024-03-05 00:00"]},
        problems={
            "onset_after_visit": 1,
            "onset_after_report": 1,
            "visit_after_report": 1,
            "death_before_onset": 1,
            "eaten_after_onset": 1,
            "eaten_long_before": 1,
        },
    ),
    Example(
        "twice_reported.csv",
        csv_of(
            ["编号", "姓名", "身份证号", "发病时间", "发热", "食品名称"],
            ["1", "甲某", "11010519491231002X", "2024-03-05", "否", "汤"],
            ["2", "甲某", "11010519491231002x", "2024-03-07", "是", "鱼"],
            ["3", "甲某", "11010519491231002X", "2024-03-12", "是", "鱼"],
            ["4", "乙某", "1.20102E+17", "2024-03-05", "是", "鱼"],
        ),
        {"case_id": ["1", "3", "4"], "symptom_fever": [True, True, True], "source_row": [2, 4, 5]},
        {"case_id": ["1", "1", "3", "4"], "food": ["汤", "鱼", "鱼", "鱼"]},
        problems={"duplicate": 1, "id_mangled": 1},
    ),
    Example(
        "formulas.csv",
        csv_of(
            ["编号", "食品名称", "发病时间"],
            ["=1+1", "@SUM(A1)", "=NOW()"],
            ["-2", "+3", "2024-03-05"],
        ),
        {"case_id": ["=1+1", "-2"], "onset": [None, "2024-03-05 00:00"]},
        {"food": ["@SUM(A1)", "+3"]},
        problems={"date_unreadable": 1},
    ),
    Example(
        "kept_as_text.csv",
        csv_of(HEADER, ['="001"', *ROWS[0][1:]], ['="002"', *ROWS[1][1:]]),
        USUAL,
        ATE,
    ),
    Example("utf_32.csv", text(TEXT, "utf-32"), USUAL, ATE, facts={"encoding": "utf-32"}),
    Example(
        "broken_odd_row.csv",
        raw(TEXT.encode() + "003,男".encode()[:-1] + b",3\n"),
        error="UTF-8",
        options={"encoding": "utf-8"},
    ),
    Example(
        "wrong_types.csv",
        csv_of(
            ["编号", "性别", "年龄", "体温", "腹泻性状", "患者属于", "进食人数", "食品名称"],
            ["1", "2024-03-05", "男", "很高", "红色", "火星", "很多", "汤"],
        ),
        {
            "sex": [None],
            "age_years": [None],
            "fever_c": [None],
            "stool_type": [None],
            "residence_class": [None],
        },
        {"n_ate": [None]},
        problems={
            "sex": 1,
            "age": 1,
            "temperature": 1,
            "stool_type": 1,
            "residence_class": 1,
            "count": 1,
        },
    ),
]


def check(frame: pd.DataFrame, expected: Table) -> None:
    """Compare columns with values written by hand."""
    for name, values in expected.items():
        found = frame[name]
        assert len(found) == len(values), name
        for value, wanted in zip(found.tolist(), values, strict=True):
            if wanted is None:
                assert pd.isna(value), (name, value)
            elif isinstance(value, pd.Timestamp):
                assert value == pd.Timestamp(wanted), (name, value)
            elif isinstance(wanted, float):
                assert value == pytest.approx(wanted), name
            else:
                assert value == wanted, name


def serious(cases: Cases) -> dict[str, int]:
    return dict(Counter(cases.quality.problems["kind"]))


def test_there_are_many_kinds_of_mess() -> None:
    assert len({example.name for example in EXAMPLES}) == len(EXAMPLES) >= 40


@pytest.mark.parametrize("example", EXAMPLES, ids=[example.name for example in EXAMPLES])
def test_file(example: Example, tmp_path: Path) -> None:
    path = tmp_path / example.name
    example.write(path)
    options = {**NOW, **example.options}
    if example.error:
        with pytest.raises(EnteroscanError) as caught:
            read_cases(path, **options)
        assert example.error in str(caught.value)
        assert example.name in str(caught.value) or "columns" in str(caught.value)
        return
    cases = read_cases(path, **options)
    check(cases.frame, example.frame)
    if example.exposures is not None:
        check(cases.exposures, example.exposures)
    if example.specimens is not None:
        check(cases.specimens, example.specimens)
    assert serious(cases) == example.problems
    facts = dict(cases.quality.facts)
    assert {name: facts[name] for name in example.facts} == example.facts
    assert cases.quality.n_rows == int(cases.quality.rows["rows"].sum())


def test_frames_and_databases_are_read_alike(tmp_path: Path) -> None:
    frame = pd.DataFrame(ROWS, columns=HEADER)
    check(read_cases(frame, **NOW).frame, USUAL)
    check(read_cases(frame.astype("category"), **NOW).frame, USUAL)
    path = tmp_path / "cases.db"
    with sqlite3.connect(path) as connection:
        frame.to_sql("病例", connection, index=False)
        plain = read_cases(sql='SELECT * FROM "病例"', connection=connection, **NOW)
    connection.close()
    cases = read_cases(sql='SELECT * FROM "病例"', connection=f"sqlite:///{path}", **NOW)
    check(cases.frame, USUAL)
    check(plain.frame, USUAL)
    check(cases.exposures, ATE)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"delimiter": "，"}, "one ASCII character"),
        ({"as_of": "soon"}, "as_of='soon' is no day"),
        ({"area": (40, 116, 38, 118)}, "south, west, north and east"),
        ({"area": (38, 116)}, "south, west, north and east"),
        ({"duplicates": 3}, "not int"),
        ({"connection": "sqlite://"}, "sql with a connection"),
    ],
)
def test_options_that_cannot_be_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        read_cases(pd.DataFrame(ROWS, columns=HEADER), **options)


def test_the_error_of_a_query_tells_no_password(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="query failed") as caught:
        read_cases(sql="SELECT 1 FROM nowhere", connection=f"sqlite:///{tmp_path}/secret.db")
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_missing_files_and_folders(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere\.csv cannot be read"):
        read_cases(tmp_path / "nowhere.csv")
    with pytest.raises(DataError, match="is a folder"):
        read_cases(tmp_path)


def test_a_column_map_can_be_a_file(tmp_path: Path) -> None:
    csv_of(["甲", "乙", "丙"], ["2024-03-05", "米饭", "汤"])(tmp_path / "x.csv")
    (tmp_path / "map.toml").write_text(
        '[columns]\nonset = "甲"\nfood = ["乙", "丙"]\n', encoding="utf-8"
    )
    cases = read_cases(tmp_path / "x.csv", columns=tmp_path / "map.toml", **NOW)
    check(cases.frame, {"onset": ["2024-03-05"]})
    check(cases.exposures, {"food": ["米饭", "汤"]})
    assert cases.mapping["match"].tolist() == ["given"] * 3


def test_a_far_cell_is_refused_before_memory_is_taken(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    assert sheet is not None
    for column, name in enumerate(HEADER, start=1):
        sheet.cell(1, column, name)
    sheet.cell(1_048_576, 16_384, "x")
    workbook.save(tmp_path / "far.xlsx")
    with pytest.raises(DataError, match="delete the empty rows"):
        read_cases(tmp_path / "far.xlsx")


def test_rows_in_the_middle_keep_their_numbers(tmp_path: Path) -> None:
    """Short rows are put back where they stood."""
    rows = [f"{i},2024-03-05,汤{i}" if i % 3 else f"{i},2024-03-05" for i in range(1, 200)]
    (tmp_path / "x.csv").write_text("编号,发病时间,食品名称\n" + "\n".join(rows), encoding="utf-8")
    cases = read_cases(tmp_path / "x.csv", **NOW)
    assert cases.frame["source_row"].tolist() == list(range(2, 201))
    assert cases.frame["case_id"].tolist() == [str(i) for i in range(1, 200)]
    assert cases.exposures["food"].tolist() == [f"汤{i}" for i in range(1, 200) if i % 3]


def test_the_order_of_columns_does_not_matter(tmp_path: Path) -> None:
    expected = read_cases(pd.DataFrame(ROWS, columns=HEADER), **NOW)
    random = np.random.default_rng(1)
    for _ in range(5):
        order = random.permutation(len(HEADER))
        shuffled = pd.DataFrame(ROWS, columns=HEADER).iloc[:, order]
        found = read_cases(shuffled, **NOW)
        pd.testing.assert_frame_equal(found.frame, expected.frame)
        pd.testing.assert_frame_equal(found.exposures, expected.exposures)
    assert os.environ["ENTEROSCAN_LANG"] == "en"


# Interrupts itself at the third block of a text, and tells how many are read after that.
INTERRUPTED = """
import os, signal, sys
from enteroscan import read_cases
from enteroscan.cases import _sources

class Blocks:
    def __init__(self, reader):
        self.reader, self.schema, self.n = reader, reader.schema, 0
    def __next__(self):
        self.n += 1
        if self.n == 3:
            os.kill(os.getpid(), signal.SIGINT)
        print(self.n, flush=True)
        return next(self.reader)

open_csv = _sources.pacsv.open_csv
_sources.pacsv.open_csv = lambda *given, **options: Blocks(open_csv(*given, **options))
read_cases(sys.argv[1], salt="a salt for these tests")
"""


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_ctrl_c_stops_reading_at_the_next_block(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "big.csv"
    rows = [f"{i},{i % 90},2024-03-05,第{i % 7}医院,菜{i}" for i in range(400_000)]
    rows[::1000] = [f"{i}" for i in range(len(rows[::1000]))]  # too short: Arrow asks what to do
    path.write_text("\n".join(["编号,年龄,发病时间,医疗机构,食品名称", *rows]), encoding=encoding)
    assert path.stat().st_size > 12 << 20
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, str(path)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode in (-signal.SIGINT, 130)
    assert done.stderr.rstrip().endswith("KeyboardInterrupt")
    assert "ignored" not in done.stderr
    assert 3 <= int(done.stdout.split()[-1]) <= 5
