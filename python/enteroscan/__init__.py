"""Finds clusters of foodborne disease in space and time."""

from enteroscan._core import __version__
from enteroscan._inference import SimulatedMaxima
from enteroscan.errors import DataError, EnteroscanError, MissingExtra, SpecError
from enteroscan.results import ScanResult
from enteroscan.scan import BernoulliScan, PoissonScan, ScanSpec, SpaceTimePermutation

__all__ = [
    "BernoulliScan",
    "DataError",
    "EnteroscanError",
    "MissingExtra",
    "PoissonScan",
    "ScanResult",
    "ScanSpec",
    "SimulatedMaxima",
    "SpaceTimePermutation",
    "SpecError",
    "__version__",
]
