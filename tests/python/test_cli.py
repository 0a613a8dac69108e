"""The command line."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from enteroscan import (
    BernoulliScan,
    PoissonScan,
    ScanResult,
    ScanSpec,
    SpaceTimePermutation,
    __version__,
)
from enteroscan.cli import app

RESULTS = ("clusters.csv", "members.csv", "result.json", "map.png")
PNG = b"\x89PNG"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def line_list() -> pd.DataFrame:
    """Sporadic cases, and six on the last three days in "=c", an identifier like a formula."""
    random = np.random.default_rng(1)
    rows = pd.DataFrame(
        {
            "place": random.choice(["a", "b", "=c", "007"], 80),
            "onset": pd.Timestamp("2024-06-01") + pd.to_timedelta(random.integers(0, 30, 80), "D"),
        }
    )
    outbreak = pd.DataFrame({"place": "=c", "onset": pd.date_range("2024-06-28", "2024-06-30")})
    rows = pd.concat([rows, outbreak, outbreak])
    x = rows["place"].map({"a": -1.5, "b": 0.0, "=c": -3.0, "007": 8.0})
    return rows.assign(onset=rows["onset"].dt.strftime("%Y-%m-%d"), x=x, y=0.0, sex="f")


@pytest.fixture
def cases(line_list: pd.DataFrame, tmp_path: Path) -> Path:
    path = tmp_path / "cases.csv"
    line_list.to_csv(path, index=False)
    return path


COLUMNS = ("--column", "date=onset", "--column", "location=place")


def test_version() -> None:
    result = run("--version")
    assert (result.exit_code, result.stdout) == (0, f"enteroscan {__version__}\n")


def test_the_entry_point_without_arguments_shows_help() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "enteroscan"], capture_output=True, text=True, check=False
    )
    assert "Usage" in done.stdout + done.stderr
    assert all(command in done.stdout + done.stderr for command in ("scan", "satscan", "demo"))


def test_an_unknown_language_is_said_in_a_sentence() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "enteroscan", "check", "cases.csv"],
        env={**os.environ, "ENTEROSCAN_LANG": "fr"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr == "enteroscan: ENTEROSCAN_LANG='fr' is unknown; choose from en, zh\n"


def test_scan_writes_what_python_finds(
    cases: Path, line_list: pd.DataFrame, tmp_path: Path
) -> None:
    out = tmp_path / "new" / "folder"
    done = run("scan", cases, "--out", out, *COLUMNS, "--max-duration", 7, "--replicates", 99)
    assert done.exit_code == 0, done.stderr
    assert done.stdout.split()[-4:] == [str(out / name) for name in RESULTS]
    expected = SpaceTimePermutation(max_duration_days=7, replicates=99).scan(
        line_list, columns={"date": "onset", "location": "place"}
    )
    result = ScanResult.from_json(out / "result.json")
    pd.testing.assert_frame_equal(result.clusters, expected.clusters)
    assert result.spec == expected.spec
    assert result.simulated_maxima.tolist() == expected.simulated_maxima.tolist()
    assert (out / "map.png").read_bytes().startswith(PNG)


def test_clusters_are_printed_and_written_without_formulas(cases: Path, tmp_path: Path) -> None:
    done = run("scan", cases, "--out", tmp_path, *COLUMNS, "--replicates", 19)
    clusters = pd.read_csv(tmp_path / "clusters.csv")
    assert clusters.loc[0, "location"] == "'=c"
    assert clusters.loc[0, "start"] == "2024-06-28"
    members = pd.read_csv(tmp_path / "members.csv", dtype=str)
    assert members.loc[0, "location"] == "'=c"
    first = next(line for line in done.stdout.splitlines() if "2024-06-28" in line).split()
    assert first[:5] == ["1", "=c", "1", "2024-06-28", "2024-06-30"]


def test_negative_numbers_stay_numbers(cases: Path, tmp_path: Path) -> None:
    run("scan", cases, "--out", tmp_path, *COLUMNS, "--replicates", 9)
    assert pd.read_csv(tmp_path / "clusters.csv").loc[0, "x"] == -3.0


@pytest.mark.parametrize(
    ("arguments", "spec"),
    [
        (
            "--model poisson --spatial --population {places} --covariates sex",
            PoissonScan(analysis="spatial", covariates=("sex",), replicates=9),
        ),
        (
            "--model bernoulli --retrospective --controls {controls}",
            BernoulliScan(analysis="retrospective", replicates=9),
        ),
        (
            "--prospective --locations {places} --strata sex --max-radius 3.5",
            SpaceTimePermutation(strata=("sex",), max_radius=3.5, replicates=9),
        ),
        (
            "--model poisson --temporal --rates both --p-values sequential",
            PoissonScan(analysis="temporal", rates="both", p_values="sequential", replicates=9),
        ),
        (
            "--model poisson --prospective-temporal --min-duration 2 --max-duration-share 0.2",
            PoissonScan(
                analysis="prospective_temporal",
                min_duration_days=2,
                max_duration_share=0.2,
                replicates=9,
            ),
        ),
        (
            "--time-unit month --start 2024-01 --as-of 2024-06 --max-duration 2 --random-state 5",
            SpaceTimePermutation(
                time_unit="month", max_duration_months=2, random_state=5, replicates=9
            ),
        ),
        (
            "--adjust-day-of-week --max-size-share 0.4 --min-cases 3 --random-stream satscan",
            SpaceTimePermutation(
                adjust_day_of_week=True,
                max_size_share=0.4,
                min_cases=3,
                random_stream="satscan",
                replicates=9,
            ),
        ),
        (
            "--n-jobs 1 --time-aggregation 2",
            SpaceTimePermutation(n_jobs=1, time_aggregation=2, replicates=9),
        ),
    ],
)
def test_options_become_the_spec(
    cases: Path, line_list: pd.DataFrame, tmp_path: Path, arguments: str, spec: ScanSpec
) -> None:
    places, controls = tmp_path / "places.csv", tmp_path / "controls.csv"
    distinct = line_list[["place", "x", "y"]].drop_duplicates()
    distinct.assign(population=100, sex="f").to_csv(places, index=False)
    line_list.head(40).to_csv(controls, index=False)
    given = [word.format(places=places, controls=controls) for word in arguments.split()]
    done = run("scan", cases, "--out", tmp_path, *COLUMNS, "--replicates", 9, *given)
    assert done.exit_code == 0, done.stderr
    assert ScanResult.from_json(tmp_path / "result.json").spec == spec


def test_without_a_map_this_is_said(cases: Path, tmp_path: Path) -> None:
    arguments = ("--model", "poisson", "--temporal", "--replicates", 9)
    done = run("scan", cases, "--out", tmp_path / "out", *COLUMNS, *arguments)
    assert done.exit_code == 0
    assert "no map" in done.stderr
    assert not (tmp_path / "out" / "map.png").exists()


def test_rows_that_are_left_out_are_counted(cases: Path, tmp_path: Path) -> None:
    with cases.open("a") as file:
        file.write("a,someday,-1.5,0,f\n")
    strict = run("scan", cases, "--out", tmp_path, *COLUMNS)
    assert strict.exit_code == 2
    assert "someday" in strict.stderr
    options = ("--on-invalid", "drop", "--replicates", 9)
    relaxed = run("scan", cases, "--out", tmp_path, *COLUMNS, *options)
    assert relaxed.exit_code == 0
    assert "left out: 1 rows" in relaxed.stderr


def test_chinese_spreadsheets(cases: Path, line_list: pd.DataFrame, tmp_path: Path) -> None:
    chinese = line_list.replace({"place": {"=c": "成都"}})
    chinese.to_csv(cases, index=False, encoding="gb18030")
    done = run("scan", cases, "--out", tmp_path, *COLUMNS, "--replicates", 9)
    assert done.exit_code == 0
    assert pd.read_csv(tmp_path / "clusters.csv").loc[0, "location"] == "成都"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--prospective", "--spatial"), "--prospective and --spatial exclude each other"),
        (("--covariates", "sex"), "--covariates: not for --model permutation"),
        (("--column", "onset"), "--column onset"),
        (("--max-radius", "-1"), "max_radius"),
        (("--model", "tea"), "tea"),
        (("--spatial",), "needs space and time"),
        (("--model", "poisson"), "population"),
        (("--locations", "nowhere.csv"), "enteroscan: nowhere.csv: there is no such file"),
        (("--max-radius-km", "3"), "max_radius_km"),
    ],
)
def test_bad_input_ends_with_2_and_a_message(
    cases: Path, tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    done = run("scan", cases, "--out", tmp_path / "out", *COLUMNS, *arguments)
    assert done.exit_code == 2
    assert words in " ".join(done.stderr.replace("│", "").split())
    assert "Traceback" not in done.output
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("content", [b"", b'a,b\n"1', b"a,b\n1,2,3\n4,5,6,7\n", b"\xff\xff\xff"])
def test_other_files_end_with_2(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "cases.csv").write_bytes(content)
    done = run("scan", tmp_path / "cases.csv", "--out", tmp_path)
    assert done.exit_code == 2
    assert "cases" in done.stderr


PRM = """[Input]
CaseFile=x.cas
CoordinatesFile=data/x.geo
CoordinatesType=0
PrecisionCaseTimes=3
StartDate=2024/6/1
EndDate=2024/6/30
[Analysis]
AnalysisType=4
ModelType=2
TimeAggregationUnits=3
[Inference]
PValueReportType=1
MonteCarloReps=99
"""


@pytest.fixture
def parameter_file(line_list: pd.DataFrame, tmp_path: Path) -> Path:
    """SaTScan's files of the same cases; the coordinates are in a folder of their own."""
    (tmp_path / "data").mkdir()
    rows = line_list.assign(count=1, onset=line_list["onset"].str.replace("-", "/"))
    rows[["place", "count", "onset"]].to_csv(
        tmp_path / "x.cas", sep="\t", index=False, header=False
    )
    line_list[["place", "x", "y"]].drop_duplicates().to_csv(
        tmp_path / "data" / "x.geo", sep=" ", index=False, header=False
    )
    path = tmp_path / "x.prm"
    path.write_text(PRM)
    return path


def test_satscan_writes_json(parameter_file: Path, line_list: pd.DataFrame, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    done = run("satscan", parameter_file, "--json", out, "--n-jobs", 1)
    assert done.exit_code == 0, done.stderr
    values = json.loads(out.read_text(encoding="utf-8"))
    first = values["clusters"][0]
    assert first["members"] == ["=c"]
    assert (first["start"], first["end"]) == ("2024-06-28", "2024-06-30")
    observed = len(line_list.query("place == '=c' and onset >= '2024-06-28'"))
    assert (first["observed"], first["relative_risk"], first["radius"]) == (observed, None, 0.0)
    assert first["recurrence_interval_days"] == pytest.approx(1 / first["p_value"])
    assert 0 < first["gumbel_p_value"] < 1
    assert first["test_statistic"] > 0
    assert 0 < first["expected"] < observed
    assert values["replicates"] == len(values["simulated_maxima"]) == 99


def test_satscan_has_satscans_random_numbers_unless_told(
    parameter_file: Path, tmp_path: Path
) -> None:
    values = {}
    for name, options in {
        "default": (),
        "satscan": ("--random-stream", "satscan"),
        "philox": ("--random-stream", "philox"),
    }.items():
        run("satscan", parameter_file, "--json", tmp_path / name, *options)
        values[name] = json.loads((tmp_path / name).read_text(encoding="utf-8"))
    assert values["default"] == values["satscan"]
    assert values["philox"]["simulated_maxima"] != values["satscan"]["simulated_maxima"]
    assert values["philox"]["places"] == values["satscan"]["places"]


def test_errors_of_the_core_end_with_2(
    parameter_file: Path, cases: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: object, **_options: object) -> None:
        raise ValueError("the core refuses")

    for model in (SpaceTimePermutation, PoissonScan, BernoulliScan):
        monkeypatch.setattr(model, "scan", refuse)
    for arguments in (
        ("satscan", parameter_file),
        ("scan", cases, "--out", tmp_path / "out", *COLUMNS),
    ):
        done = run(*arguments)
        assert done.exit_code == 2
        assert "enteroscan: the core refuses" in done.stderr
        assert "Traceback" not in done.output


def test_poisson_has_no_random_stream_of_satscans(cases: Path, tmp_path: Path) -> None:
    arguments = ("--model", "poisson", "--temporal", "--random-stream", "satscan")
    done = run("scan", cases, "--out", tmp_path / "out", *COLUMNS, *arguments)
    assert done.exit_code == 2
    assert "random stream" in done.stderr
    assert "Traceback" not in done.output


def test_satscan_names_unsupported_and_unknown_settings(parameter_file: Path) -> None:
    parameter_file.write_text(PRM + "SpatialWindowShapeType=1\n")
    refused = run("satscan", parameter_file)
    assert refused.exit_code == 2
    assert "SpatialWindowShapeType=1 (elliptic window)" in refused.stderr
    assert "Traceback" not in refused.output
    parameter_file.write_text(PRM + "MaxTemporalSiz=7\n")
    warned = run("satscan", parameter_file)
    assert warned.exit_code == 0
    assert "unknown settings: MaxTemporalSiz" in warned.stderr


def test_satscan_without_a_file_ends_with_2(tmp_path: Path) -> None:
    done = run("satscan", tmp_path / "none.prm")
    assert done.exit_code == 2
    assert "none.prm" in done.stderr
