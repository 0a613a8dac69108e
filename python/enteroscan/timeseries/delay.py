"""Reporting delay: what was known on a day, and what is still to be reported."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from enteroscan.errors import DataError, SpecError
from enteroscan.timeseries._calendar import Positions, read_points

__all__ = ["correct_delays", "known_on"]

Every = Literal["day", "week"]


def known_on(cases: pd.DataFrame, day: object, *, reported: str = "reported") -> pd.DataFrame:
    """Return the cases that had been reported by the end of a day, for an honest back-test.

    Parameters
    ----------
    cases
        One row a case.
    day
        The day.
    reported
        Column with the date of the report. Cases without one were not known.
    """
    if reported not in cases.columns:
        message = f"cases: no column {reported!r}"
        raise DataError(message)
    return cases[(cases[reported] <= _timestamp(day)).to_numpy()]


def _timestamp(value: object) -> pd.Timestamp:
    return pd.DatetimeIndex([value])[0]


def correct_delays(
    cases: pd.DataFrame,
    *,
    as_of: object,
    onset: str = "onset",
    reported: str = "reported",
    by: str | Sequence[str] | None = None,
    every: Every = "day",
    max_delay_steps: int = 15,
    since: object = None,
    recent_steps: int | None = None,
) -> pd.DataFrame:
    """Estimate how many cases there will be, once all are reported, by date of onset.

    The distribution of delays is estimated from the cases known so far, allowing for those that
    cannot be known yet (right truncation), all series together: of the cases with a delay of at
    most d, the share g(d) that have exactly d; cases so far are divided by the product of
    1 - g(d) over the delays still to come. [R surveillance: nowcast(method="lawless")]

    Parameters
    ----------
    cases
        One row a case, with dates of onset and report.
    as_of
        Day of the estimate; later reports are left out.
    onset, reported, by
        Names of columns.
    every
        Unit of dates and delays.
    max_delay_steps
        Longest delay; longer ones count as this one.
    since
        First date of onset. None: that of the first case.
    recent_steps
        Estimate the delays from onsets in so many last steps. None: from all.

    Returns
    -------
    DataFrame
        ``by`` columns, ``date``, ``reported`` (cases so far), ``count`` (estimated in the end) and
        ``share_reported``. ``count`` is NaN where nothing is known of the share. It goes on to
        `DetectorSpec.detect`.

    References
    ----------
    Lawless, Adjustments for reporting delays and the prediction of occurred but not reported
    events, Can J Stat 1994.
    """
    if max_delay_steps < 1:
        message = f"max_delay_steps={max_delay_steps} must be 1 or more"
        raise SpecError(message)
    columns = [by] if isinstance(by, str) else list(by or ())
    for name in (onset, reported, *columns):
        if name not in cases.columns:
            there = ", ".join(repr(other) for other in cases.columns)
            message = f"cases: no column {name!r}; there are {there}"
            raise DataError(message)
    known = known_on(cases.dropna(subset=[onset]), as_of, reported=reported)
    backwards = known[reported] < known[onset]
    if backwards.any():
        rows = ", ".join(str(label) for label in known.index[backwards][:5])
        message = (
            f"cases: {int(backwards.sum()):,} rows were reported before their onset "
            f"(rows {rows}); correct them or leave them out"
        )
        raise DataError(message)
    if since is not None:
        known = known[(known[onset] >= _timestamp(since)).to_numpy()]
    if known.empty:
        message = f"no case was known on {as_of!s}"
        raise DataError(message)
    limits = [_timestamp(value) for value in (since, as_of) if value is not None]
    dates = pd.DatetimeIndex([*known[onset], *known[reported], *limits])
    if every == "week":
        dates = dates - pd.to_timedelta(dates.day_of_week, unit="D")
    calendar, points = read_points(dates, every, None)
    n = len(known)
    start, end = points[:n], points[n : 2 * n]
    now = int(points[-1])
    delay = np.minimum(end - start, max_delay_steps)
    used = np.ones(n, dtype=bool) if recent_steps is None else start > now - recent_steps
    share = _share_reported(start[used], delay[used], now, max_delay_steps)
    series = known[columns].assign(_point=start) if columns else pd.DataFrame({"_point": start})
    keys = known[columns].drop_duplicates().sort_values(columns) if columns else pd.DataFrame([{}])
    first = int(points.min())
    grid = keys.merge(pd.DataFrame({"_point": np.arange(first, now + 1)}), how="cross")
    counts = series.groupby([*columns, "_point"], observed=True).size().rename("reported")
    result = grid.merge(counts.reset_index(), how="left", on=[*columns, "_point"])
    age = np.minimum(now - result["_point"].to_numpy(), max_delay_steps)
    result["reported"] = result["reported"].fillna(0).astype(np.int64)
    result["share_reported"] = share[age]
    with np.errstate(divide="ignore", invalid="ignore"):
        result["count"] = result["reported"] / result["share_reported"]
    result["date"] = calendar.dates.take(result["_point"].to_numpy())
    return result[[*columns, "date", "reported", "count", "share_reported"]]


def _share_reported(
    start: Positions, delay: Positions, now: int, longest: int
) -> NDArray[np.float64]:
    """Return the share of cases that are reported within 0, ..., longest steps."""
    still_to_come = np.ones(longest + 1)
    for d in range(1, longest + 1):
        seen = start <= now - d  # only here a delay of d would be known
        exactly = np.count_nonzero(seen & (delay == d))
        at_most = np.count_nonzero(seen & (delay <= d))
        still_to_come[d] = 1.0 - exactly / at_most if at_most > 0 else np.nan
    share = np.ones(longest + 1)
    share[:-1] = np.cumprod(still_to_come[:0:-1])[::-1]
    return share
