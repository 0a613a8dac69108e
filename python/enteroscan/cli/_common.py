"""What all commands do alike: errors, the progress bar."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.progress import Progress

from enteroscan.errors import EnteroscanError

BAD_INPUT = 2


@contextmanager
def errors_explained() -> Iterator[None]:
    """Say what is wrong with the input, without a traceback; the core raises ValueError."""
    try:
        yield
    except (EnteroscanError, OSError, ValueError) as error:
        typer.echo(f"enteroscan: {_explained(error)}", err=True)
        raise typer.Exit(BAD_INPUT) from error


def _explained(error: Exception) -> str:
    """Write an error as a sentence, without the number that the system gives it."""
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}; check the path"
    return str(error)


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
