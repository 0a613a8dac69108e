"""Places: their identifiers and coordinates, with those at the same spot made one."""

import sys
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from enteroscan._frames import Bools, Table, identifiers
from enteroscan.errors import DataError

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]

ALL_PLACES = "All"


@dataclass(frozen=True)
class Coordinates:
    """Coordinates as rows: latitude and longitude if great_circle, else x, y, ..."""

    points: Floats
    great_circle: bool
    crs: Any = None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns."""
        if self.great_circle:
            return ("latitude", "longitude")
        return ("x", "y", "z")[: self.points.shape[1]]


@dataclass(frozen=True)
class Places:
    """Distinct spots on the map. Each has the alphabetically first of its identifiers."""

    names: list[str]
    coordinates: Coordinates | None
    codes: dict[str, int] | None = field(repr=False)  # of all identifiers; None: all are one place
    members: list[list[str]] = field(
        repr=False
    )  # all identifiers of a place, in alphabetical order

    def __len__(self) -> int:
        return len(self.names)

    @classmethod
    def single(cls) -> Self:
        """Make the whole area one place."""
        return cls([ALL_PLACES], None, None, [[]])

    @classmethod
    def without_coordinates(cls, names: list[str]) -> Self:
        """Make every identifier a place of its own, in alphabetical order."""
        names = sorted(names)
        codes = {name: number for number, name in enumerate(names)}
        return cls(names, None, codes, [[name] for name in names])

    @classmethod
    def merged(cls, names: list[str], coordinates: Coordinates) -> Self:
        """Make places of identifiers, in alphabetical order; one of those at the same spot.

        The order decides between equally likely clusters, as in SaTScan.
        """
        order = sorted(range(len(names)), key=names.__getitem__)
        names = [names[row] for row in order]
        values = coordinates.points[order] + 0.0  # -0.0 is 0.0
        codes, first_rows = _group_rows(values)
        members: list[list[str]] = [[] for _ in first_rows]
        for name, code in zip(names, codes.tolist(), strict=True):
            members[code].append(name)
        return cls(
            [group[0] for group in members],
            Coordinates(values[first_rows], coordinates.great_circle, coordinates.crs),
            dict(zip(names, codes.tolist(), strict=True)),
            members,
        )

    def codes_of(self, table: Table, role: str = "location") -> Codes:
        """Return the place of every row of a table; rows of unknown places are rejected."""
        if self.codes is None:
            return np.zeros(len(table), dtype=np.intp)
        rows, names = identifiers(table.column(role))
        table.reject(rows < 0, role, "without a location")
        lookup = np.array([self.codes.get(name, -1) for name in names] + [0], dtype=np.intp)
        codes: Codes = lookup[rows]
        table.reject(codes < 0, role, "with a location that is not among the locations")
        return codes


def _group_rows(values: Floats) -> tuple[Codes, Codes]:
    """Return a number for every row, the same for equal ones, and the first row of each."""
    codes = np.zeros(len(values), dtype=np.intp)
    for axis in values.T:
        own, uniques = pd.factorize(axis)
        codes, _ = pd.factorize(codes * len(uniques) + own)
    _, first_rows = np.unique(codes, return_index=True)
    return codes, first_rows


def read_coordinates(table: Table) -> Coordinates | None:
    """Read a geometry, or latitude and longitude, or x, y, z; return None if there are none."""
    geopandas = sys.modules.get("geopandas")
    if geopandas is not None and isinstance(table.frame, geopandas.GeoDataFrame):
        return _from_geometry(table)
    roles = _coordinate_roles(table)
    if not roles:
        return None
    values = np.column_stack([table.numbers(role) for role in roles])
    for axis, role in enumerate(roles):
        table.reject(~np.isfinite(values[:, axis]), role, "without a finite coordinate")
    if roles[0] != "latitude":
        return Coordinates(values, great_circle=False)
    _check_degrees(table, "latitude", values[:, 0], -90.0, 90.0)
    _check_degrees(table, "longitude", values[:, 1], -180.0, 360.0)
    return Coordinates(values, great_circle=True)


def _check_degrees(table: Table, role: str, values: Floats, least: float, greatest: float) -> None:
    outside: Bools = (values < least) | (values > greatest)
    table.reject(
        outside,
        role,
        f"outside {least:g} to {greatest:g} degrees",
        "are latitude and longitude exchanged, or are these not degrees?",
    )


def _coordinate_roles(table: Table) -> tuple[str, ...]:
    degrees = [role for role in ("latitude", "longitude") if table.has(role)]
    if len(degrees) == 1:
        other = "longitude" if degrees == ["latitude"] else "latitude"
        table.column(other)  # says what is missing
    if degrees:
        return tuple(degrees)
    axes: list[str] = []
    for role in ("x", "y", "z"):
        if not table.has(role):
            break
        axes.append(role)
    return tuple(axes)


def _from_geometry(table: Table) -> Coordinates:
    import shapely  # comes with geopandas

    geometry = table.frame.geometry
    if geometry.crs is None:
        message = (
            f"{table.name}: the geometry has no coordinate reference system; say which it is "
            "with set_crs, for example set_crs('EPSG:4326') for longitude and latitude"
        )
        raise DataError(message)
    points = shapely.centroid(geometry.to_numpy())
    x, y = shapely.get_x(points), shapely.get_y(points)
    table.reject(~np.isfinite(x) | ~np.isfinite(y), str(geometry.name), "without a place")
    if geometry.crs.is_geographic:
        return Coordinates(np.column_stack([y, x]), great_circle=True, crs=geometry.crs)
    return Coordinates(np.column_stack([x, y]), great_circle=False, crs=geometry.crs)


def places_from_locations(table: Table) -> Places:
    """Read a table with one row for each location."""
    rows, names = identifiers(table.column("location"))
    table.reject(rows < 0, "location", "without a location")
    repeated = pd.Series(rows).duplicated(keep=False).to_numpy() & (rows >= 0)
    table.reject(repeated, "location", "with a location that occurs twice", "keep one row of each")
    coordinates = read_coordinates(table)
    kept = [names[row] for row in table.select(rows).tolist()]
    if not kept:
        message = f"{table.name}: there is no location"
        raise DataError(message)
    if coordinates is None:
        return Places.without_coordinates(kept)
    return Places.merged(kept, _select(table, coordinates))


def places_from_cases(tables: list[Table]) -> tuple[Places, list[Codes]]:
    """Read places from the coordinates of cases (and controls); return the place of every row, too.

    Without a column of locations, every spot is a location and is called by its coordinates.
    """
    parts = [_points(table) for table in tables]
    if len({(part.great_circle, part.points.shape[1]) for part in parts}) > 1:
        message = "cases and controls must have coordinates of the same kind"
        raise DataError(message)
    values = np.concatenate([part.points for part in parts])
    if not all(table.has("location") for table in tables):
        spots, first_rows = _group_rows(np.where(np.isfinite(values), values + 0.0, 0.0))
        names = [", ".join(map(_write, row)) for row in values[first_rows].tolist()]
        usable = np.concatenate([_mask(table) for table in tables])
        used = np.zeros(len(names), dtype=bool)
        used[spots[usable]] = True
        return _keep_used(names, values[first_rows], used, spots, parts[0], tables)
    return _places_with_names(tables, values, parts[0])


def _write(number: float) -> str:
    return repr(number).removesuffix(".0")


def _points(table: Table) -> Coordinates:
    coordinates = read_coordinates(table)
    if coordinates is None:
        message = (
            f"{table.name}: where are they? Give `locations` (location, and latitude and longitude "
            f"or x and y), or these coordinates in {table.name}; say with `columns` what they are "
            "called"
        )
        raise DataError(message)
    return coordinates


def _places_with_names(
    tables: list[Table], values: Floats, kind: Coordinates
) -> tuple[Places, list[Codes]]:
    columns = pd.concat([table.column("location") for table in tables], ignore_index=True)
    rows, names = identifiers(columns)
    start = 0
    for table in tables:
        table.reject(rows[start : start + len(table)] < 0, "location", "without a location")
        start += len(table)
    usable = np.concatenate([_mask(table) for table in tables])
    first_rows = np.zeros(len(names), dtype=np.intp)
    candidates = np.flatnonzero(usable)[::-1]
    first_rows[rows[candidates]] = candidates
    elsewhere = (values != values[first_rows[rows]]).any(axis=1)
    start = 0
    for table in tables:
        table.reject(
            elsewhere[start : start + len(table)],
            "location",
            "with other coordinates than the first row of the same location",
            "give every location one place",
        )
        start += len(table)
    used = np.zeros(len(names), dtype=bool)
    used[rows[usable]] = True
    return _keep_used(names, values[first_rows], used, rows, kind, tables)


def _keep_used(
    names: list[str],
    values: Floats,
    used: Bools,
    rows: Codes,
    kind: Coordinates,
    tables: list[Table],
) -> tuple[Places, list[Codes]]:
    if not used.any():
        message = f"{tables[0].name}: there is no row that can be used"
        raise DataError(message)
    kept = [name for name, keep in zip(names, used.tolist(), strict=True) if keep]
    places = Places.merged(kept, Coordinates(values[used], kind.great_circle, kind.crs))
    known = places.codes or {}
    lookup = np.array([known.get(name, -1) for name in names], dtype=np.intp)
    codes = lookup[rows]
    lengths = np.cumsum([len(table) for table in tables])[:-1]
    return places, list(np.split(codes, lengths))


def _mask(table: Table) -> Bools:
    return np.ones(len(table), dtype=bool) if table.usable is None else table.usable


def _select(table: Table, coordinates: Coordinates) -> Coordinates:
    return Coordinates(table.select(coordinates.points), coordinates.great_circle, coordinates.crs)
