"""`enteroscan backtest`: past nights, replayed."""

from enteroscan._language import Texts

say = Texts(section="backtest")


def command() -> None:
    """Replay."""
