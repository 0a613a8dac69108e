"""The ledger, on SQLite and on PostgreSQL."""
# ruff: noqa: PT012  (what fails is a transaction, which has more than one statement)

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, date, timedelta
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from enteroscan._language import Language, speaking
from enteroscan.errors import DeliveryError, SpecError
from enteroscan.nightly.finding import Finding
from enteroscan.nightly.identity import Known, Rules, merge
from enteroscan.nightly.ledger import Ledger, LedgerError, migrations, open_ledger
from enteroscan.nightly.ledger.models import Base, OutboxRow, VerdictRow
from enteroscan.nightly.notify import Message
from enteroscan.nightly.outbox import deliver
from reference.killed import FIRST, RULES, contents, finding, record, settings
from reference.nights import HOSTILE
from reference.postgres import server

Urls = Callable[[], str]
MESSAGE = Message(key="k", subject="", text="", data={}, duplicate="again", duplicate_line="again")


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENTEROSCAN_LANG", "en")


@pytest.fixture(params=["sqlite", "postgresql"])
def new_url(request: pytest.FixtureRequest, tmp_path: Path) -> Urls:
    if request.param == "sqlite":
        names = iter(range(9))
        return lambda: str(tmp_path / f"{next(names)}.sqlite")
    if (running := server()) is None:
        pytest.skip("PostgreSQL's server is not installed")
    return lambda: running.url(running.new_database())


@pytest.fixture
def url(new_url: Urls) -> str:
    return new_url()


@pytest.fixture
def ledger(url: str, tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(settings(url, tmp_path)) as opened:
        yield opened


def night(ledger: Ledger, day: int, *findings: Finding, rules: Rules = RULES) -> list[Known]:
    """Record a night and return what was known before."""
    as_of = FIRST + timedelta(days=day)
    with ledger.transaction() as session:
        before = ledger.known(session, as_of, rules)
        changes = merge(before, findings, as_of, rules)
        ledger.record(
            session, as_of=as_of, changes=changes, streams=[], n_cases=day, manifest={"day": day}
        )
    return before


def same(one: dict[str, pd.DataFrame], other: dict[str, pd.DataFrame]) -> bool:
    return all(one[name].equals(other[name]) for name in one)


def test_migrations_make_what_the_models_say(ledger: Ledger) -> None:
    context = MigrationContext.configure(ledger._connection, opts={"compare_type": True})
    assert compare_metadata(context, Base.metadata) == []
    assert ScriptDirectory(str(Path(migrations.__file__).parent)).get_heads() == [migrations.HEAD]


def test_a_newer_ledger_is_refused(url: str, ledger: Ledger, tmp_path: Path) -> None:
    with ledger.transaction() as session:
        session.execute(sa.text("update alembic_version set version_num = '9999'"))
    with (
        pytest.raises(LedgerError, match="newer version of enteroscan"),
        open_ledger(settings(url, tmp_path)),
    ):
        pass


def test_what_is_known_is_what_the_nights_left(ledger: Ledger) -> None:
    stories = [
        [finding(*"abc"), finding(*"xyz", p_value=None)],
        [finding(*"abcd", p_value=1e-4), finding(*"mn", detector="counts", is_count=True)],
        [finding(*"abcdxyz")],
        [finding(*"abcd"), finding(*"xy")],
        [],
        [finding(*"xyq")],
        [finding(*"abcxyq")],
        [],
        [],
        [],
        [finding(*"ab")],
    ]
    known: dict[str, Known] = {}
    for day, findings in enumerate(stories):
        as_of = FIRST + timedelta(days=day)
        from_ledger = {one.signal_id: one for one in night(ledger, day, *findings)}
        assert from_ledger == known
        for change in merge(list(known.values()), findings, as_of, RULES):
            merged = [from_ledger[name] for name in change.merged]
            after = change.after(as_of, from_ledger.get(change.signal_id), merged)
            known[change.signal_id] = after
        known = {name: one for name, one in known.items() if not _is_merged(ledger, name)}
    states = ledger.history().groupby("signal_id")["state"].agg(list)
    assert states["20240601-1"][:4] == ["new", "growing", "unchanged", "unchanged"]
    assert "reopened" in {state for row in states for state in row}


def _is_merged(ledger: Ledger, signal_id: str) -> bool:
    signals = ledger.signals().set_index("signal_id")
    return isinstance(signals["merged_into"][signal_id], str)


def test_same_and_earlier_nights_change_nothing(ledger: Ledger, url: str, tmp_path: Path) -> None:
    night(ledger, 5, finding(*"abc"))
    before = contents(url, tmp_path)
    for day in (5, 4):
        with pytest.raises(SpecError, match=f"2024-06-0{day + 1}"):
            night(ledger, day, finding(*"abcd"))
    assert same(contents(url, tmp_path), before)


def test_repeated_runs_change_nothing(url: str, tmp_path: Path) -> None:
    record(url, tmp_path, nights=2)
    before, sent = contents(url, tmp_path), (tmp_path / "sent").read_text()
    record(url, tmp_path, nights=2)
    assert same(contents(url, tmp_path), before)
    assert (tmp_path / "sent").read_text() == sent


def test_a_night_is_written_as_a_whole_or_not_at_all(
    ledger: Ledger, url: str, tmp_path: Path
) -> None:
    night(ledger, 0, finding(*"abc"))
    before = contents(url, tmp_path)
    twice = finding(*"xyz")
    with pytest.raises(LedgerError, match="nothing was changed"), ledger.transaction() as session:
        changes = merge([], [twice], FIRST + timedelta(days=1), RULES)
        ledger.record(
            session,
            as_of=FIRST + timedelta(days=1),
            changes=[*changes, *changes],
            streams=[],
            n_cases=0,
            manifest={},
        )
    assert same(contents(url, tmp_path), before)
    night(ledger, 1, twice)


def test_one_of_two_runs_leaves_and_the_next_finds_it_free(url: str, tmp_path: Path) -> None:
    with open_ledger(settings(url, tmp_path)) as one, open_ledger(settings(url, tmp_path)) as two:
        with one.alone(0):
            with pytest.raises(LedgerError, match="used by another run"), two.alone(0):
                pass
            assert two.signals().empty  # reading goes on
            night(one, 0, finding(*"abc"))
        with two.alone(0):
            night(two, 1, finding(*"abcd"))


def test_two_runs_at_once_end_as_one(url: str, new_url: Urls, tmp_path: Path) -> None:
    calm = tmp_path / "calm"
    calm.mkdir()
    calm_url = new_url()
    record(calm_url, calm, 2)
    script = "import sys, pathlib; from reference.killed import record; record(sys.argv[1], pathlib.Path(sys.argv[2]), 2)"  # noqa: E501
    command = [sys.executable, "-W", "error", "-c", script, url, str(tmp_path)]
    both = [subprocess.Popen(command) for _ in range(2)]
    assert [one.wait() for one in both] == [0, 0]
    assert same(contents(url, tmp_path), contents(calm_url, calm))
    assert (tmp_path / "sent").read_text() == (calm / "sent").read_text()


def test_verdicts_and_predictive_value(ledger: Ledger) -> None:
    night(ledger, 0, finding(*"abc"), finding(*"mno"), finding(*"xyz", stream="B"))
    night(ledger, 1, finding(*"abcmno"))  # two signals of one outbreak
    a, m, x = "20240601-1", "20240601-2", "20240601-3"
    ledger.review(m, verdict="sporadic", who="Li")
    ledger.review(a, verdict="note", who="Li", note="asked")
    assert _value(ledger, "All") == 0
    ledger.review(a, verdict="outbreak", who="Wang", note="'; DROP TABLE verdict; --")
    ledger.review(x, verdict="data_error", who="Li")
    table = ledger.predictive_values().set_index("stream")
    assert list(table.loc["All", ["n_signals", "n_outbreaks", "n_open"]]) == [1, 1, 0]
    assert (_value(ledger, "All"), _value(ledger, "B")) == (1, 0)
    verdicts = ledger.verdicts()
    assert list(verdicts["verdict"]) == ["sporadic", "note", "outbreak", "data_error"]
    assert verdicts["note"][2] == "'; DROP TABLE verdict; --"
    assert all(
        when.tzinfo is not None and when.utcoffset() == timedelta() for when in verdicts["when"]
    )
    with pytest.raises(SpecError, match="no signal"):
        ledger.review("20240601-9", verdict="outbreak", who="Li")
    with pytest.raises(SpecError, match="choose from outbreak"):
        ledger.review(a, verdict="Outbreak", who="Li")  # type: ignore[arg-type]


def _value(ledger: Ledger, stream: str) -> float:
    return float(ledger.predictive_values().set_index("stream")["predictive_value"][stream])


class Channel:
    """Keeps what it is sent, then fails as told."""

    def __init__(self) -> None:
        self.sent: list[bool] = []
        self.error: BaseException | None = None

    def send(self, message: Message, *, is_retry: bool = False) -> None:
        assert message == MESSAGE
        self.sent.append(is_retry)
        if self.error is not None:
            raise self.error


def _deliver(ledger: Ledger, channel: Channel) -> list[DeliveryError]:
    return deliver(ledger, FIRST, MESSAGE, {"mail": channel})  # type: ignore[dict-item]


def test_a_message_is_sent_once(ledger: Ledger) -> None:
    night(ledger, 0)
    channel = Channel()
    assert _deliver(ledger, channel) == _deliver(ledger, channel) == []
    assert channel.sent == [False]


@pytest.mark.parametrize("may_have_arrived", [True, False])
def test_a_failed_message_is_sent_again_and_says_so_if_it_may_be_one(
    ledger: Ledger, *, may_have_arrived: bool
) -> None:
    night(ledger, 0)
    channel = Channel()
    channel.error = DeliveryError("mail", "refused", may_have_arrived=may_have_arrived)
    assert _deliver(ledger, channel) == [channel.error]
    assert "refused" in ledger.outbox()["error"][0]
    channel.error = None
    assert _deliver(ledger, channel) == _deliver(ledger, channel) == []
    assert channel.sent == [False, may_have_arrived]
    assert ledger.outbox()["error"][0] is None


def test_a_crash_between_sending_and_recording_makes_a_marked_duplicate(ledger: Ledger) -> None:
    night(ledger, 0)
    channel = Channel()
    channel.error = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        _deliver(ledger, channel)
    channel.error = None
    assert _deliver(ledger, channel) == []
    assert channel.sent == [False, True]


def test_hostile_text_stays_text(ledger: Ledger) -> None:
    texts = [text for text in HOSTILE if "\x00" not in text] + ["%s %(a)s :b ? $1", "\\", "'"]
    night(ledger, 0, *(finding(f"{text}1", f"{text}2", stream=text) for text in texts))
    assert set(ledger.members()["case_id"]) == {text + end for text in texts for end in "12"}
    assert set(ledger.predictive_values()["stream"]) == set(texts)


def test_back_up_and_restore(new_url: Urls, tmp_path: Path) -> None:
    url, restored = new_url(), new_url()
    record(url, tmp_path, nights=2)
    before = contents(url, tmp_path)
    if (running := server()) is not None and url.startswith("postgresql"):
        names = [sa.make_url(one).database or "" for one in (url, restored)]
        dump = running.run("pg_dump", *running.options(names[0]))
        script = running.folder / "dump.sql"
        script.write_text(dump)
        running.run("psql", "-q", *running.options(names[1]), "-f", str(script))
    else:
        with open_ledger(settings(url, tmp_path)), closing(sqlite3.connect(url)) as source:
            source.execute("vacuum into ?", (restored,))  # while the ledger is open
    assert same(contents(restored, tmp_path), before)
    record(restored, tmp_path, nights=3)  # the restored one goes on as the other
    record(url, tmp_path, nights=3)
    assert same(contents(restored, tmp_path), contents(url, tmp_path))


# What can be wrong with a file


def test_sqlite_has_wal_and_foreign_keys(tmp_path: Path) -> None:
    with open_ledger(settings("ledger.sqlite", tmp_path)) as ledger:
        with ledger.transaction() as session:
            assert session.scalar(sa.text("pragma journal_mode")) == "wal"
        with pytest.raises(LedgerError, match="FOREIGN KEY"), ledger.transaction() as session:
            row = VerdictRow(
                signal_id="none", when=pd.Timestamp(0, tz=UTC), who="", verdict="note", note=""
            )
            session.add(row)


def test_opening_waits_for_another_that_makes_the_ledger(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("create table other (x)")  # in a journal of the old kind
        other.execute("begin immediate")
        ending = threading.Timer(0.3, other.execute, ["commit"])
        ending.start()
        with open_ledger(settings(path.name, tmp_path, wait_s=0)) as ledger:
            assert not ledger.unfinished()
        ending.join()


def test_a_locked_file_is_named_and_nothing_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    with open_ledger(settings(path.name, tmp_path, wait_s=0)) as ledger:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("begin exclusive")
            with pytest.raises(LedgerError, match=r"ledger\.sqlite.*database is locked"):
                night(ledger, 0, finding(*"abc"))
        night(ledger, 0, finding(*"abc"))


@pytest.mark.parametrize(("language", "words"), [("zh", "备份"), ("en", "back-up")])
def test_a_damaged_file_is_named_in_the_language_spoken(
    tmp_path: Path, language: Language, words: str
) -> None:
    (tmp_path / "ledger.sqlite").write_bytes(b"no database at all" * 1000)
    with (
        speaking(language),
        pytest.raises(LedgerError, match=words),
        open_ledger(settings("ledger.sqlite", tmp_path)),
    ):
        pass


def test_a_full_disk_loses_nothing(tmp_path: Path) -> None:
    with open_ledger(settings("ledger.sqlite", tmp_path)) as ledger:
        night(ledger, 0, finding(*"abc"))
        before = contents("ledger.sqlite", tmp_path)
        with ledger.transaction() as session:
            session.execute(sa.text("pragma max_page_count = 1"))  # no page more than it has
        many = finding(*(f"case {i}" for i in range(2000)))
        with pytest.raises(LedgerError, match="full"):
            night(ledger, 1, many)
        assert same(contents("ledger.sqlite", tmp_path), before)
        with ledger.transaction() as session:
            session.execute(sa.text("pragma max_page_count = 100000"))
        night(ledger, 1, many)


@pytest.mark.parametrize("mode", [0o555, 0o000])
def test_wrong_permissions_are_named(mode: int) -> None:
    folder = Path(tempfile.mkdtemp())  # that of pytest is closed to others
    record("ledger.sqlite", folder, nights=1)
    for path in folder.iterdir():
        path.chmod(mode & 0o444)
    folder.chmod(mode)
    before = os.geteuid()
    try:
        if before == 0:
            os.seteuid(65534)
        with (
            pytest.raises(LedgerError, match=r"ledger\.sqlite.*(readonly|unable to open)"),
            open_ledger(settings("ledger.sqlite", folder)) as ledger,
        ):
            night(ledger, 9)
    finally:
        os.seteuid(before)
        folder.chmod(0o755)
        shutil.rmtree(folder)


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("missing/ledger.sqlite", "unable to open"),
        ("mysql://user:secret@host/db", "mysql is not supported"),
        ("postgresql://user:secret@localhost:1/db", "localhost/db cannot be used"),
        ("postgresql://user:secret@host:port/db", "not supported|cannot be used"),
        ("sqlite://", "memory is not supported"),
    ],
)
def test_addresses_that_cannot_be_are_named_without_the_password(
    url: str, text: str, tmp_path: Path
) -> None:
    with pytest.raises(LedgerError, match=text) as caught, open_ledger(settings(url, tmp_path)):
        pass
    assert "secret" not in str(caught.value)


def test_something_else_than_a_ledger_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    path.write_text("not a database " * 100)
    with (
        pytest.raises(LedgerError, match="not a database"),
        open_ledger(settings(path.name, tmp_path)),
    ):
        pass
    assert path.read_text() == "not a database " * 100


# What can go wrong with a server


def test_a_connection_that_breaks_loses_nothing(tmp_path: Path) -> None:
    if (running := server()) is None:
        pytest.skip("PostgreSQL's server is not installed")
    url = running.url(running.new_database())
    with (
        pytest.raises(LedgerError, match="nothing was changed"),
        open_ledger(settings(url, tmp_path)) as ledger,
        ledger.alone(0),
    ):
        night(ledger, 0, finding(*"abc"))
        before = contents(url, tmp_path)
        with ledger.transaction() as session:
            pid = session.scalar(sa.text("select pg_backend_pid()"))
            session.add(OutboxRow(key="k", as_of=FIRST, channel="mail", message={}))
            session.flush()
            running.sql(f"select pg_terminate_backend({pid})")
            session.execute(sa.text("select 1"))
    assert same(contents(url, tmp_path), before)
    with open_ledger(settings(url, tmp_path)) as ledger, ledger.alone(0):  # and the lock is free
        night(ledger, 1, finding(*"abcd"))
        assert ledger.last_night == date(2024, 6, 2)
