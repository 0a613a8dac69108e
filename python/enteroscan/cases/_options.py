"""What `read_cases` was told, checked."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import pandas as pd

from enteroscan._language import Texts
from enteroscan.cases._duplicates import Duplicates
from enteroscan.cases._fields import fields
from enteroscan.errors import SpecError

if TYPE_CHECKING:
    from pathlib import Path

    from enteroscan.places import Gazetteer

Crs = Literal["wgs84", "gcj02", "bd09"]
Area = tuple[float, float, float, float]  # south, west, north, east


@dataclass(frozen=True, kw_only=True)
class Options:
    """The options of `read_cases` that say how values are understood and kept."""

    crs: Crs
    places: "Gazetteer | pd.DataFrame | str | Path | None"
    area: Area | None
    day_first: bool | None
    keep: tuple[str, ...]
    salt: str | bytes | None
    duplicates: Duplicates | None
    as_of: pd.Timestamp
    has_as_of: bool  # whether it was given


def check_options(crs: str, keep: Sequence[str], texts: Texts) -> None:
    """Refuse an unknown coordinate system, and identifiers that are none."""
    if crs not in ("wgs84", "gcj02", "bd09"):
        message = texts("crs", crs=crs)
        raise SpecError(message)
    allowed = (*fields().identifiers, "eat_address")
    unknown = [keep] if isinstance(keep, str) else [name for name in keep if name not in allowed]
    if unknown:
        message = texts("identifier", names=", ".join(unknown), allowed=", ".join(allowed))
        raise SpecError(message)
