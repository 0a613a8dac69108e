"""Reads small text files that people edit, in Excel for example."""

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
