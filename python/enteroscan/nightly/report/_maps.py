"""Geometry of maps, in the pixels of a picture: the area's own boundaries, no tiles."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from enteroscan._circles import ring
from enteroscan.nightly.report._document import Case, SignalPart
from enteroscan.nightly.report._plain import finite, readable

WIDTH, HEIGHT = 460.0, 300.0
MARGIN = 26.0
KM_PER_DEGREE = 111.195
FINEST = 2_000  # the area's boundaries are drawn on so fine a grid
SMALLEST_KM = 1.5  # width of the closest view
NAMES = ("name", "NAME", "Name", "名称", "name_zh")
LARGEST_LABELS = 24

Position = tuple[float, float]
Ring = tuple[Position, ...]


@dataclass(frozen=True)
class Box:
    """A rectangle in kilometres; y grows southwards, as in pictures."""

    left: float
    top: float
    right: float
    bottom: float

    @classmethod
    def around(cls, positions: Sequence[Position]) -> "Box":
        """Return the smallest box that holds all positions."""
        x, y = [at for at, _ in positions], [at for _, at in positions]
        return cls(min(x), min(y), max(x), max(y))

    @property
    def centre(self) -> Position:
        """The middle."""
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2

    def holds(self, position: Position, margin: float = 0.0) -> bool:
        """Whether a position lies inside, or at most a margin outside."""
        x, y = position
        return (
            self.left - margin <= x <= self.right + margin
            and self.top - margin <= y <= self.bottom + margin
        )


@dataclass(frozen=True)
class Plane:
    """Kilometres east and south of a point; good for a province."""

    latitude: float
    longitude: float

    def __call__(self, longitude: float, latitude: float) -> Position:
        """Return where a place is."""
        east = (longitude - self.longitude) * math.cos(math.radians(self.latitude))
        return east * KM_PER_DEGREE, (self.latitude - latitude) * KM_PER_DEGREE


@dataclass(frozen=True)
class Area:
    """Boundaries in kilometres, and the names of their parts."""

    plane: Plane
    rings: tuple[Ring, ...]
    names: tuple[tuple[str, Position], ...]
    box: Box | None


@dataclass(frozen=True)
class Dot:
    """Cases at one place."""

    x: float
    y: float
    radius: float
    n: int
    n_new: int


@dataclass(frozen=True)
class Label:
    """A name on the map."""

    x: float
    y: float
    text: str


@dataclass(frozen=True)
class Map:
    """A map of a signal; `scale` and `shift` bring the area's kilometres to pixels."""

    scale: float
    shift: Position
    zones: tuple[Ring, ...]
    dots: tuple[Dot, ...]
    labels: tuple[Label, ...]
    bar_km: float
    n_outside: int
    n_without: int
    view: Box
    shows_part: bool
    width: float = WIDTH
    height: float = HEIGHT


def read_area(boundaries: Mapping[str, Any] | None, cases: Sequence[Case]) -> Area:
    """Return boundaries on a plane; without boundaries the plane lies around the cases."""
    parts = [
        (_name(feature), [list(part) for part in _rings(feature.get("geometry"))])
        for feature in _features(boundaries)
    ]
    degrees = [position for _, rings in parts for part in rings for position in part]
    if not degrees:
        degrees = [at for case in cases if (at := _place(case)) is not None] or [(0.0, 0.0)]
        return Area(_plane(degrees), (), (), None)
    plane = _plane(degrees)
    box = Box.around([plane(*position) for position in degrees])
    grid = max(box.right - box.left, box.bottom - box.top) / FINEST
    drawn = [(name, [_snapped(part, plane, grid) for part in rings]) for name, rings in parts]
    names = [
        (name, Box.around([at for part in rings for at in part]).centre)
        for name, rings in drawn
        if name and rings
    ]
    rings = tuple(part for _, rings in drawn for part in rings)
    return Area(plane, rings, tuple(names), box)


def _features(boundaries: Mapping[str, Any] | None) -> Iterator[Mapping[str, Any]]:
    features = boundaries.get("features") if isinstance(boundaries, Mapping) else None
    for feature in features if isinstance(features, list | tuple) else ():
        if isinstance(feature, Mapping):
            yield feature


def _name(feature: Mapping[str, Any]) -> str:
    properties = feature.get("properties")
    given = properties if isinstance(properties, Mapping) else {}
    return next((readable(given[name])[:20] for name in NAMES if given.get(name)), "")


def _rings(geometry: object) -> Iterator[Ring]:
    """Yield the rings of polygons; whatever else a geometry holds is not drawn."""
    if not isinstance(geometry, Mapping):
        return
    for inner in geometry.get("geometries") or ():
        yield from _rings(inner)
    coordinates = geometry.get("coordinates")
    polygons = {"Polygon": [coordinates], "MultiPolygon": coordinates}.get(
        str(geometry.get("type")), ()
    )
    for polygon in polygons or ():
        for given in polygon or ():
            positions = tuple(at for point in given if (at := _position(point)) is not None)
            if len(positions) >= 3:
                yield positions


def _position(point: object) -> Position | None:
    numbers = [finite(value) for value in point[:2]] if isinstance(point, list | tuple) else []
    if len(numbers) < 2 or numbers[0] is None or numbers[1] is None:
        return None
    longitude, latitude = numbers[0], numbers[1]
    return (longitude, latitude) if abs(latitude) <= 90 and abs(longitude) <= 180 else None


def _place(case: Case) -> Position | None:
    return _position((case.longitude, case.latitude))


def _plane(degrees: Sequence[Position]) -> Plane:
    box = Box.around(degrees)
    return Plane(latitude=box.centre[1], longitude=box.centre[0])


def _snapped(part: Sequence[Position], plane: Plane, grid: float) -> Ring:
    """Return a ring on a grid, without points that fall onto the one before."""
    digits = max(0, 1 - math.floor(math.log10(grid))) if grid > 0 else 4
    found: list[Position] = []
    for position in part:
        x, y = plane(*position)
        at = (x, y) if not grid else (round(x / grid) * grid, round(y / grid) * grid)
        at = (round(at[0], digits), round(at[1], digits))
        if not found or at != found[-1]:
            found.append(at)
    return tuple(found)


def signal_map(signal: SignalPart, area: Area) -> Map | None:
    """Return the map of a signal, as close as its cases allow; None if nothing has a place.

    Cases outside the boundaries are counted and not drawn, so that a visitor from far away does
    not make the rest invisible.
    """
    placed = [(case, area.plane(*at)) for case in signal.cases if (at := _place(case)) is not None]
    inside = [
        (case, at)
        for case, at in placed
        if area.box is None or area.box.holds(at, margin=_size(area.box) * 0.05)
    ]
    zones = [
        tuple(area.plane(*position) for position in part)
        for evidence in signal.evidence
        for part in zone_rings(evidence.zone)
    ]
    shown = [at for _, at in inside] + [at for zone in zones for at in zone]
    if not shown:
        return None
    scale, shift, view = _fit(Box.around(shown), area.box)
    dots = _dots(inside, scale, shift)
    whole = area.box
    return Map(
        scale=round(scale, 4),
        shift=shift,
        zones=tuple(tuple(_pixel(at, scale, shift) for at in zone) for zone in zones),
        dots=dots,
        labels=_labels(area, dots, scale, shift),
        bar_km=_bar_km(WIDTH / scale),
        n_outside=len(placed) - len(inside),
        n_without=len(signal.cases) - len(placed),
        view=view,
        shows_part=whole is not None and _size(view) < 0.7 * _size(whole),
    )


def _size(box: Box) -> float:
    return max(box.right - box.left, box.bottom - box.top)


def zone_rings(zone: object) -> Iterator[Ring]:
    """Yield the rings of a circle or a geometry, as longitudes and latitudes."""
    if not isinstance(zone, Mapping):
        return
    centre = _position((zone.get("longitude"), zone.get("latitude")))
    radius_km = finite(zone.get("radius_km"))
    if centre is None or radius_km is None:
        yield from _rings(zone)
    elif radius_km > 0:
        corners = ring(*centre, radius_km, great_circle=True)
        yield tuple((float(x), float(y)) for x, y in corners)


def _fit(box: Box, whole: Box | None) -> tuple[float, Position, Box]:
    """Return pixels a kilometre, the shift in pixels, and what is in the picture."""
    least = SMALLEST_KM if whole is None else min(SMALLEST_KM, max(_size(whole), 0.1))
    scale = min(
        (WIDTH - 2 * MARGIN) / max(box.right - box.left, least),
        (HEIGHT - 2 * MARGIN) / max(box.bottom - box.top, least * HEIGHT / WIDTH),
    )
    x, y = box.centre
    shift = (round(WIDTH / 2 - x * scale, 2), round(HEIGHT / 2 - y * scale, 2))
    half_width, half_height = WIDTH / scale / 2, HEIGHT / scale / 2
    view = Box(x - half_width, y - half_height, x + half_width, y + half_height)
    return scale, shift, view


def _pixel(at: Position, scale: float, shift: Position) -> Position:
    return round(at[0] * scale + shift[0], 1), round(at[1] * scale + shift[1], 1)


def _dots(
    placed: Sequence[tuple[Case, Position]], scale: float, shift: Position
) -> tuple[Dot, ...]:
    """Return one dot a place, the large ones first so that small ones lie on top."""
    n = Counter(at for _, at in placed)
    n_new = Counter(at for case, at in placed if case.is_new)
    dots = [
        Dot(
            *_pixel(at, scale, shift), round(min(18.0, 5.0 * math.sqrt(count)), 1), count, n_new[at]
        )
        for at, count in n.items()
    ]
    return tuple(sorted(dots, key=lambda dot: -dot.radius))


def _labels(area: Area, dots: Sequence[Dot], scale: float, shift: Position) -> tuple[Label, ...]:
    """Return names that have room: not on a dot, not on another name, not at the edge."""
    found: list[Label] = []
    for name, at in area.names:
        x, y = _pixel(at, scale, shift)
        half = 7.0 * len(name)
        free = (
            half < x < WIDTH - half
            and 16 < y < HEIGHT - 30
            and all(abs(x - dot.x) > half or abs(y - dot.y) > 14 + dot.radius for dot in dots)
            and all(abs(x - other.x) > 100 or abs(y - other.y) > 18 for other in found)
        )
        if free and len(found) < LARGEST_LABELS:
            found.append(Label(x, y, name))
    return tuple(found)


def _bar_km(width_km: float) -> float:
    """Return a round length that fits into a quarter of the picture."""
    longest = width_km / 4
    power = 10.0 ** math.floor(math.log10(longest))
    return max(factor * power for factor in (1, 2, 5) if factor * power <= longest)
