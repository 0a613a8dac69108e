"""Prints what a scan found, and writes it into a folder."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from enteroscan._spreadsheets import spreadsheet_safe

if TYPE_CHECKING:
    from enteroscan.results import ScanResult

LEAST_WIDTH = 100  # of printed tables, where the output is no terminal
SHOWN = {
    "cluster": "",
    "location": "centre",
    "n_locations": "locations",
    "start": "start",
    "end": "end",
    "observed": "observed",
    "expected": "expected",
    "relative_risk": "relative risk",
    "p_value": "p",
    "recurrence_interval_days": "recurs in days",
}  # columns of the printed table


def publish(result: "ScanResult", folder: Path) -> None:
    """Print the clusters, and write tables, picture and everything else into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    show(result)
    for name in ("clusters", "members"):
        path = folder / f"{name}.csv"
        spreadsheet_safe(getattr(result, name)).to_csv(path, index=False, encoding="utf-8")
        typer.echo(str(path))
    result.to_json(folder / "result.json")
    typer.echo(str(folder / "result.json"))
    _draw(result, folder / "map.png")


def _draw(result: "ScanResult", path: Path) -> None:
    if result.places.columns.intersection(["y", "latitude"]).empty:
        typer.echo("no map: the locations have no coordinates on a plane", err=True)
        return
    import matplotlib as mpl

    mpl.use("Agg")  # a file is drawn, no window opened
    import matplotlib.pyplot as plt

    ax = result.plot()
    figure = ax.get_figure(root=True)
    assert figure is not None
    figure.savefig(path, dpi=150, bbox_inches="tight")
    plt.close(figure)
    typer.echo(str(path))


def show(result: "ScanResult") -> None:
    """Print the clusters as a table."""
    clusters = result.clusters
    shown = [name for name in SHOWN if name in clusters and clusters[name].notna().any()]
    table = Table(title=f"{len(clusters)} clusters among {result.n_cases:,} cases", box=SIMPLE_HEAD)
    for name in shown:
        table.add_column(SHOWN[name], justify="left" if name == "location" else "right")
    for row in clusters[shown].itertuples(index=False):
        table.add_row(*(Text(_cell(value)) for value in row))
    console = Console()
    console.width = max(LEAST_WIDTH, console.width)
    console.print(table)
    for reason, count in result.dropped.itertuples(index=False):
        typer.echo(f"left out: {count} rows, {reason}", err=True)


def _cell(value: object) -> str:
    if isinstance(value, pd.Timestamp):
        return value.date().isoformat()
    return f"{value:.4g}" if isinstance(value, float) else str(value)
