"""The command ``enteroscan detect``: which counts are more than the past lets one expect."""

from pathlib import Path
from typing import Annotated

import pandas as pd
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from enteroscan import timeseries
from enteroscan.errors import DataError, EnteroscanError
from enteroscan.timeseries import DetectionResult, DetectorSpec

__all__ = ["detect"]

BAD_INPUT = 2
ENCODINGS = ("utf-8-sig", "gb18030")
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would calculate such a cell
SHOWN_ALARMS = 30


def detect(
    counts: Annotated[Path, typer.Argument(help="CSV or Excel file, one row a series and date.")],
    detector: Annotated[
        str, typer.Option(help="auto, or a method such as farrington-flexible, ears-c1, glr.")
    ] = "auto",
    by: Annotated[list[str] | None, typer.Option(help="Column that tells series apart.")] = None,
    date: Annotated[str, typer.Option(help="Column of dates.")] = "date",
    count: Annotated[str, typer.Option(help="Column of counts.")] = "count",
    last: Annotated[int, typer.Option(help="Judge so many of the last points.")] = 1,
    every: Annotated[
        str | None, typer.Option(help="day, week, month or step; found out if not given.")
    ] = None,
    absent: Annotated[
        str, typer.Option(help="What points without a row are: zero, missing, or raise.")
    ] = "raise",
    option: Annotated[
        list[str] | None, typer.Option(help="Option of the detector: alpha=0.01.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="CSV file for all judged points, UTF-8 for Excel.")
    ] = None,
) -> None:
    """Judge the last counts of one or many series, and print the alarms."""
    try:
        result = timeseries.detect(
            _read(counts),
            method=_spec(detector, option or []),
            last=last,
            by=by or None,
            date=date,
            count=count,
            every=every,  # type: ignore[arg-type]
            absent=absent,  # type: ignore[arg-type]
        )
        if out is not None:
            _safe(result.frame).to_csv(out, index=False, encoding="utf-8-sig")
    except (EnteroscanError, OSError) as error:
        Console(stderr=True).print(Text(f"Error: {error}", style="bold red"))
        raise typer.Exit(BAD_INPUT) from error
    _print(result)


def _spec(detector: str, options: list[str]) -> str | DetectorSpec:
    if detector == "auto":
        if options:
            message = "--option needs a --detector; auto chooses its own options"
            raise DataError(message)
        return "auto"
    values: dict[str, object] = {"method": detector}
    for text in options:
        name, equals, value = text.partition("=")
        if not equals:
            message = f"--option {text}: give NAME=VALUE, such as alpha=0.01"
            raise DataError(message)
        values[name.strip().replace("-", "_")] = _value(value.strip())
    return DetectorSpec.from_dict(values)


def _value(text: str) -> object:
    words = {"true": True, "false": False, "none": None}
    if text.lower() in words:
        return words[text.lower()]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _read(path: Path) -> pd.DataFrame:
    if path.suffix.lower() in (".xls", ".xlsx", ".xlsm"):
        return pd.read_excel(path)
    for encoding in ENCODINGS:
        try:
            return pd.read_csv(path, encoding=encoding)
        except UnicodeDecodeError:
            continue
        except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
            message = f"{path}: {error}"
            raise DataError(message) from error
    message = f"{path}: this text is in none of {', '.join(ENCODINGS)}; save it as UTF-8"
    raise DataError(message)


def _safe(frame: pd.DataFrame) -> pd.DataFrame:
    """Keep spreadsheets from calculating texts."""

    def safe(value: object) -> object:
        is_formula = isinstance(value, str) and value.startswith(FORMULA_STARTS)
        return f"'{value}" if is_formula else value

    texts = [name for name in frame.columns if not pd.api.types.is_numeric_dtype(frame[name])]
    return frame.assign(**{str(name): frame[name].map(safe) for name in texts})


def _print(result: DetectionResult) -> None:
    console = Console()
    console.print(Text(f"{type(result.spec).__name__}: {result.verdict()}", style="bold"))
    alarms = result.alarms
    if len(alarms) > 0:
        table = Table(*result.by, "date", "observed", "expected", "upper bound", "p")
        for _, row in alarms.head(SHOWN_ALARMS).iterrows():
            cells = [str(row[name]) for name in result.by]
            cells += [str(row["date"])[:10], f"{row['observed']:g}", f"{row['expected']:.2f}"]
            cells += [f"{row['upper_bound']:g}", f"{row['p_value']:.3g}"]
            table.add_row(*(Text(cell) for cell in cells))
        console.print(table)
    if len(alarms) > SHOWN_ALARMS:
        console.print(f"and {len(alarms) - SHOWN_ALARMS:,} more")
    for reason, rows in result.not_judged.groupby("reason", observed=True):
        console.print(
            f"not judged, {reason}: {rows['n_points'].sum():,} points in {len(rows):,} series"
        )
