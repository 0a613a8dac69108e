"""Texts that a spreadsheet must not take for formulas."""

import pandas as pd

# A spreadsheet would calculate such a cell; some take the wide forms for the narrow ones.
FORMULA_STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
CUT = ("\t", "\r", "\n")  # before a formula, some spreadsheets drop it


def spreadsheet_safe(frame: pd.DataFrame) -> pd.DataFrame:
    """Put an apostrophe before texts that a spreadsheet would take for a formula."""
    return frame.map(_spreadsheet_safe_cell)


def _spreadsheet_safe_cell(value: object) -> object:
    if isinstance(value, str) and (
        value.startswith(CUT) or value.lstrip().startswith(FORMULA_STARTS)
    ):
        return f"'{value}"
    return value
