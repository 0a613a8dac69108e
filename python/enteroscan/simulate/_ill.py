"""The ill: sporadic ones day by day, and those of outbreaks."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from enteroscan.errors import SpecError
from enteroscan.simulate import _illness
from enteroscan.simulate._illness import DAY, MINUTES, Calendar, agent_keys
from enteroscan.simulate._meals import Vehicle
from enteroscan.simulate._people import MEAN_OTHERS, household_sizes, shared
from enteroscan.simulate._streams import Floats, Ints, Streams, pick, pick_by_group
from enteroscan.simulate._tables import numbers, table, weighted
from enteroscan.simulate.area import Area
from enteroscan.simulate.outbreak import MEAL_HOURS, Outbreak, draw_size, vehicles

if TYPE_CHECKING:
    from enteroscan.simulate.district import District

FREE_DAYS = 115 / 365  # weekends and public holidays
FIRST_OUTBREAK_KEY = 20_000_000
MOST_ILL = 1_000_000  # of an outbreak, so that households of two have other numbers
BANDS_OF_VENUES = {
    "school_canteen": (0.0, 0.0, 1.0, 0.05, 0.0),
    "kindergarten_canteen": (0.0, 1.0, 0.0, 0.05, 0.0),
    "workplace_canteen": (0.0, 0.0, 0.0, 1.0, 0.03),
    "site_canteen": (0.0, 0.0, 0.0, 1.0, 0.03),
}  # who eats there, relative to the population: under 1, 1-5, 6-17, 18-59, 60 and over
BANDS_ELSEWHERE = (0.0, 0.7, 1.0, 1.0, 1.0)
TABLES = 10  # most people of a party of a restaurant that a case would count
SERIAL_INTERVAL_DAYS = (2.5, 0.6)  # median and sigma of a log-normal; assumed after norovirus
FAMILY_SHARE = 0.4  # of the ill of a meal or product, who are of the family of one before; assumed
# Share of the ill of outbreaks who say that others fell ill, if any did before their visit: they
# ate together, at a table among others, or a product at home; assumed.
TOLD_TOGETHER, TOLD_AT_TABLES, TOLD_PRODUCT = 0.75, 0.6, 0.3


@dataclass(frozen=True, kw_only=True)
class Ill:
    """The ill who are reported: one entry a case in every array."""

    key: Ints  # number of the case, its own whatever else is simulated
    agent: Ints  # row of agent_keys()
    band: Ints  # of age
    onset: Floats  # minutes since 1970
    incubation: Floats  # hours
    pair: Ints  # row of area.pairs: home and hospital
    outbreak: Ints  # 0: none
    household: Ints  # -1: of a household with no other case
    serotype: list[str]
    vehicle: Vehicle | None = None

    def __len__(self) -> int:
        return len(self.key)


def sporadic(spec: "District", streams: Streams, days: Ints) -> Ill:
    """Draw a Poisson number of cases for every agent and day."""
    background = _illness.background(spec.positive_share, spec.test_sensitivity, spec.summer_share)
    calendar = Calendar.around(int(days[0]), int(days[-1]), spec.holidays, spec.workdays)
    effect = np.where(calendar.is_worked(days), 1.0, spec.holiday_onsets)
    effect /= 1 - FREE_DAYS + FREE_DAYS * spec.holiday_onsets
    day_of_year = pd.DatetimeIndex(days.astype("datetime64[D]")).day_of_year.to_numpy(np.float64)
    season = _illness.season(day_of_year, background.concentration)
    first = 1 / (1 + spec.household_attack_rate * spec.household_seen_share * MEAN_OTHERS)
    rate = first * spec.cases_per_year / 365.25 * background.mix[:, None] * season * effect
    counts = streams.generator("counts").poisson(rate)
    row, at = np.nonzero(counts)
    row, day = np.repeat(row, counts[row, at]), np.repeat(days[at], counts[row, at])
    n = len(row)
    if n > FIRST_OUTBREAK_KEY:
        message = f"more than {FIRST_OUTBREAK_KEY:,} cases; simulate a shorter time"
        raise SpecError(message)
    # Illness begins least often before dawn; assumed.
    hours = 1.0 + 0.6 * np.cos((np.arange(24) - 15) / 24 * 2 * np.pi)
    minute = np.floor(streams.uniform("minute", n) * MINUTES)
    onset = day * DAY + streams.pick("hour", hours, n) * MINUTES + minute
    order = np.argsort(onset, kind="stable")
    row, onset = row[order], onset[order]
    index, later = _second_in_household(spec, streams, onset)
    kept = later < (int(days[-1]) + 1) * DAY
    onset = np.concatenate([onset, later[kept]])
    index = np.concatenate([np.arange(n), index[kept]])
    order = np.argsort(onset, kind="stable")
    onset, household, n = onset[order], index[order], len(index)
    row = row[household]
    household[np.bincount(household)[household] == 1] = -1
    agent = background.agents[row]
    serotype = shared(streams.uniform("serotype", n), household)
    return Ill(
        key=np.arange(n),
        agent=agent,
        band=pick_by_group(streams.uniform("band", n), row, background.ages),
        onset=onset,
        incubation=_illness.incubation_h(streams.uniform("incubation", n), agent),
        pair=shared(
            streams.pick("home", spec.area.pairs["weight"].to_numpy(np.float64), n), household
        ),
        outbreak=np.zeros(n, dtype=np.int64),
        household=household,
        serotype=_serotypes(serotype, agent),
    )


def _second_in_household(spec: "District", streams: Streams, onset: Floats) -> tuple[Ints, Floats]:
    """Return whom the ill of a household infect and who are seen: index case, and onset."""
    others = household_sizes(streams.uniform("household size", len(onset))) - 1
    share = spec.household_attack_rate * spec.household_seen_share
    is_seen = streams.uniform("household ill", len(onset), int(others.max(initial=0))) < share
    is_seen &= np.arange(is_seen.shape[1]) < others[:, None]
    index = np.nonzero(is_seen)[0]
    median, sigma = SERIAL_INTERVAL_DAYS
    days = streams.lognormal("serial interval", median, sigma, len(index))
    return index, np.floor(onset[index] + days * DAY)


def of_outbreaks(
    spec: "District", streams: Streams, outbreaks: tuple[Outbreak, ...]
) -> tuple[Ill, pd.DataFrame]:
    """Return the reported ill of all outbreaks, and the table of outbreaks."""
    made = [
        _Event(spec, streams.child(str(i)), i + 1, outbreak) for i, outbreak in enumerate(outbreaks)
    ]
    ill = _joined(Ill, [event.ill() for event in made])
    ill = replace(ill, key=FIRST_OUTBREAK_KEY + np.arange(len(ill)))
    return ill, pd.DataFrame([event.row for event in made])


class _Event:
    """One outbreak: where, what, who."""

    def __init__(self, spec: "District", streams: Streams, number: int, outbreak: Outbreak) -> None:
        self.spec, self.streams, self.number, self.outbreak = spec, streams, number, outbreak
        self.area: Area = spec.area
        self.agent = agent_keys().index(outbreak.agent)
        self.n_exposed, self.n_ill = self._sizes()
        self.n_reported = int(
            streams.generator("reported").binomial(self.n_ill, outbreak.ascertainment)
        )
        self.food, self.food_class = self._vehicle()
        self.is_home = outbreak.venue_type == "home" and outbreak.brand is None
        self.street = self._street()
        self.venue = self._venue()
        self.serotype = _serotypes(streams.uniform("serotype", 1), np.array([self.agent]))[0]

    def _sizes(self) -> tuple[int, int]:
        outbreak = self.outbreak
        if outbreak.size is None and outbreak.n_exposed is not None:
            generator = self.streams.generator("ill")
            return outbreak.n_exposed, int(
                generator.binomial(outbreak.n_exposed, outbreak.attack_rate)
            )
        size = outbreak.size or draw_size(float(self.streams.uniform("size", 1)[0]))
        return outbreak.n_exposed or max(size, round(size / outbreak.attack_rate)), size

    def _vehicle(self) -> tuple[str, str]:
        foods, classes = vehicles(self.outbreak.agent)
        at = int(self.streams.integers("food", 0, len(foods) - 1, 1)[0])
        food = self.outbreak.food or foods[at]
        own = dict(zip(foods, classes, strict=True)).get(food, "other")
        return food, self.outbreak.food_class or own

    def _street(self) -> int:
        """Return the street where it happens; where more people live, more happens."""
        streets = self.area.streets
        if self.outbreak.street is None:
            people = streets["population"].to_numpy(np.float64)
            return int(self.streams.pick("street", people, 1)[0])
        at = np.flatnonzero(streets["code"] == self.outbreak.street)
        if not len(at):
            message = f"street={self.outbreak.street!r} is not the code of a street; see places"
            raise SpecError(message)
        return int(at[0])

    def _venue(self) -> int:
        """Return the row of the venue, -1 where it has none."""
        outbreak, venues = self.outbreak, self.area.venues
        if outbreak.brand is not None or self.is_home:
            return -1
        district = self.street // self.spec.n_streets
        if outbreak.venue is not None:
            named = (venues["name"] == outbreak.venue) & (venues["district"] == district)
            here = named & (venues["street"] == self.street)
            at = np.flatnonzero(here if here.any() else named)
            if not len(at):
                message = (
                    f"venue={outbreak.venue!r} is not in this district; see area.venues, and give "
                    "the street for one of another"
                )
                raise SpecError(message)
            return int(at[0])
        kind = (venues["venue_type"] == outbreak.venue_type).to_numpy()
        near = (venues["street"] == self.street).to_numpy()
        inside = (venues["district"] == district).to_numpy()
        chosen = kind & near if (kind & near).any() else kind & inside
        if not chosen.any():
            return -1
        weights = np.where(chosen, venues["weight"].to_numpy(np.float64), 0.0)
        return int(self.streams.pick("venue", weights, 1)[0])

    @property
    def row(self) -> dict[str, object]:
        """What is true about the outbreak."""
        outbreak = self.outbreak
        at = self.area.venues.iloc[self.venue] if self.venue >= 0 else None
        x, y = (float(at["x_km"]), float(at["y_km"])) if at is not None else (np.nan, np.nan)
        if self.is_home:
            home = self.area.homes.iloc[self._home]
            x, y = float(home["x_km"]), float(home["y_km"])
        latitude, longitude = self.area.to_wgs84(np.array([x]), np.array([y]))
        street = self.area.streets.iloc[int(at["street"]) if at is not None else self.street]
        everywhere = outbreak.brand is not None
        return {
            "outbreak": self.number,
            "agent": outbreak.agent,
            "serotype": self.serotype or None,
            "food": self.food,
            "food_class": self.food_class,
            "brand": outbreak.brand,
            "venue_type": "home" if everywhere else outbreak.venue_type,
            "venue": None if at is None else str(at["name"]),
            "street_code": None if everywhere else street["code"],
            "latitude": round(float(latitude[0]), 6),
            "longitude": round(float(longitude[0]), 6),
            "first_meal": outbreak.first_meal,
            "duration_days": outbreak.duration_days,
            "n_exposed": self.n_exposed,
            "n_ill": self.n_ill,
            "n_reported": self.n_reported,
        }

    @property
    def _home(self) -> int:
        """Where a household lives that ate together."""
        inside = (self.area.homes["street"] == self.street).to_numpy()
        weights = np.where(inside, self.area.homes["weight"].to_numpy(np.float64), 0.0)
        return int(self.streams.pick("household", weights, 1)[0])

    def _pairs(self) -> Ints:
        """Return homes and hospitals of the reported ill."""
        pairs = self.area.pairs
        weights = pairs["weight"].to_numpy(np.float64)
        home = pairs["home"].to_numpy()
        homes = self.area.homes
        if self.outbreak.brand is None:
            at = self.area.venues.iloc[self.venue] if self.venue >= 0 else homes.iloc[self._home]
            xy = homes[["x_km", "y_km"]].to_numpy() - at[["x_km", "y_km"]].to_numpy(np.float64)
            near = np.exp(-np.hypot(*xy.T) / self.spec.reach_km)
            district = homes["street"].to_numpy() // self.spec.n_streets
            near *= district == self.street // self.spec.n_streets
            weights = weights * near[home]
        pair = self.streams.pick("home", weights, self.n_reported)
        if self.is_home and self.n_reported:
            own = pairs["weight"].to_numpy(np.float64) * (home == self._home)
            pair[0] = self.streams.pick("host", own, 1)[0]
        return shared(pair, self._households())

    def _households(self) -> Ints:
        """Return the household of every reported ill.

        At home it is that of the host, as large as households are, and guests come from their own;
        at other places families come together, but not to canteens.
        """
        n = self.n_reported
        number = np.arange(n)
        if self.is_home:
            size = int(household_sizes(self.streams.uniform("household size", 1), at_least=2)[0])
            number = np.where(number < size, 0, number)
        elif not self.outbreak.venue_type.endswith("canteen"):
            joins = self.streams.happens("family", FAMILY_SHARE, n)
            number = np.cumsum(~joins)
        return self.number * MOST_ILL + number

    def _meals(self) -> Floats:
        """Return when the reported ill ate it."""
        outbreak, n = self.outbreak, self.n_reported
        start = outbreak.first_meal.timestamp() // 60
        if outbreak.duration_days == 1:
            return np.full(n, start)
        later = self.streams.integers("day", 0, outbreak.duration_days - 1, n)
        hour = np.array(MEAL_HOURS)[self.streams.integers("hour", 0, 1, n)]
        meal = (start // DAY + later) * DAY + hour * MINUTES
        return np.asarray(np.maximum(meal, start))

    def ill(self) -> Ill:
        """Return the reported ill."""
        outbreak, n, streams = self.outbreak, self.n_reported, self.streams
        eaten = self._meals()
        agent = np.full(n, self.agent)
        incubation = _illness.incubation_h(streams.uniform("incubation", n), agent)
        bands = np.array(BANDS_OF_VENUES.get(outbreak.venue_type, BANDS_ELSEWHERE))
        weights = bands * numbers("ages", "population_share")
        is_product = outbreak.brand is not None
        at_home = is_product or outbreak.venue_type == "home"
        packaging = "prepacked" if is_product else "home_made" if at_home else "catering"
        party, told = self.n_exposed, TOLD_TOGETHER
        if is_product:
            party, told = 4, TOLD_PRODUCT
        if outbreak.venue_type in ("restaurant", "small_restaurant", "fast_food", "delivery"):
            party, told = min(party, TABLES), TOLD_AT_TABLES
        return Ill(
            key=np.zeros(n, dtype=np.int64),
            agent=agent,
            band=streams.pick("band", weights, n),
            onset=np.round(eaten + incubation * MINUTES),
            incubation=incubation,
            pair=self._pairs(),
            outbreak=np.full(n, self.number),
            household=self._households(),
            serotype=[self.serotype] * n,
            vehicle=Vehicle(
                eaten=eaten,
                food=[self.food] * n,
                food_class=[self.food_class] * n,
                packaging=[packaging] * n,
                venue_type=["home" if is_product else outbreak.venue_type] * n,
                venue=np.full(n, self.venue),
                brand=[outbreak.brand or ""] * n,
                n_ate=np.maximum(np.round(streams.lognormal("party", party, 0.3, n)), 2.0),
                others_ill=streams.happens("others ill", told, n),
                recalled=streams.happens("recalled", self.spec.vehicle_recall, n),
            ),
        )


def _serotypes(uniform: Floats, agent: Ints) -> list[str]:
    """Return serotypes of those agents that have any, empty texts for the others."""
    found = np.full(len(agent), "", dtype=object)
    rows = table("background_agents")
    for key, text in zip(rows["agent"], rows["serotypes"], strict=True):
        kinds, weights = weighted(text)
        inside = agent == agent_keys().index(str(key))
        if kinds and inside.any():
            found[inside] = np.array(kinds, dtype=object)[pick(uniform[inside], weights)]
    return [str(value) for value in found]


def _joined(kind: Callable[..., Any], parts: list[Any]) -> Any:  # noqa: ANN401
    """Put dataclasses of arrays and lists one after the other."""
    joined: dict[str, Any] = {}
    for name in (field.name for field in fields(kind)):  # type: ignore[arg-type]
        values = [getattr(part, name) for part in parts]
        if isinstance(values[0], list):
            joined[name] = [value for own in values for value in own]
        elif isinstance(values[0], np.ndarray):
            joined[name] = np.concatenate(values)
        else:
            joined[name] = _joined(type(values[0]), values)
    return kind(**joined)
