"""The job of a small simulated district."""

import os
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from enteroscan.nightly.run import run
from enteroscan.simulate import District, Outbreak, SimulatedReports

SETTINGS = """
area = "District"

[source]
files = ["reports.csv"]

[detectors.exposures]
kind = "shared_exposure"
options = { replicates = 99 }

[[streams]]
name = "All cases"

[output]
formats = ["html", "json", "csv", "geojson"]
language = "en"
"""
TESTS = Path(__file__).parents[2]
QUIET, LOUD = date(2024, 5, 20), date(2024, 6, 16)
"""A night before the outbreak, and one on which it is found."""


@pytest.fixture(autouse=True)
def _reference_in_children(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let processes that tests start find `reference`, too."""
    monkeypatch.setenv(
        "PYTHONPATH", os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])
    )


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENTEROSCAN_LANG", "en")


@pytest.fixture(scope="session")
def district() -> SimulatedReports:
    return District(cases_per_year=300).simulate(
        start="2024-01-01",
        end="2024-06-30",
        outbreaks=[Outbreak(agent="salmonella", start="2024-06-10 12:00", size=14)],
        random_state=1,
    )


@pytest.fixture(scope="session")
def exported(district: SimulatedReports, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("district") / "reports.csv"
    district.to_csv(path)
    return path


Job = Callable[..., Path]


@pytest.fixture
def job(exported: Path, tmp_path: Path) -> Job:
    """Makes a folder with the export and settings, and returns the path of the settings."""

    def make(more: str = "", settings: str = SETTINGS, reports: Path = exported) -> Path:
        shutil.copy(reports, tmp_path / "reports.csv")
        path = tmp_path / "night.toml"
        path.write_text(settings + more, encoding="utf-8")
        return path

    return make


@pytest.fixture(scope="session")
def done_before(exported: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the loud night is done."""
    folder = tmp_path_factory.mktemp("done")
    shutil.copy(exported, folder / "reports.csv")
    (folder / "night.toml").write_text(SETTINGS, encoding="utf-8")
    assert run(folder / "night.toml", as_of=LOUD).exit_code == 10
    return folder


@pytest.fixture
def done(done_before: Path, tmp_path: Path) -> Path:
    """The settings of a job whose loud night is done."""
    folder = tmp_path / "done"
    shutil.copytree(done_before, folder)
    return folder / "night.toml"
