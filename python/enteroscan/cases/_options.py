"""What `read_cases` was told, checked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
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


def check_options(
    *,
    crs: str,
    area: Area | None,
    keep: Sequence[str],
    delimiter: str | None,
    duplicates: object,
    texts: Texts,
) -> None:
    """Refuse values of options that none of them can have."""
    if delimiter is not None and not (len(delimiter) == 1 and delimiter.isascii()):
        message = texts("delimiter", delimiter=delimiter)
        raise SpecError(message)
    if area is not None and not _is_area(area):
        message = texts("area", area=area)
        raise SpecError(message)
    if not isinstance(duplicates, Duplicates | None):
        message = texts("duplicates", type=type(duplicates).__name__)
        raise SpecError(message)
    if crs not in ("wgs84", "gcj02", "bd09"):
        message = texts("crs", crs=crs)
        raise SpecError(message)
    allowed = (*fields().identifiers, "eat_address")
    unknown = [keep] if isinstance(keep, str) else [name for name in keep if name not in allowed]
    if unknown:
        message = texts("identifier", names=", ".join(unknown), allowed=", ".join(allowed))
        raise SpecError(message)


def _is_area(area: Sequence[float]) -> bool:
    if len(area) != 4:
        return False
    south, west, north, east = area
    return -90 <= south < north <= 90 and -180 <= west < east <= 180


def read_day(as_of: str | date | None, texts: Texts) -> pd.Timestamp:
    """Return the day of the export; today where none is given."""
    try:
        return pd.Timestamp(as_of if as_of is not None else date.today())
    except (ValueError, TypeError):
        message = texts("as_of", as_of=as_of)
        raise SpecError(message) from None
