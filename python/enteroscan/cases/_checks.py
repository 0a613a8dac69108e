"""Looks for what cannot be: impossible orders of times, coordinates that are elsewhere."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from enteroscan.cases._columns import objects
from enteroscan.cases._headers import coordinate_system
from enteroscan.cases._options import Area, Crs
from enteroscan.cases._quality import Problems

Floats = NDArray[np.float64]

CHINA = (3.0, 73.0, 54.0, 136.0)  # south, west, north, east
LONG_AGO_DAYS = 60  # a meal so long before the onset is hardly its cause
MIN_FOR_AREA = 20  # cases
MOST_MIXED = 100_000  # points that are compared
FAR_KM, FAR_TIMES = 300.0, 20.0


@dataclass(frozen=True)
class Tables:
    """The three tables, and the number of the case of every exposure and specimen."""

    frame: pd.DataFrame
    exposures: pd.DataFrame
    specimens: pd.DataFrame
    ate: NDArray[np.int32]
    sampled: NDArray[np.int32]

    def cases_with(self, mask: "pd.Series[Any]", case: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Return which cases have an exposure or specimen of the mask."""
        found = np.zeros(len(self.frame), dtype=bool)
        found[case[mask.to_numpy(bool)]] = True
        return found


def coordinates(
    latitude: Floats,
    longitude: Floats,
    rows: NDArray[np.int64],
    problems: Problems,
    *,
    crs: Crs,
    area: Area | None,
    field: str,
    column: str,
) -> tuple[Floats, Floats]:
    """Exchange swapped coordinates, set impossible ones aside, enter those outside the area."""

    def enter(kind: str, bad: NDArray[np.bool_]) -> None:
        shown = objects(
            f"{a:g}, {b:g}".replace("nan", "")
            for a, b in zip(latitude[bad], longitude[bad], strict=True)
        )
        problems.add(kind, rows[bad], column, shown, field=field)

    half = np.isnan(latitude) != np.isnan(longitude)
    enter("coordinates_half", half)
    latitude, longitude = (np.where(half, np.nan, values) for values in (latitude, longitude))
    zero = (latitude == 0) & (longitude == 0)
    enter("coordinates_zero", zero)
    latitude, longitude = (np.where(zero, np.nan, values) for values in (latitude, longitude))
    home = area or CHINA
    swapped = ~_inside(latitude, longitude, home) & _inside(longitude, latitude, home)
    swapped |= (np.abs(latitude) > 90) & (np.abs(longitude) <= 90)
    enter("coordinates_swapped", swapped)
    latitude, longitude = (
        np.where(swapped, longitude, latitude),
        np.where(swapped, latitude, longitude),
    )
    impossible = np.abs(latitude) > 90
    enter("latitude_range", impossible)
    latitude, longitude = (np.where(impossible, np.nan, values) for values in (latitude, longitude))
    known = ~np.isnan(latitude)
    if area is not None or crs != "wgs84":
        enter("coordinates_outside", known & ~_inside(latitude, longitude, home))
    elif known.sum() >= MIN_FOR_AREA:
        enter("coordinates_outside", known & _far(latitude, longitude, known))
    return latitude, longitude


def to_wgs84(latitude: Floats, longitude: Floats, crs: Crs) -> tuple[Floats, Floats]:
    """Convert coordinates."""
    if crs == "wgs84" or np.isnan(latitude).all():
        return latitude, longitude
    from enteroscan import places

    return places.to_wgs84(latitude, longitude, crs=crs)


def _inside(latitude: Floats, longitude: Floats, area: tuple[float, ...]) -> NDArray[np.bool_]:
    south, west, north, east = area
    inside: NDArray[np.bool_] = (
        (latitude >= south) & (latitude <= north) & (longitude >= west) & (longitude <= east)
    )
    return inside


def _far(latitude: Floats, longitude: Floats, known: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Find what is much farther from the middle than nine of ten others."""
    middle = np.median(latitude[known]), np.median(longitude[known])
    km = 111.2 * np.hypot(
        latitude - middle[0], (longitude - middle[1]) * np.cos(np.radians(middle[0]))
    )
    limit = max(FAR_KM, FAR_TIMES * float(np.quantile(km[known], 0.9)))
    far: NDArray[np.bool_] = np.nan_to_num(km) > limit
    return far


def later(first: "pd.Series[Any]", second: "pd.Series[Any]", *hours: "pd.Series[Any]") -> Any:  # noqa: ANN401
    """Whether the first time is after the second, by the day where an hour is unknown."""
    both = hours[0].fillna(False).to_numpy(bool) & hours[1].fillna(False).to_numpy(bool)
    a, b = first.to_numpy(), second.to_numpy()
    days = a.astype("datetime64[D]") > b.astype("datetime64[D]")
    return np.where(both, a > b, days)


ORDERS = (
    ("onset_after_visit", "onset", "visit"),
    ("onset_after_report", "onset", "reported"),
    ("visit_after_report", "visit", "reported"),
    ("death_before_onset", "onset", "death"),
)


def orders(tables: Tables, headers: dict[str, str], problems: Problems) -> None:
    """Enter times that are in an impossible order; the values stay."""
    frame, exposures, specimens = tables.frame, tables.exposures, tables.specimens
    rows = frame["source_row"].to_numpy(np.int64)
    for kind, first, second in ORDERS:
        wrong = later(
            frame[first], frame[second], frame[f"{first}_hour_known"], frame[f"{second}_hour_known"]
        )
        _enter(kind, wrong, frame[first], frame[second], rows, headers[first], first, problems)
    if len(exposures) and exposures["eaten"].notna().any():
        onset = frame["onset"].iloc[tables.ate].reset_index(drop=True)
        hour = frame["onset_hour_known"].iloc[tables.ate].reset_index(drop=True)
        rows = exposures["source_row"].to_numpy(np.int64)
        wrong = later(exposures["eaten"], onset, exposures["eaten_hour_known"], hour)
        _enter(
            "eaten_after_onset",
            wrong,
            exposures["eaten"],
            onset,
            rows,
            headers["eaten"],
            "eaten",
            problems,
        )
        long = (onset - exposures["eaten"]).to_numpy() > np.timedelta64(LONG_AGO_DAYS, "D")
        _enter(
            "eaten_long_before",
            long,
            exposures["eaten"],
            onset,
            rows,
            headers["eaten"],
            "eaten",
            problems,
        )
    if len(specimens) and specimens["sampled"].notna().any():
        onset = frame["onset"].iloc[tables.sampled].reset_index(drop=True)
        days = specimens["sampled"].to_numpy().astype("datetime64[D]")
        wrong = days < onset.to_numpy().astype("datetime64[D]")
        rows = specimens["source_row"].to_numpy(np.int64)
        taken, header = specimens["sampled"], headers["sampled"]
        _enter("sampled_before_onset", wrong, taken, onset, rows, header, "sampled", problems)


def _enter(
    kind: str,
    wrong: Any,  # noqa: ANN401
    first: "pd.Series[Any]",
    second: "pd.Series[Any]",
    rows: NDArray[np.int64],
    header: str,
    field: str,
    problems: Problems,
) -> None:
    if not wrong.any():
        return
    shown = (
        first[wrong].dt.strftime("%Y-%m-%d %H:%M")
        + " / "
        + second[wrong].dt.strftime("%Y-%m-%d %H:%M")
    )
    problems.add(kind, rows[wrong], header, shown.to_numpy(dtype=object), field=field)


def mixed(exposures: pd.DataFrame, row: int, problems: Problems) -> None:
    """Enter where the same venues have coordinates of two systems."""
    names = ["venue", "eat_latitude", "eat_longitude"]
    points = exposures.loc[exposures[names].notna().all(axis=1), names].drop_duplicates()
    if points["venue"].is_unique or len(points) > MOST_MIXED:
        return
    from enteroscan.places import mixed_systems

    points = points.astype({"eat_latitude": "float64", "eat_longitude": "float64"})
    table = mixed_systems(points, place="venue", latitude=names[1], longitude=names[2])
    for first, second in table.loc[table["mixed"], ["first", "second"]].itertuples(index=False):
        problems.add(
            "coordinates_mixed", np.array([row]), ", ".join(names[1:]), f"{first}, {second}"
        )


def named_systems(headers: list[str], crs: Crs, row: int, problems: Problems) -> None:
    """Enter columns of coordinates whose header names another system than that they are read in."""
    for header in headers:
        named = coordinate_system(header)
        if named not in (None, crs):
            problems.add("coordinates_named", np.array([row]), header, named)


DELAYS = (("onset", "visit"), ("visit", "reported"), ("onset", "reported"))


def delays(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the distribution of days between times, one row a delay; impossible ones left out."""
    rows = []
    for first, second in DELAYS:
        days = (
            frame[second].to_numpy().astype("datetime64[D]")
            - frame[first].to_numpy().astype("datetime64[D]")
        ).astype("timedelta64[D]")
        known = days[~np.isnat(days)].astype(np.int64)
        known = known[known >= 0]
        if len(known):
            quantiles = np.quantile(known, [0, 0.25, 0.5, 0.75, 0.9, 1])
            rows.append((f"{first}_to_{second}", len(known), *(float(q) for q in quantiles)))
    return pd.DataFrame(rows, columns=["delay", "n", "min", "p25", "median", "p75", "p90", "max"])


def usable(tables: Tables) -> pd.DataFrame:
    """Return how many cases each kind of detector can use."""
    frame, exposures = tables.frame, tables.exposures
    n = len(frame)
    dated = frame["onset"].notna().to_numpy()
    located = frame["latitude"].notna().to_numpy()
    ill = np.zeros(n, dtype=bool)
    for name in frame.columns:
        if str(name).startswith("symptom_"):
            ill |= frame[name].fillna(False).to_numpy(bool)
    named = exposures[["food", "brand", "maker", "venue"]].notna().any(axis=1)
    positive = tables.specimens["positive"].fillna(False)
    counts = {
        ("time", "onset"): dated,
        ("report_time", "reported"): frame["reported"].notna().to_numpy(),
        ("space", "coordinates"): located,
        ("space_time", "onset_coordinates"): dated & located,
        ("exposure", "food_or_venue"): tables.cases_with(named, tables.ate),
        ("incubation", "onset_meal"): dated
        & tables.cases_with(exposures["eaten"].notna(), tables.ate),
        ("symptoms", "symptom"): ill,
        ("laboratory", "positive"): tables.cases_with(positive, tables.sampled),
        ("person", "identity"): frame["person"].notna().to_numpy(),
    }
    return pd.DataFrame(
        [
            (detector, needs, int(mask.sum()), float(mask.sum() / n) if n else 0.0)
            for (detector, needs), mask in counts.items()
        ],
        columns=["detector", "needs", "cases", "share"],
    )
