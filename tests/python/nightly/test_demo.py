"""The demonstration, from the simulated district to the report."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from enteroscan.cli import app, demo
from enteroscan.cli.demo import LAST_NIGHT

NIGHTS = 4  # of the seven, as tests must be quick


def cli(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.mark.slow
def test_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "NIGHTS", NIGHTS)
    folder = tmp_path / "new" / "demo"
    done = cli("demo", "--into", folder)
    assert done.exit_code == 0, done.output
    report = Path(done.stdout.splitlines()[-1])
    assert report.stat().st_size > 10_000
    again = cli("nightly", folder / "night.toml", "--as-of", LAST_NIGHT)
    assert again.exit_code == 0
    assert "nothing is new" in again.stdout
    signals = json.loads(cli("signals", folder / "night.toml", "--json").stdout)
    truth = (folder / "truth.csv").read_text(encoding="utf-8-sig")
    assert len(signals) >= 2
    assert truth.count("\n") > 1_000
    nights = {row["night"] for signal in signals for row in signal["history"]}
    assert max(nights) == str(LAST_NIGHT)
    assert len(list((folder / "reports").glob("*.html"))) == NIGHTS


@pytest.mark.slow
def test_demo_in_chinese(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "NIGHTS", 1)
    done = cli("demo", "--into", tmp_path, "--lang", "zh")
    assert done.exit_code == 0, done.output
    assert "个信号" in done.stdout
    report = Path(done.stdout.splitlines()[-1]).read_text(encoding="utf-8")
    assert '<html lang="zh">' in report
    again = cli("nightly", tmp_path / "night.toml", "--as-of", LAST_NIGHT)
    assert "没有新情况" in again.stdout


def test_demo_leaves_other_files_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("kept", encoding="utf-8")
    done = cli("demo", "--into", tmp_path)
    assert done.exit_code == 2
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
