"""When people fell ill, and when they were exposed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from enteroscan import agents as model
from enteroscan import vocabulary
from enteroscan.errors import DataError, SpecError
from enteroscan.investigation._answers import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HOUR = np.timedelta64(1, "h")
BINS_H = (0.25, 0.5, 1, 2, 3, 4, 6, 8, 12, 24, 48, 72, 168)
DAY_H = 24.0
DROP = 1.920729410347062  # of the log likelihood at 95 % limits: half of chi-square's quantile
GRID = 4000  # candidate times of exposure
STRAY = 0.05  # of the cases: fell ill of something else, or misremember when


@dataclass(frozen=True, kw_only=True)
class EpidemicCurve:
    """Cases by time of onset; `epidemic_curve` makes it.

    ``table`` has ``start`` and ``end`` of each bin and its ``cases``, zeros included; ``n_missing``
    cases have no onset.
    """

    table: pd.DataFrame
    bin_h: float
    n_missing: int

    def plot(self, ax: "Axes | None" = None, *, ylabel: str = "cases") -> "Axes":
        """Draw the curve as a histogram without gaps."""
        from enteroscan.plotting import PLAIN, _axes

        ax = _axes(ax)
        width = self.table["end"] - self.table["start"]
        ax.bar(
            self.table["start"],
            self.table["cases"],
            width=width,
            align="edge",
            color=PLAIN,
            edgecolor="white",
        )
        ax.set(ylabel=ylabel)
        ax.tick_params(axis="x", rotation=30)
        return ax


def epidemic_curve(
    onset: "pd.Series[Any]",
    *,
    hour_known: ArrayLike = True,
    agent: str | None = None,
    bin_h: float | None = None,
) -> EpidemicCurve:
    """Count cases by time of onset, in bins that suit the incubation.

    Parameters
    ----------
    onset
        Times, missing where unknown.
    hour_known
        False where only the date is known: then no bin is shorter than a day.
    agent
        Key of the (likely) agent: the bin is the longest usual one (15 and 30 min; 1, 2, 3, 4, 6,
        8, 12 h; 1, 2, 3, 7 d) up to a third of its median incubation, which nearly always is a
        quarter or more. Without an agent, the longest up to the rule of Freedman and Diaconis
        (1981), 2 IQR / n^(1/3).
    bin_h
        The length of a bin in hours, if it is given.

    Raises
    ------
    DataError
        No onset is known.
    SpecError
        There is no such agent, or `bin_h` is not positive.

    Examples
    --------
    >>> onset = pd.Series(pd.to_datetime(["1940-04-18 21:30", "1940-04-18 23:00", None]))
    >>> epidemic_curve(onset, agent="staphylococcus_aureus").table["cases"].to_list()
    [1, 0, 1]
    """
    times = pd.to_datetime(onset)
    known = times.notna().to_numpy()
    if not known.any():
        message = f"none of {len(times)} onsets is known; there is no epidemic curve"
        raise DataError(message)
    hours = np.broadcast_to(np.asarray(hour_known, dtype=bool), known.shape)[known]
    values = times.to_numpy(dtype="datetime64[ns]")[known]
    if bin_h is None:
        bin_h = _bin_h(values, agent)
        bin_h = bin_h if hours.all() else max(bin_h, DAY_H)
    if not bin_h > 0:
        message = f"bin_h={bin_h} must be above 0"
        raise SpecError(message)
    width = np.timedelta64(round(bin_h * 3600), "s").astype("timedelta64[ns]")
    origin = values.min().astype("datetime64[D]").astype("datetime64[ns]")
    index = (values - origin) // width
    counts = np.bincount(index - index.min())
    start = origin + width * np.arange(index.min(), index.max() + 1)
    table = pd.DataFrame({"start": start, "end": start + width, "cases": counts})
    return EpidemicCurve(table=table, bin_h=float(bin_h), n_missing=int((~known).sum()))


def _bin_h(values: NDArray[np.datetime64], agent: str | None) -> float:
    if agent is not None:
        longest = _rows([agent])["incubation_median_h"].iloc[0] / 3
    else:
        hours = (values - values.min()) / HOUR
        spread = np.subtract(*np.percentile(hours, [75, 25]))
        longest = 2 * spread / len(hours) ** (1 / 3) or DAY_H
    usual = np.array(BINS_H)
    return float(usual[max(np.searchsorted(usual, longest, side="right") - 1, 0)])


@dataclass(frozen=True, kw_only=True)
class ExposureWindow:
    """When a single exposure made people ill; `exposure_window` makes it.

    ``time`` is the most likely time, ``start`` to ``end`` the 95 % interval of the likelihood
    ratio. ``agents`` has each agent's ``key``, its own most likely ``time``, ``log_likelihood``
    and ``probability``.
    """

    time: pd.Timestamp
    start: pd.Timestamp
    end: pd.Timestamp
    n_cases: int
    agents: pd.DataFrame


def exposure_window(
    onset: "pd.Series[Any]",
    *,
    hour_known: ArrayLike = True,
    agents: str | Sequence[str] | None = None,
    weights: Sequence[float] | None = None,
) -> ExposureWindow:
    """Estimate when people were exposed, all at once, from the onsets alone.

    The likelihood of a time is that of all incubations from it, log-normal under each agent
    (`agents.log_incubation`: unknown hours are integrated out), mixed over the agents that may be.
    One case in twenty is taken to be stray: ill of something else, at any time within the span of
    the onsets and a day. Without that, a single early onset would move the estimate by hours.
    The interval is for one exposure at one moment; it is too short where people ate at different
    hours.

    Parameters
    ----------
    onset
        Times, missing where unknown.
    hour_known
        False where only the date is known.
    agents
        Key or keys of agents; all by default. Onsets alone hardly tell agents apart: without
        symptoms an agent that does not fit may win, with a window that is short and wrong. Give
        the agents that symptoms leave (`rank_agents`).
    weights
        Probability of each agent; shares of outbreaks by default (`agents.prior_weights`).

    Raises
    ------
    DataError
        No onset is known.
    SpecError
        An agent is unknown, or there is not one weight an agent.

    Examples
    --------
    >>> onset = pd.Timestamp("1940-04-18 20:00") + pd.to_timedelta([2, 3, 3, 4, 6], unit="h")
    >>> window = exposure_window(pd.Series(onset), agents="staphylococcus_aureus")
    >>> window.start < pd.Timestamp("1940-04-18 20:00") < window.end
    True
    """
    table = _rows(agents)
    share = model.prior_weights(table) if weights is None else np.asarray(weights, np.float64)
    if share.shape != (len(table),) or not share.sum() > 0:
        message = f"weights: {share.size} for {len(table)} agents; give one probability an agent"
        raise SpecError(message)
    parameters = model.incubation_parameters(table)
    values, known = _known_onsets(onset, hour_known)
    origin = values.min()
    offsets = (values - origin) / HOUR
    longest = float(np.exp((parameters["mu_log_h"] + 3 * parameters["sigma_log_h"]).max()))
    # Before the first onset, densely near it; and up to the median, as first onsets may be stray.
    latest = float(np.median(offsets)) + (0.0 if known.all() else DAY_H)
    before = np.geomspace(0.02, longest, GRID)
    back = np.concatenate([-np.linspace(0.0, latest, GRID // 4), before])
    logs = np.stack(
        [_log_likelihood(offsets, known, -back, parameters.iloc[[i]]) for i in range(len(table))]
    )
    share = share / share.sum()
    with np.errstate(divide="ignore"):
        total = np.logaddexp.reduce(logs + np.log(share)[:, None], axis=0)
    inside = back[total >= total.max() - DROP]
    best = logs.max(axis=1)
    chance = share * np.exp(best - best.max())

    def time(hours_back: float) -> pd.Timestamp:
        return pd.Timestamp(origin - np.timedelta64(round(hours_back * 3600), "s"))

    of_agents = pd.DataFrame(
        {
            "key": table["key"].to_numpy(),
            "time": [time(float(back[i])) for i in logs.argmax(axis=1)],
            "log_likelihood": best,
            "probability": chance / chance.sum(),
        }
    ).sort_values("probability", ascending=False, kind="stable", ignore_index=True)
    return ExposureWindow(
        time=time(float(back[total.argmax()])),
        start=time(float(inside.max())),
        end=time(float(inside.min())),
        n_cases=len(values),
        agents=of_agents,
    )


def candidate_meals(
    onset: "pd.Series[Any]",
    meals: Sequence[pd.Timestamp],
    *,
    hour_known: ArrayLike = True,
    agents: str | Sequence[str] | None = None,
) -> pd.DataFrame:
    """Compare the incubations that candidate meals would mean with those of the agents.

    Parameters
    ----------
    onset, hour_known, agents
        As in `exposure_window`.
    meals
        Times of meals that the cases shared.

    Returns
    -------
    DataFrame
        ``meal``; ``min_h``, ``median_h``, ``max_h`` from it to the onsets; ``before`` cases that
        were ill before it; ``agent`` that fits best, ``within`` cases inside its minimum and
        maximum, ``log_likelihood``; the best meal first.

    Examples
    --------
    >>> onset = pd.Series(pd.to_datetime(["2024-06-01 15:00", "2024-06-01 16:00"]))
    >>> meals = [pd.Timestamp("2024-06-01 12:00"), pd.Timestamp("2024-05-31 18:00")]
    >>> candidate_meals(onset, meals, agents="kidney_bean")["median_h"].to_list()
    [3.5, 21.5]
    """
    table = _rows(agents)
    parameters = model.incubation_parameters(table)
    values, known = _known_onsets(onset, hour_known)
    low, high = (table[f"incubation_{part}_h"].to_numpy() for part in ("min", "max"))
    rows = []
    for meal in meals:
        hours = (values - np.datetime64(pd.Timestamp(meal))) / HOUR
        logs = _log_with_stray(hours, known, parameters, float(np.ptp(hours)))
        best = int(logs.sum(axis=0).argmax())
        latest = hours + np.where(known, 0.0, DAY_H)
        rows.append(
            {
                "meal": meal,
                "min_h": hours.min(),
                "median_h": float(np.median(hours)),
                "max_h": hours.max(),
                "before": int((latest < 0).sum()),
                "agent": str(table["key"].iloc[best]),
                "within": int(((latest >= low[best]) & (hours <= high[best])).sum()),
                "log_likelihood": float(logs[:, best].sum()),
            }
        )
    names = ["meal", "min_h", "median_h", "max_h", "before", "agent", "within", "log_likelihood"]
    return pd.DataFrame(rows, columns=names).sort_values(
        "log_likelihood", ascending=False, kind="stable", ignore_index=True
    )


def _log_likelihood(
    offsets: Floats, known: NDArray[np.bool_], at: Floats, parameters: pd.DataFrame
) -> Floats:
    """Return the log likelihood of each time of exposure; equal onsets are computed once."""
    pairs, counts = np.unique(np.column_stack([offsets, known]), axis=0, return_counts=True)
    hours = pairs[:, 0][:, None] - at[None, :]
    known = np.repeat(pairs[:, 1].astype(bool), len(at))
    logs = _log_with_stray(hours.ravel(), known, parameters, float(np.ptp(offsets)))
    return np.asarray(counts @ logs.reshape(hours.shape))


def _log_with_stray(
    hours: Floats, known: NDArray[np.bool_], parameters: pd.DataFrame, span_h: float
) -> Floats:
    logs = model.log_incubation(hours, onset_hour_known=known, parameters=parameters)
    stray = np.log(STRAY / (span_h + DAY_H))
    return np.asarray(np.logaddexp(logs + np.log1p(-STRAY), stray))


def _known_onsets(
    onset: "pd.Series[Any]", hour_known: ArrayLike
) -> tuple[NDArray[np.datetime64], NDArray[np.bool_]]:
    times = pd.to_datetime(onset)
    present = times.notna().to_numpy()
    if not present.any():
        message = f"none of {len(times)} onsets is known; give at least one"
        raise DataError(message)
    known = np.broadcast_to(np.asarray(hour_known, dtype=bool), present.shape)
    return times.to_numpy(dtype="datetime64[ns]")[present], known[present]


def _rows(agents: str | Sequence[str] | None) -> pd.DataFrame:
    """Return the rows of the agents table, in the order asked for."""
    table = vocabulary.agents()
    if agents is None:
        return table
    keys = [agents] if isinstance(agents, str) else list(agents)
    unknown = [key for key in keys if key not in set(table["key"])]
    if unknown or not keys:
        message = f"agents: unknown {', '.join(unknown) or '(none)'}; see vocabulary.agents()"
        raise SpecError(message)
    return table.set_index("key").loc[keys].reset_index()
