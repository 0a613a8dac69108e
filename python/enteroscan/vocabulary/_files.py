"""Reads small text files that people edit, in Excel for example."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from enteroscan.errors import DataError


def read_text(path: Path) -> str:
    """Read a text in UTF-8, with or without a byte order mark, or in GB18030, which holds GBK."""
    content = path.read_bytes()
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    message = f"{path}: neither UTF-8 nor GB18030; save it as CSV UTF-8"
    raise DataError(message)


def csv_lines(text: str, where: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the number of each line of a CSV text that is not empty, and its cells."""
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, cells
    except csv.Error as error:
        message = f"{where}, line {reader.line_num}: {error}; save it as CSV UTF-8"
        raise DataError(message) from error
