"""Where a simulated district lies: streets, homes, hospitals, venues and brands, all invented."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.spatial import Voronoi

from enteroscan.errors import SpecError
from enteroscan.simulate._streams import Floats, Ints, Streams, pick
from enteroscan.simulate._tables import table, words

__all__ = ["NEAR_KM", "Area"]

NEAR_KM = 5.0
PROVINCE, CITY = "示例省", "示例市"
FIRST_CODE = 990101  # GB/T 2260 begins no code with 99
KM_PER_DEGREE = 111.195
HOMES_PER_STREET = 24
CHAINS = words("chains")
STREET_NAMES = words("street_names")
DISTRICT_NAMES = words("district_names")
HOSPITAL_NAMES = words("hospital_names")
HOME_NAMES = words("home_names")
HOME_KINDS = words("home_kinds")
VENUE_FIRST = words("venue_first")
VENUE_SECOND = words("venue_second")
BRAND_FIRST = words("brand_first")
BRAND_SECOND = words("brand_second")


@dataclass(frozen=True)
class Area:
    """One district, or several side by side.

    Attributes
    ----------
    streets
        One row a street: `code` (nine digits), `name`, `district`, `district_code`,
        `population`, `latitude` and `longitude` (WGS-84) of its centre, `area_km2`.
    homes, hospitals, venues
        One row a residential quarter, sentinel hospital or place to eat: `name`, `district`
        (counted from 0), `x_km` and `y_km` from the centre, `weight`; homes and venues also have
        the `street` (row of `streets`), venues a `venue_type`.
    polygons
        Boundary of every street, x and y in km, not closed.
    pairs
        Homes and hospitals that belong together: `home`, `hospital`, `distance_km`, and `weight`,
        the share of all reported cases that live here and are seen there.
    """

    streets: pd.DataFrame
    homes: pd.DataFrame
    hospitals: pd.DataFrame
    venues: pd.DataFrame
    polygons: tuple[Floats, ...]
    pairs: pd.DataFrame
    centre: tuple[float, float]

    def to_wgs84(self, x_km: Floats, y_km: Floats) -> tuple[Floats, Floats]:
        """Return latitudes and longitudes of points of the plane."""
        latitude = self.centre[0] + y_km / KM_PER_DEGREE
        scale = KM_PER_DEGREE * np.cos(np.radians(self.centre[0]))
        return latitude, self.centre[1] + x_km / scale

    @property
    def places(self) -> pd.DataFrame:
        """A table of places: `code`, `name` and the coordinates of streets and districts."""
        streets = self.streets.assign(
            name=PROVINCE + "/" + CITY + "/" + self.streets["district"] + "/" + self.streets["name"]
        )
        weighted = self.streets.assign(
            latitude=self.streets["latitude"] * self.streets["population"],
            longitude=self.streets["longitude"] * self.streets["population"],
        )
        grouped = weighted.groupby(["district_code", "district"], sort=False, as_index=False)
        districts = grouped[["population", "latitude", "longitude"]].sum()
        for name in ("latitude", "longitude"):
            districts[name] = (districts[name] / districts["population"]).round(6)
        districts["code"] = districts["district_code"]
        districts["name"] = PROVINCE + "/" + CITY + "/" + districts["district"]
        shown = ["code", "name", "latitude", "longitude", "population"]
        return pd.concat([districts[shown], streets[shown]], ignore_index=True)

    @cached_property
    def boundaries(self) -> dict[str, Any]:
        """The streets as a GeoJSON FeatureCollection (RFC 7946, WGS-84)."""
        return {"type": "FeatureCollection", "features": list(self._features())}

    def _features(self) -> Iterator[dict[str, Any]]:
        shown = ["code", "name", "district", "district_code", "population"]
        rows = self.streets[shown].to_dict("records")
        for row, polygon in zip(rows, self.polygons, strict=True):
            latitude, longitude = self.to_wgs84(polygon[:, 0], polygon[:, 1])
            ring = np.column_stack([longitude, latitude]).round(6).tolist()
            yield {
                "type": "Feature",
                "properties": {**row, "population": int(row["population"])},
                "geometry": {"type": "Polygon", "coordinates": [[*ring, ring[0]]]},
            }


def build_area(
    *,
    n_districts: int,
    n_streets: int,
    population: int,
    width_km: float,
    n_hospitals: int,
    near_hospital_share: float | None,
    zipf_exponent: float,
    centre: tuple[float, float],
    seed: int,
) -> Area:
    """Invent an area; `District` says what the numbers mean."""
    columns = int(np.ceil(np.sqrt(n_districts)))
    shares = Streams(seed, "area").lognormal("district size", 1, 0.4, n_districts)
    sizes = population * n_districts * shares / shares.sum()
    parts = []
    for number in range(n_districts):
        corner = np.array([number % columns, number // columns]) * width_km
        origin = corner - width_km * np.array([columns, np.ceil(n_districts / columns)]) / 2
        parts.append(
            _District(
                number=number,
                origin=origin,
                width_km=width_km,
                n_streets=n_streets,
                population=float(sizes[number]),
                streams=Streams(seed, "area", str(number)),
            ).parts(n_hospitals, zipf_exponent)
        )
    streets, homes, hospitals, venues, polygons = (list(part) for part in zip(*parts, strict=True))
    area = Area(
        streets=pd.concat(streets, ignore_index=True),
        homes=pd.concat(homes, ignore_index=True),
        hospitals=pd.concat(hospitals, ignore_index=True),
        venues=pd.concat(venues, ignore_index=True),
        polygons=tuple(polygon for part in polygons for polygon in part),
        pairs=pd.DataFrame(),
        centre=centre,
    )
    latitude, longitude = area.to_wgs84(
        area.streets.pop("x_km").to_numpy(), area.streets.pop("y_km").to_numpy()
    )
    area.streets["latitude"], area.streets["longitude"] = latitude.round(6), longitude.round(6)
    object.__setattr__(area, "pairs", _pairs(area, near_hospital_share))
    return area


@dataclass(frozen=True, kw_only=True)
class _District:
    """A square with streets around points that lie closer together in its middle."""

    number: int
    origin: Floats
    width_km: float
    n_streets: int
    population: float
    streams: Streams

    def parts(
        self, n_hospitals: int, zipf_exponent: float
    ) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame, list[Floats]]:
        points = self._street_points()
        polygons = _cells(points, self.width_km)
        people = self.streams.lognormal("street size", 1, 0.35, self.n_streets)
        first = self.number * self.n_streets
        district_code = FIRST_CODE + self.number
        streets = pd.DataFrame(
            {
                "code": [f"{district_code}{i + 1:03d}" for i in range(self.n_streets)],
                "name": _names(STREET_NAMES, "街道", self.n_streets),
                "district": _names(DISTRICT_NAMES, "区", self.number + 1)[-1],
                "district_code": str(district_code),
                "population": np.round(people / people.sum() * self.population).astype(np.int64),
                "area_km2": [round(_area(polygon), 3) for polygon in polygons],
                "x_km": points[:, 0] + self.origin[0],
                "y_km": points[:, 1] + self.origin[1],
            }
        )
        homes = self._homes(polygons, streets, first)
        hospitals = self._hospitals(homes, streets, n_hospitals)
        venues = self._venues(homes, streets, zipf_exponent)
        return streets, homes, hospitals, venues, [polygon + self.origin for polygon in polygons]

    def _street_points(self) -> Floats:
        """Points whose density falls from the middle of the square."""
        middle = 1 - np.abs(2 * self.streams.uniform("street", self.n_streets, 2) - 1) ** 0.7
        side = np.sign(self.streams.uniform("street side", self.n_streets, 2) - 0.5)
        inside: Floats = (1 + side * middle * 0.96) / 2 * self.width_km
        return inside

    def _homes(self, polygons: list[Floats], streets: pd.DataFrame, first: int) -> pd.DataFrame:
        n = self.n_streets * HOMES_PER_STREET
        street = np.repeat(np.arange(self.n_streets), HOMES_PER_STREET)
        uniform = self.streams.uniform("home", n, 4)
        xy = np.concatenate(
            [_inside(polygon, uniform[street == i]) for i, polygon in enumerate(polygons)]
        )
        sizes = self.streams.lognormal("home size", 1, 0.6, n)
        per_street = np.bincount(street, sizes, self.n_streets)
        weight = sizes / per_street[street] * streets["population"].to_numpy()[street]
        order = np.arange(n) % HOMES_PER_STREET
        name = [
            HOME_NAMES[i % len(HOME_NAMES)] + HOME_KINDS[(i + s) % len(HOME_KINDS)]
            for i, s in zip(order, street, strict=True)
        ]
        return pd.DataFrame(
            {
                "name": name,
                "district": self.number,
                "street": first + street,
                "x_km": xy[:, 0] + self.origin[0],
                "y_km": xy[:, 1] + self.origin[1],
                "weight": weight,
            }
        )

    def _hospitals(self, homes: pd.DataFrame, streets: pd.DataFrame, n: int) -> pd.DataFrame:
        """Hospitals stand where many people live, the larger ones first."""
        at = pick(self.streams.uniform("hospital", n), homes["weight"].to_numpy())
        chosen = homes.iloc[at]
        kinds = _names(HOSPITAL_NAMES, "", n)
        return pd.DataFrame(
            {
                "name": [str(streets["district"].iloc[0]) + kind for kind in kinds],
                "district": self.number,
                "x_km": chosen["x_km"].to_numpy() + 0.3,
                "y_km": chosen["y_km"].to_numpy(),
                "weight": 1 / (1 + np.arange(n)) ** 0.7,
            }
        )

    def _venues(
        self, homes: pd.DataFrame, streets: pd.DataFrame, zipf_exponent: float
    ) -> pd.DataFrame:
        frames = []
        for row in table("venues").itertuples():
            kind, kinds = str(row.venue_type), str(row.names).split("|")
            if not isinstance(row.names, str):
                continue
            n = max(1, round(float(str(row.per_10000)) * self.population / 10_000))
            at = pick(self.streams.uniform(f"venue {kind}", n), homes["weight"].to_numpy())
            street = homes["street"].to_numpy()[at]
            shift = self.streams.uniform(f"venue place {kind}", n, 2) - 0.5
            frames.append(
                pd.DataFrame(
                    {
                        "name": self._venue_names(kind, kinds, streets, street),
                        "venue_type": kind,
                        "district": self.number,
                        "street": street,
                        "x_km": homes["x_km"].to_numpy()[at] + shift[:, 0],
                        "y_km": homes["y_km"].to_numpy()[at] + shift[:, 1],
                        "weight": 1.0 / (1 + np.arange(n)) ** zipf_exponent,
                        "house": 1 + (self.streams.uniform(f"house {kind}", n) * 300).astype(int),
                    }
                )
            )
        return pd.concat(frames, ignore_index=True)

    def _venue_names(
        self, kind: str, kinds: list[str], streets: pd.DataFrame, street: Ints
    ) -> list[str]:
        """Names that are used once in a district: 福满园面馆, or 春风第二小学食堂."""
        names: list[str] = []
        if kind in ("school_canteen", "kindergarten_canteen", "site_canteen"):
            short = [str(name).removesuffix("街道") for name in streets["name"]]
            first = streets.index[0] + self.number * self.n_streets
            counts: dict[tuple[int, str], int] = {}
            for i, at in enumerate(street):
                key = (int(at), kinds[i % len(kinds)])
                counts[key] = counts.get(key, 0) + 1
                order = "" if counts[key] == 1 else f"第{_chinese(counts[key])}"
                names.append(f"{short[int(at) - first]}{order}{key[1]}")
            return names
        pairs = [(a, b) for a in VENUE_FIRST for b in VENUE_SECOND]
        order_of_pairs = self.streams.generator(f"names {kind}").permutation(len(pairs))
        for i in range(len(street)):
            a, b = pairs[order_of_pairs[i % len(pairs)]]
            repeat = i // len(pairs)
            branch = f"({_chinese(repeat + 1)}店)" if repeat else ""
            names.append(f"{a}{b}{kinds[i % len(kinds)]}{branch}")
        return names


def _pairs(area: Area, near_share: float | None) -> pd.DataFrame:
    """Say who is seen where: the nearer a hospital, the more of the ill come to it.

    The weight falls as exp(-distance / length); the length is such that the wanted share of the
    cases lives within 5 km of the hospital that reports them.
    """
    home_district = area.homes["district"].to_numpy()
    hospital_district = area.hospitals["district"].to_numpy()
    home, hospital = np.nonzero(home_district[:, None] == hospital_district[None, :])
    xy_home = area.homes[["x_km", "y_km"]].to_numpy()[home]
    xy_hospital = area.hospitals[["x_km", "y_km"]].to_numpy()[hospital]
    distance = np.hypot(*(xy_home - xy_hospital).T)
    base = (
        area.homes["weight"].to_numpy(np.float64)[home]
        * area.hospitals["weight"].to_numpy(np.float64)[hospital]
    )

    def share(log_length: float) -> float:
        weight = base * np.exp(-distance / np.exp(log_length))
        return float(weight[distance <= NEAR_KM].sum() / weight.sum())

    low, high = np.log(0.5), np.log(1000.0)
    if near_share is None:
        log_length = high
    else:
        if not share(high) <= near_share <= share(low):
            message = (
                f"near_hospital_share={near_share:g} cannot be had here, only {share(high):.3f} to "
                f"{share(low):.3f}; change it, width_km or n_hospitals, or set it to None"
            )
            raise SpecError(message)
        log_length = float(brentq(lambda value: share(value) - near_share, low, high))
    weight = base * np.exp(-distance / np.exp(log_length))
    # Every district has the cases that its population makes.
    people = np.bincount(home_district, area.homes["weight"].to_numpy(np.float64))
    code = home_district[home]
    weight *= (people / np.bincount(code, weight))[code]
    return pd.DataFrame(
        {
            "home": home,
            "hospital": hospital,
            "distance_km": distance,
            "weight": weight / weight.sum(),
        }
    )


def _cells(points: Floats, width: float) -> list[Floats]:
    """Return the Voronoi cells of points in a square: mirror images make them end at its sides."""
    mirrored = [points]
    for axis in (0, 1):
        for side in (0.0, width):
            image = points.copy()
            image[:, axis] = 2 * side - image[:, axis]
            mirrored.append(image)
    diagram = Voronoi(np.concatenate(mirrored))
    cells = []
    for i, point in enumerate(points):
        corners = diagram.vertices[diagram.regions[diagram.point_region[i]]]
        angle = np.arctan2(*(corners - point).T[::-1])
        cells.append(np.clip(corners[np.argsort(angle)], 0.0, width))
    return cells


def _area(polygon: Floats) -> float:
    x, y = polygon.T
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)


def _inside(polygon: Floats, uniform: Floats) -> Floats:
    """Return points that are spread evenly in a convex polygon: pick a triangle, then a point."""
    a, b, c = polygon[0], polygon[1:-1], polygon[2:]
    p, q = b - a, c - a
    chosen = pick(uniform[:, 0], np.abs(p[:, 0] * q[:, 1] - p[:, 1] * q[:, 0]))
    u, v = uniform[:, 1:2], uniform[:, 2:3]
    over = u + v > 1
    u, v = np.where(over, 1 - u, u), np.where(over, 1 - v, v)
    points: Floats = a + u * (b[chosen] - a) + v * (c[chosen] - a)
    return points


def _names(stems: tuple[str, ...], kind: str, n: int) -> list[str]:
    """Return n names, with 第二, 第三 ... before those that come again."""
    names = []
    for i in range(n):
        again = i // len(stems)
        order = f"第{_chinese(again + 1)}" if again else ""
        names.append(f"{order}{stems[i % len(stems)]}{kind}")
    return names


def _chinese(number: int) -> str:
    """Return a number below 100 in Chinese, larger ones in digits."""
    digits = "零一二三四五六七八九"
    if number >= 100:
        return str(number)
    tens, ones = divmod(number, 10)
    head = ("" if tens == 1 else digits[tens]) + "十" if tens else ""
    return head + (digits[ones] if ones or not tens else "")


def brands(food_class: str) -> list[str]:
    """Return the brands of a food class, the most sold first."""
    start = sum(map(ord, food_class))
    return [
        BRAND_FIRST[(start + i) % len(BRAND_FIRST)]
        + BRAND_SECOND[(start + 3 * i + i // 10) % len(BRAND_SECOND)]
        for i in range(10)
    ]
