"""Writes simulated reports in the columns of the national case form (附表3-1)."""

import codecs
import csv
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypedDict, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from enteroscan import vocabulary
from enteroscan.errors import SpecError
from enteroscan.simulate._tables import table
from enteroscan.simulate.mess import Mess

if TYPE_CHECKING:
    from enteroscan.simulate.reports import SimulatedReports

Layout = Literal["repeated", "merged", "numbered"]
CoordinateSystem = Literal["wgs84", "gcj02", "bd09"]
Cells = list[Any]  # texts, numbers, times of Python, None
Columns = list[tuple[str, Cells]]
Ints = NDArray[np.int64]

TITLES = ("食源性疾病病例监测信息表", "导出单位：示例市疾病预防控制中心")
EXCEL_ROWS = 1_048_576
AGE_UNITS = ("岁", "月", "天")


@dataclass(frozen=True)
class Sheet:
    """What is written: rows above, headers, cells by column, a row below, and what is merged.

    In the layout ``"merged"`` the columns that are `per_case` are filled in the first row of a case
    alone, and span its other rows.
    """

    titles: tuple[str, ...]
    headers: list[str]
    columns: list[Cells]
    footer: list[Any]
    spans: list[tuple[int, int]]  # first row and number of rows of cases, to be merged
    per_case: list[bool]

    @property
    def n_rows(self) -> int:
        """Number of rows of the table."""
        return len(self.columns[0]) if self.columns else 0


class SheetOptions(TypedDict, total=False):
    """What `sheet` takes; see `SimulatedReports.to_excel`."""

    layout: Layout
    mess: Mess | None
    crs: CoordinateSystem
    coordinates: bool
    identifiers: bool


def sheet(
    reports: "SimulatedReports",
    *,
    layout: Layout = "repeated",
    mess: Mess | None = None,
    crs: CoordinateSystem = "wgs84",
    coordinates: bool = True,
    identifiers: bool = True,
) -> Sheet:
    """Lay reports out as a sheet; see `SimulatedReports.to_excel`."""
    for name, value, choice in (("layout", layout, Layout), ("crs", crs, CoordinateSystem)):
        if value not in get_args(choice):
            message = f"{name} must be one of {', '.join(get_args(choice))}, got {value!r}"
            raise SpecError(message)
    mess = mess or Mess()
    if layout == "merged" and mess.repeated_row_share:
        message = "repeated_row_share does not go with layout='merged': no row stands for itself"
        raise SpecError(message)
    return _Writer(mess.losses(reports), layout, mess, crs, coordinates, identifiers).sheet()


class _Writer:
    """Makes the columns of cases, exposures and specimens, and puts them side by side."""

    def __init__(
        self,
        reports: "SimulatedReports",
        layout: Layout,
        mess: Mess,
        crs: CoordinateSystem,
        coordinates: bool,
        identifiers: bool,
    ) -> None:
        self.reports, self.layout, self.mess, self.crs = reports, layout, mess, crs
        form = table("form")
        self.form = form if identifiers else form[form["table"] != "identity"]
        if not coordinates:
            places = self.form["column"].str.endswith(("latitude", "longitude"))
            self.form = self.form[~places]
        self.spelling = mess.streams.child("headers")

    def sheet(self) -> Sheet:
        cases, exposures, specimens = self._cases(), self._exposures(), self._specimens()
        ids = self.reports.frame["case_id"]
        position = pd.Series(np.arange(len(ids)), index=ids)
        case_of = position.loc[self.reports.exposures["case_id"]].to_numpy(np.int64)
        sampled = position.loc[self.reports.specimens["case_id"]].to_numpy(np.int64)
        if self.layout == "numbered":
            columns, rows = self._numbered(cases, exposures, case_of, specimens, sampled, len(ids))
        else:
            columns, rows = self._long(cases, exposures, case_of, specimens, sampled, len(ids))
        of_rows = np.repeat(np.arange(len(ids)), [n for _, n in rows])
        if self.layout == "merged":
            is_first = np.zeros(len(of_rows), dtype=bool)
            is_first[[first for first, _ in rows]] = True
            columns = [
                (name, _only(cells, is_first) if per_case else cells, per_case)
                for name, cells, per_case in columns
            ]
        return self._finished(columns, rows)

    def _cases(self) -> list[tuple[str, Cells]]:
        frame = self.reports.frame.merge(self.reports.identifiers, on="case_id", how="left")
        region = frame["home_region"].str.split("/", expand=True).reindex(columns=range(4))
        for i, name in enumerate(("province", "city", "county", "street")):
            frame[f"home_{name}"] = region[i]
        frame = self._projected(frame, "latitude", "longitude")
        columns: list[tuple[str, Cells]] = []
        for name, header in self._headers("case", "identity"):
            if name == "symptoms":
                columns += self._symptoms(frame, header)
            elif name == "age_years":
                columns += self._ages(frame[name], header)
            else:
                columns.append((header, self._cells(frame[name], name)))
        return columns

    def _headers(self, *tables: str) -> list[tuple[str, str]]:
        rows = self.form[self.form["table"].isin(tables)]
        return [
            (str(column), self._header(str(header), str(spellings)))
            for column, header, spellings in zip(
                rows["column"], rows["header"], rows["spellings"], strict=True
            )
        ]

    def _header(self, header: str, spellings: str) -> str:
        options = [header, *spellings.split("|")]
        at = int(self.spelling.integers(header, 0, len(options) - 1, 1)[0])
        if self.mess.headers == "sites":
            return options[at]
        if self.mess.headers == "marked":
            return (f"*{header}", f" {header} ", f"{header}（必填）", f"{header}：")[at % 4]
        return header

    def _projected(self, frame: pd.DataFrame, latitude: str, longitude: str) -> pd.DataFrame:
        if self.crs == "wgs84" or latitude not in frame:
            return frame
        from enteroscan.places import from_wgs84

        x, y = (frame[name].to_numpy(np.float64, na_value=np.nan) for name in (latitude, longitude))
        x, y = from_wgs84(x, y, crs=self.crs)
        return frame.assign(**{latitude: np.round(x, 6), longitude: np.round(y, 6)})

    def _cells(self, values: "pd.Series[Any]", name: str) -> Cells:
        """Write the values of a column as cells."""
        mess = self.mess
        if name == "birth_date" or values.dtype.kind == "M":
            cells = mess.times(values, name)
        elif values.dtype == "boolean":
            cells = _mapped(values, {True: mess.yes_no[0], False: mess.yes_no[1]})
        elif name == "sex":
            cells = _mapped(values, dict(zip(("male", "female"), mess.sexes, strict=True)))
        elif name in ("residence_class", "stool_type"):
            names = getattr(vocabulary, f"{name}es" if name.endswith("class") else f"{name}s")()
            cells = _mapped(values, dict(zip(names["key"], names["zh"], strict=True)))
        elif name == "fever_c" and mess.units:
            cells = _mapped(values, lambda value: f"{value:.1f}℃")
        elif name in ("vomit_n", "stool_n") and mess.units:
            cells = _mapped(values, lambda value: f"{int(value)}次")
        else:
            cells = _mapped(values, lambda value: value)
        if name in ("case_id", "id_number"):  # a key is left as it is
            return cells
        return mess.spell(cells, name)

    def _ages(self, ages: "pd.Series[Any]", header: str) -> list[tuple[str, Cells]]:
        """Write years, months under one year, and days under a month."""
        years = ages.to_numpy(np.float64, na_value=np.nan)
        months, days = np.round(years * 12, 6), np.round(years * 365.25)
        unit = np.where(years >= 1, 0, np.where(np.isclose(months % 1, 0) & (months >= 1), 1, 2))
        number = np.select([unit == 0, unit == 1], [years, months], days)
        known = ~np.isnan(years)
        if self.mess.ages == "unit":
            numbers: Cells = [int(n) if ok else None for n, ok in zip(number, known, strict=True)]
            units: Cells = [AGE_UNITS[u] if ok else None for u, ok in zip(unit, known, strict=True)]
            return [(header, numbers), ("年龄单位", units)]
        long = self.mess.ages == "long"
        words = ("岁", "个月", "天") if long else ("", "月", "天")
        cells: Cells = [
            (f"{int(n)}{words[u]}" if words[u] else int(n)) if ok else None
            for n, u, ok in zip(number, unit, known, strict=True)
        ]
        return [(header, self.mess.spell(cells, "age_years"))]

    def _symptoms(self, frame: pd.DataFrame, header: str) -> list[tuple[str, Cells]]:
        symptoms = vocabulary.symptoms()
        pairs = [(str(k), str(zh)) for k, zh in zip(symptoms["key"], symptoms["zh"], strict=True)]
        if self.mess.symptoms == "columns":
            return [
                (zh, self._cells(frame[f"symptom_{key}"], f"symptom_{key}")) for key, zh in pairs
            ]
        has = frame[[f"symptom_{key}" for key, _ in pairs]].to_numpy(bool, na_value=False)
        names = np.array([zh for _, zh in pairs], dtype=object)
        return [(header, self.mess.spell(["、".join(names[row]) for row in has], "symptoms"))]

    def _exposures(self) -> list[tuple[str, Cells]]:
        frame = self.reports.exposures
        region = frame["eat_region"].str.split("/", expand=True).reindex(columns=range(3))
        parts = {f"eat_{name}": region[i] for i, name in enumerate(("province", "city", "county"))}
        frame = self._projected(frame.assign(**parts), "eat_latitude", "eat_longitude")
        if "address" in set(self.form["column"]):
            # Those who ate at home give the address of their home.
            home = frame["venue_type"] == str(
                vocabulary.venue_types().set_index("key").loc["home", "zh"]
            )
            address = self.reports.identifiers.set_index("case_id")["address"]
            own = frame["case_id"].map(address)
            frame = frame.assign(
                eat_address=frame["eat_address"].mask(home.fillna(False).astype(bool), own)
            )
        return [
            (header, self._cells(frame[name], name)) for name, header in self._headers("exposure")
        ]

    def _specimens(self) -> list[tuple[str, Cells]]:
        frame = self.reports.specimens
        return [
            (header, self._cells(frame[name], name)) for name, header in self._headers("specimen")
        ]

    def _long(
        self,
        cases: Columns,
        exposures: Columns,
        case_of: Ints,
        specimens: Columns,
        sampled: Ints,
        n_cases: int,
    ) -> tuple[list[tuple[str, Cells, bool]], list[tuple[int, int]]]:
        """One row an exposure, or a specimen where a case has more of them.

        A case without any has one row all the same; a specimen alone stands on every row of it.
        """
        n_exposures, n_specimens = (np.bincount(of, minlength=n_cases) for of in (case_of, sampled))
        counts = np.maximum(np.maximum(n_exposures, n_specimens), 1)
        first = np.cumsum(counts) - counts
        of_row = np.repeat(np.arange(n_cases), counts)
        exposure_of_row, specimen_of_row = np.full((2, len(of_row)), -1)
        exposure_of_row[first[case_of] + _rank(case_of)] = np.arange(len(case_of))
        specimen_of_row[first[sampled] + _rank(sampled)] = np.arange(len(sampled))
        alone = np.flatnonzero(n_specimens[of_row] == 1)
        specimen_of_row[alone] = specimen_of_row[first[of_row[alone]]]
        columns = [(name, _take(cells, of_row), True) for name, cells in cases]
        columns += [(name, _take(cells, exposure_of_row), False) for name, cells in exposures]
        is_one_each = bool((n_specimens <= 1).all())
        columns += [(name, _take(cells, specimen_of_row), is_one_each) for name, cells in specimens]
        return columns, list(zip(first.tolist(), counts.tolist(), strict=True))

    def _numbered(
        self,
        cases: Columns,
        exposures: Columns,
        case_of: Ints,
        specimens: Columns,
        sampled: Ints,
        n_cases: int,
    ) -> tuple[list[tuple[str, Cells, bool]], list[tuple[int, int]]]:
        """One row a case; the fields of its exposures are numbered: 食品名称1, 食品名称2.

        So are those of its specimens, if a case has several.
        """
        columns = [(name, cells, True) for name, cells in cases]
        for own, of, always in ((exposures, case_of, True), (specimens, sampled, False)):
            rank = _rank(of)
            most = int(rank.max(initial=0)) + 1
            for number in range(most):
                at = np.full(n_cases, -1)
                at[of[rank == number]] = np.flatnonzero(rank == number)
                suffix = str(number + 1) if always or most > 1 else ""
                columns += [(f"{name}{suffix}", _take(cells, at), True) for name, cells in own]
        return columns, [(i, 1) for i in range(n_cases)]

    def _finished(
        self, columns: list[tuple[str, Cells, bool]], rows: list[tuple[int, int]]
    ) -> Sheet:
        """Add what stands around the table."""
        mess, n_rows = self.mess, sum(n for _, n in rows)
        for i in range(mess.empty_columns):
            place = int(self.spelling.integers(f"empty {i}", 1, len(columns), 1)[0])
            columns.insert(place, ("", [None] * n_rows, False))
        if mess.shuffled_columns:
            order = self.spelling.generator("order").permutation(len(columns))
            columns = [columns[i] for i in order]
        cells = [own for _, own, _ in columns]
        if mess.repeated_row_share:
            twice = mess.streams.happens("repeated rows", mess.repeated_row_share, n_rows)
            at = np.repeat(np.arange(n_rows), 1 + twice)
            cells = [_take(own, at) for own in cells]
        titles = [TITLES[i % len(TITLES)] for i in range(mess.title_rows)]
        footer = ["合计", f"{len(rows)}例"] if mess.footer else []
        return Sheet(
            titles=tuple(titles),
            headers=[name for name, _, _ in columns],
            columns=cells,
            footer=footer,
            spans=[row for row in rows if row[1] > 1] if self.layout == "merged" else [],
            per_case=[per_case for _, _, per_case in columns],
        )


def _mapped(values: "pd.Series[Any]", to: dict[Any, Any] | Callable[[Any], Any]) -> Cells:
    known = values.notna().to_numpy(bool)
    call = to.__getitem__ if isinstance(to, dict) else to
    return [call(value) if ok else None for value, ok in zip(values.tolist(), known, strict=True)]


def _rank(of: Ints) -> Ints:
    """Return 0, 1, ... in every case; the rows of a case follow each other."""
    rank: Ints = np.arange(len(of)) - np.searchsorted(of, of)
    return rank


def _take(cells: Cells, at: "np.ndarray[Any, Any]") -> Cells:
    return [cells[i] if i >= 0 else None for i in at.tolist()]


def _only(cells: Cells, where: "np.ndarray[Any, Any]") -> Cells:
    return [cell if ok else None for cell, ok in zip(cells, where.tolist(), strict=True)]


def check_encoding(encoding: str) -> None:
    """Refuse an encoding that nobody knows."""
    try:
        codecs.lookup(encoding)
    except LookupError as error:
        message = f"encoding={encoding!r} is unknown; for example gb18030, utf-8-sig"
        raise SpecError(message) from error


def write_csv(made: Sheet, path: Path, encoding: str, separator: str) -> None:
    """Write a sheet as text."""
    check_encoding(encoding)
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file, delimiter=separator)
        for title in made.titles:
            writer.writerow([title, *[""] * (len(made.headers) - 1)])
        writer.writerow(made.headers)
        writer.writerows(zip(*([_as_text(c) for c in own] for own in made.columns), strict=True))
        if made.footer:
            writer.writerow([*made.footer, *[""] * (len(made.headers) - len(made.footer))])


def _as_text(cell: object) -> object:
    if isinstance(cell, datetime):
        midnight = cell.hour == cell.minute == cell.second == 0
        return cell.strftime("%Y-%m-%d" if midnight else "%Y-%m-%d %H:%M:%S")
    return "" if cell is None else cell


def write_excel(made: Sheet, path: Path) -> None:
    """Write a sheet as a workbook."""
    import xlsxwriter

    n_rows = len(made.titles) + 1 + made.n_rows + bool(made.footer)
    if n_rows > EXCEL_ROWS:
        message = (
            f"{n_rows:,} rows are more than a sheet of Excel holds ({EXCEL_ROWS:,}); write CSV"
        )
        raise SpecError(message)
    merged = dict(made.spans)
    options = {"strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(str(path), options) as book:
        page = book.add_worksheet("病例")
        plain, dated = book.add_format(), book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        top = len(made.titles)
        for i, title in enumerate(made.titles):
            page.write_string(i, 0, title)
        for j, header in enumerate(made.headers):
            page.write_string(top, j, header)
        for j, (cells, per_case) in enumerate(zip(made.columns, made.per_case, strict=True)):
            for i, cell in enumerate(cells):
                row = top + 1 + i
                span = merged.get(i, 1) if per_case else 1
                if span > 1:
                    page.merge_range(row, j, row + span - 1, j, "", plain)
                if isinstance(cell, datetime):
                    page.write_datetime(row, j, cell, dated)
                elif isinstance(cell, str):
                    page.write_string(row, j, cell)
                elif cell is not None:
                    page.write_number(row, j, cell)
        for j, value in enumerate(made.footer):
            page.write_string(top + 1 + made.n_rows, j, value)


def write_parquet(made: Sheet, path: Path) -> None:
    """Write a sheet as a table: columns of times, of numbers, or of texts."""
    frame = pd.DataFrame(
        {header: _typed(cells) for header, cells in zip(made.headers, made.columns, strict=True)}
    )
    frame.to_parquet(path, index=False)


def _typed(cells: Cells) -> "pd.Series[Any]":
    kinds = {type(cell) for cell in cells if cell is not None}
    if kinds and kinds <= {datetime}:
        return pd.Series(cells, dtype="datetime64[ns]")
    if kinds and kinds <= {int, float}:
        return pd.Series(cells, dtype="Float64" if float in kinds else "Int64")
    return pd.Series([None if c is None else str(_as_text(c)) for c in cells], dtype="string")
