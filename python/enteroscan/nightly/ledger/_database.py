"""Connections, the lock, and migrations of the ledger."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from filelock import FileLock, Timeout
from sqlalchemy import event
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from enteroscan._language import Texts, why_unusable
from enteroscan.errors import EnteroscanError, MissingExtra

__all__ = ["LedgerError", "connect", "errors_named", "locked", "make_engine", "migrate"]

LOCK = 0x656E7465726F  # "entero": PostgreSQL's advisory lock of a ledger
RETRY_S = 0.2
SWITCH_S, SWITCH_RETRY_S = 10.0, 0.01  # longest time, and between two tries
# What codes of SQLite and of PostgreSQL mean, as the texts of `database` call it.
SQLITE_CODES = {
    sqlite3.SQLITE_BUSY: "locked",
    sqlite3.SQLITE_LOCKED: "locked",
    sqlite3.SQLITE_READONLY: "forbidden",
    sqlite3.SQLITE_PERM: "forbidden",
    sqlite3.SQLITE_CANTOPEN: "forbidden",
    sqlite3.SQLITE_FULL: "full",
    sqlite3.SQLITE_IOERR: "broken_off",
    sqlite3.SQLITE_CORRUPT: "damaged",
    sqlite3.SQLITE_NOTADB: "damaged",
}
SERVER_CODES = {
    "28000": "refused",
    "28P01": "refused",
    "3D000": "absent",
    "42501": "forbidden",
    "53100": "full",
    "53300": "busy",
    "57P01": "broken_off",
    "57P03": "busy",
}


class LedgerError(EnteroscanError):
    """The ledger cannot be used; nothing was changed."""


def make_engine(url: str, folder: Path, wait_s: float) -> sa.Engine:
    """Return an engine for an address, or for a path of SQLite's file in a folder.

    It waits so long for other programs that write, or for a server that does not answer.
    """
    if "://" not in url:
        path = (folder / url).absolute()
        return _sqlite(sa.URL.create("sqlite", database=str(path)), wait_s)
    parsed = _parsed(url)
    if parsed.get_backend_name() == "sqlite":
        if parsed.database in (None, "", ":memory:"):
            raise LedgerError(Texts(None, "ledger")("backend", backend="memory"))
        return _sqlite(parsed, wait_s)
    if parsed.get_backend_name() != "postgresql":
        message = Texts(None, "ledger")("backend", backend=parsed.get_backend_name())
        raise LedgerError(message)
    try:
        return sa.create_engine(
            parsed.set(drivername="postgresql+psycopg"),
            poolclass=NullPool,
            connect_args={"connect_timeout": max(1, round(wait_s))},
        )
    except ImportError as error:
        raise MissingExtra("psycopg", "postgres") from error  # noqa: EM101


def _parsed(url: str) -> sa.URL:
    try:
        return sa.make_url(url)
    except (ArgumentError, ValueError):  # its text holds the address, and that a password
        raise LedgerError(Texts(None, "ledger")("backend", backend="?")) from None


def _sqlite(url: sa.URL, wait_s: float) -> sa.Engine:
    engine = sa.create_engine(url, poolclass=NullPool, connect_args={"timeout": wait_s})

    @event.listens_for(engine, "connect")
    def _settings(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # transactions begin below, for tables as well
        for pragma in ("foreign_keys=ON", "synchronous=FULL"):
            connection.execute(f"PRAGMA {pragma}").close()
        _write_ahead(connection, until=time.monotonic() + SWITCH_S)

    @event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _write_ahead(connection: sqlite3.Connection, until: float) -> None:
    """Use a log for writing ahead; while another makes the file, SQLite refuses without waiting."""
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL").close()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(SWITCH_RETRY_S)
        else:
            return


@contextmanager
def errors_named(engine: sa.Engine) -> Iterator[None]:
    """Say what is wrong with the ledger without its address, which may hold a password."""
    try:
        yield
    except SQLAlchemyError as error:
        text = _explained(error)
        name = engine.url.database if is_sqlite(engine) else _server(engine)
        message = Texts(None, "ledger")("unusable", ledger=name, error=text)
        raise LedgerError(message) from error


def _explained(error: SQLAlchemyError) -> str:
    """Return what a database says, with what it means before it."""
    cause = (error.orig if isinstance(error, DBAPIError) else None) or error
    text = " ".join(str(cause).split())
    meaning = _meaning(error, cause)
    return text if meaning is None else f"{Texts(None, 'database')(meaning)} ({text})"


def _meaning(error: SQLAlchemyError, cause: BaseException) -> str | None:
    if (code := getattr(cause, "sqlite_errorcode", None)) is not None:
        return SQLITE_CODES.get(code & 0xFF)  # the last byte of extended codes is the plain one
    if (state := getattr(cause, "sqlstate", None)) is not None:
        return SERVER_CODES.get(state)
    return "no_answer" if isinstance(error, OperationalError) else None  # it sent no code


def is_sqlite(engine: sa.Engine) -> bool:
    """Whether the ledger is a file."""
    return engine.url.get_backend_name() == "sqlite"


def _server(engine: sa.Engine) -> str:
    return f"{engine.url.host or 'localhost'}/{engine.url.database}"


def connect(engine: sa.Engine) -> sa.Connection:
    """Return a connection."""
    with errors_named(engine):
        return engine.connect()


@contextmanager
def locked(engine: sa.Engine, connection: sa.Connection, wait_s: float) -> Iterator[None]:
    """Keep other runs out; the lock goes with the process, however it ends.

    Raises
    ------
    LedgerError
        Another run has been at work for all this time.
    """
    lock = (
        _file_locked(engine, wait_s)
        if is_sqlite(engine)
        else _server_locked(engine, connection, wait_s)
    )
    with lock:
        yield


@contextmanager
def _file_locked(engine: sa.Engine, wait_s: float) -> Iterator[None]:
    texts, name = Texts(None, "ledger"), engine.url.database
    lock = FileLock(f"{name}.lock")
    try:
        lock.acquire(timeout=wait_s)
    except Timeout:
        raise LedgerError(texts("busy", ledger=name)) from None
    except OSError as error:
        raise LedgerError(texts("unusable", ledger=name, error=why_unusable(error))) from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _server_locked(engine: sa.Engine, connection: sa.Connection, wait_s: float) -> Iterator[None]:
    until = time.monotonic() + wait_s
    while not _ask(engine, connection, sa.func.pg_try_advisory_lock(LOCK)):
        if time.monotonic() > until:
            raise LedgerError(Texts(None, "ledger")("busy", ledger=_server(engine)))
        time.sleep(RETRY_S)
    try:
        yield
    finally:
        if not connection.invalidated:  # else the server has taken the lock back
            with suppress(LedgerError):
                _ask(engine, connection, sa.func.pg_advisory_unlock(LOCK))


def _ask(engine: sa.Engine, connection: sa.Connection, function: sa.Function[bool]) -> bool:
    with errors_named(engine), connection.begin():
        return bool(connection.execute(sa.select(function)).scalar())


def migrate(connection: sa.Connection) -> None:
    """Bring the tables to the form of this version."""
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", "enteroscan.nightly.ledger:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
        connection.commit()
    except CommandError as error:
        raise LedgerError(Texts(None, "ledger")("newer", error=error)) from error


def needs_migration(connection: sa.Connection) -> bool:
    """Whether the tables are older than this version, or not there."""
    from enteroscan.nightly.ledger.migrations import HEAD

    names = sa.inspect(connection).get_table_names()
    current: Any = None
    if "alembic_version" in names:
        current = connection.execute(sa.text("select version_num from alembic_version")).scalar()
    connection.rollback()
    return bool(current != HEAD)
