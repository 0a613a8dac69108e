"""A night, from the settings to the news.

>>> outcome = run("night.toml", as_of=date(2024, 6, 30))  # doctest: +SKIP
>>> outcome.exit_code  # doctest: +SKIP
10
"""

import json
import logging
import platform
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

from enteroscan._language import Texts
from enteroscan.errors import DataError, DeliveryError, SpecError
from enteroscan.nightly import report
from enteroscan.nightly.cluster import Cluster, open_cluster
from enteroscan.nightly.compose import compose
from enteroscan.nightly.config import Config, StreamSpec, load_config
from enteroscan.nightly.detect import StreamResult, detect, failed
from enteroscan.nightly.finding import Finding
from enteroscan.nightly.identity import Rules, merge
from enteroscan.nightly.ledger import Ledger, open_ledger
from enteroscan.nightly.notify import message
from enteroscan.nightly.outbox import Channel, channels, deliver
from enteroscan.nightly.reports import Reports, read_reports
from enteroscan.nightly.thresholds import Thresholds, load_thresholds

__all__ = ["FAILED", "NEWS", "NOTHING_NEW", "Outcome", "run"]

NOTHING_NEW, NEWS, FAILED = 0, 10, 3
PACKAGES = ("enteroscan", "numpy", "pandas", "scipy", "sqlalchemy", "statsmodels")

logger = logging.getLogger("enteroscan.nightly")

Progress = Callable[[float], object]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a night.

    `was_done`: an earlier run had done all of it, and nothing was touched. `failed` are the
    detectors that did not end well, as ``stream / detector``; `undelivered` the messages that the
    next run sends again. `files` are the reports of the night by format. `earlier` are nights whose
    run was killed, and which this one ended.
    """

    as_of: date
    was_done: bool = False
    n_signals: int = 0
    n_news: int = 0
    failed: tuple[str, ...] = ()
    undelivered: tuple[DeliveryError, ...] = ()
    files: Mapping[str, Path] = field(default_factory=dict)
    earlier: tuple["Outcome", ...] = ()

    @property
    def exit_code(self) -> int:
        """0: nothing new, 10: new signals, 3: something failed, whatever else was found."""
        nights = (*self.earlier, self)
        if any(night.failed or night.undelivered for night in nights):
            return FAILED
        return NEWS if any(night.n_news for night in nights) else NOTHING_NEW


def run(
    config: Config | str | Path, *, as_of: date | None = None, progress: Progress | None = None
) -> Outcome:
    """Do a night: read, detect, remember, report, and tell what is new.

    Parameters
    ----------
    config
        The settings, or the path of their file.
    as_of
        The night; only what was known at the end of that day is used. None: yesterday, the last
        day that is over. Nights go forward; one that was done is not done again.
    progress
        Called with the share that is done.

    Raises
    ------
    SpecError
        The settings, or the night, cannot be.
    DataError
        The input cannot be read, or is half-written.
    LedgerError
        The ledger cannot be used.
    ClusterError
        The cluster cannot be used.
    """
    settings = config if isinstance(config, Config) else load_config(config)
    to = channels(settings)
    limits = load_thresholds(settings)
    night = date.today() - timedelta(days=1) if as_of is None else as_of
    with (
        open_ledger(settings) as ledger,
        ledger.alone(settings.ledger.wait_s),
        cluster_of(settings) as cluster,
    ):
        job = _Job(settings, ledger, to, limits, cluster, progress or _ignore)
        return job.outcome(night)


def _ignore(_share: float) -> None:
    """Show no progress."""


@dataclass(frozen=True)
class _Job:
    """The job at work, with the ledger for itself."""

    config: Config
    ledger: Ledger
    channels: Mapping[str, Channel]
    thresholds: Thresholds
    cluster: Cluster | None
    progress: Progress

    def outcome(self, as_of: date) -> Outcome:
        was_done = self.ledger.night(as_of) is not None
        unfinished = self.ledger.unfinished()
        if was_done and not unfinished:
            _log("done before", night=as_of)
            return Outcome(as_of=as_of, was_done=True)
        last = self.ledger.last_night
        if not was_done and last is not None and as_of < last:
            raise SpecError(self._say("earlier_night", night=as_of, last=last))
        reports = read_reports(self.config, as_of, self._from_to(0, 0.2))
        if not was_done:
            self._record(reports.known_on(as_of), as_of)
        # Those of earlier nights that were killed on the way come first.
        earlier = tuple(self._publish(reports, night) for night in unfinished if night != as_of)
        tonight = Outcome(as_of=as_of, was_done=True)
        if not was_done or as_of in unfinished:
            tonight = self._publish(reports, as_of)
        self.progress(1.0)
        return replace(tonight, earlier=earlier)

    def _say(self, key: str, **values: object) -> str:
        return Texts(self.config.output.language, "nightly")(key, **values)

    def _from_to(self, start: float, end: float) -> Progress:
        return lambda share: self.progress(start + share * (end - start))

    def _record(self, known: Reports, as_of: date) -> None:
        """Detect, and write down what was found, all at once."""
        self._refuse_half_written(known, as_of)
        started = time.monotonic()
        told = self._from_to(0.2, 0.9)
        results = list(detect_all(self.config, known, as_of, told, self.cluster))
        chosen = [self.thresholds.apply(result) for result in results]
        seconds = round(time.monotonic() - started, 3)
        with self.ledger.transaction() as session:
            rules = rules_of(self.config)
            before = self.ledger.known(session, as_of, rules)
            self.ledger.record(
                session,
                as_of=as_of,
                changes=merge(before, findings_of(chosen), as_of, rules),
                streams=chosen,
                n_cases=len(known.cases),
                manifest=self._manifest(known, as_of, chosen, seconds),
            )
        _log("recorded", night=as_of, cases=len(known.cases), seconds=seconds)

    def _refuse_half_written(self, known: Reports, as_of: date) -> None:
        before = self.ledger.n_cases_before(as_of)
        share = self.config.source.least_share_of_last_night
        if before is not None and len(known.cases) < share * before:
            text = self._say("half_written", n=len(known.cases), before=before, share=f"{share:g}")
            raise DataError(text)

    def _publish(self, reports: Reports, as_of: date) -> Outcome:
        """Write the reports of a recorded night, tell its news, and remember that it is done."""
        with self.ledger.transaction() as session:
            night = compose(session, self.config, reports.known_on(as_of), as_of)
        folder = self.config.path(self.config.output.folder)
        files = report.write(night, into=folder, formats=self.config.output.formats)
        manifest = folder / f"enteroscan-{as_of}-manifest.json"
        text = json.dumps(night.manifest, ensure_ascii=False, indent=2)
        report.replace_file(manifest, text.encode())
        errors: list[DeliveryError] = []
        if night.news and self.channels:
            told = message(night, report=files.get("html"))
            errors = deliver(self.ledger, as_of, told, self.channels)
        if not errors:
            self.ledger.finish(as_of)
        bad = night.streams[night.streams["status"].isin(["failed", "timed_out"])]
        _log("published", night=as_of, news=len(night.news), failed=len(bad), lost=len(errors))
        return Outcome(
            as_of=as_of,
            n_signals=len(night.signals),
            n_news=len(night.news),
            failed=tuple(bad["stream"] + " / " + bad["detector"]),
            undelivered=tuple(errors),
            files={**files, "manifest": manifest},
        )

    def _manifest(
        self, known: Reports, as_of: date, results: Sequence[StreamResult], seconds: float
    ) -> dict[str, Any]:
        """Return what the night was made of: the same of it gives the same signals."""
        return {
            "as_of": as_of.isoformat(),
            "versions": {name: version(name) for name in PACKAGES}
            | {"python": platform.python_version()},
            "settings": self.config.fingerprint,
            "random_state": self.config.run.random_state,
            "input": known.fingerprint,
            "files": dict(known.files),
            "n_cases": len(known.cases),
            "thresholds": dict(self.thresholds.days),
            "specs": {f"{one.stream} / {one.detector}": one.spec for one in results if one.spec},
            "not_done": {
                f"{one.stream} / {one.detector}": one.status
                for one in results
                if one.status != "ok"
            },
            "seconds": {f"{one.stream} / {one.detector}": one.seconds for one in results},
            "seconds_of_all": seconds,
        }


def cluster_of(config: Config) -> AbstractContextManager[Cluster | None]:
    """Connect to the cluster of the settings, if they name one."""
    address = config.run.executor
    return nullcontext() if address is None else open_cluster(address)


def detect_all(
    config: Config,
    known: Reports,
    as_of: date,
    progress: Progress = _ignore,
    cluster: Cluster | None = None,
) -> Iterator[StreamResult]:
    """Run the detectors of all streams, and return everything they found.

    A cluster gets the streams or, where they are too few to keep it busy, the replicates of one
    after the other.
    """
    pairs = [(stream, name) for stream in config.stream_specs for name in stream.detectors]
    if cluster is not None and len(pairs) >= cluster.n_threads:
        results = _at_once(cluster, config, known, as_of, pairs, progress)
    else:
        executor = None if cluster is None else cluster.executor
        results = _one_by_one(config, known, as_of, pairs, executor, progress)
    for result in results:
        _log(
            "detected",
            night=as_of,
            stream=result.stream,
            detector=result.detector,
            status=result.status,
            cases=result.n_cases,
            findings=len(result.findings),
            seconds=result.seconds,
        )
        yield result


Pairs = Sequence[tuple[StreamSpec, str]]


def _one_by_one(
    config: Config,
    known: Reports,
    as_of: date,
    pairs: Pairs,
    executor: Executor | None,
    progress: Progress,
) -> Iterator[StreamResult]:
    for number, (stream, name) in enumerate(pairs, start=1):
        yield detect(config, known, as_of, stream, name, executor)
        progress(number / len(pairs))


def _at_once(
    cluster: Cluster,
    config: Config,
    known: Reports,
    as_of: date,
    pairs: Pairs,
    progress: Progress,
) -> Iterator[StreamResult]:
    futures = cluster.each(detect, (config.for_workers(), known, as_of), pairs, progress)
    for (stream, name), future in zip(pairs, futures, strict=True):
        error = future.exception()
        yield future.result() if error is None else failed(stream, name, error)


def findings_of(results: Sequence[StreamResult]) -> list[Finding]:
    """Return the findings of all streams."""
    return [finding for result in results for finding in result.findings]


def rules_of(config: Config) -> Rules:
    """Return when signals are the same, and when they are news."""
    return Rules(**config.identity.model_dump())


def _log(event: str, **values: object) -> None:
    """Log an event with numbers and names of the settings; never what stands in the input."""
    logger.info(event, extra={"values": values})
