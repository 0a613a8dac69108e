"""How many outbreaks detectors find at equal rates of false alarms, beside R's surveillance.

``python benchmarks/timeseries_power.py FOLDER``, the folder of ``sim1000.csv.gz``: 1,000 simulated
weekly series, the outbreaks put into them, and answers of R.
"""

import gzip
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from enteroscan import timeseries as ts

RATES = (0.005, 0.01, 0.02, 0.05)
RECENT = 8  # weeks after its start in which an outbreak has cases
Values = NDArray[np.float64]

OURS: dict[str, ts.DetectorSpec] = {
    "Farrington flexible": ts.FarringtonFlexible(min_recent_cases=0.0),
    "Negative binomial regression": ts.NegativeBinomialRegression(),
    "Farrington 1996": ts.Farrington(min_recent_cases=0.0),
    "Bayes 3": ts.Bayes(),
    "GLR negative binomial": ts.Glr(),
    "EARS C1": ts.EarsC1(min_sigma=0.5, student=True),
    "EARS C2": ts.EarsC2(min_sigma=0.5, student=True),
    "EARS C3": ts.EarsC3(min_sigma=0.5),
}


def read_r(path: Path, column: str) -> Values:
    with gzip.open(path, "rt") as file:
        answer = json.load(file)
    return np.array(answer[column], dtype=float)


def threshold(strength: Values, quiet: NDArray[np.bool_], rate: float) -> float:
    """Return the least strength above which at most this share of quiet weeks lies."""
    known = np.sort(np.nan_to_num(strength[quiet], nan=-np.inf))
    return float(known[int(np.ceil(len(known) * (1.0 - rate))) - 1])


def last_week(series: pd.DataFrame, outbreaks: pd.DataFrame, folder: Path) -> None:
    """Print the share of current outbreaks that raise an alarm in the last week."""
    now = outbreaks[outbreaks["start"] > len(series) - RECENT]
    sick = np.zeros(series.shape[1], dtype=bool)
    sick[now["series"] - 1] = True
    names = {
        "R farringtonFlexible (Noufaily)": "ff_noufaily",
        "R farringtonFlexible (defaults)": "ff_default",
    }
    strengths = {
        shown: read_r(folder / f"sim1000_{name}_lastweek.json.gz", "score")[:, 0]
        for shown, name in names.items()
    }
    strengths |= {
        f"{shown}, by p": -read_r(folder / f"sim1000_{name}_lastweek.json.gz", "pvalue")[:, 0]
        for shown, name in names.items()
    }
    for shown, spec in OURS.items():
        tables = spec.detect(series, last=1).tables
        by_score = isinstance(spec, ts.Glr | ts.EarsC3)
        strengths[shown] = (tables["score"] if by_score else -tables["p_value"])[:, 0]
    print(f"last week: {sick.sum()} series with an outbreak, {(~sick).sum()} without")
    print("| detector | " + " | ".join(f"{rate:.1%}" for rate in RATES) + " |")
    print("|---" * (len(RATES) + 1) + "|")
    for shown, strength in strengths.items():
        found = [(strength[sick] > threshold(strength, ~sick, rate)).mean() for rate in RATES]
        print(f"| {shown} | " + " | ".join(f"{share:.0%}" for share in found) + " |")


def last_year(series: pd.DataFrame, outbreaks: pd.DataFrame, folder: Path) -> None:
    """Print the share of outbreaks found within 8 weeks at the false alarms that R's EARS have."""
    n_weeks = 52
    begin = len(series) - n_weeks
    recent = outbreaks[outbreaks["start"] > begin]
    quiet = np.ones((series.shape[1], n_weeks), dtype=bool)
    for row in outbreaks[outbreaks["start"] > begin - RECENT].itertuples():
        start = int(row.start) - 1 - begin  # type: ignore[arg-type]
        quiet[int(row.series) - 1, max(0, start) : start + RECENT] = False  # type: ignore[arg-type]

    def found(alarm: NDArray[np.bool_]) -> float:
        hits = [
            alarm[s - 1, t - 1 - begin : t - 1 - begin + RECENT].any()
            for s, t in zip(recent["series"], recent["start"], strict=True)
        ]
        return float(np.mean(hits))

    specs = {"Farrington flexible": OURS["Farrington flexible"]} | {
        name: OURS[name] for name in ("EARS C1", "EARS C2", "EARS C3")
    }
    strengths = {}
    for shown, spec in specs.items():
        tables = spec.detect(series, last=n_weeks).tables
        by_score = isinstance(spec, ts.EarsC3)
        strengths[shown] = tables["score"] if by_score else -tables["p_value"]
    print(f"\nlast 52 weeks: {len(recent)} outbreaks")
    print("| R's detector | false alarms | found by it | " + " | ".join(specs) + " |")
    print("|---" * (len(specs) + 3) + "|")
    for name in ("C1", "C2", "C3"):
        answer = read_r(folder / f"sim1000_ears{name}_last52.json.gz", "alarm")
        alarm = np.nan_to_num(answer).astype(bool)
        rate = float(alarm[quiet].mean())
        ours = [
            found(np.nan_to_num(strength, nan=-np.inf) > threshold(strength, quiet, rate))
            for strength in strengths.values()
        ]
        shares = " | ".join(f"{share:.0%}" for share in ours)
        print(f"| earsC {name} | {rate:.2%} | {found(alarm):.0%} | {shares} |")


def main() -> None:
    folder = Path(sys.argv[1])
    series = pd.read_csv(folder / "sim1000.csv.gz", parse_dates=["date"]).set_index("date")
    outbreaks = pd.read_csv(folder / "sim1000_outbreaks.csv")
    last_week(series, outbreaks, folder)
    last_year(series, outbreaks, folder)


if __name__ == "__main__":
    main()
