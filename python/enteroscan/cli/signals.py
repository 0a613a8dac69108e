"""`enteroscan signals` and `enteroscan review`: what the ledger holds, and what people say."""

import json as json_format
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import pandas as pd
import typer

from enteroscan._language import Texts
from enteroscan.cli._common import errors_explained, settings_of

if TYPE_CHECKING:
    from enteroscan.nightly.ledger import Ledger

say = Texts(section="signals")
say_nightly = Texts(section="nightly")
say_review = Texts(section="review")


def command(
    config: Annotated[Path, typer.Argument(help=say_nightly("config"))],
    by_stream: Annotated[bool, typer.Option("--by-stream", help=say("by_stream"))] = False,
    json: Annotated[bool, typer.Option("--json", help=say("json"))] = False,
    lang: Annotated[str | None, typer.Option(help=say_nightly("lang"))] = None,
) -> None:
    """List the signals."""
    from enteroscan.nightly.ledger import open_ledger

    with errors_explained(lang):
        with open_ledger(settings_of(config, lang)) as ledger:
            rows = _records(ledger.predictive_values()) if by_stream else _signals(ledger)
        texts = Texts(section="signals")
        if json:
            typer.echo(json_format.dumps(rows, ensure_ascii=False, indent=2, allow_nan=False))
            return
        for row in rows:
            typer.echo(_value(row, texts) if by_stream else _line(row, texts))
        if not rows:
            typer.echo(texts("none"))


def _signals(ledger: "Ledger") -> list[dict[str, Any]]:
    """Return all signals, the latest first, each with its nights and verdicts."""
    history = _by_signal(ledger.history())
    verdicts = _by_signal(ledger.verdicts())
    return [
        {
            **signal,
            "history": history.get(signal["signal_id"], []),
            "verdicts": verdicts.get(signal["signal_id"], []),
        }
        for signal in _records(ledger.signals())
    ]


def _by_signal(table: pd.DataFrame) -> dict[str, list[dict[str, Any]]]:
    rows: dict[str, list[dict[str, Any]]] = {}
    for row in _records(table):
        rows.setdefault(row.pop("signal_id"), []).append(row)
    return rows


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows as JSON has them."""
    return [
        {str(name): _plain(value) for name, value in row.items()}
        for row in table.to_dict("records")
    ]


def _plain(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, dict):
        return value
    if pd.isna(value):
        return None
    return value.isoformat() if hasattr(value, "isoformat") else value


def _line(signal: dict[str, Any], texts: Texts) -> str:
    from enteroscan.nightly.report import readable

    state = Texts(texts.language, "report.state")(signal["state"])
    title = readable((signal["title"] or {}).get(texts.language, ""))
    return texts(
        "line",
        id=signal["signal_id"],
        state=state,
        first=signal["first_night"],
        last=signal["last_found"],
        title=title,
    )


def _value(row: dict[str, Any], texts: Texts) -> str:
    """Say how many of a stream's signals that people judged were outbreaks."""
    value = row["predictive_value"]
    judged = row["n_outbreaks"] + row["n_others"]
    share = texts("not_judged") if value is None else f"{value:.0%}"
    return texts("value", **{**row, "judged": judged, "share": share})


def review(
    config: Annotated[Path, typer.Argument(help=say_nightly("config"))],
    signal: Annotated[str, typer.Argument(help=say_review("signal"))],
    verdict: Annotated[str, typer.Option(help=say_review("verdict"))],
    by: Annotated[str, typer.Option(help=say_review("by"))],
    note: Annotated[str, typer.Option(help=say_review("note"))] = "",
    lang: Annotated[str | None, typer.Option(help=say_nightly("lang"))] = None,
) -> None:
    """Write down a verdict."""
    from enteroscan.nightly.ledger import open_ledger

    with errors_explained(lang):
        with open_ledger(settings_of(config, lang)) as ledger:
            ledger.review(signal, verdict=verdict, who=by, note=note)  # type: ignore[arg-type]
        typer.echo(Texts(section="review")("done", id=signal, verdict=verdict, who=by))
