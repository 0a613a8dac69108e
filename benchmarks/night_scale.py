"""How long a night takes, and what the replay of a province costs.

python benchmarks/night_scale.py --cases 2000 --streams 30
python benchmarks/night_scale.py --cases 20000 --streams 100
python benchmarks/night_scale.py --replay 3 --threads 1 --streams 50 --cases 500 2000 8000

The reports of a simulated area, of a year and a quarter, are read from a CSV file as they are
exported. Every stream has a scan and a time series, the first `--exposures` (all cases, then by
syndrome, agent, age, and place) are searched for shared exposures, too. A night runs from
the settings to the report; a replay is measured without the reading, which it does once. Each in a
process of its own; *CPU* is that of all its threads, *GiB* its largest memory. Simulating is not
measured.
"""

import argparse
import json
import subprocess
import sys
import time
from datetime import date, timedelta
from itertools import islice, product
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from tempfile import TemporaryDirectory

from enteroscan.nightly.backtest import backtest
from enteroscan.nightly.run import run
from enteroscan.simulate import District, random_outbreaks

START, LAST = date(2023, 4, 1), date(2024, 6, 30)
CASES_OF_DISTRICT = 2_000
OUTBREAKS_PER_CASE = 0.005
AGES = ([0, 5], [5, 15], [15, 45], [45, 65], [65, 120])
SYNDROMES = ("diarrhoea", "vomiting", "fever", "abdominal_pain")
AGENTS = ("norovirus", "salmonella", "vibrio_parahaemolyticus", "shigella", "campylobacter")
DETECTORS = """
[source]
files = ["reports.csv"]
[detectors.places]
kind = "scan"
options = { max_radius_km = 5, max_duration_days = 14, replicates = 999 }
[detectors.exposures]
kind = "shared_exposure"
options = { replicates = 999 }
[detectors.counts]
kind = "time_series"
every = "week"
"""
HEADER = f"{'cases':>8}{'streams':>9}{'nights':>8}{'seconds':>9}{'CPU s':>8}{'GiB':>6}  by detector"


def streams(codes: list[str]) -> list[str]:
    """Return streams as TOML has them: all, by syndrome, agent, age, and parts of the area."""
    chosen = [
        "",
        *(f'syndrome = ["{one}"]' for one in SYNDROMES),
        *(f'pathogen = ["{one}"]' for one in AGENTS),
        *(f"age_years = [{one}]" for one in AGES),
        *(f'area = ["{one}"]' for one in codes),
        *(f'area = ["{code}"]\nage_years = [{ages}]' for code, ages in product(codes, AGES)),
        *(f'area = ["{code}"]\nsyndrome = ["{one}"]' for code, one in product(codes, SYNDROMES)),
    ]
    return [f'[[streams]]\nname = "{i}"\n{text}\n' for i, text in enumerate(chosen)]


def with_detectors(chosen: list[str], n_exposures: int) -> str:
    """Return the streams, of which the first ones have all detectors."""
    fewer = 'detectors = ["places", "counts"]\n'
    return "".join([*chosen[:n_exposures], *(one + fewer for one in chosen[n_exposures:])])


def make_job(
    folder: Path, n_cases: int, n_streams: int, n_exposures: int, threads: int | None
) -> None:
    """Simulate the reports, and write them and the settings."""
    span = (LAST - START).days / 365
    reports = District(
        cases_per_year=n_cases, n_districts=max(1, n_cases // CASES_OF_DISTRICT)
    ).simulate(
        start=f"{START}",
        end=f"{LAST}",
        outbreaks=random_outbreaks(
            OUTBREAKS_PER_CASE * n_cases * span, start=f"{START}", end=f"{LAST}", random_state=1
        ),
        random_state=1,
    )
    reports.to_csv(folder / "reports.csv")
    codes = sorted(reports.frame["home_code"].dropna().astype(str).unique())
    chosen = list(islice(streams(codes), n_streams))
    if len(chosen) < n_streams:
        raise SystemExit(f"there are no more than {len(chosen)} streams of {len(codes)} areas")
    settings = DETECTORS + with_detectors(chosen, n_exposures)
    if threads is not None:
        settings += f"[run]\nn_jobs = {threads}\n"
    (folder / "night.toml").write_text(settings, encoding="utf-8")


def measure(folder: Path, n_nights: int) -> None:
    """Do a night, or replay some, and print what it took."""
    begin, cpu = time.perf_counter(), time.process_time()
    if n_nights == 0:
        done = run(folder / "night.toml", as_of=LAST)
        manifest = json.loads(done.files["manifest"].read_text(encoding="utf-8"))
        n_cases, by_name = manifest["n_cases"], manifest["seconds"]
        failed = ", ".join(done.failed)
    else:
        first = LAST - timedelta(days=n_nights - 1)
        replayed = backtest(folder / "night.toml", first=first, last=LAST)
        results = [result for night in replayed.nights.values() for result in night]
        n_cases = len(replayed.cases)
        by_name = {}
        for one in results:
            name = f"{one.stream} / {one.detector}"
            by_name[name] = by_name.get(name, 0.0) + one.seconds
        failed = ", ".join(one.message for one in results if one.status == "failed")
    seconds, cpu = time.perf_counter() - begin, time.process_time() - cpu
    gib = getrusage(RUSAGE_SELF).ru_maxrss / 2**20
    parts: dict[str, float] = {}
    for name, took in by_name.items():
        detector = name.rpartition(" / ")[2]
        parts[detector] = parts.get(detector, 0.0) + took
    n_streams = len({name.rpartition(" / ")[0] for name in by_name})
    shares = ", ".join(f"{name} {took:.1f}" for name, took in parts.items())
    print(
        f"{n_cases:>8,}{n_streams:>9}{n_nights or 1:>8}{seconds:>9.1f}{cpu:>8.1f}{gib:>6.2f}"
        f"  {shares} {failed}",
        flush=True,
    )


def main() -> None:
    """Measure every size in a process of its own."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", type=int, nargs="+", default=[2_000], help="a year")
    parser.add_argument("--streams", type=int, default=30)
    parser.add_argument("--exposures", type=int, help="streams with all detectors; default: all")
    parser.add_argument("--threads", type=int, help="default: all processors")
    parser.add_argument("--replay", type=int, default=0, help="so many nights; 0: do one")
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.folder is not None:
        measure(options.folder, options.replay)
        return
    print(HEADER, flush=True)
    for n_cases in options.cases:
        with TemporaryDirectory() as folder:
            n_exposures = options.streams if options.exposures is None else options.exposures
            make_job(Path(folder), n_cases, options.streams, n_exposures, options.threads)
            command = [sys.executable, __file__, "--folder", folder]
            subprocess.run([*command, "--replay", str(options.replay)], check=True)


if __name__ == "__main__":
    main()
