"""Finds clusters of foodborne disease in space and time."""

from enteroscan._core import __version__
from enteroscan._inference import SimulatedMaxima
from enteroscan.cases import Cases, Duplicates, QualityReport, read_cases
from enteroscan.errors import DataError, EnteroscanError, MissingExtra, SpecError
from enteroscan.exposures import ExposureResult, ExposureScan, ExposureTree
from enteroscan.linkage import LinkResult, SharedExposure
from enteroscan.results import ScanResult
from enteroscan.scan import BernoulliScan, PoissonScan, ScanSpec, SpaceTimePermutation

__all__ = [
    "BernoulliScan",
    "Cases",
    "DataError",
    "Duplicates",
    "EnteroscanError",
    "ExposureResult",
    "ExposureScan",
    "ExposureTree",
    "LinkResult",
    "MissingExtra",
    "PoissonScan",
    "QualityReport",
    "ScanResult",
    "ScanSpec",
    "SharedExposure",
    "SimulatedMaxima",
    "SpaceTimePermutation",
    "SpecError",
    "__version__",
    "read_cases",
]
