"""Which cases ate the same thing: pairs, groups, sources, and how sure that is.

>>> from enteroscan.linkage import SharedExposure
>>> result = SharedExposure().link(cases, as_of="2024-06-30")  # doctest: +SKIP
>>> result.groups  # doctest: +SKIP
"""

from enteroscan.linkage._groups import EVIDENCE
from enteroscan.linkage._probability import outbreak_calibration, outbreak_probability
from enteroscan.linkage.result import LinkResult
from enteroscan.linkage.spec import SharedExposure

__all__ = [
    "EVIDENCE",
    "LinkResult",
    "SharedExposure",
    "outbreak_calibration",
    "outbreak_probability",
]
