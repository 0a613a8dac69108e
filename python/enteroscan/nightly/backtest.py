"""Past nights, replayed beside the ledger: signals, delays, and thresholds for the alarm budget.

>>> done = backtest("night.toml", first=date(2024, 5, 1), last=date(2024, 6, 30))  # doctest: +SKIP
>>> done.signals  # doctest: +SKIP
>>> done.scores(read_truth("truth.csv"))  # doctest: +SKIP
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from enteroscan._language import Texts
from enteroscan.cases import Cases
from enteroscan.errors import DataError, SpecError
from enteroscan.evaluation import GROUP_COLUMNS, score
from enteroscan.evaluation import Replay as Replayed
from enteroscan.evaluation.scores import true_for
from enteroscan.nightly.cluster import Cluster
from enteroscan.nightly.config import Config, load_config
from enteroscan.nightly.detect import StreamResult
from enteroscan.nightly.finding import Finding
from enteroscan.nightly.identity import Change, Known, merge
from enteroscan.nightly.reports import Reports, read_reports
from enteroscan.nightly.run import cluster_of, detect_all, findings_of, rules_of
from enteroscan.nightly.thresholds import Thresholds, load_thresholds, name_of

__all__ = ["Backtest", "Calibration", "backtest", "read_truth"]

DAYS_A_WEEK = 7
GRID_DAYS = (30, 60, 100, 200, 365, 730, 1_825, 3_650, 10_000, 36_500, 100_000, 365_000)
"""Recurrence intervals that thresholds are chosen from."""

SIGNAL_COLUMNS = (
    "signal_id", "first_night", "last_found", "state", "streams", "n_cases",
    "recurrence_interval_days", "title",
)  # fmt: skip
ALL = "*"
FOLLOW_UP_DAYS = 14  # an outbreak is scored if so many nights follow its second report


@dataclass(frozen=True, eq=False)
class Backtest:
    """What the detectors found on past nights, whatever the thresholds.

    `nights` maps every night to the findings of all streams; `cases` are all that was read.
    """

    config: Config
    thresholds: Thresholds
    cases: Cases
    nights: Mapping[date, tuple[StreamResult, ...]]

    @cached_property
    def signals(self) -> pd.DataFrame:
        """One row a signal, in the order of the nights, at the thresholds of the settings.

        `signal_id, first_night, last_found, state, streams, n_cases` (ever),
        `recurrence_interval_days` (greatest), `title` (last, by language).
        """
        return self.signals_at(self.thresholds)

    def signals_at(self, thresholds: Thresholds) -> pd.DataFrame:
        """Return the signals that other thresholds would have given."""
        rows: dict[str, dict[str, Any]] = {}
        for night, change in self._changes(thresholds):
            row = rows.setdefault(
                change.signal_id,
                {"signal_id": change.signal_id, "first_night": night, "cases": set(),
                 "streams": {}, "recurrence_interval_days": None},
            )  # fmt: skip
            row["state"] = change.state
            _add(row, night, change)
        for row in rows.values():
            row["n_cases"], row["streams"] = len(row["cases"]), "; ".join(row["streams"])
        return pd.DataFrame(list(rows.values()), columns=list(SIGNAL_COLUMNS))

    def signals_a_week(self, thresholds: Thresholds) -> float:
        """Return how many new signals there are a week; the first night finds old ones."""
        first_nights = self.signals_at(thresholds)["first_night"]
        n_nights = len(self.nights) - 1
        return float((first_nights > min(self.nights)).sum()) / n_nights * DAYS_A_WEEK

    def _changes(self, thresholds: Thresholds) -> Iterator[tuple[date, Change]]:
        """Merge night after night, as the ledger does."""
        rules = rules_of(self.config)
        remembered = timedelta(days=rules.close_after_days + rules.remember_days)
        known: dict[str, Known] = {}
        for night, results in self.nights.items():
            chosen = [thresholds.apply(result) for result in results]
            before = {
                name: one for name, one in known.items() if night - one.last_found <= remembered
            }
            known = dict(before)
            for change in merge(list(before.values()), findings_of(chosen), night, rules):
                yield night, change
                merged = [before[name] for name in change.merged]
                own = before.get(change.signal_id)
                known[change.signal_id] = change.after(night, own, merged)
                if change.merged_into is not None:
                    del known[change.signal_id]

    def scores(self, truth: pd.DataFrame) -> pd.DataFrame:
        """Count outbreaks that were found, and false signals, by stream and threshold.

        Parameters
        ----------
        truth
            `case_id` and `outbreak`; see `read_truth`.

        Returns
        -------
        DataFrame
            One row a stream's detector and threshold in days (``*``: all of them together), with
            the columns of `enteroscan.evaluation.Score.table` and `false_signals_a_week`.

        Raises
        ------
        DataError
            None of the cases is in the input.
        """
        frame = self.cases.frame[["case_id", "onset", "reported"]]
        members = truth.merge(frame, on="case_id")
        if len(truth) and members.empty:
            text = Texts(self.config.output.language, "backtest")
            raise DataError(text("unknown_cases", file="truth", n=len(truth)))
        first, last = pd.Timestamp(min(self.nights)), pd.Timestamp(max(self.nights))
        groups = self._groups()
        names = [ALL, *groups["name"].unique()]
        tables = []
        for name in names:
            own = groups if name == ALL else groups[groups["name"] == name]
            table = score(
                [Replayed(own, members, first, last)],
                thresholds=GRID_DAYS,
                follow_up_days=FOLLOW_UP_DAYS,
            ).table
            table.insert(0, "stream", name)
            tables.append(table)
        whole = pd.concat(tables, ignore_index=True)
        days = whole["false_signals_per_month"] * 12 / 365.25
        return whole.assign(false_signals_a_week=days * DAYS_A_WEEK)

    def outbreaks(self, truth: pd.DataFrame) -> pd.DataFrame:
        """Say of every outbreak when, and how often, a signal of it was told as new.

        A signal is of an outbreak if at least two, and half, of the cases that it had when it was
        new are. One that splits off another is told as such, not as new.

        Parameters
        ----------
        truth
            `case_id` and `outbreak`; see `read_truth`.

        Returns
        -------
        DataFrame
            One row an outbreak whose second case was reported during the nights after the first:
            `outbreak, n_cases` (reported), `second_report`, `first_night` (missing: not found),
            `days` (from the second report), `n_new` (signals). Then ``attrs["n_false"]``: signals
            that were new after the first night, and of no outbreak.
        """
        frame = self.cases.frame[["case_id", "reported"]]
        members = truth[["case_id", "outbreak"]].merge(frame, on="case_id")
        outbreak_of = dict(zip(members["case_id"].astype(str), members["outbreak"], strict=True))
        new = [
            (night, true_for(frozenset(change.members), outbreak_of))
            for night, change in self._changes(self.thresholds)
            if change.news == "new"
        ]
        first, last = min(self.nights), max(self.nights)
        rows = []
        for number, own in members.groupby("outbreak"):
            second = own["reported"].sort_values().iloc[1:2]
            if second.empty or not first < second.iloc[0].date() <= last:
                continue
            nights = [night for night, of in new if of == number]
            found = min(nights, default=None)
            rows.append(
                {
                    "outbreak": number,
                    "n_cases": len(own),
                    "second_report": second.iloc[0].date(),
                    "first_night": found,
                    "days": None if found is None else (found - second.iloc[0].date()).days,
                    "n_new": len(nights),
                }
            )
        table = pd.DataFrame(
            rows, columns=["outbreak", "n_cases", "second_report", "first_night", "days", "n_new"]
        )
        table.attrs["n_false"] = sum(of == 0 and night > first for night, of in new)
        return table

    def since(self, night: date) -> "Backtest":
        """Return the nights from one on."""
        return replace(self, nights={day: one for day, one in self.nights.items() if day >= night})

    def until(self, night: date) -> "Backtest":
        """Return the nights up to one."""
        return replace(self, nights={day: one for day, one in self.nights.items() if day <= night})

    def with_thresholds(self, thresholds: Thresholds) -> "Backtest":
        """Return the same findings at other thresholds."""
        return replace(self, thresholds=thresholds)

    def _groups(self) -> pd.DataFrame:
        rows = [
            (name_of(*finding.source), pd.Timestamp(night), *_group(number, finding))
            for night, results in self.nights.items()
            for number, finding in enumerate(findings_of(results), start=1)
        ]
        return pd.DataFrame(rows, columns=["name", "night", *GROUP_COLUMNS])

    def calibrate(self) -> "Calibration":
        """Choose thresholds that keep the alarm budget on these nights.

        Every stream's detector gets the same share of the budget, and the lowest threshold of
        `GRID_DAYS` at which its own signals keep it. As signals of several detectors are often one,
        and many streams use little of their share, the share is then the greatest at which all
        signals together keep the budget.

        Raises
        ------
        SpecError
            The settings name no budget.
        """
        budget = self.config.alarm.signals_a_week
        if budget is None:
            raise SpecError(Texts(self.config.output.language, "backtest")("no_budget"))
        rates = self._rates()
        for share in sorted({rate for own in rates.values() for rate in own.values()} | {0.0})[
            ::-1
        ]:
            days = {name: _lowest(own, share) for name, own in rates.items()}
            chosen = Thresholds(days, self.thresholds.otherwise)
            rate = self.signals_a_week(chosen)
            if rate <= budget:
                break
        return Calibration(
            budget=budget, thresholds=days, signals_a_week=rate, rates=rates, of=self
        )

    def _rates(self) -> dict[str, dict[int, float]]:
        """Return signals a week by stream's detector and threshold, each looked at alone."""
        names = [
            name_of(stream.name, name)
            for stream in self.config.stream_specs
            for name in stream.detectors
        ]
        alone = dict.fromkeys(names, float("inf"))
        return {
            name: {
                days: self.signals_a_week(Thresholds(alone | {name: float(days)}))
                for days in GRID_DAYS
            }
            for name in names
        }


@dataclass(frozen=True, kw_only=True, eq=False)
class Calibration:
    """Thresholds for an alarm budget, and what speaks for them.

    `thresholds` in days and `rates` (signals a week by threshold) are by stream and detector;
    `signals_a_week` is what the thresholds give together.
    """

    budget: float
    thresholds: Mapping[str, float]
    signals_a_week: float
    rates: Mapping[str, Mapping[int, float]]
    of: Backtest

    @property
    def keeps_budget(self) -> bool:
        """Whether the budget can be kept at all."""
        return self.signals_a_week <= self.budget

    def to_dict(self) -> dict[str, Any]:
        """Return what `load_thresholds` reads, and the evidence, as JSON has it."""
        nights = self.of.nights
        return {
            "budget_signals_a_week": self.budget,
            "thresholds": dict(self.thresholds),
            "evidence": {
                "first_night": min(nights).isoformat(),
                "last_night": max(nights).isoformat(),
                "n_cases": len(self.of.cases),
                "settings": self.of.config.fingerprint,
                "signals_a_week": self.signals_a_week,
                "signals_a_week_by_threshold": {
                    name: {str(days): rate for days, rate in own.items()}
                    for name, own in self.rates.items()
                },
            },
        }


def _lowest(rates: Mapping[int, float], share: float) -> float:
    """Return the lowest threshold that keeps a share; the highest if none does."""
    return float(min((days for days, rate in rates.items() if rate <= share), default=max(rates)))


def _add(row: dict[str, Any], night: date, change: Change) -> None:
    """Add what a night found to the row of a signal."""
    if not change.findings:
        return
    row["last_found"] = night
    row["cases"] |= set(change.members)
    row["title"] = dict(change.findings[0].title)
    for finding in change.findings:
        row["streams"][name_of(*finding.source)] = None
        interval = finding.evidence.recurrence_interval_days
        known = [i for i in (row["recurrence_interval_days"], interval) if i is not None]
        row["recurrence_interval_days"] = max(known, default=None)


def _group(number: int, finding: Finding) -> tuple[Any, ...]:
    one = finding.evidence
    numbers = [
        float("nan") if value is None else value
        for value in (one.p_value, one.recurrence_interval_days, one.statistic)
    ]
    return number, tuple(finding.members), one.source, *numbers


def backtest(
    config: Config | str | Path,
    *,
    first: date,
    last: date,
    progress: Callable[[float], object] | None = None,
) -> Backtest:
    """Replay nights, each with what was known then; the ledger is not touched.

    Parameters
    ----------
    config
        The settings, or the path of their file.
    first, last
        First and last night.
    progress
        Called with the share that is done.

    Raises
    ------
    SpecError
        The last night is not after the first.
    DataError
        The input cannot be read.
    ClusterError
        The cluster cannot be used.
    """
    settings = config if isinstance(config, Config) else load_config(config)
    if last <= first:
        text = Texts(settings.output.language, "backtest")
        raise SpecError(text("period", first=first, last=last))
    reports = read_reports(settings, last)
    nights = [first + timedelta(days=i) for i in range((last - first).days + 1)]
    with cluster_of(settings) as cluster:
        found = _found(settings, reports, nights, cluster, progress or (lambda _share: None))
    return Backtest(settings, load_thresholds(settings), reports.cases, found)


def _found(
    config: Config,
    reports: Reports,
    nights: Sequence[date],
    cluster: Cluster | None,
    progress: Callable[[float], object],
) -> dict[date, tuple[StreamResult, ...]]:
    """Return what each night finds; a cluster gets the nights."""
    if cluster is not None:
        tasks = [(night,) for night in nights]
        futures = cluster.each(_found_on, (config.for_workers(), reports), tasks, progress)
        return {night: one.result() for night, one in zip(nights, futures, strict=True)}
    found = {}
    for number, night in enumerate(nights, start=1):
        found[night] = _found_on(config, reports, night)
        progress(number / len(nights))
    return found


def _found_on(config: Config, reports: Reports, night: date) -> tuple[StreamResult, ...]:
    return tuple(detect_all(config, reports.known_on(night), night))


def read_truth(path: Path, language: str | None = None) -> pd.DataFrame:
    """Read which case belongs to which outbreak: a CSV with `case_id` and `outbreak`.

    Raises
    ------
    DataError
        The file is no CSV in UTF-8, or the columns are not there.
    """
    text = Texts(language, "backtest")
    try:
        table = pd.read_csv(path, dtype="string", encoding="utf-8-sig")
    except ValueError as error:  # no text in UTF-8, empty, or no table
        raise DataError(text("unreadable_truth", file=path, error=error)) from error
    if not {"case_id", "outbreak"} <= set(table.columns):
        raise DataError(text("bad_truth", file=path, columns=", ".join(table.columns)))
    known = table.dropna(subset=["case_id", "outbreak"]).drop_duplicates("case_id")
    numbers = known["outbreak"].factorize(sort=True)[0] + 1
    return known[["case_id"]].assign(outbreak=numbers).reset_index(drop=True)
