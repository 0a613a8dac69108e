"""From the ledger and the case reports to a `Night`, which reports and messages are made of."""

import json
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.orm import Session

from enteroscan import vocabulary
from enteroscan._language import LANGUAGES, Texts, choose_language
from enteroscan.cases import Cases
from enteroscan.nightly.config import Config
from enteroscan.nightly.ledger._ledger import evidence_from_json
from enteroscan.nightly.ledger.models import (
    EvidenceRow,
    HistoryRow,
    MemberRow,
    NightRow,
    SignalRow,
    StreamRow,
    VerdictRow,
)
from enteroscan.nightly.night import Night, Sentences, Signal
from enteroscan.nightly.reports import DATE, Reports, dated

__all__ = ["compose"]

LINE_LIST = (
    "case_id",
    "onset",
    "reported",
    "sex",
    "age_years",
    "home_region",
    "latitude",
    "longitude",
)
SUSPECTS = ("venue", "food", "brand")
HISTORY = ("night", "state", "n_cases", "n_new_cases", "p_value", "recurrence_interval_days")


def compose(session: Session, config: Config, reports: Reports, as_of: date) -> Night:
    """Return a night that is in the ledger.

    Parameters
    ----------
    session
        A transaction of the ledger.
    config
        The settings.
    reports
        What was known on that night.
    as_of
        The night.
    """
    row = session.get_one(NightRow, as_of)
    language = choose_language(config.output.language)
    ids = _shown(session, as_of, config)
    lines = _LineList(reports.cases, language)
    past = _Past(session, as_of, ids)
    streams = _streams(session, as_of)
    boundaries = None
    if config.output.boundaries is not None:
        text = config.path(config.output.boundaries).read_text(encoding="utf-8")
        boundaries = json.loads(text)
    return Night(
        area=config.area,
        as_of=as_of,
        language=language,
        signals=tuple(past.signal(signal_id, lines) for signal_id in ids),
        streams=streams.drop(columns=["n_usable"]),
        problems=reports.cases.quality.problems,
        unseen=streams.loc[
            streams["status"] == "ok", ["stream", "detector", "n_cases", "n_usable"]
        ].reset_index(drop=True),
        curve=_curve(dated(reports.cases, config)),
        settings=config.settings(),
        manifest=row.manifest,
        boundaries=boundaries,
    )


def _shown(session: Session, as_of: date, config: Config) -> list[str]:
    """Return the signals of the night, and those closed not long before."""
    oldest = as_of - timedelta(days=config.identity.remember_days)
    tonight = sa.select(HistoryRow.signal_id).where(HistoryRow.as_of == as_of)
    closed = sa.select(HistoryRow.signal_id).where(
        HistoryRow.as_of <= as_of, HistoryRow.as_of >= oldest, HistoryRow.state == "closed"
    )
    return sorted(set(session.scalars(tonight)) | set(session.scalars(closed)))


def _streams(session: Session, as_of: date) -> pd.DataFrame:
    columns = (
        "stream", "detector", "status", "n_cases", "n_signals", "seconds", "message", "n_usable",
    )  # fmt: skip
    rows = session.execute(
        sa.select(*(getattr(StreamRow, name) for name in columns))
        .where(StreamRow.as_of == as_of)
        .order_by(StreamRow.position)
    )
    return pd.DataFrame(rows.all(), columns=list(columns))


def _curve(cases: pd.DataFrame) -> pd.DataFrame:
    counts = cases[DATE].value_counts().sort_index()
    return counts.rename_axis("date").reset_index(name="cases")


class _Past:
    """What the ledger holds about some signals, up to a night."""

    def __init__(self, session: Session, as_of: date, ids: Sequence[str]) -> None:
        self.as_of = as_of
        self._signals = {
            row.signal_id: row
            for row in session.scalars(sa.select(SignalRow).where(SignalRow.signal_id.in_(ids)))
        }
        self._history = _by_signal(session, HistoryRow, HistoryRow.as_of, ids, as_of)
        self._members = _by_signal(session, MemberRow, MemberRow.case_id, ids, as_of)
        self._evidence = _by_signal(session, EvidenceRow, EvidenceRow.position, ids, as_of)
        self._verdicts = _by_signal(session, VerdictRow, VerdictRow.verdict_id, ids)
        others = session.execute(
            sa.select(SignalRow.signal_id, SignalRow.merged_into, SignalRow.split_from).where(
                SignalRow.merged_into.in_(ids) | SignalRow.split_from.in_(ids)
            )
        )
        self._related = [tuple(row) for row in others]

    def signal(self, signal_id: str, lines: "_LineList") -> Signal:
        history = self._history[signal_id]
        last = history[-1]
        is_tonight = last.as_of == self.as_of
        found = max((row.as_of for row in self._evidence.get(signal_id, ())), default=last.as_of)
        evidence = tuple(
            evidence_from_json(row.content)
            for row in self._evidence.get(signal_id, ())
            if row.as_of == found
        )
        members = [row for row in self._members.get(signal_id, ()) if row.as_of == found]
        return Signal(
            signal_id=signal_id,
            state=last.state,
            is_news=is_tonight and bool(last.news),
            title=last.title,
            news=_news(last) if is_tonight else dict.fromkeys(LANGUAGES, ""),
            streams=tuple(dict.fromkeys(one.stream for one in evidence)),
            first_night=history[0].as_of,
            last_night=found,
            evidence=evidence,
            members=lines.of(members, self.as_of),
            history=_table(history, HISTORY, night="as_of"),
            verdicts=_table(self._verdicts.get(signal_id, []), ("when", "who", "verdict", "note")),
            related=self._relatives(signal_id),
        )

    def _relatives(self, signal_id: str) -> dict[str, str]:
        own = self._signals[signal_id]
        related = {own.merged_into: "merged", own.split_from: "split"}
        for other, merged_into, split_from in self._related:
            if merged_into == signal_id:
                related[other] = "merged"
            elif split_from == signal_id:
                related[other] = "split"
        return {name: how for name, how in related.items() if name is not None}


def _by_signal(
    session: Session,
    table: Any,  # noqa: ANN401
    order: Any,  # noqa: ANN401
    ids: Sequence[str],
    until: date | None = None,
) -> dict[str, list[Any]]:
    query = sa.select(table).where(table.signal_id.in_(ids)).order_by(order)
    if until is not None:
        query = query.where(table.as_of <= until)
    rows: dict[str, list[Any]] = {}
    for row in session.scalars(query):
        rows.setdefault(row.signal_id, []).append(row)
    return rows


def _table(rows: Sequence[Any], columns: Sequence[str], **names: str) -> pd.DataFrame:
    values = [[getattr(row, names.get(name, name)) for name in columns] for row in rows]
    return pd.DataFrame(values, columns=list(columns))


def _news(row: HistoryRow) -> Sentences:
    if not row.news:
        return dict.fromkeys(LANGUAGES, "")
    p_value = "?" if row.p_value is None else f"{row.p_value:.2g}"
    values = {"n": row.n_cases, "n_new": row.n_new_cases, "p": p_value}
    return {name: Texts(name, "nightly")(f"news.{row.news}", **values) for name in LANGUAGES}


class _LineList:
    """The de-identified rows of cases."""

    def __init__(self, cases: Cases, language: str) -> None:
        self._frame = cases.frame.set_index("case_id", drop=False)
        self._exposures = cases.exposures
        self._positive = _positive(cases.specimens, language)
        names = vocabulary.symptoms().set_index("key")[language]
        self._symptoms = {
            column: str(names.get(column.removeprefix("symptom_"), column))
            for column in self._frame.columns
            if str(column).startswith("symptom_")
        }

    def of(self, members: Sequence[MemberRow], night: date) -> pd.DataFrame:
        """Return a row a member; of cases that are no longer in the input only the number."""
        ids = [row.case_id for row in members]
        frame = self._frame.reindex(ids)
        table = frame.reindex(columns=list(LINE_LIST)).assign(case_id=ids)
        return table.assign(
            symptoms=self._spoken(frame),
            exposures=_joined(self._exposures, ids, SUSPECTS),
            suspects=pd.Series(_named(self._exposures, ids), ids, dtype=object),
            laboratory=_joined(self._positive, ids, ("agent", "serotype")),
            probability=pd.Series([row.probability for row in members], ids, dtype="float64"),
            is_new=[row.is_new and row.as_of == night for row in members],
        ).reset_index(drop=True)

    def _spoken(self, frame: pd.DataFrame) -> list[str]:
        has = frame[list(self._symptoms)].fillna(value=False).astype(bool).to_numpy()
        names = list(self._symptoms.values())
        return ["; ".join(n for n, yes in zip(names, row, strict=True) if yes) for row in has]


def _positive(specimens: pd.DataFrame, language: str) -> pd.DataFrame:
    """Return the specimens in which something was found, with the names of agents."""
    found = specimens[specimens["positive"].fillna(value=False).astype(bool)]
    names = vocabulary.agents().set_index("key")[language]
    return found.assign(agent=found["agent"].map(names).fillna(found["agent"]))


def _named(exposures: pd.DataFrame, ids: Sequence[str]) -> list[list[str]]:
    """Return the places, foods and brands that each case names, each by itself."""
    rows = exposures[exposures["case_id"].isin(ids)]
    each = rows.melt("case_id", SUSPECTS, value_name="what")[["case_id", "what"]]
    named = each.dropna().drop_duplicates().groupby("case_id")["what"].agg(list)
    return [named.get(case_id, []) for case_id in ids]


def _joined(table: pd.DataFrame, ids: Sequence[str], columns: Sequence[str]) -> list[str]:
    """Return what a table says about each case, as one text."""
    rows = table[table["case_id"].isin(ids)]
    texts: dict[str, list[str]] = {}
    for case_id, *values in rows[["case_id", *columns]].itertuples(index=False, name=None):
        text = " ".join(str(value) for value in values if not pd.isna(value))
        if text and text not in texts.setdefault(case_id, []):
            texts[case_id].append(text)
    return ["; ".join(texts.get(case_id, ())) for case_id in ids]
