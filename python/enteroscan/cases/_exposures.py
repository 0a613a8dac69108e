"""The table of exposures."""

from typing import Any

import pandas as pd

from enteroscan import vocabulary
from enteroscan.cases import _checks as checks
from enteroscan.cases._arrays import (
    floats_of,
    joined,
    number_array,
    texts_of,
    times_of,
    truths_of,
)
from enteroscan.cases._details import Details, detail_keys, details, drop_repeated
from enteroscan.cases._export import Export
from enteroscan.cases._options import Options
from enteroscan.cases._rows import Grouping
from enteroscan.cases._understand import Readings

EAT_PARTS = ("eat_province", "eat_city", "eat_county")
EXPOSURE_COLUMNS = (
    "food",
    "food_class",
    "packaging",
    "brand",
    "maker",
    "venue",
    "venue_type",
    "purchase_venue",
    "purchase_venue_type",
    "eat_region",
    "eat_code",
    "eat_address",
    "eat_latitude",
    "eat_longitude",
    "n_ate",
    "eaten",
    "eaten_hour_known",
    "others_ill",
)
# Areas, by their endings: 海棠区和平街道, but not 大润发超市 or 老王烧烤店.
REGION_NAME = (
    r"(?:(?:境[内外]|国[内外]|本[省市县区地])|.*(?:省|(?<![超菜夜早集])市|区|县|旗|州|盟|镇|乡|街道|村|社区|苏木))"
    r"|[0-9]+|.*(?i:province|city|county|district|town|village|street)"
)
# Homes, by their names; 酒家, 厂家 and the like are trades.
HOME_NAME = (
    r"(?i)(?:.*[^酒农商厂店渔卖专管行名画皇国万茶世宜])?家(?:里|中|庭)?|.*(?:住处|住所|住宅|宿舍|出租屋)"
    r"|(?:at )?home|(?:at )?(?:my|his|her|our|their|own|.*['’]s?) (?:own )?(?:home|house|place)"
)


def exposure_frame(
    export: Export, readings: Readings, cases: Grouping, frame: pd.DataFrame, options: Options
) -> tuple[pd.DataFrame, Details, int]:
    """Make the table of exposures; return also its rows, and how many addresses were dropped."""
    table = details("exposure", export.fields, export.mapping, readings.by_place, cases)
    table = drop_repeated(table, export.numbers, "exposure_repeated", export.problems)
    columns = detail_keys(table, frame, "exposure", export.numbers)
    ordered = [*columns, *EXPOSURE_COLUMNS]
    for name in EXPOSURE_COLUMNS:
        if name in export.fields:
            columns |= _column(name, export.fields[name].kind, table)
    columns |= _eat_coordinates(table, export, options)
    exposures = pd.DataFrame(columns)[ordered]
    if not export.mapping.has("venue"):
        _move_venues(exposures, table, export)
    if "eat_address" in options.keep:
        return exposures, table, 0
    private = _may_be_home(exposures)
    exposures["eat_address"] = exposures["eat_address"].mask(private)
    return exposures, table, int(private.sum())


def _column(name: str, kind: str, table: Details) -> dict[str, Any]:
    """Return the column of a field, with a time also whether its hour is known."""
    n, reading = len(table.case), table.readings.get(name)
    if kind == "moment":
        return times_of(name, reading, n)
    if name == "eat_region":
        parts = [table.readings[part] for part in (*EAT_PARTS, name) if part in table.readings]
        return {name: joined(parts, n)}
    if kind == "yes_no":
        return {name: truths_of(reading, n)}
    if kind == "count":
        return {name: number_array(floats_of(reading, n), "Int64")}
    return {name: texts_of(reading, n)} if kind in ("text", "code") else {}


def _eat_coordinates(table: Details, export: Export, options: Options) -> dict[str, Any]:
    n = len(table.case)
    latitude, longitude = checks.coordinates(
        floats_of(table.readings.get("eat_latitude"), n),
        floats_of(table.readings.get("eat_longitude"), n),
        export.numbers[table.row],
        export.problems,
        crs=options.crs,
        area=options.area,
        field="eat_latitude",
        column=", ".join(export.headers("eat_latitude", "eat_longitude")),
    )
    latitude, longitude = checks.to_wgs84(latitude, longitude, options.crs)
    return {
        "eat_latitude": number_array(latitude, "Float64"),
        "eat_longitude": number_array(longitude, "Float64"),
    }


def _move_venues(exposures: pd.DataFrame, table: Details, export: Export) -> None:
    """Take what is no area for the venue, where a site writes both in one column (进食地点)."""
    regions = exposures["eat_region"]
    moved = regions.notna() & ~regions.str.fullmatch(REGION_NAME).fillna(False).astype(bool)
    exposures["venue"] = regions.where(moved)
    exposures["eat_region"] = regions.mask(moved)
    header = ", ".join(column.header for column in export.mapping.of_field("eat_region"))
    values = regions[moved].to_numpy(dtype=object)
    rows = export.numbers[table.row[moved.to_numpy()]]
    export.problems.add("venue_in_region", rows, header, values, field="eat_region")


def _may_be_home(exposures: pd.DataFrame) -> "pd.Series[bool]":
    """Whether an address is given of a meal at home, or of one that may have been at home."""
    given = exposures["eat_address"].notna()
    if not given.any():
        return given
    types = vocabulary.load().to_keys(exposures["venue_type"], "venue_types")
    venues = exposures["venue"]
    kinds = types.map(vocabulary.venue_types().set_index("key")["kind"])
    is_trade = kinds.isin(["catering", "retail"])  # 外婆家 is a restaurant then
    at_home = types.eq("home") | venues.str.fullmatch(HOME_NAME).fillna(False) & ~is_trade
    elsewhere = types.notna() & ~types.isin(["home", "unknown"]) | venues.notna()
    private: pd.Series[bool] = given & (at_home.fillna(False) | ~elsewhere.fillna(False))
    return private
