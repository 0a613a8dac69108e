"""Which rows are reports, and which rows are of the same case."""

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from enteroscan.cases._columns import Column, as_text, objects
from enteroscan.cases._identity import plain_name
from enteroscan.cases._quality import Problems
from enteroscan.cases._sources import Rows

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

LITTLE = 3  # distinct cells of a note or a row of totals
LEAST_AGREEING = 4  # fields that must agree for rows without case number and name to be one case
_NOTE = re.compile(
    r"^\s*(?:合\s*计|总\s*计|小\s*计|汇总|平均|注\s*[:：]|备\s*注\s*[:：]|说\s*明\s*[:：]|填表说明|制表|审核|填报单位\s*[:：]|"
    r"打印|导出|共\s*\d+|以上|total|sum\b|subtotal|note|exported|end of)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Grouping:
    """The case of every row that is kept; cases are numbered in the order of their first rows."""

    case: NDArray[np.int32]
    first_row: Ints  # position of the first row of every case

    @property
    def n_cases(self) -> int:
        """Number of cases."""
        return len(self.first_row)

    def first(self, codes: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return for every case the first code that is not missing."""
        if self.n_cases == len(self.case):
            return codes
        if codes.min() >= 0:
            return codes[self.first_row]
        result = np.full(self.n_cases, -1, dtype=np.int32)
        rows = np.flatnonzero(codes >= 0)[::-1]
        result[self.case[rows]] = codes[rows]
        return result

    def merge(self, target: NDArray[np.int32]) -> "Grouping":
        """Return the grouping where case i has become case target[i]."""
        return make_grouping(target[self.case])


def make_grouping(labels: NDArray[np.integer]) -> Grouping:
    """Group rows by labels."""
    case = pd.factorize(labels)[0].astype(np.int32)
    n = int(case.max(initial=-1)) + 1
    first = np.zeros(n, dtype=np.int64)
    rows = np.arange(len(case))[::-1]
    first[case[rows]] = rows
    return Grouping(case, first)


def set_aside(rows: Rows, margin: Column, headers: dict[int, str], problems: Problems) -> Bools:
    """Return which rows are kept; enter blank rows, headers in between, totals and notes.

    The margin is the first column of the file, which may be one that is not read otherwise.
    """
    n = len(rows.numbers)
    filled = np.zeros(n, dtype=np.int32)
    is_header = np.zeros(n, dtype=np.int32)
    for place, column in rows.columns.items():
        filled += column.codes >= 0
        if column.distinct.dtype.kind == "O":
            same = np.flatnonzero(column.distinct == headers[place])
            if len(same):
                is_header += column.codes == same[0]
    blank = filled == 0
    repeated = ~blank & (is_header >= 2) & (is_header * 2 >= filled)
    notes = _notes(rows, margin, filled, blank | repeated)
    for kind, mask in (("row_blank", blank), ("row_header", repeated), ("row_note", notes)):
        problems.add(kind, rows.numbers[mask], "")
    kept: Bools = ~(blank | repeated | notes)
    return kept


def _notes(rows: Rows, margin: Column, filled: NDArray[np.int32], done: Bools) -> Bools:
    """Find totals and notes: rows whose first filled cell says so and that hold little else.

    A note in merged cells fills them all with the same text.
    """
    notes = np.zeros(len(rows.numbers), dtype=bool)
    columns = [margin, *(rows.columns[place] for place in sorted(rows.columns) if place)]
    candidates = filled <= LITTLE
    if rows.may_be_merged:
        for column in columns[:4]:
            is_note = [isinstance(v, str) and _NOTE.match(v) is not None for v in column.distinct]
            candidates |= np.array([*is_note, False])[column.codes]
    for row in np.flatnonzero(candidates & ~done):
        cells = [
            as_text(column.distinct[column.codes[row]])
            for column in columns
            if column.codes[row] >= 0
        ]
        notes[row] = len(set(cells)) <= LITTLE and _NOTE.match(cells[0]) is not None
    return notes


def group_rows(
    *,
    case_id: Column | None,
    identity: list[Column],
    case_columns: list[Column],
    other_columns: list[Column],
) -> tuple[Grouping, Bools]:
    """Return the cases, and which rows carry a case number that another person has as well.

    Rows with the same case number are one case, unless they are of different people. A row that has
    nothing but exposures or specimens belongs to the case above. Without case numbers, consecutive
    rows that agree in all fields of the case are one case, if they name the person or agree in at
    least four fields.
    """
    n = max(
        len(column) for column in [*case_columns, *other_columns, case_id] if column is not None
    )
    has_case = _any_filled(case_columns, n)
    if case_id is not None:
        has_case |= case_id.codes >= 0
    continues = ~has_case & _any_filled(other_columns, n)
    continues[:1] = False
    shared = np.zeros(n, dtype=bool)
    labels = np.arange(n, dtype=np.int64) + 1
    own = np.ones(n, dtype=bool)
    if case_id is not None:
        known = case_id.codes >= 0
        labels = np.where(known, -1 - case_id.codes.astype(np.int64), labels)
        own = ~known
        labels, shared = _split_people(labels, known, identity)
    if other_columns and case_columns:
        same = _same_as_above(case_columns, identity) & own & ~continues
        same[1:] &= own[:-1]
        continues |= same
    if continues.any():  # take the label of the row above that does not continue
        source = np.maximum.accumulate(np.where(continues, 0, np.arange(n)))
        labels = labels[source]
    return make_grouping(labels), shared


def _any_filled(columns: list[Column], n: int) -> Bools:
    filled = np.zeros(n, dtype=bool)
    for column in columns:
        filled |= column.codes >= 0
    return filled


def _same_as_above(columns: list[Column], identity: list[Column]) -> Bools:
    n = len(columns[0])
    same = np.zeros(n, dtype=bool)
    same[1:] = True
    agreeing = np.zeros(n, dtype=np.int32)
    for column in columns:
        same[1:] &= column.codes[1:] == column.codes[:-1]
        agreeing += column.codes >= 0
    named = _any_filled(identity, n)
    return same & (named | (agreeing >= LEAST_AGREEING))


def _split_people(labels: Ints, known: Bools, identity: list[Column]) -> tuple[Ints, Bools]:
    """Give rows with one case number but different people labels of their own."""
    shared = np.zeros(len(labels), dtype=bool)
    fullest = sorted(identity, key=lambda column: -int((column.codes >= 0).sum()))
    for column in fullest[:1]:
        codes = column.codes
        rows = np.flatnonzero(known & (codes >= 0))
        if not len(rows):
            continue
        if _several(labels[rows], codes[rows]).empty:
            continue
        who, _ = pd.factorize(objects(plain_name(text) for text in column.texts()))
        codes = np.append(who, -1).astype(np.int32)[column.codes]
        several = _several(labels[rows], codes[rows])
        if several.empty:
            continue
        hit = rows[np.isin(labels[rows], several.to_numpy())]
        shared[hit] = True
        offset = int(np.abs(labels).max()) + 1
        number, _ = pd.factorize(pd.MultiIndex.from_arrays([labels[hit], codes[hit]]))
        labels = labels.copy()
        labels[hit] = -offset - number - 1
    return labels, shared


def _several(labels: Ints, who: NDArray[np.integer]) -> "pd.Series[int]":
    """Return the labels that go with more than one person."""
    pairs = pd.DataFrame({"label": labels, "who": who}).drop_duplicates()
    return pairs["label"][pairs["label"].duplicated()]
