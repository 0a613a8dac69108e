"""Looks for bytes that break the reading of case reports, tables of names and places.

Guided by coverage:

    pip install atheris
    python tests/fuzz/fuzz_cases.py -max_total_time=600 [CORPUS]

An error of ours is an answer; anything else is a crash.
"""

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(
    include=[
        "enteroscan.cases",
        "enteroscan.vocabulary",
        "enteroscan.places",
        "enteroscan._language",
    ]
):
    from enteroscan import vocabulary
    from enteroscan.cases import _headers, _identity, _moments, _values, read_cases
    from enteroscan.cases._columns import from_objects
    from enteroscan.places import Gazetteer

import numpy as np

from enteroscan.errors import EnteroscanError

HEADER = (
    "病例编号,患者姓名,身份证号,出生日期,性别,年龄,年龄单位,发病时间,就诊时间,填表日期,现住地址国标,纬度,经度,发热,体温,呕吐次数,主要症状,腹泻性状,"
    "食品名称1,进食时间1,食品名称2,进食人数2,标本编号,检验结果\n"
)
SALT = "a salt for fuzzing"
FOLDER = Path(tempfile.mkdtemp())
PATH = FOLDER / "cases.csv"
TABLES = {  # with a header, so that cells are reached
    "aliases.csv": "raw,merged\n",
    "foods.csv": "key,zh,en,aliases,parent\n",
    "venues.csv": "key,zh,en,aliases,parent\n",
    "sources.toml": "[foods]\n",
    "places.csv": "code,name,latitude,longitude\n",
}


def read(content: bytes) -> None:
    """Read bytes as a file, and show what there is to see."""
    PATH.write_bytes(content)
    try:
        cases = read_cases(PATH, salt=SALT, as_of="2024-12-31", language="en")
    except EnteroscanError:
        return
    cases._repr_html_()
    cases.quality.lines()
    assert cases.frame["case_id"].is_unique
    assert cases.quality.n_rows >= len(cases)


def read_table(name: str, content: bytes) -> None:
    """Read bytes as a table of names or places."""
    folder = FOLDER / Path(name).stem
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_bytes(content)
    try:
        if name == "aliases.csv":
            vocabulary.read_aliases(path)
        elif name == "places.csv":
            Gazetteer.read(path)
        else:
            vocabulary.load(folder)
    except EnteroscanError:
        return


def parse(text: str) -> None:
    """Give a text to every parser."""
    _moments.parse_moment(text)
    _values.read_symptoms(text)
    _values.read_result(text)
    tidy = _values.tidy(text)
    _values.read_age(tidy)
    _values.read_count(tidy)
    _values.read_temperature(tidy)
    _headers.variants(text)
    _headers.segments(text)
    _headers.split_number(text)
    _identity.mask(text)
    _identity.mask_numbers(text)
    for normalise in (
        vocabulary.normalise_text,
        vocabulary.normalise_food,
        vocabulary.normalise_venue,
    ):
        once = normalise(text)
        assert normalise(once) == once
    vocabulary.split_foods(text)
    column = from_objects(np.array([text, None], dtype=object))
    _identity.parse_id_numbers(column)
    _values.parse_yes_no(column)
    _values.parse_sex(column)
    _values.parse_code(column)
    _values.parse_pair(column)
    _values.parse_number(column, -90, 90, "latitude_range")


def test_one(data: bytes) -> None:
    """Try one input: a whole file, rows under the usual header, or one cell."""
    if not data:
        return
    kind, rest = data[0] % 64, data[1:]
    if kind == 0:
        read(rest)
    elif kind == 1:
        read(HEADER.encode() + rest)
    elif kind <= 16:
        name = list(TABLES)[kind % len(TABLES)]
        read_table(name, (TABLES[name].encode() if kind > 6 else b"") + rest)
    else:
        parse(rest.decode("utf-8", errors="replace"))


if __name__ == "__main__":
    atheris.Setup(sys.argv, test_one)
    atheris.Fuzz()
