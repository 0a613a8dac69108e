"""Which agent it may be, and what speaks for and against each."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from enteroscan import agents as model
from enteroscan import vocabulary
from enteroscan._language import Texts
from enteroscan.investigation._answers import Floats
from enteroscan.investigation._time import DAY_H, STRAY

CERTAINTY = 20.0  # a frequency of the table is worth so many cases
WEIGHTY = np.log(3.0)  # evidence that makes odds three times as large is told
NONE_OF_THESE = 1e-9


@dataclass(frozen=True, kw_only=True)
class AgentRanking:
    """Agents by probability; `rank_agents` makes it.

    ``table`` has ``key``, ``zh``, ``en``, ``probability``, ``log_symptoms``, ``log_incubation``
    (log likelihoods), ``log_prior``; ``evidence`` has ``key``, ``finding`` (a symptom, or
    ``incubation``), ``observed`` and ``expected`` (shares of cases; medians in hours), ``n`` cases
    that tell, and ``weight``: log odds for (above 0) or against the agent, compared with all
    agents together.
    """

    table: pd.DataFrame
    evidence: pd.DataFrame

    def probable(self, total: float = 0.9) -> list[str]:
        """Return the fewest agents that together have a probability."""
        before = self.table["probability"].cumsum() - self.table["probability"]
        return self.table.loc[before < total, "key"].astype(str).to_list()

    def explain(self, language: str | None = None, *, most: int = 5) -> pd.DataFrame:
        """Return ``agent``, ``probability``, ``speaks_for`` and ``speaks_against`` as sentences.

        Findings that change the odds less than threefold are not told.
        """
        texts = Texts(language, "investigation")
        top = self.table.head(most)
        sentences = [self._sentences(str(key), texts) for key in top["key"]]
        return pd.DataFrame(
            {
                "agent": top[texts.language].to_numpy(),
                "probability": top["probability"].to_numpy(),
                "speaks_for": [supporting for supporting, _ in sentences],
                "speaks_against": [opposing for _, opposing in sentences],
            }
        )

    def _sentences(self, key: str, texts: Texts) -> tuple[str, str]:
        symptoms = vocabulary.symptoms().set_index("key")[texts.language]
        mine = self.evidence[self.evidence["key"] == key]
        told: tuple[list[str], list[str]] = ([], [])
        order = mine["weight"].abs().sort_values(ascending=False).index
        for _, row in mine.loc[order].iterrows():
            if abs(row["weight"]) < WEIGHTY:
                continue
            kind = "incubation" if row["finding"] == "incubation" else "symptom"
            text = texts(
                f"agent.{kind}",
                symptom=symptoms.get(row["finding"], ""),
                n=int(row["n"]),
                observed=row["observed"],
                expected=row["expected"],
            )
            told[int(row["weight"] < 0)].append(text)
        join = texts("join")
        return join.join(told[0]) or texts("agent.nothing"), join.join(told[1]) or texts(
            "agent.nothing"
        )


def rank_agents(
    frame: pd.DataFrame,
    *,
    incubation_h: ArrayLike | None = None,
    onset_hour_known: ArrayLike = True,
    eaten_hour_known: ArrayLike = True,
) -> AgentRanking:
    """Rank agents by the symptoms and incubations of a cluster.

    Parameters
    ----------
    frame
        One row a case, columns ``symptom_<key>``: yes, no or missing.
    incubation_h
        Onset less meal in hours, one a case, missing where unknown; left out without a meal.
    onset_hour_known, eaten_hour_known
        As in `agents.log_incubation`.

    Notes
    -----
    Bayes with the shares of outbreaks as priors. All cases have one agent. The number of cases
    with a symptom is beta-binomial about the agent's frequency, which counts as much as twenty
    cases: tables are not exact, so more cases alone do not make us certain. Incubations are
    independent log-normals, with one case in twenty stray. Probabilities are among the agents of
    the table.

    Raises
    ------
    DataError
        A column is called after an unknown symptom.

    Examples
    --------
    >>> frame = pd.DataFrame({"symptom_cyanosis": [True] * 4, "symptom_vomiting": [True] * 4})
    >>> ranking = rank_agents(frame, incubation_h=[0.4, 0.5, 0.5, 1.0])
    >>> ranking.table[["key", "probability"]].round(2).head(1).values.tolist()
    [['nitrite', 1.0]]
    """
    agents = vocabulary.agents()
    prior = model.prior_weights(agents)
    findings = _symptom_evidence(frame, agents)
    by_symptoms = np.sum([logs for *_, logs in findings], axis=0) + np.zeros(len(agents))
    by_incubation = np.zeros(len(agents))
    if incubation_h is not None:
        hours = np.asarray(incubation_h, dtype=np.float64)
        logs = model.log_incubation(
            hours, onset_hour_known=onset_hour_known, eaten_hour_known=eaten_hour_known
        )
        n = int((~np.isnan(hours)).sum())
        if n:
            stray = np.log(STRAY / max(float(np.nanmax(np.abs(hours))), DAY_H))
            mixed = np.logaddexp(logs + np.log1p(-STRAY), stray)
            by_incubation = mixed[~np.isnan(hours)].sum(axis=0)
            expected = agents["incubation_median_h"].to_numpy(np.float64)
            findings.append(("incubation", n, float(np.nanmedian(hours)), expected, by_incubation))
    total = np.log(prior) + by_symptoms + by_incubation
    probability = np.exp(total - total.max())
    table = agents[["key", "zh", "en"]].assign(
        probability=probability / probability.sum(),
        log_symptoms=by_symptoms,
        log_incubation=by_incubation,
        log_prior=np.log(prior),
    )
    evidence = [_weighed(finding, agents, prior) for finding in findings]
    columns = ["key", "finding", "observed", "expected", "n", "weight"]
    return AgentRanking(
        table=table.sort_values("probability", ascending=False, kind="stable", ignore_index=True),
        evidence=pd.concat(evidence, ignore_index=True)
        if evidence
        else pd.DataFrame({name: pd.Series(dtype=object) for name in columns}),
    )


Finding = tuple[str, int, float, Floats, Floats]  # name, n, observed, expected and logs by agent


def _symptom_evidence(frame: pd.DataFrame, agents: pd.DataFrame) -> list[Finding]:
    from scipy.special import betaln

    frequencies = model.symptom_frequencies(agents)
    names, yes, no = model._answers(frame, frequencies)
    has, lacks = yes.sum(axis=0), no.sum(axis=0)
    shares = frequencies[names].to_numpy(np.float64)
    a, b = CERTAINTY * shares, CERTAINTY * (1 - shares)
    logs = betaln(a + has, b + lacks) - betaln(a, b)
    return [
        (name, int(n), float(k / n), shares[:, i], logs[:, i])
        for i, (name, k, n) in enumerate(zip(names, has, has + lacks, strict=True))
        if n > 0
    ]


def _weighed(finding: Finding, agents: pd.DataFrame, prior: Floats) -> pd.DataFrame:
    name, n, observed, expected, logs = finding
    together = logs.max() + np.log(prior @ np.exp(logs - logs.max()) + NONE_OF_THESE)
    values: dict[str, Any] = {
        "key": agents["key"],
        "finding": name,
        "observed": observed,
        "expected": expected,
        "n": n,
        "weight": logs - together,
    }
    return pd.DataFrame(values)
