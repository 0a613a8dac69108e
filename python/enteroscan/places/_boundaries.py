"""Boundaries of areas, and which area each case lies in."""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from enteroscan.errors import DataError, MissingExtra
from enteroscan.places._datums import CRS, to_wgs84

if TYPE_CHECKING:
    import geopandas as gpd

_CODES = ("code", "adcode", "gb", "区划代码", "行政区划代码", "国标码", "代码", "编码", "pac", "id")
_NAMES = ("name", "名称", "地名", "区划名称", "行政区划名称", "街道", "全称")
_SHIFTED: dict[str, CRS] = {"gcj02": "gcj02", "bd09": "bd09"}


def read_boundaries(
    path: str | Path,
    *,
    code: str | None = None,
    name: str | None = None,
    crs: str | None = None,
    layer: str | None = None,
    encoding: str | None = None,
) -> "gpd.GeoDataFrame":
    """Read areas from GeoJSON, Shapefile or GeoPackage (needs the extra `geo`).

    Parameters
    ----------
    code, name
        What the columns are called, if not code, adcode, 区划代码, ... and name, 名称, ...
    crs
        System of the coordinates. None: what the file says; a Shapefile without .prj needs it.
        Chinese map services give `gcj02` or `bd09`, which no file says. Else what pyproj
        understands.
    layer
        Layer of a GeoPackage that has several.
    encoding
        Of the texts in a Shapefile. None: what the file says, else UTF-8 or GB18030.

    Returns
    -------
    GeoDataFrame
        `code` and `name` (string, missing where there is no such column), `geometry` in WGS-84
        (EPSG:4326). Geometries that cross themselves are repaired, with a warning that counts them.

    Raises
    ------
    MissingExtra
        geopandas is not installed.
    DataError
        The file cannot be read, has no areas, no known system, or neither codes nor names.
    """
    try:
        import geopandas as gpd
        import shapely
    except ImportError as error:
        raise MissingExtra("geopandas", "geo") from error  # noqa: EM101
    path = Path(path)
    if not path.exists():
        message = f"{path}: there is no such file"
        raise DataError(message)
    try:
        frame = _read(path, encoding, layer)
    except (RuntimeError, UnicodeError) as error:  # what pyogrio raises
        message = f"{path}: {error}; give a GeoJSON, Shapefile (.shp) or GeoPackage"
        raise DataError(message) from error
    if not isinstance(frame, gpd.GeoDataFrame):
        message = f"{path}: there are no geometries in it"
        raise DataError(message)
    columns = {"code": _find(frame, _CODES, code, path), "name": _find(frame, _NAMES, name, path)}
    if not any(columns.values()):
        listed = ", ".join(repr(column) for column in frame.columns)
        message = (
            f"{path}: neither codes nor names of areas; there are {listed}. Say code= or name="
        )
        raise DataError(message)
    geometry = np.asarray(_in_wgs84(frame, crs, path).geometry.array, dtype=object)
    areas = np.isin(shapely.get_type_id(geometry), (3, 6))  # polygons, multipolygons
    if not areas.all():
        rows = ", ".join(str(row) for row in np.flatnonzero(~areas)[:5])
        message = f"{path}: {int((~areas).sum())} rows have no area (rows {rows}); take them out"
        raise DataError(message)
    broken = ~shapely.is_valid(geometry)
    if broken.any():
        message = f"{path}: {int(broken.sum())} boundaries cross themselves and were repaired"
        warnings.warn(message, UserWarning, stacklevel=2)
        geometry[broken] = shapely.make_valid(geometry[broken])
    table = {
        role: _texts(frame[column]) if column else pd.array([None] * len(frame), dtype="string")
        for role, column in columns.items()
    }
    return gpd.GeoDataFrame(table, geometry=list(geometry), crs="EPSG:4326")


def assign_areas(
    cases: pd.DataFrame,
    boundaries: "gpd.GeoDataFrame",
    *,
    latitude: str = "latitude",
    longitude: str = "longitude",
) -> pd.DataFrame:
    """Say in which area each case lies.

    Parameters
    ----------
    cases
        Coordinates in WGS-84; cases without any lie nowhere.
    boundaries
        What `read_boundaries` returns.

    Returns
    -------
    DataFrame
        Indexed like `cases`: `area_code`, `area_name`, missing outside of all areas, and `n_areas`,
        in how many areas a case lies. A case on a border, or where areas overlap, belongs to the
        area that comes first in `boundaries`.
    """
    try:
        import shapely
    except ImportError as error:
        raise MissingExtra("shapely", "geo") from error  # noqa: EM101
    for column in (latitude, longitude):
        if column not in cases.columns:
            listed = ", ".join(repr(name) for name in cases.columns)
            message = f"cases: there is no column {column!r}; there are {listed}"
            raise DataError(message)
    if boundaries.crs is None or not boundaries.crs.equals("EPSG:4326"):
        message = "boundaries: not in WGS-84; read them with read_boundaries, or use .to_crs(4326)"
        raise DataError(message)
    x, y = _numbers(cases[longitude]), _numbers(cases[latitude])
    known = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    tree = shapely.STRtree(np.asarray(boundaries.geometry.array, dtype=object))
    hits, areas = tree.query(shapely.points(np.column_stack([x, y])[known]), predicate="intersects")
    first = np.full(len(cases), len(boundaries), dtype=np.intp)
    np.minimum.at(first, known[hits], areas)
    first[first == len(boundaries)] = -1
    return pd.DataFrame(
        {
            "area_code": boundaries["code"].array.take(first, allow_fill=True),
            "area_name": boundaries["name"].array.take(first, allow_fill=True),
            "n_areas": np.bincount(known[hits], minlength=len(cases)),
        },
        index=cases.index,
    )


def _read(path: Path, encoding: str | None, layer: str | None) -> pd.DataFrame:
    import geopandas as gpd

    if path.suffix.casefold() != ".shp" or encoding or path.with_suffix(".cpg").exists():
        return gpd.read_file(path, layer=layer, encoding=encoding)
    try:
        return gpd.read_file(path, encoding="UTF-8")
    except UnicodeDecodeError:
        return gpd.read_file(path, encoding="GB18030")


def _in_wgs84(frame: "gpd.GeoDataFrame", crs: str | None, path: Path) -> "gpd.GeoDataFrame":
    import pyproj
    import shapely

    system = _SHIFTED.get((crs or "").casefold())
    if system is not None:

        def back(points: NDArray[np.float64]) -> NDArray[np.float64]:
            latitude, longitude = to_wgs84(points[:, 1], points[:, 0], crs=system)
            return np.column_stack([longitude, latitude])

        moved = shapely.transform(np.asarray(frame.geometry.array, dtype=object), back)
        return frame.set_geometry(list(moved), crs="EPSG:4326")
    if crs is not None:
        wanted = "EPSG:4326" if crs.casefold() == "wgs84" else crs
        try:
            frame = frame.set_crs(wanted, allow_override=True)
        except pyproj.exceptions.CRSError as error:
            message = f"{path}: crs={crs!r} is unknown: {error}"
            raise DataError(message) from error
    if frame.crs is None:
        message = f"{path}: it does not say its coordinate system; say it: crs='wgs84', for example"
        raise DataError(message)
    return frame.to_crs("EPSG:4326")


def _find(frame: pd.DataFrame, names: tuple[str, ...], given: str | None, path: Path) -> str | None:
    if given is not None:
        if given not in frame.columns:
            listed = ", ".join(repr(column) for column in frame.columns)
            message = f"{path}: there is no column {given!r}; there are {listed}"
            raise DataError(message)
        return given
    written = {str(column).casefold(): str(column) for column in frame.columns}
    return next((written[name] for name in names if name in written), None)


def _texts(values: "pd.Series[Any]") -> "pd.api.extensions.ExtensionArray":
    if values.dtype.kind == "f" and (values.dropna() % 1 == 0).all():
        values = values.astype("Int64")
    return values.astype("string").array


def _numbers(values: "pd.Series[Any]") -> NDArray[np.float64]:
    return values.to_numpy(dtype=np.float64, na_value=np.nan)
