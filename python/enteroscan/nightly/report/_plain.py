"""Values fit to be shown and written to JSON: texts without tricks, numbers that are numbers."""

import math
import re
import unicodedata
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd

LONGEST = 1_000  # characters of a text
REPLACEMENT = "\ufffd"
SECRET = re.compile(r"passw|secret|token|api_?key|authorization|口令|密码", re.IGNORECASE)
CREDENTIALS = re.compile(r"(?<=://)[^/@\s]*@")
BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def is_missing(value: object) -> bool:
    """Whether a cell of a frame holds nothing."""
    return value is None or value is pd.NaT or value is pd.NA or value != value


def readable(value: object) -> str:
    """Return a text in which nothing is hidden.

    Control characters, halves of surrogate pairs and signs that turn the direction of writing
    become U+FFFD, ends of lines become spaces; what is longer than 1,000 characters ends in "…".
    """
    text = str(value)[: LONGEST + 1]
    if not text.isprintable():
        text = "".join(map(_readable_character, text))
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _readable_character(character: str) -> str:
    if character in "\t\n\r\u2028\u2029":
        return " "
    hidden = unicodedata.category(character) in {"Cc", "Cs", "Cn"} or character in BIDI
    return REPLACEMENT if hidden else character


def finite(value: object) -> float | None:
    """Return a number, or None for what is missing, infinite or no number."""
    try:
        number = math.nan if is_missing(value) else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def moment(value: object) -> str | None:
    """Return a time as ISO 8601, as a day if the hour is not known; None if it is no time."""
    try:
        time = pd.NaT if is_missing(value) else pd.Timestamp(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None
    if pd.isna(time):
        return None
    local = time.tz_localize(None)
    whole_day = local == local.normalize()
    return local.strftime("%Y-%m-%d") if whole_day else local.isoformat(timespec="minutes")


def plain(value: object) -> Any:  # noqa: ANN401 -- whatever JSON can hold
    """Return a nested value fit for JSON, its texts readable, passwords and tokens left out."""
    if isinstance(value, Mapping):
        return {
            readable(key): "***" if SECRET.search(str(key)) and inner else plain(inner)
            for key, inner in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset | np.ndarray | pd.Series):
        return [plain(inner) for inner in value]
    return _plain_scalar(value)


def _plain_scalar(value: object) -> bool | int | float | str | None:
    if is_missing(value):
        return None
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return finite(value)
    if isinstance(value, datetime | date):
        return moment(value)
    return CREDENTIALS.sub("***@", readable(value))


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a frame, with its columns as texts."""
    return [{str(key): row[key] for key in row} for row in frame.to_dict("records")]


def number(value: float | None) -> str:
    """Return a number with three digits that count; a dash for none."""
    if value is None:
        return "–"
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:,.3g}"


def chance(p_value: float | None) -> str:
    """Return a p-value, or a probability; never zero."""
    if p_value is None:
        return "–"
    return "<0.0001" if p_value < 0.0001 else f"{p_value:.2g}"


def percent(share: float | None) -> str:
    """Return a share in percent."""
    return "–" if share is None else f"{share:.0%}"


def when(moment: str | None) -> str:
    """Return a moment as people write it."""
    return "–" if moment is None else moment.replace("T", " ")


def age(years: float | None) -> str:
    """Return an age in years."""
    if years is None:
        return "–"
    return "<1" if years < 1 else f"{years:.0f}"
