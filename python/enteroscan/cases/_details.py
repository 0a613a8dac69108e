"""Exposures and specimens: long, or side by side in numbered columns."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from enteroscan.cases._fields import Fields, TableName
from enteroscan.cases._mapping import ColumnMapping
from enteroscan.cases._quality import Problems
from enteroscan.cases._readings import Reading
from enteroscan.cases._rows import Grouping
from enteroscan.cases._values import MISSING, NOTHING

BLANK_MARKS = MISSING | NOTHING
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Details:
    """Rows of a table beside the cases, in the order of cases, rows and numbers."""

    case: NDArray[np.int32]
    row: Ints  # position of the row they come from
    readings: dict[str, Reading]

    def keep(self, mask: Bools | Ints) -> "Details":
        """Return some of them."""
        return Details(
            self.case[mask],
            self.row[mask],
            {
                name: Reading(reading.codes[mask], reading.distinct, reading.extra)
                for name, reading in self.readings.items()
            },
        )

    @property
    def number(self) -> Ints:
        """1, 2, ... in every case."""
        n = len(self.case)
        starts = (
            np.flatnonzero(np.r_[True, self.case[1:] != self.case[:-1]]) if n else np.array([], int)
        )
        lengths = np.diff(np.r_[starts, n])
        return np.arange(n, dtype=np.int64) - np.repeat(starts, lengths) + 1


def details(
    table: TableName,
    fields: Fields,
    mapping: ColumnMapping,
    readings: dict[int, Reading],
    grouping: Grouping,
) -> Details:
    """Stack what stands in numbered columns; an unnumbered one beside them holds for all."""
    by_field: dict[str, dict[int, int]] = {
        field.name: {column.number: column.position for column in mapping.of_field(field.name)}
        for field in fields.of_table(table)
    }
    by_field = {name: places for name, places in by_field.items() if places}
    slots = {n for places in by_field.values() for n in places if n}
    if any(0 in places and len(places) > 1 for places in by_field.values()):
        slots.add(1)  # the one without a number is the first of them
    numbers = sorted(slots) or [0]
    parts: list[tuple[Ints, int]] = []
    n_rows = len(grouping.case)
    seen = np.zeros(n_rows, dtype=bool)
    for number in numbers:
        filled = np.zeros(n_rows, dtype=bool)
        for places in by_field.values():
            place = places.get(number, places.get(0) if number <= 1 and len(places) > 1 else None)
            if place is not None:
                filled |= _says_something(readings[place])
        seen |= filled
        parts.append((np.flatnonzero(filled), number))
    shared = np.zeros(n_rows, dtype=bool)  # only what holds for all is filled
    for places in by_field.values():
        if set(places) == {0}:
            shared |= _says_something(readings[places[0]])
    parts.append((np.flatnonzero(shared & ~seen), numbers[0]))
    row = np.concatenate([rows for rows, _ in parts])
    slot = np.concatenate([np.full(len(rows), number) for rows, number in parts])
    order = np.lexsort((slot, row, grouping.case[row]))
    row, slot = row[order], slot[order]
    stacked = {
        name: _stack(places, readings, row, slot, numbers) for name, places in by_field.items()
    }
    return Details(grouping.case[row], row, stacked)


def _says_something(reading: Reading) -> Bools:
    """Whether a row has more than a mark for a blank, which is an answer beside others only."""
    if reading.distinct.dtype.kind != "O":
        return reading.codes >= 0
    marks = [isinstance(v, str) and v.lower() in BLANK_MARKS for v in reading.distinct.tolist()]
    return ~np.array([*marks, True])[reading.codes]


def _stack(
    places: dict[int, int], readings: dict[int, Reading], row: Ints, slot: Ints, numbers: list[int]
) -> Reading:
    if set(places) == {0}:
        reading = readings[places[0]]
        return Reading(reading.codes[row], reading.distinct, reading.extra)
    codes = np.full(len(row), -1, dtype=np.int32)
    values, extras, offset = [], [], 0
    for number in numbers:
        place = places.get(number, places.get(0) if number <= 1 else None)
        if place is None:
            continue
        reading = readings[place]
        mine = slot == number
        part = reading.codes[row[mine]]
        codes[mine] = np.where(part >= 0, part + offset, -1)
        offset += len(reading.distinct)
        values.append(reading.distinct)
        extras.append(reading.extra)
    merged = np.concatenate(values) if values else np.array([], dtype=object)
    extra = {
        name: np.concatenate([e[name] for e in extras]) for name in (extras[0] if extras else {})
    }
    number_of, distinct = pd.factorize(merged)
    renumber = np.append(number_of, -1).astype(np.int32)
    first = np.zeros(len(distinct), dtype=np.intp)
    first[number_of[::-1]] = np.arange(len(merged))[::-1]
    return Reading(
        renumber[codes],
        np.asarray(distinct),
        {name: column[first] for name, column in extra.items()},
    )


def drop_repeated(
    table: Details, numbers: Ints, kind: str, problems: Problems, *, skip: tuple[str, ...] = ()
) -> Details:
    """Leave out what agrees in all fields with an earlier row of the same case."""
    n = len(table.case)
    if n < 2:
        return table
    columns = [reading.codes for name, reading in table.readings.items() if name not in skip]
    key = table.case.astype(np.uint64)
    for codes in columns:
        key = (key ^ (key >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
        key += codes.astype(np.int64).astype(np.uint64)
    key ^= key >> np.uint64(32)
    order = np.argsort(key, kind="stable")
    ordered = key[order]
    equal = np.zeros(n, dtype=bool)
    equal[1:] = ordered[1:] == ordered[:-1]
    if not equal.any():
        return table
    suspects = np.zeros(n, dtype=bool)
    suspects[order] = equal | np.r_[equal[1:], False]
    rows = np.flatnonzero(suspects)
    frame = pd.DataFrame({"case": table.case[rows]} | {i: c[rows] for i, c in enumerate(columns)})
    repeated = np.zeros(n, dtype=bool)
    repeated[rows] = frame.duplicated().to_numpy()
    problems.add(kind, numbers[table.row[repeated]], "")
    return table.keep(~repeated)


def detail_keys(table: Details, frame: pd.DataFrame, number: str, numbers: Ints) -> dict[str, Any]:
    """Return the first columns of a table beside the cases: case, number in it, row."""
    return {
        "case_id": frame["case_id"].array.take(table.case),
        number: pd.array(table.number, dtype="Int64"),
        "source_row": pd.array(numbers[table.row], dtype="Int64"),
    }
