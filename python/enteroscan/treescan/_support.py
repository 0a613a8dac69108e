"""Settings of TreeScan: their defaults, and which of them are honoured."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from enteroscan.satscan._parameters import Parameters
from enteroscan.satscan._support import Rule, UnsupportedSetting

if TYPE_CHECKING:
    from enteroscan._core import TreeNull

DEFAULTS: Mapping[str, str] = {
    "allow-multi-parent-nodes": "n",
    "allow-multiple-roots": "y",
    "apply-risk-window-restriction": "n",
    "conditional-type": "0",
    "cut-type": "0",
    "data-only-on-leaves": "y",
    "date-precision": "0",
    "event-probability": "1/2",
    "include-identical-parent-cuts": "n",
    "maximum-window-fixed": "1",
    "maximum-window-percentage": "50",
    "maximum-window-type": "0",
    "minimum-node-cases": "2",
    "minimum-window-fixed": "2",
    "monte-carlo-replications": "999",
    "parallel-processes": "0",
    "perform-day-of-week-adjustments": "n",
    "probability-model": "0",
    "prospective-analysis": "n",
    "prospective-frequency": "1",
    "prospective-frequency-type": "0",
    "randomization-seed": "12345678",
    "relaxed-study-data-period-checking": "n",
    "restrict-evaluated-nodes": "n",
    "restrict-tree-levels": "n",
    "restricted-window-range": "n",
    "risk-window-percentage": "20",
    "scan-rate-type": "0",
    "scan-type": "0",
}

# scan-type, probability-model, conditional-type: the null hypothesis. The last two of a scan that
# conditions on node and time do not matter, nor does the condition of one that is about time only.
NULLS: "Mapping[tuple[str, str, str], TreeNull]" = {
    ("0", "0", "0"): "poisson_free",
    ("0", "0", "1"): "poisson",
    ("0", "1", "0"): "bernoulli_free",
    ("0", "1", "1"): "bernoulli",
    ("1", "2", "2"): "uniform",
    ("1", "4", "2"): "bernoulli_time",
    ("2", "2", "1"): "uniform",
    ("2", "4", "1"): "bernoulli_time",
}


def _off(meaning: str) -> Rule:
    return Rule(("n",), {"y": meaning})


RULES: Mapping[str, Rule] = {
    "apply-exclusion-data-ranges": _off("time ranges that are left out"),
    "date-precision": Rule(("0", "1", "4"), {"2": "years", "3": "months"}),
    "input-simulations": _off("replicates from a file"),
    "perform-power-evaluations": _off("power evaluation"),
    "pvalue-report-type": Rule(("0",), {"1": "early termination"}),
    "random-randomization-seed": _off("another seed in every run; choose one"),
    "scan-rate-type": Rule(("0", "1", "2"), {}),
    "scan-type": Rule(("0", "1", "2"), {"3": "signed rank"}),
    "self-control-design": _off("self-control design"),
    "sequential-scan": _off("sequential scan"),
    "variable-case-probability": _off("probabilities that differ between cases"),
    "cut-filename": Rule(("",), {}, "cuts that differ between nodes"),
    "cut-type": Rule(("0", "1", "2", "3"), {}),
}


# Where and how results are written; details of what a rule above refuses unless it is off.
WITHOUT_EFFECT = frozenset(
    (
        "alternative-hypothesis-filename",
        "attributable-risk-exposed",
        "baseline-probability",
        "critical-value-001",
        "critical-value-01",
        "critical-value-05",
        "critical-values-type",
        "early-termination-threshold",
        "exclusion-data-ranges",
        "input-simulations-file",
        "min-censor-percentage",
        "minimum-censor-time",
        "output-clusterwindow-graph-html",
        "output-simulations",
        "output-simulations-file",
        "output-temporal-graph-html",
        "parameters-version",
        "power-evaluation-replications",
        "power-evaluation-totalcases",
        "power-evaluation-type",
        "power-z",
        "report-attributable-risk",
        "report-critical-values",
        "report-title",
        "results-asn",
        "results-csv",
        "results-filename",
        "results-html",
        "results-llr",
        "results-nwk",
        "risk-window-alt-censor-denominator",
        "risk-window-restriction-censor",
        "sequential-alpha-overall",
        "sequential-alpha-spending",
        "sequential-filename",
        "sequential-maximum-signal",
        "sequential-minimum-signal",
        "temporal-graph-most-mlc",
        "temporal-graph-significance-cutoff",
        "temporal-graph-type",
        "trend-data-as-percentage",
    )
)

# Honoured, without a default.
FILES_AND_RANGES = frozenset(
    (
        "control-filename",
        "count-filename",
        "data-time-range",
        "excluded-tree-levels",
        "not-evaluated-nodes-file",
        "tree-filename",
        "window-end-range",
        "window-start-range",
    )
)

LEAST: Mapping[str, int] = {
    "maximum-window-fixed": 1,
    "minimum-node-cases": 0,
    "minimum-window-fixed": 1,
    "monte-carlo-replications": 0,
    "parallel-processes": 0,
    "prospective-frequency": 1,
    "randomization-seed": 0,
}

KNOWN = frozenset((*DEFAULTS, *RULES)) | WITHOUT_EFFECT | FILES_AND_RANGES


def check(parameters: Parameters) -> "tuple[TreeNull, tuple[str, ...]]":
    """Return the null hypothesis and the names that are unknown; refuse what is not supported.

    Raises
    ------
    UnsupportedSetting
    DataError
        A number is too small.
    """
    for name, least in LEAST.items():
        if parameters.whole(name) < least:
            parameters.refuse(name, f"must be at least {least}")
    unsupported = list(_unsupported(parameters))
    null = _null(parameters)
    if null is None:
        names = ("scan-type", "probability-model", "conditional-type")
        meaning = "these three together are no model that is known"
        unsupported += [(name, parameters.text(name), meaning) for name in names]
    if unsupported or null is None:
        raise UnsupportedSetting(str(parameters.path), unsupported)
    return null, tuple(name for name in parameters.values if name not in KNOWN)


def _null(parameters: Parameters) -> "TreeNull | None":
    scan, condition = parameters.text("scan-type"), parameters.text("conditional-type")
    if (scan, condition) == ("1", "3"):
        return "permutation"
    return NULLS.get((scan, parameters.text("probability-model"), condition))


def _unsupported(parameters: Parameters) -> Iterator[tuple[str, str, str]]:
    for name, value in parameters.values.items():
        rule = RULES.get(name)
        if rule is not None and value and value.lower() not in rule.honoured:
            yield name, value, rule.meanings.get(value.lower(), rule.otherwise)
    weekly = parameters.flag("perform-day-of-week-adjustments")
    if weekly and _null(parameters) not in ("permutation", "uniform"):
        yield "perform-day-of-week-adjustments", "y", "beside the node-and-time and uniform models"
