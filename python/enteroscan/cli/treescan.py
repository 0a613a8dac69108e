"""`enteroscan treescan`: analyses as TreeScan's parameter files describe them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from enteroscan._language import Texts
from enteroscan.cli._common import errors_explained, progress_bar

if TYPE_CHECKING:
    from enteroscan.treescan import TreescanResult

SHOWN_CUTS = 20
COLUMNS = ("node", "cases", "expected", "relative_risk", "statistic", "p_value", "start", "end")

say = Texts(section="treescan")  # of the help; the output follows --lang


def command(
    file: Annotated[Path, typer.Argument(help=say("file"))],
    json: Annotated[Path | None, typer.Option(help=say("json"))] = None,
    n_jobs: Annotated[int | None, typer.Option(help=say("n_jobs"))] = None,
    lang: Annotated[str | None, typer.Option(help=say("lang"))] = None,
) -> None:
    """Run an analysis of TreeScan's; paths inside FILE are relative to it."""
    from enteroscan import treescan

    with errors_explained():
        texts = Texts(lang, "treescan")
        analysis = treescan.load(file)
        with progress_bar(texts("scanning")) as progress:
            result = analysis.scan(n_jobs=n_jobs, progress=progress)
        _show(result, texts)
        if json is not None:
            json.parent.mkdir(parents=True, exist_ok=True)
            result.to_json(json)
            typer.echo(str(json))


def _show(result: "TreescanResult", texts: Texts) -> None:
    for reason, n in result.dropped:
        typer.echo(texts("dropped", reason=reason, n=n), err=True)
    cuts = result.cuts
    if len(cuts) == 0:
        typer.echo(texts("none"))
        return
    shown = cuts.head(SHOWN_CUTS).loc[:, list(COLUMNS)]
    if cuts["start"].isna().all():
        shown = shown.drop(columns=["start", "end"])
    typer.echo(shown.to_string(index=False, float_format=lambda number: f"{number:.6g}"))
    if len(cuts) > SHOWN_CUTS:
        typer.echo(texts("more", n=len(cuts) - SHOWN_CUTS))
