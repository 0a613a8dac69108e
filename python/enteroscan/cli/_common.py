"""What all commands do alike: errors, the progress bar, tables that spreadsheets can open."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pandas as pd
import typer
from rich.console import Console
from rich.progress import Progress

from enteroscan.errors import EnteroscanError

BAD_INPUT = 2
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would calculate such a cell


@contextmanager
def errors_explained() -> Iterator[None]:
    """Say what is wrong with the input, without a traceback; the core raises ValueError."""
    try:
        yield
    except (EnteroscanError, OSError, ValueError) as error:
        typer.echo(f"enteroscan: {error}", err=True)
        raise typer.Exit(BAD_INPUT) from error


@contextmanager
def progress_bar(description: str = "Replicates") -> Iterator[Callable[[float], object] | None]:
    """Show a bar, on a terminal only."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task(description, total=1.0)
        yield lambda share: bar.update(task, completed=share)


def spreadsheet_safe(frame: pd.DataFrame) -> pd.DataFrame:
    """Put an apostrophe before texts that a spreadsheet would take for a formula."""
    return frame.map(_spreadsheet_safe_cell)


def _spreadsheet_safe_cell(value: object) -> object:
    is_formula = isinstance(value, str) and value.startswith(FORMULA_STARTS)
    return f"'{value}" if is_formula else value
