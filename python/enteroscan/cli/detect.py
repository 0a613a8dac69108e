"""`enteroscan detect`: which counts are more than the past lets one expect."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import pandas as pd
import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from enteroscan._language import Texts, speaking
from enteroscan._spreadsheets import spreadsheet_safe
from enteroscan.cli._common import errors_explained, progress_bar
from enteroscan.errors import DataError, SpecError

if TYPE_CHECKING:
    from enteroscan.timeseries import DetectionResult, DetectorSpec

ENCODINGS = ("utf-8-sig", "gb18030")
FIELDS = re.compile(r"Expected (?P<expected>\d+) fields in line (?P<line>\d+), saw (?P<saw>\d+)")
WORKBOOKS = (".xls", ".xlsx", ".xlsm", ".xlsb", ".ods")
SHOWN_ALARMS = 30
LEAST_WIDTH = 110  # of printed tables, where the output is no terminal
NUMBERS = {"observed": ",.10g", "expected": ",.2f", "upper_bound": ",.5g", "p_value": ".3g"}

say = Texts(section="detect")  # of the help; the output follows --lang


def command(
    counts: Annotated[Path, typer.Argument(help=say("counts"))],
    detector: Annotated[str, typer.Option(help=say("detector"))] = "auto",
    by: Annotated[list[str] | None, typer.Option(help=say("by"))] = None,
    date: Annotated[str, typer.Option(help=say("date"))] = "date",
    count: Annotated[str, typer.Option(help=say("count"))] = "count",
    last: Annotated[int, typer.Option(help=say("last"))] = 1,
    every: Annotated[
        Literal["day", "week", "month", "step"] | None, typer.Option(help=say("every"))
    ] = None,
    absent: Annotated[
        Literal["raise", "zero", "missing"], typer.Option(help=say("absent"))
    ] = "raise",
    exclude: Annotated[list[str] | None, typer.Option(help=say("exclude"))] = None,
    option: Annotated[list[str] | None, typer.Option(help=say("option"))] = None,
    n_jobs: Annotated[int | None, typer.Option(help=say("n_jobs"))] = None,
    lang: Annotated[str | None, typer.Option(help=say("lang"))] = None,
    out: Annotated[Path | None, typer.Option(help=say("out"))] = None,
) -> None:
    """Judge the last counts of one or many series, and print the alarms."""
    from enteroscan import timeseries

    with errors_explained():
        texts = Texts(lang, "detect")
        with _problems_in(texts), progress_bar(texts("judging")) as progress:
            spec = _spec(detector, option or [], texts)
            periods = [_period(text, texts) for text in exclude or []]
            result = timeseries.detect(
                _read(counts, texts),
                method=spec,
                last=last,
                by=by or None,
                date=date,
                count=count,
                every=every,
                absent=absent,
                exclude=periods,
                n_jobs=n_jobs,
                progress=progress,
            )
        _show(result, texts)
        if out is not None:
            spreadsheet_safe(result.frame).to_csv(out, index=False, encoding="utf-8-sig")
            typer.echo(str(out), err=True)


@contextmanager
def _problems_in(texts: Texts) -> Iterator[None]:
    """Say in the language that is asked for what is wrong with data or options."""
    with speaking(texts.language):
        try:
            yield
        except SpecError as error:
            raise DataError(texts("other", error=error)) from error


def _spec(detector: str, options: list[str], texts: Texts) -> "str | DetectorSpec":
    from enteroscan.timeseries import DetectorSpec

    if detector == "auto":
        if options:
            raise DataError(texts("auto_options"))
        return "auto"
    known = sorted(DetectorSpec.methods())
    if detector not in known:
        choice = ", ".join(["auto", *known])
        raise DataError(texts("unknown", detector=detector, known=choice))
    values: dict[str, object] = {"method": detector}
    for text in options:
        name, equals, value = text.partition("=")
        if not equals:
            raise DataError(texts("no_option", text=text))
        values[name.strip().replace("-", "_")] = _value(value.strip())
    return DetectorSpec.from_dict(values)


def _value(text: str) -> object:
    if "," in text:
        return tuple(_value(part.strip()) for part in text.split(","))
    words = {"true": True, "false": False, "none": None}
    if text.lower() in words:
        return words[text.lower()]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _period(text: str, texts: Texts) -> tuple[object, object]:
    first, colon, last = text.partition(":")
    if not colon:
        raise DataError(texts("no_period", text=text))
    return _value(first.strip()), _value(last.strip())


def _read(path: Path, texts: Texts) -> pd.DataFrame:
    """Read a table; its index has the numbers of lines or rows."""
    try:
        frame = _read_workbook(path, texts) if _is_workbook(path) else _read_text(path, texts)
    except OSError as error:
        raise DataError(texts("no_file", file=path)) from error
    if not isinstance(frame.index, pd.RangeIndex):
        raise DataError(texts("header", file=path))
    return frame.set_axis(pd.RangeIndex(2, len(frame) + 2))


def _is_workbook(path: Path) -> bool:
    return path.suffix.lower() in WORKBOOKS


def _read_workbook(path: Path, texts: Texts) -> pd.DataFrame:
    from python_calamine import CalamineError

    try:
        return pd.read_excel(path, engine="calamine")
    except (CalamineError, ValueError) as error:
        raise DataError(texts("unreadable", file=path, error=error)) from error


def _read_text(path: Path, texts: Texts) -> pd.DataFrame:
    for encoding in ENCODINGS:
        try:
            return pd.read_csv(path, encoding=encoding)
        except UnicodeDecodeError:
            continue
        except pd.errors.EmptyDataError as error:
            raise DataError(texts("problem.empty")) from error
        except pd.errors.ParserError as error:
            if found := FIELDS.search(str(error)):
                raise DataError(texts("fields", file=path, **found.groupdict())) from error
            raise DataError(texts("unreadable", file=path, error=error)) from error
    raise DataError(texts("encoding", file=path, encodings=", ".join(ENCODINGS)))


def _show(result: "DetectionResult", texts: Texts) -> None:
    """Print the detectors, the alarms, and what was not judged."""
    alarms = result.alarms
    detectors = result.detectors.assign(why=result.why(texts.language))
    for method, why, n in detectors.itertuples(index=False):
        typer.echo(texts("method", method=method, n=f"{n:,}") + (f" ({why})" if why else ""))
    dates = [_cell("date", date) for date in result.dates[[0, -1]]]
    typer.echo(
        texts("verdict", n=f"{len(alarms):,}", series=f"{result.n_series:,}")
        + f", {dates[0]} - {dates[1]}"
    )
    if len(alarms):
        columns = [*result.by, "date", *NUMBERS]
        table = Table(box=SIMPLE_HEAD)
        for name in columns:
            title = name if name in result.by else texts(f"head.{name}")
            table.add_column(title, justify="right" if name in NUMBERS else "left")
        for _, row in alarms.head(SHOWN_ALARMS).iterrows():
            table.add_row(*(Text(_cell(name, row[name])) for name in columns))
        console = Console()
        console.width = max(LEAST_WIDTH, console.width)
        console.print(table)
    if len(alarms) > SHOWN_ALARMS:
        typer.echo(texts("more", n=f"{len(alarms) - SHOWN_ALARMS:,}"))
    for reason, rows in result.not_judged.groupby("reason", observed=True):
        points, series = f"{rows['n_points'].sum():,}", f"{len(rows):,}"
        typer.echo(
            texts("not_judged", reason=texts(f"reason.{reason}"), points=points, series=series)
        )


def _cell(name: str, value: object) -> str:
    if isinstance(value, pd.Timestamp):
        return value.date().isoformat()
    if name in NUMBERS:
        return "" if pd.isna(value) else format(value, NUMBERS[name])  # type: ignore[call-overload]
    return str(value)
