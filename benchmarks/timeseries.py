"""Seconds that the detectors take, through the Python API.

``python benchmarks/timeseries.py SIM1000.csv.gz [--many]``, a wide file of 1,000 weekly series;
``--many`` judges the last week of 500,000 series (the same ones over and over).
"""

import resource
import sys
import time
from collections.abc import Callable

import numpy as np
import pandas as pd

from enteroscan import timeseries as ts

DEFAULT = ts.FarringtonFlexible(
    season_levels=1, recent_steps_excluded=None, alpha=0.05, max_trend_p=0.05, bound="delta"
)
RUNS: dict[str, tuple[ts.DetectorSpec, int]] = {
    "Farrington flexible, last 52 weeks": (ts.FarringtonFlexible(), 52),
    "Farrington flexible, last week": (ts.FarringtonFlexible(), 1),
    "Farrington flexible, package's defaults, last 52 weeks": (DEFAULT, 52),
    "Farrington 1996, last 52 weeks": (ts.Farrington(), 52),
    "EARS C1, all weeks": (ts.EarsC1(), 520),
    "EARS C2, all weeks": (ts.EarsC2(), 520),
    "EARS C3, all weeks": (ts.EarsC3(), 520),
    "GLR negative binomial, last 52 weeks": (ts.Glr(), 52),
    "GLR Poisson, last 52 weeks": (ts.Glr(overdispersion=0.0), 52),
    "CUSUM, last 52 weeks": (ts.Cusum(), 52),
    "RKI 3, last 52 weeks": (ts.Rki(), 52),
    "Bayes 3, last 52 weeks": (ts.Bayes(), 52),
    "Negative binomial regression, last 52 weeks": (ts.NegativeBinomialRegression(), 52),
    "EWMA, last 52 weeks": (ts.Ewma(), 52),
}
REPEATS = 5


def measure(work: Callable[[], object], repeats: int = REPEATS) -> tuple[float, float]:
    wall, cpu = [], []
    for _ in range(repeats):
        before, cpu_before = time.perf_counter(), time.process_time()
        work()
        wall.append(time.perf_counter() - before)
        cpu.append(time.process_time() - cpu_before)
    return min(wall), min(cpu)


def many(series: pd.DataFrame, n_series: int = 500_000) -> None:
    counts = series.to_numpy(dtype=np.int16)
    repeated = np.tile(counts.T, (n_series // counts.shape[1], 1)).T
    frame = pd.DataFrame(repeated, index=series.index)
    for n_jobs in (1, 2):
        wall, cpu = measure(
            lambda j=n_jobs: ts.FarringtonFlexible().detect(frame, last=1, n_jobs=j),  # type: ignore[misc]
            1,
        )
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(
            f"{n_series:,} series, last week, {n_jobs} threads: {wall:.1f} s ({cpu:.1f} s CPU), "
            f"{peak:.2f} GiB",
            flush=True,
        )


def main() -> None:
    series = pd.read_csv(sys.argv[1], parse_dates=["date"]).set_index("date")
    if "--many" in sys.argv:
        many(series)
        return
    for name, (spec, last) in RUNS.items():
        shown = []
        for n_jobs in (1, 2):
            wall, cpu = measure(lambda s=spec, n=last, j=n_jobs: s.detect(series, last=n, n_jobs=j))  # type: ignore[misc]
            shown.append(f"{wall:8.3f} s ({cpu:.3f} CPU)")
        print(f"{name:56} {'  '.join(shown)}", flush=True)


if __name__ == "__main__":
    main()
