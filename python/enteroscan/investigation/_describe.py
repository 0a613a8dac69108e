"""All about a cluster of case reports in one object."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from enteroscan._language import Texts
from enteroscan._templates import template
from enteroscan.cases import Cases
from enteroscan.errors import DataError
from enteroscan.investigation._agents import AgentRanking, rank_agents
from enteroscan.investigation._answers import food_histories
from enteroscan.investigation._foods import case_comparison
from enteroscan.investigation._people import person_place_time
from enteroscan.investigation._source import SourceJudgement, judge_source
from enteroscan.investigation._time import (
    EpidemicCurve,
    ExposureWindow,
    epidemic_curve,
    exposure_window,
)

SECTION = "investigation"
EXPOSURES = ("venue", "food", "brand", "maker", "purchase_venue", "food_class")
SIGNIFICANT = 0.05
SHOWN = 10
HOUR = pd.Timedelta(hours=1)


@dataclass(frozen=True, kw_only=True, repr=False)
class Investigation:
    """What is known of a cluster; `describe` makes it, a notebook shows it, verdict first.

    Parameters
    ----------
    members, others
        Case numbers of the cluster, and the number of cases it was compared with.
    agents
        Agents by probability, and the evidence for and against each.
    exposures
        `case_comparison` of the cluster with the others, over all foods, venues, brands...:
        ``kind`` and ``exposure``; q over all of them together.
    people
        `person_place_time` with the others beside.
    curve, window, source
        Epidemic curve, window of exposure, and whether one exposure accounts for the onsets;
        None where no onset is known.
    """

    members: tuple[str, ...]
    others: int
    agents: AgentRanking
    exposures: pd.DataFrame
    people: pd.DataFrame
    curve: EpidemicCurve | None
    window: ExposureWindow | None
    source: SourceJudgement | None
    language: str | None = None

    def verdict(self, language: str | None = None) -> list[str]:
        """Return the findings as sentences, the most important first."""
        texts = Texts(language or self.language, SECTION)
        if self.curve is None or self.window is None or self.source is None:
            return [texts("no_onset"), self._food(texts)]
        first, last = self.curve.table["start"].iloc[0], self.curve.table["end"].iloc[-1]
        agent = self.agents.table.iloc[0]
        sentences = [
            texts(
                "verdict",
                n=len(self.members),
                first=_minute(first),
                last=_minute(last),
                agent=agent[texts.language],
                probability=agent["probability"],
            ),
            self._food(texts),
            *self.source.reasons(texts.language),
        ]
        if self.source.verdict in ("point_source", "too_few"):
            times = {name: _minute(getattr(self.window, name)) for name in ("start", "end", "time")}
            sentences.append(texts("window", **times))
        return sentences

    def _food(self, texts: Texts) -> str:
        if self.exposures.empty:
            return texts("no_answers")
        first = self.exposures.iloc[0]
        if first["q_value"] > SIGNIFICANT or not first["odds_ratio"] > 1:
            return texts("no_food", q=self.exposures["q_value"].min())
        return texts(
            "food",
            food=first["exposure"],
            exposed=first["cases_exposed"],
            cases=first["cases"],
            others=first["controls_exposed"],
            n_others=first["controls"],
            odds="∞" if np.isinf(first["odds_ratio"]) else f"{first['odds_ratio']:.1f}",
            q=first["q_value"],
        )

    def __repr__(self) -> str:
        return f"<Investigation: {' '.join(self.verdict())}>"

    def _repr_html_(self) -> str:
        texts = Texts(self.language, SECTION)
        agents = self.agents.explain(texts.language)
        tables = {
            "agents": agents.assign(probability=[f"{p:.0%}" for p in agents["probability"]]),
            "exposures": self.exposures.head(SHOWN),
            "curve": pd.DataFrame() if self.curve is None else self.curve.table,
            "people": self.people,
        }
        return template("investigation.html").render(
            verdict=self.verdict(),
            tables=[
                {
                    "title": texts(f"title.{name}"),
                    "head": list(table.columns),
                    "rows": [[_cell(value) for value in row] for row in table.to_numpy(object)],
                }
                for name, table in tables.items()
                if len(table)
            ],
        )


def describe(
    cases: Cases,
    members: Iterable[str],
    *,
    agents: str | Sequence[str] | None = None,
    group: str | None = None,
    meal: pd.Timestamp | None = None,
    exposures: Sequence[str] = EXPOSURES,
    language: str | None = None,
) -> Investigation:
    """Describe a cluster: agent, exposures, onsets, person, place and time.

    Parameters
    ----------
    cases
        All case reports of the area; those outside the cluster are the background.
    members
        Case numbers (``case_id``) of the cluster.
    agents
        Key or keys of the agents, where they are known from the laboratory; else those that
        symptoms and incubation make probable (90 % together).
    group
        Column of ``cases.frame`` that tells classes, wards or households apart.
    meal
        Time of the suspected meal, if there is one; else incubations are not used, since the
        meals of a report are many and mostly not the one.
    exposures
        Columns of ``cases.exposures`` that are compared.
    language
        ``"en"`` or ``"zh"``, for the page; as in `QualityReport` by default.

    Raises
    ------
    DataError
        A member is no case, or there is none.

    Examples
    --------
    >>> describe(cases, ["a17", "a21", "a22"])  # doctest: +SKIP
    """
    frame = cases.frame
    ids = tuple(dict.fromkeys(str(member) for member in members))
    inside = frame["case_id"].astype(str).isin(ids).to_numpy()
    unknown = sorted(set(ids) - set(frame["case_id"].astype(str)))
    if unknown or not ids:
        message = (
            f"members: {len(unknown)} of {len(ids)} are no case_id of the cases "
            f"({', '.join(unknown[:5])}); give at least one, from cases.frame"
        )
        raise DataError(message)
    ill = frame[inside]
    hour_known = ill["onset_hour_known"].fillna(value=False).to_numpy(dtype=bool)
    hours = None if meal is None else np.asarray((ill["onset"] - meal) / HOUR, dtype=np.float64)
    ranking = rank_agents(_symptoms(ill), incubation_h=hours, onset_hour_known=hour_known)
    if agents is None:
        likely = ranking.probable()
        weights = ranking.table["probability"].head(len(likely)).to_list()
    else:
        likely = [agents] if isinstance(agents, str) else list(agents)
        weights = [1.0] * len(likely)
    curve = window = source = None
    if ill["onset"].notna().any():
        onset = ill["onset"]
        curve = epidemic_curve(onset, hour_known=hour_known, agent=likely[0])
        window = exposure_window(onset, hour_known=hour_known, agents=likely, weights=weights)
        source = judge_source(
            onset, agents=likely, hour_known=hour_known, group=ill[group] if group else None
        )
    return Investigation(
        members=ids,
        others=int((~inside).sum()),
        agents=ranking,
        exposures=_exposures(cases, inside, exposures),
        people=person_place_time(ill, frame[~inside]),
        curve=curve,
        window=window,
        source=source,
        language=language,
    )


def _symptoms(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[[name for name in frame.columns if str(name).startswith("symptom_")]]


def _exposures(
    cases: Cases, inside: np.ndarray[tuple[int], np.dtype[np.bool_]], kinds: Sequence[str]
) -> pd.DataFrame:
    """Compare what members and others tell, only where a member tells it; q over all kinds."""
    from scipy.stats import false_discovery_control

    parts = []
    for kind in kinds:
        if not cases.exposures[kind].notna().any():
            continue
        told = food_histories(cases, by=kind)
        of_members = told[inside]
        named = [name for name in told.columns if (of_members[name] == True).any()]  # noqa: E712
        if named and not inside.all():
            compared = case_comparison(of_members, told[~inside], exposures=named)
            parts.append(compared.assign(kind=kind))
    if not parts:
        return pd.DataFrame()
    table = pd.concat(parts, ignore_index=True)
    table["q_value"] = false_discovery_control(table["p_value"].to_numpy(np.float64))
    table = table.assign(raised=table["odds_ratio"] > 1).sort_values(
        ["raised", "p_value"], ascending=[False, True], kind="stable", ignore_index=True
    )
    rest = [name for name in table.columns if name not in ("kind", "raised")]
    return table[["kind", *rest]]


def _minute(time: pd.Timestamp) -> str:
    return f"{time:%Y-%m-%d %H:%M}"


def _cell(value: Any) -> str:  # noqa: ANN401 - cells are of any type
    if value is None or pd.isna(value):
        return ""
    if isinstance(value, pd.Timestamp):
        return _minute(value)
    return f"{value:.3g}" if isinstance(value, float) else str(value)
