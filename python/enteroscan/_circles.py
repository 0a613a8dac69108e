"""Clusters as circles on a map."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from enteroscan._places import Floats

if TYPE_CHECKING:
    import shapely

EARTH_RADIUS_KM = 6367.0  # as in the compiled core
CORNERS = 128


def outline(latitude: float, longitude: float, radius_km: float) -> Floats:
    """Return points on a circle around a place on the globe: rows of longitude, latitude.

    Longitudes go on beyond 180 degrees where the circle does.
    """
    bearing = np.linspace(0.0, 2 * np.pi, CORNERS + 1)
    lat, arc = np.radians(latitude), radius_km / EARTH_RADIUS_KM
    sine = np.sin(lat) * np.cos(arc) + np.cos(lat) * np.sin(arc) * np.cos(bearing)
    east = np.arctan2(np.sin(bearing) * np.sin(arc) * np.cos(lat), np.cos(arc) - np.sin(lat) * sine)
    return np.column_stack([longitude + np.degrees(east), np.degrees(np.arcsin(sine))])


def ring(x: float, y: float, radius: float, *, great_circle: bool) -> Floats:
    """Return the corners of a circle on a map: rows of x, y or longitude, latitude."""
    if great_circle:
        return outline(y, x, radius)
    angle = np.linspace(0.0, 2 * np.pi, CORNERS + 1)
    return np.column_stack([x + radius * np.cos(angle), y + radius * np.sin(angle)])


def circles(clusters: pd.DataFrame, *, great_circle: bool) -> NDArray[np.object_]:
    """Return the circle of every cluster; a point for a radius of 0, None without a radius."""
    if great_circle:
        columns = ["longitude", "latitude", "radius_km"]
    elif "y" in clusters and "z" not in clusters:
        columns = ["x", "y", "radius"]
    else:  # no coordinates, or not on a plane
        return np.full(len(clusters), None)
    shapes = [_circle(*row, great_circle=great_circle) for row in clusters[columns].to_numpy()]
    return np.array(shapes, dtype=np.object_)


def _circle(x: float, y: float, radius: float, *, great_circle: bool) -> "shapely.Geometry | None":
    import shapely

    if np.isnan(radius):
        return None
    if radius == 0:
        return shapely.Point(x, y)
    return shapely.Polygon(ring(x, y, radius, great_circle=great_circle))
