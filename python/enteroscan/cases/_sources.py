"""Where case reports come from: workbooks, texts, Parquet, frames, databases.

A source knows its header and reads the columns that are asked for, and no others.
"""

import codecs
import csv
import io
import os
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from enteroscan._language import Texts, why_unusable
from enteroscan._spreadsheets import OLE, is_workbook
from enteroscan.cases._columns import BLANKS, Column, from_arrow, from_objects, from_series
from enteroscan.cases._fields import Field
from enteroscan.cases._headers import plain
from enteroscan.errors import DataError, SpecError

Score = Callable[[Sequence[str]], int]  # how many of these cells are names of fields
FieldsOf = Callable[[Sequence[str]], list[Field | None]]  # the fields that a header names
Sheets = str | int | Sequence[str | int] | None

TEXT = pa.dictionary(pa.int32(), pa.string())
HEADER_WITHIN = 30  # rows at the top
MAX_COLUMNS = 4096
THREADS = 4
SAMPLE = 1 << 20  # bytes
BLOCK = 1 << 20  # bytes of a text that are read at once
LONGEST_ROW = 8 << 20  # bytes
LONGEST_PATH = 260  # characters that are shown
LARGEST_SPARSE = 100_000_000  # cells
_ROW = re.compile(rb'<row[^>]{0,40}? r="([0-9]{1,7})"')
_COLUMN_2 = re.compile(rb' r="[B-Z][A-Z][0-9]')
_COLUMN_3 = re.compile(rb' r="[A-Z]{3}[0-9]')
DELIMITERS = (",", "\t", ";", "|")
PARQUET = b"PAR1"
BOMS = {
    b"\xff\xfe\x00\x00": "utf-32",
    b"\x00\x00\xfe\xff": "utf-32",
    b"\xef\xbb\xbf": "utf-8-sig",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}


@dataclass(frozen=True)
class Rows:
    """The rows below the header: their numbers in the file, columns by position, rows not read."""

    numbers: NDArray[np.int64]
    columns: dict[int, Column]
    ragged: list[tuple[int, int]] = field(default_factory=list)  # number of row, of its fields
    cut: tuple[int, int] | None = None  # the last row, if the file ends within it
    may_be_merged: bool = False  # whether cells may be merged
    n_listed: int | None = None  # rows of the sheet of cases, where others follow


class Source(Protocol):
    """A table of which only the header has been read."""

    name: str
    facts: dict[str, str]  # format, encoding, delimiter, sheet, header_row
    header: list[str]

    def read(self, positions: Iterable[int]) -> Rows:
        """Read these columns."""
        ...


def find_header(rows: Sequence[Sequence[str]], score: Score) -> int | None:
    """Return which of the rows is the header: the first one with the most names of fields."""
    scores = [score(row) for row in rows]
    best = max(scores, default=0)
    wide = max((sum(bool(cell) for cell in row) for row in rows), default=0)
    if best == 0 or (best == 1 and wide > 1):
        return None
    return scores.index(best)


# ------------------------------------------------------------------ frames and databases


class FrameSource:
    """A DataFrame. Row 1 is the header, as in a file."""

    def __init__(self, frame: pd.DataFrame, name: str = "DataFrame", kind: str = "frame") -> None:
        """Take the frame as it is."""
        self.name = name
        self.facts = {"format": kind}
        self.header = [str(column) for column in frame.columns]
        self._frame = frame

    def read(self, positions: Iterable[int]) -> Rows:
        """Read these columns."""
        columns = {place: from_series(self._frame.iloc[:, place]) for place in positions}
        return Rows(np.arange(len(self._frame), dtype=np.int64) + 2, columns)


def sql_source(sql: str, connection: Any, texts: Texts) -> FrameSource:  # noqa: ANN401
    """Run a query; the connection is an engine, a connection or an address of SQLAlchemy's."""
    import sqlalchemy as sa

    try:
        engine = sa.create_engine(connection) if isinstance(connection, str) else connection
        opened = engine.connect() if isinstance(engine, sa.Engine) else None
        try:
            is_plain = not isinstance(engine, sa.Engine | sa.Connection)  # one of sqlite3
            frame = pd.read_sql_query(sql if is_plain else sa.text(sql), opened or engine)
        finally:
            if opened is not None:
                opened.close()
            if isinstance(connection, str):
                engine.dispose()
    except (sa.exc.SQLAlchemyError, pd.errors.DatabaseError, ImportError) as error:
        # The text of the error may hold passwords and values.
        message = texts("sql", error=type(error).__name__)
        raise DataError(message) from None
    return FrameSource(frame, "SQL", "sql")


class ParquetSource:
    """A Parquet file."""

    def __init__(self, path: Path, texts: Texts) -> None:
        """Read the schema."""
        self.name = path.name
        self.facts = {"format": "parquet"}
        self._path = path
        try:
            schema = pq.read_schema(path)
        except (pa.ArrowException, OSError):
            message = texts("damaged", file=path.name, format="Parquet")
            raise DataError(message) from None
        self.header = [str(name) for name in schema.names]
        self._texts = texts

    def read(self, positions: Iterable[int]) -> Rows:
        """Read these columns, one after the other."""
        try:
            file = pq.ParquetFile(self._path)
            length = file.metadata.num_rows
            wanted = list(positions)
            with ThreadPoolExecutor(THREADS) as pool:
                columns = dict(zip(wanted, pool.map(self._column, wanted), strict=True))
        except (pa.ArrowException, OSError):
            message = self._texts("damaged", file=self.name, format="Parquet")
            raise DataError(message) from None
        return Rows(np.arange(length, dtype=np.int64) + 2, columns)

    def _column(self, place: int) -> Column:
        name = self.header[place]
        table = pq.read_table(self._path, columns=[name], read_dictionary=[name])
        return from_arrow(table.column(0))


# ------------------------------------------------------------------ texts


class TextSource:
    """A text with delimiters, as spreadsheets write it."""

    def __init__(
        self,
        path: Path,
        score: Score,
        texts: Texts,
        encoding: str | None = None,
        delimiter: str | None = None,
    ) -> None:
        """Find encoding, delimiter and header."""
        self.name = path.name
        self._path = path
        self._texts = texts
        with path.open("rb") as file:
            sample = file.read(SAMPLE)
        if not sample.strip(b" \t\r\n\xef\xbb\xbf"):
            message = texts("empty", file=self.name)
            raise DataError(message)
        self._encoding = encoding or find_encoding(path, texts)
        text = self._decode(sample)
        self._delimiter, rows = find_delimiter(text, score, delimiter)
        position = find_header(rows, score)
        width = len(rows[position or 0]) if rows else 0
        if width > MAX_COLUMNS:
            message = texts("too_many_columns", file=self.name, n=width, limit=MAX_COLUMNS)
            raise DataError(message)
        self.facts = {
            "format": "text",
            "encoding": self._encoding,
            "delimiter": {"\t": "tab"}.get(self._delimiter, self._delimiter),
        }
        self.header_row = 1 if position is None else position + 1
        self.header = [cell.strip(BLANKS) for cell in rows[self.header_row - 1]] if rows else []
        if position is None:
            self.header = []

    def _decode(self, sample: bytes) -> str:
        try:
            return sample.decode(self._encoding, errors="ignore")
        except LookupError:
            message = self._texts("encoding_unknown", encoding=self._encoding)
            raise DataError(message) from None

    def read(self, positions: Iterable[int]) -> Rows:
        """Read these columns; short rows are filled up, rows that are too long are left out."""
        wanted = list(positions)
        table, odd = self._parse(wanted)
        length = table.num_rows
        numbers = np.arange(length + len(odd), dtype=np.int64) + self.header_row + 1
        extra, ragged = self._repair(odd, len(self.header))
        is_odd = np.zeros(len(numbers), dtype=bool)
        is_odd[[number - self.header_row - 1 for number, _, _ in odd]] = True
        numbers = np.concatenate([numbers[~is_odd], np.array([row[0] for row in extra], np.int64)])
        order = np.argsort(numbers, kind="stable") if extra else None
        columns: dict[int, Column] = {}
        for index, place in enumerate(wanted):
            column = table.column(index)
            if extra:
                more = pa.array([row[1][place] or None for row in extra], pa.string())
                column = pa.chunked_array([*column.chunks, more.dictionary_encode()], TEXT)
            read = from_arrow(column)
            columns[place] = read if order is None else read.keep(order)
        cut = self._cut_row(odd, last=self.header_row + len(numbers) + len(ragged))
        return Rows(numbers if order is None else numbers[order], columns, ragged, cut)

    def _cut_row(self, odd: list[tuple[int, int, str]], last: int) -> tuple[int, int] | None:
        """Return the last row, if it alone has too few fields and no end of a line."""
        short = [(number, actual) for number, actual, _ in odd if actual < len(self.header)]
        if len(short) != 1 or short[0][0] != last:
            return None
        with self._path.open("rb") as file:
            file.seek(-2, os.SEEK_END)
            return None if set(file.read()) & set(b"\r\n") else short[0]

    def _parse(
        self, wanted: list[int], block: int = BLOCK
    ) -> tuple[pa.Table, list[tuple[int, int, str]]]:
        """Return columns, and rows with too few or too many fields: number, fields, text."""
        names = [f"c{place}" for place in range(len(self.header))]
        odd: list[tuple[int, int, str]] = []

        def keep_odd(row: Any) -> str:  # noqa: ANN401
            odd.append((row.number or 0, row.actual_columns, row.text))
            return "skip"

        def open_blocks(text: Path | pa.BufferReader) -> pacsv.CSVStreamingReader:
            return pacsv.open_csv(
                text,
                read_options=pacsv.ReadOptions(
                    use_threads=False,  # no slower, and knows the numbers of rows
                    skip_rows=self.header_row,
                    column_names=names,
                    block_size=block,
                ),
                parse_options=pacsv.ParseOptions(
                    delimiter=self._delimiter,
                    newlines_in_values=True,
                    ignore_empty_lines=False,
                    invalid_row_handler=keep_odd,
                ),
                convert_options=pacsv.ConvertOptions(
                    column_types=dict.fromkeys(names, TEXT),
                    include_columns=[f"c{place}" for place in wanted],
                    strings_can_be_null=True,
                    null_values=[""],
                ),
            )

        try:
            text = self._utf8()
            if isinstance(text, Path) and self._is_broken:
                raise UnicodeError  # Arrow would complain on stderr
            table = _read_blocks(open_blocks, text)
        except (pa.ArrowException, UnicodeError) as error:
            if _is_long_row(error) and block < LONGEST_ROW:
                return self._parse(wanted, LONGEST_ROW)
            raise DataError(self._explain(error)) from None
        return table, odd

    @cached_property
    def _is_broken(self) -> bool:
        """Whether the file is no UTF-8."""
        return _first_broken_byte(self._path, "utf-8") is not None

    def _utf8(self) -> Path | pa.BufferReader:
        """Return the text in UTF-8: Arrow would call Python to decode, and wait for it for ever.

        That happens where reading is interrupted.
        """
        if codecs.lookup(self._encoding).name in ("utf-8", "utf-8-sig", "ascii"):
            return self._path
        decoder = codecs.getincrementaldecoder(self._encoding)()
        text = pa.BufferOutputStream()
        with self._path.open("rb") as file:
            while block := file.read(BLOCK):
                text.write(decoder.decode(block).encode())
        text.write(decoder.decode(b"", final=True).encode())
        return pa.BufferReader(text.getvalue())

    def _repair(
        self, odd: list[tuple[int, int, str]], width: int
    ) -> tuple[list[tuple[int, list[str]]], list[tuple[int, int]]]:
        """Fill short rows up and cut blank fields off; return also the rows that stay too long."""
        extra: list[tuple[int, list[str]]] = []
        ragged: list[tuple[int, int]] = []
        for number, actual, text in odd:
            if text.count('"') % 2:
                message = self._texts(
                    "quote", file=self.name, row=number, lines=max(1, len(text.splitlines()))
                )
                raise DataError(message)
            if actual > MAX_COLUMNS:
                ragged.append((number, actual))
                continue
            parsed = next(csv.reader(io.StringIO(text), delimiter=self._delimiter), [])
            if any(cell.strip(BLANKS) for cell in parsed[width:]):
                ragged.append((number, actual))
            else:
                extra.append((number, (parsed + [""] * width)[:width]))
        return extra, ragged

    def _explain(self, error: Exception) -> str:
        text = str(error)
        if _is_long_row(error):
            return self._texts("endless", file=self.name, megabytes=LONGEST_ROW >> 20)
        is_utf8 = self._encoding in ("utf-8", "utf-8-sig")
        if (
            isinstance(error, UnicodeError)
            or "UTF8" in text
            or "UTF-8" in text
            or (is_utf8 and self._is_broken)
        ):
            find_encoding(self._path, self._texts, trust_start=False)  # says where
            return self._texts("decode", file=self.name, encoding=self._encoding)
        return self._texts("not_a_table", file=self.name)


def _is_long_row(error: Exception) -> bool:
    return "straddling" in str(error) or "chunker" in str(error)


def _read_blocks(
    open_blocks: Callable[[Path | pa.BufferReader], pacsv.CSVStreamingReader],
    text: Path | pa.BufferReader,
) -> pa.Table:
    """Read a text block by block, in a thread of its own: Ctrl-C is heard while it is waited for.

    It would be lost in a function that Arrow calls.
    """
    with ThreadPoolExecutor(1) as pool:
        reader = pool.submit(open_blocks, text).result()
        blocks = []
        while (block := pool.submit(next, reader, None).result()) is not None:
            blocks.append(block)
    return pa.Table.from_batches(blocks, reader.schema)


def find_encoding(path: Path, texts: Texts, *, trust_start: bool = True) -> str:
    """Return the encoding of a text: that of its first bytes, UTF-8, GBK or GB18030.

    Where the first million bytes are UTF-8 and not plain ASCII, so is the rest, or it is damaged.
    """
    with path.open("rb") as file:
        start = file.read(SAMPLE)
    for bom, name in BOMS.items():
        if start.startswith(bom):
            return name
    if trust_start and not start.isascii() and _is_start_of_utf8(start):
        return "utf-8"
    broken = _first_broken_byte(path, "utf-8")
    if broken is None:
        return "utf-8"
    if _mostly_utf8(path):
        message = texts("damaged_utf8", file=path.name, byte=broken)
        raise DataError(message)
    for name in ("gbk", "gb18030"):
        if _first_broken_byte(path, name) is None:
            return name
    import charset_normalizer

    with path.open("rb") as file:
        best = charset_normalizer.from_bytes(file.read(SAMPLE)).best()
    message = texts("encoding", file=path.name, guess="?" if best is None else best.encoding)
    raise DataError(message)


def _is_start_of_utf8(start: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(start, final=False)
    except UnicodeDecodeError:
        return False
    return True


def _first_broken_byte(path: Path, encoding: str) -> int | None:
    """Return about where a text stops being in this encoding; None if it never does."""
    decoder = codecs.getincrementaldecoder(encoding)()
    done = 0
    with path.open("rb") as file:
        while True:
            block = file.read(BLOCK)
            try:
                decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                return done + error.start
            if not block:
                return None
            done += len(block)


def _mostly_utf8(path: Path) -> bool:
    """Whether this is UTF-8 with a few broken bytes: hardly any character is a replacement."""
    with path.open("rb") as file:
        text = file.read(SAMPLE).decode("utf-8", errors="replace")
    foreign = sum(character > "\x7f" for character in text)
    return foreign > 0 and text.count("\ufffd") < 0.02 * foreign + 2 and foreign >= 50


def find_delimiter(
    text: str, score: Score, given: str | None = None
) -> tuple[str, list[list[str]]]:
    """Return the delimiter, and the first rows as it cuts them."""
    best: tuple[tuple[int, int], str, list[list[str]]] | None = None
    for delimiter in DELIMITERS if given is None else (given,):
        rows = _first_rows(text, delimiter)
        names = max((score(row) for row in rows), default=0)
        merit = (names, max(map(len, rows), default=0))
        if best is None or merit > best[0]:
            best = merit, delimiter, rows
    assert best is not None
    return best[1], best[2]


def _first_rows(text: str, delimiter: str) -> list[list[str]]:
    rows: list[list[str]] = []
    try:
        for row in csv.reader(
            io.StringIO(text.replace("\x00", ""), newline=""), delimiter=delimiter
        ):
            rows.append(row)
            if len(rows) == HEADER_WITHIN:
                break
    except csv.Error:  # a field beyond the limit: what was read so far has to do
        pass
    return rows


# ------------------------------------------------------------------ workbooks


@dataclass(frozen=True)
class Sheet:
    """A sheet with its cells from A1 on, and the position of its header."""

    name: str
    cells: list[list[Any]]
    header_at: int

    @property
    def header(self) -> list[str]:
        """The names of the columns."""
        return [_text(cell) for cell in self.cells[self.header_at]]


class WorkbookSource:
    """A sheet of an Excel workbook, old or new; merged cells hold their value in every row.

    Several sheets, one with the cases and others with what belongs to them by the case number, are
    one table: their rows follow each other, and are numbered on.
    """

    def __init__(
        self, path: Path, score: Score, fields_of: FieldsOf, texts: Texts, sheet: Sheets
    ) -> None:
        """Open the workbook and find the sheets and the headers."""
        self.name = path.name
        self._texts = texts
        self._fields_of = fields_of
        self.facts = {"format": "workbook"}
        self.header: list[str] = []
        self.header_row = 1
        self._cells: list[list[Any]] = []  # below the headers
        self._numbers: list[NDArray[np.int64]] = []
        found = self._find(path, score, sheet)
        if len(found) > 1:
            self._join(found, is_told=sheet is not None)
        elif found:
            one = found[0]
            self.facts["sheet"] = one.name
            self.header_row = one.header_at + 1
            self.header = one.header
            self._cells = one.cells[one.header_at + 1 :]
            self._number(one, 0)

    def _find(self, path: Path, score: Score, sheet: Sheets) -> list[Sheet]:
        """Return the sheets that have a header."""
        book = _open_workbook(path, self._texts)
        found: list[Sheet] = []
        filled = 0
        for name in _sheets(book, sheet, self.name, self._texts):
            cells = _cells(book, name, self.name, self._texts)
            filled += bool(cells)
            top = [[_text(cell) for cell in row] for row in cells[:HEADER_WITHIN]]
            position = find_header(top, score)
            if position is not None:
                found.append(Sheet(name, cells, position))
            elif sheet is not None:
                self.facts["sheet"] = name
                if not isinstance(sheet, str | int):
                    message = self._texts("sheet_no_header", file=self.name, sheet=name)
                    raise DataError(message)
        if not filled:
            message = self._texts("empty", file=self.name)
            raise DataError(message)
        return found

    def _join(self, found: list[Sheet], *, is_told: bool) -> None:
        """Put the rows of several sheets below each other, under one header."""
        fields = [self._fields_of(one.header) for one in found]
        keys = [
            [place for place, field in enumerate(of) if field and field.name == "case_id"]
            for of in fields
        ]
        about_cases = [
            any(f and f.table == "case" and f.name != "case_id" and not f.is_identifier for f in of)
            for of in fields
        ]
        names = ", ".join(repr(one.name) for one in found)
        if any(len(places) != 1 for places in keys) or (not is_told and sum(about_cases) != 1):
            kind = "sheets_no_key" if is_told else "sheets"
            message = self._texts(kind, file=self.name, sheets=names)
            raise DataError(message)
        order = sorted(range(len(found)), key=lambda place: not about_cases[place])
        places: dict[tuple[str, int], int] = {}  # of the headers of all sheets
        shown, offset = [], 0
        for number, at in enumerate(order):
            one, key = found[at], keys[at][0]
            columns, seen = [], dict[str, int]()
            for place, name in enumerate(one.header):
                title = "" if place == key else plain(name)
                seen[title] = seen.get(title, 0) + 1
                column = places.setdefault((title, seen[title]), len(places))
                if column == len(self.header):
                    self.header.append(name)
                columns.append(column)
            below = one.cells[one.header_at + 1 :]
            first = next(
                (row for row in below if any(cell not in ("", None) for cell in row)), None
            )
            if number and first is not None and first[key] in ("", None):
                message = self._texts("sheet_first_row", file=self.name, sheet=one.name)
                raise DataError(message)
            for row in below:
                wide: list[Any] = [None] * len(self.header)
                for column, cell in zip(columns, row, strict=True):
                    wide[column] = cell
                self._cells.append(wide)
            if not number:
                self.header_row = one.header_at + 1
            self._number(one, offset)
            shown.append(f"{one.name} ({offset + 1}-{offset + len(one.cells)})")
            offset += len(one.cells)
        self.facts["sheets"] = ", ".join(shown)

    def _number(self, sheet: Sheet, offset: int) -> None:
        first = offset + sheet.header_at + 2
        self._numbers.append(np.arange(first, offset + len(sheet.cells) + 1, dtype=np.int64))

    def read(self, positions: Iterable[int]) -> Rows:
        """Read these columns."""
        columns = {
            place: from_objects(
                np.array(
                    [*(row[place] if place < len(row) else None for row in self._cells), None],
                    dtype=object,
                )[:-1]
            )
            for place in positions
        }
        numbers = np.concatenate([*self._numbers, np.array([], dtype=np.int64)])
        listed = len(self._numbers[0]) if len(self._numbers) > 1 else None
        return Rows(numbers, columns, may_be_merged=True, n_listed=listed)


def _open_workbook(path: Path, texts: Texts) -> Any:  # noqa: ANN401
    import python_calamine as calamine

    _refuse_far_cells(path, texts)
    try:
        return calamine.CalamineWorkbook.from_path(str(path))
    except calamine.PasswordError:
        message = texts("password", file=path.name)
        raise DataError(message) from None
    except (calamine.CalamineError, OSError, ValueError):
        message = texts(
            "password" if _is_encrypted(path) else "damaged", file=path.name, format="Excel"
        )
        raise DataError(message) from None


def _refuse_far_cells(path: Path, texts: Texts) -> None:
    """Refuse a workbook with a cell so far away that the blank ones before it fill the memory."""
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as archive:
        if "xl/workbook.xml" not in archive.namelist():
            message = texts("damaged", file=path.name, format="Excel")
            raise DataError(message)
        for entry in archive.infolist():
            if not entry.filename.startswith("xl/worksheets/sheet"):
                continue
            try:
                rows, columns = _extent(archive, entry)
            except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError):
                message = texts("damaged", file=path.name, format="Excel")
                raise DataError(message) from None
            if rows * columns > max(LARGEST_SPARSE, entry.file_size // 4):
                message = texts("too_large", file=path.name, rows=rows, columns=columns)
                raise DataError(message)


def _extent(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> tuple[int, int]:
    """Return the last row of a sheet, and an upper limit of its columns."""
    rows, columns = 1, 52
    with archive.open(entry) as file:
        rest = b""
        while block := file.read(SAMPLE):
            text = rest + block
            for match in _ROW.finditer(text):
                rows = max(rows, int(match[1]))
            for limit, pattern in ((16_384, _COLUMN_3), (702, _COLUMN_2)):
                if columns < limit and pattern.search(text):
                    columns = limit
            rest = text[-64:]
    return rows, columns


def _is_encrypted(path: Path) -> bool:
    data = path.read_bytes()
    return data.startswith(OLE) and "EncryptedPackage".encode("utf-16-le") in data


def _sheets(book: Any, sheet: Sheets, file: str, texts: Texts) -> list[str]:  # noqa: ANN401
    import python_calamine as calamine

    names: list[str] = list(book.sheet_names)
    if sheet is None:
        visible = [
            entry.name
            for entry in book.sheets_metadata
            if entry.visible == calamine.SheetVisibleEnum.Visible
        ]
        return visible or names
    if not isinstance(sheet, str | int):
        return [name for one in sheet for name in _sheets(book, one, file, texts)]
    if isinstance(sheet, int) and 0 <= sheet < len(names):
        return [names[sheet]]
    if sheet in names:
        return [str(sheet)]
    message = texts("no_sheet", file=file, sheet=sheet, sheets=", ".join(map(repr, names)))
    raise DataError(message)


def _cells(book: Any, name: str, file: str, texts: Texts) -> list[list[Any]]:  # noqa: ANN401
    """Return all cells from A1 on; those of a merged block hold the value of its first one."""
    import python_calamine as calamine

    try:
        sheet = book.get_sheet_by_name(name)
        cells: list[list[Any]] = sheet.to_python(skip_empty_area=False)
        merged = sheet.merged_cell_ranges or []
    except (calamine.CalamineError, ValueError):
        message = texts("damaged", file=file, format="Excel")
        raise DataError(message) from None
    if cells and len(cells[0]) > MAX_COLUMNS:
        message = texts("too_many_columns", file=file, n=len(cells[0]), limit=MAX_COLUMNS)
        raise DataError(message)
    for (top, left), (bottom, right) in merged:
        if top >= len(cells) or left >= len(cells[top]):
            continue
        value = cells[top][left]
        for row in cells[top : bottom + 1]:
            for column in range(left, min(right + 1, len(row))):
                row[column] = value
    return cells


def _text(cell: object) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip(BLANKS)


# ------------------------------------------------------------------ any


def open_source(
    source: object,
    *,
    score: Score,
    fields_of: FieldsOf,
    texts: Texts,
    sheet: Sheets = None,
    encoding: str | None = None,
    delimiter: str | None = None,
) -> Source:
    """Open whatever the user gave; what a file holds counts, not what it is called."""
    if isinstance(source, pd.DataFrame):
        return FrameSource(source)
    if not isinstance(source, str | Path) or "\n" in str(source):
        # What it holds may be the data, and is not shown.
        message = texts("no_source", type=type(source).__name__)
        raise SpecError(message)
    path = Path(source)
    try:
        if path.is_dir():
            message = texts("folder", file=path.name)
            raise DataError(message)
        with path.open("rb") as file:
            start = file.read(512)
    except OSError as error:
        message = texts(
            "no_file", file=str(source)[:LONGEST_PATH], error=why_unusable(error, texts.language)
        )
        raise DataError(message) from None
    if not start:
        message = texts("empty", file=path.name)
        raise DataError(message)
    if is_workbook(start):
        return WorkbookSource(path, score, fields_of, texts, sheet)
    if start.startswith(PARQUET):
        return ParquetSource(path, texts)
    if b"<html" in start.lower() or b"<table" in start.lower():
        message = texts("web_page", file=path.name)
        raise DataError(message)
    if start.lstrip().startswith(b"<?xml"):
        message = texts("xml", file=path.name)
        raise DataError(message)
    return TextSource(path, score, texts, encoding, delimiter)
