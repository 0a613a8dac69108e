"""The same person reported twice is one case: the rule, and what it merges."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from enteroscan.cases._columns import Values
from enteroscan.errors import SpecError


@dataclass(frozen=True, kw_only=True)
class Duplicates:
    """When two reports of the same person are one case.

    The person is the keyed hash of the identity number; without it, of name, sex and birth date; or
    of name, sex and phone number; or of name, sex and address. Reports of people who cannot be told
    apart this way are never merged.

    Parameters
    ----------
    max_gap_days
        Two reports are one case if the illness begins at most so many days after that of the first
        report. Where a report has no onset, its visit counts, else the time of the report.
    revisit_days
        A report that says it is a revisit belongs to the case of the same person that began at most
        so many days before.

    Examples
    --------
    >>> Duplicates(max_gap_days=1)
    Duplicates(max_gap_days=1, revisit_days=14)
    """

    max_gap_days: float = 3
    revisit_days: float = 14

    def __post_init__(self) -> None:
        """Check the numbers of days."""
        for name in ("max_gap_days", "revisit_days"):
            if not getattr(self, name) >= 0:
                message = f"{name}={getattr(self, name)!r} must be a number of days, 0 or more"
                raise SpecError(message)

    def find(
        self, person: Values, time: NDArray[np.datetime64], revisit: Values
    ) -> tuple[NDArray[np.int32], pd.DataFrame]:
        """Return the case that every case becomes, and the merged ones: case, target, gap_days."""
        n = len(person)
        target = np.arange(n, dtype=np.int32)
        codes, _ = pd.factorize(person)
        usable = (codes >= 0) & ~np.isnat(time)
        counts = np.bincount(codes[usable]) if usable.any() else np.zeros(1, dtype=np.int64)
        repeated = np.flatnonzero(usable)[counts[codes[usable]] > 1]
        # Days, so that a date alone and an hour of that day agree.
        days = time.astype("datetime64[D]").astype(np.int64)
        order = repeated[np.lexsort((repeated, days[repeated], codes[repeated]))]
        is_revisit = np.array([value is True for value in revisit[order].tolist()], dtype=bool)
        merged: list[tuple[int, int, int]] = []
        begin = -1
        members: list[int] = []
        for place, case in enumerate(order.tolist()):
            gap = days[case] - days[begin] if begin >= 0 else 0
            same = (
                begin >= 0
                and codes[case] == codes[begin]
                and (gap <= self.max_gap_days or (is_revisit[place] and gap <= self.revisit_days))
            )
            if not same:
                _join(members, days, target, merged)
                begin, members = case, []
            members.append(case)
        _join(members, days, target, merged)
        return target, pd.DataFrame(merged, columns=["case", "target", "gap_days"])


def _join(
    members: list[int],
    days: NDArray[np.int64],
    target: NDArray[np.int32],
    merged: list[tuple[int, int, int]],
) -> None:
    """Merge cases into the one that stands first in the file."""
    if len(members) < 2:
        return
    first = min(members)
    for case in sorted(members):
        if case != first:
            target[case] = first
            merged.append((case, first, int(days[case] - days[first])))
