"""Reads SaTScan's files: the same analysis, the same clusters, faster.

>>> from enteroscan import satscan
>>> analysis = satscan.load("NewMexico.prm")  # doctest: +SKIP
>>> result = analysis.scan()  # doctest: +SKIP

A parameter file (.prm) names its data files relative to itself. Settings have the names and values
of SaTScan 10; one that is not in the file has SaTScan's default. `load` raises
`UnsupportedSetting`, which names every setting that would change the result and cannot be honoured
yet. Settings of SaTScan's output files, e-mails and the like are left aside, and names that SaTScan
10.3 does not know are listed in ``analysis.ignored``.

Random numbers are SaTScan's in the space-time permutation and the Bernoulli model: p-values are the
same, digit by digit. Those of the Poisson model are not reproduced: its p-values agree within
chance, and since a list ends where no simulated maximum is below a cluster's statistic, the last
clusters, with p near 1, may be more or fewer. ``analysis.scan(random_stream="philox")`` takes our
own random numbers everywhere.
"""

from enteroscan.satscan._analysis import SatscanAnalysis, load
from enteroscan.satscan._support import UnsupportedSetting

__all__ = ["SatscanAnalysis", "UnsupportedSetting", "load"]
