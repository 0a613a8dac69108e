"""The tables of the ledger. A change here needs a migration in `migrations/versions`."""

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Date,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    Index,
    MetaData,
    String,
    Text,
    TypeDecorator,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

__all__ = [
    "Base",
    "EvidenceRow",
    "HistoryRow",
    "MemberRow",
    "NightRow",
    "OutboxRow",
    "SignalRow",
    "StreamRow",
    "VerdictRow",
]


class Moment(TypeDecorator[datetime]):
    """A time in UTC, which SQLite forgets to say."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the time with its zone."""
        if value is None or value.tzinfo is not None:
            return value and value.astimezone(UTC)
        return value.replace(tzinfo=UTC)


class Base(DeclarativeBase):
    """What all tables have in common."""

    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "ix": "ix_%(table_name)s_%(column_0_name)s",
        }
    )
    type_annotation_map = {dict[str, Any]: JSON, datetime: Moment, float: Double}  # noqa: RUF012


class NightRow(Base):
    """A night that was done. `finished`: its report is written and its news are sent."""

    __tablename__ = "night"

    as_of: Mapped[date] = mapped_column(Date, primary_key=True)
    recorded: Mapped[datetime]
    finished: Mapped[bool]
    n_news: Mapped[int]
    n_cases: Mapped[int]
    manifest: Mapped[dict[str, Any]]


class StreamRow(Base):
    """What became of one detector on one stream on a night."""

    __tablename__ = "stream"

    as_of: Mapped[date] = mapped_column(ForeignKey("night.as_of"), primary_key=True)
    stream: Mapped[str] = mapped_column(Text, primary_key=True)
    detector: Mapped[str] = mapped_column(Text, primary_key=True)
    position: Mapped[int]
    status: Mapped[str] = mapped_column(String(16))
    n_cases: Mapped[int]
    n_usable: Mapped[int]
    n_signals: Mapped[int]
    seconds: Mapped[float]
    message: Mapped[str] = mapped_column(Text)
    spec: Mapped[str] = mapped_column(String(64))


class SignalRow(Base):
    """A signal and its state after the last night."""

    __tablename__ = "signal"

    signal_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    first_night: Mapped[date]
    last_found: Mapped[date]
    state: Mapped[str] = mapped_column(String(16))
    closed_on: Mapped[date | None]
    told_p: Mapped[float | None]
    counts: Mapped[dict[str, Any]]
    merged_into: Mapped[str | None] = mapped_column(ForeignKey("signal.signal_id"))
    split_from: Mapped[str | None] = mapped_column(ForeignKey("signal.signal_id"))


class HistoryRow(Base):
    """A signal on one night."""

    __tablename__ = "history"

    signal_id: Mapped[str] = mapped_column(ForeignKey("signal.signal_id"), primary_key=True)
    as_of: Mapped[date] = mapped_column(ForeignKey("night.as_of"), primary_key=True)
    state: Mapped[str] = mapped_column(String(16))
    news: Mapped[str] = mapped_column(String(16))
    n_cases: Mapped[int]
    n_new_cases: Mapped[int]
    p_value: Mapped[float | None]
    recurrence_interval_days: Mapped[float | None]
    title: Mapped[dict[str, Any]]


class MemberRow(Base):
    """A case in a signal on one night, by its number; nothing else is kept about people."""

    __tablename__ = "member"
    __table_args__ = (Index("ix_member_as_of", "as_of"),)

    signal_id: Mapped[str] = mapped_column(ForeignKey("signal.signal_id"), primary_key=True)
    as_of: Mapped[date] = mapped_column(ForeignKey("night.as_of"), primary_key=True)
    case_id: Mapped[str] = mapped_column(Text, primary_key=True)
    probability: Mapped[float | None]
    is_new: Mapped[bool]


class EvidenceRow(Base):
    """What one detector has against chance, for one signal on one night."""

    __tablename__ = "evidence"

    signal_id: Mapped[str] = mapped_column(ForeignKey("signal.signal_id"), primary_key=True)
    as_of: Mapped[date] = mapped_column(ForeignKey("night.as_of"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    stream: Mapped[str] = mapped_column(Text)
    detector: Mapped[str] = mapped_column(Text)
    content: Mapped[dict[str, Any]]


class VerdictRow(Base):
    """What a person found out about a signal."""

    __tablename__ = "verdict"

    verdict_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    signal_id: Mapped[str] = mapped_column(ForeignKey("signal.signal_id"), index=True)
    when: Mapped[datetime]
    who: Mapped[str] = mapped_column(Text)
    verdict: Mapped[str] = mapped_column(String(16))
    note: Mapped[str] = mapped_column(Text)


class OutboxRow(Base):
    """A message that goes out once. `attempted` without `sent`: it may have gone out already."""

    __tablename__ = "outbox"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)  # night and channel
    as_of: Mapped[date] = mapped_column(ForeignKey("night.as_of"))
    channel: Mapped[str] = mapped_column(String(16))
    message: Mapped[dict[str, Any]]
    attempted: Mapped[datetime | None]
    sent: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(Text)
