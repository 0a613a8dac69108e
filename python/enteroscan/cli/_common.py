"""What all commands do alike: errors, the progress bar."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.progress import Progress

from enteroscan._language import choose_language, speak, speaking, why_unusable
from enteroscan.errors import EnteroscanError

if TYPE_CHECKING:
    from enteroscan.nightly.config import Config

BAD_INPUT = 2


@contextmanager
def errors_explained(lang: str | None = None) -> Iterator[None]:
    """Say what is wrong with the input, without a traceback; the core raises ValueError.

    `lang` is the language of all that is said within.
    """
    with speaking():
        try:
            if lang is not None:
                speak(choose_language(lang))
            yield
        except (EnteroscanError, OSError, ValueError) as error:
            typer.echo(f"enteroscan: {_explained(error)}", err=True)
            raise typer.Exit(BAD_INPUT) from error


def _explained(error: Exception) -> str:
    """Write an error as a sentence, without the number that the system gives it."""
    if not isinstance(error, OSError):
        return str(error)
    place = "" if error.filename is None else f"{error.filename}: "
    return f"{place}{why_unusable(error)}"


def settings_of(path: Path, lang: str | None) -> "Config":
    """Read the settings of the night job, and speak their language, or the one asked for."""
    from enteroscan.nightly.config import load_config

    config = load_config(path)
    chosen = choose_language(lang or config.output.language)
    speak(chosen)
    output = config.output.model_copy(update={"language": chosen})
    return config.model_copy(update={"output": output})


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
