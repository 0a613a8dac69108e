"""The best detector that the history allows."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypedDict, Unpack

import numpy as np

from enteroscan.errors import DataError, SpecError
from enteroscan.timeseries._problems import say
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
    from enteroscan.timeseries._series import Absent, SeriesTable
    from enteroscan.timeseries.result import DetectionResult, Period

__all__ = ["choose_detector", "detect"]


class Reading(TypedDict, total=False):
    """How counts are read and judged; see `DetectorSpec.detect`."""

    date: str
    count: str
    population: str | None
    every: "Every | None"
    period: float | None
    absent: "Absent"
    exclude: "Sequence[Period]"
    weekdays: "pd.Series[int] | None"
    n_jobs: int | None
    progress: "bool | Progress | None"


class Data(Reading, total=False):
    """The same, with the columns that tell series apart."""

    by: str | Sequence[str] | None


def choose_detector(calendar: "Calendar", first_judged: int) -> DetectorSpec:
    """Return the best detector for points with so many others before them.

    Five, four or three years: `FarringtonFlexible`; two: `NegativeBinomialRegression`, both with an
    effect of the day of the week for daily counts; less: for days with four weeks
    `EwmaOrRegression`, else `EarsC1` or, with few points, `Bayes` (variant 1).
    """
    for years in (5, 4, 3):
        flexible = FarringtonFlexible(
            years_back=years,
            recent_steps_excluded=round(calendar.period / 2),
            weekday_effect=calendar.every == "day",
        )
        if first_judged >= flexible.history(calendar):
            return flexible
    if first_judged >= 2 * calendar.period:
        return NegativeBinomialRegression(weekday_effect=calendar.every == "day")
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
        ``result.series`` says for every series which method it was and why. The history of a
        series begins with its first count that is not missing.
    """
    from enteroscan.timeseries._series import read_series

    if isinstance(method, DetectorSpec):
        return method.detect(counts, last=last, **data)
    if method != "auto":
        return DetectorSpec.from_dict({"method": method}).detect(counts, last=last, **data)
    table = read_series(
        counts,
        by=data.get("by"),
        date=data.get("date", "date"),
        count=data.get("count", "count"),
        population=data.get("population"),
        every=data.get("every"),
        period=data.get("period"),
        absent=data.get("absent", "raise"),
    )
    return judge_table(table, method="auto", last=last, data=data)


def judge_table(
    table: "SeriesTable", *, method: str | DetectorSpec, last: int, data: Reading
) -> "DetectionResult":
    """Judge series that have been read already."""
    from enteroscan.timeseries.result import judge

    exclude, n_jobs = data.get("exclude", ()), data.get("n_jobs")
    progress = data.get("progress")
    if method != "auto":
        spec = (
            method
            if isinstance(method, DetectorSpec)
            else DetectorSpec.from_dict({"method": method})
        )
        return judge(
            spec,
            spec.with_weekdays(table, data.get("weekdays")),
            last=last,
            since=None,
            exclude=exclude,
            n_jobs=n_jobs,
            progress=progress,
        )
    if data.get("weekdays") is not None:
        message = "weekdays= needs a method that looks at days of the week, such as essence-switch"
        raise SpecError(message)
    calendar = table.calendar
    if calendar.n <= last:
        raise DataError(say("short", n=calendar.n, every=calendar.every, last=last))
    return _judge_each(table, last, exclude=exclude, n_jobs=n_jobs, progress=progress)


def _judge_each(
    table: "SeriesTable",
    last: int,
    *,
    exclude: "Sequence[Period]",
    n_jobs: int | None,
    progress: "bool | Progress | None",
) -> "DetectionResult":
    """Judge every series by the detector that its own history allows."""
    from enteroscan._progress import reporting
    from enteroscan.timeseries.result import judge, unite

    lengths, which_length = np.unique(table.history(table.calendar.n - last), return_inverse=True)
    chosen = [choose_detector(table.calendar, int(length)) for length in lengths]
    specs = list(dict.fromkeys(reversed(chosen)))  # that for the longest history first
    which = np.array([specs.index(spec) for spec in chosen], dtype=np.int64)[which_length]
    parts: list[DetectionResult] = []
    with reporting(progress) as report:
        for number, spec in enumerate(specs):
            rows = np.flatnonzero(which == number)
            part = table if len(specs) == 1 else table.select(rows)
            told = None if report is None else _part_of(report, number, len(specs))
            parts.append(
                judge(
                    spec,
                    part,
                    last=last,
                    since=None,
                    exclude=exclude,
                    n_jobs=n_jobs,
                    progress=told,
                )
            )
    spans = [lengths[[spec == other for other in chosen]] for spec in specs]
    histories = [(int(span.min()), int(span.max()), table.calendar.every) for span in spans]
    return unite(parts, which, histories, table.keys)


def _part_of(report: "Progress", number: int, n_parts: int) -> "Progress":
    return lambda share: report((number + share) / n_parts)
