import json
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from enteroscan.cases import read_cases
from enteroscan.cli import app

FILES = ["boundaries.geojson", "outbreaks.csv", "places.csv", "reports.csv", "truth.csv"]
FEW = ["--cases-per-year", "120", "--start", "2024-03-01", "--end", "2024-08-31"]


def run(*options: str) -> str:
    result = CliRunner().invoke(app, ["simulate", *options])
    assert result.exit_code == 0, result.output
    return result.output


def test_everything_is_written_and_named(tmp_path: Path) -> None:
    told = run("--out", str(tmp_path), *FEW, "--lang", "en")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*FILES, "reports.xlsx"])
    assert all(name in told for name in FILES)
    assert "second reports of the same illness" in told


def test_chinese(tmp_path: Path) -> None:
    told = run("--out", str(tmp_path), *FEW, "--no-excel", "--lang", "zh")
    assert "份病例报告" in told
    assert "街道边界" in told


@pytest.mark.parametrize("cleanliness", ["--mess", "--clean"])
def test_the_reader_reads_it_and_the_truth_belongs_to_it(tmp_path: Path, cleanliness: str) -> None:
    run("--out", str(tmp_path), *FEW, "--crs", "bd09", "--no-excel", cleanliness)
    cases = read_cases(tmp_path / "reports.csv", crs="bd09", duplicates=None, as_of="2025-01-31")
    truth = pd.read_csv(tmp_path / "truth.csv", dtype={"case_id": "string"})
    assert cases.frame["case_id"].tolist() == truth["case_id"].tolist()
    outbreaks = pd.read_csv(tmp_path / "outbreaks.csv")
    assert set(truth["outbreak"].dropna()) <= set(outbreaks["outbreak"])
    known = cases.frame.dropna(subset="latitude")
    places = pd.read_csv(tmp_path / "places.csv", dtype={"code": "string"}).set_index("code")
    own = places.loc[known["home_code"].dropna()]
    assert len(own) > 50
    at = known.dropna(subset="home_code")
    assert (own["latitude"].to_numpy() - at["latitude"].to_numpy(float)).mean() < 0.05


def test_the_same_seed_writes_the_same_files(tmp_path: Path) -> None:
    for name, seed in (("a", "3"), ("b", "3"), ("c", "4")):
        run("--out", str(tmp_path / name), *FEW, "--seed", seed, "--no-excel")
    for name in FILES:
        one, other = ((tmp_path / folder / name).read_bytes() for folder in "ab")
        assert one == other
    assert (tmp_path / "a/reports.csv").read_bytes() != (tmp_path / "c/reports.csv").read_bytes()


def test_streets_and_districts(tmp_path: Path) -> None:
    run("--out", str(tmp_path), *FEW, "--no-excel", "--districts", "2", "--streets", "7")
    collection = json.loads((tmp_path / "boundaries.geojson").read_text("utf-8"))
    assert len(collection["features"]) == 14


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--start", "soon"], "start='soon' is no day"),
        (["--encoding", "morse"], "encoding='morse' is unknown"),
        (["--streets", "1"], "n_streets must be 3 to 999"),
        (["--start", "2025-02-01"], "end=2024-12-31 is before start=2025-02-01"),
    ],
)
def test_bad_options_are_explained_and_nothing_is_written(
    tmp_path: Path, options: list[str], message: str
) -> None:
    result = CliRunner().invoke(app, ["simulate", "--out", str(tmp_path / "new"), *options])
    assert result.exit_code == 2
    assert message in result.output
    assert not (tmp_path / "new").exists()
