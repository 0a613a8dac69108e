"""Time series: which counts of a week, a day or a month are more than the past lets one expect.

A spec is a method and its options, with one verb:

>>> from enteroscan.timeseries import FarringtonFlexible
>>> result = FarringtonFlexible().detect(weekly, by="district", last=1)  # doctest: +SKIP
>>> result.alarms  # doctest: +SKIP
"""

from enteroscan.timeseries.auto import choose_detector, detect
from enteroscan.timeseries.delay import correct_delays, known_on
from enteroscan.timeseries.hierarchy import HierarchyResult, detect_hierarchy
from enteroscan.timeseries.holidays import holiday_periods, weekdays_in_china
from enteroscan.timeseries.multiplicity import control_false_discoveries, mid_p_values
from enteroscan.timeseries.result import DetectionResult
from enteroscan.timeseries.run_lengths import (
    CusumDesign,
    cusum_design,
    cusum_run_length,
    normal_cusum_design,
    normal_cusum_run_length,
)
from enteroscan.timeseries.specs import (
    AdaptiveRegression,
    Bayes,
    Cusum,
    DetectorSpec,
    EarsC1,
    EarsC2,
    EarsC3,
    Ewma,
    EwmaOrRegression,
    Farrington,
    FarringtonFlexible,
    Glr,
    HistoricalLimits,
    NegativeBinomialRegression,
    OutbreakP,
    Rki,
    Serfling,
)

__all__ = [
    "AdaptiveRegression",
    "Bayes",
    "Cusum",
    "CusumDesign",
    "DetectionResult",
    "DetectorSpec",
    "EarsC1",
    "EarsC2",
    "EarsC3",
    "Ewma",
    "EwmaOrRegression",
    "Farrington",
    "FarringtonFlexible",
    "Glr",
    "HierarchyResult",
    "HistoricalLimits",
    "NegativeBinomialRegression",
    "OutbreakP",
    "Rki",
    "Serfling",
    "choose_detector",
    "control_false_discoveries",
    "correct_delays",
    "cusum_design",
    "cusum_run_length",
    "detect",
    "detect_hierarchy",
    "holiday_periods",
    "known_on",
    "mid_p_values",
    "normal_cusum_design",
    "normal_cusum_run_length",
    "weekdays_in_china",
]
