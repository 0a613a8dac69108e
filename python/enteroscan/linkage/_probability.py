"""How likely a group is a real outbreak, as simulated districts with known truth say."""

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
DATA = Path(__file__).parent / "data"


@cache
def fitted_curves() -> pd.DataFrame:
    """Return `source` (home; meal: all others), `recurrence_interval_days`, `probability`."""
    return pd.read_csv(DATA / "outbreak_probability.csv", comment="#")


def outbreak_calibration() -> pd.DataFrame:
    """Return what became of groups of districts that the curves were not fitted on.

    `band` of probability, number of `groups`, their `mean_probability`, the share that was `real`
    with its limits of 95 % `low` and `high`.
    """
    return pd.read_csv(DATA / "outbreak_calibration.csv", comment="#")


def outbreak_probability(groups: pd.DataFrame, curves: pd.DataFrame | None = None) -> Floats:
    """Return how likely groups are real outbreaks; missing without a recurrence interval.

    Parameters
    ----------
    groups
        `kind` and `recurrence_interval_days`, as `LinkResult.groups` has them.
    curves
        `source` (home, meal), `recurrence_interval_days`, `probability`; between these points it is
        linear in the logarithm of the interval. None: as fitted on simulated districts with two
        outbreaks a month by ``benchmarks/outbreak_probability.py``.

    Examples
    --------
    >>> groups = pd.DataFrame({"kind": ["venue"], "recurrence_interval_days": [1e5]})
    >>> bool(outbreak_probability(groups)[0] > 0.9)
    True
    """
    curves = fitted_curves() if curves is None else curves
    days = groups["recurrence_interval_days"].to_numpy(np.float64)
    of_home = (groups["kind"] == "home").to_numpy(bool)
    result = np.full(len(groups), np.nan)
    for source, chosen in (("home", of_home), ("meal", ~of_home)):
        own = curves[curves["source"] == source]
        points = np.log(own["recurrence_interval_days"].to_numpy(np.float64))
        probability = own["probability"].to_numpy(np.float64)
        result[chosen] = np.interp(np.log(days[chosen]), points, probability)
    return np.where(np.isnan(days), np.nan, result)
