"""What speaks for each agent: symptoms, laboratory, time from meal to onset."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from enteroscan import agents as models
from enteroscan import vocabulary
from enteroscan.errors import SpecError

Floats = NDArray[np.float64]

UNKNOWN = "unknown"
UNKNOWN_SHARE = 0.2  # of the sources, whose agent is none of the table or stays unspecified; assumed
OTHER_FINDING = 0.05  # chance that the laboratory finds another agent than that of the source; assumed
LEAST_EVIDENCE = -20.0  # a case is never quite impossible: forms are wrong now and then
# Lags in hours, between which the usual density is estimated: fine where meals are near the onset.
LAG_EDGES = np.concatenate(
    [np.arange(-12.0, 72.0, 3.0), np.arange(72.0, 168.0, 12.0), np.arange(168.0, 1441.0, 96.0), [1e5]]
)


@dataclass(frozen=True, eq=False)
class AgentEvidence:
    """Log likelihood ratios of agents against "ill like everybody else here", for cases and meals."""

    table: pd.DataFrame  # key, zh, en
    log_prior: Floats
    _cases: Floats

    @classmethod
    def of(
        cls, frame: pd.DataFrame, specimens: pd.DataFrame, chosen: Sequence[str] | None
    ) -> "AgentEvidence":
        """Judge the cases of `frame`; `chosen` are keys of agents, None means all."""
        known = vocabulary.agents()
        if chosen is not None:
            strange = sorted(set(chosen) - set(known["key"]))
            if strange:
                message = f"agents={strange} are unknown; choose from {', '.join(known['key'])}"
                raise SpecError(message)
            known = known[known["key"].isin(chosen)]
        known = known.reset_index(drop=True)
        symptoms = _normalised(models.log_symptoms(frame, known))
        cases = symptoms + _laboratory(frame, specimens, known["key"].tolist())
        unknown = pd.DataFrame({"key": [UNKNOWN], "zh": ["不明"], "en": ["unknown"]})
        table = pd.concat([known[["key", "zh", "en"]], unknown], ignore_index=True)
        prior = np.append(np.full(len(known), (1 - UNKNOWN_SHARE) / len(known)), UNKNOWN_SHARE)
        every = np.column_stack([cases, np.zeros(len(frame))])
        return cls(table, np.log(prior), np.maximum(every, LEAST_EVIDENCE))

    def of_cases(self) -> Floats:
        """Return [case, agent]: symptoms and laboratory."""
        return self._cases

    def of_lags(self, hours: Floats, hour_known: NDArray[np.bool_]) -> Floats:
        """Return [meal, agent]: times from meal to onset; one more row for "no meal".

        An unknown time speaks for nothing. The unknown agent may have any incubation of the others.
        """
        known = ~np.isnan(hours)
        usual = np.zeros(len(hours))
        for precise in (True, False):
            same = known & (hour_known == precise)
            usual[same] = _log_density(hours[same])
        table = vocabulary.agents()
        table = table[table["key"].isin(self.table["key"])].reset_index(drop=True)
        logs = models.log_incubation(np.where(known, hours, 24.0), hour_known, table)
        shares = np.exp(self.log_prior[:-1])
        mixture = np.log(np.exp(logs) @ (shares / shares.sum()))
        evidence = np.column_stack([logs, mixture]) - usual[:, None]
        evidence = np.where(known[:, None], np.maximum(evidence, LEAST_EVIDENCE), 0.0)
        return np.vstack([evidence, np.zeros(len(self.table))])


def _normalised(evidence: Floats) -> Floats:
    """Make the mean likelihood ratio of each agent 1 over the cases, as it is if there is no source.

    Symptoms come together, which the model does not know; without this, all agents would gain.
    """
    if len(evidence) == 0:
        return evidence
    greatest = evidence.max(axis=0)
    return evidence - greatest - np.log(np.mean(np.exp(evidence - greatest), axis=0))


def _laboratory(frame: pd.DataFrame, specimens: pd.DataFrame, keys: list[str]) -> Floats:
    """Return what findings say: the agent that was found, over how often it is found."""
    evidence = np.zeros((len(frame), len(keys)))
    found = specimens.loc[specimens["agent"].notna(), ["case_id", "agent"]].drop_duplicates()
    number = pd.Series(np.arange(len(frame)), index=frame["case_id"].astype(object))
    case = found["case_id"].astype(object).map(number)
    found, case = found[case.notna().to_numpy()], case.dropna().astype(np.int64)
    if len(found) == 0:
        return evidence
    agent = found["agent"].astype(object)
    share = agent.map((agent.value_counts() + 1) / (len(agent) + len(keys)))
    for row, name, usual in zip(case, agent, share, strict=True):
        same = np.array([key == name for key in keys])
        evidence[row] = np.where(same, np.log((1 - OTHER_FINDING) / usual), np.log(OTHER_FINDING))
    return evidence


def _log_density(hours: "NDArray[Any]") -> Floats:
    """Return the log density of each lag among all of them."""
    if len(hours) == 0:
        return np.empty(0)
    counts, _ = np.histogram(hours, LAG_EDGES)
    widths = np.diff(LAG_EDGES)
    share = (counts + 0.5) / (counts.sum() + 0.5 * len(counts))
    at = np.clip(np.searchsorted(LAG_EDGES, hours, side="right") - 1, 0, len(widths) - 1)
    return np.log(share / widths)[at]
