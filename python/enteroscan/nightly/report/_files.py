"""Tables and points of a night: CSV and GeoJSON."""

import json
from collections.abc import Iterator
from typing import Any

import pandas as pd

from enteroscan._spreadsheets import spreadsheet_safe
from enteroscan.nightly.report._document import Case, Document, SignalPart
from enteroscan.nightly.report._maps import zone_rings

SIGNAL_COLUMNS = (
    "signal_id", "state", "is_news", "first_night", "last_night",
    "n_cases", "n_new_cases", "first_onset", "last_onset",
)  # fmt: skip
SENTENCES = ("title", "news", "streams")
EVIDENCE_COLUMNS = (
    "kind", "start", "end", "observed", "expected", "relative_risk", "p_value",
    "recurrence_interval_days", "outbreak_probability", "source",
)  # fmt: skip


def signal_table(document: Document) -> bytes:
    """Return one row a signal, with its first evidence, as a CSV file that Excel opens."""
    rows = [_signal_row(signal, document.language) for signal in document.signals]
    return _csv(rows, [*SIGNAL_COLUMNS, *SENTENCES, *EVIDENCE_COLUMNS, "reason"])


def _signal_row(signal: SignalPart, language: str) -> dict[str, Any]:
    first = signal.evidence[0] if signal.evidence else None
    return {
        **{name: getattr(signal, name) for name in SIGNAL_COLUMNS},
        "title": signal.title[language],
        "news": signal.news[language],
        "streams": "; ".join(signal.streams),
        **{name: getattr(first, name, None) for name in EVIDENCE_COLUMNS},
        "reason": first.reason[language] if first else None,
    }


def case_table(document: Document) -> bytes:
    """Return one row a member of a signal, as a CSV file that Excel opens."""
    rows = [
        {"signal_id": signal.signal_id, "state": signal.state, **_case_row(case)}
        for signal in document.signals
        for case in signal.cases
    ]
    columns = [name for name in Case.model_fields if name != "suspects"]  # exposures say the same
    return _csv(rows, columns=["signal_id", "state", *columns])


def _case_row(case: Case) -> dict[str, Any]:
    joined = {"symptoms": "; ".join(case.symptoms), "exposures": "; ".join(case.exposures)}
    return case.model_dump() | joined


def _csv(rows: list[dict[str, Any]], columns: list[str]) -> bytes:
    frame = pd.DataFrame(rows, columns=columns, dtype=object)
    return spreadsheet_safe(frame).to_csv(index=False, lineterminator="\r\n").encode("utf-8-sig")


def features(document: Document) -> bytes:
    """Return the members that have a place as points, and the areas of signals as polygons."""
    found = [
        feature
        for signal in document.signals
        for feature in (*_points(signal), *_zones(signal, document.language))
    ]
    collection = {"type": "FeatureCollection", "features": found}
    return json.dumps(collection, ensure_ascii=False, allow_nan=False).encode()


def _points(signal: SignalPart) -> Iterator[dict[str, Any]]:
    for case in signal.cases:
        if case.latitude is not None and case.longitude is not None:
            given = {"signal_id": signal.signal_id, "what": "case"}
            shown = case.model_dump(include={"case_id", "onset", "is_new"})
            yield _feature("Point", [case.longitude, case.latitude], given | shown)


def _zones(signal: SignalPart, language: str) -> Iterator[dict[str, Any]]:
    for evidence in signal.evidence:
        given = {
            "signal_id": signal.signal_id,
            "what": "zone",
            "title": signal.title[language],
            **evidence.model_dump(include={"stream", "detector", "start", "end", "observed"}),
        }
        for corners in zone_rings(evidence.zone):
            yield _feature("Polygon", [[list(corner) for corner in corners]], given)


def _feature(kind: str, coordinates: object, properties: dict[str, Any]) -> dict[str, Any]:
    geometry = {"type": kind, "coordinates": coordinates}
    return {"type": "Feature", "geometry": geometry, "properties": properties}
