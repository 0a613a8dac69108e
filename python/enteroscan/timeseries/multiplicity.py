"""Many series at once: how many of the alarms are false."""

from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from enteroscan.errors import DataError, SpecError
from enteroscan.timeseries.result import DetectionResult

__all__ = ["control_false_discoveries", "mid_p_values"]

Method = Literal["bh", "by"]
Floats = NDArray[np.float64]


def control_false_discoveries(
    result: DetectionResult, *, rate: float = 0.05, method: Method = "bh", mid_p: bool = False
) -> pd.DataFrame:
    """Adjust the p-values of each date over all series for the false discovery rate.

    Parameters
    ----------
    result
        Of a detector with p-values.
    rate
        Share of false alarms among the alarms that is tolerated.
    method
        ``"bh"``: Benjamini and Hochberg (1995), for independent or positively dependent series;
        ``"by"``: Benjamini and Yekutieli (2001), for any dependence.
    mid_p
        Take half the chance of exactly this count off first: counts are discrete, and their
        p-values too large on average. Needs a method with a count distribution (dispersion).

    Returns
    -------
    DataFrame
        `DetectionResult.frame` with the columns ``q_value``, the least rate at which the point is
        an alarm, and ``discovery``. Points without a p-value have neither; points with too few
        recent cases are counted, but are no discovery.
    """
    from scipy.stats import false_discovery_control

    if not 0.0 < rate < 1.0:
        message = f"rate={rate!r} must lie between 0 and 1"
        raise SpecError(message)
    if method not in ("bh", "by"):
        message = f"method={method!r} is unknown; choose 'bh' or 'by'"
        raise SpecError(message)
    frame = result.frame
    p_value = result.tables["p_value"]
    if mid_p:
        p_value = mid_p_values(result)
    if p_value.size and np.isnan(p_value).all():
        message = f"{type(result.spec).__name__} gives no p-values, so there is no rate to hold"
        raise DataError(message)
    q_value = np.full(p_value.shape, np.nan)
    for point in range(p_value.shape[1]):
        known = ~np.isnan(p_value[:, point])
        if known.any():
            q_value[known, point] = false_discovery_control(p_value[known, point], method=method)
    frame["q_value"] = q_value.ravel()
    frame["discovery"] = (frame["q_value"] <= rate) & (frame["reason"] == "")
    return frame


def mid_p_values(result: DetectionResult) -> Floats:
    """Return p-values less half the chance of exactly the observed count.

    The chance is that of a negative binomial (Poisson without overdispersion) with the result's
    mean and dispersion; counts that are not whole, and points without these, keep their p-value.
    """
    from scipy.stats import nbinom, poisson

    tables = result.tables
    observed, mean, dispersion = (tables[name] for name in ("observed", "expected", "dispersion"))
    p_value: Floats = tables["p_value"].copy()
    whole = (observed == np.floor(observed)) & (mean > 0) & (dispersion >= 1.0) & ~np.isnan(p_value)
    spread = whole & (dispersion > 1.0)
    chance = np.zeros_like(p_value)
    plain = whole & ~spread
    chance[plain] = poisson.pmf(observed[plain], mean[plain])
    size = mean[spread] / (dispersion[spread] - 1.0)
    chance[spread] = nbinom.pmf(observed[spread], size, 1.0 / dispersion[spread])
    return np.clip(p_value - 0.5 * chance, 0.0, 1.0)
