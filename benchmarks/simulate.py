"""Measure how long simulating and writing case reports takes.

python benchmarks/simulate.py --cases 6000 --districts 1 --outbreaks 20
python benchmarks/simulate.py --cases 50000 --districts 100 --outbreaks 160
"""

import argparse
import resource
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from enteroscan.simulate import District, Mess, random_outbreaks

YEAR = {"start": "2024-01-01", "end": "2024-12-31"}

T = TypeVar("T")


def measure(what: str, work: Callable[[], T]) -> T:
    begin = time.perf_counter()
    done = work()
    print(f"{what:32s} {time.perf_counter() - begin:7.2f} s")
    return done


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=float, default=6_000, help="sporadic cases a year")
    parser.add_argument("--districts", type=int, default=1)
    parser.add_argument("--outbreaks", type=float, default=20, help="outbreaks a year")
    parser.add_argument("--write", action="store_true", help="measure the files as well")
    options = parser.parse_args()
    spec = District(cases_per_year=options.cases, n_districts=options.districts)
    outbreaks = random_outbreaks(options.outbreaks, **YEAR)
    measure("area", lambda: spec.area)
    reports = measure("simulate a year", lambda: spec.simulate(**YEAR, outbreaks=outbreaks))
    print(reports)
    if options.write:
        with TemporaryDirectory() as folder:
            path = Path(folder)
            mess = Mess.typical()
            measure("reports.csv", lambda: reports.to_csv(path / "reports.csv", mess=mess))
            measure("reports.parquet", lambda: reports.to_parquet(path / "reports.parquet"))
            measure("reports.xlsx", lambda: reports.to_excel(path / "reports.xlsx", mess=mess))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{'peak memory':32s} {peak:7.0f} MB")


if __name__ == "__main__":
    main()
