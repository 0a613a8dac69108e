"""The command `enteroscan`: from files to clusters without a line of Python.

One module a command. Exit codes: 0 done, 2 the input is bad or asks for something that is not
supported; `nightly` also 10 and 3.
"""

from typing import Annotated

import typer

from enteroscan import __version__
from enteroscan._language import choose_language
from enteroscan.cli import (
    backtest,
    check,
    demo,
    detect,
    link,
    nightly,
    satscan,
    scan,
    signals,
    simulate,
    treescan,
)

__all__ = ["app"]

app = typer.Typer(
    help="Finds clusters of foodborne disease in space and time.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    # The frames cut words that do not fit, and a Chinese sentence is one word.
    rich_markup_mode=None if choose_language() == "zh" else "rich",
)
app.command("check", help=check.say("help"))(check.command)
app.command("detect", help=detect.say("help"))(detect.command)
app.command("link", help=link.say("help"))(link.command)
app.command("scan")(scan.command)
app.command("satscan")(satscan.command)
app.command("simulate", help=simulate.say("help"))(simulate.command)
app.command("treescan", help=treescan.say("help"))(treescan.command)
app.command("nightly", help=nightly.say("help"))(nightly.command)
app.command("signals", help=signals.say("help"))(signals.command)
app.command("review", help=signals.say_review("help"))(signals.review)
app.command("backtest", help=backtest.say("help"))(backtest.command)
app.command("demo", help=demo.say("help"))(demo.command)


@app.callback(invoke_without_command=True)
def _version(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        typer.echo(f"enteroscan {__version__}")
        raise typer.Exit
