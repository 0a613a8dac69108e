"""What the ill say they ate: the rows of exposure, and what is missing in them."""

from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from enteroscan import vocabulary
from enteroscan.simulate._illness import DAY, MINUTES
from enteroscan.simulate._people import shared
from enteroscan.simulate._streams import Bools, Floats, Ints, Streams, pick, pick_by_group
from enteroscan.simulate._tables import numbers, rake, table, texts
from enteroscan.simulate.area import CHAINS, CITY, PROVINCE, Area, brands

if TYPE_CHECKING:
    from enteroscan.simulate.district import District

REQUIRED = ("food", "food_class", "packaging", "venue_type", "n_ate", "eaten", "others_ill")
"""Fields that the form demands; a case with a row that has them all is complete."""

MOST_ROWS = 5
MEAL_HOURS = (7, 12, 18)
FAMILY_ILL_TOLD = 0.7  # share who say so if another of the household fell ill before; assumed
FOOD_GROUPS = ("infant", "child", "adult")
GROUP_OF_BAND = np.array([0, 1, 2, 2, 2])
EATERS = {"home": 2.0, "restaurant": 4.0, "rural_banquet": 60.0, "school_canteen": 300.0}
EATERS |= {"workplace_canteen": 120.0, "kindergarten_canteen": 80.0, "site_canteen": 50.0}
PURCHASE_TYPES = ("supermarket", "retail_market", "online_shop", "shop")
PURCHASE_WEIGHTS = np.array([0.45, 0.4, 0.05, 0.1])
# How much likelier than others people of an age eat at such a place: (venue type, band).
AGES_OF_VENUES = {
    "school_canteen": (0, 0, 1, 0.08, 0),
    "kindergarten_canteen": (0, 1, 0, 0.02, 0),
    "workplace_canteen": (0, 0, 0, 1, 0.1),
    "site_canteen": (0, 0, 0, 1, 0.05),
    "home": (1, 1, 0.7, 0.6, 1.2),
}
ELSEWHERE = (0.0, 0.25, 0.7, 1.0, 0.6)  # infants eat at home


@dataclass(frozen=True)
class Meals:
    """Rows of exposure as arrays, in the order of the cases; missing: -1, NaN or an empty text."""

    case: Ints
    food: list[str]
    food_class: list[str]
    packaging: list[str]
    venue_type: list[str]
    venue: Ints  # row of area.venues
    brand: list[str]
    maker: list[str]
    purchase_type: list[str]
    purchase_venue: list[str]
    eaten: Floats  # minutes since 1970
    n_ate: Floats
    others_ill: Bools


@dataclass(frozen=True)
class Vehicle:
    """The meal that made the cases of outbreaks ill; one entry a case, in the same order."""

    eaten: Floats
    food: list[str]
    food_class: list[str]
    packaging: list[str]
    venue_type: list[str]
    venue: Ints
    brand: list[str]
    n_ate: Floats
    others_ill: Bools
    recalled: Bools  # says so, and does not name another dish of the same meal


@cache
def venue_mix(of_bands: tuple[float, ...]) -> Floats:
    """Return which share of the cases of an age band (row) eats at which type of venue."""
    types = texts("venues", "venue_type")
    affinity = np.array([AGES_OF_VENUES.get(kind, ELSEWHERE) for kind in types]).T
    affinity = np.where(affinity == 0, 1e-9, affinity)
    return rake(affinity, np.array(of_bands), numbers("venues", "meals"))


def eat(
    spec: "District",
    area: Area,
    streams: Streams,
    *,
    onset: Floats,
    incubation: Floats,
    band: Ints,
    of_bands: Floats,
    street: Ints,
    household: Ints,
    knows_others: Bools,
    vehicle: Vehicle | None = None,
) -> Meals:
    """Return one to five rows a case; the first is the suspected meal, or that of the vehicle."""
    n = len(onset)
    rows = 1 + streams.counts("rows", spec.rows_per_case - 1, n, MOST_ROWS - 1)
    case = np.repeat(np.arange(n), rows)
    number = np.arange(len(case)) - np.repeat(np.cumsum(rows) - rows, rows)
    first = np.flatnonzero(number == 0)
    is_first = number == 0
    same_meal = ~is_first & streams.happens("same meal", spec.same_meal_share, len(case))

    types = texts("venues", "venue_type")
    kind = pick_by_group(
        streams.uniform("venue type", len(case)), band[case], venue_mix(tuple(of_bands.tolist()))
    )
    venue = _venues(spec, area, streams, kind, street[case])
    eaten = _meal_times(streams, onset[case] - incubation[case] * MINUTES, number)
    means = np.array([EATERS.get(name, 2.0) for name in types])
    n_ate = np.round(1 + means[kind] * -np.log(1 - 0.98 * streams.uniform("eaters", len(case))))
    others_ill = streams.happens("others ill", spec.others_ill_share, len(case))
    others_ill[first] |= knows_others & streams.happens("family ill", FAMILY_ILL_TOLD, n)
    type_names = np.array(types, dtype=object)[kind]
    leader = shared(np.arange(n), household)
    together = streams.happens("family meal", spec.family_meal_share, n) & (leader != np.arange(n))
    together &= (band > 0) & (band[leader] > 0) & (vehicle is None)
    together &= ~np.char.endswith(type_names[first][leader].astype(str), "canteen")
    own, others = first[together], first[leader[together]]
    for column in (eaten, n_ate, venue, type_names):
        column[own] = column[others]
    if vehicle is not None:
        for column, values in (
            (eaten, vehicle.eaten),
            (n_ate, vehicle.n_ate),
            (venue, vehicle.venue),
            (others_ill, vehicle.others_ill & knows_others),
            (type_names, np.array(vehicle.venue_type, dtype=object)),
        ):
            column[first] = values
    first_row = first[case]
    for column in (eaten, n_ate, venue, others_ill, type_names):
        column[same_meal] = column[first_row][same_meal]
    others_ill &= n_ate > 1

    at_home = type_names == "home"
    foods = table("foods")
    group = GROUP_OF_BAND[band[case]] * 2 + ~at_home
    food = pick_by_group(streams.uniform("food", len(case)), group, _food_weights())
    names = foods["food"].to_numpy(object)[food]
    classes = foods["food_class"].to_numpy(object)[food]
    packed = streams.happens("packed", foods["prepacked"].to_numpy(np.float64)[food], len(case))
    packaging = np.where(packed, "prepacked", np.where(at_home, "home_made", "catering"))
    packaging = packaging.astype(object)
    packaging[(type_names == "shop") & ~packed] = "loose"
    brand = _brands(spec, streams, classes, packed)
    for texts_ in (names, classes, packaging, brand):
        texts_[own] = texts_[others]
    if vehicle is not None:
        told = first[vehicle.recalled]
        for column, told_texts in (
            (names, vehicle.food),
            (classes, vehicle.food_class),
            (packaging, vehicle.packaging),
            (brand, vehicle.brand),
        ):
            column[told] = np.array(told_texts, dtype=object)[vehicle.recalled]
    bought = np.isin(packaging.astype(str), ("home_made", "prepacked")) & at_home
    purchase = pick(streams.uniform("purchase", len(case)), PURCHASE_WEIGHTS)
    purchase_type = np.where(bought, np.array(PURCHASE_TYPES)[purchase], "")
    chain = pick(streams.uniform("chain", len(case)), 1 / np.arange(1.0, len(CHAINS) + 1))
    named = streams.happens("purchase named", spec.venue_named_share, len(case))
    purchase_venue = np.where(
        (purchase_type == "supermarket") & named, np.array(CHAINS)[chain] + "超市", ""
    )
    return Meals(
        case=case,
        food=names.tolist(),
        food_class=classes.tolist(),
        packaging=packaging.tolist(),
        venue_type=type_names.tolist(),
        venue=venue,
        brand=brand.tolist(),
        maker=[f"{name}食品有限公司" if name else "" for name in brand],
        purchase_type=purchase_type.tolist(),
        purchase_venue=purchase_venue.tolist(),
        eaten=eaten,
        n_ate=n_ate,
        others_ill=others_ill,
    )


@cache
def _food_weights() -> Floats:
    """Return weights of foods for infants at home, away, children at home, away, and others."""
    rows = []
    for group in FOOD_GROUPS:
        rows += [numbers("foods", group) * numbers("foods", place) for place in ("home", "away")]
    return np.array(rows)


def _meal_times(streams: Streams, latest: Floats, number: Ints) -> Floats:
    """Return the last meal before a time; further rows are of meals before that."""
    n = len(latest)
    back = np.where(number > 0, streams.integers("meals before", 1, 3, n), 0)
    shift = streams.integers("meal hour", 0, 2, n) - 1
    day = np.floor(latest / DAY)
    hours = np.array([h - 24 for h in MEAL_HOURS] + list(MEAL_HOURS))
    times = day[:, None] * DAY + (hours[None, :] + shift[:, None]) * MINUTES
    last = (times <= latest[:, None]).sum(axis=1) - 1
    slot = last - back
    days_back, slot = np.divmod(slot, 6)
    return np.asarray(times[np.arange(n), slot] + days_back * DAY * 2)


def _venues(spec: "District", area: Area, streams: Streams, kind: Ints, street: Ints) -> Ints:
    """Pick venues by popularity and by nearness to the street where the patient lives."""
    chosen = np.full(len(kind), -1, dtype=np.int64)
    uniform = streams.uniform("venue", len(kind))
    venues = area.venues
    district = street // spec.n_streets
    xy_streets = np.array([polygon.mean(axis=0) for polygon in area.polygons])
    by_group = venues.groupby(["district", "venue_type"], sort=False).indices
    types = texts("venues", "venue_type")
    xy = venues[["x_km", "y_km"]].to_numpy()
    weight = venues["weight"].to_numpy(np.float64)
    order = np.lexsort((street, kind, district))
    groups = district[order] * len(types) + kind[order]
    starts = np.flatnonzero(np.diff(groups, prepend=-1))
    for begin, end in pairwise([*starts.tolist(), len(order)]):
        rows = order[begin:end]
        at = by_group.get((int(district[rows[0]]), types[kind[rows[0]]]))
        if at is None:
            continue
        local, inverse = np.unique(street[rows], return_inverse=True)
        distance = np.hypot(*(xy_streets[local][:, None] - xy[at][None]).transpose(2, 0, 1))
        weights = weight[at] * np.exp(-distance / spec.reach_km)
        chosen[rows] = at[pick_by_group(uniform[rows], inverse, weights)]
    return chosen


def _brands(spec: "District", streams: Streams, classes: Floats, packed: Bools) -> Floats:
    brand = np.full(len(classes), "", dtype=object)
    named = packed & streams.happens("brand named", spec.brand_named_share, len(classes))
    popularity = 1 / np.arange(1.0, 11.0) ** spec.zipf_exponent
    chosen = pick(streams.uniform("brand", len(classes)), popularity)
    for key in sorted(set(classes[named].tolist())):
        rows = named & (classes == key)
        brand[rows] = np.array(brands(str(key)), dtype=object)[chosen[rows]]
    return brand


def exposure_table(
    spec: "District", area: Area, streams: Streams, meals: Meals, case_id: "pd.Series[str]"
) -> pd.DataFrame:
    """Return the exposures as they are reported, with what is not known left out."""
    n_cases = len(case_id)
    complete = streams.happens("complete", spec.exposure_completeness, n_cases)
    empty = ~complete & streams.happens("empty", spec.without_exposure_share, n_cases)
    shown = ~empty[meals.case]
    partial = ~complete[meals.case]
    lost = streams.integers("lost field", 0, len(REQUIRED) - 1, len(shown))
    also = streams.uniform("also lost", len(shown), len(REQUIRED)) < spec.also_lost_share
    missing = partial[:, None] & (also | (lost[:, None] == np.arange(len(REQUIRED))))

    named = streams.happens("venue named", spec.venue_named_share, len(shown))
    has_venue = meals.venue >= 0
    at = np.where(has_venue, meals.venue, 0)
    venues = area.venues.iloc[at]
    latitude, longitude = area.to_wgs84(venues["x_km"].to_numpy(), venues["y_km"].to_numpy())
    streets = area.streets.iloc[venues["street"].to_numpy()]
    region = PROVINCE + "/" + CITY + "/" + streets["district"].to_numpy(object)
    address = streets["name"].to_numpy(object) + venues["house"].astype(str).to_numpy(object) + "号"
    known = has_venue & named
    frame = pd.DataFrame(
        {
            "case_id": case_id.to_numpy(object)[meals.case],
            "food": _text(meals.food, ~missing[:, 0]),
            "food_class": _zh("food_classes", meals.food_class, ~missing[:, 1]),
            "packaging": _zh("packagings", meals.packaging, ~missing[:, 2]),
            "brand": _text(meals.brand),
            "maker": _text(meals.maker),
            "venue": _text(venues["name"].tolist(), known),
            "venue_type": _zh("venue_types", meals.venue_type, ~missing[:, 3]),
            "purchase_venue": _text(meals.purchase_venue),
            "purchase_venue_type": _zh("venue_types", meals.purchase_type),
            "eat_region": _text(region.tolist(), known),
            "eat_code": _text(streets["district_code"].tolist(), known),
            "eat_address": _text(address.tolist(), known),
            "eat_latitude": pd.array(np.where(known, latitude.round(6), np.nan), "Float64"),
            "eat_longitude": pd.array(np.where(known, longitude.round(6), np.nan), "Float64"),
            "n_ate": pd.array(np.where(missing[:, 4], np.nan, meals.n_ate), "Int64"),
            "eaten": np.where(
                missing[:, 5],
                np.datetime64("NaT"),
                meals.eaten.astype("datetime64[m]").astype("datetime64[ns]"),
            ),
            "others_ill": pd.array(
                _without(meals.others_ill.astype(object), missing[:, 6]), "boolean"
            ),
        }
    )
    return frame[shown].reset_index(drop=True)


def _without(values: "np.ndarray[Any, Any]", where: Bools) -> "np.ndarray[Any, Any]":
    values = values.copy()
    values[where] = None
    return values


def _text(values: list[str], known: Bools | None = None) -> Any:  # noqa: ANN401
    texts_ = np.array([value or None for value in values], dtype=object)
    if known is not None:
        texts_[~known] = None
    return pd.array(texts_, dtype="string")


def _zh(name: str, keys: list[str], known: Bools | None = None) -> Any:  # noqa: ANN401
    frame = getattr(vocabulary, name)()
    zh = dict(zip(frame["key"], frame["zh"], strict=True))
    return _text([str(zh[key]) if key else "" for key in keys], known)
