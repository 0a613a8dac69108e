"""JSON, CSV, GeoJSON and Word files of a night."""

import csv
import io
import json
import subprocess
import sys
import zipfile
from dataclasses import replace
from datetime import date
from pathlib import Path
from signal import SIGKILL
from typing import Any

import docx
import jsonschema
import pandas as pd
import pytest

from enteroscan.errors import MissingExtra, SpecError
from enteroscan.nightly.night import Night
from enteroscan.nightly.report import FORMATS, document, replace_file, schema, write
from reference import nights

FILES = {"html", "json", "csv", "csv_cases", "geojson", "docx"}


def rows_of(path: Path) -> list[dict[str, str]]:
    text = path.read_bytes().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def words_of(path: Path) -> str:
    file = docx.Document(str(path))
    cells = [cell.text for table in file.tables for row in table.rows for cell in row.cells]
    return "\n".join([paragraph.text for paragraph in file.paragraphs] + cells)


def test_files_are_called_after_the_night(night: Night, tmp_path: Path) -> None:
    files = write(night, into=tmp_path / "a" / "b")
    assert set(files) == FILES
    assert {path.name.split(".")[0][:21] for path in files.values()} == {"enteroscan-2024-06-16"}
    assert set((tmp_path / "a" / "b").iterdir()) == set(files.values())


def test_the_same_night_gives_the_same_bytes(night: Night, tmp_path: Path) -> None:
    """But for the Word file, a zip archive with times in it."""
    formats = [name for name in FORMATS if name != "docx"]
    first = {n: p.read_bytes() for n, p in write(night, into=tmp_path, formats=formats).items()}
    again = {n: p.read_bytes() for n, p in write(night, into=tmp_path, formats=formats).items()}
    assert first == again


def test_a_file_is_whole_or_as_it_was(
    night: Night, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(night, into=tmp_path, formats=["json"])["json"]
    before = path.read_bytes()

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        write(replace(night, area="other"), into=tmp_path, formats=["json"])
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_unknown_formats_and_languages_are_errors(night: Night, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="pdf unknown; choose from html"):
        write(night, into=tmp_path, formats=["pdf"])
    with pytest.raises(SpecError, match="language"):
        write(night, into=tmp_path, language="fr")
    assert list(tmp_path.iterdir()) == []


def test_word_without_python_docx(
    night: Night, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "docx", None)
    with pytest.raises(MissingExtra, match=r"enteroscan\[report\]"):
        write(night, into=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_json_keeps_to_its_schema_and_holds_everything(night: Night, tmp_path: Path) -> None:
    data = json.loads(write(night, into=tmp_path, formats=["json"])["json"].read_bytes())
    jsonschema.validate(data, schema())
    assert [signal["signal_id"] for signal in data["signals"]] == [
        "S-2024-0019", "S-2024-0017", "S-2024-0012", "S-2024-0009", "S-2024-0003",
    ]  # fmt: skip
    given = {signal.signal_id: signal for signal in night.signals}
    for signal in data["signals"]:
        original = given[signal["signal_id"]]
        assert {case["case_id"] for case in signal["cases"]} == set(original.members["case_id"])
        assert signal["n_new_cases"] == original.members["is_new"].sum()
        assert len(signal["history"]) == len(original.history)
    assert data["n_by_state"]["growing"] == 1
    assert data["problems"][0]["count"] == 2


@pytest.mark.parametrize("text", nights.HOSTILE, ids=range(len(nights.HOSTILE)))
def test_hostile_texts_in_files(text: str, tmp_path: Path) -> None:
    files = write(nights.hostile_night(text), into=tmp_path)
    assert set(tmp_path.iterdir()) == set(files.values())  # no path comes from a text
    jsonschema.validate(json.loads(files["json"].read_bytes()), schema())
    for name in ("csv", "csv_cases"):
        for row in rows_of(files[name]):
            for cell in row.values():
                assert not cell.lstrip().startswith(("=", "+", "-", "@", "＝", "\t", "\r"))
                assert not any(sign in cell for sign in "\x00\x07\u202e")
    assert len(rows_of(files["csv"])) == 2
    json.loads(files["geojson"].read_bytes())
    assert words_of(files["docx"])


def test_what_is_no_column_of_a_line_list_is_in_no_file(night: Night, tmp_path: Path) -> None:
    secret = "张三丰-13800138000"
    found = nights.members(1).assign(name=secret, phone=secret, person=secret, hospital=secret)
    found["latitude"], found["longitude"] = 30.123456789, 120.987654321
    signal = replace(night.signals[0], members=found)
    problems = night.problems.assign(value=secret, extra=secret)
    files = write(replace(night, signals=(signal,), problems=problems), into=tmp_path)
    for name, path in files.items():
        content = path.read_bytes()
        if name == "docx":
            with zipfile.ZipFile(path) as archive:
                content = b"".join(archive.read(part) for part in archive.namelist())
        text = content.decode("utf-8", errors="replace")
        assert "13800138000" not in text, name
        assert "hunter2" not in text, name
        assert "30.1234" not in text, name
    assert "30.123" in files["csv_cases"].read_text(encoding="utf-8-sig")


def test_tables(night: Night, tmp_path: Path) -> None:
    files = write(night, into=tmp_path, formats=["csv"], language="en")
    assert files["csv"].read_bytes().startswith(b"\xef\xbb\xbf")
    signals, cases = rows_of(files["csv"]), rows_of(files["csv_cases"])
    assert [row["state"] for row in signals] == ["new", "growing", "unchanged", "quiet", "closed"]
    assert signals[0]["reason"].startswith("8 cases live within 3 km")
    assert len(cases) == sum(len(signal.members) for signal in night.signals)
    columns = [name for name in nights.MEMBER_COLUMNS if name != "suspects"]
    assert list(cases[0]) == ["signal_id", "state", *columns]


def test_geojson(night: Night, tmp_path: Path) -> None:
    data = json.loads(write(night, into=tmp_path, formats=["geojson"])["geojson"].read_bytes())
    points = [one for one in data["features"] if one["geometry"]["type"] == "Point"]
    zones = [one for one in data["features"] if one["geometry"]["type"] == "Polygon"]
    placed = sum(int(signal.members["latitude"].notna().sum()) for signal in night.signals)
    assert len(points) == placed > 20
    assert len(zones) == 3
    ring = zones[0]["geometry"]["coordinates"][0]
    assert ring[0] == ring[-1]
    north = max(latitude for _, latitude in ring)
    south = min(latitude for _, latitude in ring)
    assert (north - south) * 111.2 == pytest.approx(6.0, rel=0.01)  # a radius of 3 km


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "zh",
            ["一、基本情况", "二、三间分布", "三、可疑食物与场所", "四、证据", "五、建议核实事项"],
        ),
        ("en", ["1. Basic facts", "2. Distribution", "5. What to verify", "6. Line list"]),
    ],
)
def test_word_file(night: Night, tmp_path: Path, language: str, words: list[str]) -> None:
    path = write(night, into=tmp_path, formats=["docx"], language=language)["docx"]
    text = words_of(path)
    for word in words:
        assert text.count(word) == 2, word  # a note for each signal with news
    news = [signal for signal in document(night).signals if signal.is_news]
    for signal in news:
        assert signal.signal_id in text
        assert all(case.case_id in text for case in signal.cases if case.case_id)
    assert "S-2024-0012" not in text
    assert len(docx.Document(str(path)).inline_shapes) == 4  # two curves, two maps


def test_word_file_without_news(night: Night, tmp_path: Path) -> None:
    path = write(replace(night, signals=()), into=tmp_path, formats=["docx"])["docx"]
    assert "今晚没有新信号" in words_of(path)


def test_missing_values_and_bare_line_lists(night: Night, tmp_path: Path) -> None:
    bare = pd.DataFrame({"case_id": ["a", "b"], "is_new": [True, None]})
    empty = pd.DataFrame({name: pd.array([None], dtype=object) for name in nights.MEMBER_COLUMNS})
    for found in (bare, empty, bare.iloc[:0]):
        signal = replace(night.signals[0], members=found, history=pd.DataFrame())
        files = write(replace(night, signals=(signal,)), into=tmp_path)
        assert set(files) == FILES


def test_impossible_numbers_and_places(night: Night, tmp_path: Path) -> None:
    found = nights.members(1)
    found["latitude"] = pd.Series([float("inf"), 91.0, -1e308] * 20, dtype=object)[: len(found)]
    found["longitude"] = 720.0
    zones: list[Any] = [
        {"type": "Polygon", "coordinates": [[["x", None], [1], []]]},
        {"type": "MultiPolygon", "coordinates": None},
        {"latitude": float("nan"), "longitude": 3, "radius_km": -1},
        {"type": "GeometryCollection", "geometries": [None]},
    ]
    evidence = [
        replace(
            night.signals[0].evidence[1],
            zone=zone,
            p_value=float("nan"),
            recurrence_interval_days=float("inf"),
        )
        for zone in zones
    ]
    signal = replace(night.signals[0], members=found, evidence=tuple(evidence))
    files = write(replace(night, signals=(signal,)), into=tmp_path)
    text = files["json"].read_text(encoding="utf-8")
    assert "NaN" not in text
    assert "Infinity" not in text


@pytest.mark.parametrize(
    ("days", "bin_"), [(3, "6h"), (20, "D"), (90, "W")], ids=["hours", "days", "weeks"]
)
def test_bins_of_the_epidemic_curve(night: Night, days: int, bin_: str) -> None:
    """Against a count of the onsets themselves."""
    from enteroscan.nightly.report._charts import epidemic_curve

    onset = pd.date_range("2024-06-03 01:00", periods=30, freq=f"{days * 24 // 30}h")
    found = pd.DataFrame({"onset": onset, "is_new": [True, False] * 15})
    signal = document(replace(night, signals=(replace(night.signals[0], members=found),))).signals[
        0
    ]
    curve = epidemic_curve(signal.cases)
    assert curve is not None
    assert curve.bin == bin_
    weeks = found["onset"].dt.to_period("W")
    expected = found.groupby(weeks if bin_ == "W" else found["onset"].dt.floor(bin_)).size()
    totals = {bar.title for bar in curve.bars}
    assert sorted(int(title.split(": ")[1].split(" ")[0]) for title in totals) == sorted(
        expected[expected > 0]
    )


def test_dates_of_several_kinds(night: Night) -> None:
    found = pd.DataFrame(
        {
            "case_id": list("abcde"),
            "onset": pd.Series(
                [date(2024, 6, 3), "2024-06-03 11:30", pd.Timestamp("2024-06-03"), pd.NaT, "?"],
                dtype=object,
            ),
        }
    )
    shown = document(replace(night, signals=(replace(night.signals[0], members=found),)))
    onsets = {case.case_id: case.onset for case in shown.signals[0].cases}
    assert onsets == {
        "a": "2024-06-03", "b": "2024-06-03T11:30", "c": "2024-06-03", "d": None, "e": None,
    }  # fmt: skip


def test_nothing_is_left_of_a_writer_who_was_killed(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    replace_file(path, b"before")
    killed = (
        "import os, signal, sys; from pathlib import Path\n"
        "from enteroscan.nightly.report import replace_file\n"
        "os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)\n"
        "replace_file(Path(sys.argv[1]), b'half')\n"
    )
    done = subprocess.run([sys.executable, "-c", killed, str(path)], check=False)
    assert done.returncode == -SIGKILL
    assert path.read_bytes() == b"before"
    assert len(list(tmp_path.iterdir())) == 2
    replace_file(path, b"after")
    assert [one.name for one in tmp_path.iterdir()] == ["report.json"]
    assert path.read_bytes() == b"after"


def test_the_word_file_counts_places_and_foods_each_by_itself(night: Night, tmp_path: Path) -> None:
    signal = next(signal for signal in document(night).signals if signal.state == "new")
    venue = pd.Series([what for case in signal.cases for what in set(case.suspects)])
    name, n = venue.value_counts().index[0], int(venue.value_counts().iloc[0])
    assert n >= 2
    path = write(night, into=tmp_path, formats=["docx"])["docx"]
    rows = [
        [cell.text for cell in row.cells]
        for table in docx.Document(str(path)).tables
        for row in table.rows
        if len(row.cells) == 2
    ]
    assert [name, str(n)] in rows
