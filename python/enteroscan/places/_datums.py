"""GCJ-02 (Amap, Tencent) and BD-09 (Baidu), to WGS-84 (GPS) and back.

The shift of GCJ-02 is defined by a formula that became public; BD-09 shifts GCJ-02 once more. The
formulas lead away from WGS-84. The way back is found by iteration on them, to far less than a
millimetre, where the widely copied one-step inverses are wrong by a metre or two.
"""

from collections.abc import Callable
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from enteroscan.errors import DataError, SpecError

Floats = NDArray[np.float64]
Shift = Callable[[Floats, Floats], tuple[Floats, Floats]]
CRS = Literal["wgs84", "gcj02", "bd09"]

# Krasovsky 1940: semi-major axis in metres, and first eccentricity squared.
_AXIS_M = 6378245.0
_ECCENTRICITY_SQUARED = 0.00669342162296594323
# The box outside of which nothing is shifted.
_SOUTH, _NORTH = 0.8293, 55.8271
_WEST, _EAST = 72.004, 137.8347
_BAIDU_LATITUDE, _BAIDU_LONGITUDE = 0.006, 0.0065
_BAIDU_PERIOD = np.pi * 3000.0 / 180.0
_EXACT_DEGREES = 1e-11  # about a micrometre
_LONGEST = 60  # passes; four or five are enough but for points on the meridian of 105 degrees


def to_wgs84(latitude: ArrayLike, longitude: ArrayLike, *, crs: CRS) -> tuple[Floats, Floats]:
    """Return latitudes and longitudes in WGS-84.

    Parameters
    ----------
    latitude, longitude
        Degrees in the system `crs`; NaN stays NaN. Any shape that numpy can broadcast.
    crs
        `gcj02` (Amap, Tencent, and what Chinese phones give), `bd09` (Baidu) or `wgs84` (GPS,
        Tianditu, CGCS2000 to less than a metre), which changes nothing.

    Returns
    -------
    tuple of arrays
        Latitudes and longitudes in degrees, correct to less than 1e-9 degrees. Points outside of
        latitude 0.8293 to 55.8271 and longitude 72.004 to 137.8347 stay where they are, as on
        those maps.

    Raises
    ------
    SpecError
        The system is unknown.
    DataError
        Latitudes and longitudes do not fit together.

    Notes
    -----
    Constants and formulas as in eviltransform (googollee, 2013), with the inverse by fixed-point
    iteration. A WGS-84 point next to the edge of the box may not come back, since its image lies
    on the other side; no part of China is there.

    Examples
    --------
    >>> latitude, longitude = to_wgs84([31.17530398], [121.53154186], crs="gcj02")
    >>> print(latitude.round(6), longitude.round(6))
    [31.177428] [121.527211]
    """
    shift = _shift(crs)
    there = _points(latitude, longitude)
    if shift is None:
        return there
    inside = _inside(*there)
    wanted = there[0][inside], there[1][inside]
    found = _undone(wanted, shift)
    return _placed(there, inside, found)


def from_wgs84(latitude: ArrayLike, longitude: ArrayLike, *, crs: CRS) -> tuple[Floats, Floats]:
    """Return latitudes and longitudes in another system; see `to_wgs84`.

    Examples
    --------
    >>> latitude, longitude = from_wgs84([31.1774276], [121.5272106], crs="gcj02")
    >>> print(latitude.round(6), longitude.round(6))
    [31.175304] [121.531542]
    """
    shift = _shift(crs)
    here = _points(latitude, longitude)
    if shift is None:
        return here
    inside = _inside(*here)
    return _placed(here, inside, shift(here[0][inside], here[1][inside]))


def _shift(crs: str) -> Shift | None:
    if crs not in get_args(CRS):
        message = f"crs={crs!r} is unknown; choose from {', '.join(get_args(CRS))}"
        raise SpecError(message)
    return {"gcj02": _to_gcj02, "bd09": _to_bd09}.get(crs)


def _points(latitude: ArrayLike, longitude: ArrayLike) -> tuple[Floats, Floats]:
    try:
        pair = np.broadcast_arrays(_floats(latitude), _floats(longitude))
    except ValueError as error:
        message = f"latitudes and longitudes do not fit together: {error}; give as many of each"
        raise DataError(message) from error
    return pair[0].copy(), pair[1].copy()


def _floats(values: ArrayLike) -> Floats:
    """Read numbers, with the missing values of pandas as NaN."""
    to_numpy = getattr(values, "to_numpy", None)
    if to_numpy is not None:
        return np.asarray(to_numpy(dtype=np.float64, na_value=np.nan))
    return np.asarray(values, dtype=np.float64)


def _inside(latitude: Floats, longitude: Floats) -> NDArray[np.bool_]:
    return (latitude >= _SOUTH) & (latitude <= _NORTH) & (longitude >= _WEST) & (longitude <= _EAST)


def _placed(
    points: tuple[Floats, Floats], inside: NDArray[np.bool_], moved: tuple[Floats, Floats]
) -> tuple[Floats, Floats]:
    for values, new in zip(points, moved, strict=True):
        values[inside] = new
    return points


def _undone(wanted: tuple[Floats, Floats], shift: Shift) -> tuple[Floats, Floats]:
    """Find the points that a shift moves to where they are wanted."""
    latitude, longitude = wanted[0].copy(), wanted[1].copy()
    for _ in range(_LONGEST):
        moved = shift(latitude, longitude)
        off = wanted[0] - moved[0], wanted[1] - moved[1]
        latitude += off[0]
        longitude += off[1]
        if not any(np.any(np.abs(part) > _EXACT_DEGREES) for part in off):
            break
    return latitude, longitude


def _to_gcj02(latitude: Floats, longitude: Floats) -> tuple[Floats, Floats]:
    x, y = longitude - 105.0, latitude - 35.0
    root, product = np.sqrt(np.abs(x)), x * y
    common = 20.0 * np.sin(6.0 * np.pi * x) + 20.0 * np.sin(2.0 * np.pi * x)
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * product + 0.2 * root + common * 2 / 3
    north += (20.0 * np.sin(np.pi * y) + 40.0 * np.sin(np.pi / 3 * y)) * 2 / 3
    north += (160.0 * np.sin(np.pi / 12 * y) + 320.0 * np.sin(np.pi / 30 * y)) * 2 / 3
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * product + 0.1 * root + common * 2 / 3
    east += (20.0 * np.sin(np.pi * x) + 40.0 * np.sin(np.pi / 3 * x)) * 2 / 3
    east += (150.0 * np.sin(np.pi / 12 * x) + 300.0 * np.sin(np.pi / 30 * x)) * 2 / 3
    angle = np.radians(latitude)
    flatness = 1.0 - _ECCENTRICITY_SQUARED * np.sin(angle) ** 2
    meridian_m = _AXIS_M * (1.0 - _ECCENTRICITY_SQUARED) / flatness**1.5
    parallel_m = _AXIS_M / np.sqrt(flatness) * np.cos(angle)
    return latitude + np.degrees(north / meridian_m), longitude + np.degrees(east / parallel_m)


def _to_bd09(latitude: Floats, longitude: Floats) -> tuple[Floats, Floats]:
    y, x = _to_gcj02(latitude, longitude)
    radius = np.hypot(x, y) + 0.00002 * np.sin(y * _BAIDU_PERIOD)
    angle = np.arctan2(y, x) + 0.000003 * np.cos(x * _BAIDU_PERIOD)
    return radius * np.sin(angle) + _BAIDU_LATITUDE, radius * np.cos(angle) + _BAIDU_LONGITUDE
