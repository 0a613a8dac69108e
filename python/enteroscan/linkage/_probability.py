"""How likely a group is a real outbreak, as simulated districts with known truth say."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
FILE = Path(__file__).parent / "data" / "outbreak_probability.toml"

Curves = Mapping[str, tuple[float, float]]


@cache
def fitted_curves() -> Curves:
    """Return intercept and slope of the logit for homes, and for meals: all other sources."""
    table = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return {name: (table[name]["intercept"], table[name]["slope"]) for name in ("home", "meal")}


def outbreak_probability(groups: pd.DataFrame, curves: Curves | None = None) -> Floats:
    """Return it for groups with `kind` and `recurrence_interval_days`; without one it is missing.

    The logit is linear in the logarithm (base 10) of the recurrence interval. The curves are fitted
    by ``benchmarks/outbreak_probability.py``; the file says on what.
    """
    days = groups["recurrence_interval_days"].to_numpy(np.float64)
    curves = curves or fitted_curves()
    chosen = [curves["home" if kind == "home" else "meal"] for kind in groups["kind"]]
    intercept, slope = np.array(chosen, dtype=np.float64).reshape(-1, 2).T
    return np.asarray(1.0 / (1.0 + np.exp(-(intercept + slope * np.log10(days)))))
