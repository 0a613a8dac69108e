"""`read_cases`: from an export to three tables and a report about their quality."""

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from enteroscan._language import Texts
from enteroscan._progress import Progress, reporting
from enteroscan.cases import _checks as checks
from enteroscan.cases._case_values import CaseValues
from enteroscan.cases._cases import Cases
from enteroscan.cases._duplicates import Duplicates
from enteroscan.cases._export import load
from enteroscan.cases._exposures import exposure_frame
from enteroscan.cases._fields import Field, Fields, fields
from enteroscan.cases._frame import case_frame
from enteroscan.cases._mapping import ColumnMap, ColumnMapping, map_columns, read_column_map
from enteroscan.cases._names import hide_names
from enteroscan.cases._options import Area, Crs, Options, check_options, read_day
from enteroscan.cases._people import find_people
from enteroscan.cases._quality import SECTION, Problems, QualityReport
from enteroscan.cases._readings import Reader
from enteroscan.cases._reports import group_reports, merge_duplicates, safe_case_ids
from enteroscan.cases._sources import Source, open_source, sql_source
from enteroscan.cases._specimens import specimen_frame
from enteroscan.cases._summary import Summary
from enteroscan.cases._understand import read_values
from enteroscan.errors import DataError, SpecError

if TYPE_CHECKING:
    from enteroscan.places import Gazetteer


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
    check_options(
        crs=crs,
        area=area,
        keep=keep_identifiers,
        delimiter=delimiter,
        duplicates=duplicates,
        texts=texts,
    )
    day = read_day(as_of, texts)
    known = fields()
    if (source is None) == (sql is None) or (sql is None) != (connection is None):
        message = texts("one_source")
        raise SpecError(message)
    given = read_column_map(columns, texts)
    opened = (
        sql_source(sql, connection, texts)
        if sql is not None
        else open_source(
            source,
            score=_score(known, given),
            fields_of=_fields_of(known, given),
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
    options = Options(
        crs=crs,
        places=places,
        area=area,
        day_first=day_first,
        keep=tuple(keep_identifiers),
        salt=salt,
        duplicates=duplicates,
        as_of=day,
        has_as_of=as_of is not None,
    )
    with reporting(progress) as update:
        cases = _cases(opened, known, mapping, options, texts, update or (lambda _share: None))
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


def _fields_of(known: Fields, given: ColumnMap) -> Callable[[Sequence[str]], list[Field | None]]:
    """Return which fields a header names: what was given, else what is known."""
    told = {
        name: field
        for field, names in given.items()
        if names
        for name in ([names] if isinstance(names, str) else names)
    }

    def find(header: str) -> str | None:
        name = told.get(header) or known.find(header)
        is_other = name not in known or (name in given and header not in told)
        return None if is_other else name

    def fields_of(header: Sequence[str]) -> list[Field | None]:
        names = [find(cell) for cell in header]
        weak = [
            name is not None and cell not in told and known.is_weak(cell, name)
            for cell, name in zip(header, names, strict=True)
        ]
        strong = {name for name, yields in zip(names, weak, strict=True) if not yields}
        return [
            None if name is None or (yields and name in strong) else known[name]
            for name, yields in zip(names, weak, strict=True)
        ]

    return fields_of


def _refuse_problems(quality: QualityReport, texts: Texts) -> None:
    bad = quality.problems["severity"] != "info"
    if not bad.any():
        return
    lines = [line for line, wrong in zip(quality.lines(), bad, strict=True) if wrong]
    shown = "\n".join(lines[:10])
    more = texts("strict_more", n=len(lines) - 10) if len(lines) > 10 else ""
    message = texts("strict", file=quality.source, n=len(lines), lines=shown + more)
    raise DataError(message)


def _cases(
    source: Source,
    known: Fields,
    mapping: ColumnMapping,
    options: Options,
    texts: Texts,
    progress: Callable[[float], object],
) -> Cases:
    """Do everything, step by step."""
    export = load(source, known, mapping, options.keep, Problems(texts))
    progress(0.3)
    reader = Reader(export.numbers, export.problems, options.day_first)
    readings = read_values(export, reader, options, lambda share: progress(0.3 + 0.3 * share))
    case_ids = safe_case_ids(export)
    reports = group_reports(export, case_ids)
    hide_names(export, readings)
    people = find_people(export, reader, readings, reports, options.salt, texts)
    merging = merge_duplicates(reports, people, readings, options.duplicates)
    progress(0.7)
    values = CaseValues(export, readings, merging)
    frame = case_frame(values, people, case_ids, reader, options)
    exposures, ate, n_addresses = exposure_frame(export, readings, merging.cases, frame, options)
    specimens, sampled = specimen_frame(export, readings, merging.cases, frame)
    progress(0.9)
    tables = checks.Tables(frame, exposures, specimens, ate.case, sampled.case)
    summary = Summary(export, options, tables, merging, people, case_ids, n_addresses, texts)
    quality = summary.quality()
    progress(1.0)
    return Cases(frame, exposures, specimens, quality)
