"""Whole nights of a program which is killed on the way, again and again."""

import json
import os
import random
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pandas as pd

from enteroscan.nightly import run as job
from enteroscan.nightly.config import Config, Ledger
from enteroscan.nightly.detect import StreamResult
from enteroscan.nightly.finding import Finding
from enteroscan.nightly.identity import Rules, merge
from enteroscan.nightly.ledger import open_ledger
from enteroscan.nightly.night import Evidence
from enteroscan.nightly.notify import Message
from enteroscan.nightly.outbox import deliver
from enteroscan.simulate import District, Outbreak

__all__ = ["FIRST", "Killed", "contents", "finding", "kill", "record", "settings"]

FIRST = date(2024, 6, 1)
N_NIGHTS = 5
RULES = Rules(close_after_days=3)


def finding(
    *cases: str,
    stream: str = "All",
    detector: str = "scan",
    p_value: float | None = 0.01,
    is_count: bool = False,
) -> Finding:
    """Return a finding about some cases."""
    evidence = Evidence(
        stream=stream,
        detector=detector,
        kind="time_series" if is_count else "scan",
        start=FIRST,
        end=FIRST,
        observed=len(cases),
        p_value=p_value,
    )
    title = {"en": f"{len(cases)} cases", "zh": f"{len(cases)} 例"}
    return Finding(evidence=evidence, members=dict.fromkeys(cases), title=title)


def settings(url: str, folder: Path, wait_s: float = 20.0) -> Config:
    """Return settings that say no more than where the ledger is."""
    return Config.model_construct(ledger=Ledger(url=url, wait_s=wait_s), folder=folder)


def found_on(night: date) -> list[Finding]:
    """Return what a detector finds: an outbreak that grows, others that come, merge and go."""
    chance = random.Random(night.toordinal())
    day = (night - FIRST).days
    growing = finding(*(f"a{i}" for i in range(4 + day)))
    others = [finding(*(f"b{i}" for i in range(k, k + 3))) for k in (0, 3) if chance.random() < 0.7]
    both = [finding(*(f"b{i}" for i in range(6)), detector="exposures")] * (day % 4 == 3)
    return [growing, *others, *both]


@dataclass(frozen=True)
class _Appended:
    """A channel that is a file: one line a message."""

    path: Path

    def send(self, message: Message, *, is_retry: bool = False) -> None:
        line = json.dumps([message.key, is_retry]) + "\n"
        with self.path.open("a", encoding="utf-8") as file:
            file.write(line)


def record(url: str, folder: Path, nights: int = N_NIGHTS) -> None:
    """Record nights and tell their news, as the job does: each once, whatever was done before."""
    channel = _Appended(folder / "sent")
    for night in (FIRST + timedelta(days=i) for i in range(nights)):
        with open_ledger(settings(url, folder)) as ledger, ledger.alone(20.0):
            row = ledger.night(night)
            if row is None:
                with ledger.transaction() as session:
                    findings = tuple(found_on(night))
                    ledger.record(
                        session,
                        as_of=night,
                        changes=merge(ledger.known(session, night, RULES), findings, night, RULES),
                        streams=[
                            StreamResult(
                                stream="All", detector="scan", status="ok", findings=findings
                            )
                        ],
                        n_cases=0,
                        manifest={},
                    )
            for late in ledger.unfinished():
                if int(ledger.nights().set_index("as_of")["n_news"][late]):
                    told = Message(
                        key=str(late), subject="", text="", data={}, duplicate="", duplicate_line=""
                    )
                    assert deliver(ledger, late, told, {"file": channel}) == []  # type: ignore[dict-item]
                ledger.finish(late)


def contents(url: str, folder: Path) -> dict[str, pd.DataFrame]:
    """Return all that a ledger holds, but for the times of its writing."""
    with open_ledger(settings(url, folder)) as ledger:
        return {
            "signals": ledger.signals(),
            "history": ledger.history(),
            "members": ledger.members(),
            "nights": ledger.nights().drop(columns="recorded"),
            "sent": ledger.outbox()[["key", "channel", "error"]],
            "unsent": ledger.outbox().loc[lambda frame: frame["sent"].isna(), ["key"]],
            "verdicts": ledger.verdicts().drop(columns="when"),
            "predictive_values": ledger.predictive_values(),
        }


# Whole nights, from the export to the message.

NIGHTS = tuple(date(2024, 6, 14) + timedelta(days=i) for i in range(3))
JOB = """
[source]
files = ["reports.csv"]
[detectors.places]
kind = "scan"
options = { replicates = 19 }
[detectors.counts]
kind = "time_series"
every = "day"
[[streams]]
name = "All"
[alarm]
min_recurrence_interval_days = 1
[output]
formats = ["html", "json", "csv"]
language = "en"
[run]
n_jobs = 1
"""


def export(folder: Path) -> None:
    """Write the case reports of a small district with an outbreak."""
    reports = District(cases_per_year=100).simulate(
        start="2024-01-01",
        end="2024-06-20",
        outbreaks=[Outbreak(agent="salmonella", start="2024-06-10 12:00", size=14)],
        random_state=1,
    )
    reports.to_csv(folder / "reports.csv")


def do_nights(folder: Path) -> None:
    """Do nights as the command does, each once, whatever was done before."""
    channel = {"file": _Appended(folder / "sent")}
    with patch.object(job, "channels", lambda _settings: channel):
        for night in NIGHTS:
            job.run(folder / "night.toml", as_of=night)


def new_job(url: str, place: Path, exported: Path) -> None:
    """Make the folder of a job."""
    place.mkdir()
    shutil.copy(exported / "reports.csv", place)
    ledger = f"[ledger]\nurl = {json.dumps(url)}\n"
    (place / "night.toml").write_text(JOB + ledger, encoding="utf-8")


def told(folder: Path) -> dict[str, Any]:
    """Return what the reports say about signals, by their names."""
    reports = {path.name: path for path in (folder / "reports").iterdir()}
    documents = {
        name: json.loads(path.read_text("utf-8"))
        for name, path in reports.items()
        if name.endswith(".json") and "manifest" not in name
    }
    return dict.fromkeys(reports) | {name: one["signals"] for name, one in documents.items()}


@dataclass(frozen=True)
class Killed:
    """What came of it: `differences` must be empty, and `unmarked` duplicates, too."""

    kills: int
    runs: int
    series: int
    differences: list[str]
    unmarked: list[str]
    marked: int


def _sent(folder: Path) -> tuple[set[str], list[str], int]:
    lines = [json.loads(line) for line in (folder / "sent").read_text().splitlines()]
    plain = Counter(key for key, is_retry in lines if not is_retry)
    keys = {key for key, _ in lines}
    return keys, [key for key, n in plain.items() if n > 1], sum(is_retry for _, is_retry in lines)


def kill(new_url: Callable[[Path], str], folder: Path, *, instants: int, seed: int) -> Killed:
    """Do series of nights, and kill the program at random instants; then let it end.

    The process must have one thread, since it forks.
    """
    chance = random.Random(seed)
    export(folder)
    calm = folder / "calm"
    calm_url = new_url(calm)
    new_job(calm_url, calm, folder)
    do_nights(calm)  # here, so that everything is loaded before the process forks
    again = folder / "again"
    new_job(new_url(again), again, folder)
    started = time.monotonic()
    assert _run(again, None)
    seconds = time.monotonic() - started
    wanted, news, reports = contents(calm_url, calm), _sent(calm)[0], told(calm)
    kills = runs = series = marked = 0
    differences: list[str] = []
    unmarked: list[str] = []
    while kills < instants:
        series += 1
        place = folder / str(series)
        url = new_url(place)
        new_job(url, place, folder)
        is_done, patience = False, 1.0
        while not is_done:
            limit = chance.uniform(0, patience * seconds) if kills < instants else None
            is_done = _run(place, limit)
            runs += 1
            kills += not is_done
            patience *= 1.1  # the machine may have become slower
        found = contents(url, place)
        differences += [
            f"{series}: {name}" for name, table in wanted.items() if not table.equals(found[name])
        ]
        keys, twice, n_marked = _sent(place)
        differences += [f"{series}: messages"] * (keys != news)
        differences += [f"{series}: reports"] * (told(place) != reports)
        unmarked += twice
        marked += n_marked
    return Killed(kills, runs, series, differences, unmarked, marked)


def _run(folder: Path, limit_s: float | None) -> bool:
    """Do nights in a process that may be killed; return whether it ended by itself."""
    pid = os.fork()
    if pid == 0:
        try:
            do_nights(folder)
        except BaseException as error:
            os.write(2, f"{error!r}\n".encode())
            os._exit(1)
        os._exit(0)
    if limit_s is not None:
        time.sleep(limit_s)
        os.kill(pid, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert code in (0, -signal.SIGKILL), f"the program ended with {code}"
    return code == 0
