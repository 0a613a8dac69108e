"""Reads TreeScan's files: clusters in a tree of foods, venues or types, and in time.

>>> from enteroscan import treescan
>>> analysis = treescan.load("foods.prm")  # doctest: +SKIP
>>> result = analysis.scan()  # doctest: +SKIP
>>> result.cuts  # doctest: +SKIP

A parameter file (.prm) names its data files relative to itself. Settings have the names and values
of TreeScan 2.4; one that is not in the file has TreeScan's default. `load` raises
`UnsupportedSetting`, which names every setting that would change the result and cannot be honoured.

Random numbers are our own: statistics are TreeScan's, p-values agree within chance.
"""

from enteroscan.satscan import UnsupportedSetting
from enteroscan.treescan._analysis import TreescanAnalysis, TreescanResult, load

__all__ = ["TreescanAnalysis", "TreescanResult", "UnsupportedSetting", "load"]
