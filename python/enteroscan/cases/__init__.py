"""Case reports as they really arrive: read, checked, protected.

>>> cases = read_cases("病例.xlsx")  # doctest: +SKIP
>>> cases.quality  # doctest: +SKIP
"""

from enteroscan.cases._cases import Cases
from enteroscan.cases._duplicates import Duplicates
from enteroscan.cases._identity import HIDDEN
from enteroscan.cases._quality import QualityReport
from enteroscan.cases._read import read_cases

__all__ = ["HIDDEN", "Cases", "Duplicates", "QualityReport", "read_cases"]
