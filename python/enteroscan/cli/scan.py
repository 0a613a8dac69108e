"""`enteroscan scan`: clusters in a CSV file."""

import dataclasses
from pathlib import Path
from typing import Annotated, Any, Literal

import pandas as pd
import typer

from enteroscan.cli._common import errors_explained, progress_bar
from enteroscan.cli._results import publish
from enteroscan.errors import DataError
from enteroscan.scan import (
    DURATION_SUFFIXES,
    BernoulliScan,
    Overlap,
    PoissonScan,
    PValues,
    RandomStream,
    Rates,
    ScanSpec,
    SpaceTimePermutation,
    TimeUnit,
)

ModelName = Literal["permutation", "poisson", "bernoulli"]

ENCODINGS = ("utf-8-sig", "gb18030")
MODELS: dict[str, type[ScanSpec]] = {
    "permutation": SpaceTimePermutation,
    "poisson": PoissonScan,
    "bernoulli": BernoulliScan,
}


def command(
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
    with errors_explained():
        spec = _make_spec(model, options)
        frames: dict[str, Any] = {
            name: _read_csv(path) for name, path in files.items() if path is not None
        }
        with progress_bar() as progress:
            result = spec.scan(
                _read_csv(cases),
                start=start,
                as_of=as_of,
                columns=_roles(column or []),
                on_invalid=on_invalid,
                progress=progress,
                **frames,
            )
        publish(result, out)


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
