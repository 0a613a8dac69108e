"""`enteroscan nightly`: the night job."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from enteroscan._language import Texts
from enteroscan.cli._common import errors_explained, progress_bar, settings_of
from enteroscan.errors import DataError, SpecError

if TYPE_CHECKING:
    from enteroscan.nightly.config import Config
    from enteroscan.nightly.run import Outcome

say = Texts(section="nightly")


def command(
    config: Annotated[Path | None, typer.Argument(help=say("config"))] = None,
    as_of: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help=say("as_of"))] = None,
    init: Annotated[Path | None, typer.Option(help=say("init"))] = None,
    schema: Annotated[bool, typer.Option("--schema", help=say("schema"))] = False,
    log: Annotated[Path | None, typer.Option(help=say("log"))] = None,
    lang: Annotated[str | None, typer.Option(help=say("lang"))] = None,
) -> None:
    """Do a night."""
    with errors_explained(lang):
        texts = Texts(section="nightly")
        if schema:
            _print_schema()
        elif init is not None:
            _write_example(init, texts)
        elif config is None:
            raise SpecError(texts("no_config"))
        else:
            night = None if as_of is None else as_of.date()
            raise typer.Exit(_run(settings_of(config, lang), config, night, log))


def _print_schema() -> None:
    from enteroscan.nightly.config import schema

    typer.echo(json.dumps(schema(), ensure_ascii=False, indent=2))


def _write_example(path: Path, texts: Texts) -> None:
    from enteroscan.nightly.config import example

    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(example(texts.language))
    except FileExistsError:
        raise DataError(texts("exists", file=path)) from None
    typer.echo(str(path))


def _run(config: "Config", path: Path, as_of: date | None, log: Path | None) -> int:
    from enteroscan.nightly.run import run

    texts = Texts(section="nightly")
    _warn_without_budget(config, path, texts)
    with logged(log), progress_bar(texts("progress")) as progress:
        outcome = run(config, as_of=as_of, progress=progress)
    for night in (*outcome.earlier, outcome):
        show(night, texts)
    return outcome.exit_code


def _warn_without_budget(config: "Config", path: Path, texts: Texts) -> None:
    thresholds = config.path(config.alarm.thresholds)
    if config.alarm.signals_a_week is not None and not thresholds.exists():
        typer.echo(texts("no_budget", file=thresholds, config=path), err=True)


def show(outcome: "Outcome", texts: Texts) -> None:
    """Print what became of a night."""
    if outcome.was_done:
        typer.echo(texts("done_before", night=outcome.as_of))
        return
    key = "has_news" if outcome.n_news else "nothing_new"
    typer.echo(texts(key, night=outcome.as_of, n=outcome.n_news))
    for path in outcome.files.values():
        typer.echo(texts("report", file=path))
    if outcome.failed:
        typer.echo(texts("failed", names=", ".join(outcome.failed)), err=True)
    for error in outcome.undelivered:
        typer.echo(texts("undelivered", error=error), err=True)


class _JsonLines(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a line."""
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        values = {"time": time, "event": record.getMessage(), **getattr(record, "values", {})}
        return json.dumps(values, ensure_ascii=True, default=str)


@contextmanager
def logged(path: Path | None) -> Iterator[None]:
    """Append what happens to a file."""
    if path is None:
        yield
        return
    logger = logging.getLogger("enteroscan.nightly")
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(_JsonLines())
    logger.addHandler(handler)
    level = logger.level
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.setLevel(level)
        logger.removeHandler(handler)
        handler.close()
