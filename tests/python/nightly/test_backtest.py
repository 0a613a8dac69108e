"""Replayed nights, their scores, and thresholds for the alarm budget."""

import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from enteroscan.cases import read_cases
from enteroscan.cli import app
from enteroscan.errors import DataError
from enteroscan.nightly.backtest import ALL, Backtest, backtest, read_truth
from enteroscan.nightly.config import load_config
from enteroscan.nightly.detect import StreamResult
from enteroscan.nightly.finding import Finding
from enteroscan.nightly.ledger import open_ledger
from enteroscan.nightly.night import Evidence
from enteroscan.nightly.run import run
from enteroscan.nightly.thresholds import Thresholds, load_thresholds
from enteroscan.simulate import SimulatedReports

from .conftest import SETTINGS, Job

FIRST, LAST = date(2024, 6, 14), date(2024, 6, 17)


def cli(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_a_replay_finds_what_the_nights_found(job: Job) -> None:
    path = job()
    replayed = backtest(path, first=FIRST, last=LAST).signals
    for days in range((LAST - FIRST).days + 1):
        run(path, as_of=FIRST + timedelta(days=days))
    with open_ledger(path) as ledger:
        signals, members = ledger.signals(), ledger.members()
    cases = members.groupby("signal_id")["case_id"].nunique().rename("n_cases")
    kept = signals.merge(cases.reset_index(), on="signal_id").sort_values("signal_id")
    columns = ["signal_id", "first_night", "last_found", "state", "n_cases"]
    assert len(kept) >= 1
    assert kept[columns].to_dict("records") == replayed.sort_values("signal_id")[columns].to_dict(
        "records"
    )


def finding(stream: str, members: tuple[str, ...], days: float, night: date) -> Finding:
    evidence = Evidence(
        stream=stream, detector="d", kind="scan", start=night, end=night, observed=len(members),
        recurrence_interval_days=days, p_value=1 / days,
    )  # fmt: skip
    return Finding(evidence=evidence, members=dict.fromkeys(members), title={"en": "", "zh": ""})


def made_up(job: Job, budget: float, found: dict[int, list[tuple[str, float]]]) -> Backtest:
    """Five weeks in which streams find something new on given nights, at given intervals."""
    streams = "\n".join(f'[[streams]]\nname = "{name}"\n' for name in ("noisy", "calm"))
    settings = SETTINGS.replace('[[streams]]\nname = "All cases"', streams)
    settings = settings.replace("[detectors.exposures]", "[detectors.d]")
    path = job(f"[alarm]\nsignals_a_week = {budget}\n", settings=settings)
    config = load_config(path)
    nights = {}
    for i in range(36):
        night = date(2024, 1, 1) + timedelta(days=i)
        by_stream: dict[str, list[Finding]] = {"noisy": [], "calm": []}
        for number, (stream, days) in enumerate(found.get(i, ())):
            ids = tuple(f"{i}-{number}-{k}" for k in range(3))
            by_stream[stream].append(finding(stream, ids, days, night))
        nights[night] = tuple(
            StreamResult(stream=name, detector="d", status="ok", findings=tuple(ones))
            for name, ones in by_stream.items()
        )
    cases = read_cases(path.parent / "reports.csv")
    return Backtest(config, load_thresholds(config), cases, nights)


def test_thresholds_keep_the_budget_and_spend_it(job: Job) -> None:
    noise = {i: [("noisy", 50.0)] for i in range(1, 36)}  # seven a week
    true = {10: [("noisy", 50.0), ("noisy", 5_000.0)], 20: [("noisy", 50.0), ("calm", 70.0)]}
    replayed = made_up(job, 1.0, noise | true)
    chosen = replayed.calibrate()
    assert chosen.keeps_budget
    assert chosen.signals_a_week == pytest.approx(2 / 5)  # the strong ones of 35 nights
    assert 50 < chosen.thresholds["noisy / d"] <= 5_000
    assert chosen.thresholds["calm / d"] <= 60
    evidence = chosen.to_dict()["evidence"]["signals_a_week_by_threshold"]
    assert evidence["noisy / d"]["30"] == pytest.approx(36 / 5)
    assert evidence["noisy / d"]["60"] == pytest.approx(1 / 5)


def test_a_budget_that_cannot_be_kept_is_named(job: Job) -> None:
    replayed = made_up(job, 0.1, {i: [("noisy", 1e9)] for i in range(1, 36)})
    chosen = replayed.calibrate()
    assert not chosen.keeps_budget
    assert chosen.signals_a_week == pytest.approx(7.0)


def test_scores_count_outbreaks_and_false_signals(job: Job) -> None:
    replayed = made_up(job, 1.0, {8: [("noisy", 400.0)], 20: [("calm", 5_000.0)]})
    soon = replayed.cases.frame.sort_values("reported")
    soon = soon[soon["reported"].between("2024-01-02", "2024-01-21")].head(3)
    ids, second = soon["case_id"], soon["reported"].iloc[1]
    renamed = dict(zip(("20-0-0", "20-0-1", "20-0-2"), ids, strict=True))
    nights = {
        night: tuple(_renamed(result, renamed) for result in results)
        for night, results in replayed.nights.items()
    }
    truth = pd.DataFrame({"case_id": list(ids), "outbreak": 1})
    replayed = replace(replayed, nights=nights)
    told = replayed.outbreaks(truth)
    assert told.to_dict("records") == [
        {
            "outbreak": 1,
            "n_cases": 3,
            "second_report": second.date(),
            "first_night": date(2024, 1, 21),
            "days": (date(2024, 1, 21) - second.date()).days,
            "n_new": 1,
        }
    ]
    assert told.attrs["n_false"] == 1
    assert replayed.until(date(2024, 1, 20)).outbreaks(truth)["n_new"].sum() == 0
    table = replayed.scores(truth)
    (row,) = rows(table, ALL, 365)
    assert (row["n_outbreaks"], row["n_detected"], row["ppv"]) == (1, 1, 0.5)
    assert row["false_signals_a_week"] == pytest.approx(1 / 5)
    assert row["median_days_from_report"] == (date(2024, 1, 21) - second.date()).days
    assert [row["ppv"] for row in rows(table, ALL, 730)] == [1]
    assert [row["n_detected"] for row in rows(table, "noisy / d", 365)] == [0]


def rows(table: pd.DataFrame, stream: str, threshold: float) -> list[Any]:
    chosen = (table["stream"] == stream) & (table["threshold"] == threshold)
    return table[chosen].to_dict("records")


def _renamed(result: StreamResult, names: dict[str, Any]) -> StreamResult:
    changed = [
        replace(one, members={names.get(case, case): p for case, p in one.members.items()})
        for one in result.findings
    ]
    return replace(result, findings=tuple(changed))


def test_truth_of_other_cases_is_refused(job: Job, tmp_path: Path) -> None:
    replayed = made_up(job, 1.0, {})
    with pytest.raises(DataError, match="case_id must be the number of the report"):
        replayed.scores(pd.DataFrame({"case_id": ["x"], "outbreak": [1]}))
    path = tmp_path / "truth.csv"
    path.write_text("id,outbreak\n1,1\n", encoding="utf-8")
    with pytest.raises(DataError, match="there are id, outbreak"):
        read_truth(path)


def test_the_thresholds_of_the_budget_are_used(job: Job) -> None:
    path = job("[alarm]\nsignals_a_week = 1\n")
    (path.parent / "thresholds.json").write_text('{"thresholds": {"All cases / exposures": 7}}')
    assert load_thresholds(load_config(path)) == Thresholds({"All cases / exposures": 7.0}, 100.0)
    (path.parent / "thresholds.json").write_text('{"thresholds": [')
    done = cli("nightly", path, "--as-of", FIRST)
    assert done.exit_code == 2
    assert "thresholds.json is damaged" in done.stderr


@pytest.mark.parametrize("content", [b"", "病例,暴发\n".encode("gbk"), b'case_id,outbreak\n"a'])
def test_a_truth_that_is_no_table_is_named(job: Job, tmp_path: Path, content: bytes) -> None:
    truth = tmp_path / "truth.csv"
    truth.write_bytes(content)
    days = ("--from", "2024-06-12", "--to", "2024-06-16")
    done = cli("backtest", job(), *days, "--truth", truth)
    assert done.exit_code == 2
    assert f"{truth} cannot be read as a table" in done.stderr


def test_backtest_on_the_command_line(job: Job, district: SimulatedReports, tmp_path: Path) -> None:
    path = job("[alarm]\nsignals_a_week = 1\n")
    truth, out = tmp_path / "truth.csv", tmp_path / "out"
    district.truth.cases.to_csv(truth, index=False)
    days = ("--from", "2024-06-12", "--to", "2024-06-16")
    done = cli("backtest", path, *days, "--truth", truth, "--calibrate", "--out", out)
    assert done.exit_code == 0, done.output
    assert "0 of 1 outbreaks of the truth are scored" in done.stdout
    assert pd.read_csv(out / "signals.csv")["first_night"].notna().all()
    assert {"sensitivity", "ppv"} <= set(pd.read_csv(out / "scores.csv").columns)
    chosen = json.loads((path.parent / "thresholds.json").read_text(encoding="utf-8"))
    assert set(chosen["thresholds"]) == {"All cases / exposures"}
    assert not (path.parent / "ledger.sqlite").exists()
    assert cli("backtest", path, "--from", "2024-06-12", "--to", "2024-06-11").exit_code == 2
    assert cli("backtest", job(), *days, "--calibrate").exit_code == 2
