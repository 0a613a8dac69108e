"""Hides the names of people where they stand in other texts."""

import numpy as np

from enteroscan.cases._columns import Column, objects
from enteroscan.cases._export import Export
from enteroscan.cases._identity import HIDDEN
from enteroscan.cases._readings import make_reading
from enteroscan.cases._understand import Readings

LONGEST_NAME = 30  # characters


def hide_names(export: Export, readings: Readings) -> None:
    """Hide the name of a person where it stands in another text of the same row."""
    for people in (export.column("name"), export.column("guardian")):
        if people is None:
            continue
        wanted = {text: code for code, text in enumerate(people.texts().tolist()) if len(text) > 1}
        lengths = sorted({len(text) for text in wanted if len(text) <= LONGEST_NAME})
        for mapped in export.mapping.columns:
            is_text = export.fields[mapped.field].kind in ("text", "result")
            if is_text and mapped.position in readings.by_place:
                _hide_in(
                    mapped.position,
                    mapped.header,
                    mapped.field,
                    people,
                    wanted,
                    lengths,
                    export,
                    readings,
                )


def _hide_in(
    place: int,
    header: str,
    name: str,
    people: Column,
    wanted: dict[str, int],
    lengths: list[int],
    export: Export,
    readings: Readings,
) -> None:
    reading = readings.by_place[place]
    hits: dict[int, list[int]] = {}
    for code, text in enumerate(reading.distinct.tolist()):
        found = {
            wanted[part]
            for length in lengths
            for start in range(len(text) - length + 1)
            if (part := text[start : start + length]) in wanted
        }
        if found:
            hits[code] = sorted(found)
    if not hits:
        return
    may = np.zeros(len(reading.distinct) + 1, dtype=bool)
    may[list(hits)] = True
    rows = np.flatnonzero(may[reading.codes] & (people.codes >= 0))
    rows = rows[
        [
            who in hits[code]
            for who, code in zip(
                people.codes[rows].tolist(), reading.codes[rows].tolist(), strict=True
            )
        ]
    ]
    if not len(rows):
        return
    hidden = [
        text.replace(who, HIDDEN)
        for text, who in zip(
            reading.distinct[reading.codes[rows]],
            people.texts()[people.codes[rows]],
            strict=True,
        )
    ]
    codes = reading.codes.copy()
    codes[rows] = len(reading.distinct) + np.arange(len(rows), dtype=np.int32)
    readings.by_place[place] = make_reading(codes, np.append(reading.distinct, objects(hidden)))
    export.problems.add("identifier_in_text", export.numbers[rows], header, HIDDEN, field=name)
