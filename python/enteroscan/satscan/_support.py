"""Which settings are honoured, which cannot matter, and which are not supported yet."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from enteroscan.errors import EnteroscanError
from enteroscan.satscan._parameters import DEFAULTS, FILES, Parameters

SPATIAL, TEMPORAL, RETROSPECTIVE, PROSPECTIVE, PROSPECTIVE_TEMPORAL = "1", "2", "3", "4", "6"
POISSON, BERNOULLI, PERMUTATION = "0", "1", "2"


class UnsupportedSetting(EnteroscanError, ValueError):
    """A parameter file asks for something that is not there yet.

    Parameters
    ----------
    path
        The parameter file.
    settings
        Name, value and meaning of all such settings.
    """

    def __init__(self, path: str, settings: list[tuple[str, str, str]]) -> None:
        self.path = path
        self.settings = settings
        listed = "; ".join(f"{name}={value} ({meaning})" for name, value, meaning in settings)
        super().__init__(f"{path}: not supported yet: {listed}")

    def __reduce__(self) -> tuple[type, tuple[str, list[tuple[str, str, str]]]]:
        """Travel to other processes."""
        return type(self), (self.path, self.settings)


@dataclass(frozen=True)
class Rule:
    """Values of a setting that can be honoured, and what the others mean."""

    honoured: tuple[str, ...]
    meanings: Mapping[str, str]
    otherwise: str = "unknown"


def _off(meaning: str) -> Rule:
    return Rule(("n",), {"y": meaning})


RULES: Mapping[str, Rule] = {
    "AnalysisType": Rule(
        (SPATIAL, TEMPORAL, RETROSPECTIVE, PROSPECTIVE, PROSPECTIVE_TEMPORAL),
        {"5": "spatial variation in temporal trends", "7": "seasonal scan"},
    ),
    "CalculateOliveira": _off("Oliveira's F"),
    "IsotonicScan": Rule(("0",), {"1": "isotonic (monotone) scan"}),
    "IterativeScan": _off("iterative scan"),
    "ModelType": Rule(
        (POISSON, BERNOULLI, PERMUTATION),
        {
            "3": "ordinal model",
            "4": "exponential model",
            "5": "normal model",
            "6": "continuous Poisson model",
            "7": "multinomial model",
            "8": "rank model",
            "9": "uniform time model",
            "10": "batched model",
        },
    ),
    "MultipleCoordinatesType": Rule(("0",), {}, "several coordinates for one location"),
    "PerformBernoulliDrilldown": _off("drilldown, Bernoulli"),
    "PerformPowerEvaluation": _off("power evaluation"),
    "PerformStandardDrilldown": _off("drilldown"),
    "RandomlyGenerateSeed": _off("another seed in every run; choose one with RandomizationSeed"),
    "ReportGiniClusters": _off("clusters chosen by the Gini coefficient"),
    "ReportHierarchicalClusters": Rule(("y",), {"n": "hierarchical clusters are not reported"}),
    "SimulatedDataMethodType": Rule(("0",), {}, "replicates that are not of the null hypothesis"),
    "SpatialAdjustmentType": Rule(
        ("0",),
        {"1": "spatially stratified randomisation", "2": "nonparametric spatial adjustment"},
    ),
    "SpatialWindowShapeType": Rule(("0",), {"1": "elliptic window"}),
    "TimeTrendAdjustmentType": Rule(
        ("0",),
        {
            "1": "nonparametric temporal adjustment",
            "2": "log-linear temporal trend of a given percentage",
            "3": "log-linear temporal trend, calculated",
            "4": "time-stratified randomisation",
            "5": "log-quadratic temporal trend, calculated",
        },
    ),
    "UseLocationsNetworkFile": _off("network of locations"),
    "UseMetaLocationsFile": _off("meta locations"),
}

# Where, how and to whom results are written; how the run behaves; details of what a rule above
# refuses unless it is off.
WITHOUT_EFFECT = frozenset(
    (
        "AlternativeHypothesisFilename",
        "CensusAreasReportedClustersASCII",
        "CensusAreasReportedClustersDBase",
        "CompressKMLtoKMZ",
        "CriticalValue",
        "CriticalValue001",
        "CriticalValue01",
        "CriticalValue05",
        "CriticalValueType",
        "CustomEmail",
        "CustomEmailMessageBody",
        "CustomEmailSubjectLine",
        "CutoffClusterLinelistCSV",
        "DrilldownAdjustForWeeklyTrends",
        "DrilldownClusterCutoff",
        "DrilldownMinimumClusterCases",
        "DrilldownMinimumClusterLocations",
        "EllipseAngles",
        "EllipseShapes",
        "EmailAlwaysRecipients",
        "EmailAlwaysSummary",
        "EmailAttachResults",
        "EmailCutoffRecipients",
        "EmailCutoffSummary",
        "EmailCutoffValue",
        "EmailIncludeResults",
        "ExecutionType",
        "GiniIndexClusterReportingType",
        "GiniIndexClustersPValueCutOff",
        "IncludeClusterLocationsKML",
        "IncludeRelativeRisksCensusAreasASCII",
        "IncludeRelativeRisksCensusAreasDBase",
        "IntervalEndRange",
        "IntervalStartRange",
        "IterativeScanMaxIterations",
        "IterativeScanMaxPValue",
        "LaunchKMLViewer",
        "LaunchMapViewer",
        "LineListIndividualCache",
        "LocationsNetworkFilename",
        "LogRunToHistoryFile",
        "MetaLocationsFilename",
        "MostLikelyClusterCaseInfoEachCentroidASCII",
        "MostLikelyClusterCaseInfoEachCentroidDBase",
        "MostLikelyClusterEachCentroidASCII",
        "MostLikelyClusterEachCentroidDBase",
        "MultipleDataSetsPurposeType",
        "MultipleLocationsFile",
        "NonCompactnessPenalty",
        "NumBootstrapReplications",
        "NumberPowerReplications",
        "OliveiraPvalueCutoff",
        "OutputCartesianGraph",
        "OutputGoogleEarthKML",
        "OutputGoogleMaps",
        "OutputKML",
        "OutputShapefiles",
        "OutputTemporalGraphHTML",
        "PowerEstimationType",
        "PowerEvaluationTotalCases",
        "PowerEvaluationsMethod",
        "PowerEvaluationsSimulationMethod",
        "PowerEvaluationsSimulationOutputFilename",
        "PowerEvaluationsSimulationSourceFilename",
        "PrintAsciiColumnHeaders",
        "PrintSimulatedDataToFile",
        "ReportClusterRank",
        "ReportGiniIndexCoefficents",
        "ReportGumbel",
        "ReportPowerEvaluationSimulationData",
        "ResultsFile",
        "ResultsTitle",
        "SaveSimLLRsASCII",
        "SaveSimLLRsDBase",
        "SimulatedDataInputFilename",
        "SimulatedDataOutputFilename",
        "SpatialMaxima",
        "SuppressWarnings",
        "TemporalGraphMostMLC",
        "TemporalGraphReportType",
        "TemporalGraphSignificanceCutoff",
        "ThresholdLocationsSeparateKML",
        "TimeStratifiedAdjLength",
        "TimeTrendPercentage",
        "TimeTrendType",
        "Version",
    )
)

SOURCE_DETAILS = ("Type", "FieldMap", "Delimiter", "Grouper", "Skip", "FirstRowHeader")

_HONOURED = re.compile(rf"({'|'.join(FILES)})-Source({'|'.join(SOURCE_DETAILS)})")
_FURTHER_DATA = re.compile(r"(CaseFile|ControlFile|PopulationFile)(\d+)")
_WITHOUT_EFFECT = re.compile(
    r"DataSet\d+-Name|Polygon\d+|(CaseFile|ControlFile|PopulationFile)\d+-Source\w+"
)


def check(parameters: Parameters) -> tuple[str, ...]:
    """Refuse what is not supported; return the names that are unknown.

    Raises
    ------
    UnsupportedSetting
    """
    unsupported = list(_unsupported(parameters))
    if unsupported:
        raise UnsupportedSetting(str(parameters.path), unsupported)
    return tuple(name for name in parameters.values if not _is_known(name))


def _unsupported(parameters: Parameters) -> Iterator[tuple[str, str, str]]:
    for name, value in parameters.values.items():
        rule = RULES.get(name)
        if rule is not None and value and value.lower() not in rule.honoured:
            yield name, value, rule.meanings.get(value.lower(), rule.otherwise)
        elif value and _FURTHER_DATA.fullmatch(name):
            yield name, value, "several data sets"
    yield from _unsupported_in_combination(parameters)


def _unsupported_in_combination(parameters: Parameters) -> Iterator[tuple[str, str, str]]:
    analysis, model = parameters.text("AnalysisType"), parameters.text("ModelType")
    windows = parameters.text("IncludeClusters")
    if analysis not in (SPATIAL, PROSPECTIVE, PROSPECTIVE_TEMPORAL) and windows == "1":
        yield "IncludeClusters", windows, "clusters alive at the end in a retrospective analysis"
    if analysis != SPATIAL and windows == "2":
        yield "IncludeClusters", windows, "flexible temporal window"
    if model in (POISSON, BERNOULLI) and parameters.flag("AdjustForWeeklyTrends"):
        yield "AdjustForWeeklyTrends", "y", "day of the week, beside the space-time permutation"
    if model == PERMUTATION:
        yield from _pointless_in_permutation(parameters)
    for file in FILES:
        source = f"{file}-SourceType"
        if parameters.text(source) not in ("", "0"):
            yield source, parameters.text(source), "a data file that is not text"
        fields = f"{file}-SourceFieldMap"
        if not re.fullmatch(r"[\d,\s]*", parameters.text(fields)):
            yield fields, parameters.text(fields), "fields that are no columns of the file"


def _pointless_in_permutation(parameters: Parameters) -> Iterator[tuple[str, str, str]]:
    """Yield what can find nothing: it expects what was observed in every place, at every time."""
    analysis = parameters.text("AnalysisType")
    if analysis in (SPATIAL, TEMPORAL, PROSPECTIVE_TEMPORAL):
        yield "AnalysisType", analysis, "space-time permutation without space or without time"
    for what in ("Spatial", "Temporal"):
        if parameters.flag(f"IncludePurely{what}"):
            meaning = f"purely {what.lower()} clusters of the space-time permutation"
            yield f"IncludePurely{what}", "y", meaning


def _is_known(name: str) -> bool:
    return (
        name in DEFAULTS
        or name in FILES
        or name in RULES
        or name in WITHOUT_EFFECT
        or name == "IncludeClusters"
        or any(pattern.fullmatch(name) for pattern in (_HONOURED, _FURTHER_DATA, _WITHOUT_EFFECT))
    )
