"""What the README gives to cron and systemd does what it should."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import SETTINGS, Job

README = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
FOLDER = "/srv/enteroscan"


@pytest.fixture
def place(job: Job) -> Path:
    """The folder of a job with the program where the examples look for it."""
    folder = job(settings=SETTINGS.replace("shared_exposure", "scan")).parent
    program = folder / ".venv" / "bin" / "enteroscan"
    program.parent.mkdir(parents=True)
    program.write_text(
        f'#!/bin/sh\nexec "{sys.executable}" -m enteroscan "$@"\n',
        encoding="utf-8",
    )
    program.chmod(0o755)
    return folder


def test_the_line_of_cron_does_a_night(place: Path) -> None:
    (line,) = re.findall(r"^30 6 .*$", README, re.M)
    *when, command = line.split(" ", 5)
    assert when == ["30", "6", "*", "*", "*"]
    assert "%" not in command  # cron would make an end of line of it
    bare = {"PATH": "/usr/bin:/bin", "HOME": str(place), "LANG": "C.UTF-8"}
    bare |= {name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ}
    done = subprocess.run(
        ["/bin/sh", "-c", command.replace(FOLDER, str(place))],
        cwd="/",
        env=bare,
        check=False,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert {file.name for file in place.iterdir()} >= {"ledger.sqlite", "night.log", "reports"}


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_the_units_of_systemd_are_whole(place: Path, tmp_path: Path) -> None:
    (text,) = re.findall(r"```ini\n(# /etc/systemd.*?)```", README, re.S)
    parts = re.split(r"# /etc/systemd/system/(enteroscan\.\w+);.*\n", text)[1:]
    units = dict(zip(parts[::2], parts[1::2], strict=True))
    assert set(units) == {"enteroscan.service", "enteroscan.timer"}
    for name, unit in units.items():
        (tmp_path / name).write_text(unit.replace(FOLDER, str(place)), encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", *(str(tmp_path / name) for name in units)],
        check=False,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
