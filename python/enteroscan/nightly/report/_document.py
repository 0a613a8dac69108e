"""A night as it is shown: the one place that chooses what of a night leaves the job.

Pages, tables, maps and the Word file are made of this document and of nothing else, so what is not
a field here (a further column of the line list, say) cannot be in any of them.
"""

import re
from collections import Counter
from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

import pandas as pd
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from enteroscan._language import LANGUAGES, choose_language
from enteroscan.nightly.night import Evidence, Night, Signal, State
from enteroscan.nightly.report._plain import finite, is_missing, moment, plain, readable, records

PLACES = 3  # decimals of coordinates: about 100 m, a block and not a door
SEPARATORS = re.compile(r"[;；、|\n]")
SHOWN_FIRST: tuple[State, ...] = ("new", "reopened", "growing", "unchanged", "quiet", "closed")


def _optional(value: object) -> str | None:
    return None if is_missing(value) else readable(value)


def _items(value: object) -> list[str]:
    if isinstance(value, str):
        value = SEPARATORS.split(value)
    parts = plain(value) if isinstance(value, list | tuple | set | frozenset) else plain([value])
    return [text for part in parts if part is not None and (text := readable(part).strip())]


def _sentences(value: Mapping[str, str]) -> dict[str, str]:
    """Return a sentence in each language; another one where a language has none."""
    given = {name: readable(text) for name, text in value.items() if name in LANGUAGES and text}
    other = next(iter(given.values()), "")
    return {name: given.get(name, other) for name in LANGUAGES}


def _coordinate(value: object) -> float | None:
    number = finite(value)
    return None if number is None else round(number, PLACES)


def _age(value: object) -> float | None:
    number = finite(value)
    return None if number is None else round(number, 1) if number < 1 else float(int(number))


def _count(value: object) -> int | None:
    number = finite(value)
    return None if number is None else round(number)


Text = Annotated[str, BeforeValidator(readable)]
OptionalText = Annotated[str | None, BeforeValidator(_optional)]
Items = Annotated[list[str], BeforeValidator(_items)]
Number = Annotated[float | None, BeforeValidator(finite)]
Count = Annotated[int | None, BeforeValidator(_count)]
Coordinate = Annotated[float | None, BeforeValidator(_coordinate)]
Age = Annotated[float | None, BeforeValidator(_age)]
Moment = Annotated[str | None, BeforeValidator(moment)]
Flag = Annotated[bool, BeforeValidator(lambda value: not is_missing(value) and bool(value))]
Sentence = Annotated[dict[str, str], BeforeValidator(_sentences)]
Plain = Annotated[Any, BeforeValidator(plain)]


class Part(BaseModel):
    """A part of the document; it does not change."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Case(Part):
    """A row of a line list."""

    case_id: OptionalText = Field(None, description="number of the case, not of the person")
    onset: Moment = Field(None, description="day, or day and time, of falling ill")
    reported: Moment = Field(None, description="day, or day and time, of the report")
    sex: OptionalText = None
    age_years: Age = Field(None, description="whole years; below one with one decimal")
    home_region: OptionalText = None
    latitude: Coordinate = Field(None, description="WGS-84, rounded to about 100 m")
    longitude: Coordinate = Field(None, description="WGS-84, rounded to about 100 m")
    symptoms: Items = []
    exposures: Items = []
    suspects: Items = Field([], description="places, foods and brands, each by itself")
    laboratory: OptionalText = None
    probability: Number = Field(None, description="of belonging to the signal")
    is_new: Flag = Field(False, description="not a member on earlier nights")


class Point(Part):
    """A point of a time series."""

    date: Moment = None
    observed: Number = None
    expected: Number = None
    upper_bound: Number = None


class EvidencePart(Part):
    """What one detector of one stream has against chance."""

    stream: Text
    detector: Text
    kind: Text
    start: Moment
    end: Moment
    observed: Count
    expected: Number
    relative_risk: Number
    statistic: Number
    p_value: Number
    recurrence_interval_days: Number
    outbreak_probability: Number
    source: OptionalText = Field(description="shared exposure, or node of a tree")
    reason: Sentence
    zone: Plain = Field(description="GeoJSON geometry, or latitude, longitude, radius_km")
    series: list[Point]
    details: Plain


class HistoryRow(Part):
    """A signal on one night."""

    night: Moment = None
    state: OptionalText = None
    n_cases: Count = None
    n_new_cases: Count = None
    p_value: Number = None
    recurrence_interval_days: Number = None


class Verdict(Part):
    """What a person found out."""

    when: Moment = None
    who: OptionalText = None
    verdict: OptionalText = None
    note: OptionalText = None


class SignalPart(Part):
    """A suspected cluster."""

    signal_id: Text
    state: State
    is_news: bool
    title: Sentence
    news: Sentence
    streams: list[Text]
    first_night: Moment
    last_night: Moment
    n_cases: int
    n_new_cases: int
    first_onset: str | None
    last_onset: str | None
    evidence: list[EvidencePart]
    cases: list[Case]
    history: list[HistoryRow]
    verdicts: list[Verdict]
    related: Plain = Field(description="identifier of another signal -> merged or split")


class Stream(Part):
    """How a detector of a stream fared."""

    stream: OptionalText = None
    detector: OptionalText = None
    status: OptionalText = None
    n_cases: Count = None
    n_signals: Count = None
    seconds: Number = None
    message: OptionalText = None


class Problem(Part):
    """How often the input had a kind of problem."""

    severity: OptionalText = None
    kind: OptionalText = None
    column: OptionalText = None
    count: int = 0
    first_row: Count = None
    reason: OptionalText = None
    done: OptionalText = None


class Day(Part):
    """How many cases, of all, fell ill on a day."""

    date: Moment = None
    cases: Count = None


class Document(Part):
    """A night of the job: its signals with their line lists, and what could not be seen."""

    format: Literal["enteroscan-night-1"] = "enteroscan-night-1"
    area: Text
    as_of: Moment
    language: str
    n_news: int
    n_by_state: dict[State, int]
    signals: list[SignalPart] = Field(description="news first, then by state and size")
    streams: list[Stream]
    problems: list[Problem]
    unseen: Plain
    curve: list[Day]
    settings: Plain = Field(description="passwords and tokens are left out")
    manifest: Plain

    @property
    def failed(self) -> list[Stream]:
        """Streams that did not run to their end."""
        return [stream for stream in self.streams if stream.status != "ok"]


def document(night: Night, language: str | None = None) -> Document:
    """Return what of a night is shown, in the language given or else that of the night."""
    signals = sorted(map(_signal, night.signals), key=_rank)
    states = Counter(signal.state for signal in signals)
    return Document.model_validate(
        {
            "area": night.area,
            "as_of": night.as_of,
            "language": choose_language(language or night.language),
            "n_news": sum(signal.is_news for signal in signals),
            "n_by_state": {state: states[state] for state in get_args(State)},
            "signals": signals,
            "streams": [Stream(**row) for row in records(night.streams)],
            "problems": _problems(night.problems),
            "unseen": records(night.unseen),
            "curve": [Day(**row) for row in records(night.curve)],
            "settings": night.settings,
            "manifest": night.manifest,
        }
    )


def _rank(signal: SignalPart) -> tuple[bool, int, int, int, str]:
    place = SHOWN_FIRST.index(signal.state)
    return (not signal.is_news, place, -signal.n_new_cases, -signal.n_cases, signal.signal_id)


def _signal(signal: Signal) -> SignalPart:
    cases = sorted(
        (Case(**row) for row in records(signal.members)),
        key=lambda case: (case.onset or "9", case.case_id or ""),
    )
    onsets = [case.onset for case in cases if case.onset]
    return SignalPart.model_validate(
        {
            "signal_id": signal.signal_id,
            "state": signal.state,
            "is_news": signal.is_news,
            "title": signal.title,
            "news": signal.news,
            "streams": list(signal.streams),
            "first_night": signal.first_night,
            "last_night": signal.last_night,
            "n_cases": len(cases),
            "n_new_cases": sum(case.is_new for case in cases),
            "first_onset": min(onsets, default=None),
            "last_onset": max(onsets, default=None),
            "evidence": [_evidence(evidence) for evidence in signal.evidence],
            "cases": cases,
            "history": [HistoryRow(**row) for row in records(signal.history)],
            "verdicts": [Verdict(**row) for row in records(signal.verdicts)],
            "related": signal.related,
        }
    )


def _evidence(evidence: Evidence) -> EvidencePart:
    given = {name: getattr(evidence, name) for name in EvidencePart.model_fields}
    series = [] if evidence.series is None else [Point(**row) for row in records(evidence.series)]
    return EvidencePart(**(given | {"series": series}))


def _problems(problems: pd.DataFrame) -> list[Problem]:
    """Count the problems by kind, the worst and most frequent first; values stay where they are."""
    if problems.empty:
        return []
    keys = ["severity", "kind", "column", "reason", "done"]
    whole = problems.reindex(columns=[*keys, "row"])
    grouped = (
        whole.groupby(keys, dropna=False, observed=True)
        .agg(count=("row", "size"), first_row=("row", "min"))
        .reset_index()
    )
    rows = [Problem(**row) for row in records(grouped)]
    ranks = {"error": 0, "warning": 1, "info": 2}
    return sorted(rows, key=lambda row: (ranks.get(row.severity or "", 3), -row.count))
