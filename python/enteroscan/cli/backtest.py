"""`enteroscan backtest`: past nights, replayed beside the ledger."""

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from enteroscan._language import Texts
from enteroscan._spreadsheets import spreadsheet_safe
from enteroscan.cli._common import errors_explained, progress_bar, settings_of
from enteroscan.errors import SpecError

if TYPE_CHECKING:
    import pandas as pd

    from enteroscan.nightly.backtest import Backtest

say = Texts(section="backtest")
DAY = ["%Y-%m-%d"]
SHOWN = (
    "threshold", "n_outbreaks", "n_detected", "sensitivity", "median_days_from_report",
    "false_signals_a_week", "ppv",
)  # fmt: skip


def command(
    config: Annotated[Path, typer.Argument(help=Texts(section="nightly")("config"))],
    first: Annotated[datetime, typer.Option("--from", formats=DAY, help=say("first"))],
    last: Annotated[datetime, typer.Option("--to", formats=DAY, help=say("last"))],
    truth: Annotated[Path | None, typer.Option(help=say("truth"))] = None,
    calibrate: Annotated[bool, typer.Option("--calibrate", help=say("calibrate"))] = False,
    out: Annotated[Path | None, typer.Option(help=say("out"))] = None,
    lang: Annotated[str | None, typer.Option(help=Texts(section="nightly")("lang"))] = None,
) -> None:
    """Replay nights."""
    with errors_explained(lang):
        from enteroscan.nightly.backtest import ALL, FOLLOW_UP_DAYS, backtest, read_truth

        settings = settings_of(config, lang)
        texts = Texts(section="backtest")
        if calibrate and settings.alarm.signals_a_week is None:
            raise SpecError(texts("no_budget"))
        known = None if truth is None else read_truth(truth)
        with progress_bar(texts("progress")) as progress:
            done = backtest(settings, first=first.date(), last=last.date(), progress=progress)
        tables = {"signals": _signals(done, texts)}
        if known is not None:
            tables["scores"] = scores = done.scores(known)
            whole = scores.loc[scores["stream"] == ALL, list(SHOWN)]
            typer.echo(whole.to_string(index=False, float_format="{:.3g}".format))
            n_scored, n_all = whole["n_outbreaks"].max(), known["outbreak"].nunique()
            if n_scored < n_all:
                typer.echo(texts("late", n=n_scored, all=n_all, days=FOLLOW_UP_DAYS))
        if out is not None:
            _write(tables, out, texts)
        if calibrate:
            _calibrate(done, texts)


def _signals(done: "Backtest", texts: Texts) -> "pd.DataFrame":
    """Print how many signals there were, and return them."""
    rate = done.signals_a_week(done.thresholds)
    n_nights, n_signals = len(done.nights), len(done.signals)
    typer.echo(texts("summary", nights=n_nights, signals=n_signals, rate=f"{rate:.2g}"))
    titles = [title[texts.language] for title in done.signals["title"]]
    return done.signals.assign(title=titles)


def _write(tables: "dict[str, pd.DataFrame]", out: Path, texts: Texts) -> None:
    out.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        path = out / f"{name}.csv"
        spreadsheet_safe(table).to_csv(path, index=False, encoding="utf-8-sig")
        typer.echo(texts("table", file=path, name=name))


def _calibrate(done: "Backtest", texts: Texts) -> None:
    """Choose thresholds, and write them where the job looks for them."""
    from enteroscan.nightly.report import replace_file

    chosen = done.calibrate()
    path = done.config.path(done.config.alarm.thresholds)
    text = json.dumps(chosen.to_dict(), ensure_ascii=False, indent=2)
    replace_file(path, text.encode())
    key = "calibrated" if chosen.keeps_budget else "over_budget"
    rate = f"{chosen.signals_a_week:.2g}"
    typer.echo(texts(key, file=path, budget=f"{chosen.budget:g}", rate=rate))
