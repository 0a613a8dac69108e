"""CPU seconds of tree scans, one thread, beside those that TreeScan 2.4 needed.

TreeScan's times stand in the reference data and were measured elsewhere; ours are measured from
loaded files to the cuts.

The folder holds parameter files (`prm/`), their inputs and the answers of TreeScan (`cases.json`),
with the CPU seconds it took. Ours are those of reading the files and of the whole scan, with as
many replicates; the least of several repetitions counts.
"""

import argparse
import json
import time
from pathlib import Path

from enteroscan import DataError, treescan


def main() -> None:
    """Print a row for every run that took TreeScan longer than `--at-least`."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, help="folder of the reference data")
    parser.add_argument("--at-least", type=float, default=0.0, help="CPU seconds of TreeScan")
    parser.add_argument("--repeat", type=int, default=3, help="the fastest counts")
    options = parser.parse_args()
    folder = options.data / "treescan"
    print(f"{'run':<44}{'TreeScan s':>12}{'ours s':>9}{'ratio':>8}")
    for run in json.loads((folder / "cases.json").read_text(encoding="utf-8")):
        theirs = run["run"]["user_cpu_s"]
        if theirs < options.at_least:
            continue
        try:
            analysis = treescan.load(folder / "prm" / f"{run['case']}.prm")
        except DataError as error:
            print(f"{run['case']:<44}{theirs:>12.3f}  {error}")
            continue
        seconds = []
        for _ in range(options.repeat):
            begin = time.process_time()
            analysis.scan(n_jobs=1)
            seconds.append(time.process_time() - begin)
        ours = min(seconds)
        print(f"{run['case']:<44}{theirs:>12.3f}{ours:>9.3f}{theirs / ours:>8.0f}", flush=True)


if __name__ == "__main__":
    main()
