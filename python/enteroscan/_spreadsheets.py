"""Spreadsheets: how their files begin, and texts that they must not take for formulas."""

import pandas as pd

ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

# A spreadsheet would calculate such a cell; some take the wide forms for the narrow ones.
FORMULA_STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
CUT = ("\t", "\r", "\n")  # before a formula, some spreadsheets drop it


def is_workbook(start: bytes) -> bool:
    """Tell by its first bytes whether a file is a workbook, whatever it is called."""
    return start.startswith((ZIP, OLE))


def spreadsheet_safe(frame: pd.DataFrame) -> pd.DataFrame:
    """Put an apostrophe before texts that a spreadsheet would take for a formula."""
    return frame.map(_spreadsheet_safe_cell)


def _spreadsheet_safe_cell(value: object) -> object:
    if isinstance(value, str) and (
        value.startswith(CUT) or value.lstrip().startswith(FORMULA_STARTS)
    ):
        return f"'{value}"
    return value
