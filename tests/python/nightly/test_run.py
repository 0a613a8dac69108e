"""A night from its settings to its news."""

import json
import logging
import re
import sqlite3
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner, Result

import enteroscan
from enteroscan.cases import Cases
from enteroscan.cli import app
from enteroscan.errors import DataError, DeliveryError, SpecError
from enteroscan.evaluation import to_cases
from enteroscan.exposures import ExposureTree
from enteroscan.nightly import notify
from enteroscan.nightly import run as run_module
from enteroscan.nightly.ledger import open_ledger
from enteroscan.nightly.run import run
from enteroscan.simulate import SimulatedReports

from .conftest import LOUD, QUIET, SETTINGS, Job

NEXT = LOUD + timedelta(days=1)


def cli(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def dump(path: Path) -> list[str]:
    with sqlite3.connect(path.parent / "ledger.sqlite") as database:
        lines = list(database.iterdump())
    database.close()
    return lines


def written(path: Path) -> dict[str, int]:
    return {file.name: file.stat().st_mtime_ns for file in (path.parent / "reports").iterdir()}


def test_a_quiet_night_and_a_night_with_news(job: Job, district: SimulatedReports) -> None:
    path = job()
    quiet = cli("nightly", path, "--as-of", QUIET)
    assert (quiet.exit_code, "nothing new" in quiet.stdout) == (0, True), quiet.output
    loud = cli("nightly", path, "--as-of", LOUD)
    assert loud.exit_code == 10, loud.output
    document = json.loads((path.parent / f"reports/enteroscan-{LOUD}.json").read_text("utf-8"))
    (signal,) = [one for one in document["signals"] if one["is_news"]]
    assert signal["state"] == "new"
    outbreak = set(district.truth.members["case_id"])
    members = {case["case_id"] for case in signal["cases"]}
    assert len(members & outbreak) >= max(2, len(members) / 2)
    assert document["as_of"] == str(LOUD)
    for ending in (".html", "-signals.csv", "-cases.csv", ".geojson", "-manifest.json"):
        assert (path.parent / f"reports/enteroscan-{LOUD}{ending}").stat().st_size > 0


def test_the_same_night_twice_changes_nothing(done: Path) -> None:
    before = dump(done), written(done)
    again = cli("nightly", done, "--as-of", LOUD)
    assert (again.exit_code, again.stderr) == (0, "")
    assert "nothing is new" in again.stdout
    assert (dump(done), written(done)) == before


def test_nothing_of_later_days_is_used(
    job: Job, district: SimulatedReports, tmp_path: Path
) -> None:
    """The export of that day and one of weeks later give the same night."""
    reported = district.frame["reported"] < pd.Timestamp(NEXT)
    assert 0 < reported.sum() < len(district)
    early = tmp_path / "early.csv"
    district.of_cases(district.frame.loc[reported, "case_id"]).to_csv(early)
    found = []
    for name, options in (("late", {}), ("early", {"reports": early})):
        path = job(f'[ledger]\nurl = "{name}.sqlite"\n', **options)
        assert run(path, as_of=LOUD).n_news == 1
        with open_ledger(path) as ledger:
            found.append((ledger.history(), ledger.members()))
    for late, soon in zip(*found, strict=True):
        pd.testing.assert_frame_equal(late, soon)


def test_the_same_manifest_gives_the_same_signals(job: Job, tmp_path: Path) -> None:
    path = job()
    found = []
    for ledger in ("a.sqlite", "b.sqlite"):
        path.write_text(SETTINGS + f'[ledger]\nurl = "{ledger}"\n', encoding="utf-8")
        run(path, as_of=LOUD)
        manifest = json.loads((tmp_path / f"reports/enteroscan-{LOUD}-manifest.json").read_text())
        del manifest["seconds"], manifest["seconds_of_all"]
        with open_ledger(path) as opened:
            found.append((manifest, opened.history().to_json(), opened.members().to_json()))
    assert found[0] == found[1]


def test_a_failing_stream_does_not_stop_the_others(job: Job) -> None:
    bad = '[[streams]]\nname = "bad"\nsyndrome = ["no such symptom"]\n'
    path = job(settings=SETTINGS.replace("[[streams]]", bad + "[[streams]]", 1))
    done = cli("nightly", path, "--as-of", LOUD)
    assert done.exit_code == 3
    assert "bad / exposures" in done.stderr
    with open_ledger(path) as ledger:
        assert len(ledger.signals()) >= 1
    document = json.loads((path.parent / f"reports/enteroscan-{LOUD}.json").read_text("utf-8"))
    statuses = {row["stream"]: row["status"] for row in document["streams"]}
    assert statuses == {"bad": "failed", "All cases": "ok"}
    assert "no such symptom" in str(document["streams"])


@pytest.mark.parametrize(
    "slow",
    [
        'kind = "shared_exposure"\noptions = { replicates = 3_000_000 }',
        'kind = "scan"\noptions = { replicates = 9_999_999, p_values = "monte_carlo" }',
    ],
)
def test_a_stream_that_takes_too_long_is_stopped(job: Job, slow: str) -> None:
    """Without a limit this would take longer than any test may; the others are done."""
    settings = SETTINGS.replace(
        "[[streams]]", f"[detectors.slow]\ntimeout_s = 0.5\n{slow}\n[[streams]]", 1
    ).replace('name = "All cases"', 'name = "All cases"\ndetectors = ["slow", "exposures"]')
    path = job(settings=settings)
    done = cli("nightly", path, "--as-of", LOUD)
    assert done.exit_code == 3
    assert "All cases / slow" in done.stderr
    manifest = json.loads((path.parent / f"reports/enteroscan-{LOUD}-manifest.json").read_text())
    assert manifest["not_done"] == {"All cases / slow": "timed_out"}
    with open_ledger(path) as ledger:
        assert len(ledger.signals()) >= 1


def test_a_stream_without_cases_is_no_failure(job: Job) -> None:
    few = '[[streams]]\nname = "few"\narea = ["000"]\n'
    path = job(settings=SETTINGS.replace("[[streams]]", few + "[[streams]]", 1))
    assert cli("nightly", path, "--as-of", QUIET).exit_code == 0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no file matches reports.csv"),
        (b"", "is empty"),
        (b"\x00\x01\x02\xff" * 100, "reports.csv"),
        ("病例编号,发病时间\n".encode()[:-4], "reports.csv"),
    ],
)
def test_unreadable_input_ends_with_2(job: Job, content: bytes | None, message: str) -> None:
    path = job()
    reports = path.parent / "reports.csv"
    reports.unlink()
    if content is not None:
        reports.write_bytes(content)
    done = cli("nightly", path, "--as-of", LOUD)
    assert done.exit_code == 2
    assert message in done.stderr
    with open_ledger(path) as ledger:
        assert ledger.last_night is None


def test_half_written_input_ends_with_2_and_is_done_when_it_is_whole(job: Job) -> None:
    path = job()
    run(path, as_of=QUIET)
    reports = path.parent / "reports.csv"
    whole = reports.read_bytes()
    lines = whole.split(b"\r\n")
    reports.write_bytes(b"\r\n".join(lines[: len(lines) // 4]))
    done = cli("nightly", path, "--as-of", LOUD)
    assert done.exit_code == 2
    assert "half-written" in done.stderr
    reports.write_bytes(whole)
    assert cli("nightly", path, "--as-of", LOUD).exit_code == 10


def test_a_file_that_changes_while_it_is_read(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    read = enteroscan.read_cases

    def read_and_write(path: Path, **options: Any) -> Cases:  # noqa: ANN401
        cases = read(path, **options)
        with path.open("ab") as file:
            file.write(b"\r\n")
        return cases

    monkeypatch.setattr("enteroscan.nightly.reports.read_cases", read_and_write)
    with pytest.raises(DataError, match="changed while it was read"):
        run(job(), as_of=LOUD)


def test_nights_go_forward(done: Path) -> None:
    earlier = cli("nightly", done, "--as-of", QUIET)
    assert earlier.exit_code == 2
    assert "backtest" in earlier.stderr


def test_bad_settings_end_with_2(job: Job) -> None:
    done = cli("nightly", job("[alram]\n"), "--as-of", LOUD)
    assert done.exit_code == 2
    assert "did you mean 'alarm'" in done.stderr


def test_without_a_secret_nothing_is_begun(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_SUCH_SECRET", raising=False)
    hook = '[notify.webhook]\nurl = "https://example.org"\ntoken_env = "NO_SUCH_SECRET"\n'
    path = job(hook)
    with pytest.raises(SpecError, match="NO_SUCH_SECRET"):
        run(path, as_of=LOUD)
    assert not (path.parent / "ledger.sqlite").exists()


HOOK = '[notify.webhook]\nurl = "https://example.org/hook"\n'


class Post:
    """A webhook that remembers, and fails as often as it is told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *failures: BaseException) -> None:
        self.sent: list[tuple[str, bool]] = []
        self._failures = list(failures)

        def send(_hook: object, message: notify.Message, *, is_retry: bool = False) -> None:
            self.sent.append((message.key, is_retry))
            if self._failures:
                raise self._failures.pop(0)

        monkeypatch.setattr(notify.Webhook, "send", send)


def test_news_are_told_once(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    post, path = Post(monkeypatch), job(HOOK)
    for night in (QUIET, LOUD, LOUD):
        run(path, as_of=night)
    assert [retry for _, retry in post.sent] == [False]


@pytest.mark.parametrize("may_have_arrived", [True, False])
def test_what_was_not_delivered_is_sent_again(
    job: Job, monkeypatch: pytest.MonkeyPatch, may_have_arrived: bool
) -> None:
    error = DeliveryError("webhook", "no answer", may_have_arrived=may_have_arrived)
    post, path = Post(monkeypatch, error), job(HOOK)
    assert cli("nightly", path, "--as-of", LOUD).exit_code == 3
    assert cli("nightly", path, "--as-of", LOUD).exit_code == 10
    assert cli("nightly", path, "--as-of", LOUD).exit_code == 0
    (first, _), (second, retry) = post.sent
    assert (first, retry) == (second, may_have_arrived)


def test_a_message_of_an_earlier_night_is_sent_by_a_later_run(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = DeliveryError("webhook", "no answer", may_have_arrived=False)
    post, path = Post(monkeypatch, error, error), job(HOOK)
    assert run(path, as_of=LOUD).exit_code == 3
    tonight = run(path, as_of=NEXT)
    assert [one.as_of for one in tonight.earlier] == [LOUD]
    assert tonight.exit_code == 3
    before = len(post.sent)
    again = run(path, as_of=NEXT)
    assert (again.was_done, again.exit_code) == (True, 10)
    assert len(post.sent) == before + 1
    assert nights(path) == [LOUD, NEXT]


class Killed(BaseException):
    """Ends a run like a power cut: nothing catches it."""


@pytest.mark.parametrize("instant", ["report.write", "deliver"])
def test_a_run_that_was_killed_is_ended_by_the_next(
    job: Job, monkeypatch: pytest.MonkeyPatch, instant: str
) -> None:
    post, path = Post(monkeypatch), job(HOOK)

    def die(*_arguments: object, **_options: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        owner, _, name = instant.rpartition(".")
        patch.setattr(getattr(run_module, owner) if owner else run_module, name, die)
        with pytest.raises(Killed):
            run(path, as_of=LOUD)
    # The next night ends the last one first.
    tonight = run(path, as_of=NEXT)
    assert nights(path) == [LOUD, NEXT]
    assert [one.as_of for one in tonight.earlier] == [LOUD]
    assert tonight.exit_code == 10
    assert len(post.sent) == 1 + bool(tonight.n_news)
    assert (path.parent / f"reports/enteroscan-{LOUD}.html").exists()


def nights(path: Path) -> list[date]:
    with open_ledger(path) as ledger:
        table = ledger.nights()
    assert table["finished"].all()
    return list(table["as_of"])


def test_signals_and_review(job: Job, done: Path) -> None:
    assert json.loads(cli("signals", job(), "--json").stdout) == []
    path = done
    (signal, *_) = json.loads(cli("signals", path, "--json").stdout)
    assert (signal["state"], signal["first_night"]) == ("new", str(LOUD))
    assert [row["night"] for row in signal["history"]] == [str(LOUD)]
    name = signal["signal_id"]
    options = ("--verdict", "outbreak", "--by", "duty officer", "--note", "=HYPERLINK()")
    assert cli("review", path, name, *options).exit_code == 0
    (signal, *_) = json.loads(cli("signals", path, "--json").stdout)
    (verdict,) = signal["verdicts"]
    assert (verdict["verdict"], verdict["who"]) == ("outbreak", "duty officer")
    assert name in cli("signals", path, "--lang", "zh").stdout
    values = json.loads(cli("signals", path, "--by-stream", "--json").stdout)
    assert [row["predictive_value"] for row in values] == [1.0] * len(values) != []
    assert "100%" in cli("signals", path, "--by-stream").stdout
    assert cli("review", path, "none", *options).exit_code == 2
    assert cli("review", path, name, "--verdict", "maybe", "--by", "x").exit_code == 2


def test_the_log_holds_numbers_and_no_people(job: Job, tmp_path: Path) -> None:
    path, log = job(), tmp_path / "night.log"
    cli("nightly", path, "--as-of", LOUD, "--log", log)
    events = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert [one["event"] for one in events] == ["detected", "recorded", "published"]
    with open_ledger(path) as ledger:
        members = set(ledger.members()["case_id"])
    assert members
    assert not any(case in log.read_text(encoding="utf-8") for case in members)
    assert logging.getLogger("enteroscan.nightly").handlers == []


HOSTILE = (
    "<script>alert(1)</script>",
    "'; DROP TABLE signal; --",
    "=cmd|' /C calc'!A0",
    "../../../etc/passwd",
    "{0.__class__}{missing}",
    "%s%n line\nbreak",
)


def test_hostile_names_stay_text(job: Job, tmp_path: Path) -> None:
    quoted = "\n".join(
        f"[[streams]]\nname = {json.dumps(text)}\n" for text in (HOSTILE[0], " ".join(HOSTILE[1:]))
    )
    settings = SETTINGS.replace('[[streams]]\nname = "All cases"', quoted)
    path = job(settings=settings.replace('area = "District"', f"area = {json.dumps(HOSTILE[0])}"))
    before = set(tmp_path.parent.iterdir())
    done = run(path, as_of=LOUD)
    assert (done.exit_code, done.n_news) == (10, 1)
    page = done.files["html"].read_text(encoding="utf-8")
    assert "<script>alert(1)</script>" not in page
    table = done.files["csv"].read_text(encoding="utf-8-sig")
    assert not re.search(r'(^|,)"?[=+@-]cmd', table, re.M)
    with open_ledger(path) as ledger:
        assert len(ledger.signals()) == 1
    assert set(tmp_path.parent.iterdir()) == before


@pytest.mark.parametrize("text", HOSTILE[:4])
def test_hostile_text_in_the_reports_stays_text(
    job: Job, district: SimulatedReports, tmp_path: Path, text: str
) -> None:
    venue = district.truth.outbreaks["venue"].iloc[0]
    exposures = district.exposures.replace({venue: text})
    assert exposures.isin([text]).to_numpy().any()
    hostile = tmp_path / "hostile.csv"
    replace(district, exposures=exposures).to_csv(hostile)
    done = run(job(reports=hostile), as_of=LOUD)
    assert done.n_news == 1
    assert "<script>alert(1)" not in done.files["html"].read_text(encoding="utf-8")
    for name in ("csv", "csv_cases"):
        table = done.files[name].read_text(encoding="utf-8-sig")
        assert not re.search(r'(^|,|\n)"?=cmd', table)


def test_reports_that_cannot_be_written_are_written_by_the_next_run(job: Job) -> None:
    path = job()
    in_the_way = path.parent / "reports"
    in_the_way.write_text("a file, not a folder", encoding="utf-8")
    assert cli("nightly", path, "--as-of", LOUD).exit_code == 2
    in_the_way.unlink()
    assert cli("nightly", path, "--as-of", LOUD).exit_code == 10
    assert cli("nightly", path, "--as-of", LOUD).exit_code == 0


def test_reports_from_a_database(
    job: Job, done: Path, exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = tmp_path / "reports.sqlite"
    table = pd.read_csv(exported, encoding="gb18030", dtype=str)
    with sqlite3.connect(database) as connection:
        table.to_sql("reports", connection, index=False)
    connection.close()
    monkeypatch.setenv("REPORTS", f"sqlite:///{database}")
    sql = 'sql = "select * from reports"\nurl_env = "REPORTS"'
    path = job(settings=SETTINGS.replace('files = ["reports.csv"]', sql))
    assert run(path, as_of=LOUD).exit_code == 10
    with open_ledger(path) as one, open_ledger(done) as other:
        pd.testing.assert_frame_equal(one.members(), other.members())
    monkeypatch.delenv("REPORTS")
    missing = cli("nightly", path, "--as-of", NEXT)
    assert (missing.exit_code, "REPORTS" in missing.stderr) == (2, True)


@pytest.mark.parametrize("pattern", ["in/2024/reports-%Y%m%d.csv", "in/%Y/reports-*%Y%m%d*.csv"])
def test_of_dated_files_those_of_later_days_are_not_read(
    job: Job, exported: Path, pattern: str
) -> None:
    path = job(settings=SETTINGS.replace("reports.csv", pattern))
    folder = path.parent / "in" / "2024"
    folder.mkdir(parents=True)
    (folder / f"reports-{LOUD:%Y%m%d}.csv").write_bytes(exported.read_bytes())
    (folder / f"reports-{NEXT:%Y%m%d}.csv").write_bytes(b"not read")
    assert run(path, as_of=LOUD).exit_code == 10
    assert cli("nightly", path, "--as-of", NEXT).exit_code == 2


def test_the_default_night_is_yesterday(job: Job) -> None:
    path = job(settings=SETTINGS.replace("reports.csv", "no-such-file.csv"))
    done = cli("nightly", path)
    assert done.exit_code == 2
    early = job()
    assert run(early).as_of == date.today() - timedelta(days=1)


def test_a_scan_of_exposures_is_a_detector(job: Job, district: SimulatedReports) -> None:
    """Its signals have the food, the cases that ate it and a sentence in both languages."""
    own = """kind = "exposure_scan"
method = "venues"
options = { history_days = 60, replicates = 199 }"""
    one = SETTINGS.replace('kind = "shared_exposure"\noptions = { replicates = 99 }', own).replace(
        "[output]", "[alarm]\nmin_recurrence_interval_days = 20\n[output]"
    )
    path = job(settings=one)
    outcome = run(path, as_of=LOUD)
    assert (outcome.exit_code, outcome.failed) == (10, ())
    document = json.loads(outcome.files["json"].read_text("utf-8"))
    outbreak = set(district.truth.members["case_id"])
    found = [
        signal
        for signal in document["signals"]
        if len(outbreak & {case["case_id"] for case in signal["cases"]}) >= 2
    ]
    assert found
    (evidence,) = found[0]["evidence"]
    assert evidence["kind"] == "exposure_scan"
    assert evidence["observed"] == len(found[0]["cases"])
    assert evidence["observed"] > evidence["expected"]
    tree = ExposureTree.of_venues(to_cases(district))
    (node,) = [one for one in tree.nodes if tree.path(one, "en") == evidence["source"]]
    below = {node} | {one for one in tree.nodes if node in tree.above(one)}
    eaten = tree.exposures[tree.exposures["node"].isin(below)]
    assert {case["case_id"] for case in found[0]["cases"]} <= set(eaten["case_id"])
    with open_ledger(path) as ledger:
        before = ledger.signals()
    assert run(path, as_of=LOUD + timedelta(days=1)).failed == ()
    with open_ledger(path) as ledger:
        after = ledger.signals()
    assert set(before["signal_id"]) <= set(after["signal_id"])


def test_a_stream_without_exposures_is_not_scanned(job: Job) -> None:
    own = 'kind = "exposure_scan"\nmethod = "products"\noptions = { history_days = 30 }'
    one = SETTINGS.replace('kind = "shared_exposure"\noptions = { replicates = 99 }', own)
    outcome = run(job(settings=one), as_of=date(2024, 1, 3))
    assert (outcome.exit_code, outcome.failed) == (0, ())
