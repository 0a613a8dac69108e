"""How much faster than TreeScan 2.4 tree scans are: CPU seconds on one thread.

python benchmarks/tree_scan.py ../shared/data/treescan

The folder holds parameter files (`prm/`), their inputs and the answers of TreeScan (`cases.json`),
with the CPU seconds it took. Ours are those of reading the files and of the whole scan, with as
many replicates; the least of several repetitions counts.
"""

import argparse
import json
import time
from pathlib import Path

from enteroscan import treescan

LEAST_SECONDS = 1.0  # of TreeScan, to be worth measuring
HEADER = f"{'analysis':<34}{'TreeScan, s':>12}{'ours, s':>9}{'ratio':>8}"


def seconds(path: Path) -> float:
    """Read and scan once, on one thread."""
    begin = time.process_time()
    treescan.load(path).scan(n_jobs=1)
    return time.process_time() - begin


def main() -> None:
    """Print a row an analysis."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    runs = json.loads((options.folder / "cases.json").read_text(encoding="utf-8"))
    print(HEADER)
    for run in runs:
        theirs = run["run"]["user_cpu_s"]
        if theirs < LEAST_SECONDS:
            continue
        path = options.folder / "prm" / f"{run['case']}.prm"
        ours = min(seconds(path) for _ in range(options.repeat))
        print(f"{run['case']:<34}{theirs:>12.1f}{ours:>9.2f}{theirs / ours:>8.0f}", flush=True)


if __name__ == "__main__":
    main()
