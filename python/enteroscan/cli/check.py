"""`enteroscan check`: what is in a file of case reports, and what is wrong with it."""

import json as json_format
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import pandas as pd
import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from enteroscan._language import Texts
from enteroscan._spreadsheets import spreadsheet_safe
from enteroscan.cli._common import errors_explained, progress_bar
from enteroscan.errors import SpecError

if TYPE_CHECKING:
    from enteroscan.cases import Cases, QualityReport

SHOWN_LINES = 20
LEAST_WIDTH = 110  # of printed tables, where the output is no terminal
TABLES = ("rows", "usable", "delays", "summary")

say = Texts(section="check")  # of the help; the output follows --lang


def command(
    file: Annotated[Path, typer.Argument(help=say("file"))],
    sheet: Annotated[list[str] | None, typer.Option(help=say("sheet"))] = None,
    encoding: Annotated[str | None, typer.Option(help=say("encoding"))] = None,
    columns: Annotated[Path | None, typer.Option(help=say("columns"))] = None,
    crs: Annotated[str, typer.Option(help=say("crs"))] = "wgs84",
    places: Annotated[Path | None, typer.Option(help=say("places"))] = None,
    area: Annotated[str | None, typer.Option(help=say("area"))] = None,
    day_first: Annotated[
        bool | None, typer.Option("--day-first/--month-first", help=say("day_first"))
    ] = None,
    keep: Annotated[list[str] | None, typer.Option(help=say("keep"))] = None,
    as_of: Annotated[str | None, typer.Option(help=say("as_of"))] = None,
    lang: Annotated[str | None, typer.Option(help=say("lang"))] = None,
    strict: Annotated[bool, typer.Option("--strict", help=say("strict"))] = False,
    json: Annotated[bool, typer.Option("--json", help=say("json"))] = False,
    show_all: Annotated[bool, typer.Option("--all", help=say("all"))] = False,
    out: Annotated[Path | None, typer.Option(help=say("out"))] = None,
) -> None:
    """Read case reports and show everything that is wrong."""
    from enteroscan.cases import read_cases

    with errors_explained():
        texts = Texts(lang, "check")
        with progress_bar(texts("reading")) as progress:
            cases = read_cases(
                file,
                sheet=sheet[0] if sheet and len(sheet) == 1 else sheet or None,
                encoding=encoding,
                columns=columns,
                crs=crs,  # type: ignore[arg-type]
                places=places,
                area=_limits(area, texts),
                day_first=day_first,
                keep_identifiers=keep or (),
                as_of=as_of,
                language=lang,
                strict=strict,
                progress=progress,
            )
        if json:
            report = cases.quality.to_dict()
            typer.echo(json_format.dumps(report, ensure_ascii=False, indent=1, default=str))
        else:
            _show(cases.quality, texts, show_all=show_all)
        if out is not None:
            _write(cases, out)


def _limits(text: str | None, texts: Texts) -> tuple[float, float, float, float] | None:
    """Return the four limits of an area."""
    if text is None:
        return None
    try:
        south, west, north, east = (float(part) for part in text.split(","))
    except ValueError:
        raise SpecError(texts("bad_area")) from None
    return south, west, north, east


def _show(quality: "QualityReport", texts: Texts, *, show_all: bool) -> None:
    """Print the mapping, the summary, and one line a problem."""
    words = Texts(texts.language, "cases")
    console = Console(soft_wrap=False)
    console.width = max(LEAST_WIDTH, console.width)
    typer.echo(quality.verdict())
    typer.echo(
        " · ".join(f"{words(f'fact.{name}')}: {value}" for name, value in quality.facts.items())
    )
    mapping = quality.shown("mapping")
    field = mapping.columns[2]
    mapping[field] = mapping[field].fillna(f"({texts('not_read')})")
    _print(console, texts("mapping"), mapping)
    for name in TABLES:
        frame = quality.shown(name)
        if len(frame):
            _print(
                console, words("title.problems" if name == "summary" else f"title.{name}"), frame
            )
    lines = quality.lines()
    if not lines:
        typer.echo(texts("no_problems"))
    shown = lines if show_all else lines[:SHOWN_LINES]
    for line in shown:
        typer.echo(line)
    if len(lines) > len(shown):
        typer.echo(texts("more", n=f"{len(lines) - len(shown):,}"))


def _print(console: Console, title: str, frame: pd.DataFrame) -> None:
    table = Table(title=title, box=SIMPLE_HEAD, title_justify="left")
    for name in frame.columns:
        is_number = pd.api.types.is_numeric_dtype(frame[name].dtype)
        table.add_column(str(name), justify="right" if is_number else "left")
    for row in frame.itertuples(index=False):
        table.add_row(*(Text(_cell(value)) for value in row))
    console.print(table)


def _cell(value: object) -> str:
    if value is None or pd.isna(value):  # type: ignore[call-overload]
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _write(cases: "Cases", folder: Path) -> None:
    """Write the tables as CSV that spreadsheets open, and the report."""
    folder.mkdir(parents=True, exist_ok=True)
    frames = {
        "cases": cases.frame,
        "exposures": cases.exposures,
        "specimens": cases.specimens,
        "problems": cases.quality.problems,
        "merged": cases.quality.merged,
    }
    for name, frame in frames.items():
        path = folder / f"{name}.csv"
        spreadsheet_safe(frame).to_csv(path, index=False, encoding="utf-8-sig")
        typer.echo(str(path), err=True)
    path = folder / "quality.html"
    page = f'<!doctype html>\n<meta charset="utf-8">\n{cases._repr_html_()}\n'
    path.write_text(page, encoding="utf-8")
    typer.echo(str(path), err=True)
