"""Reads SaTScan's files: the same analysis, the same clusters, faster.

>>> from enteroscan import satscan
>>> analysis = satscan.load("NewMexico.prm")  # doctest: +SKIP
>>> result = analysis.scan()  # doctest: +SKIP

A parameter file (.prm) names its data files relative to itself. Settings have the names and values
of SaTScan 10; one that is not in the file has SaTScan's default. `load` raises
`UnsupportedSetting`, which names every setting that would change the result and cannot be honoured
yet. Settings of SaTScan's output files, e-mails and the like are left aside, and names that SaTScan
10.3 does not know are listed in ``analysis.ignored``.
"""

from enteroscan.satscan._analysis import SatscanAnalysis, load
from enteroscan.satscan._support import UnsupportedSetting

__all__ = ["SatscanAnalysis", "UnsupportedSetting", "load"]
