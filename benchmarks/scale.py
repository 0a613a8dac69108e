"""Measure whole scans, from loaded frames to ranked clusters, and compare with SaTScan 10.3.2.

The eight workloads are read from the reference data (`ENTEROSCAN_REFERENCE_DATA`, or
`../shared/data` beside the repository); without it, data like them are made up. Every scan has a
process of its own, 999 replicates and no early stop. Imports and the reading of files are not
measured, everything else is: checking and indexing the frames, zones, the scan, replicates,
clusters and their tables.

    python benchmarks/scale.py --only S1,S2 --threads 1,2 --repeat 3
"""

import argparse
import gc
import json
import os
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pandas as pd

Frames = dict[str, pd.DataFrame]

REPLICATES = 999
DAY_ONE = pd.Timestamp(2023, 1, 1)


@dataclass(frozen=True)
class Workload:
    """A scan, and what SaTScan needed for it."""

    data: str  # folder with the files
    spec: str
    options: dict[str, Any]
    n_times: int  # windows in time around every zone
    satscan_seconds: float  # CPU, one thread
    at_least: int  # times as fast
    aim: int
    start: str = "2023-01-01"


def n_windows(n_intervals: int, longest: int) -> int:
    return sum(n_intervals - length + 1 for length in range(1, longest + 1))


SPATIAL = {"analysis": "spatial"}
OPEN = {"analysis": "prospective", "max_duration_days": 30}
ALL = {"analysis": "retrospective", "max_duration_days": 30}
WEEKLY = {"analysis": "retrospective", "time_aggregation": 7, "max_duration_days": 182}

# fmt: off
WORKLOADS = {
    "S1": Workload("S1", "SpaceTimePermutation", OPEN, 30, 2.08, 30, 60),
    "S2": Workload("S2", "SpaceTimePermutation", OPEN, 30, 47.7, 100, 160),
    "S3": Workload("S3", "SpaceTimePermutation", OPEN, 30, 1_400, 200, 300),
    "S1r": Workload("S1", "SpaceTimePermutation", ALL, n_windows(365, 30), 460, 100, 300),
    "S2r": Workload("S2", "SpaceTimePermutation", ALL, n_windows(365, 30), 18_000, 100, 300),
    "S4": Workload("S4", "PoissonScan", WEEKLY, n_windows(52, 26), 1_126, 200, 400, "2023-01-02"),
    "S5": Workload("S5", "PoissonScan", SPATIAL, 1, 19.6, 25, 50),
    "S6": Workload("S6", "BernoulliScan", SPATIAL, 1, 178.8, 80, 150),
}
# fmt: on

# Seconds: OpenBLAS's threads, which imports start, spin for a while before they sleep.
SETTLED = 0.5

# Made-up data: locations, cases, days.
SIZES = {
    "S1": (200, 5_000, 365),
    "S2": (1_000, 20_000, 365),
    "S3": (5_000, 100_000, 365),
    "S4": (1_000, 20_000, 365),
    "S5": (3_000, 100_000, 0),
    "S6": (10_000, 2_000, 0),
}


# ---- data ----------------------------------------------------------------------------------------


def reference_folder() -> Path:
    beside = Path(__file__).parents[2] / "shared" / "data"
    return Path(os.environ.get("ENTEROSCAN_REFERENCE_DATA", beside)) / "scale"


def load(workload: Workload) -> Frames:
    folder = reference_folder() / workload.data
    return read(folder) if folder.is_dir() else make_up(workload)


def read(folder: Path) -> Frames:
    kinds = {
        "cas": ("cases", ["location", "count", "date"]),
        "ctl": ("controls", ["location", "count", "date"]),
        "geo": ("locations", ["location", "x", "y"]),
        "pop": ("population", ["location", "year", "population"]),
    }
    frames = {}
    for ending, (name, columns) in kinds.items():
        path = folder / f"{folder.name}.{ending}.gz"
        if not path.exists():
            continue
        table = pd.read_csv(path, sep=" ", header=None)
        frames[name] = table.set_axis(columns[: table.shape[1]], axis=1)
        if "date" in frames[name]:
            frames[name]["date"] = pd.to_datetime(frames[name]["date"], format="%Y/%m/%d")
        if "year" in frames[name]:  # one census
            frames[name] = frames[name].drop(columns="year")
    return frames


def make_up(workload: Workload) -> Frames:
    """Make data like those of the workload: a hundredth of the cases are a cluster."""
    n_locations, n_cases, n_days = SIZES[workload.data]
    random = np.random.default_rng(1)
    names = np.array([f"L{i:05d}" for i in range(1, n_locations + 1)])
    points = 100 * random.random((n_locations, 2))
    frames = {"locations": pd.DataFrame({"location": names, "x": points[:, 0], "y": points[:, 1]})}
    near = np.argsort(np.hypot(*(points - 50).T))[: n_locations // 100]

    if workload.spec == "BernoulliScan":
        case = np.zeros(n_locations, dtype=bool)
        case[random.choice(n_locations, n_cases, replace=False)] = True
        case[near] = True
        frames["cases"] = pd.DataFrame({"location": names[case], "count": 1})
        frames["controls"] = pd.DataFrame({"location": names[~case], "count": 1})
        return frames

    population = random.lognormal(8, 0.5, n_locations).astype(int)
    place = random.choice(n_locations, n_cases, p=population / population.sum())
    place[: n_cases // 100] = random.choice(near, n_cases // 100)
    frames["population"] = pd.DataFrame({"location": names, "population": population})
    frames["cases"] = pd.DataFrame({"location": names[place], "count": 1})
    if n_days > 0:
        day = random.integers(1, n_days, n_cases)
        day[: n_cases // 100] = n_days - 1 - random.integers(0, 10, n_cases // 100)
        frames["cases"]["date"] = DAY_ONE + pd.to_timedelta(day, unit="D")
    return frames


# ---- one scan, in a process of its own -----------------------------------------------------------


def scan_arguments(workload: Workload, frames: Frames) -> dict[str, Any]:
    arguments: dict[str, Any] = {"locations": frames["locations"]}
    if workload.options["analysis"] != "spatial":
        arguments |= {"start": workload.start, "as_of": "2023-12-31"}
    if workload.spec == "PoissonScan":
        arguments["population"] = frames["population"]
    if workload.spec == "BernoulliScan":
        arguments["controls"] = frames["controls"]
    return arguments


def n_zones(workload: Workload, frames: Frames) -> int:
    """Count the circles around all locations."""
    from enteroscan import _core

    locations = frames["locations"]
    limiting = {
        "SpaceTimePermutation": [("cases", "count")],
        "PoissonScan": [("population", "population")],
        "BernoulliScan": [("cases", "count"), ("controls", "count")],
    }
    weights = np.zeros(len(locations))
    for frame, column in limiting[workload.spec]:
        totals = frames[frame].groupby("location")[column].sum()
        weights += totals.reindex(locations["location"], fill_value=0).to_numpy(float)
    points = locations[["x", "y"]].to_numpy(float)
    zones = _core.circles(points, points, great_circle=False, limits=[(weights, weights.sum() / 2)])
    return sum(len(zones.neighbourhood(centre)[0]) for centre in range(zones.n_centres))


def measure(name: str, n_threads: int, *, warm: bool) -> dict[str, Any]:
    import scipy.special  # noqa: F401  # which enteroscan would import when it needs it

    import enteroscan

    workload = WORKLOADS[name]
    frames = load(workload)
    arguments = scan_arguments(workload, frames)
    spec = getattr(enteroscan, workload.spec)(
        **workload.options, replicates=REPLICATES, p_values="monte_carlo", n_jobs=n_threads
    )
    if warm:
        spec.scan(frames["cases"], **arguments)
    gc.collect()  # what imports left
    time.sleep(SETTLED)
    wall, cpu = time.perf_counter(), time.process_time()
    result = spec.scan(frames["cases"], **arguments)
    clusters = result.clusters
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # KiB on Linux
    return {
        "cpu": cpu,
        "wall": wall,
        "memory": memory,
        "windows": n_zones(workload, frames) * workload.n_times * REPLICATES,
        "llr": float(clusters["llr"].iloc[0]),
    }


def run(name: str, n_threads: int, repeat: int, *, warm: bool) -> dict[str, Any]:
    """Measure in fresh processes; medians."""
    command = [sys.executable, __file__, "--measure", name, "--threads", str(n_threads)]
    if warm:
        command.append("--warm")
    runs = [
        json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
        for _ in range(repeat)
    ]
    return {key: median(run[key] for run in runs) for key in runs[0]}


# ---- the table -----------------------------------------------------------------------------------

HEADER = """\
| workload | threads | CPU s | wall s | peak MiB | G windows/s | first LLR | SaTScan CPU s | ratio \
| at least | aim |
|---|---|---|---|---|---|---|---|---|---|---|"""


def row(name: str, n_threads: int, result: dict[str, Any]) -> str:
    workload = WORKLOADS[name]
    cells = [
        name,
        n_threads,
        f"{result['cpu']:.3f}",
        f"{result['wall']:.3f}",
        f"{result['memory']:.0f}",
        f"{result['windows'] / result['wall'] / 1e9:.1f}",
        f"{result['llr']:.6f}",
        f"{workload.satscan_seconds:g}",
        f"{workload.satscan_seconds / result['cpu']:.0f}",
        workload.at_least,
        workload.aim,
    ]
    return f"| {' | '.join(map(str, cells))} |"


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--only", default=",".join(WORKLOADS), help="workloads, comma-separated")
    parser.add_argument("--threads", default="1", help="numbers of threads, comma-separated")
    parser.add_argument("--repeat", type=int, default=1, help="processes a row; medians are shown")
    parser.add_argument("--warm", action="store_true", help="measure the second scan of a process")
    parser.add_argument("--measure", choices=WORKLOADS, help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    threads = [int(number) for number in arguments.threads.split(",")]
    if arguments.measure:
        print(json.dumps(measure(arguments.measure, threads[0], warm=arguments.warm)))
        return
    if not reference_folder().is_dir():
        print(f"No reference data in {reference_folder()}; data are made up.\n")
    print(HEADER)
    for name in arguments.only.split(","):
        walls = []
        for n_threads in threads:
            result = run(name, n_threads, arguments.repeat, warm=arguments.warm)
            walls.append(result["wall"])
            print(row(name, n_threads, result), flush=True)
        for n_threads, wall in zip(threads[1:], walls[1:], strict=True):
            speed_up = walls[0] / wall
            print(f"{name}: {n_threads} threads are {speed_up:.2f} times as fast as {threads[0]}")


if __name__ == "__main__":
    main()
