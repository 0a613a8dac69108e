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
Bools = NDArray[np.bool_]

UNKNOWN = "unknown"
UNKNOWN_SHARE = (
    0.2  # of the sources, whose agent is none of the table or stays unspecified; assumed
)
OTHER_FINDING = (
    0.05  # chance that the laboratory finds another agent than that of the source; assumed
)
INFECTIOUS = ("bacterium", "virus")  # kinds of agents that people of one home give each other
LEAST_EVIDENCE = -20.0  # a case is never quite impossible: forms are wrong now and then
# Hours from meal to onset between which the usual density is estimated: finer where meals are near.
LAG_EDGES_H = np.concatenate(
    [
        np.arange(-36.0, 72.0, 3.0),
        np.arange(72.0, 168.0, 12.0),
        np.arange(168.0, 1441.0, 96.0),
        [1e5],
    ]
)


@dataclass(frozen=True, eq=False)
class AgentEvidence:
    """Log likelihood ratios of agents against "ill like everybody else here"."""

    table: pd.DataFrame  # key, zh, en; the last one is the unknown agent
    log_prior: Floats
    infectious: Floats  # share of each agent among cases that infect others; assumed equal
    of_cases: Floats  # [case, agent]: symptoms and laboratory
    _known: pd.DataFrame  # of the vocabulary

    @classmethod
    def of(
        cls, frame: pd.DataFrame, specimens: pd.DataFrame, chosen: Sequence[str] | None
    ) -> "AgentEvidence":
        """Judge the cases of `frame`; `chosen` are keys of agents, None means all."""
        known = _chosen(chosen)
        frequencies = models.symptom_frequencies(known)
        usual = models.log_symptoms_background(frame, models.symptom_background(frame))
        symptoms = models.log_symptoms(frame, frequencies=frequencies) - usual[:, None]
        cases = _normalised(symptoms) + _laboratory(frame, specimens, known["key"].tolist())
        cases = np.column_stack([cases, np.zeros(len(frame))])
        unknown = pd.DataFrame({"key": [UNKNOWN], "zh": ["不明"], "en": ["unknown"]})
        table = pd.concat([known[["key", "zh", "en"]], unknown], ignore_index=True)
        prior = np.append(models.prior_weights(known) * (1 - UNKNOWN_SHARE), UNKNOWN_SHARE)
        spreads = known["kind"].isin(INFECTIOUS).to_numpy(np.float64)
        spreads *= (1 - UNKNOWN_SHARE) / max(spreads.sum(), 1.0)
        infectious = np.append(spreads, UNKNOWN_SHARE)
        cases = np.maximum(cases, LEAST_EVIDENCE)
        return cls(table, np.log(prior), infectious, cases, known)

    def of_meals(self, hours: Floats, onset_hour_known: Bools, eaten_hour_known: Bools) -> Floats:
        """Return [meal, agent]: times from meal to onset; one more row for "no meal".

        An unknown time speaks for nothing. The unknown agent may have any incubation of the others.
        """
        logs = models.log_incubation(
            hours,
            onset_hour_known=onset_hour_known,
            eaten_hour_known=eaten_hour_known,
            parameters=models.incubation_parameters(self._known),
        )
        shares = np.exp(self.log_prior[:-1])
        mixture = np.log(np.exp(logs) @ (shares / shares.sum()))
        usual = np.zeros(len(hours))
        precision = onset_hour_known.astype(int) + 2 * eaten_hour_known
        for precise in range(4):
            same = ~np.isnan(hours) & (precision == precise)
            usual[same] = _log_density(hours[same])
        evidence = np.column_stack([logs, mixture]) - usual[:, None]
        evidence = np.where(np.isnan(hours)[:, None], 0.0, np.maximum(evidence, LEAST_EVIDENCE))
        return np.vstack([evidence, np.zeros(len(self.table))])


def _chosen(keys: Sequence[str] | None) -> pd.DataFrame:
    known = vocabulary.agents()
    if keys is None:
        return known.reset_index(drop=True)
    strange = sorted(set(keys) - set(known["key"]))
    if strange or not keys:
        message = f"agents={strange} are unknown; choose from {', '.join(known['key'])}"
        raise SpecError(message)
    return known[known["key"].isin(list(keys))].reset_index(drop=True)


def _normalised(evidence: Floats) -> Floats:
    """Make the mean likelihood ratio of each agent 1, as it is without a source.

    Symptoms come together, which the model does not know; without this, all agents would gain.
    """
    if len(evidence) == 0:
        return evidence
    greatest = evidence.max(axis=0)
    return np.asarray(evidence - greatest - np.log(np.mean(np.exp(evidence - greatest), axis=0)))


def _laboratory(frame: pd.DataFrame, specimens: pd.DataFrame, keys: list[str]) -> Floats:
    """Return what findings say: the agent that was found, over how often it is found."""
    evidence = np.zeros((len(frame), len(keys)))
    number = pd.Series(np.arange(len(frame)), index=frame["case_id"].astype(object))
    found = specimens.loc[specimens["agent"].notna(), ["case_id", "agent"]].astype(object)
    found = found.drop_duplicates().assign(case=found["case_id"].map(number)).dropna()
    if len(found) == 0:
        return evidence
    share = found["agent"].map((found["agent"].value_counts() + 1) / (len(found) + len(keys)))
    same = found["agent"].to_numpy()[:, None] == np.array(keys, dtype=object)
    usual = np.log((1 - OTHER_FINDING) / share.to_numpy(np.float64))
    said = np.where(same, usual[:, None], np.log(OTHER_FINDING))
    case = found["case"].to_numpy(np.int64)
    best = (
        pd.DataFrame(said).groupby(case).max()
    )  # two agents in one case: either may be the source's
    evidence[best.index.to_numpy()] = best.to_numpy()
    return evidence


def _log_density(hours: "NDArray[Any]") -> Floats:
    """Return the log density per hour of each time among all of them."""
    counts, _ = np.histogram(hours, LAG_EDGES_H)
    share = (counts + 0.5) / (counts.sum() + 0.5 * len(counts))
    at = np.clip(np.searchsorted(LAG_EDGES_H, hours, side="right") - 1, 0, len(counts) - 1)
    return np.asarray(np.log(share / np.diff(LAG_EDGES_H))[at])
