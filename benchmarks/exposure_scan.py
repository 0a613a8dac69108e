"""Seconds of the scan of exposures: nodes and days, with and without circles, with strata.

Cases have random homes in a square, random days, and eat random leaves of the package's food tree
(135 foods in 23 classes), some more often than others.
"""

import argparse
import time

import numpy as np
import pandas as pd

from enteroscan import Cases, ExposureScan, ExposureTree, QualityReport
from enteroscan.evaluation import to_cases
from enteroscan.simulate import District

LAST_DAY = pd.Timestamp("2024-06-30")
KM_PER_DEGREE = 111.2


def make_cases(n_cases: int, n_exposures: int, n_days: int, width_km: float) -> Cases:
    """Make cases that have nothing in common."""
    random = np.random.default_rng(1)
    homes = 30 + random.random((2, n_cases)) * width_km / KM_PER_DEGREE
    day = LAST_DAY - pd.to_timedelta(random.integers(n_days, size=n_cases), unit="D")
    frame = pd.DataFrame(
        {
            "case_id": [f"c{i}" for i in range(n_cases)],
            "onset": day,
            "reported": day,
            "latitude": homes[0],
            "longitude": 90 + homes[1],
            "hospital": [f"h{i}" for i in random.integers(10, size=n_cases)],
        }
    )
    eaten = pd.DataFrame({"case_id": frame["case_id"].repeat(n_exposures)})
    return Cases(frame, eaten, pd.DataFrame(), quality())


def quality() -> QualityReport:
    """Return some report about quality, which the scan does not look at."""
    few = District(cases_per_year=50).simulate(start="2024-06-01", end="2024-06-30", random_state=1)
    return to_cases(few).quality


def food_tree(cases: Cases) -> ExposureTree:
    """Return the food tree, with random foods eaten: the popular ones by many."""
    from enteroscan import vocabulary

    random = np.random.default_rng(2)
    foods, classes = vocabulary.foods(), vocabulary.food_classes()
    popularity = 1 / np.arange(1, len(foods) + 1)
    eaten = random.choice(foods["key"], len(cases.exposures), p=popularity / popularity.sum())
    roots = pd.DataFrame({"node": classes["key"], "parent": pd.NA})
    edges = pd.concat([foods[["key", "parent"]].rename(columns={"key": "node"}), roots])
    return ExposureTree(edges, cases.exposures[["case_id"]].assign(node=eaten))


def main() -> None:
    """Print a row for each kind of scan."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--exposures", type=int, default=5, help="of each case")
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--width-km", type=float, default=30.0)
    parser.add_argument("--replicates", type=int, default=999)
    parser.add_argument("--n-jobs", type=int, default=1)
    options = parser.parse_args()
    cases = make_cases(options.cases, options.exposures, options.days, options.width_km)
    tree = food_tree(cases)
    print(f"{options.cases} cases, {options.exposures} exposures each, {len(tree.nodes)} nodes")
    for name, more in {
        "nodes and days": {},
        "circles up to 3 km": {"max_radius_km": 3.0},
        "circles up to 3 km, 10 strata": {"max_radius_km": 3.0, "strata": ("hospital",)},
    }.items():
        spec = ExposureScan(
            history_days=options.days,
            replicates=options.replicates,
            n_jobs=options.n_jobs,
            **more,  # type: ignore[arg-type]
        )
        begin, cpu = time.perf_counter(), time.process_time()
        spec.scan(cases, tree, as_of=LAST_DAY.date())
        seconds, used = time.perf_counter() - begin, time.process_time() - cpu
        print(f"{name:<32}{seconds:>8.2f} s, {used:>8.2f} s of CPU", flush=True)


if __name__ == "__main__":
    main()
