"""From SaTScan's settings to a spec."""

from datetime import date
from typing import Any

from enteroscan.errors import SpecError
from enteroscan.satscan._dates import standard_date
from enteroscan.satscan._parameters import Parameters
from enteroscan.satscan._support import BERNOULLI, PERMUTATION, POISSON, SPATIAL
from enteroscan.scan import (
    DURATION_SUFFIXES,
    BernoulliScan,
    PoissonScan,
    RandomStream,
    ScanSpec,
    SpaceTimePermutation,
    TimeUnit,
)

MODELS: dict[str, type[ScanSpec]] = {
    POISSON: PoissonScan,
    BERNOULLI: BernoulliScan,
    PERMUTATION: SpaceTimePermutation,
}
ANALYSES = {
    SPATIAL: "spatial",
    "2": "temporal",
    "3": "retrospective",
    "4": "prospective",
    "6": "prospective_temporal",
}
RATES = {"1": "high", "2": "low", "3": "both"}
UNITS: dict[str, TimeUnit] = {"1": "year", "2": "month", "3": "day", "4": "generic"}
OVERLAPS = {
    "0": "none",
    "1": "no_centres_in_other",
    "2": "no_centres_in_more_likely",
    "3": "no_centres_in_less_likely",
    "4": "no_pairs_in_each_other",
    "5": "any",
}
P_VALUES = {"0": "default", "1": "monte_carlo", "2": "sequential", "3": "gumbel"}
FREQUENCIES = {
    "0": None,
    "1": ("days", 1),
    "2": ("weeks", 1),
    "3": ("months", 1),
    "4": ("months", 3),
    "5": ("years", 1),
}
COORDINATES = {"0": ("x", "y", "z"), "1": ("latitude", "longitude")}
GENERIC_TIME = "4"
WITH_ITS_RANDOM_NUMBERS = (PERMUTATION, BERNOULLI)  # those of Poisson are not reproduced


def time_unit(parameters: Parameters) -> TimeUnit:
    """Return the unit of time."""
    if parameters.text("AnalysisType") == SPATIAL:
        generic = parameters.text("PrecisionCaseTimes") == GENERIC_TIME
        return "generic" if generic else "day"
    return parameters.choice("TimeAggregationUnits", UNITS)


def make_spec(parameters: Parameters, covariates: tuple[str, ...]) -> ScanSpec:
    """Make the spec; `covariates` are columns of the cases."""
    analysis = parameters.choice("AnalysisType", ANALYSES)
    model = parameters.choice("ModelType", MODELS)
    options: dict[str, Any] = {
        "analysis": analysis,
        "rates": parameters.choice("ScanAreas", RATES),
        "min_cases": parameters.whole("MinimumCasesInHighRateClusters"),
        "min_cases_low": parameters.whole("MinimumCasesInLowRateClusters"),
        "random_state": parameters.whole("RandomizationSeed"),
        "random_stream": _random_stream(parameters),
        "n_jobs": parameters.whole("NumberParallelProcesses") or None,
        "time_unit": time_unit(parameters),
        **_inference(parameters),
        **_risks(parameters),
    }
    if not analysis.endswith("temporal"):
        options |= _sizes(parameters)
        options["overlap"] = parameters.choice("CriteriaForReportingSecondaryClusters", OVERLAPS)
    if analysis != "spatial":
        options |= _time(parameters, options["time_unit"])
    if analysis in ("prospective", "retrospective"):
        options["include_spatial"] = parameters.flag("IncludePurelySpatial")
        options["include_temporal"] = parameters.flag("IncludePurelyTemporal")
    if analysis.startswith("prospective"):
        options |= _earlier_analyses(parameters)
    if model is PoissonScan:
        options["covariates"] = covariates
    elif model is SpaceTimePermutation:
        options["strata"] = covariates
        options["adjust_day_of_week"] = parameters.flag("AdjustForWeeklyTrends")
    try:
        return model(**options)
    except SpecError as error:
        message = f"{parameters.path}: {error}"
        raise SpecError(message) from error


def _random_stream(parameters: Parameters) -> RandomStream:
    has_its_own = parameters.text("ModelType") in WITH_ITS_RANDOM_NUMBERS
    return "satscan" if has_its_own else "philox"


def _inference(parameters: Parameters) -> dict[str, Any]:
    p_values = parameters.choice("PValueReportType", P_VALUES)
    options: dict[str, Any] = {
        "replicates": parameters.whole("MonteCarloReps"),
        "p_values": p_values,
    }
    if p_values == "sequential":
        options["sequential_threshold"] = parameters.whole("EarlyTerminationThreshold")
    return options


def _risks(parameters: Parameters) -> dict[str, float]:
    limits = {"min": ("RiskLimitHighClusters", "RiskThresholdHighClusters")}
    limits["max"] = ("RiskLimitLowClusters", "RiskThresholdLowClusters")
    return {
        f"{bound}_relative_risk": parameters.number(threshold)
        for bound, (used, threshold) in limits.items()
        if parameters.flag(used)
    }


def _sizes(parameters: Parameters) -> dict[str, float]:
    options = _size_limits(parameters, "", "max", "MaxSpatialSizeInMaxCirclePopulationFile")
    if parameters.flag("UseReportOnlySmallerClusters"):
        options |= _size_limits(
            parameters, "_Reported", "max_reported", "MaxSizeInMaxCirclePopulationFile_Reported"
        )
    return options


def _size_limits(
    parameters: Parameters, suffix: str, prefix: str, circle_share: str
) -> dict[str, float]:
    share = parameters.number(f"MaxSpatialSizeInPopulationAtRisk{suffix}") / 100
    options = {f"{prefix}_size_share": share}
    if parameters.flag(f"UseMaxCirclePopulationFileOption{suffix}"):
        options[f"{prefix}_circle_share"] = parameters.number(circle_share) / 100
    if parameters.flag(f"UseDistanceFromCenterOption{suffix}"):
        unit = {"x": "", "latitude": "_km"}[parameters.choice("CoordinatesType", COORDINATES)[0]]
        radius = parameters.number(f"MaxSpatialSizeInDistanceFromCenter{suffix}")
        options[f"{prefix}_radius{unit}"] = radius
    return options


def _time(parameters: Parameters, unit: TimeUnit) -> dict[str, Any]:
    suffix = DURATION_SUFFIXES[unit]
    options: dict[str, Any] = {
        "time_aggregation": parameters.whole("TimeAggregationLength"),
        f"min_duration_{suffix}": parameters.whole("MinimumTemporalClusterSize"),
    }
    is_share = parameters.choice("MaxTemporalSizeInterpretation", {"0": True, "1": False})
    if is_share:
        options["max_duration_share"] = parameters.number("MaxTemporalSize") / 100
    else:
        options[f"max_duration_{suffix}"] = parameters.whole("MaxTemporalSize")
    return options


def _earlier_analyses(parameters: Parameters) -> dict[str, Any]:
    options: dict[str, Any] = {}
    frequency = parameters.choice("ProspectiveFrequencyType", FREQUENCIES)
    if frequency is not None:
        unit, length = frequency
        options[f"repeat_every_{unit}"] = length * parameters.whole("ProspectiveFrequency")
    if parameters.flag("AdjustForEarlierAnalyses"):
        options["adjust_for_analyses_since"] = _since(parameters)
    return options


def _since(parameters: Parameters) -> date | int:
    text = parameters.text("ProspectiveStartDate")
    try:
        if time_unit(parameters) == "generic":
            return int(text)
        return date.fromisoformat(standard_date(text))
    except ValueError:
        parameters.refuse("ProspectiveStartDate", "must be a date, year/month/day")
