"""Expected numbers of cases from populations that change over time."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from enteroscan._frames import Table, identifiers
from enteroscan._places import Codes, Floats, Places
from enteroscan._time import MISSING, TimeAxis, read_dates
from enteroscan.errors import DataError

Ints = NDArray[np.int64]

DAYS_FROM_JULY = 184  # to the end of the year


@dataclass(frozen=True)
class Population:
    """Rows of a population table that can be used."""

    place: Codes
    stratum: Codes
    day: Ints | None  # None: the same at all times
    size: Floats
    n_strata: int


def read_strata(tables: list[Table], columns: tuple[str, ...]) -> tuple[list[Codes], int]:
    """Return numbers for the combinations of some columns, the same ones in all tables."""
    lengths = np.cumsum([len(table) for table in tables])[:-1]
    codes = np.zeros(sum(len(table) for table in tables), dtype=np.intp)
    for column in columns:
        values = pd.concat([table.named(column) for table in tables], ignore_index=True)
        own, names = identifiers(values)
        for table, part in zip(tables, np.split(own, lengths), strict=True):
            table.reject(part < 0, column, "without a value")
        codes, _ = pd.factorize(codes * (len(names) + 1) + own)
    return list(np.split(codes, lengths)), int(codes.max(initial=0)) + 1


def read_population(
    table: Table, places: Places, stratum: Codes, n_strata: int, axis: TimeAxis
) -> Population:
    """Read populations by place, date (optional) and stratum."""
    place = places.codes_of(table)
    size = table.numbers("population")
    table.reject(~(np.isfinite(size) & (size >= 0)), "population", "without a number of at least 0")
    day = _census_days(table, axis) if table.has("date") else None
    return Population(
        table.select(place),
        table.select(stratum),
        None if day is None else table.select(day),
        table.select(size),
        n_strata,
    )


def _census_days(table: Table, axis: TimeAxis) -> Ints:
    """Return the day of every row: 1 July stands for a year, the 15th for a month (SaTScan)."""
    dates = read_dates(table, axis.unit if axis.dated else "day")
    if dates.first is dates.last:
        return dates.first
    length = dates.last - dates.first + 1
    middle: Ints = dates.first + np.select(
        [length > 31, length > 1], [length - DAYS_FROM_JULY, 14], 0
    )
    return middle


def expected_cases(
    population: Population,
    cases_in_stratum: Floats,
    n_places: int,
    axis: TimeAxis,
) -> Floats:
    """Return expected cases by place (row) and interval, by indirect standardisation.

    The risk in a stratum is the number of its cases over the sum of the places' populations,
    averaged over the study period. Populations change linearly between the dates of a place, and
    are constant before its first and after its last. Strata that a place lacks at one of its dates
    are empty then.
    """
    node, node_place, node_day = _nodes(population)
    weights = _interval_weights(
        node_place, node_day, axis
    )  # [node, interval], shares of the period
    time_average = weights.sum(axis=1)
    person_time = np.bincount(
        population.stratum, population.size * time_average[node], population.n_strata
    )
    risk = np.divide(
        cases_in_stratum, person_time, out=np.zeros_like(person_time), where=person_time > 0
    )
    rate = np.bincount(node, population.size * risk[population.stratum], len(node_place))
    expected = np.zeros((n_places, axis.n_intervals))
    order = np.argsort(node_place, kind="stable")
    starts = np.flatnonzero(np.diff(node_place[order], prepend=-1))
    rows = (weights * rate[:, None])[order]
    expected[node_place[order][starts]] = np.add.reduceat(rows, starts, axis=0)
    return expected


def _nodes(population: Population) -> tuple[Codes, Codes, Ints]:
    """Return the census of every row, and the place and the day of every census, sorted by both."""
    day = (
        np.zeros(len(population.place), dtype=np.int64)
        if population.day is None
        else population.day
    )
    days, day_code = np.unique(day, return_inverse=True)
    keys, node = np.unique(population.place * len(days) + day_code, return_inverse=True)
    return node, keys // len(days), days[keys % len(days)]


def _interval_weights(node_place: Codes, node_day: Ints, axis: TimeAxis) -> Floats:
    """Return how much the value at every census counts in every interval.

    Places with the same days have the same weights.
    """
    weights = np.empty((len(node_place), axis.n_intervals))
    starts = np.flatnonzero(np.diff(node_place, prepend=-1))
    known: dict[bytes, Floats] = {}
    for start, end in zip(starts, [*starts[1:], len(node_place)], strict=True):
        days = node_day[start:end]
        key = days.tobytes()
        if key not in known:
            known[key] = _hat_integrals(days, axis)
        weights[start:end] = known[key]
    return weights


def _hat_integrals(days: Ints, axis: TimeAxis) -> Floats:
    """Integrate, over every interval, the functions that interpolate between the days linearly.

    Function k is 1 on day k and 0 on the others. Returns shares of the study period.
    """
    grid = np.union1d(days, axis.bounds).astype(np.float64)
    at_bounds = np.searchsorted(grid, axis.bounds)
    weights = np.empty((len(days), axis.n_intervals))
    for k in range(len(days)):
        value = np.interp(grid, days, np.arange(len(days)) == k)
        pieces = (value[1:] + value[:-1]) / 2 * np.diff(grid)
        integral = np.concatenate([[0.0], np.cumsum(pieces)])
        weights[k] = np.diff(integral[at_bounds])
    shares: Floats = weights / (axis.bounds[-1] - axis.bounds[0])
    return shares


def adjust_by_relative_risks(
    expected: Floats, table: Table, places: Places, axis: TimeAxis
) -> Floats:
    """Multiply expected cases by known relative risks, and scale them to the same total.

    A risk with a start or an end holds in all intervals from that of its start to that of its end.
    """
    place = places.codes_of(table)
    risk = table.numbers("relative_risk")
    table.reject(
        ~(np.isfinite(risk) & (risk >= 0)), "relative_risk", "without a number of at least 0"
    )
    first, last = _risk_period(table, axis)
    adjusted = expected.copy()
    columns = (table.select(values) for values in (place, risk, first, last))
    for row, factor, begin, end in zip(*columns, strict=True):
        adjusted[row, begin : end + 1] *= factor
    total = adjusted.sum()
    if total <= 0:
        message = f"{table.name}: with these relative risks no cases are expected anywhere"
        raise DataError(message)
    scaled: Floats = adjusted * (expected.sum() / total)
    return scaled


def _risk_period(table: Table, axis: TimeAxis) -> tuple[Ints, Ints]:
    first = np.zeros(len(table), dtype=np.int64)
    last = np.full(len(table), axis.n_intervals - 1, dtype=np.int64)
    start = (
        read_dates(table, axis.unit, "start", required=False).first if table.has("start") else first
    )
    end = read_dates(table, axis.unit, "end", required=False).last if table.has("end") else last
    if table.has("start"):
        given = start != MISSING
        first[given] = np.maximum(axis.interval_of(start[given]), 0)
    if table.has("end"):
        given = end != MISSING
        last[given] = np.minimum(axis.interval_of(end[given]), axis.n_intervals - 1)
    if table.has("start") and table.has("end"):
        backwards = (start != MISSING) & (end != MISSING) & (start > end)
        table.reject(backwards, "start", "after the end")
    return first, last
