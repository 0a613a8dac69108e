"""Nights as they were: every night a detector sees what was known then, and nothing else."""

from datetime import date
from typing import TYPE_CHECKING, Protocol

import pandas as pd

from enteroscan.cases import Cases
from enteroscan.errors import DataError, SpecError

if TYPE_CHECKING:
    from concurrent.futures import Executor

__all__ = ["GROUP_COLUMNS", "Detector", "known_on", "replay"]

GROUP_COLUMNS = (
    "group",
    "members",
    "source",
    "p_value",
    "recurrence_interval_days",
    "statistic",
)
"""Columns of the groups that a detector returns; see `Detector`."""

DAY = pd.Timedelta(days=1)
NIGHTS_PER_TASK = 16


class Detector(Protocol):
    """Anything that is called with the cases known on a night, and returns suspected groups.

    It returns one row a group: ``group`` (1, 2, ...), ``members`` (tuple of `case_id`), ``source``
    (what they share, missing if nothing), ``p_value``, ``recurrence_interval_days`` and
    ``statistic``; what a detector does not have is missing. For an executor of processes it must
    be picklable.
    """

    def __call__(self, cases: Cases, as_of: date, /) -> pd.DataFrame:
        """Return the groups of a night."""
        ...


def known_on(cases: Cases, as_of: date) -> Cases:
    """Return what was known at the end of a day.

    Parameters
    ----------
    cases
        Case reports, all with the time of the report.
    as_of
        The day. Reports of later days are left out with their exposures and specimens; deaths
        after it are missing, and so are results of specimens with a later `resulted`, if there is
        such a column. Without it, results count as known with the report.

    Raises
    ------
    DataError
        Cases have no time of report, so that nobody can say when they were known.
    """
    frame = cases.frame
    _refuse_unreported(frame)
    end = pd.Timestamp(as_of).normalize() + DAY
    known = frame[frame["reported"] < end].reset_index(drop=True)
    gone = known["death"] >= end
    known = known.assign(**{name: known[name].mask(gone) for name in ("death", "death_hour_known")})
    exposures, specimens = (
        table[table["case_id"].isin(known["case_id"])].reset_index(drop=True)
        for table in (cases.exposures, cases.specimens)
    )
    if "resulted" in specimens:
        late = specimens["resulted"] >= end
        hidden = ("result", "positive", "agent", "serotype", "resulted")
        specimens = specimens.assign(**{name: specimens[name].mask(late) for name in hidden})
    return Cases(known, exposures, specimens, cases.quality)


def replay(
    cases: Cases,
    detector: Detector,
    *,
    first: str | date,
    last: str | date,
    executor: "Executor | None" = None,
) -> pd.DataFrame:
    """Run a detector on every night from a first to a last one.

    Parameters
    ----------
    cases
        All case reports, those from before the first night among them: detectors learn from them.
    detector
        See `Detector`.
    first, last
        First and last night.
    executor
        Anything like `concurrent.futures`: nights are shared out among its workers, with the same
        result.

    Returns
    -------
    DataFrame
        The groups of all nights, with `night` before the columns of `GROUP_COLUMNS`.

    Raises
    ------
    DataError
        Cases have no time of report.
    SpecError
        The last night is before the first.
    """
    nights = pd.date_range(pd.Timestamp(first).normalize(), pd.Timestamp(last).normalize())
    if len(nights) == 0:
        message = f"last={last} is before first={first}"
        raise SpecError(message)
    _refuse_unreported(cases.frame)
    tasks = [nights[i : i + NIGHTS_PER_TASK] for i in range(0, len(nights), NIGHTS_PER_TASK)]
    work = map if executor is None else executor.map
    parts = work(_some_nights, [cases] * len(tasks), [detector] * len(tasks), tasks)
    return pd.concat(list(parts), ignore_index=True)


def _some_nights(cases: Cases, detector: Detector, nights: pd.DatetimeIndex) -> pd.DataFrame:
    parts = []
    for night in nights:
        groups = detector(known_on(cases, night.date()), night.date())
        missing = [name for name in GROUP_COLUMNS if name not in groups]
        if missing:
            message = f"the detector returned no column {', '.join(missing)}; see Detector"
            raise DataError(message)
        groups = groups[list(GROUP_COLUMNS)]
        groups.insert(0, "night", night)
        parts.append(groups)
    return pd.concat(parts, ignore_index=True)


def _refuse_unreported(frame: pd.DataFrame) -> None:
    missing = frame["reported"].isna()
    if missing.any():
        first = ", ".join(map(str, frame.loc[missing, "case_id"].head(3)))
        message = (
            f"reported is missing in {int(missing.sum()):,} cases (first: {first}): nobody can say "
            "when they were known; fill it in, or leave them out"
        )
        raise DataError(message)
