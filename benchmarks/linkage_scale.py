"""How long linking takes, and how that grows with the number of cases.

python benchmarks/linkage_scale.py --cases 12500 25000 50000 100000

Districts of 5,000 cases a year, of whom every case has about three exposures, with outbreaks. Two
runs for each size, each in a process of its own: without randomisations (all links and groups of
the last 30 days), and with 999 of them. Simulating the cases is not measured.
"""

import argparse
import subprocess
import sys
import time
from dataclasses import replace
from resource import RUSAGE_SELF, getrusage

from enteroscan.evaluation import to_cases
from enteroscan.linkage import SharedExposure
from enteroscan.simulate import District, random_outbreaks

START, END = "2024-01-01", "2024-12-31"
CASES_OF_DISTRICT = 5_000
OUTBREAKS_PER_CASE = 0.002
HEADER = f"{'cases':>9}{'exposures':>11}{'replicates':>12}{'seconds':>9}{'GiB':>6}{'links':>8}"


def measure(n_cases: int, replicates: int) -> None:
    """Link once, and print a row."""
    outbreaks = random_outbreaks(OUTBREAKS_PER_CASE * n_cases, start=START, end=END, random_state=1)
    reports = District(
        cases_per_year=n_cases,
        n_districts=max(1, n_cases // CASES_OF_DISTRICT),
        rows_per_case=5.0,
    ).simulate(start=START, end=END, outbreaks=outbreaks, random_state=1)
    cases = to_cases(reports)
    spec = replace(SharedExposure(), replicates=replicates, exclude_past_outbreaks=replicates > 0)
    begin = time.perf_counter()
    result = spec.link(cases, as_of=END)
    seconds = time.perf_counter() - begin
    gib = getrusage(RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"{len(cases.frame):>9,}{len(cases.exposures):>11,}{replicates:>12,}{seconds:>9.1f}{gib:>6.2f}"
        f"{len(result.links):>8,}",
        flush=True,
    )


def main() -> None:
    """Measure every size in a process of its own."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", type=int, nargs="+", default=[12_500, 25_000, 50_000, 100_000])
    parser.add_argument("--replicates", type=int, nargs="+", default=[0, 999])
    parser.add_argument("--here", action="store_true", help="measure in this process")
    options = parser.parse_args()
    if options.here:
        measure(options.cases[0], options.replicates[0])
        return
    print(HEADER, flush=True)
    for replicates in options.replicates:
        for n_cases in options.cases:
            command = [sys.executable, __file__, "--here"]
            command += ["--cases", str(n_cases), "--replicates", str(replicates)]
            subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
