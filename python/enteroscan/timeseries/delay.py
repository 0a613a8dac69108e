"""Reporting delay: what was known on a day, and what is still to be reported."""

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from enteroscan._options import check_choice, check_integer, check_number
from enteroscan.errors import DataError, SpecError
from enteroscan.timeseries._calendar import Positions, read_points

__all__ = ["correct_delays", "known_on"]

Every = Literal["day", "week"]
Method = Literal["lawless", "bayes"]
Floats = NDArray[np.float64]

PRIOR_OF_DELAYS = 0.1  # concentration of the Dirichlet distribution, for each delay
LEAST_PRIOR_MEAN = 0.01  # of a series without cases
CELLS_AT_ONCE = 1_000_000


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
    method: Method = "lawless",
    alpha: float = 0.05,
    prior_mean: float | None = None,
    prior_variance: float | None = None,
    n_samples: int = 1000,
    random_state: int = 0,
) -> pd.DataFrame:
    """Estimate how many cases there will be, once all are reported, by date of onset.

    The distribution of delays is estimated from the cases known so far, allowing for those that
    cannot be known yet (right truncation), all series together: of the cases with a delay of at
    most d, the share g(d) that have exactly d.

    ``"lawless"`` divides cases so far by the product of 1 - g(d) over the delays still to come; its
    limits are normal and take the shares as known. ``"bayes"`` knows neither: the g(d) have beta
    distributions (a generalised Dirichlet distribution of delays), and the cases of a date a
    Poisson distribution with a gamma-distributed mean, so that dates without any report so far have
    an estimate, too. [R surveillance: nowcast(method="lawless"), nowcast(method="bayes.trunc")]

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
    method
        ``"lawless"`` or ``"bayes"``.
    alpha
        Chance that the cases in the end lie outside ``lower`` to ``upper``, half on either side.
    prior_mean, prior_variance
        Of the mean of a date's cases, for ``"bayes"``. None: the mean of the dates of the same
        series whose cases are all reported, and its square.
    n_samples, random_state
        Draws of ``"bayes"`` for each date, and their seed.

    Returns
    -------
    DataFrame
        ``by`` columns, ``date``, ``reported`` (cases so far), ``count`` (estimated in the end; for
        ``"bayes"`` the median), ``lower``, ``upper`` and ``share_reported``. ``count`` is NaN where
        nothing is known of the share. It goes on to `DetectorSpec.detect`.

    References
    ----------
    Lawless, Adjustments for reporting delays and the prediction of occurred but not reported
    events, Can J Stat 1994. Hoehle, an der Heiden, Bayesian nowcasting during the STEC O104:H4
    outbreak in Germany, 2011, Biometrics 2014.

    Examples
    --------
    >>> known = correct_delays(cases, as_of="2024-06-30", method="bayes")  # doctest: +SKIP
    """
    _check_options(max_delay_steps, method, alpha, n_samples, random_state)
    prior = _given_prior(prior_mean, prior_variance)
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
    exactly, at_most = _delays_seen(start[used], delay[used], now, max_delay_steps)
    series = known[columns].assign(_point=start) if columns else pd.DataFrame({"_point": start})
    keys = known[columns].drop_duplicates().sort_values(columns) if columns else pd.DataFrame([{}])
    first = int(points.min())
    grid = keys.merge(pd.DataFrame({"_point": np.arange(first, now + 1)}), how="cross")
    counts = series.groupby([*columns, "_point"], observed=True).size().rename("reported")
    result = grid.merge(counts.reset_index(), how="left", on=[*columns, "_point"])
    age = np.minimum(now - result["_point"].to_numpy(), max_delay_steps)
    result["reported"] = result["reported"].fillna(0).astype(np.int64)
    x = result["reported"].to_numpy()
    if method == "lawless":
        shares = _share(exactly / np.where(at_most > 0, at_most, np.nan))[age]
        estimates = _lawless(x, shares, alpha)
    else:
        # The beta distributions' prior is that of a Dirichlet distribution of 0, ..., d.
        ones = exactly + PRIOR_OF_DELAYS
        zeros = at_most - exactly + PRIOR_OF_DELAYS * np.arange(1, max_delay_steps + 1)
        shares = _share(ones / (ones + zeros))[age]
        random = np.random.default_rng(random_state)
        drawn = _share(random.beta(ones, zeros, (n_samples, max_delay_steps)))
        means, variances = _priors(result, columns, age == max_delay_steps, prior)
        estimates = _bayes(x, age, drawn, means, variances, alpha, random)
    result["count"], result["lower"], result["upper"] = estimates
    result["share_reported"] = shares
    result["date"] = calendar.dates.take(result["_point"].to_numpy())
    return result[[*columns, "date", "reported", "count", "lower", "upper", "share_reported"]]


def _check_options(
    max_delay_steps: int, method: str, alpha: float, n_samples: int, random_state: int
) -> None:
    check_integer("max_delay_steps", max_delay_steps, at_least=1)
    check_choice("method", method, get_args(Method))
    check_number("alpha", alpha, above=0.0, at_most=0.5)
    check_integer("n_samples", n_samples, at_least=100)
    check_integer("random_state", random_state, at_least=0)


def _given_prior(mean: float | None, variance: float | None) -> tuple[float, float] | None:
    """Return mean and variance of the prior, if they are given; the variance is mean^2 else."""
    if mean is None:
        if variance is not None:
            message = "prior_variance= needs prior_mean="
            raise SpecError(message)
        return None
    check_number("prior_mean", mean, above=0.0)
    if variance is not None:
        check_number("prior_variance", variance, above=0.0)
    return mean, mean * mean if variance is None else variance


def _priors(
    result: pd.DataFrame,
    columns: list[str],
    is_complete: NDArray[np.bool_],
    given: tuple[float, float] | None,
) -> tuple[Floats, Floats]:
    """Return for every row mean and variance of the gamma distribution of its mean."""
    if given is not None:
        return np.full(len(result), given[0]), np.full(len(result), given[1])
    complete = result["reported"].where(is_complete)
    if columns:
        groups = complete.groupby([result[name] for name in columns], observed=True)
        mean = groups.transform("mean").to_numpy(np.float64)
    else:
        mean = np.full(len(result), complete.mean())
    mean = np.maximum(np.nan_to_num(mean, nan=1.0), LEAST_PRIOR_MEAN)
    return mean, mean * mean


def _lawless(reported: Positions, share: Floats, alpha: float) -> tuple[Floats, Floats, Floats]:
    """Return the cases in the end and their limits, normal with the variance of what is missing."""
    from scipy.stats import norm

    with np.errstate(divide="ignore", invalid="ignore"):
        count = reported / share
        margin = norm.isf(alpha / 2) * np.sqrt(count * (1.0 - share) / share)
    return count, np.maximum(count - margin, reported), count + margin


def _bayes(
    reported: Positions,
    age: Positions,
    drawn: Floats,
    mean: Floats,
    variance: Floats,
    alpha: float,
    random: np.random.Generator,
) -> tuple[Floats, Floats, Floats]:
    """Return median and limits of the cases in the end.

    Given the share p that is reported, the mean is gamma-distributed again, and the cases that are
    missing are Poisson with (1 - p) times it. ``drawn`` has shares by draw and age.
    """
    shape, rate = mean * mean / variance, mean / variance
    quantiles = np.empty((3, len(reported)))
    step = max(1, CELLS_AT_ONCE // len(drawn))
    for begin in range(0, len(reported), step):
        rows = slice(begin, begin + step)
        p = drawn[:, age[rows]]
        means = random.gamma(shape[rows] + reported[rows], 1.0 / (rate[rows] + p))
        in_the_end = reported[rows] + random.poisson((1.0 - p) * means)
        quantiles[:, rows] = np.quantile(
            in_the_end, [0.5, alpha / 2, 1.0 - alpha / 2], axis=0, method="inverted_cdf"
        )
    return quantiles[0], quantiles[1], quantiles[2]


def _delays_seen(
    start: Positions, delay: Positions, now: int, longest: int
) -> tuple[Floats, Floats]:
    """Return for delays 1, ..., longest the cases with exactly, and with at most, this delay.

    Of dates of onset from which on a case with this delay would be known.
    """
    exactly, at_most = np.zeros(longest), np.zeros(longest)
    for d in range(1, longest + 1):
        seen = start <= now - d
        exactly[d - 1] = np.count_nonzero(seen & (delay == d))
        at_most[d - 1] = np.count_nonzero(seen & (delay <= d))
    return exactly, at_most


def _share(hazard: Floats) -> Floats:
    """Return the share of cases that are reported within 0, ..., longest steps.

    ``hazard[..., d - 1]`` is the share of those with a delay of at most d that have exactly d.
    """
    later = np.cumprod((1.0 - hazard)[..., ::-1], axis=-1)[..., ::-1]
    return np.concatenate([later, np.ones_like(later[..., :1])], axis=-1)
