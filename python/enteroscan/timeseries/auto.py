"""The best detector that the history allows."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypedDict, Unpack

from enteroscan.errors import DataError
from enteroscan.timeseries.specs import (
    Bayes,
    DetectorSpec,
    EarsC1,
    EwmaOrRegression,
    FarringtonFlexible,
    NegativeBinomialRegression,
)

if TYPE_CHECKING:
    import pandas as pd

    from enteroscan._progress import Progress
    from enteroscan.timeseries._calendar import Calendar, Every
    from enteroscan.timeseries._series import Absent
    from enteroscan.timeseries.result import DetectionResult, Period

__all__ = ["choose_detector", "detect"]


class Data(TypedDict, total=False):
    """How counts are read; see `DetectorSpec.detect`."""

    by: str | Sequence[str] | None
    date: str
    count: str
    population: str | None
    every: "Every | None"
    period: float | None
    absent: "Absent"
    exclude: "Sequence[Period]"
    n_jobs: int | None
    progress: "bool | Progress | None"


def choose_detector(calendar: "Calendar", first_judged: int) -> DetectorSpec:
    """Return the best detector for points with so many others before them.

    Five, four or three years: `FarringtonFlexible`; two: `NegativeBinomialRegression`; less: for
    days with four weeks `EwmaOrRegression`, else `EarsC1` or, with few points, `Bayes` (variant 1).
    """
    for years in (5, 4, 3):
        flexible = FarringtonFlexible(
            years_back=years, recent_steps_excluded=round(calendar.period / 2)
        )
        if first_judged >= flexible.history(calendar):
            return flexible
    if first_judged >= 2 * calendar.period:
        return NegativeBinomialRegression()
    daily = EwmaOrRegression()
    if calendar.every == "day" and first_judged >= daily.history(calendar) + 14:
        return daily
    weekly = EarsC1(baseline_steps=7, min_sigma=0.5, student=True)
    if first_judged >= weekly.history(calendar):
        return weekly
    return Bayes(variant=1)


def detect(
    counts: "pd.DataFrame",
    *,
    method: str | DetectorSpec = "auto",
    last: int = 1,
    **data: Unpack[Data],
) -> "DetectionResult":
    """Judge the last points of many series by the best method that their history allows.

    Parameters
    ----------
    counts, last, data
        As in `DetectorSpec.detect`.
    method
        ``"auto"``, the name of a method with its defaults (``"farrington-flexible"``), or a spec.

    Returns
    -------
    DetectionResult
        ``result.spec`` says which method it was.
    """
    from enteroscan.timeseries._series import read_series

    if isinstance(method, DetectorSpec):
        return method.detect(counts, last=last, **data)
    if method != "auto":
        return DetectorSpec.from_dict({"method": method}).detect(counts, last=last, **data)
    calendar = read_series(
        counts,
        by=data.get("by"),
        date=data.get("date", "date"),
        count=data.get("count", "count"),
        population=data.get("population"),
        every=data.get("every"),
        period=data.get("period"),
        absent=data.get("absent", "raise"),
    ).calendar
    if calendar.n <= last:
        message = f"there are {calendar.n} {calendar.every}s, and the last {last} are to be judged"
        raise DataError(message)
    return choose_detector(calendar, calendar.n - last).detect(counts, last=last, **data)
