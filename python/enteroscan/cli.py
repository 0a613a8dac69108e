"""The command `enteroscan`: from files to clusters without a line of Python.

Exit codes: 0 done, 2 the input is bad or asks for something that is not supported.
"""

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import pandas as pd
import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from enteroscan import (
    BernoulliScan,
    DataError,
    EnteroscanError,
    PoissonScan,
    ScanSpec,
    SpaceTimePermutation,
    __version__,
)
from enteroscan.scan import (
    DURATION_SUFFIXES,
    Overlap,
    PValues,
    RandomStream,
    Rates,
    TimeUnit,
)

if TYPE_CHECKING:
    from enteroscan.results import ScanResult

__all__ = ["main"]

ModelName = Literal["permutation", "poisson", "bernoulli"]

BAD_INPUT = 2
ENCODINGS = ("utf-8-sig", "gb18030")
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would calculate such a cell
LEAST_WIDTH = 100  # of printed tables, where the output is no terminal
MODELS: dict[str, type[ScanSpec]] = {
    "permutation": SpaceTimePermutation,
    "poisson": PoissonScan,
    "bernoulli": BernoulliScan,
}
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

DEMONSTRATION = SpaceTimePermutation(
    analysis="retrospective", time_unit="month", max_duration_months=12
)

app = typer.Typer(
    help="Finds clusters of foodborne disease in space and time.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def main() -> None:
    """Run the command line."""
    app()


@app.callback(invoke_without_command=True)
def _version(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        typer.echo(f"enteroscan {__version__}")
        raise typer.Exit


@app.command()
def scan(
    cases: Annotated[
        Path, typer.Argument(help="CSV file with a header; one row a case, or with a column count.")
    ],
    out: Annotated[Path, typer.Option(help="Folder for the results; made if it is not there.")],
    model: Annotated[ModelName, typer.Option(help="Probability model.")] = "permutation",
    prospective: Annotated[
        bool, typer.Option("--prospective", help="What is going on at the end (the default).")
    ] = False,
    retrospective: Annotated[
        bool, typer.Option("--retrospective", help="What has ended as well.")
    ] = False,
    spatial: Annotated[bool, typer.Option("--spatial", help="Places, whatever the time.")] = False,
    temporal: Annotated[
        bool, typer.Option("--temporal", help="Times, whatever the place.")
    ] = False,
    prospective_temporal: Annotated[
        bool,
        typer.Option("--prospective-temporal", help="Times up to the end, whatever the place."),
    ] = False,
    locations: Annotated[
        Path | None,
        typer.Option(
            help="CSV: location, and latitude, longitude or x, y; else they are in CASES."
        ),
    ] = None,
    population: Annotated[
        Path | None, typer.Option(help="CSV: location, population, date, covariates (poisson).")
    ] = None,
    controls: Annotated[Path | None, typer.Option(help="CSV like CASES (bernoulli).")] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(help="What a column is called: date=onset, for example. Can be repeated."),
    ] = None,
    on_invalid: Annotated[
        Literal["raise", "drop"], typer.Option(help="What to do about rows that cannot be used.")
    ] = "raise",
    start: Annotated[str | None, typer.Option(help="First day of the study period.")] = None,
    as_of: Annotated[str | None, typer.Option(help="Last day of the study period.")] = None,
    rates: Annotated[Rates | None, typer.Option(help="Clusters of which rates.")] = None,
    max_size_share: Annotated[
        float | None, typer.Option(help="Largest cluster: share of cases (0.5).")
    ] = None,
    max_radius_km: Annotated[
        float | None, typer.Option(help="Largest radius, with latitude and longitude.")
    ] = None,
    max_radius: Annotated[float | None, typer.Option(help="Largest radius, with x and y.")] = None,
    time_unit: Annotated[TimeUnit | None, typer.Option(help="Unit of time (day).")] = None,
    time_aggregation: Annotated[
        int | None, typer.Option(help="Units of time in an interval (1).")
    ] = None,
    min_duration: Annotated[
        int | None, typer.Option(help="Shortest cluster, in units of time (1).")
    ] = None,
    max_duration: Annotated[
        int | None, typer.Option(help="Longest cluster, in units of time.")
    ] = None,
    max_duration_share: Annotated[
        float | None, typer.Option(help="Longest cluster: share of the study period (0.5).")
    ] = None,
    overlap: Annotated[
        Overlap | None, typer.Option(help="How clusters that are reported may overlap.")
    ] = None,
    min_cases: Annotated[int | None, typer.Option(help="Fewest cases in a cluster (2).")] = None,
    strata: Annotated[
        list[str] | None, typer.Option(help="Column of strata (permutation). Can be repeated.")
    ] = None,
    adjust_day_of_week: Annotated[
        bool, typer.Option("--adjust-day-of-week", help="Weekdays as strata (permutation).")
    ] = False,
    covariates: Annotated[
        list[str] | None, typer.Option(help="Column of a covariate (poisson). Can be repeated.")
    ] = None,
    replicates: Annotated[
        int | None, typer.Option(help="Data sets simulated under the null hypothesis (999).")
    ] = None,
    p_values: Annotated[PValues | None, typer.Option(help="Kind of p-values.")] = None,
    random_state: Annotated[int | None, typer.Option(help="Seed (0).")] = None,
    random_stream: Annotated[RandomStream | None, typer.Option(help="Generator.")] = None,
    n_jobs: Annotated[int | None, typer.Option(help="Threads (all processors).")] = None,
) -> None:
    """Find clusters in a CSV file.

    Writes clusters.csv, members.csv, result.json and map.png into a folder and prints the clusters.
    """
    analyses = {
        "prospective": prospective,
        "retrospective": retrospective,
        "spatial": spatial,
        "temporal": temporal,
        "prospective_temporal": prospective_temporal,
    }
    unit = DURATION_SUFFIXES[time_unit or "day"]
    options = {
        "analysis": _only(analyses),
        "rates": rates,
        "max_size_share": max_size_share,
        "max_radius_km": max_radius_km,
        "max_radius": max_radius,
        "time_unit": time_unit,
        "time_aggregation": time_aggregation,
        f"min_duration_{unit}": min_duration,
        f"max_duration_{unit}": max_duration,
        "max_duration_share": max_duration_share,
        "overlap": overlap,
        "min_cases": min_cases,
        "strata": tuple(strata) if strata else None,
        "adjust_day_of_week": adjust_day_of_week or None,
        "covariates": tuple(covariates) if covariates else None,
        "replicates": replicates,
        "p_values": p_values,
        "random_state": random_state,
        "random_stream": random_stream,
        "n_jobs": n_jobs,
    }
    files = {"locations": locations, "population": population, "controls": controls}
    with _errors_explained():
        spec = _make_spec(model, options)
        frames: dict[str, Any] = {
            name: _read_csv(path) for name, path in files.items() if path is not None
        }
        with _progress() as progress:
            result = spec.scan(
                _read_csv(cases),
                start=start,
                as_of=as_of,
                columns=_roles(column or []),
                on_invalid=on_invalid,
                progress=progress,
                **frames,
            )
        _publish(result, out)


@app.command()
def satscan(
    file: Annotated[Path, typer.Argument(help="Parameter file (.prm) of SaTScan.")],
    json: Annotated[Path | None, typer.Option(help="Where to write the result.")] = None,
    n_jobs: Annotated[int | None, typer.Option(help="Threads (as in FILE).")] = None,
    random_stream: Annotated[
        RandomStream | None,
        typer.Option(
            help="Generator: satscan for SaTScan's own p-values (the default, but for Poisson, "
            "where it is not reproduced), philox for ours."
        ),
    ] = None,
) -> None:
    """Run an analysis of SaTScan's; paths inside FILE are relative to it."""
    from enteroscan import satscan as files

    with _errors_explained():
        analysis = files.load(file)
        if analysis.ignored:
            typer.echo(f"{file}: unknown settings: {', '.join(analysis.ignored)}", err=True)
        given = {"n_jobs": n_jobs, "random_stream": random_stream}
        options: dict[str, Any] = {
            name: value for name, value in given.items() if value is not None
        }
        with _progress() as progress:
            result = analysis.scan(progress=progress, **options)
        _show(result)
        if json is not None:
            json.parent.mkdir(parents=True, exist_ok=True)
            result.to_json(json)
            typer.echo(str(json))


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder for the results; made if it is not there.")],
) -> None:
    """Scan the cases of Burkitt's lymphoma that come with libpysal."""
    from enteroscan.datasets import load_burkitt

    with _errors_explained():
        with _progress() as progress:
            result = DEMONSTRATION.scan(load_burkitt(), progress=progress)
        _publish(result, out)


def _only(analyses: dict[str, bool]) -> str | None:
    """Return the one analysis that is asked for; None for the default."""
    wanted = [name for name, is_wanted in analyses.items() if is_wanted]
    if len(wanted) > 1:
        flags = " and ".join(f"--{name.replace('_', '-')}" for name in wanted)
        message = f"{flags} exclude each other"
        raise typer.BadParameter(message)
    return wanted[0] if wanted else None


def _make_spec(model: str, options: dict[str, Any]) -> ScanSpec:
    """Make a spec of the options that are given."""
    spec = MODELS[model]
    given = {name: value for name, value in options.items() if value is not None}
    foreign = given.keys() - {field.name for field in dataclasses.fields(spec)}
    if foreign:
        flags = ", ".join(f"--{name.replace('_', '-')}" for name in sorted(foreign))
        message = f"{flags}: not for --model {model}"
        raise typer.BadParameter(message)
    return spec(**given)


def _roles(columns: list[str]) -> dict[str, str]:
    pairs = [column.partition("=") for column in columns]
    wrong = [role for role, _, name in pairs if not role or not name]
    if wrong:
        message = f"--column {wrong[0]}: give a column and what it is called, like date=onset"
        raise typer.BadParameter(message)
    return {role: name for role, _, name in pairs}


def _read_csv(path: Path) -> pd.DataFrame:
    """Read texts, so that identifiers like 0351 stay as they are."""
    for encoding in ENCODINGS:
        try:
            return pd.read_csv(
                path, dtype=str, encoding=encoding, keep_default_na=False, na_values=[""]
            )
        except UnicodeDecodeError:
            continue
        except (pd.errors.EmptyDataError, pd.errors.ParserError) as error:
            message = f"{path}: this is no CSV file with a header: {error}"
            raise DataError(message) from error
    message = f"{path}: this text is in none of {', '.join(ENCODINGS)}; save it as UTF-8"
    raise DataError(message)


@contextmanager
def _errors_explained() -> Iterator[None]:
    """Say what is wrong with the input, without a traceback; the core raises ValueError."""
    try:
        yield
    except (EnteroscanError, OSError, ValueError) as error:
        typer.echo(f"enteroscan: {error}", err=True)
        raise typer.Exit(BAD_INPUT) from error


@contextmanager
def _progress() -> Iterator[Callable[[float], object] | None]:
    """Show a bar, on a terminal only."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task("Replicates", total=1.0)
        yield lambda share: bar.update(task, completed=share)


def _publish(result: "ScanResult", folder: Path) -> None:
    """Print the clusters, and write tables, picture and everything else into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    _show(result)
    for name in ("clusters", "members"):
        path = folder / f"{name}.csv"
        _spreadsheet_safe(getattr(result, name)).to_csv(path, index=False, encoding="utf-8")
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


def _spreadsheet_safe(frame: pd.DataFrame) -> pd.DataFrame:
    """Put an apostrophe before texts that a spreadsheet would take for a formula."""
    return frame.map(_spreadsheet_safe_cell)


def _spreadsheet_safe_cell(value: object) -> object:
    is_formula = isinstance(value, str) and value.startswith(FORMULA_STARTS)
    return f"'{value}" if is_formula else value


def _show(result: "ScanResult") -> None:
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
