"""What one night found: the one form in which it reaches reports, files and notifications.

The job fills a `Night` from its detectors and the ledger; everything that shows a night to people
takes nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

import pandas as pd

__all__ = ["Evidence", "Night", "Signal", "State"]

State = Literal["new", "growing", "unchanged", "quiet", "closed", "reopened"]
Kind = Literal["scan", "shared_exposure", "exposure_scan", "time_series"]
Sentences = Mapping[str, str]  # language ("zh", "en") -> sentence


@dataclass(frozen=True, kw_only=True, eq=False)
class Evidence:
    """What one detector of one stream has against chance, for one signal on one night.

    `reason` is the sentence a duty officer reads. `source` is the shared exposure (a venue, a
    brand) or the node of a tree, where there is one. `zone` is GeoJSON geometry, or a circle as
    ``{"latitude", "longitude", "radius_km"}``. `series` is, for time series, a frame with the
    columns `date, observed, expected, upper_bound`. `details` holds what else the detector says,
    ready for JSON: parts of a log likelihood ratio, agents with probabilities, runners-up.
    """

    stream: str
    detector: str
    kind: Kind
    start: date
    end: date
    observed: int
    expected: float | None = None
    relative_risk: float | None = None
    statistic: float | None = None
    p_value: float | None = None
    recurrence_interval_days: float | None = None
    outbreak_probability: float | None = None
    source: str | None = None
    reason: Sentences = field(default_factory=dict)
    zone: Mapping[str, Any] | None = None
    series: pd.DataFrame | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, eq=False)
class Signal:
    """A suspected cluster with its identity, tonight's evidence and its past.

    `members` is the de-identified line list, one row a case: `case_id, onset, reported, sex,
    age_years, home_region, latitude, longitude, symptoms, exposures, suspects (a list of the
    places, foods and brands, each by itself), laboratory, probability, is_new`; times may lack the
    hour, anything may be missing. `history` has one row a night: `night, state, n_cases,
    n_new_cases, p_value, recurrence_interval_days`. `verdicts`: `when, who, verdict, note`.
    `related` are the identifiers of signals that were merged into this one, or split from it.
    `news` says what is new about it, empty if nothing is.
    """

    signal_id: str
    state: State
    is_news: bool
    title: Sentences
    news: Sentences
    streams: tuple[str, ...]
    first_night: date
    last_night: date
    evidence: tuple[Evidence, ...]
    members: pd.DataFrame
    history: pd.DataFrame
    verdicts: pd.DataFrame
    related: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, eq=False)
class Night:
    """A night of the job.

    `streams` has one row a stream and detector: `stream, detector, status` (ok, failed, skipped,
    timed_out), `n_cases, n_signals, seconds, message`. `problems` is the quality report of what was
    read (`Cases.quality.problems`), `unseen` says per detector how many cases it could use.
    `curve` has the daily counts of all cases: `date, cases`. `boundaries` is a GeoJSON feature
    collection of the area, if the user gave one. `settings` and `manifest` are ready for JSON.
    """

    area: str
    as_of: date
    language: str
    signals: tuple[Signal, ...]
    streams: pd.DataFrame
    problems: pd.DataFrame
    unseen: pd.DataFrame
    curve: pd.DataFrame
    settings: Mapping[str, Any]
    manifest: Mapping[str, Any]
    boundaries: Mapping[str, Any] | None = None

    @property
    def news(self) -> tuple[Signal, ...]:
        """The signals that people are told of tonight."""
        return tuple(signal for signal in self.signals if signal.is_news)
