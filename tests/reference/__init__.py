"""Slow and obvious scan statistics, to hold the compiled ones against.

Everything here follows from the published definitions and shares no code with the package:
distances, zones and intervals by enumeration, likelihood ratios by formula, the scan by three
nested loops, null data by NumPy's own generators.
"""

from reference.nulls import bernoulli_null, permutation_null, poisson_null
from reference.scan import Window, best_per_centre, best_window, evaluate
from reference.study import Eligibility, Study, bernoulli_study, permutation_study, poisson_study
from reference.windows import (
    SizeLimit,
    all_windows,
    distance,
    entry_order,
    growing,
    largest_circles,
    open_windows,
    prefixes_within,
)

__all__ = [
    "Eligibility",
    "SizeLimit",
    "Study",
    "Window",
    "all_windows",
    "bernoulli_null",
    "bernoulli_study",
    "best_per_centre",
    "best_window",
    "distance",
    "entry_order",
    "evaluate",
    "growing",
    "largest_circles",
    "open_windows",
    "permutation_null",
    "permutation_study",
    "poisson_null",
    "poisson_study",
    "prefixes_within",
]
