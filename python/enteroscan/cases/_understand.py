"""Reads every column that is no identifier as its field wants it."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd

from enteroscan.cases._columns import Values, objects
from enteroscan.cases._export import Export
from enteroscan.cases._fields import Field
from enteroscan.cases._headers import age_unit, letter
from enteroscan.cases._options import Options
from enteroscan.cases._readings import Reader, Reading, age_with_unit, make_reading
from enteroscan.cases._rows import Grouping
from enteroscan.cases._values import parse_age, parse_pair

TIMES = ("reported", "visit", "onset", "death")  # in the order that years are filled from
# Fields that are read together with others, or later.
SPECIAL = ("case_id", "age_years", "age_unit", "coordinates", "symptoms", "birth_date")
PAIR = {"latitude": -1, "longitude": -2}  # places of coordinates that stand in one column


class Readings:
    """The readings of all columns by position, and which of them is a field of the case."""

    def __init__(self) -> None:
        """Start with none."""
        self.by_place: dict[int, Reading] = {}
        self._case_places: dict[str, int] = {}

    def add(self, place: int, reading: Reading, case_field: str | None = None) -> None:
        """Enter a reading; the first of several of one field of the case is the field's."""
        self.by_place[place] = reading
        if case_field is not None:
            self._case_places.setdefault(case_field, place)

    def of_case(self, name: str) -> Reading | None:
        """Return the reading of a field of the case."""
        place = self._case_places.get(name)
        return None if place is None else self.by_place[place]

    def of_report(self, name: str, reports: Grouping) -> Values | None:
        """Return the first value of a field in every report."""
        reading = self.of_case(name)
        return None if reading is None else reading.at(reports.first(reading.codes))


def read_values(
    export: Export, reader: Reader, options: Options, progress: Callable[[float], object]
) -> Readings:
    """Read all columns; progress is called with the share done."""
    readings = Readings()
    todo = [
        column
        for column in export.mapping.columns
        if column.position in export.columns
        and column.field not in SPECIAL
        and not export.fields[column.field].is_identifier
    ]
    todo.sort(key=lambda column: (*TIMES, column.field).index(column.field))
    for done, mapped in enumerate(todo):
        header = mapped.header or letter(mapped.position)
        of = export.fields[mapped.field]
        if of.kind == "result":
            of = replace(of, kind="text")
        reading = reader.read(export.columns[mapped.position], of, header)
        if of.kind == "moment":
            reading = _complete(reading, of, header, readings, reader, options)
        readings.add(mapped.position, reading, of.name if of.table == "case" else None)
        progress((done + 1) / len(todo))
    _read_age(export, reader, readings)
    _read_pair(export, reader, readings)
    return readings


def _complete(
    reading: Reading,
    of: Field,
    header: str,
    readings: Readings,
    reader: Reader,
    options: Options,
) -> Reading:
    """Fill missing years, and set aside what is yet to come."""
    if "has_year" in reading.extra and not reading.extra["has_year"].all():
        known = [
            found.rows
            for name in ("reported", "visit", "onset")
            if name != of.name and (found := readings.of_case(name)) is not None
        ]
        if options.has_as_of:
            known.append(np.full(len(reader.numbers), options.as_of.to_datetime64()))
        reading = reader.fill_years(reading, known, of, header)
    end = (options.as_of.normalize() + pd.Timedelta(days=1)).to_datetime64()
    return reader.drop_values(reading, reading.distinct >= end, "future", of, header)


def _read_age(export: Export, reader: Reader, readings: Readings) -> None:
    """Read ages, with their units where those have a column."""
    for of, place, header in export.of("age_years"):
        column = export.columns[place]
        for unit_of, unit_place, unit_header in export.of("age_unit"):
            units = reader.read(export.columns[unit_place], unit_of, unit_header)
            column = age_with_unit(column, units)
        if (unit := age_unit(header)) and not export.of("age_unit"):
            everywhere = np.zeros(len(reader.numbers), dtype=np.int32)
            column = age_with_unit(column, Reading(everywhere, objects([unit])))
        readings.add(place, reader.parsed(column, parse_age(column), of, header), of.name)


def _read_pair(export: Export, reader: Reader, readings: Readings) -> None:
    """Read coordinates that stand in one column."""
    if readings.of_case("latitude") is not None:
        return
    for of, place, header in export.of("coordinates")[:1]:
        column = export.columns[place]
        latitude, longitude = parse_pair(column)
        latitudes = reader.parsed(column, latitude, of, header)
        longitudes = make_reading(column.codes, longitude.results)
        readings.add(PAIR["latitude"], latitudes, "latitude")
        readings.add(PAIR["longitude"], longitudes, "longitude")
