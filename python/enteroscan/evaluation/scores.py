"""Signals of replayed nights, and how many of them were outbreaks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from enteroscan.errors import SpecError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Replay", "Score", "is_real", "score", "signals"]

By = Literal["recurrence_interval_days", "statistic", "p_value"]
DAYS_PER_MONTH = 365.25 / 12
MOST_THRESHOLDS = 100
LEAST_SHARED = 2
LEAST_SHARE = 0.5


@dataclass(frozen=True, eq=False)
class Replay:
    """One area over some nights: what a detector found, and what was true.

    Parameters
    ----------
    groups
        What `replay` returned.
    members
        The cases of outbreaks: `case_id`, `outbreak`, `onset`, `reported`; one row a case.
    first, last
        First and last night.
    """

    groups: pd.DataFrame
    members: pd.DataFrame
    first: pd.Timestamp
    last: pd.Timestamp

    @property
    def n_nights(self) -> int:
        """Nights on which signals count: all but the first, which finds what began before it."""
        return int((self.last - self.first).days)


@dataclass(frozen=True, eq=False, repr=False)
class Score:
    """What `score` counted.

    Attributes
    ----------
    table
        One row a threshold, the strictest first: `threshold`; `n_outbreaks`, `n_detected`,
        `sensitivity` with `sensitivity_low` and `sensitivity_high`; `median_days_from_onset` (of
        the first case) and `median_days_from_report` (of the second) to the night of detection;
        `n_true_signals`, `n_false_signals`, `false_signals_per_month` with its `_low` and `_high`;
        `ppv` with `ppv_low` and `ppv_high`. Limits are of 95 %: exact binomial
        (Clopper and Pearson), and exact Poisson (Garwood) for signals per month.
    outbreaks
        The outbreaks that could be found, one row each: `area` (place in the list of replays),
        `outbreak`, `n_reported`, `first_onset`, `second_report`.
    detections
        Column for column as `outbreaks`, night of detection by threshold; missing: not found.
    """

    table: pd.DataFrame
    outbreaks: pd.DataFrame
    detections: pd.DataFrame = field(repr=False)

    def at(self, *, false_signals_per_month: float = 1.0) -> "pd.Series[float]":
        """Return the row of a rate of false signals, between thresholds by linear interpolation.

        Interpolation is what a coin between two neighbouring thresholds gives. Where even the
        least strict threshold has fewer false signals it is returned as it is.
        """
        curve = self.table.astype("float64").reset_index(drop=True)
        rates = curve["false_signals_per_month"].to_numpy()
        above = np.flatnonzero(rates > false_signals_per_month)
        if len(above) == 0:
            return curve.iloc[-1]
        stop = int(above[0])
        upper = curve.iloc[stop]
        if stop:
            lower = curve.iloc[stop - 1]
        else:
            lower = upper.where(upper.index.isin(["threshold", "n_outbreaks"]), 0.0)
        step = float(upper["false_signals_per_month"] - lower["false_signals_per_month"])
        weight = (false_signals_per_month - float(lower["false_signals_per_month"])) / step
        mixed: pd.Series[float] = lower + weight * (upper - lower)
        mixed["median_days_from_onset"] = upper["median_days_from_onset"]
        mixed["median_days_from_report"] = upper["median_days_from_report"]
        n_signals = mixed["n_true_signals"] + mixed["n_false_signals"]
        mixed["ppv"] = mixed["n_true_signals"] / n_signals
        n = int(mixed["n_outbreaks"])
        if n:
            bounds = _binomial_limits(float(mixed["n_detected"]), n)
            mixed["sensitivity_low"], mixed["sensitivity_high"] = bounds
        return mixed


def signals(groups: pd.DataFrame) -> "NDArray[np.int64]":
    """Tell which groups of different nights are the same signal.

    A group goes on with a signal, the oldest if there are several, if it shares with the members
    that the signal had when it was last found at least half of the smaller of the two, and at
    least two cases (one, where one of them has no more). Otherwise it is a new signal. So a signal
    is new once, however long it is found.

    Parameters
    ----------
    groups
        `night` and `members`; in any order.

    Returns
    -------
    ndarray
        Number of the signal (1, 2, ... by age) of every row.
    """
    nights = groups["night"].to_numpy()
    members = [frozenset(ids) for ids in groups["members"]]
    return _signals(nights, members)


def _signals(
    nights: "NDArray[np.datetime64]", members: Sequence[frozenset[str]]
) -> "NDArray[np.int64]":
    number = np.zeros(len(members), dtype=np.int64)
    current: dict[int, tuple[np.datetime64, frozenset[str]]] = {}
    having: dict[str, set[int]] = {}
    for i in np.argsort(nights, kind="stable").tolist():
        near = sorted(set().union(*(having.get(case, ()) for case in members[i])))
        old = next((s for s in near if _is_same(current[s][1], members[i])), 0)
        signal = old or len(current) + 1
        before = current.get(signal)
        tonight = members[i]
        if before is not None and before[0] == nights[i]:
            tonight |= before[1]
        for case in before[1] if before is not None else ():
            having[case].discard(signal)
        for case in tonight:
            having.setdefault(case, set()).add(signal)
        current[signal] = (nights[i], tonight)
        number[i] = signal
    return number


def _is_same(one: frozenset[str], other: frozenset[str]) -> bool:
    shared, least = len(one & other), min(len(one), len(other))
    return shared >= max(LEAST_SHARE * least, min(LEAST_SHARED, least)) and shared > 0


def is_real(replay: Replay, *, min_members: int = 2, min_share: float = 0.5) -> "NDArray[np.bool_]":
    """Tell which groups are of an outbreak, as `score` does: one truth value a row."""
    true_for = _true_for_all(replay.groups["members"], replay, min_members, min_share)
    return np.array(true_for, dtype=np.int64) > 0


def score(
    replays: Iterable[Replay],
    *,
    by: By = "recurrence_interval_days",
    thresholds: Sequence[float] | None = None,
    min_members: int = 2,
    min_share: float = 0.5,
    follow_up_days: int = 14,
) -> Score:
    """Count outbreaks that were found, and false signals, for every threshold.

    Parameters
    ----------
    replays
        Areas and years, all of the same detector; they are counted together.
    by
        What is compared with the threshold. Groups are signals at or above it (p-values: at or
        below).
    thresholds
        None: all values that groups have, at most 100 of them, evenly by rank.
    min_members, min_share
        A group is true if at least so many of its members, and such a share of them, belong to one
        outbreak. Two is the number that the definition of an outbreak asks for (two or more similar
        illnesses after the same food), and with half of the list true an investigator who asks
        everybody on it meets the outbreak first. A `min_share` of 0 calls true whatever holds two
        cases of an outbreak.
    follow_up_days
        Outbreaks count whose second case is reported after the first night and at least so many
        days before the last.

    Returns
    -------
    Score
        A signal (see `signals`) is true if one of its groups is true for any outbreak, whether it
        counts or not. An outbreak is detected on the first night with a group that is true for it.
        Signals of the first night are left out: they began before it.

    Raises
    ------
    SpecError
        There are no replays, or `by` is not known.
    """
    replays = list(replays)
    if not replays:
        message = "replays is empty; give one or more"
        raise SpecError(message)
    if by not in ("recurrence_interval_days", "statistic", "p_value"):
        message = f"by={by!r} is unknown; choose recurrence_interval_days, statistic or p_value"
        raise SpecError(message)
    areas = [
        _Area.of(one, by, min_members=min_members, min_share=min_share, follow_up=follow_up_days)
        for one in replays
    ]
    sign = -1.0 if by == "p_value" else 1.0
    found = np.concatenate([area.strength for area in areas])
    wanted = _spread(found) if thresholds is None else sign * np.asarray(thresholds, np.float64)
    ordered = np.sort(np.unique(wanted))[::-1]
    outbreaks = pd.concat(
        [area.outbreaks.assign(area=i) for i, area in enumerate(areas)], ignore_index=True
    )
    outbreaks = outbreaks[["area", *(name for name in outbreaks if name != "area")]]
    n_nights = sum(one.n_nights for one in replays)
    rows, nights = [], {}
    for least in ordered.tolist():
        counts = [area.count(least) for area in areas]
        night = pd.concat([detected for detected, _, _ in counts], ignore_index=True)
        n_true, n_false = sum(count[1] for count in counts), sum(count[2] for count in counts)
        rows.append(_row(sign * least, outbreaks, night, (n_true, n_false), n_nights))
        nights[sign * least] = night
    columns = _row(0.0, outbreaks, outbreaks["second_report"], (0, 0), 1).keys()
    return Score(pd.DataFrame(rows, columns=list(columns)), outbreaks, pd.DataFrame(nights))


@dataclass(frozen=True, eq=False)
class _Area:
    """A replay with what does not depend on the threshold."""

    nights: "NDArray[np.datetime64]"
    members: list[frozenset[str]]
    strength: "NDArray[np.float64]"
    true_for: "NDArray[np.int64]"  # outbreak, 0: none
    outbreaks: pd.DataFrame
    first: pd.Timestamp

    @classmethod
    def of(
        cls, one: Replay, by: By, *, min_members: int, min_share: float, follow_up: int
    ) -> "_Area":
        strength = one.groups[by].astype("float64")
        if by == "p_value":
            strength = -strength
        groups = one.groups.assign(strength=strength).dropna(subset="strength")
        # The strongest first: signals are numbered in that order within a night.
        groups = groups.sort_values(["night", "strength"], ascending=[True, False], kind="stable")
        members = [frozenset(ids) for ids in groups["members"]]
        true_for = _true_for_all(members, one, min_members, min_share)
        return cls(
            nights=groups["night"].to_numpy(),
            members=members,
            strength=groups["strength"].to_numpy(np.float64),
            true_for=np.array(true_for, dtype=np.int64),
            outbreaks=_outbreaks(one, follow_up),
            first=one.first,
        )

    def count(self, least: float) -> "tuple[pd.Series[pd.Timestamp], int, int]":
        """Return the night of detection of every outbreak, true signals and false ones."""
        kept = np.flatnonzero(self.strength >= least)
        nights, true_for = self.nights[kept], self.true_for[kept]
        groups = pd.DataFrame(
            {
                "signal": _signals(nights, [self.members[i] for i in kept]),
                "night": nights,
                "outbreak": true_for,
                "is_true": true_for > 0,
            }
        )
        by_signal = groups.groupby("signal").agg(night=("night", "min"), is_true=("is_true", "any"))
        is_true = by_signal.loc[by_signal["night"] > self.first, "is_true"].astype(bool)
        first = groups[groups["is_true"]].groupby("outbreak")["night"].min()
        night = first.reindex(self.outbreaks["outbreak"].astype("int64")).reset_index(drop=True)
        night = night.astype("datetime64[ns]")
        return night, int(is_true.sum()), int((~is_true).sum())


def _true_for_all(
    groups: Iterable[Iterable[str]], one: Replay, min_members: int, min_share: float
) -> list[int]:
    """Return the outbreak that each group is true for, 0 if there is none."""
    case_id = one.members["case_id"].astype(str)
    outbreak_of = dict(zip(case_id, one.members["outbreak"], strict=True))
    return [true_for(frozenset(ids), outbreak_of, min_members, min_share) for ids in groups]


def true_for(
    members: frozenset[str],
    outbreak_of: dict[str, int],
    min_members: int = 2,
    min_share: float = 0.5,
) -> int:
    """Return the outbreak that a group is true for, 0 if there is none; see `score`."""
    own = [int(outbreak_of[case]) for case in members if case in outbreak_of]
    if not own:
        return 0
    numbers, counts = np.unique(own, return_counts=True)
    most = int(counts.max())
    is_true = most >= min_members and most >= min_share * len(members)
    return int(numbers[counts.argmax()]) if is_true else 0


def _outbreaks(one: Replay, follow_up_days: int) -> pd.DataFrame:
    """Return the outbreaks that can be found in these nights."""
    ordered = one.members.sort_values("reported", kind="stable")
    grouped = ordered.groupby("outbreak", sort=True)
    table = pd.DataFrame(
        {
            "n_reported": grouped.size(),
            "first_onset": grouped["onset"].min(),
            "second_report": grouped["reported"]
            .nth(1)
            .set_axis(ordered.loc[grouped.cumcount() == 1, "outbreak"]),
        }
    ).rename_axis("outbreak")
    day = table["second_report"].dt.normalize()
    last = one.last - pd.Timedelta(days=follow_up_days)
    found: pd.DataFrame = table[(day > one.first) & (day <= last)].reset_index()
    return found


def _spread(found: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """Return at most so many of the values, evenly by rank."""
    values = np.unique(found)
    if len(values) <= MOST_THRESHOLDS:
        return values
    at = np.linspace(0, len(values) - 1, MOST_THRESHOLDS).round().astype(np.int64)
    return np.asarray(values[at])


def _row(
    threshold: float,
    outbreaks: pd.DataFrame,
    night: "pd.Series[pd.Timestamp]",
    n_signals: tuple[int, int],
    n_nights: int,
) -> dict[str, float]:
    n, n_found = len(outbreaks), int(night.notna().sum())
    n_true, n_false = n_signals
    months = n_nights / DAYS_PER_MONTH
    low, high = _binomial_limits(n_found, n)
    ppv_low, ppv_high = _binomial_limits(n_true, n_true + n_false)
    false_low, false_high = _poisson_limits(n_false)
    return {
        "threshold": threshold,
        "n_outbreaks": n,
        "n_detected": n_found,
        "sensitivity": n_found / n if n else np.nan,
        "sensitivity_low": low,
        "sensitivity_high": high,
        "median_days_from_onset": _median_days(night, outbreaks["first_onset"]),
        "median_days_from_report": _median_days(night, outbreaks["second_report"]),
        "n_true_signals": n_true,
        "n_false_signals": n_false,
        "false_signals_per_month": n_false / months,
        "false_signals_per_month_low": false_low / months,
        "false_signals_per_month_high": false_high / months,
        "ppv": n_true / (n_true + n_false) if n_true + n_false else np.nan,
        "ppv_low": ppv_low,
        "ppv_high": ppv_high,
    }


def _median_days(night: "pd.Series[pd.Timestamp]", since: "pd.Series[pd.Timestamp]") -> float:
    """Return days between the dates; the night that ends a day belongs to it."""
    days = (night - since.dt.normalize()).dt.days.dropna()
    return float(days.median()) if len(days) else np.nan


def _binomial_limits(successes: float, n: int) -> tuple[float, float]:
    """Return 95 % limits of a share (Clopper and Pearson)."""
    from scipy.stats import beta

    if n == 0:
        return np.nan, np.nan
    low = beta.ppf(0.025, successes, n - successes + 1) if successes > 0 else 0.0
    high = beta.ppf(0.975, successes + 1, n - successes) if successes < n else 1.0
    return float(low), float(high)


def _poisson_limits(count: int) -> tuple[float, float]:
    """Return 95 % limits of an expected number (Garwood)."""
    from scipy.stats import chi2

    low = chi2.ppf(0.025, 2 * count) / 2 if count else 0.0
    return float(low), float(chi2.ppf(0.975, 2 * count + 2) / 2)
