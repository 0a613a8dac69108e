"""Ninety nights of simulated districts: which outbreaks were told, when, how often, how much else.

python benchmarks/ninety_nights.py --cases 300 --before 42 --seeds 1 2 3 4 5 \
    --write benchmarks/ninety_nights.csv

Thresholds for the alarm budget are chosen on the nights before; see `Backtest.outbreaks` for what
is counted. Nights are replayed: signals get and keep their identity as they do in the ledger.
"""

import argparse
import shlex
import sys
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

import enteroscan
from enteroscan.nightly.backtest import DAYS_A_WEEK, backtest
from enteroscan.nightly.thresholds import Thresholds
from enteroscan.simulate import District, SimulatedReports, random_outbreaks

START, FIRST = date(2023, 3, 1), date(2024, 4, 2)
SETTINGS = """
[source]
files = ["reports.csv"]
[detectors.exposures]
kind = "shared_exposure"
options = { replicates = 99 }
[detectors.places]
kind = "scan"
options = { max_radius_km = 3, max_duration_days = 14, replicates = 99, p_values = "gumbel" }
[[streams]]
name = "All"
[alarm]
signals_a_week = 1
min_recurrence_interval_days = 30
[output]
formats = ["json"]
language = "en"
"""


def make_job(folder: Path, last: date, *, cases_per_year: int, seed: int) -> SimulatedReports:
    """Simulate a district with two outbreaks a month, and write its export and the settings."""
    reports = District(cases_per_year=cases_per_year).simulate(
        start=f"{START}",
        end=f"{last}",
        outbreaks=random_outbreaks(24, start=f"{START}", end=f"{last}", random_state=seed),
        random_state=seed,
    )
    reports.to_csv(folder / "reports.csv")
    (folder / "night.toml").write_text(SETTINGS, encoding="utf-8")
    return reports


def replay(seed: int, *, cases_per_year: int, n_nights: int, n_before: int) -> pd.DataFrame:
    """Replay the nights of one district; the columns of `Backtest.outbreaks`, and what it says."""
    last = FIRST + timedelta(days=n_nights - 1)
    start = FIRST - timedelta(days=n_before)
    with TemporaryDirectory() as name:
        folder = Path(name)
        reports = make_job(folder, last, cases_per_year=cases_per_year, seed=seed)
        replayed = backtest(folder / "night.toml", first=start, last=last, progress=show)
    chosen = replayed.until(FIRST).calibrate()
    limits = Thresholds(chosen.thresholds, replayed.thresholds.otherwise)
    nights = replayed.since(FIRST).with_thresholds(limits)
    table = nights.outbreaks(reports.truth.members)
    weeks = (n_nights - 1) / DAYS_A_WEEK
    rate, n_false = nights.signals_a_week(limits), table.attrs["n_false"]
    table.insert(0, "district", seed)
    table.attrs["text"] = (
        f"district {seed}: thresholds in days {chosen.thresholds}; new signals a week {rate:.2f} "
        f"(budget {chosen.budget:g}), false {n_false / weeks:.2f}"
    )
    return table


def main() -> None:
    """Print, and write, one row an outbreak; the lines before them say the rest."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--nights", type=int, default=90)
    parser.add_argument("--before", type=int, default=60, help="nights for the thresholds")
    parser.add_argument("--cases", type=int, default=300, help="a year")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1], help="one a district")
    parser.add_argument("--write", type=Path, help="a file, beside the screen")
    options = parser.parse_args()
    tables = [
        replay(
            seed,
            cases_per_year=options.cases,
            n_nights=options.nights,
            n_before=options.before,
        )
        for seed in options.seeds
    ]
    table = pd.concat(tables, ignore_index=True)
    told = table[table["n_new"] > 0]
    lines = [
        f"python benchmarks/ninety_nights.py {shlex.join(sys.argv[1:])}",
        f"enteroscan {enteroscan.__version__}; {options.nights} nights from {FIRST} on, "
        f"thresholds chosen on the {options.before} nights before",
        *(one.attrs["text"] for one in tables),
        f"outbreaks: {len(table)}, told: {len(told)}, at most {told['n_new'].max()} times as new",
        f"median days from the second report: {told['days'].median()}",
    ]
    text = "".join(f"# {line}\n" for line in lines) + table.to_csv(index=False)
    print(text, end="")
    if options.write is not None:
        options.write.write_text(text, encoding="utf-8")


def show(share: float) -> None:
    """Show how much is done."""
    print(f"\r{share:4.0%}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
