"""Which rows are one report, and reports of one person that are one case."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from enteroscan.cases._arrays import days_of
from enteroscan.cases._columns import Codes, Column, Values, choose
from enteroscan.cases._duplicates import Duplicates
from enteroscan.cases._export import Export
from enteroscan.cases._identity import HIDDEN, is_valid_id_number
from enteroscan.cases._people import People
from enteroscan.cases._readings import make_reading, take
from enteroscan.cases._rows import Grouping, group_rows
from enteroscan.cases._understand import Readings
from enteroscan.cases._values import MISSING

ID_LENGTH = 18
PERSONAL = ("name", "guardian", "id_number", "phone")  # what no case may be called
LONGEST_MISSING = max(map(len, MISSING))
MERGED = ("case", "target", "gap_days")


@dataclass(frozen=True)
class Merging:
    """Reports, and the cases that they are after those of one person were merged."""

    reports: Grouping
    cases: Grouping
    target: Codes  # the report that every report is merged into, itself if into no other
    merged: pd.DataFrame  # case and target: numbers of reports; gap_days

    @cached_property
    def report_of_case(self) -> NDArray[np.int32]:
        """The first report of every case."""
        return self.reports.case[self.cases.first_row]

    @cached_property
    def case_of_report(self) -> NDArray[np.int32]:
        """The case of every report."""
        case = np.zeros(self.reports.n_cases, dtype=np.int32)
        case[self.reports.case] = self.cases.case
        return case

    @property
    def n_rows_merged(self) -> int:
        """Number of rows of reports that were merged into others."""
        moved = self.target != np.arange(len(self.target))
        return int(moved[self.reports.case].sum())

    def first(self, values: Values | None) -> Values | None:
        """Return values of reports as values of cases: the first that is not missing."""
        if values is None or not len(self.merged):
            return values
        codes, distinct = pd.factorize(values)
        known = np.flatnonzero(codes >= 0)[::-1]
        result = np.full(self.cases.n_cases, -1, dtype=np.int32)
        result[self.case_of_report[known]] = codes[known]
        return take(np.asarray(distinct), result)


def safe_case_ids(export: Export) -> Column | None:
    """Return the case numbers without those that are names or numbers of people."""
    column = export.column("case_id")
    if column is None:
        return None
    texts = column.texts()
    lengths = pc.utf8_length(pa.array(texts, pa.large_string())).to_numpy(zero_copy_only=False)
    bad = np.zeros(len(texts) + 1, dtype=bool)
    blank = bad.copy()
    for place in np.flatnonzero(lengths == ID_LENGTH):
        bad[place] = is_valid_id_number(texts[place].upper())
    alike = set(lengths.tolist())  # others need not be looked at
    own = {
        text
        for name in PERSONAL
        if (personal := export.column(name))
        for text in personal.texts()
        if len(text) in alike
    }
    if own:
        bad[:-1] |= np.array([text in own for text in texts.tolist()], dtype=bool)
    for place in np.flatnonzero(lengths <= LONGEST_MISSING):
        blank[place] = texts[place].lower() in MISSING
    if not (bad | blank).any():
        return Column(column.codes, texts)
    _enter("identifier_in_text", np.flatnonzero(bad[column.codes]), HIDDEN, export)
    values = choose((bad | blank)[:-1], None, texts)
    reading = make_reading(column.codes, values)
    return Column(reading.codes, reading.distinct)


def group_reports(export: Export, case_id: Column | None) -> Grouping:
    """Find out which rows are of one report."""
    if not len(export.numbers):
        return Grouping(np.array([], dtype=np.int32), np.array([], dtype=np.int64))
    case_columns: list[Column] = []
    other_columns: list[Column] = []
    for mapped in export.mapping.columns:
        if mapped.position not in export.columns or mapped.field == "case_id":
            continue
        is_case = export.fields[mapped.field].table == "case"
        (case_columns if is_case else other_columns).append(export.columns[mapped.position])
    identity = [
        column for name in ("id_number", "name") if (column := export.column(name)) is not None
    ]
    grouping, shared = group_rows(
        case_id=case_id,
        identity=identity,
        case_columns=case_columns,
        other_columns=other_columns,
    )
    if case_id is not None:
        unlisted = grouping.first_row[:0]
        if export.n_listed is not None:
            unlisted = grouping.first_row[grouping.first_row >= export.n_listed]
        for kind, rows in (("case_not_listed", unlisted), ("case_id_shared", shared.nonzero()[0])):
            _enter(kind, rows, case_id.texts()[case_id.codes[rows]], export)
    return grouping


def _enter(kind: str, rows: NDArray[np.int64], shown: Values | str, export: Export) -> None:
    header = export.header("case_id")
    export.problems.add(kind, export.numbers[rows], header, shown, field="case_id")


def merge_duplicates(
    reports: Grouping, people: People, readings: Readings, duplicates: Duplicates | None
) -> Merging:
    """Make reports of the same person one case."""
    n = reports.n_cases
    target = np.arange(n, dtype=np.int32)
    merged = pd.DataFrame(columns=list(MERGED))
    if duplicates is None or n < 2:
        return Merging(reports, reports, target, merged)
    time = days_of(None, n)
    for name in ("onset", "visit", "reported"):
        values = readings.of_report(name, reports)
        if values is not None:
            time = np.where(np.isnat(time), values, time)
    revisit = readings.of_report("revisit", reports)
    if revisit is None:
        revisit = np.full(n, None, dtype=object)
    target, merged = duplicates.find(people.person, time, revisit)
    cases = reports.merge(target) if len(merged) else reports
    return Merging(reports, cases, target, merged)
