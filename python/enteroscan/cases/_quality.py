"""What was wrong with a file, what was done about it, and what the detectors can use."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from enteroscan._language import Texts
from enteroscan._templates import template

Severity = Literal["error", "warning", "info"]

SECTION = "cases"
SHOWN_PROBLEMS = 20  # kinds or lines in a notebook

# Kinds of problems: how bad, and what is done.
KINDS: dict[str, tuple[Severity, str]] = {
    "row_blank": ("info", "row"),
    "row_header": ("info", "row"),
    "row_note": ("info", "row"),
    "row_ragged": ("error", "row"),
    "row_cut": ("warning", "kept"),
    "row_repeated": ("info", "merged"),
    "exposure_repeated": ("info", "merged"),
    "specimen_repeated": ("info", "merged"),
    "duplicate": ("info", "merged"),
    "case_not_listed": ("warning", "own_case"),
    "case_id_shared": ("warning", "new_id"),
    "conflict": ("warning", "first"),
    "date_unreadable": ("error", "value"),
    "date_impossible": ("error", "value"),
    "date_range": ("error", "value"),
    "date_order": ("error", "value"),
    "date_two_digit_year": ("error", "value"),
    "date_no_year": ("error", "value"),
    "time_range": ("info", "lower"),
    "date_buddhist": ("info", "converted"),
    "date_year_filled": ("info", "filled"),
    "future": ("error", "value"),
    "yes_no": ("error", "value"),
    "sex": ("error", "value"),
    "age": ("error", "value"),
    "age_range": ("error", "value"),
    "age_unit": ("error", "value"),
    "temperature": ("error", "value"),
    "temperature_range": ("error", "value"),
    "fahrenheit": ("info", "converted"),
    "count": ("error", "value"),
    "count_range": ("info", "lower"),
    "count_about": ("info", "number"),
    "number": ("error", "value"),
    "venue_in_region": ("info", "venue"),
    "coordinates": ("error", "value"),
    "latitude_range": ("error", "value"),
    "longitude_range": ("error", "value"),
    "coordinates_half": ("error", "value"),
    "coordinates_swapped": ("warning", "swapped"),
    "coordinates_outside": ("warning", "kept"),
    "coordinates_zero": ("error", "value"),
    "coordinates_mixed": ("warning", "kept"),
    "coordinates_named": ("warning", "kept"),
    "code": ("error", "value"),
    "code_length": ("warning", "kept"),
    "stool_type": ("error", "value"),
    "residence_class": ("error", "value"),
    "result_unclear": ("warning", "text_kept"),
    "symptoms_unread": ("warning", "value"),
    "id_mangled": ("warning", "no_key"),
    "id_unreadable": ("warning", "no_key"),
    "id_check": ("warning", "kept"),
    "id_sex": ("warning", "kept"),
    "id_birth": ("warning", "kept"),
    "age_birth": ("warning", "kept"),
    "onset_after_visit": ("warning", "kept"),
    "onset_after_report": ("warning", "kept"),
    "visit_after_report": ("warning", "kept"),
    "death_before_onset": ("warning", "kept"),
    "eaten_after_onset": ("warning", "kept"),
    "eaten_long_before": ("warning", "kept"),
    "sampled_before_onset": ("warning", "kept"),
    "identifier_in_text": ("warning", "hidden"),
    "fuzzy_column": ("info", "kept"),
}
PROBLEM_COLUMNS = ("kind", "severity", "row", "column", "field", "value", "reason", "done")


class Problems:
    """Collects what is wrong, many rows at a time."""

    def __init__(self, texts: Texts) -> None:
        """Start with none; texts give the reasons."""
        self._texts = texts
        self._parts: list[pd.DataFrame] = []

    def add(
        self,
        kind: str,
        rows: NDArray[np.int64],
        column: str,
        values: NDArray[Any] | str | None = None,
        *,
        field: str = "",
    ) -> None:
        """Enter a problem of some rows; the values must be fit to be shown."""
        if not len(rows):
            return
        severity, done = KINDS[kind]
        self._parts.append(
            pd.DataFrame(
                {
                    "kind": kind,
                    "severity": severity,
                    "row": rows,
                    "column": column,
                    "field": field,
                    "value": "" if values is None else values,
                    "reason": self._texts(f"problem.{kind}"),
                    "done": self._texts(f"done.{done}"),
                },
                columns=list(PROBLEM_COLUMNS),
            ).astype({"row": "Int64"} | dict.fromkeys(set(PROBLEM_COLUMNS) - {"row"}, "string"))
        )

    def frame(self) -> pd.DataFrame:
        """Return all problems in the order of their rows."""
        if not self._parts:
            types = {name: "Int64" if name == "row" else "string" for name in PROBLEM_COLUMNS}
            return pd.DataFrame({name: pd.Series([], dtype=dtype) for name, dtype in types.items()})
        return pd.concat(self._parts, ignore_index=True).sort_values(
            "row", kind="stable", ignore_index=True
        )


@dataclass(frozen=True, eq=False, repr=False)
class QualityReport:
    """What was wrong with case reports and what was done; shows itself in a notebook.

    Parameters
    ----------
    source
        Name of the file, and what was found out about it: ``facts``.
    rows
        What became of the rows of the file: ``fate``, ``rows``. They add up to the rows read.
    problems
        One row a problem: ``kind``, ``severity`` (error: something was set aside; warning:
        doubtful, but kept; info: changed or noted), ``row`` in the file (its header is row 1, if
        nothing stands above it), ``column``, ``field``, ``value`` (hidden where it may name
        somebody), ``reason``, ``done``.
    missing
        One row a field: ``table``, ``field``, ``has_column``, ``n_missing``, ``share_missing``.
    merged
        One row a report that was merged into another of the same person: ``case_id`` kept,
        ``merged_case_id``, ``key`` that agreed, ``gap_days``, ``row``, ``merged_row``.
    delays
        Days between times, one row a delay: ``n``, ``min``, quartiles, ``p90``, ``max``.
    usable
        One row a detector: what it ``needs``, how many ``cases`` have that, their ``share``.
    """

    source: str
    facts: Mapping[str, str]
    n_cases: int
    n_exposures: int
    n_specimens: int
    rows: pd.DataFrame
    problems: pd.DataFrame
    missing: pd.DataFrame
    merged: pd.DataFrame
    delays: pd.DataFrame
    usable: pd.DataFrame
    dropped: Mapping[str, int]
    language: str
    mapping: pd.DataFrame = field(repr=False)

    @property
    def n_rows(self) -> int:
        """Rows below the header."""
        return int(self.rows["rows"].sum())

    def summary(self) -> pd.DataFrame:
        """Return how often there is each kind of problem, the worst and most frequent first."""
        rank = {"error": 0, "warning": 1, "info": 2}
        grouped = (
            self.problems.groupby(["severity", "kind", "column", "reason", "done"], dropna=False)
            .agg(count=("row", "size"), first_row=("row", "min"))
            .reset_index()
        )
        grouped["rank"] = grouped["severity"].map(rank).astype("int64")
        ordered = grouped.sort_values(
            ["rank", "count", "kind", "column"], ascending=[True, False, True, True]
        )
        return ordered[
            ["severity", "kind", "column", "count", "first_row", "reason", "done"]
        ].reset_index(drop=True)

    def lines(self) -> list[str]:
        """Return one line a problem."""
        texts = Texts(self.language, SECTION)
        lines = []
        for row in self.problems.itertuples(index=False):
            place = texts("line.row", row=row.row)
            if row.column:
                place += " " + texts("line.column", column=row.column)
            value = f" {row.value!r}" if row.value else ""
            line = {"place": place, "value": value, "reason": row.reason, "done": row.done}
            lines.append(texts("line.text", severity=texts(f"severity.{row.severity}"), **line))
        return lines

    def verdict(self) -> str:
        """Say in one sentence what was read."""
        texts = Texts(self.language, SECTION)
        return texts(
            "verdict",
            source=self.source,
            rows=f"{self.n_rows:,}",
            cases=f"{self.n_cases:,}",
            exposures=f"{self.n_exposures:,}",
            specimens=f"{self.n_specimens:,}",
            problems=f"{len(self.problems):,}",
        )

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON has it."""
        frames = ("rows", "missing", "merged", "delays", "usable", "mapping", "problems")
        return {
            "source": self.source,
            "facts": dict(self.facts),
            "n_rows": self.n_rows,
            "n_cases": self.n_cases,
            "n_exposures": self.n_exposures,
            "n_specimens": self.n_specimens,
            "dropped": dict(self.dropped),
            **{name: _records(getattr(self, name)) for name in frames},
        }

    def __str__(self) -> str:
        """Return the report as a text."""
        texts = Texts(self.language, SECTION)
        parts = [self.verdict()]
        for name in ("rows", "usable", "delays"):
            frame = getattr(self, name)
            if len(frame):
                parts += ["", texts(f"title.{name}"), self.shown(name).to_string(index=False)]
        summary = self.shown("summary")
        if len(summary):
            parts += ["", texts("title.problems"), summary.to_string(index=False)]
        return "\n".join(parts)

    def __repr__(self) -> str:
        """Say what was read."""
        return f"<QualityReport: {self.verdict()}>"

    def shown(self, name: str) -> pd.DataFrame:
        """Return a table of the report with the words of its language, as texts."""
        texts = Texts(self.language, SECTION)
        frame = self.summary() if name == "summary" else getattr(self, name)
        frame = frame.copy()
        for column, section in _WORDS.get(name, {}).items():
            frame[column] = [
                texts(f"{section}.{value}") if f"{section}.{value}" in texts else value
                for value in frame[column]
            ]
        for column in frame.columns:
            if str(column).startswith("share"):
                frame[column] = [f"{value:.1%}" for value in frame[column]]
        hidden = [name for name in frame.columns if name == "kind" and "reason" in frame.columns]
        return frame.drop(columns=hidden).rename(
            columns={column: texts(f"head.{column}") for column in frame.columns}
        )

    def _repr_html_(self) -> str:
        texts = Texts(self.language, SECTION)
        tables = []
        for name in ("rows", "summary", "usable", "delays", "missing", "merged", "mapping"):
            frame = self.shown(name)
            tables.append(
                {
                    "title": texts("title.problems" if name == "summary" else f"title.{name}"),
                    "head": [str(column) for column in frame.columns],
                    "rows": [[_cell(value) for value in row] for row in _head(frame)],
                    "more": max(0, len(frame) - SHOWN_PROBLEMS),
                    "open": name in ("rows", "summary", "usable"),
                }
            )
        return template("quality.html").render(
            verdict=self.verdict(),
            facts={texts(f"fact.{name}"): value for name, value in self.facts.items()},
            tables=[table for table in tables if table["rows"]],
            lines=self.lines()[:SHOWN_PROBLEMS] if len(self.problems) < 100_000 else [],
            n_more=max(0, len(self.problems) - SHOWN_PROBLEMS),
            title_lines=texts("title.lines"),
            more=texts("more"),
        )


_WORDS = {
    "rows": {"fate": "fate"},
    "usable": {"detector": "detector", "needs": "needs"},
    "delays": {"delay": "delay"},
    "summary": {"severity": "severity"},
    "mapping": {"match": "match"},
    "merged": {"key": "key"},
    "missing": {"table": "table"},
}


def _head(frame: pd.DataFrame) -> list[tuple[Any, ...]]:
    return list(frame.head(SHOWN_PROBLEMS).itertuples(index=False, name=None))


def _cell(value: object) -> str:
    if value is None or pd.isna(value):  # type: ignore[call-overload]
        return ""
    return f"{value:,.4g}" if isinstance(value, float) else str(value)


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {
            str(name): None
            if value is None or pd.isna(value)
            else value.item()
            if isinstance(value, np.generic)
            else value
            for name, value in row.items()
        }
        for row in frame.to_dict("records")
    ]
