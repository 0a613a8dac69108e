"""A program that is killed at any instant: nothing is lost, repeated or told twice unmarked."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from reference.postgres import server

SCRIPT = """
import dataclasses, json, sys
from pathlib import Path
from reference.killed import kill
folder = Path(sys.argv[1])
urls = iter(sys.argv[2:])
result = kill(lambda one: next(urls) if sys.argv[2:] else str(one / "l.sqlite"), folder,
              instants=6, seed=7)
print(json.dumps(dataclasses.asdict(result)))
"""


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_killed_runs_end_as_if_undisturbed(database: str, tmp_path: Path) -> None:
    urls: list[str] = []
    if database == "postgresql":
        if (running := server()) is None:
            pytest.skip("PostgreSQL's server is not installed")
        # Every series needs one; there are no more series than kills and the two undisturbed.
        urls = [running.url(running.new_database()) for _ in range(8)]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", SCRIPT, str(tmp_path), *urls],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    result = json.loads(done.stdout)
    assert result["kills"] == 6
    assert result["differences"] == []
    assert result["unmarked"] == []
