"""What goes wrong on machines: a clear message, the right exit code, and nothing is lost."""

import os
import pwd
import resource
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from enteroscan.cli import app
from enteroscan.nightly import run as run_module
from enteroscan.simulate import SimulatedReports
from reference.killed import contents
from reference.postgres import Server, server

from .conftest import LOUD, SETTINGS, Job

INSTANTS = ("read_reports", "detect_all", "compose", "report.write")
"""Where a run is disturbed: before it reads, searches, and before and in its report."""


# Quick, and sure to find something.
FAST = (
    SETTINGS.replace("shared_exposure", "scan")
    + """
[alarm]
min_recurrence_interval_days = 1
"""
)


@dataclass(frozen=True)
class Undisturbed:
    """What a night leaves: tables of the ledger, and names of reports."""

    tables: dict[str, pd.DataFrame]
    reports: set[str]


@pytest.fixture(scope="module")
def undisturbed(exported: Path, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    folder = tmp_path_factory.mktemp("undisturbed")
    shutil.copy(exported, folder / "reports.csv")
    (folder / "night.toml").write_text(FAST, encoding="utf-8")
    assert night(folder / "night.toml").exit_code == 10
    reports = {file.name for file in (folder / "reports").iterdir()}
    return Undisturbed(contents("ledger.sqlite", folder), reports)


def night(path: Path) -> Result:
    return CliRunner().invoke(app, ["nightly", str(path), "--as-of", str(LOUD)])


def refused(result: Result, *texts: object) -> None:
    """Check that a run ended with 2 and a message in one line, and not with a traceback."""
    assert (result.exit_code, type(result.exception)) == (2, SystemExit), result.output
    (line,) = result.stderr.splitlines()
    assert line.startswith("enteroscan: ")
    for text in texts:
        assert str(text) in line


def nothing_lost(path: Path, undisturbed: Undisturbed, url: str = "ledger.sqlite") -> None:
    """Do the night once more; then all is as where nothing was disturbed."""
    again = night(path)
    assert again.exit_code == 10, again.output
    found = contents(url, path.parent)
    for name, table in undisturbed.tables.items():
        pd.testing.assert_frame_equal(found[name], table)
    assert {file.name for file in (path.parent / "reports").iterdir()} == undisturbed.reports
    assert night(path).exit_code == 0


@contextmanager
def disturbed(instant: str, disturb: Callable[[], object]) -> Iterator[None]:
    """Let something happen at an instant of a run."""
    name, _, part = instant.partition(".")
    owner = getattr(run_module, name) if part else run_module
    whole = getattr(owner, part or name)

    def do(*arguments: Any, **options: Any) -> object:  # noqa: ANN401
        disturb()
        return whole(*arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, part or name, do)
        yield


# A disk that is full


@contextmanager
def no_file_above(n_bytes: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("n_bytes", [0, 20_000])
def test_files_that_cannot_grow(job: Job, undisturbed: Undisturbed, n_bytes: int) -> None:
    path = job(settings=FAST)
    with no_file_above(n_bytes):
        refused(night(path))
    nothing_lost(path, undisturbed)


@pytest.mark.parametrize("instant", INSTANTS)
def test_files_that_can_grow_no_more(job: Job, undisturbed: Undisturbed, instant: str) -> None:
    path = job(settings=FAST)
    with ExitStack() as stack, disturbed(instant, lambda: stack.enter_context(no_file_above(1000))):
        refused(night(path))
    nothing_lost(path, undisturbed)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root can mount a small disk, and not in every container")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize("instant", ["detect_all", "report.write"])
def test_a_full_disk(job: Job, undisturbed: Undisturbed, small_disk: Path, instant: str) -> None:
    for file in job(settings=FAST).parent.glob("[rn]*.*"):
        shutil.copy(file, small_disk)
    path, filler = small_disk / "night.toml", small_disk / "filler"

    def fill() -> None:
        filler.write_bytes(bytes(shutil.disk_usage(small_disk).free))

    with disturbed(instant, fill):
        refused(night(path))
    filler.unlink()
    nothing_lost(path, undisturbed)


# An input that cannot be read


def halved(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def emptied(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("spoil", [halved, emptied])
def test_a_workbook_that_is_half_written(
    job: Job, district: SimulatedReports, spoil: Callable[[Path], None]
) -> None:
    path = job(settings=FAST.replace("reports.csv", "in.xlsx"))
    workbook = path.parent / "in.xlsx"
    district.to_excel(workbook)
    whole = workbook.read_bytes()
    spoil(workbook)
    refused(night(path), workbook.name)
    workbook.write_bytes(whole)
    assert night(path).exit_code == 10


def test_a_text_that_is_half_written(job: Job, exported: Path, undisturbed: Undisturbed) -> None:
    path = job(settings=FAST)
    reports = path.parent / "reports.csv"
    whole = exported.read_bytes()
    reports.write_bytes(whole[: whole.rindex(b",")])
    n_lines = len(whole.splitlines())
    refused(night(path), reports.name, f"within row {n_lines}")
    assert not contents("ledger.sqlite", path.parent)["nights"].size
    reports.write_bytes(whole.rstrip())  # whole, though no line ends it
    nothing_lost(path, undisturbed)


# Settings that fit no report


@pytest.mark.parametrize(
    ("setting", "meant"),
    [
        ('pathogen = ["salmonela", "norovirus"]', "'salmonela' is unknown; did you mean 'salmon"),
        ('syndrome = ["diarrhoea", "vomitting"]', "'vomitting' is unknown; did you mean 'vomit"),
    ],
)
def test_a_stream_of_what_nobody_knows_fails_alone(job: Job, setting: str, meant: str) -> None:
    stream = f'[[streams]]\nname = "Misspelt"\n{setting}\n'
    path = job(settings=FAST.replace("[output]", f"{stream}\n[output]"))
    done = night(path)
    assert done.exit_code == 3
    assert "Misspelt / exposures" in done.stderr
    assert "All cases" not in done.stderr
    with closing(sqlite3.connect(path.parent / "ledger.sqlite")) as ledger:
        ((message,),) = ledger.execute("select message from stream where stream = 'Misspelt'")
    assert meant in message


# The language


def test_errors_are_in_the_language_that_was_asked_for(job: Job) -> None:
    path = job(settings=FAST)
    (path.parent / "reports.csv").unlink()
    zh = CliRunner().invoke(app, ["nightly", str(path), "--as-of", str(LOUD), "--lang", "zh"])
    refused(zh, "中没有与 reports.csv 匹配的文件")
    path.write_text(FAST.replace('language = "en"', 'language = "zh"'), encoding="utf-8")
    refused(night(path), "中没有与 reports.csv 匹配的文件")
    unknown = CliRunner().invoke(app, ["nightly", str(path), "--lang", "fr"])
    refused(unknown, "language='fr' is unknown")
    en = CliRunner().invoke(app, ["signals", str(path), "--lang", "en"])
    assert en.stdout == "no signals\n"


def test_the_report_is_in_the_language_that_was_asked_for(job: Job) -> None:
    path = job(settings=FAST)
    done = CliRunner().invoke(app, ["nightly", str(path), "--as-of", str(LOUD), "--lang", "zh"])
    assert done.exit_code == 10
    (page,) = (path.parent / "reports").glob("*.html")
    assert '<html lang="zh' in page.read_text(encoding="utf-8")


# A ledger that is locked, or whose server goes away


@pytest.mark.parametrize("instant", INSTANTS)
def test_a_database_that_another_program_has_locked(
    job: Job, undisturbed: Undisturbed, instant: str
) -> None:
    """Transactions of other programs, which do not know of the job's own lock."""
    path = job("[ledger]\nwait_s = 0.2\n", FAST)
    ledger = path.parent / "ledger.sqlite"
    others: list[sqlite3.Connection] = []

    def lock() -> None:
        if not others:
            others.append(sqlite3.connect(ledger, isolation_level=None))
            others[0].execute("begin immediate")

    with disturbed(instant, lock):
        refused(night(path), ledger, "locked")
    others[0].close()
    nothing_lost(path, undisturbed)


@pytest.fixture
def postgres() -> Server:
    if (running := server()) is None:
        pytest.skip("PostgreSQL's server is not installed")
    return running


@pytest.mark.parametrize("instant", [*INSTANTS, "merge"])
def test_a_connection_that_breaks(
    job: Job, undisturbed: Undisturbed, postgres: Server, instant: str
) -> None:
    database = postgres.new_database()
    url = postgres.url(database)
    path = job(f'[ledger]\nurl = "{url}"\n', FAST)

    def terminate() -> None:
        postgres.sql(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            f"where datname = '{database}' and pid <> pg_backend_pid()"
        )

    with disturbed(instant, terminate):
        refused(night(path), database)
    nothing_lost(path, undisturbed, url)


def test_a_server_that_is_not_there(job: Job, undisturbed: Undisturbed, tmp_path: Path) -> None:
    pytest.importorskip("psycopg")
    nowhere = f"postgresql+psycopg://me:secret@/ledger?host={tmp_path}"
    result = night(job(f'[ledger]\nurl = "{nowhere}"\n', FAST))
    refused(result, "ledger")
    assert "secret" not in result.output
    nothing_lost(job(settings=FAST), undisturbed)


# A clock that jumps


def test_a_clock_that_jumps_back(
    job: Job, undisturbed: Undisturbed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The night of yesterday is then an earlier one: it is refused, and later ones go on."""
    path, days = job(settings=FAST), timedelta(days=1)

    def at(today: date) -> Result:
        class Clock(date):
            @classmethod
            def today(cls) -> "Clock":
                return cls(today.year, today.month, today.day)

        monkeypatch.setattr(run_module, "date", Clock)
        return CliRunner().invoke(app, ["nightly", str(path)])

    assert at(LOUD + days).exit_code == 10
    refused(at(LOUD - 3 * days), LOUD, "clock")
    assert at(LOUD + days).exit_code == 0
    found = contents("ledger.sqlite", path.parent)
    pd.testing.assert_frame_equal(found["history"], undisturbed.tables["history"])
    assert at(LOUD + 2 * days).exit_code in (0, 10)


# Permissions that are missing


@contextmanager
def as_nobody() -> Iterator[None]:
    """Be somebody whom permissions bind, as root is not."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(pwd.getpwnam("nobody").pw_uid)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def own(job: Job, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The settings of a job in a folder that is nobody's own."""
    settings, folder = job(settings=FAST), Path(tempfile.mkdtemp(prefix="nobody-"))
    for name in ("reports.csv", "night.toml"):
        shutil.copyfile(settings.parent / name, folder / name)
    for name in ("reports", "config"):
        (folder / name).mkdir()
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        for path in (folder, *folder.iterdir()):
            os.chown(path, nobody.pw_uid, nobody.pw_gid)
    monkeypatch.setenv("ENTEROSCAN_CONFIG_DIR", str(folder / "config"))
    yield folder / "night.toml"
    shutil.rmtree(folder)


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("night.toml", 0o000),
        ("reports.csv", 0o000),
        (".", 0o555),
        ("ledger.sqlite", 0o444),
        ("ledger.sqlite", 0o000),
        ("ledger.sqlite.lock", 0o444),
        ("reports", 0o555),
        ("config", 0o000),
    ],
)
def test_permissions_that_are_missing(
    own: Path, undisturbed: Undisturbed, name: str, mode: int
) -> None:
    where = own.parent / name
    with as_nobody():
        if not where.exists():  # it was there before
            assert CliRunner().invoke(app, ["signals", str(own)]).exit_code == 0
            where.touch()
        whole = where.stat().st_mode
        where.chmod(mode)
        refused(night(own), own.parent)
        where.chmod(whole)
    nothing_lost(own, undisturbed)


def test_a_log_that_cannot_be_written(job: Job, tmp_path: Path, undisturbed: Undisturbed) -> None:
    path, log = job(settings=FAST), tmp_path / "no" / "night.log"
    arguments = ["nightly", str(path), "--as-of", str(LOUD), "--log", str(log)]
    refused(CliRunner().invoke(app, arguments), log)
    nothing_lost(path, undisturbed)
