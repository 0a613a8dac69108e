"""The report of a night: a page, tables, a map file and a Word file.

All of them are made of one document, which chooses what of a night is shown (`Document`); its
JSON schema is `schema()`.
"""

import contextlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from enteroscan.errors import SpecError
from enteroscan.nightly.night import Night
from enteroscan.nightly.report._document import Document, document
from enteroscan.nightly.report._files import case_table, features, signal_table
from enteroscan.nightly.report._html import page
from enteroscan.nightly.report._plain import readable
from enteroscan.nightly.report._word import investigation_note

__all__ = ["FORMATS", "Document", "document", "readable", "replace_file", "schema", "write"]

FORMATS = ("html", "json", "csv", "geojson", "docx")


def write(
    night: Night,
    *,
    into: Path,
    formats: Sequence[str] = FORMATS,
    language: str | None = None,
) -> dict[str, Path]:
    """Write a night into files; a file is either whole or not there.

    Parameters
    ----------
    night
        What the night found.
    into
        Folder; made if it is not there. Files are called ``enteroscan-2024-06-10.html`` after the
        night, and replace those of an earlier run of the same night.
    formats
        ``"html"``: a page in both languages that opens without internet. ``"json"``: everything,
        see `schema`. ``"csv"``: one row a signal, and in a second file (``"csv_cases"``) one row a
        member. ``"geojson"``: members as points, areas of signals as polygons. ``"docx"``: a
        draft of the preliminary investigation report of each signal with news (needs
        ``enteroscan[report]``).
    language
        ``"zh"`` or ``"en"``. None: that of the night.

    Returns
    -------
    dict
        Path of each file by its format.

    Raises
    ------
    SpecError
        A format or the language does not exist.
    MissingExtra
        A Word file is wanted and python-docx is not installed; nothing is written.
    OSError
        The folder cannot be written to; files of before are as they were.

    Notes
    -----
    Columns of the line list other than those of `night.Signal` are in no file, coordinates are
    rounded to about 100 m, passwords in settings are left out.
    """
    unknown = sorted(set(formats) - set(FORMATS))
    if unknown:
        message = f"formats: {', '.join(unknown)} unknown; choose from {', '.join(FORMATS)}"
        raise SpecError(message)
    shown = document(night, language)
    makers: dict[str, dict[str, tuple[str, Callable[[], bytes]]]] = {
        "html": {"html": (".html", lambda: page(shown, night.boundaries).encode())},
        "json": {"json": (".json", lambda: shown.model_dump_json(indent=1).encode())},
        "csv": {
            "csv": ("-signals.csv", lambda: signal_table(shown)),
            "csv_cases": ("-cases.csv", lambda: case_table(shown)),
        },
        "geojson": {"geojson": (".geojson", lambda: features(shown))},
        "docx": {"docx": (".docx", lambda: investigation_note(shown, night.boundaries))},
    }
    files = {
        name: (Path(into) / f"enteroscan-{shown.as_of}{ending}", make())
        for format_ in dict.fromkeys(formats)
        for name, (ending, make) in makers[format_].items()
    }
    Path(into).mkdir(parents=True, exist_ok=True)
    for path, content in files.values():
        replace_file(path, content)
    return {name: path for name, (path, _) in files.items()}


def schema() -> dict[str, Any]:
    """Return the JSON schema of the JSON file."""
    return Document.model_json_schema(mode="serialization")


def replace_file(path: Path, content: bytes) -> None:
    """Write a file under another name beside it, then give it its name.

    The other name is always the same, so that nothing is left of a writer who was killed. Only one
    may write a file at a time, as the ledger's lock sees to.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        part.unlink(missing_ok=True)
        with part.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink()
        raise
