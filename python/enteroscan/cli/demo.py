"""`enteroscan demo`: a scan of the data that come along."""

from pathlib import Path
from typing import Annotated

import typer

from enteroscan.cli._common import errors_explained, progress_bar
from enteroscan.cli._results import publish
from enteroscan.scan import SpaceTimePermutation

DEMONSTRATION = SpaceTimePermutation(
    analysis="retrospective", time_unit="month", max_duration_months=12
)


def command(
    out: Annotated[Path, typer.Option(help="Folder for the results; made if it is not there.")],
) -> None:
    """Scan the cases of Burkitt's lymphoma that come with libpysal."""
    from enteroscan.datasets import load_burkitt

    with errors_explained():
        with progress_bar() as progress:
            result = DEMONSTRATION.scan(load_burkitt(), progress=progress)
        publish(result, out)
