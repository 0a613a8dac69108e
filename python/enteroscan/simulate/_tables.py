"""The figures of the simulation, each with its source, from the CSV files in `data`."""

import tomllib
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from enteroscan.simulate._streams import Floats

DATA = Path(__file__).parent / "data"


@cache
def table(name: str) -> pd.DataFrame:
    """Return a table of `data`; do not change it."""
    return pd.read_csv(DATA / f"{name}.csv", encoding="utf-8")


def texts(name: str, column: str) -> list[str]:
    """Return a column of a table as texts."""
    return [str(value) for value in table(name)[column]]


def numbers(name: str, column: str) -> Floats:
    """Return a column of a table as numbers."""
    values: Floats = np.asarray(table(name)[column], dtype=np.float64)
    return values


def sources() -> pd.DataFrame:
    """Return where the tables of figures come from, and their versions."""
    told = tomllib.loads((DATA / "sources.toml").read_text(encoding="utf-8"))
    rows = [(name, about["version"], about["source"]) for name, about in told.items()]
    return pd.DataFrame(rows, columns=["table", "version", "source"])


@cache
def words(name: str) -> tuple[str, ...]:
    """Return invented names of a kind, from `names.toml`."""
    lists = tomllib.loads((DATA / "names.toml").read_text(encoding="utf-8"))
    return tuple(str(lists[name]).split())


def weighted(text: object) -> tuple[list[str], Floats]:
    """Read ``"a:0.7|b:0.3"``."""
    if not isinstance(text, str):
        return [], np.empty(0)
    pairs = [part.rsplit(":", 1) for part in text.split("|")]
    return [name for name, _ in pairs], np.array([float(weight) for _, weight in pairs])


def rake(affinity: Floats, rows: Floats, columns: Floats) -> Floats:
    """Fit a table to its margins by iterative proportional fitting; zeros stay zero."""
    fitted: Floats = affinity / affinity.sum()
    rows, columns = rows / rows.sum(), columns / columns.sum()
    for _ in range(1000):
        fitted *= (rows / fitted.sum(axis=1))[:, None]
        fitted *= columns / fitted.sum(axis=0)
        if np.abs(fitted.sum(axis=1) - rows).max() < 1e-12:
            break
    return fitted


@cache
def survival_of_sizes() -> tuple[NDArray[np.int64], Floats]:
    """Return sizes of outbreaks, and the share of outbreaks of at least that size."""
    knots, at_least = numbers("outbreak_sizes", "size"), numbers("outbreak_sizes", "at_least")
    sizes = np.arange(int(knots[0]), int(knots[-1]) + 1)
    return sizes, np.exp(np.interp(np.log(sizes), np.log(knots), np.log(at_least)))
