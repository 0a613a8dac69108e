"""`enteroscan treescan`: analyses as TreeScan's parameter files describe them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from enteroscan._language import Texts
from enteroscan.cli._common import errors_explained, progress_bar
from enteroscan.errors import SpecError

if TYPE_CHECKING:
    from enteroscan.treescan import TreescanResult

SHOWN_CUTS = 20
LEAST_WIDTH = 100  # of printed tables, where the output is no terminal

say = Texts(section="treescan")  # of the help; the output follows --lang


def command(
    file: Annotated[Path, typer.Argument(help=say("file"))],
    json: Annotated[Path | None, typer.Option(help=say("json"))] = None,
    n_jobs: Annotated[int | None, typer.Option(help=say("n_jobs"))] = None,
    lang: Annotated[str | None, typer.Option(help=say("lang"))] = None,
) -> None:
    """Run an analysis of TreeScan's; paths inside FILE are relative to it."""
    from enteroscan import treescan as files

    with errors_explained():
        texts = Texts(lang, "treescan")
        if json is not None and json.is_dir():
            message = f"{json} is a folder; give a file"
            raise SpecError(message)
        analysis = files.load(file)
        if analysis.ignored:
            unknown = ", ".join(analysis.ignored)
            typer.echo(texts("unknown", file=file, settings=unknown), err=True)
        with progress_bar(texts("replicates")) as progress:
            result = analysis.scan(n_jobs=n_jobs, progress=progress)
        _show(result, texts)
        if json is not None:
            json.parent.mkdir(parents=True, exist_ok=True)
            result.to_json(json)
            typer.echo(str(json))


def _show(result: "TreescanResult", texts: Texts) -> None:
    cuts = result.cuts
    shown = [name for name in cuts if cuts[name].notna().any()]
    table = Table(title=texts("found", n=len(cuts)), box=SIMPLE_HEAD)
    for name in shown:
        table.add_column(texts(f"head.{name}"), justify="left" if name == "node" else "right")
    for row in cuts[shown].head(SHOWN_CUTS).itertuples(index=False):
        table.add_row(*(Text(_cell(value)) for value in row))
    console = Console()
    console.width = max(LEAST_WIDTH, console.width)
    console.print(table)
    if len(cuts) > SHOWN_CUTS:
        typer.echo(texts("more", n=len(cuts) - SHOWN_CUTS))
    for what, count in result.dropped:
        typer.echo(texts(f"dropped.{what}", n=count), err=True)


def _cell(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
