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
RARE_TYPE = 0.05  # of all typed findings: only types up to this share say much
FEW_OF_TYPE = 3  # findings of a type that are rare in any area
OTHER_GENOMES = 20  # as if so many, all of other types, had been seen of each agent; assumed
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

    table: pd.DataFrame  # key, zh, en, serotype; the last one is the unknown agent
    log_prior: Floats
    infectious: Floats  # share of each agent among cases that infect others; assumed equal
    of_cases: Floats  # [case, agent]: symptoms and laboratory
    n_untyped: int  # isolates of no case here of which an agent is known
    _agents: pd.DataFrame  # of the vocabulary
    _row: "NDArray[np.intp]"  # among those, of each agent but the unknown one

    @classmethod
    def of(
        cls,
        frame: pd.DataFrame,
        specimens: pd.DataFrame,
        chosen: Sequence[str] | None,
        recent: pd.Timestamp,
        genomes: "pd.Series[Any] | None" = None,
    ) -> "AgentEvidence":
        """Judge the cases of `frame`; `chosen` are keys of agents, None means all.

        Rare serotypes of cases since `recent` are agents of their own: a source spreads one type,
        so two cases of a rare one speak for it, and two of different types against it. So is every
        type of `genomes` (type by case number) that a recent case has.
        """
        agents = _chosen(chosen)
        found = _findings(frame, specimens, agents["key"])
        found, n_untyped = _typed_by_genome(found, frame, genomes, agents)
        types = _rare_types(found, frame["onset"] >= recent)
        known = _with_types(agents, types)
        shares = known["share"].to_numpy(np.float64)
        row = pd.Index(agents["key"]).get_indexer(pd.Index(known["key"]))
        frequencies = models.symptom_frequencies(agents)
        symptoms = models.log_symptoms_ratio(frame, frequencies=frequencies)
        cases = _normalised(symptoms)[:, row] + _laboratory(len(frame), found, known)
        cases = np.column_stack([cases, np.zeros(len(frame))])
        unknown = pd.DataFrame({"key": [UNKNOWN], "zh": ["不明"], "en": ["unknown"]})
        table = pd.concat([known[["key", "zh", "en", "serotype"]], unknown], ignore_index=True)
        prior = models.prior_weights(agents)[row] * shares * (1 - UNKNOWN_SHARE)
        spreads = known["kind"].isin(INFECTIOUS).to_numpy(np.float64) * shares
        spreads *= (1 - UNKNOWN_SHARE) / max(spreads.sum(), 1.0)
        return cls(
            table,
            np.log(np.append(prior, UNKNOWN_SHARE)),
            np.append(spreads, UNKNOWN_SHARE),
            np.maximum(cases, LEAST_EVIDENCE),
            n_untyped,
            agents,
            row,
        )

    def of_meals(self, hours: Floats, onset_hour_known: Bools, eaten_hour_known: Bools) -> Floats:
        """Return [meal, agent]: times from meal to onset; one more row for "no meal".

        An unknown time speaks for nothing. The unknown agent may have any incubation of the others.
        """
        # Times are few, as people round them: each is judged once.
        precision = onset_hour_known.astype(np.int64) + 2 * eaten_hour_known
        codes = pd.factorize(hours)[0] * 4 + precision
        _, first, of_meal, n_meals = np.unique(
            codes, return_index=True, return_inverse=True, return_counts=True
        )
        hours, precision = hours[first], precision[first]
        of_agents = models.log_incubation(
            hours,
            onset_hour_known=onset_hour_known[first],
            eaten_hour_known=eaten_hour_known[first],
            parameters=models.incubation_parameters(self._agents),
        )
        logs = np.take(of_agents, self._row, axis=1)
        shares = np.exp(self.log_prior[:-1])
        mixture = np.log(np.exp(logs) @ (shares / shares.sum()))
        usual = np.zeros(len(hours))
        for precise in range(4):
            same = ~np.isnan(hours) & (precision == precise)
            usual[same] = _log_density(hours[same], n_meals[same])
        evidence = np.column_stack([logs, mixture]) - usual[:, None]
        evidence = np.where(np.isnan(hours)[:, None], 0.0, np.maximum(evidence, LEAST_EVIDENCE))
        no_meal = np.zeros((1, len(self.table)))
        rows = np.append(of_meal, len(evidence))
        return np.asarray(np.concatenate([evidence, no_meal])[rows])


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


def _findings(frame: pd.DataFrame, specimens: pd.DataFrame, keys: "pd.Series[str]") -> pd.DataFrame:
    """Return what was found: `case` (number), `agent`, `serotype`; each once."""
    number = pd.Series(np.arange(len(frame)), index=frame["case_id"].astype(object))
    found = specimens.loc[specimens["agent"].notna(), ["case_id", "agent", "serotype"]]
    found = found.astype(object).assign(case=found["case_id"].astype(object).map(number))
    found = found[found["case"].notna()].drop_duplicates(["case", "agent", "serotype"])
    of_agent = (len(found) + len(keys)) / (found["agent"].map(found["agent"].value_counts()) + 1)
    return found.assign(case=found["case"].astype(np.int64), rarity=np.log(of_agent.astype(float)))


def _typed_by_genome(
    found: pd.DataFrame,
    frame: pd.DataFrame,
    genomes: "pd.Series[Any] | None",
    agents: pd.DataFrame,
) -> tuple[pd.DataFrame, int]:
    """Return the findings with `by_genome`, bacteria typed by it, and how many isolates are unused.

    Isolates of one type are called by their serotype and its number.
    """
    found = found.assign(by_genome=False)
    if genomes is None:
        return found, 0
    own = found["case"].map(frame["case_id"].astype(object)).map(genomes)
    bacteria = agents.loc[agents["kind"] == "bacterium", "key"]
    here = (own.notna() & found["agent"].isin(bacteria)).to_numpy()
    names = "g" + own[here].astype(np.int64).astype(str)
    serotype = found.loc[here, "serotype"]
    found.loc[here, "serotype"] = names.where(serotype.isna(), serotype.astype(str) + " " + names)
    found["by_genome"] = here
    return found, len(genomes) - found.loc[here, "case"].nunique()


def _rare_types(found: pd.DataFrame, is_recent: "pd.Series[bool]") -> pd.DataFrame:
    """Return `agent`, `serotype` and `share` (of the agent's types) of those seen twice lately.

    Genomes tell more than that: each of their types counts, if seen lately.
    """
    typed = found[found["serotype"].notna()]
    lately = typed[is_recent.to_numpy()[typed["case"]]]
    by = ["agent", "serotype", "by_genome"]
    counts = pd.DataFrame({"n": typed.groupby(by).size(), "lately": lately.groupby(by).size()})
    of_agent = typed.groupby(["agent", "by_genome"]).size().rename("of_agent")
    counts = counts.reset_index().merge(of_agent.reset_index(), on=["agent", "by_genome"])
    genome = counts["by_genome"]
    counts["share"] = counts["n"] / (counts["of_agent"] + np.where(genome, OTHER_GENOMES, 1.0))
    rare = (counts["n"] <= RARE_TYPE * max(len(typed), 1)) | (counts["n"] <= FEW_OF_TYPE)
    return counts[(rare & (counts["lately"] >= 2)) | (genome & (counts["lately"] >= 1))]


def _with_types(agents: pd.DataFrame, types: pd.DataFrame) -> pd.DataFrame:
    """Return the agents and after them their rare types; `share` is that of their agent."""
    own = types[types["agent"].isin(agents["key"])].rename(columns={"agent": "key"})
    typed = own[["key", "serotype", "share"]].merge(agents, on="key")
    for language in ("zh", "en"):
        typed[language] = typed[language] + " " + typed["serotype"]
    left = 1.0 - agents["key"].map(typed.groupby("key")["share"].sum()).fillna(0.0)
    return pd.concat([agents.assign(serotype=None, share=left), typed], ignore_index=True)


def _laboratory(n_cases: int, found: pd.DataFrame, known: pd.DataFrame) -> Floats:
    """Return what findings say: the agent that was found, over how often it is found."""
    evidence = np.zeros((n_cases, len(known)))
    if len(found) == 0:
        return evidence
    said_by = np.log(1 - OTHER_FINDING) + found["rarity"].to_numpy(np.float64)[:, None]
    of_agent = found["agent"].to_numpy()[:, None] == known["key"].to_numpy(dtype=object)
    types = found["serotype"].fillna("").to_numpy(dtype=object)[:, None]
    wanted = known["serotype"].fillna("").to_numpy(dtype=object)
    is_typed = (types != "") & (wanted != "")
    of_type = is_typed & of_agent & (types == wanted)
    # A type is rarer than its agent by its share.
    said_by = said_by - np.where(of_type, np.log(known["share"].to_numpy(np.float64)), 0.0)
    # What has a type of its own is not of the others; genomes tell that surely.
    told_apart = of_type.any(axis=1)[:, None] & found["by_genome"].to_numpy(bool)[:, None]
    agrees = of_agent & (~is_typed | of_type) & ~(told_apart & (wanted == ""))
    said = pd.DataFrame(np.where(agrees, said_by, np.log(OTHER_FINDING)))
    best = said.groupby(found["case"].to_numpy()).max()  # two agents in one case: either may be it
    evidence[best.index.to_numpy()] = best.to_numpy()
    return evidence


def _log_density(hours: Floats, n_meals: "NDArray[np.int64]") -> Floats:
    """Return the log density per hour of each time among all of them, each seen so often."""
    counts, _ = np.histogram(hours, LAG_EDGES_H, weights=n_meals)
    share = (counts + 0.5) / (counts.sum() + 0.5 * len(counts))
    at = np.clip(np.searchsorted(LAG_EDGES_H, hours, side="right") - 1, 0, len(counts) - 1)
    return np.asarray(np.log(share / np.diff(LAG_EDGES_H))[at])
