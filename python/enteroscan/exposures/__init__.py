"""Finds what the cases of some places and days ate more often than other cases.

A tree says what is a kind of what; the scan looks at all its nodes, at circles and at days:

>>> from enteroscan import ExposureScan, ExposureTree
>>> tree = ExposureTree.of_foods(cases)  # doctest: +SKIP
>>> result = ExposureScan(max_radius_km=3).scan(cases, tree, as_of="2024-06-30")  # doctest: +SKIP
"""

from enteroscan.exposures.result import ExposureResult
from enteroscan.exposures.spec import ExposureScan
from enteroscan.exposures.tree import ExposureTree

__all__ = ["ExposureResult", "ExposureScan", "ExposureTree"]
