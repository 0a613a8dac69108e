"""Where and when to look, written out."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

EARTH_RADIUS_KM = 6367.0

# Weights of the locations, and the largest sum of weights in a zone.
SizeLimit = tuple[NDArray[np.float64], float]


Point = tuple[float, ...]


def points_in_space(coordinates: NDArray[np.float64], *, great_circle: bool) -> list[Point]:
    """Rows of coordinates with Euclidean distances; great-circle points lie on a sphere."""
    rows = [tuple(row) for row in coordinates.tolist()]
    return [_on_sphere(*row) for row in rows] if great_circle else rows


def _on_sphere(latitude: float, longitude: float) -> Point:
    north, east = math.radians(latitude), math.radians(longitude)
    return (
        EARTH_RADIUS_KM * math.cos(north) * math.cos(east),
        EARTH_RADIUS_KM * math.cos(north) * math.sin(east),
        EARTH_RADIUS_KM * math.sin(north),
    )


def distance(a: Point, b: Point) -> float:
    """Euclidean distance: between points on the sphere the chord, in km."""
    return math.sqrt(sum((p - q) ** 2 for p, q in zip(a, b, strict=True)))


def entry_order(centre: Point, points: Sequence[Point]) -> list[int]:
    """Location numbers by distance from the centre; equal distances by lesser coordinates."""
    return sorted(range(len(points)), key=lambda i: (distance(centre, points[i]), points[i]))


def prefixes_within(order: Sequence[int], limits: Sequence[SizeLimit]) -> list[int]:
    """The start of `order`, up to the first location with which a limit would be exceeded."""
    members: list[int] = []
    for location in order:
        grown = [*members, location]
        if any(sum(float(weights[i]) for i in grown) > limit for weights, limit in limits):
            break
        members = grown
    return members


def growing(members: Sequence[int]) -> list[list[int]]:
    """The zones of one member, of two, ... of all."""
    return [list(members[:size]) for size in range(1, len(members) + 1)]


def largest_circles(
    centres: NDArray[np.float64],
    locations: NDArray[np.float64],
    *,
    great_circle: bool,
    limits: Sequence[SizeLimit] = (),
    max_radius: float = math.inf,
) -> list[list[int]]:
    """For every centre the members of its largest circle, in order of entry.

    The radius limit is compared with the chord. `growing` makes the zones of them.
    """
    points = points_in_space(locations, great_circle=great_circle)
    largest = []
    for centre in points_in_space(centres, great_circle=great_circle):
        order = entry_order(centre, points)
        near = [i for i in order if distance(centre, points[i]) <= max_radius]
        largest.append(prefixes_within(near, limits))
    return largest


def all_windows(n_intervals: int, *, min_length: int, max_length: int) -> list[tuple[int, int]]:
    """Every [start, end) whose length is allowed."""
    return [
        (start, end)
        for end in range(1, n_intervals + 1)
        for start in range(end)
        if min_length <= end - start <= max_length
    ]


def open_windows(
    n_intervals: int, *, min_length: int, max_length: int, first_end: int
) -> list[tuple[int, int]]:
    """Every [start, end) that was still open in an analysis at first_end or later."""
    windows = all_windows(n_intervals, min_length=min_length, max_length=max_length)
    return [(start, end) for start, end in windows if end >= first_end]
