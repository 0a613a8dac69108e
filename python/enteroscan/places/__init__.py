"""Where cases are: coordinate systems of Chinese maps, tables of places, boundaries."""

from enteroscan.places._boundaries import assign_areas, read_boundaries
from enteroscan.places._datums import CRS, from_wgs84, to_wgs84
from enteroscan.places._gazetteer import Gazetteer, Located, canonical_code
from enteroscan.places._mixing import compare_crs, mixed_systems, warn_if_mixed

__all__ = [
    "CRS",
    "Gazetteer",
    "Located",
    "assign_areas",
    "canonical_code",
    "compare_crs",
    "from_wgs84",
    "mixed_systems",
    "read_boundaries",
    "to_wgs84",
    "warn_if_mixed",
]
