"""`enteroscan satscan`: analyses as SaTScan's parameter files describe them."""

from pathlib import Path
from typing import Annotated, Any

import typer

from enteroscan.cli._common import errors_explained, progress_bar
from enteroscan.cli._results import show
from enteroscan.scan import RandomStream


def command(
    file: Annotated[Path, typer.Argument(help="Parameter file (.prm) of SaTScan.")],
    json: Annotated[Path | None, typer.Option(help="Where to write the result.")] = None,
    n_jobs: Annotated[int | None, typer.Option(help="Threads (as in FILE).")] = None,
    random_stream: Annotated[
        RandomStream | None,
        typer.Option(
            help="Generator: satscan for SaTScan's own p-values (the default, but for Poisson, "
            "where it is not reproduced), philox for ours."
        ),
    ] = None,
) -> None:
    """Run an analysis of SaTScan's; paths inside FILE are relative to it."""
    from enteroscan import satscan as files

    with errors_explained():
        analysis = files.load(file)
        if analysis.ignored:
            typer.echo(f"{file}: unknown settings: {', '.join(analysis.ignored)}", err=True)
        given = {"n_jobs": n_jobs, "random_stream": random_stream}
        options: dict[str, Any] = {
            name: value for name, value in given.items() if value is not None
        }
        with progress_bar() as progress:
            result = analysis.scan(progress=progress, **options)
        show(result)
        if json is not None:
            json.parent.mkdir(parents=True, exist_ok=True)
            result.to_json(json)
            typer.echo(str(json))
