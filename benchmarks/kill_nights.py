"""Kill the night job at random instants, and compare with what nobody disturbed.

``PYTHONPATH=tests python benchmarks/kill_nights.py --instants 200``
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from reference.killed import Killed, kill
from reference.postgres import server


def databases() -> dict[str, Callable[[Path], str]]:
    """Return what makes an empty ledger for a folder, by kind of database."""
    kinds: dict[str, Callable[[Path], str]] = {
        "sqlite": lambda folder: str(folder / "ledger.sqlite")
    }
    if (running := server()) is not None:
        kinds["postgresql"] = lambda _folder: running.url(running.new_database())
    return kinds


def main() -> int:
    """Print a line a database; 1 if anything was lost, changed, or told twice unmarked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--instants", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), help="default: both")
    options = parser.parse_args()
    results: list[Killed] = []
    kinds = databases()
    for name in [options.database] if options.database else kinds:
        new_url = kinds[name]
        started = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            results.append(
                kill(new_url, Path(folder), instants=options.instants, seed=options.seed)
            )
        print(f"{name}: {results[-1]}, {time.monotonic() - started:.0f} s", flush=True)
    return int(any(one.differences or one.unmarked for one in results))


if __name__ == "__main__":
    sys.exit(main())
