"""Encodings: files are UTF-8, or in one of the encodings of older Chinese programs."""

from pathlib import Path

ENCODINGS = ("utf-8-sig", "gb18030")


def decode(path: Path) -> str:
    """Read a text file."""
    content = path.read_bytes()
    try:
        return content.decode(ENCODINGS[0])
    except UnicodeDecodeError:
        return content.decode(ENCODINGS[1])
