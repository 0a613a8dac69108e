"""`read_cases`: from an export to three tables and a report about their quality."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from enteroscan import vocabulary
from enteroscan._language import Texts
from enteroscan._progress import Progress, reporting
from enteroscan.cases import _checks as checks
from enteroscan.cases._cases import Cases
from enteroscan.cases._columns import Column, Values, choose, objects, objects_of
from enteroscan.cases._details import Details, details, drop_repeated
from enteroscan.cases._duplicates import Duplicates
from enteroscan.cases._fields import SYMPTOM, Field, Fields, fields
from enteroscan.cases._headers import letter
from enteroscan.cases._identity import (
    HIDDEN,
    get_salt,
    is_valid_id_number,
    parse_id_numbers,
    person_keys,
)
from enteroscan.cases._mapping import ColumnMap, ColumnMapping, map_columns, read_column_map
from enteroscan.cases._quality import SECTION, Problems, QualityReport
from enteroscan.cases._readings import (
    RESULTS,
    Reader,
    Reading,
    age_with_unit,
    make_reading,
    take,
)
from enteroscan.cases._rows import Grouping, group_rows, set_aside
from enteroscan.cases._sources import Source, open_source, sql_source
from enteroscan.cases._values import MISSING, parse_age, parse_pair, read_result, read_symptoms
from enteroscan.errors import DataError, SpecError

if TYPE_CHECKING:
    from enteroscan.places import Gazetteer

Crs = Literal["wgs84", "gcj02", "bd09"]
Area = tuple[float, float, float, float]  # south, west, north, east

TIMES = ("reported", "visit", "onset", "death")  # in the order that years are filled from
FOR_KEYS = ("id_number", "name", "birth_date", "phone", "address")
FOR_HIDING = ("guardian",)
HOME_PARTS = ("home_province", "home_city", "home_county", "home_street")
EAT_PARTS = ("eat_province", "eat_city", "eat_county")
FREE_TEXTS = (
    "history",
    "diagnosis",
    "hospital",
    "occupation",
    "antibiotic_name",
    "food",
    "food_class",
    "packaging",
    "brand",
    "maker",
    "venue",
    "venue_type",
    "purchase_venue",
    "purchase_venue_type",
    "eat_region",
    "eat_address",
    "result",
    "result_class",
    "serotype",
    "specimen_id",
    "specimen_type",
    "home_region",
    *HOME_PARTS,
    *EAT_PARTS,
)
AGE_IN_MONTHS = 5  # years, below which an age from a birth date has months
# Homes, by their names; 酒家, 厂家 and the like are trades.
HOME_NAME = (
    r"(?i)(?:.*[^酒农商厂店渔卖专管行名画皇国万茶世宜])?家(?:里|中|庭)?|.*(?:住处|住所|住宅|宿舍|出租屋)"
    r"|(?:at )?home|(?:at )?(?:my|his|her|our|their|own|.*['’]s?) (?:own )?(?:home|house|place)"
)
ID_LENGTH = 18
LONGEST_MISSING = max(map(len, MISSING))

CASE_TEXTS = ("occupation", "hospital", "antibiotic_name", "history", "diagnosis")
EXPOSURE_COLUMNS = (
    "food",
    "food_class",
    "packaging",
    "brand",
    "maker",
    "venue",
    "venue_type",
    "purchase_venue",
    "purchase_venue_type",
    "eat_region",
    "eat_code",
    "eat_address",
    "eat_latitude",
    "eat_longitude",
    "n_ate",
    "eaten",
    "eaten_hour_known",
    "others_ill",
)
SEXES = ("male", "female")
LOCATED_BY = ("coordinates", "place_table", "none")


def read_cases(
    source: str | Path | pd.DataFrame | None = None,
    *,
    sql: str | None = None,
    connection: Any = None,  # noqa: ANN401
    sheet: str | int | Sequence[str | int] | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    columns: ColumnMap | str | Path | None = None,
    crs: Crs = "wgs84",
    places: "Gazetteer | pd.DataFrame | str | Path | None" = None,
    area: Area | None = None,
    day_first: bool | None = None,
    keep_identifiers: Sequence[str] = (),
    salt: str | bytes | None = None,
    duplicates: Duplicates | None = Duplicates(),  # noqa: B008
    strict: bool = False,
    as_of: str | date | None = None,
    language: str | None = None,
    progress: bool | Progress | None = None,
) -> Cases:
    """Read case reports as they arrive: find columns, understand values, protect people, check.

    Nothing is dropped without standing in ``cases.quality``.

    Parameters
    ----------
    source
        Path of an Excel workbook (.xlsx, .xls), a text (.csv, .txt), a Parquet file; or a
        DataFrame. What the file holds counts, not what it is called.
    sql, connection
        Instead of a source: a query, and an engine, a connection or an address of SQLAlchemy.
    sheet
        Name or number (from 0) of the sheet of a workbook. None: the only one with a known header;
        or one with the cases and others with exposures or specimens alone, joined by the case
        number. Several, ``("病例", "暴露")``, are joined likewise; their rows are numbered on.
    encoding, delimiter
        Of a text. None: found (UTF-8, UTF-16 with a mark, GBK, GB18030; comma, tab, semicolon, |)
        and reported.
    columns
        Which column is which field, ``{"onset": "起病时刻", "food": ["菜1", "菜2"]}``, a column
        also by its letter; or the path of a TOML file with such lines under ``[columns]``. None as
        a value: the field is not read. Other columns are found by their names.
    crs
        System of all coordinates: ``"wgs84"``, ``"gcj02"`` (Amap, Tencent) or ``"bd09"`` (Baidu).
        They become WGS-84.
    places
        Table of places that gives coordinates to cases without them; see
        `enteroscan.places.Gazetteer`.
    area
        South, west, north and east limits in degrees; cases outside are reported.
    day_first
        Whether 3/4/2024 is 3 April. None: as other values of the column show; set aside if none
        does.
    keep_identifiers
        Names of identifying fields to keep in ``frame``: name, guardian, id_number, phone, address,
        birth_date, outpatient_no, inpatient_no, reporter, doctor; and eat_address for meals at
        home. All others are dropped while reading.
    salt
        Key of the hash of people, at least 16 bytes. None: that of this installation, made at
        random when first needed and kept in the user's settings.
    duplicates
        The rule by which reports of one person are one case; None: every report is a case.
    strict
        Raise an error if anything was set aside or is doubtful.
    as_of
        Day of the export: later dates are set aside. None: today.
    language
        "en" or "zh", of the report and of errors. None: that of ENTEROSCAN_LANG or the locale.
    progress
        True shows a bar; a function is called with the share done.

    Returns
    -------
    Cases
        `frame`, `exposures`, `specimens`, `quality`, `mapping`.

    Raises
    ------
    DataError
        The file cannot be read, a column could be several fields, or, with ``strict``, there are
        problems. The text says where, and what to do.

    Examples
    --------
    >>> cases = read_cases("病例.xlsx", crs="gcj02")  # doctest: +SKIP
    >>> cases.quality.summary()  # doctest: +SKIP
    """
    texts = Texts(language, SECTION)
    _check_options(crs, keep_identifiers, texts)
    known = fields()
    if (source is None) == (sql is None):
        message = texts("one_source")
        raise SpecError(message)
    given = read_column_map(columns, texts)
    opened = (
        sql_source(sql, connection, texts)
        if sql is not None
        else open_source(
            source,
            score=_score(known, given),
            field_of=_field_of(known, given),
            texts=texts,
            sheet=sheet,
            encoding=encoding,
            delimiter=delimiter,
        )
    )
    if not opened.header:
        message = texts("no_header", file=opened.name)
        raise DataError(message)
    mapping = map_columns(opened.header, known, given, opened.name, texts)
    if not mapping.columns or not any(
        not known[column.field].is_identifier for column in mapping.columns
    ):
        message = texts("no_header", file=opened.name)
        raise DataError(message)
    with reporting(progress) as update:
        reading = _Reading(
            source=opened,
            fields=known,
            mapping=mapping,
            texts=texts,
            crs=crs,
            places=places,
            area=area,
            day_first=day_first,
            keep=tuple(keep_identifiers),
            salt=salt,
            duplicates=duplicates,
            as_of=pd.Timestamp(as_of if as_of is not None else date.today()),
            has_as_of=as_of is not None,
            progress=update or (lambda _share: None),
        )
        cases = reading.cases()
    if strict:
        _refuse_problems(cases.quality, texts)
    return cases


def _score(known: Fields, given: ColumnMap) -> Callable[[Sequence[str]], int]:
    """Return how well a row does as a header: names that are known, and those given."""
    told = {
        name
        for names in given.values()
        if names
        for name in ([names] if isinstance(names, str) else names)
    }

    def score(cells: Sequence[str]) -> int:
        return known.count(cells) + 2 * len(told.intersection(cells))

    return score


def _field_of(known: Fields, given: ColumnMap) -> Callable[[str], Field | None]:
    """Return which field a header names: what was given, else what is known."""
    told = {
        name: field
        for field, names in given.items()
        if names
        for name in ([names] if isinstance(names, str) else names)
    }

    def field_of(header: str) -> Field | None:
        name = told.get(header) or known.find(header)
        if name is None or name not in known or (name in given and header not in told):
            return None
        return known[name]

    return field_of


def _check_options(crs: str, keep: Sequence[str], texts: Texts) -> None:
    if crs not in ("wgs84", "gcj02", "bd09"):
        message = texts("crs", crs=crs)
        raise SpecError(message)
    allowed = (*fields().identifiers, "eat_address")
    unknown = [keep] if isinstance(keep, str) else [name for name in keep if name not in allowed]
    if unknown:
        message = texts("identifier", names=", ".join(unknown), allowed=", ".join(allowed))
        raise SpecError(message)


def _refuse_problems(quality: QualityReport, texts: Texts) -> None:
    bad = quality.problems["severity"] != "info"
    if not bad.any():
        return
    lines = [line for line, wrong in zip(quality.lines(), bad, strict=True) if wrong]
    shown = "\n".join(lines[:10])
    more = texts("strict_more", n=len(lines) - 10) if len(lines) > 10 else ""
    message = texts("strict", file=quality.source, n=len(lines), lines=shown + more)
    raise DataError(message)


@dataclass
class _Reading:
    """One file on its way to `Cases`."""

    source: Source
    fields: Fields
    mapping: ColumnMapping
    texts: Texts
    crs: Crs
    places: Any
    area: Area | None
    day_first: bool | None
    keep: tuple[str, ...]
    salt: str | bytes | None
    duplicates: Duplicates | None
    as_of: pd.Timestamp
    has_as_of: bool
    progress: Callable[[float], object]
    dropped: dict[str, int] = field(default_factory=dict)

    def cases(self) -> Cases:
        """Do everything, step by step."""
        self._load()
        self._read_values()
        self.reports = self._group()
        self._hide_names()
        self._find_people()
        self.grouping = self._merge_duplicates()
        self.progress(0.7)
        frame = self._frame()
        exposures, ate = self._exposures(frame)
        specimens, sampled = self._specimens(frame)
        tables = checks.Tables(frame, exposures, specimens, ate, sampled)
        self.progress(0.9)
        self._check(tables)
        quality = self._quality(tables)
        self.progress(1.0)
        return Cases(frame, exposures, specimens, quality)

    # -------------------------------------------------------------- loading

    def _load(self) -> None:
        """Read the columns that are needed, and the rows that are reports."""
        self.problems = Problems(self.texts)
        for column in self.mapping.columns:
            if column.match == "fuzzy":
                self.problems.add(
                    "fuzzy_column",
                    np.array([self.header_row]),
                    column.header,
                    column.field,
                    field=column.field,
                )
        wanted = [
            column.position
            for column in self.mapping.columns
            if not self.fields[column.field].is_identifier
            or column.field in (*self.keep, *FOR_KEYS, *FOR_HIDING)
        ]
        rows = self.source.read(wanted if 0 in wanted else [0, *wanted])
        margin = rows.columns[0] if 0 in wanted else rows.columns.pop(0)  # totals are named there
        self.progress(0.3)
        self.n_rows_read = len(rows.numbers) + len(rows.ragged)
        if rows.ragged:
            numbers = np.array([number for number, _ in rows.ragged], dtype=np.int64)
            shown = np.array([str(n) for _, n in rows.ragged], dtype=object)
            self.problems.add("row_ragged", numbers, "", shown)
        headers = dict(enumerate(self.mapping.header))
        kept = set_aside(rows, margin, headers, self.problems)
        self.n_listed = None if rows.n_listed is None else int(kept[: rows.n_listed].sum())
        self.n_set_aside = len(rows.ragged) + int((~kept).sum())
        everything = bool(kept.all())
        self.numbers = rows.numbers if everything else rows.numbers[kept]
        self.columns = (
            rows.columns
            if everything
            else {place: column.keep(kept) for place, column in rows.columns.items()}
        )
        self.reader = Reader(self.numbers, self.problems, self.day_first)

    @property
    def header_row(self) -> int:
        """The row of the header in the file."""
        return getattr(self.source, "header_row", 1)

    def _of(self, name: str) -> list[tuple[Field, int, str]]:
        """Return field, position and header of the columns of a field that were read."""
        return [
            (self.fields[name], column.position, column.header or letter(column.position))
            for column in self.mapping.of_field(name)
            if column.position in self.columns
        ]

    def _column(self, name: str) -> Column | None:
        places = self._of(name)
        return self.columns[places[0][1]] if places else None

    # -------------------------------------------------------------- values

    def _read_values(self) -> None:
        """Read all columns that are not identifiers as their fields want it."""
        self.readings: dict[int, Reading] = {}
        special = ("case_id", "age_years", "age_unit", "coordinates", "symptoms", "birth_date")
        todo = [
            column
            for column in self.mapping.columns
            if column.position in self.columns
            and column.field not in special
            and not self.fields[column.field].is_identifier
        ]
        todo.sort(key=lambda column: (*TIMES, column.field).index(column.field))
        for done, column in enumerate(todo):
            place, name = column.position, column.field
            header = column.header or letter(place)
            of = self.fields[name]
            if of.kind == "result":
                of = Field(of.name, of.table, "text", False, of.zh, of.en, of.aliases)
            reading = self.reader.read(self.columns[place], of, header)
            if of.kind == "moment":
                reading = self._complete(reading, of, header)
            self.readings[place] = reading
            if self.fields[name].table == "case" and name not in self._case_places:
                self._case_places[name] = place
            self.progress(0.3 + 0.3 * (done + 1) / len(todo))
        self._read_age()
        self._read_pair()

    @cached_property
    def _case_places(self) -> dict[str, int]:
        return {}

    def reading(self, name: str) -> Reading | None:
        """Return the reading of a field of the case."""
        place = self._case_places.get(name)
        return None if place is None else self.readings[place]

    def _complete(self, reading: Reading, of: Field, header: str) -> Reading:
        """Fill missing years, and set aside what is yet to come."""
        if "has_year" in reading.extra and not reading.extra["has_year"].all():
            known = [
                self.reading(name).rows  # type: ignore[union-attr]
                for name in ("reported", "visit", "onset")
                if name != of.name and self.reading(name) is not None
            ]
            if self.has_as_of:
                known.append(np.full(len(self.numbers), self.as_of.to_datetime64()))
            reading = self.reader.fill_years(reading, known, of, header)
        end = (self.as_of.normalize() + pd.Timedelta(days=1)).to_datetime64()
        return self.reader.drop_values(reading, reading.distinct >= end, "future", of, header)

    def _read_age(self) -> None:
        for of, place, header in self._of("age_years"):
            column = self.columns[place]
            for unit_of, unit_place, unit_header in self._of("age_unit"):
                units = self.reader.read(self.columns[unit_place], unit_of, unit_header)
                column = age_with_unit(column, units)
            self.readings[place] = self.reader.parsed(column, parse_age(column), of, header)
            self._case_places["age_years"] = place

    def _read_pair(self) -> None:
        """Read coordinates that stand in one column."""
        for of, place, header in self._of("coordinates"):
            if "latitude" in self._case_places:
                return
            latitude, longitude = parse_pair(self.columns[place])
            self.readings[-1] = self.reader.parsed(self.columns[place], latitude, of, header)
            self.readings[-2] = make_reading(self.columns[place].codes, longitude.results)
            self._case_places |= {"latitude": -1, "longitude": -2}

    # -------------------------------------------------------------- cases

    def _group(self) -> Grouping:
        """Find out which rows are of one report."""
        case_id = self._column("case_id")
        if case_id is not None:
            case_id = self._safe_case_ids(case_id)
        self.case_ids = case_id
        n = len(self.numbers)
        case_columns: list[Column] = []
        other_columns: list[Column] = []
        for mapped in self.mapping.columns:
            if mapped.position not in self.columns or mapped.field == "case_id":
                continue
            is_case = self.fields[mapped.field].table == "case"
            (case_columns if is_case else other_columns).append(self.columns[mapped.position])
        identity = [
            column for name in ("id_number", "name") if (column := self._column(name)) is not None
        ]
        if n == 0:
            return Grouping(np.array([], dtype=np.int32), np.array([], dtype=np.int64))
        grouping, shared = group_rows(
            case_id=case_id,
            identity=identity,
            case_columns=case_columns,
            other_columns=other_columns,
        )
        if self.n_listed is not None and case_id is not None:
            rows = grouping.first_row[grouping.first_row >= self.n_listed]
            self.problems.add(
                "case_not_listed",
                self.numbers[rows],
                self._of("case_id")[0][2],
                case_id.texts()[case_id.codes[rows]],
                field="case_id",
            )
        if shared.any() and case_id is not None:
            rows = np.flatnonzero(shared)
            header = self._of("case_id")[0][2]
            self.problems.add(
                "case_id_shared",
                self.numbers[rows],
                header,
                case_id.texts()[case_id.codes[rows]],
                field="case_id",
            )
        return grouping

    def _safe_case_ids(self, column: Column) -> Column:
        """Leave out case numbers that are the identity numbers of people."""
        texts = column.texts()
        lengths = pc.utf8_length(pa.array(texts, pa.large_string())).to_numpy(zero_copy_only=False)
        bad = np.zeros(len(texts) + 1, dtype=bool)
        blank = bad.copy()
        for place in np.flatnonzero(lengths == ID_LENGTH):
            bad[place] = is_valid_id_number(texts[place].upper())
        for place in np.flatnonzero(lengths <= LONGEST_MISSING):
            blank[place] = texts[place].lower() in MISSING
        if not (bad | blank).any():
            return Column(column.codes, texts)
        rows = np.flatnonzero(bad[column.codes])
        header = self._of("case_id")[0][2]
        self.problems.add("identifier_in_text", self.numbers[rows], header, HIDDEN, field="case_id")
        values = choose((bad | blank)[:-1], None, texts)
        reading = make_reading(column.codes, values)
        return Column(reading.codes, reading.distinct)

    def _hide_names(self) -> None:
        """Hide the name of a person where it stands in another text of the same row."""
        names = [self._column(name) for name in ("name", "guardian")]
        for column in names:
            if column is None:
                continue
            wanted = {
                text: code for code, text in enumerate(column.texts().tolist()) if len(text) > 1
            }
            lengths = sorted({len(text) for text in wanted if len(text) <= 30})
            for mapped in self.mapping.columns:
                if mapped.field in FREE_TEXTS and mapped.position in self.readings:
                    self._hide_in(
                        mapped.position, mapped.header, mapped.field, column, wanted, lengths
                    )

    def _hide_in(
        self,
        place: int,
        header: str,
        name: str,
        people: Column,
        wanted: dict[str, int],
        lengths: list[int],
    ) -> None:
        reading = self.readings[place]
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
        persons = people.texts()
        hidden = [
            text.replace(who, HIDDEN)
            for text, who in zip(
                reading.distinct[reading.codes[rows]], persons[people.codes[rows]], strict=True
            )
        ]
        codes = reading.codes.copy()
        codes[rows] = len(reading.distinct) + np.arange(len(rows), dtype=np.int32)
        shown = objects(hidden)
        self.readings[place] = make_reading(codes, np.append(reading.distinct, shown))
        self.problems.add("identifier_in_text", self.numbers[rows], header, HIDDEN, field=name)

    # -------------------------------------------------------------- people

    def _find_people(self) -> None:
        """Hash identities, and learn birth dates and sexes from identity numbers."""
        first = self.reports.first
        n = self.reports.n_cases
        sex = self._case_values("sex", self.reports)
        birth = self._birth_dates(first)
        number = None
        id_column = self._column("id_number")
        self.id_facts: pd.DataFrame | None = None
        if id_column is not None:
            table = parse_id_numbers(id_column)
            of, _, header = self._of("id_number")[0]
            self.reader.report(id_column, table["problem"].to_numpy(dtype=object), of, header)
            codes = first(id_column.codes)
            number = take(table["number"].to_numpy(dtype=object), codes)
            id_birth = take(table["birth_date"].to_numpy(), codes)
            id_sex = take(table["sex"].to_numpy(dtype=object), codes)
            row = self.numbers[self.reports.first_row]
            if sex is not None:
                wrong = pd.notna(id_sex) & pd.notna(sex) & (id_sex != sex)
                self.problems.add("id_sex", row[wrong], header, HIDDEN, field="sex")
            if birth is not None:
                wrong = ~np.isnat(birth) & ~np.isnat(id_birth) & (birth != id_birth)
                self.problems.add("id_birth", row[wrong], header, HIDDEN, field="birth_date")
                birth = np.where(np.isnat(birth), id_birth, birth)
            else:
                birth = id_birth
            sex = id_sex if sex is None else np.where(pd.isna(sex), id_sex, sex)
        self.birth, self.sex = birth, sex
        self.person = np.full(n, None, dtype=object)
        self.person_key = self.person.copy()
        if number is not None or self.mapping.has("name"):
            self.person, self.person_key = person_keys(
                id_number=number,
                birth_date=birth,
                sex=sex,
                texts=self._identity_text,
                salt=get_salt(self.salt, self.texts),
                n=n,
            )

    def _identity_text(self, name: str) -> Values | None:
        """Return the first text of an identifying field in every report."""
        column = self._column(name)
        if column is None:
            return None
        texts = column.texts()
        blank = [len(text) < 12 and text.lower() in MISSING for text in texts.tolist()]
        codes = np.where(np.array([*blank, True])[column.codes], np.int32(-1), column.codes)
        return take(texts, self.reports.first(codes))

    def _birth_dates(self, first: Callable[[Any], Any]) -> NDArray[np.datetime64] | None:
        for of, place, header in self._of("birth_date"):
            reading = self.reader.moments(self.columns[place], of, header)
            return np.asarray(take(reading.distinct, first(reading.codes)))
        return None

    def _case_values(self, name: str, grouping: Grouping) -> Values | None:
        reading = self.reading(name)
        return None if reading is None else reading.at(grouping.first(reading.codes))

    def _merge_duplicates(self) -> Grouping:
        """Make reports of the same person one case."""
        self.merges = pd.DataFrame(columns=["case", "target", "gap_days"])
        self.target = np.arange(self.reports.n_cases, dtype=np.int32)
        if self.duplicates is None or self.reports.n_cases < 2:
            return self.reports
        time = np.full(self.reports.n_cases, "NaT", dtype="datetime64[ns]")
        for name in ("onset", "visit", "reported"):
            values = self._case_values(name, self.reports)
            if values is not None:
                time = np.where(np.isnat(time), values, time)
        revisit = self._case_values("revisit", self.reports)
        if revisit is None:
            revisit = np.full(len(time), None, dtype=object)
        self.target, self.merges = self.duplicates.find(self.person, time, revisit)
        return self.reports.merge(self.target) if len(self.merges) else self.reports

    # -------------------------------------------------------------- frame

    def _frame(self) -> pd.DataFrame:
        """Make the table of cases."""
        grouping, n = self.grouping, self.grouping.n_cases
        # Reports stand in the order of their first rows, so the first report of a case is its own.
        report = self.reports.case[grouping.first_row] if n else np.array([], dtype=np.int32)
        self.report_of_case = report
        columns: dict[str, Any] = {
            "case_id": pd.array(self._case_ids(report), dtype="string"),
            "source_row": pd.array(self.numbers[grouping.first_row], dtype="Int64"),
            "source": text_array(
                np.array([self.source.name], dtype=object), np.zeros(n, dtype=np.int32)
            ),
            "person": pd.array(self.person[report], dtype="string"),
        }
        for name in ("reported", "onset", "visit", "death"):
            columns |= self._time(name)
        self._first("sex")
        sex = self._first_of_merged(self.sex)
        columns["sex"] = pd.Categorical(
            sex if sex is not None else [None] * n, categories=list(SEXES)
        )
        columns["age_years"] = pd.array(self._ages(columns), dtype="Float64")
        for name in CASE_TEXTS[:2]:
            columns[name] = self._text(name)
        classes = vocabulary.residence_classes()["key"].tolist()
        columns["residence_class"] = self._category("residence_class", classes)
        columns["home_code"] = self._text("home_code")
        columns["home_region"] = self._region(
            HOME_PARTS, "home_region", lambda codes: grouping.first(codes)
        )
        columns |= self._coordinates(columns)
        for name in ("revisit", "inpatient", "antibiotic"):
            columns[name] = self._truth(name, any_of=name != "revisit")
        columns["antibiotic_name"] = self._text("antibiotic_name")
        columns["history"] = self._text("history")
        columns |= self._symptoms()
        columns["diagnosis"] = self._text("diagnosis")
        for name in self.keep:
            columns |= self._identifier(name)
        return pd.DataFrame(columns)

    def _case_ids(self, report: NDArray[np.int32]) -> Values:
        """Make case numbers unique and never missing."""
        n = len(report)
        ids = np.full(n, None, dtype=object)
        if self.case_ids is not None:
            ids = take(self.case_ids.distinct, self.grouping.first(self.case_ids.codes))
        ids = choose(pd.isna(ids), None, ids)
        missing = np.array([value is None for value in ids.tolist()], dtype=bool)
        rows = self.numbers[self.grouping.first_row]
        ids[missing] = [f"row-{row}" for row in rows[missing]]
        series = pd.Series(ids, dtype=object)
        again = series.duplicated()
        if again.any():
            taken = set(ids)
            for place in np.flatnonzero(again):
                number = 2
                while f"{ids[place]}-{number}" in taken:
                    number += 1
                ids[place] = f"{ids[place]}-{number}"
                taken.add(ids[place])
        return ids

    def _first_of_merged(self, values: Values | None) -> Values | None:
        """Return values of reports as values of cases: the first that is not missing."""
        if values is None or not len(self.merges):
            return values
        codes, distinct = pd.factorize(values)
        case_of_report = np.zeros(self.reports.n_cases, dtype=np.int32)
        case_of_report[self.reports.case] = self.grouping.case
        known = np.flatnonzero(codes >= 0)[::-1]
        result = np.full(self.grouping.n_cases, -1, dtype=np.int32)
        result[case_of_report[known]] = codes[known]
        return take(np.asarray(distinct), result)

    def _first(self, name: str) -> tuple[Reading, NDArray[np.int32]] | None:
        """Return a field's reading and its first code in every case; enter contradictions."""
        reading = self.reading(name)
        if reading is None:
            return None
        if self.reports.n_cases < len(self.reports.case):
            self._enter_conflicts(name, reading)
        return reading, self.grouping.first(reading.codes)

    def _enter_conflicts(self, name: str, reading: Reading) -> None:
        first = self.reports.first(reading.codes)
        differs = (reading.codes >= 0) & (reading.codes != first[self.reports.case])
        if not differs.any():
            return
        rows = np.flatnonzero(differs)
        header = next((header for _, _, header in self._of(name)), name)
        values = reading.distinct[reading.codes[rows]]
        shown = objects(_show(value) for value in values)
        self.problems.add("conflict", self.numbers[rows], header, shown, field=name)

    def _time(self, name: str) -> dict[str, Any]:
        n = self.grouping.n_cases
        found = self._first(name)
        times = np.full(n, "NaT", dtype="datetime64[ns]")
        hour = np.zeros(n, dtype=bool)
        if found is not None:
            reading, codes = found
            times = take(reading.distinct, codes)
            hour = take(reading.extra["hour_known"], codes)
        known = pd.arrays.BooleanArray(hour, np.isnat(times))
        return {name: times, f"{name}_hour_known": known}

    def _text(self, name: str) -> Any:  # noqa: ANN401
        found = self._first(name)
        if found is None:
            return no_texts(self.grouping.n_cases)
        reading, codes = found
        return text_array(reading.distinct, codes)

    def _category(self, name: str, categories: list[str]) -> pd.Categorical:
        found = self._first(name)
        if found is None:
            return pd.Categorical([None] * self.grouping.n_cases, categories=categories)
        reading, codes = found
        order = pd.Index(categories).get_indexer(pd.Index(reading.distinct))
        dtype: pd.CategoricalDtype[object] = pd.CategoricalDtype(categories)
        return pd.Categorical.from_codes(take_codes(order, codes).tolist(), dtype=dtype)

    def _truth(self, name: str, *, any_of: bool) -> Any:  # noqa: ANN401
        n = self.grouping.n_cases
        found = self._first(name)
        if found is None:
            return no_truths(n)
        reading, codes = found
        return self._truths(reading, codes, any_of=any_of)

    def _truths(self, reading: Reading, codes: NDArray[np.int32], *, any_of: bool) -> Any:  # noqa: ANN401
        values = take(reading.distinct, codes)
        if any_of and self.grouping.n_cases < len(self.grouping.case):
            is_true = np.array([value is True for value in reading.distinct.tolist()] + [False])
            values = values.astype(object)
            values[self.grouping.case[is_true[reading.codes]]] = True
        return bool_array(values)

    def _number(self, name: str, dtype: str) -> Any:  # noqa: ANN401
        found = self._first(name)
        if found is None:
            return number_array(np.full(self.grouping.n_cases, np.nan), dtype)
        reading, codes = found
        return number_array(take(reading.distinct, codes), dtype)

    def _ages(self, columns: dict[str, Any]) -> Any:  # noqa: ANN401
        """Return the ages given, else those from birth dates at onset, visit or report."""
        n = self.grouping.n_cases
        found = self._first("age_years")
        ages = np.full(n, np.nan)
        if found is not None:
            ages = take(found[0].distinct, found[1]).astype(np.float64)
        birth = self._first_of_merged(self.birth)
        if birth is None:
            return number_array(ages, "Float64")
        reference = np.full(n, "NaT", dtype="datetime64[ns]")
        for name in ("onset", "visit", "reported"):
            reference = np.where(np.isnat(reference), columns[name], reference)
        computed = age_between(birth, reference)
        wrong = np.abs(ages - computed) > 1.01
        headers = [header for _, _, header in self._of("age_years")] or [""]
        self.problems.add(
            "age_birth",
            self.numbers[self.grouping.first_row][wrong],
            headers[0],
            objects(f"{age:g}" for age in ages[wrong]),
            field="age_years",
        )
        return number_array(np.where(np.isnan(ages), computed, ages), "Float64")

    def _region(self, parts: Sequence[str], whole: str, pick: Callable[[Any], Any]) -> Any:  # noqa: ANN401
        """Join province, city, county and street, whichever are there."""
        readings = [r for name in (*parts, whole) if (r := self.reading(name)) is not None]
        if not readings:
            return no_texts(self.grouping.n_cases)
        return join_texts([(reading.distinct, pick(reading.codes)) for reading in readings])

    def _coordinates(self, columns: dict[str, Any]) -> dict[str, Any]:
        """Return checked coordinates in WGS-84, and how they were found."""
        n = self.grouping.n_cases
        latitude = self._float("latitude")
        longitude = self._float("longitude")
        rows = self.numbers[self.grouping.first_row]
        latitude, longitude = checks.coordinates(
            latitude, longitude, rows, self.problems, crs=self.crs, area=self.area, field="latitude"
        )
        latitude, longitude = to_wgs84(latitude, longitude, self.crs)
        located = np.where(np.isnan(latitude), "none", "coordinates").astype(object)
        if self.places is not None and n:
            from enteroscan.cases._places import locate

            found = locate(
                self.places, columns["home_code"], columns["home_region"], np.isnan(latitude)
            )
            use = np.isnan(latitude) & ~np.isnan(found[0])
            latitude = np.where(use, found[0], latitude)
            longitude = np.where(use, found[1], longitude)
            located[use] = "place_table"
        return {
            "latitude": number_array(latitude, "Float64"),
            "longitude": number_array(longitude, "Float64"),
            "located_by": pd.Categorical(located, categories=list(LOCATED_BY)),
        }

    def _float(self, name: str) -> NDArray[np.float64]:
        found = self._first(name)
        if found is None:
            return np.full(self.grouping.n_cases, np.nan)
        numbers: NDArray[np.float64] = take(found[0].distinct, found[1]).astype(np.float64)
        return numbers

    def _symptoms(self) -> dict[str, Any]:
        """Put symptom columns and the free text together; a column counts before the text."""
        n = self.grouping.n_cases
        truths: dict[str, Any] = {}
        for column in self.mapping.columns:
            if column.field.startswith(SYMPTOM):
                truths[column.field] = self._truth(column.field, any_of=True)
        numbers = {
            "fever_c": self._number("fever_c", "Float64"),
            "vomit_n": self._number("vomit_n", "Int64"),
            "stool_n": self._number("stool_n", "Int64"),
        }
        kinds = vocabulary.stool_types()["key"].tolist()
        stool = self._category("stool_type", kinds)
        for _, place, header in self._of("symptoms"):
            stool = self._free_symptoms(place, header, truths, numbers, stool)
        order = [f"{SYMPTOM}{key}" for key in vocabulary.symptoms()["key"]]
        result = {name: truths[name] for name in order if name in truths}
        if not n:
            return {**result, **numbers, "stool_type": stool}
        return {**result, **numbers, "stool_type": stool}

    def _free_symptoms(
        self,
        place: int,
        header: str,
        truths: dict[str, Any],
        numbers: dict[str, Any],
        stool: pd.Categorical,
    ) -> pd.Categorical:
        n = self.grouping.n_cases
        column = self.columns[place]
        found = [read_symptoms(text) for text in column.texts().tolist()]
        unread = np.array(
            [
                "symptoms_unread" if not result.mentioned and text.lower() not in MISSING else None
                for result, text in zip(found, column.texts().tolist(), strict=True)
            ]
            or [],
            dtype=object,
        )
        self.reader.report(column, unread, self.fields["symptoms"], header)
        keys = sorted({key for result in found for key in result.mentioned})
        for key in keys:
            name = f"{SYMPTOM}{key}"
            values = objects(result.mentioned.get(key) for result in found)
            reading = make_reading(column.codes, values)
            told = self._truths(reading, self.grouping.first(reading.codes), any_of=True)
            truths[name] = _fill(truths.get(name, no_truths(n)), told)
        for name in ("fever_c", "vomit_n", "stool_n"):
            values = np.array(
                [getattr(result, name) for result in found] + [None], dtype=np.float64
            )[:-1]
            reading = make_reading(column.codes, values)
            told = number_array(
                take(reading.distinct, self.grouping.first(reading.codes)), str(numbers[name].dtype)
            )
            numbers[name] = _fill(numbers[name], told)
        values = objects(result.stool_type for result in found)
        reading = make_reading(column.codes, values)
        told_stool = take(reading.distinct, self.grouping.first(reading.codes))
        if pd.notna(told_stool).any():
            filled = np.where(pd.isna(stool), told_stool, np.asarray(stool, dtype=object))
            stool = pd.Categorical(filled, categories=stool.categories)
        return stool

    def _identifier(self, name: str) -> dict[str, Any]:
        """Return an identifier that was asked for."""
        n = self.grouping.n_cases
        if name == "eat_address":
            return {}
        if name == "birth_date":
            birth = self._first_of_merged(self.birth)
            return {name: birth if birth is not None else np.full(n, "NaT", "datetime64[ns]")}
        column = self._column(name)
        if column is None:
            return {name: no_texts(n)}
        return {name: text_array(column.texts(), self.grouping.first(column.codes))}

    # -------------------------------------------------------------- exposures and specimens

    def _exposures(self, frame: pd.DataFrame) -> tuple[pd.DataFrame, NDArray[np.int32]]:
        """Make the table of exposures; return also which case each is of."""
        table = details("exposure", self.fields, self.mapping, self.readings, self.grouping)
        table = drop_repeated(table, self.numbers, "exposure_repeated", self.problems)
        n = len(table.case)
        columns = self._detail_keys(table, frame, "exposure")
        for name in EXPOSURE_COLUMNS:
            kind = self.fields[name].kind if name in self.fields else ""
            reading = table.readings.get(name)
            if name == "eaten_hour_known":
                continue
            if kind == "moment":
                columns |= _times_of(name, reading, n)
            elif name == "eat_region":
                parts = [table.readings[p] for p in (*EAT_PARTS, name) if p in table.readings]
                columns[name] = (
                    join_texts([(part.distinct, part.codes) for part in parts])
                    if parts
                    else no_texts(n)
                )
            elif kind in ("text", "code"):
                columns[name] = (
                    no_texts(n) if reading is None else text_array(reading.distinct, reading.codes)
                )
            elif kind == "yes_no":
                columns[name] = no_truths(n) if reading is None else bool_array(reading.rows)
            elif kind == "count":
                columns[name] = number_array(
                    np.full(n, np.nan) if reading is None else reading.rows, "Int64"
                )
        columns |= self._eat_coordinates(table)
        ordered = [name for name in (*columns.keys(),) if name not in EXPOSURE_COLUMNS]
        exposures = pd.DataFrame(columns)[[*ordered, *EXPOSURE_COLUMNS]]
        return self._without_home_addresses(exposures), table.case

    def _detail_keys(self, table: Details, frame: pd.DataFrame, number: str) -> dict[str, Any]:
        return {
            "case_id": frame["case_id"].array.take(table.case),
            number: pd.array(table.number, dtype="Int64"),
            "source_row": pd.array(self.numbers[table.row], dtype="Int64"),
        }

    def _eat_coordinates(self, table: Details) -> dict[str, Any]:
        n = len(table.case)
        pair = [
            np.full(n, np.nan)
            if (reading := table.readings.get(name)) is None
            else reading.rows.astype(np.float64)
            for name in ("eat_latitude", "eat_longitude")
        ]
        latitude, longitude = checks.coordinates(
            pair[0],
            pair[1],
            self.numbers[table.row],
            self.problems,
            crs=self.crs,
            area=self.area,
            field="eat_latitude",
        )
        latitude, longitude = to_wgs84(latitude, longitude, self.crs)
        return {
            "eat_latitude": number_array(latitude, "Float64"),
            "eat_longitude": number_array(longitude, "Float64"),
        }

    def _without_home_addresses(self, exposures: pd.DataFrame) -> pd.DataFrame:
        """Drop the addresses of meals at home, or that may have been at home."""
        given = exposures["eat_address"].notna()
        if "eat_address" in self.keep or not given.any():
            return exposures
        types = vocabulary.load().to_keys(exposures["venue_type"], "venue_types")
        venues = exposures["venue"]
        at_home = types.eq("home") | venues.str.fullmatch(HOME_NAME).fillna(False)
        elsewhere = types.notna() & ~types.isin(["home", "unknown"]) | venues.notna()
        private = given & (at_home.fillna(False) | ~elsewhere.fillna(False))
        if private.any():
            self.dropped["eat_address"] = int(private.sum())
            exposures["eat_address"] = exposures["eat_address"].mask(private)
        return exposures

    def _specimens(self, frame: pd.DataFrame) -> tuple[pd.DataFrame, NDArray[np.int32]]:
        """Make the table of specimens; return also which case each is of."""
        table = details("specimen", self.fields, self.mapping, self.readings, self.grouping)
        table = drop_repeated(table, self.numbers, "specimen_repeated", self.problems)
        n = len(table.case)
        columns = self._detail_keys(table, frame, "specimen")
        for name in ("specimen_id", "specimen_type"):
            columns[name] = _texts_of(table.readings.get(name), n)
        sampled = _times_of("sampled", table.readings.get("sampled"), n)
        columns["sampled"] = sampled["sampled"]
        parts = [table.readings[p] for p in ("result_class", "result") if p in table.readings]
        if parts:
            texts = join_texts([(part.distinct, part.codes) for part in parts], "; ")
            codes, distinct = pd.factorize(texts)
            found = [read_result(str(text)) for text in distinct]
            unclear = np.array([*(not result.is_clear for result in found), False])[codes]
            self.problems.add(
                "result_unclear",
                self.numbers[table.row[unclear]],
                next(header for name in RESULTS for _, _, header in self._of(name)),
                objects_of(pd.Series(texts[unclear])),
                field="result",
            )
        else:
            texts = no_texts(n)
            codes, found = np.full(n, -1), []
        columns["result"] = texts
        positive = np.array([result.positive for result in found] + [None], dtype=object)
        agent = np.array([result.agent for result in found] + [None], dtype=object)
        columns["positive"] = bool_array(positive[codes])
        columns["agent"] = pd.array(agent[codes], dtype="string")
        columns["serotype"] = _texts_of(table.readings.get("serotype"), n)
        return pd.DataFrame(columns), table.case

    # -------------------------------------------------------------- checks and report

    def _check(self, tables: checks.Tables) -> None:
        headers = {
            name: next((header for _, _, header in self._of(name)), "")
            for name in ("onset", "visit", "reported", "death", "eaten", "sampled")
        }
        checks.orders(tables, headers, self.problems)
        checks.mixed(tables.exposures, self.header_row, self.problems)

    def _quality(self, tables: checks.Tables) -> QualityReport:
        frame, exposures, specimens = tables.frame, tables.exposures, tables.specimens
        merged = self._merged(frame)
        self.problems.add(
            "duplicate",
            merged["merged_row"].to_numpy(dtype=np.int64),
            "",
            merged["case_id"].to_numpy(dtype=object),
        )
        n = self.grouping.n_cases
        n_merged = self._rows_of_merged()
        fates = {
            "case": n,
            "more": len(self.numbers) - n - n_merged,
            "merged": n_merged,
            "set_aside": self.n_set_aside,
        }
        for name in self.fields.identifiers:
            if self.mapping.has(name) and name not in self.keep:
                self.dropped.setdefault(name, len(self.mapping.of_field(name)))
        facts = dict(self.source.facts)
        if any(self.mapping.has(name) for name in ("latitude", "coordinates", "eat_latitude")):
            facts["crs"] = self.crs
        if self.dropped:
            facts["dropped"] = ", ".join(
                self.fields[name].title(self.texts.language) for name in self.dropped
            )
        return QualityReport(
            source=self.source.name,
            facts=facts,
            n_cases=n,
            n_exposures=len(exposures),
            n_specimens=len(specimens),
            rows=pd.DataFrame(
                {"fate": list(fates), "rows": np.array(list(fates.values()), dtype=np.int64)}
            ),
            problems=self.problems.frame(),
            missing=self._missing(frame, exposures, specimens),
            merged=merged,
            delays=checks.delays(frame),
            usable=checks.usable(tables),
            dropped=self.dropped,
            language=self.texts.language,
            mapping=self.mapping.to_frame(),
        )

    def _rows_of_merged(self) -> int:
        """Count the rows of reports that were merged into others."""
        moved = self.target != np.arange(len(self.target))
        return int(moved[self.reports.case].sum()) if len(self.reports.case) else 0

    def _merged(self, frame: pd.DataFrame) -> pd.DataFrame:
        case, target = (self.merges[name].to_numpy(dtype=np.int64) for name in ("case", "target"))
        first = self.reports.first_row
        case_of_report = np.zeros(self.reports.n_cases, dtype=np.int64)
        case_of_report[self.reports.case] = self.grouping.case
        ids = frame["case_id"].to_numpy(dtype=object)
        own = np.full(len(case), None, dtype=object)
        if self.case_ids is not None and len(case):
            own = take(self.case_ids.distinct, self.reports.first(self.case_ids.codes)[case])
        rows = self.numbers[first] if len(first) else np.array([], dtype=np.int64)
        return pd.DataFrame(
            {
                "case_id": pd.array(ids[case_of_report[target]], dtype="string"),
                "merged_case_id": pd.array(
                    [
                        f"row-{row}" if pd.isna(value) else value
                        for value, row in zip(own, rows[case], strict=True)
                    ],
                    dtype="string",
                ),
                "key": pd.array(self.person_key[case], dtype="string"),
                "gap_days": pd.array(self.merges["gap_days"].to_numpy(np.int64), dtype="Int64"),
                "row": pd.array(rows[target], dtype="Int64"),
                "merged_row": pd.array(rows[case], dtype="Int64"),
            }
        )

    def _missing(
        self, frame: pd.DataFrame, exposures: pd.DataFrame, specimens: pd.DataFrame
    ) -> pd.DataFrame:
        rows = []
        for table, data in (("case", frame), ("exposure", exposures), ("specimen", specimens)):
            for name in data.columns:
                if name in (
                    "case_id",
                    "source",
                    "source_row",
                    "exposure",
                    "specimen",
                    "located_by",
                ):
                    continue
                if str(name).endswith("_hour_known"):
                    continue
                n_missing = int(data[name].isna().sum())
                has = self._has_column(str(name))
                rows.append(
                    (table, name, has, n_missing, n_missing / len(data) if len(data) else 0.0)
                )
        return pd.DataFrame(
            rows, columns=["table", "field", "has_column", "n_missing", "share_missing"]
        )

    def _has_column(self, name: str) -> bool:
        sources = {
            "home_region": (*HOME_PARTS, "home_region"),
            "eat_region": (*EAT_PARTS, "eat_region"),
            "latitude": ("latitude", "coordinates"),
            "longitude": ("longitude", "coordinates"),
            "age_years": ("age_years", "birth_date", "id_number"),
            "person": ("id_number", "name"),
            "positive": ("result", "result_class"),
            "agent": ("result", "result_class"),
            "result": ("result", "result_class"),
        }.get(name, (name, "symptoms") if name.startswith(SYMPTOM) else (name,))
        return any(self.mapping.has(source) for source in sources)


# ------------------------------------------------------------------ arrays


def text_array(values: Values, codes: NDArray[np.int32]) -> Any:  # noqa: ANN401
    """Return texts by codes, missing where a code is -1."""
    pool = pa.array(values, pa.large_string(), from_pandas=True)
    places = pa.array(codes, mask=codes < 0)
    return pd.arrays.ArrowStringArray(pool.take(places))


def no_texts(n: int) -> Any:  # noqa: ANN401
    """Return so many missing texts."""
    return pd.array(pa.nulls(n, pa.large_string()), dtype=pd.StringDtype("pyarrow"))


def no_truths(n: int) -> Any:  # noqa: ANN401
    """Return so many missing truths."""
    return pd.arrays.BooleanArray(np.zeros(n, dtype=bool), np.ones(n, dtype=bool))


def take_codes(lookup: NDArray[np.intp], codes: NDArray[np.int32]) -> NDArray[np.intp]:
    """Return lookup[code], -1 where a code is -1."""
    return np.append(lookup, -1)[codes]


def bool_array(values: Values) -> Any:  # noqa: ANN401
    """Return an array of True, False and missing."""
    missing = np.asarray(pd.isna(values))
    truths = np.zeros(len(values), dtype=bool)
    truths[~missing] = values[~missing].astype(bool)
    return pd.arrays.BooleanArray(truths, missing)


def number_array(values: Values, dtype: str) -> Any:  # noqa: ANN401
    """Return an array of numbers and missing."""
    numbers = values.astype(np.float64)
    missing = np.isnan(numbers)
    if dtype == "Int64":
        whole = np.where(missing, 0, numbers).astype(np.int64)
        return pd.arrays.IntegerArray(whole, missing)
    return pd.arrays.FloatingArray(np.where(missing, 0.0, numbers), missing)


def join_texts(parts: list[tuple[Values, NDArray[np.int32]]], separator: str = "/") -> Any:  # noqa: ANN401
    """Join texts given by codes, leaving missing ones out; missing where there is none."""
    if len(parts) == 1:
        return text_array(*parts[0])
    key = np.zeros(len(parts[0][1]), dtype=np.int64)
    for values, codes in parts:
        key = key * (len(values) + 1) + codes + 1
        key, _ = pd.factorize(key)
    first = np.zeros(int(key.max(initial=-1)) + 1, dtype=np.intp)
    first[key[::-1]] = np.arange(len(key))[::-1]
    joined = [
        separator.join(
            dict.fromkeys(str(values[codes[row]]) for values, codes in parts if codes[row] >= 0)
        )
        or None
        for row in first.tolist()
    ]
    return text_array(objects(joined), key.astype(np.int32))


def age_between(birth: NDArray[np.datetime64], day: NDArray[np.datetime64]) -> NDArray[np.float64]:
    """Return completed years, for small children completed months as parts of a year."""
    months = day.astype("datetime64[M]").astype(np.float64) - birth.astype("datetime64[M]").astype(
        np.float64
    )
    missing = np.isnat(birth) | np.isnat(day)
    of_month = [
        (times - times.astype("datetime64[M]")).astype("timedelta64[D]").astype(np.int64)
        for times in (birth.astype("datetime64[D]"), day.astype("datetime64[D]"))
    ]
    months = months - (of_month[1] < of_month[0])
    years = np.where(months < 12 * AGE_IN_MONTHS, np.round(months / 12, 2), np.floor(months / 12))
    return np.where(missing | (months < 0), np.nan, years)


def to_wgs84(
    latitude: NDArray[np.float64], longitude: NDArray[np.float64], crs: Crs
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Convert coordinates."""
    if crs == "wgs84" or np.isnan(latitude).all():
        return latitude, longitude
    from enteroscan import places

    return places.to_wgs84(latitude, longitude, crs=crs)


def _times_of(name: str, reading: Reading | None, n: int) -> dict[str, Any]:
    if reading is None:
        return {
            name: np.full(n, "NaT", dtype="datetime64[ns]"),
            f"{name}_hour_known": no_truths(n),
        }
    times = reading.rows
    hour = take(reading.extra["hour_known"], reading.codes)
    return {name: times, f"{name}_hour_known": pd.arrays.BooleanArray(hour, np.isnat(times))}


def _texts_of(reading: Reading | None, n: int) -> Any:  # noqa: ANN401
    if reading is None:
        return no_texts(n)
    return text_array(reading.distinct, reading.codes)


def _fill(values: Any, more: Any) -> Any:  # noqa: ANN401
    """Return values with missing ones taken from others."""
    return pd.Series(values).fillna(pd.Series(more)).array


def _show(value: object) -> str:
    if isinstance(value, np.datetime64):
        return str(pd.Timestamp(value))
    return f"{value:g}" if isinstance(value, float) else str(value)
