"""How many outbreaks detectors find on simulated districts, and how many false signals they give.

python benchmarks/shared_exposure.py --cases 300 2000 --districts 4 --nights 365 --out FOLDER
python benchmarks/shared_exposure.py --quiet --cases 2000 --detectors scan --out FOLDER

Every district is an area of its own with a history of a year and outbreaks of the sizes that are
published; each night a detector sees what was reported until then. The numbers depend on the
options alone, not on --jobs.
"""

import argparse
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import pandas as pd

from enteroscan.evaluation import (
    Detector,
    LinkDetector,
    Replay,
    SamePlaceRule,
    ScanDetector,
    Score,
    replay_simulated,
    score,
    with_festival_food,
    with_new_hospital,
    with_surge,
)
from enteroscan.evaluation.scores import By
from enteroscan.simulate import District, SimulatedReports, random_outbreaks

FIRST = pd.Timestamp("2023-07-01")  # of the nights
HISTORY = pd.Timedelta(days=365)
LARGE = 10_000  # cases a year above which homes are moved to a grid, for speed
HOLIDAYS = (("2023-09-29", "2023-10-06"), ("2024-02-10", "2024-02-17"))
SURGE = 1.5
RULES = {"rule 24 h": 24.0, "rule 72 h": 72.0}
INTERVALS = (10, 30, 100, 365)  # recurrence intervals in days
PEOPLE = (2, 3, 4, 5)
QUIET = ("plain", "holidays", "new_hospital", "festival_food")


def detector(name: str, cases: float) -> tuple[Detector, By]:
    if name == "scan":
        return ScanDetector(grid_km=0.3 if cases > LARGE else None), "recurrence_interval_days"
    if name == "link":
        return LinkDetector(), "recurrence_interval_days"
    return SamePlaceRule(max_hours=RULES[name]), "statistic"


def district(
    cases: float, seed: int, n_nights: int, outbreaks: float, event: str
) -> SimulatedReports:
    """Return the reports of one district, from a year before the first night on."""
    spec = District(cases_per_year=cases * (SURGE if event == "holidays" else 1.0), map_seed=seed)
    start, end = FIRST - HISTORY, FIRST + pd.Timedelta(days=n_nights)
    injected = random_outbreaks(outbreaks, start=start, end=end, random_state=seed)
    reports = spec.simulate(start=start, end=end, outbreaks=injected, random_state=seed)
    events: dict[str, Callable[[], SimulatedReports]] = {
        "plain": lambda: reports,
        "holidays": lambda: with_surge(reports, periods=HOLIDAYS, factor=SURGE, random_state=seed),
        "new_hospital": lambda: with_new_hospital(reports, opened=FIRST + (end - FIRST) / 2),
        "festival_food": lambda: with_festival_food(
            reports,
            food="月饼",
            food_class="pastry",
            start="2023-09-27",
            end="2023-10-01",
            random_state=seed,
        ),
    }
    return events[event]()


def run(name: str, cases: float, n_nights: int, outbreaks: float, event: str, seed: int) -> Replay:
    last = FIRST + pd.Timedelta(days=n_nights - 1)
    reports = district(cases, seed, n_nights, outbreaks, event)
    return replay_simulated(reports, detector(name, cases)[0], first=FIRST.date(), last=last.date())


def show(name: str, cases: float, event: str, scored: Score) -> pd.DataFrame:
    about = {"cases": cases, "event": event, "detector": name}
    return scored.table.assign(**about)[[*about, *scored.table.columns]]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", type=float, nargs="+", default=[300, 2_000], help="a year")
    parser.add_argument("--districts", type=int, default=4, help="each with a seed of its own")
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--nights", type=int, default=365)
    parser.add_argument("--outbreaks", type=float, default=24, help="a year and district")
    parser.add_argument("--detectors", nargs="+", default=["link", "scan", *RULES])
    parser.add_argument("--quiet", action="store_true", help="no outbreaks, but other events")
    parser.add_argument("--min-share", type=float, default=0.5, help="see evaluation.score")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--out", type=Path, required=True, help="folder of the tables")
    options = parser.parse_args()
    unknown = sorted(set(options.detectors) - {"scan", "link", *RULES})
    if unknown:
        parser.error(f"--detectors: {', '.join(unknown)} unknown; scan, link, {', '.join(RULES)}")
    options.out.mkdir(parents=True, exist_ok=True)
    seeds = range(options.first_seed, options.first_seed + options.districts)
    outbreaks = 0.0 if options.quiet else options.outbreaks
    curves, budgets = [], []
    with ProcessPoolExecutor(options.jobs, mp_context=get_context("spawn")) as executor:
        for cases in options.cases:
            for event in QUIET if options.quiet else ("plain",):
                for name in options.detectors:
                    work = partial(run, name, cases, options.nights, outbreaks, event)
                    replays = list(executor.map(work, seeds))
                    by = detector(name, cases)[1]
                    every = score(replays, by=by, min_share=options.min_share)
                    limits = INTERVALS if by == "recurrence_interval_days" else PEOPLE
                    shown = score(replays, by=by, thresholds=limits, min_share=options.min_share)
                    curves.append(show(name, cases, event, every))
                    budgets.append(show(name, cases, event, shown))
                    if len(every.table):
                        at = (
                            every.at()
                            .to_frame()
                            .T.assign(cases=cases, event=event, detector=f"{name}, 1 false a month")
                        )
                        budgets.append(at[budgets[-1].columns])
                    print(pd.concat(budgets[-2:]).to_string(index=False), flush=True)
    stem = "quiet" if options.quiet else "outbreaks"
    pd.concat(curves).to_csv(options.out / f"{stem}_curves.csv", index=False)
    pd.concat(budgets).to_csv(options.out / f"{stem}.csv", index=False)


if __name__ == "__main__":
    main()
