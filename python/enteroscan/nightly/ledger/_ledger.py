"""Reading and writing the ledger."""

import dataclasses
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal, Self, get_args

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.orm import Session

from enteroscan._language import Texts
from enteroscan.errors import SpecError
from enteroscan.nightly.config import Config, load_config
from enteroscan.nightly.detect import StreamResult
from enteroscan.nightly.identity import Change, Known, Rules
from enteroscan.nightly.ledger._database import (
    LedgerError,
    connect,
    errors_named,
    locked,
    make_engine,
    migrate,
    needs_migration,
)
from enteroscan.nightly.ledger.models import (
    EvidenceRow,
    HistoryRow,
    MemberRow,
    NightRow,
    OutboxRow,
    SignalRow,
    StreamRow,
    VerdictRow,
)
from enteroscan.nightly.night import Evidence

__all__ = ["Ledger", "Verdict", "open_ledger"]

Verdict = Literal["outbreak", "sporadic", "data_error", "note"]
VERDICTS: tuple[str, ...] = get_args(Verdict)
TRUE, FALSE = ("outbreak",), ("sporadic", "data_error")


def now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(UTC)


class Ledger:
    """The ledger of a job; `open_ledger` gives it.

    Everything that belongs together is written in one transaction: `transaction`.
    """

    def __init__(self, engine: sa.Engine, connection: sa.Connection) -> None:
        """Use a connection that is open."""
        self._engine = engine
        self._connection = connection

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Write all of it, or nothing.

        Raises
        ------
        LedgerError
            The database refuses; nothing was changed.
        """
        with errors_named(self._engine), Session(self._connection) as session, session.begin():
            yield session

    @contextmanager
    def alone(self, wait_s: float) -> Iterator[Self]:
        """Keep other runs out."""
        with locked(self._engine, self._connection, wait_s):
            yield self

    def prepare(self, wait_s: float) -> None:
        """Make the tables, or bring them to the form of this version."""
        with errors_named(self._engine):
            if not needs_migration(self._connection):
                return
            with locked(self._engine, self._connection, wait_s):
                if needs_migration(self._connection):
                    migrate(self._connection)

    # What was found

    @property
    def last_night(self) -> date | None:
        """The last night that was recorded."""
        with self.transaction() as session:
            return session.scalar(sa.select(sa.func.max(NightRow.as_of)))

    def n_cases_before(self, as_of: date) -> int | None:
        """Return how many cases the last night before had; None if there was none."""
        chosen = sa.select(NightRow.n_cases).where(NightRow.as_of < as_of)
        with self.transaction() as session:
            return session.scalar(chosen.order_by(NightRow.as_of.desc()).limit(1))

    def night(self, as_of: date) -> NightRow | None:
        """Return a night, if it was recorded."""
        with self.transaction() as session:
            session.expire_on_commit = False
            return session.get(NightRow, as_of)

    def unfinished(self) -> list[date]:
        """Return nights that are recorded, and whose report or news may not have gone out."""
        chosen = sa.select(NightRow.as_of).where(~NightRow.finished).order_by(NightRow.as_of)
        with self.transaction() as session:
            return list(session.scalars(chosen))

    def finish(self, as_of: date) -> None:
        """Remember that the report is written and the news are sent."""
        with self.transaction() as session:
            session.execute(
                sa.update(NightRow).where(NightRow.as_of == as_of).values(finished=True)
            )

    def known(self, session: Session, night: date, rules: Rules) -> list[Known]:
        """Return the signals that a night's findings may belong to."""
        is_remembered = (SignalRow.state != "closed") | (
            SignalRow.last_found >= rules.remembered_since(night)
        )
        rows = session.scalars(
            sa.select(SignalRow).where(SignalRow.merged_into.is_(None), is_remembered)
        ).all()
        last_had = _last_had(session, [row.signal_id for row in rows])
        return [_known(row, last_had[row.signal_id]) for row in rows]

    def record(
        self,
        session: Session,
        *,
        as_of: date,
        changes: Sequence[Change],
        streams: Sequence[StreamResult],
        n_cases: int,
        manifest: Mapping[str, Any],
    ) -> None:
        """Write a night.

        Raises
        ------
        SpecError
            It is not later than the last one.
        """
        last = session.scalar(sa.select(sa.func.max(NightRow.as_of)))
        if last is not None and as_of <= last:
            raise SpecError(Texts(None, "nightly")("earlier_night", night=as_of, last=last))
        news = sum(bool(change.news) for change in changes)
        session.add(
            NightRow(
                as_of=as_of,
                recorded=now(),
                finished=False,
                n_news=news,
                n_cases=n_cases,
                manifest=dict(manifest),
            )
        )
        session.flush()
        session.add_all(_stream_row(as_of, i, result) for i, result in enumerate(streams))
        for change in changes:
            self._record_signal(session, as_of, change)
        session.flush()
        for change in changes:
            session.add_all(_rows_of(as_of, change, self._title(session, change)))
        session.flush()

    def _record_signal(self, session: Session, as_of: date, change: Change) -> None:
        row = session.get(SignalRow, change.signal_id)
        if row is None:
            row = SignalRow(
                signal_id=change.signal_id,
                first_night=change.first_night,
                split_from=change.split_from,
                counts={},
            )
            session.add(row)
        if change.news or not row.state:
            row.told_p = change.p_value
        row.state = change.state
        row.closed_on = as_of if change.state == "closed" else None
        row.merged_into = change.merged_into
        if change.findings:
            row.last_found = as_of
            alone = all(finding.is_count for finding in change.findings)
            sources = sorted({finding.source for finding in change.findings})
            row.counts = {"series": [list(source) for source in sources] if alone else []}

    def _title(self, session: Session, change: Change) -> dict[str, Any]:
        if change.findings:
            return dict(change.findings[0].title)
        chosen = sa.select(HistoryRow.title).where(HistoryRow.signal_id == change.signal_id)
        return session.scalar(chosen.order_by(HistoryRow.as_of.desc()).limit(1)) or {}

    # What people say

    def review(self, signal_id: str, *, verdict: Verdict, who: str, note: str = "") -> None:
        """Record what a person found out about a signal.

        Parameters
        ----------
        signal_id
            The identifier of the signal.
        verdict
            ``"outbreak"``, ``"sporadic"``, ``"data_error"``, or ``"note"`` where nothing is
            decided.
        who, note
            Who says so, and why. The last verdict counts; all are kept.

        Raises
        ------
        SpecError
            There is no such signal or verdict.
        """
        texts = Texts(None, "ledger")
        if verdict not in VERDICTS:
            raise SpecError(texts("verdict", verdict=verdict, known=", ".join(VERDICTS)))
        with self.transaction() as session:
            if session.get(SignalRow, signal_id) is None:
                raise SpecError(texts("no_signal", signal=signal_id))
            session.add(
                VerdictRow(signal_id=signal_id, when=now(), who=who, verdict=verdict, note=note)
            )

    def verdicts(self) -> pd.DataFrame:
        """Return all verdicts: signal_id, when, who, verdict, note."""
        columns = (
            VerdictRow.signal_id,
            VerdictRow.when,
            VerdictRow.who,
            VerdictRow.verdict,
            VerdictRow.note,
        )
        return self._frame(sa.select(*columns).order_by(VerdictRow.verdict_id))

    def predictive_values(self) -> pd.DataFrame:
        """Return how many of the signals that people judged were outbreaks, by stream.

        One row a stream and detector: ``n_signals``, ``n_outbreaks``, ``n_others`` (sporadic, data
        errors), ``n_open`` (no verdict), ``predictive_value`` of those judged (missing: none).
        What was merged counts once; of its verdicts, too, the last one counts.
        """
        with self.transaction() as session:
            survivors = _survivors(session)
        said = self.verdicts()
        said = said[said["verdict"].isin([*TRUE, *FALSE])]
        said = said.assign(signal_id=said["signal_id"].map(survivors))
        last = said.drop_duplicates("signal_id", keep="last").set_index("signal_id")["verdict"]
        sources = self._frame(
            sa.select(EvidenceRow.signal_id, EvidenceRow.stream, EvidenceRow.detector).distinct()
        )
        sources = sources.assign(signal_id=sources["signal_id"].map(survivors)).drop_duplicates()
        verdict = sources["signal_id"].map(last)
        counts = (
            sources.assign(
                n_signals=1,
                n_outbreaks=verdict.isin(TRUE).astype(int),
                n_others=verdict.isin(FALSE).astype(int),
                n_open=verdict.isna().astype(int),
            )
            .groupby(["stream", "detector"], as_index=False)[
                ["n_signals", "n_outbreaks", "n_others", "n_open"]
            ]
            .sum()
        )
        judged = counts["n_outbreaks"] + counts["n_others"]
        return counts.assign(predictive_value=counts["n_outbreaks"] / judged.where(judged > 0))

    # Tables

    def signals(self) -> pd.DataFrame:
        """Return all signals, the latest first: state, nights, cases, and the last title."""
        frame = self._frame(
            sa.select(
                SignalRow.signal_id,
                SignalRow.state,
                SignalRow.first_night,
                SignalRow.last_found,
                SignalRow.closed_on,
                SignalRow.merged_into,
                SignalRow.split_from,
            ).order_by(SignalRow.first_night.desc(), SignalRow.signal_id.desc())
        )
        last = self.history().drop_duplicates("signal_id", keep="last").set_index("signal_id")
        return frame.assign(title=frame["signal_id"].map(last["title"]))

    def history(self) -> pd.DataFrame:
        """Return one row a signal and night, in the order of the nights."""
        columns = (
            HistoryRow.signal_id,
            HistoryRow.as_of.label("night"),
            HistoryRow.state,
            HistoryRow.news,
            HistoryRow.n_cases,
            HistoryRow.n_new_cases,
            HistoryRow.p_value,
            HistoryRow.recurrence_interval_days,
            HistoryRow.title,
        )
        return self._frame(sa.select(*columns).order_by(HistoryRow.as_of, HistoryRow.signal_id))

    def members(self) -> pd.DataFrame:
        """Return one row a signal, night and case."""
        columns = (
            MemberRow.signal_id,
            MemberRow.as_of.label("night"),
            MemberRow.case_id,
            MemberRow.probability,
            MemberRow.is_new,
        )
        order = (MemberRow.as_of, MemberRow.signal_id, MemberRow.case_id)
        return self._frame(sa.select(*columns).order_by(*order))

    def nights(self) -> pd.DataFrame:
        """Return one row a night: as_of, recorded, finished, n_news, n_cases."""
        columns = (
            NightRow.as_of,
            NightRow.recorded,
            NightRow.finished,
            NightRow.n_news,
            NightRow.n_cases,
        )
        return self._frame(sa.select(*columns).order_by(NightRow.as_of))

    def outbox(self) -> pd.DataFrame:
        """Return one row a message: key, channel, attempted, sent, error."""
        columns = (
            OutboxRow.key,
            OutboxRow.channel,
            OutboxRow.attempted,
            OutboxRow.sent,
            OutboxRow.error,
        )
        return self._frame(sa.select(*columns).order_by(OutboxRow.key))

    def _frame(self, query: sa.Executable) -> pd.DataFrame:
        with self.transaction() as session:
            result = session.execute(query)
            return pd.DataFrame(result.all(), columns=list(result.keys()))


def _survivors(session: Session) -> dict[str, str]:
    """Return for every signal the one that it has gone into, itself if none."""
    pairs = session.execute(sa.select(SignalRow.signal_id, SignalRow.merged_into)).all()
    into: dict[str, str | None] = {signal_id: other for signal_id, other in pairs}

    def last(signal_id: str) -> str:
        other = into[signal_id]
        return signal_id if other is None else last(other)

    return {signal_id: last(signal_id) for signal_id in into}


def _last_had(session: Session, signal_ids: Sequence[str]) -> dict[str, dict[str, date]]:
    """Return the night on which a signal last had a case, by signal and case.

    A case of a signal that was merged into it was had at the beginning of time.
    """
    last_had: dict[str, dict[str, date]] = {signal_id: {} for signal_id in signal_ids}
    owner = {one: into for one, into in _survivors(session).items() if into in last_had}
    rows = session.execute(
        sa.select(MemberRow.signal_id, MemberRow.case_id, sa.func.max(MemberRow.as_of))
        .where(MemberRow.signal_id.in_(owner))
        .group_by(MemberRow.signal_id, MemberRow.case_id)
    )
    for signal_id, case_id, night in rows:
        cases = last_had[owner[signal_id]]
        if owner[signal_id] == signal_id:
            cases[case_id] = night
        else:
            cases.setdefault(case_id, date.min)
    return last_had


def _known(row: SignalRow, last_had: Mapping[str, date]) -> Known:
    found = (tuple(source) for source in row.counts.get("series", ()))
    return Known(
        signal_id=row.signal_id,
        first_night=row.first_night,
        last_found=row.last_found,
        state=row.state,  # type: ignore[arg-type]
        members=frozenset(case for case, night in last_had.items() if night == row.last_found),
        ever=frozenset(last_had),
        told_p=row.told_p,
        counts=frozenset((stream, detector) for stream, detector in found),
    )


def _stream_row(as_of: date, position: int, result: StreamResult) -> StreamRow:
    return StreamRow(
        as_of=as_of,
        stream=result.stream,
        detector=result.detector,
        position=position,
        status=result.status,
        n_cases=result.n_cases,
        n_usable=result.n_usable,
        n_signals=len(result.findings),
        seconds=result.seconds,
        message=result.message,
        spec=result.spec,
    )


def _rows_of(as_of: date, change: Change, title: Mapping[str, Any]) -> Iterable[Any]:
    key: dict[str, Any] = {"signal_id": change.signal_id, "as_of": as_of}
    evidence = [finding.evidence for finding in change.findings]
    intervals = [one.recurrence_interval_days for one in evidence]
    yield HistoryRow(
        **key,
        state=change.state,
        news=change.news,
        n_cases=len(change.members),
        n_new_cases=len(change.new_cases),
        p_value=change.p_value,
        recurrence_interval_days=max((i for i in intervals if i is not None), default=None),
        title=dict(title),
    )
    for case_id, probability in change.members.items():
        is_new = case_id in change.new_cases
        yield MemberRow(**key, case_id=case_id, probability=probability, is_new=is_new)
    for position, one in enumerate(evidence):
        yield EvidenceRow(
            **key,
            position=position,
            stream=one.stream,
            detector=one.detector,
            content=evidence_to_json(one),
        )


def evidence_to_json(evidence: Evidence) -> dict[str, Any]:
    """Return evidence as JSON has it."""
    values = {field.name: getattr(evidence, field.name) for field in dataclasses.fields(evidence)}
    values |= {"start": evidence.start.isoformat(), "end": evidence.end.isoformat()}
    if evidence.series is not None:
        series = evidence.series.assign(date=evidence.series["date"].dt.strftime("%Y-%m-%d"))
        values["series"] = series.astype(object).where(series.notna(), None).to_dict("list")
    for name in ("reason", "zone", "details"):
        values[name] = None if values[name] is None else dict(values[name])
    return values


def evidence_from_json(values: Mapping[str, Any]) -> Evidence:
    """Return what `evidence_to_json` was given."""
    read = dict(values)
    read |= {name: date.fromisoformat(read[name]) for name in ("start", "end")}
    if read["series"] is not None:
        series = pd.DataFrame(read["series"])
        numbers = series.drop(columns="date").astype("float64")
        read["series"] = numbers.assign(date=pd.to_datetime(series["date"]))[series.columns]
    return Evidence(**read)


@contextmanager
def open_ledger(config: Config | str | Path) -> Iterator[Ledger]:
    """Open the ledger of a job; it is made if it is not there.

    Parameters
    ----------
    config
        The settings, or the path of their file.

    Raises
    ------
    LedgerError
        The database cannot be used.
    """
    settings = config if isinstance(config, Config) else load_config(config)
    url = settings.ledger.url
    if settings.ledger.url_env is not None:
        url = os.environ.get(settings.ledger.url_env, "")
        if not url:
            raise LedgerError(Texts(None, "ledger")("no_url", name=settings.ledger.url_env))
    engine = make_engine(url, settings.folder, settings.ledger.wait_s)
    connection = connect(engine)
    try:
        ledger = Ledger(engine, connection)
        ledger.prepare(settings.ledger.wait_s)
        yield ledger
    finally:
        connection.close()
        engine.dispose()
