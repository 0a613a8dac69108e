"""Dates as SaTScan writes them, turned into dates as everyone writes them."""

import re
from datetime import date

import pandas as pd

_PARTS = re.compile(r"\s*(\d+)(?:[-/](\d+)(?:[-/](\d+))?)?\s*")


def standard_dates(texts: "pd.Series[str]", study_year: int) -> "pd.Series[str]":
    """Write dates as YYYY-MM-DD, YYYY-MM or YYYY; what is no date stays as it is.

    SaTScan's are Y/M/D or M/D/Y, Y/M or M/Y, or Y, with slashes or hyphens. A year of two digits is
    the one nearest to the study.
    """
    standard = {text: standard_date(text, study_year) for text in texts.dropna().unique()}
    return texts.map(standard)


def standard_date(text: str, study_year: int | None = None) -> str:
    """Write one date so."""
    match = _PARTS.fullmatch(text)
    if match is None:
        return text
    parts = [part for part in match.groups() if part is not None]
    if len(parts) > 1 and len(parts[0]) <= 2 < len(parts[-1]):  # the year is at the end
        parts = [parts[-1], *parts[:-1]]
    year, *rest = parts
    if len(year) == 2 and study_year is not None:
        year = str(_nearest_year(int(year), study_year))
    return "-".join([year, *(part.zfill(2) for part in rest)])


def year_of(text: str) -> int:
    """Return the year of a date in a parameter file."""
    year = standard_date(text).partition("-")[0]
    return int(year) if year.isdigit() else date.min.year


def _nearest_year(last_digits: int, study_year: int) -> int:
    century = study_year - study_year % 100
    years = (century - 100 + last_digits, century + last_digits, century + 100 + last_digits)
    return min(years, key=lambda year: abs(year - study_year))
