"""Fits how likely a group is a real outbreak, on simulated districts, and checks it on others.

python benchmarks/outbreak_probability.py --out FOLDER

FOLDER gets outbreak_probability.csv, the file of python/enteroscan/linkage/data, and
calibration.csv: of the groups of districts that the curves were not fitted on, the mean probability
and the share of real outbreaks, with its limits of 95 %.

A group is real if two of its members, and half of them, belong to one outbreak. Every group counts
on every night it is shown, as a duty officer sees it.
"""

import argparse
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.optimize import isotonic_regression
from scipy.stats import binomtest
from shared_exposure import run

from enteroscan.evaluation import Replay, is_real
from enteroscan.linkage import outbreak_probability

INTERVALS = (
    1.0,
    1.05,
    1.2,
    1.5,
    2.0,
    3.0,
    5.0,
    10.0,
    30.0,
    100.0,
    1e3,
    1e4,
    np.inf,
)  # days, of the bins
EDGES = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)


def shown(replay: Replay) -> pd.DataFrame:
    """Return kind, recurrence interval and truth of the groups of all nights."""
    groups = replay.groups
    return pd.DataFrame(
        {
            "kind": groups["source"].str.split(": ").str[0],
            "recurrence_interval_days": groups["recurrence_interval_days"].astype("float64"),
            "real": is_real(replay),
        }
    )


def fit(groups: pd.DataFrame) -> pd.DataFrame:
    """Return the share of real outbreaks by recurrence interval, for homes and all other sources.

    Isotonic: a longer interval never means less. Each bin stands at its geometric mean interval.
    """
    source = np.where(groups["kind"] == "home", "home", "meal")
    days = groups["recurrence_interval_days"]
    binned = groups.assign(
        source=source, log_days=np.log(days), bin=pd.cut(days, INTERVALS, right=False)
    )
    curves = (
        binned.groupby(["source", "bin"], observed=True)
        .agg(log_days=("log_days", "mean"), n_real=("real", "sum"), groups=("real", "size"))
        .reset_index()
    )
    curves["recurrence_interval_days"] = np.exp(curves["log_days"]).round(3)
    share = (curves["n_real"] + 0.5) / (curves["groups"] + 1)
    for _, own in curves.groupby("source"):
        rising = isotonic_regression(share[own.index], weights=own["groups"]).x
        curves.loc[own.index, "probability"] = rising.round(4)
    return curves[["source", "recurrence_interval_days", "probability", "groups"]]


def calibration(groups: pd.DataFrame, curves: pd.DataFrame) -> pd.DataFrame:
    """Return the share of real outbreaks by probability; the limits take nights as independent."""
    groups = groups.assign(probability=outbreak_probability(groups, curves))
    band = pd.cut(groups["probability"], EDGES, include_lowest=True)
    rows = []
    for interval, own in groups.groupby(band, observed=True):
        n, n_real = len(own), int(own["real"].sum())
        limits = binomtest(n_real, n).proportion_ci()
        rows.append(
            {
                "band": str(interval),
                "groups": n,
                "mean_probability": own["probability"].mean(),
                "real": n_real / n,
                "low": limits.low,
                "high": limits.high,
            }
        )
    return pd.DataFrame(rows)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", type=float, nargs="+", default=[300, 2_000], help="a year")
    parser.add_argument("--districts", type=int, nargs="+", default=[4, 2], help="of each size")
    parser.add_argument("--nights", type=int, nargs="+", default=[180, 150], help="of each size")
    parser.add_argument("--outbreaks", type=float, default=24, help="a year and district")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--out", type=Path, required=True, help="folder of the results")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    parts: dict[int, list[pd.DataFrame]] = {1: [], 501: []}  # first seeds: fitted on, checked on
    with ProcessPoolExecutor(options.jobs, mp_context=get_context("spawn")) as executor:
        for cases, n, nights in zip(options.cases, options.districts, options.nights, strict=True):
            for first, found in parts.items():
                work = partial(run, "link", cases, nights, options.outbreaks, "plain")
                found += map(shown, executor.map(work, range(first, first + n)))
    curves = fit(pd.concat(parts[1]))
    about = (
        f"# simulated districts with {options.outbreaks:g} outbreaks a year: groups of all nights\n"
    )
    file = options.out / "outbreak_probability.csv"
    file.write_text(about + curves.to_csv(index=False, lineterminator="\n"), "utf-8")
    table = calibration(pd.concat(parts[501]), curves)
    table.to_csv(options.out / "calibration.csv", index=False)
    print(curves.to_string(index=False), table.to_string(index=False), sep="\n\n")


if __name__ == "__main__":
    main()
