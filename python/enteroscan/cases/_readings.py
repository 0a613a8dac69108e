"""Reads fields: cells become values, and what was not understood is entered."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from enteroscan.cases._columns import Column, Values, objects
from enteroscan.cases._fields import Field
from enteroscan.cases._identity import HIDDEN, mask, mask_house, mask_numbers
from enteroscan.cases._moments import parse_moments
from enteroscan.cases._quality import Problems
from enteroscan.cases._values import (
    MISSING,
    Parsed,
    parse_age,
    parse_age_unit,
    parse_code,
    parse_count,
    parse_number,
    parse_sex,
    parse_temperature,
    parse_text,
    parse_vocabulary,
    parse_yes_no,
)

Codes = NDArray[np.int32]
RESULTS = ("result", "result_class")  # / is an answer there
HOMES = ("home_province", "home_city", "home_county", "home_street", "home_region")
OWN_NUMBERS = ("specimen_id",)  # digits that are no identifiers of people


@dataclass(frozen=True)
class Reading:
    """For every row the number of its value, -1 where missing; and the distinct values.

    ``extra`` holds more about each value: whether the hour of a time is known.
    """

    codes: Codes
    distinct: Values
    extra: dict[str, Values] = field(default_factory=dict)

    def at(self, codes: Codes) -> Values:
        """Return values by codes: NaN, NaT or None where a code is -1."""
        return take(self.distinct, codes)

    @property
    def rows(self) -> Values:
        """The values of all rows."""
        return self.at(self.codes)


def take(values: Values, codes: Codes) -> Values:
    """Return values by codes: NaN, NaT or None where a code is -1."""
    blank: Any = {"M": np.datetime64("NaT", "ns"), "f": np.nan, "b": False}.get(values.dtype.kind)
    padded = np.append(values, np.array([blank], dtype=values.dtype))
    return np.asarray(padded[codes])


def make_reading(codes: Codes, values: Values, extra: dict[str, Values] | None = None) -> Reading:
    """Give equal values equal codes, and missing ones -1."""
    number, distinct = pd.factorize(values)
    renumber = np.append(number, -1).astype(np.int32)
    first = np.zeros(len(distinct), dtype=np.intp)
    known = np.flatnonzero(number >= 0)[::-1]
    first[number[known]] = known
    more = {name: column[first] for name, column in (extra or {}).items()}
    return Reading(renumber[codes], np.asarray(distinct), more)


@dataclass(frozen=True)
class Reader:
    """Reads columns of the rows that are kept; enters what it does not understand."""

    numbers: NDArray[np.int64]  # of the rows in the file
    problems: Problems
    day_first: bool | None

    def report(self, column: Column, kinds: Values, field: Field, header: str) -> None:
        """Enter the problems of distinct values for all rows that have them."""
        for kind in dict.fromkeys(kind for kind in kinds.tolist() if kind is not None):
            bad = np.append(kinds == kind, False)
            rows = np.flatnonzero(bad[column.codes])
            if not len(rows):
                continue
            if field.is_identifier or kind == "identifier_in_text":
                shown: Values | str = HIDDEN
            else:
                texts = column.texts()
                masked = np.full(len(texts), "", dtype=object)
                hide = mask_numbers if field.kind in ("text", "result") else mask
                for place in np.flatnonzero(bad[:-1]):
                    masked[place] = hide(texts[place])
                shown = masked[column.codes[rows]]
            self.problems.add(kind, self.numbers[rows], header, shown, field=field.name)

    def parsed(self, column: Column, parsed: Parsed, field: Field, header: str) -> Reading:
        """Make a reading of what a parser returned."""
        self.report(column, parsed.problem, field, header)
        return make_reading(column.codes, parsed.results)

    def read(self, column: Column, field: Field, header: str) -> Reading:
        """Read a column as its field wants it."""
        if field.kind == "moment":
            return self.moments(column, field, header)
        if field.kind == "text":
            return self.text(column, field, header)
        return self.parsed(column, self.parser(field)(column), field, header)

    def parser(self, field: Field) -> Callable[[Column], Parsed]:
        """Return the parser of a kind of values."""
        kind = field.kind
        parsers: dict[str, Callable[[Column], Parsed]] = {
            "yes_no": parse_yes_no,
            "sex": parse_sex,
            "age": parse_age,
            "age_unit": parse_age_unit,
            "temperature": parse_temperature,
            "count": parse_count,
            "code": parse_code,
            "latitude": lambda column: parse_number(column, -180, 180, "latitude_range"),
            "longitude": lambda column: parse_number(column, -180, 180, "longitude_range"),
            "stool_type": lambda column: parse_vocabulary(column, "stool_types", kind),
            "residence_class": lambda column: parse_vocabulary(column, "residence_classes", kind),
        }
        return parsers.get(kind, parse_text)

    def text(self, column: Column, field: Field, header: str) -> Reading:
        """Read texts; what looks like the number of a person in them is hidden."""
        parsed = parse_text(
            column,
            missing=frozenset() if field.name in RESULTS else MISSING,
            nothing_is_blank=field.name not in (*RESULTS, "history"),
        )
        values = parsed.results
        if not field.is_identifier:
            is_home = field.name in HOMES
            hidden = [
                value
                if value is None
                else mask_numbers(
                    mask_house(value) if is_home else value, is_number=field.name in OWN_NUMBERS
                )
                for value in values.tolist()
            ]
            changed = [new != old for new, old in zip(hidden, values.tolist(), strict=True)]
            if any(changed):
                values = objects(hidden)
                parsed.problem[changed] = "identifier_in_text"
                self.report(column, parsed.problem, field, header)
        return make_reading(column.codes, values)

    def moments(self, column: Column, field: Field, header: str) -> Reading:
        """Read times; those without a year wait for `fill_years`."""
        moments = parse_moments(column.distinct, self.day_first)
        self.report(column, moments.problem, field, header)
        extra = {"hour_known": moments.hour_known, "has_year": moments.has_year}
        if moments.has_year.all():
            return make_reading(column.codes, moments.times, extra)
        lookup = np.append(
            np.where(np.isnat(moments.times), -1, np.arange(len(column.distinct))), -1
        ).astype(np.int32)
        return Reading(lookup[column.codes], moments.times, extra)

    def fill_years(
        self, reading: Reading, references: Iterable[Values], field: Field, header: str
    ) -> Reading:
        """Give times without a year that of the latest day not after the report, visit or onset."""
        has_year = np.append(reading.extra["has_year"], True)
        rows = np.flatnonzero(~has_year[reading.codes])
        reference = np.full(len(rows), "NaT", dtype="datetime64[ns]")
        for values in references:
            reference = np.where(np.isnat(reference), values[rows], reference)
        times = _stamps(reading.distinct[reading.codes[rows]])
        filled = np.full(len(rows), "NaT", dtype="datetime64[ns]")
        for place, (time, latest) in enumerate(zip(times, _stamps(reference), strict=True)):
            if pd.isna(latest):
                continue
            for year in (latest.year, latest.year - 1):
                try:
                    moment = time.replace(year=year)
                except ValueError:  # 29 February
                    continue
                if moment.normalize() <= latest.normalize():
                    filled[place] = moment.to_datetime64()
                    break
        codes = reading.codes.copy()
        known = ~np.isnat(filled)
        shown = objects(time.strftime("%m-%d") for time in times)
        self.problems.add(
            "date_year_filled", self.numbers[rows[known]], header, shown[known], field=field.name
        )
        self.problems.add(
            "date_no_year", self.numbers[rows[~known]], header, shown[~known], field=field.name
        )
        extra = {
            name: np.append(values, values[reading.codes[rows]])
            for name, values in reading.extra.items()
        }
        codes[rows] = np.where(known, len(reading.distinct) + np.arange(len(rows)), -1)
        return make_reading(codes, np.append(reading.distinct, filled), extra)

    def drop_values(
        self, reading: Reading, bad: Values, kind: str, field: Field, header: str
    ) -> Reading:
        """Set aside distinct values of times that cannot be, such as those to come."""
        if not bad.any():
            return reading
        rows = np.flatnonzero(np.append(bad, False)[reading.codes])
        times = _stamps(reading.distinct[reading.codes[rows]])
        shown = objects(time.strftime("%Y-%m-%d %H:%M") for time in times)
        self.problems.add(kind, self.numbers[rows], header, shown, field=field.name)
        codes = np.where(np.append(bad, False)[reading.codes], np.int32(-1), reading.codes)
        return Reading(codes.astype(np.int32), reading.distinct, reading.extra)


def _stamps(times: Values) -> list[pd.Timestamp]:
    """Return times, all of which are known or NaT, as timestamps."""
    return list(pd.DatetimeIndex(times))


def age_with_unit(ages: Column, units: Reading) -> Column:
    """Put ages and their units together as texts like 8月."""
    words = {"year": "岁", "month": "月", "week": "周", "day": "天", "hour": "小时"}
    key = ages.codes.astype(np.int64) * (len(units.distinct) + 1) + units.codes + 1
    key[ages.codes < 0] = -1
    codes, keys = pd.factorize(np.where(key < 0, -1, key))
    texts = ages.texts()
    values: list[str | None] = []
    for number in keys.tolist():
        if number < 0:
            values.append(None)
            continue
        age, unit = divmod(number, len(units.distinct) + 1)
        text = str(texts[age]).strip()
        is_bare = text.replace(".", "", 1).isdigit()
        values.append(text + words[units.distinct[unit - 1]] if unit and is_bare else text)
    reading = make_reading(codes.astype(np.int32), objects(values))
    return Column(reading.codes, reading.distinct)
