"""One meal, or one after the other: whether a single common exposure accounts for the onsets."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from enteroscan._language import Texts
from enteroscan.investigation._answers import Floats
from enteroscan.investigation._time import DAY_H, HOUR, _known_onsets, _rows

Verdict = Literal["point_source", "person_to_person", "prolonged", "too_few"]

OUTSIDE = 0.05  # of incubations, outside the minimum and maximum of the agents table
STRICT = 0.01  # p below which onsets are too far apart for one exposure
SIGNIFICANT = 0.05  # p below which groups fall ill one after the other
FEWEST = 3


@dataclass(frozen=True, kw_only=True)
class SourceJudgement:
    """Whether a single common exposure is a fair account; `judge_source` makes it.

    ``criteria`` has ``criterion``, ``value``, ``limit``, ``p_value`` and ``speaks_for`` (the
    verdict that it supports).
    """

    verdict: Verdict
    criteria: pd.DataFrame
    agent: str
    facts: dict[str, float]

    def reasons(self, language: str | None = None) -> list[str]:
        """Return the verdict and the reasons as sentences."""
        texts = Texts(language, "investigation")
        name = str(_rows([self.agent])[texts.language].iloc[0])
        values = {"agent": name, **self.facts}
        keys = [f"source.{self.verdict}", "source.span"]
        if "n_pairs" in self.facts:
            keys.append("source.groups")
        return [texts(key, **values) for key in keys]


def judge_source(
    onset: "pd.Series[Any]",
    *,
    agents: str | Sequence[str],
    hour_known: ArrayLike = True,
    group: "pd.Series[Any] | None" = None,
    replicates: int = 999,
    random_state: int = 1,
) -> SourceJudgement:
    """Judge whether onsets come from one common exposure, or from person to person.

    Two criteria, in this order:

    1. *Span.* After one exposure 95 % of onsets lie within the agent's window, maximum less
       minimum incubation (and a day where hours are unknown). Cases outside the window with most
       cases in it are binomial with at most 5 %: with p below 0.01 the onsets are too far apart
       for a single exposure, whatever people ate. Of several agents the first that leaves
       fewest outside is taken.
    2. *Groups* (class, ward, household, where given). Person-to-person spread makes pairs of one
       group fall ill within one serial interval of each other (the agent's median incubation)
       more often than groups drawn at random (Knox 1964, permutation of the groups). With p below
       0.05, a span too long means spread from person to person; else several exposures, or one
       that went on (``"prolonged"``), which cannot be told apart by onsets alone.

    Fewer than three onsets cannot be judged (``"too_few"``).

    Parameters
    ----------
    onset
        Times, missing where unknown.
    agents
        Key or keys of the likely agents, the most likely first.
    hour_known
        False where only the date is known.
    group
        Class, ward or household of each case; missing is left out of the second criterion.
    replicates, random_state
        Of the permutation.

    References
    ----------
    Knox EG (1964), The detection of space-time interactions, Applied Statistics 13: 25-29.

    Examples
    --------
    >>> start = pd.Timestamp("2024-05-01 12:00")
    >>> onset = pd.Series(start + pd.to_timedelta([20, 28, 30, 33, 35, 40, 41], unit="h"))
    >>> judge_source(onset, agents="norovirus").verdict
    'point_source'
    """
    table = _rows(agents)
    present = pd.to_datetime(onset).notna().to_numpy()
    values, known = _known_onsets(onset, hour_known)
    hours = np.asarray((values - values.min()) / HOUR, dtype=np.float64)
    slack = 0.0 if known.all() else DAY_H
    windows = (table["incubation_max_h"] - table["incubation_min_h"]).to_numpy() + slack
    most = np.array([_most_within(hours, float(window)) for window in windows])
    best = int(most.argmax())
    outside = len(hours) - int(most[best])
    spread_p = _binomial_tail(outside, len(hours))
    too_long = spread_p < STRICT
    criteria: list[tuple[str, float, float, float, str]] = [
        ("cases_outside_window", outside, OUTSIDE * len(hours), spread_p,
         "several_exposures" if too_long else "point_source"),
    ]  # fmt: skip
    facts: dict[str, float] = {
        "n": len(hours),
        "outside": outside,
        "window_d": float(windows[best] / DAY_H),
        "span_d": float(np.ptp(hours) / DAY_H),
        "span_p": spread_p,
    }
    groups_p = 1.0
    if group is not None:
        serial = float(table["incubation_median_h"].iloc[best]) + slack
        labels = pd.factorize(group[present])[0]
        n_pairs, expected, groups_p = _knox(hours, labels, serial, replicates, random_state)
        criteria.append(("close_pairs_in_groups", n_pairs, expected, groups_p,
                         "person_to_person" if groups_p < SIGNIFICANT else "none"))  # fmt: skip
        facts |= {"n_pairs": n_pairs, "expected": expected, "groups_p": groups_p}
        facts["serial_d"] = serial / DAY_H
    verdict: Verdict = "point_source"
    if len(hours) < FEWEST:
        verdict = "too_few"
    elif too_long:
        verdict = "person_to_person" if groups_p < SIGNIFICANT else "prolonged"
    columns = ["criterion", "value", "limit", "p_value", "speaks_for"]
    return SourceJudgement(
        verdict=verdict,
        criteria=pd.DataFrame(criteria, columns=columns),
        agent=str(table["key"].iloc[best]),
        facts=facts,
    )


def _most_within(hours: Floats, window: float) -> int:
    ordered = np.sort(hours)
    ends = np.searchsorted(ordered, ordered + window, side="right")
    return int((ends - np.arange(len(ordered))).max())


def _binomial_tail(outside: int, n: int) -> float:
    from scipy.stats import binom

    return float(binom.sf(outside - 1, n, OUTSIDE))


def _knox(
    hours: Floats, labels: NDArray[np.intp], serial: float, replicates: int, random_state: int
) -> tuple[int, float, float]:
    """Return close pairs of one group, how many are expected, and p."""
    use = labels >= 0
    hours, labels = hours[use], labels[use]
    first, second = np.triu_indices(len(hours), 1)
    close = np.abs(hours[first] - hours[second]) <= serial
    first, second = first[close], second[close]
    shuffled = np.random.default_rng(random_state).permuted(
        np.tile(labels, (replicates, 1)), axis=1
    )
    observed = int((labels[first] == labels[second]).sum())
    chance = (shuffled[:, first] == shuffled[:, second]).sum(axis=1)
    p_value = (1 + int((chance >= observed).sum())) / (replicates + 1)
    return observed, float(chance.mean()), p_value
