"""Outbreaks to be put into simulated reports: one meal, or one product, that made people ill."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from enteroscan import vocabulary
from enteroscan._workdays import read_day
from enteroscan.errors import SpecError
from enteroscan.simulate._illness import agent_keys
from enteroscan.simulate._streams import Bools, Floats, Streams, pick
from enteroscan.simulate._tables import (
    numbers,
    rake,
    survival_of_sizes,
    table,
    texts,
    weighted,
)
from enteroscan.simulate.area import brands

__all__ = ["Outbreak", "random_outbreaks"]

MEAL_HOURS = (12, 18)
PRODUCT_AGENTS = ("salmonella", "staphylococcus_aureus", "nitrite", "listeria")
PRODUCT_DAYS = 14


@dataclass(frozen=True, kw_only=True)
class Outbreak:
    """People who fall ill from the same food.

    Parameters
    ----------
    agent
        Key of the agent (``enteroscan.vocabulary.agents()``). It decides on incubation, symptoms
        and what the laboratory finds.
    start
        Time of the meal, ``"2024-06-08 12:00"``. Without an hour, noon.
    duration_days
        1: one meal (point source). More: the food is eaten at noon or in the evening of so many
        days (continuing source).
    food, food_class
        The vehicle as the ill name it, and the key of its class
        (``enteroscan.vocabulary.food_classes()``). None: a food that carries this agent in China.
    venue_type
        Key of the kind of place (``enteroscan.vocabulary.venue_types()``). ``"home"``: one
        household and its guests.
    venue
        Name of the place, one of ``District.area.venues``. None: a place of the type, by
        popularity, in the street where it happens if there is one.
    brand
        A product of this brand, sold everywhere and eaten at home, instead of a meal at a place.
    street
        Code of the street (see `District.places`) where it happens. None: any.
    size
        Number of the ill. None: ``n_exposed`` and ``attack_rate`` decide; without ``n_exposed``
        drawn as outbreaks are in China and Chile, where most have 2 or 3 ill
        [Chile MINSAL/DEIS 2011-24: median 3, P75 5, P90 10, P99 49; China 2020-23: mean 4.3-5.3].
    n_exposed
        Number who ate it. None: what size and attack rate make.
    attack_rate
        Share of those who ate it that fall ill [tiramisu, Stegen 1998: 0.78; ice cream, Oswego
        1940: 0.80; school meal, Derbyshire 2001: 0.38].
    ascertainment
        Share of the ill that a sentinel hospital sees and reports. 1: all, which fits sizes that
        are those of reported outbreaks.

    Examples
    --------
    >>> wedding = Outbreak(
    ...     agent="salmonella", start="2024-07-20 18:00", venue_type="rural_banquet", size=9
    ... )
    """

    agent: str
    start: str | pd.Timestamp
    duration_days: int = 1
    food: str | None = None
    food_class: str | None = None
    venue_type: str = "restaurant"
    venue: str | None = None
    brand: str | None = None
    street: str | None = None
    size: int | None = None
    n_exposed: int | None = None
    attack_rate: float = 0.6
    ascertainment: float = 1.0

    def __post_init__(self) -> None:
        """Check the options."""
        if self.agent not in agent_keys()[1:]:
            message = f"agent={self.agent!r} is not in enteroscan.vocabulary.agents()"
            raise SpecError(message)
        if self.venue_type not in set(vocabulary.venue_types()["key"]):
            message = (
                f"venue_type={self.venue_type!r} is not in enteroscan.vocabulary.venue_types()"
            )
            raise SpecError(message)
        known_class = {None, *vocabulary.food_classes()["key"]}
        if self.food_class not in known_class:
            message = (
                f"food_class={self.food_class!r} is not in enteroscan.vocabulary.food_classes()"
            )
            raise SpecError(message)
        if self.duration_days < 1:
            message = f"duration_days must be at least 1, got {self.duration_days}"
            raise SpecError(message)
        for name in ("attack_rate", "ascertainment"):
            if not 0 < getattr(self, name) <= 1:
                message = f"{name} must be more than 0 and at most 1, got {getattr(self, name)}"
                raise SpecError(message)
        for name in ("size", "n_exposed"):
            if (value := getattr(self, name)) is not None and value < 1:
                message = f"{name} must be at least 1, got {value}"
                raise SpecError(message)
        if self.size is not None and self.n_exposed is not None and self.size > self.n_exposed:
            message = f"size={self.size} is more than n_exposed={self.n_exposed}"
            raise SpecError(message)
        if self.brand is not None and self.venue is not None:
            message = "brand and venue exclude each other: a product, or a meal at a place"
            raise SpecError(message)
        _ = self.first_meal

    @property
    def first_meal(self) -> pd.Timestamp:
        """Time of the first meal."""
        try:
            start = pd.Timestamp(self.start)
        except ValueError as error:
            message = f"start={self.start!r} is no time; write 2024-06-08 12:00"
            raise SpecError(message) from error
        return start + pd.Timedelta(hours=12) if start == start.normalize() else start


def vehicles(agent: str) -> tuple[list[str], list[str]]:
    """Return foods that carry an agent in China, and the keys of their classes."""
    rows = table("outbreak_agents")
    own = rows.loc[rows["agent"] == agent, "foods"]
    if len(own):
        pairs = [pair.split(":") for pair in str(own.iloc[0]).split("|")]
        return [food for food, _ in pairs], [food_class for _, food_class in pairs]
    agents = vocabulary.agents().set_index("key")
    foods = str(agents.loc[agent, "vehicles_zh"]).split("|")
    return foods, ["other"] * len(foods)


def draw_size(uniform: float) -> int:
    """Return the size that a share of outbreaks lies below."""
    sizes, at_least = survival_of_sizes()
    return int(sizes[max(0, int((at_least > 1 - uniform - 1e-15).sum()) - 1)])


def agents_and_places() -> Floats:
    """Return the share of outbreaks by agent (row) and place, fitted to both margins."""
    places = texts("outbreak_places", "place")
    affinity = table("outbreak_agents")[places].to_numpy(np.float64)
    return rake(affinity, numbers("outbreak_agents", "share"), numbers("outbreak_places", "share"))


def random_outbreaks(
    rate_per_year: float,
    *,
    start: str | pd.Timestamp,
    end: str | pd.Timestamp,
    random_state: int = 0,
    agents: Sequence[str] | None = None,
    product_share: float = 0.03,
    ascertainment: float = 1.0,
) -> tuple[Outbreak, ...]:
    """Draw outbreaks of the agents, places, seasons and sizes that China reports.

    Parameters
    ----------
    rate_per_year
        Expected number a year; their number is Poisson. A province of Zhejiang's size reports about
        160 a year, Wenzhou 18 [Zhejiang 2015-20; Wenzhou 2012-22].
    start, end
        First and last day of the first meals.
    random_state
        Seed: the same number gives the same outbreaks.
    agents
        Keys of the agents to draw from, by their shares. None: all of
        [China 2003-17, Food Control 118:107359].
    product_share
        Share that comes from a product sold everywhere over two weeks; assumed.
    ascertainment
        See `Outbreak`.

    Examples
    --------
    >>> outbreaks = random_outbreaks(20, start="2024-01-01", end="2024-12-31")
    """
    streams = Streams(random_state, "random outbreaks")
    first, last = read_day("start", start), read_day("end", end)
    if last < first:
        message = f"end={end} is before start={start}"
        raise SpecError(message)
    days = (last - first).days + 1
    n = int(streams.generator("number").poisson(rate_per_year * days / 365.25))
    keys = texts("outbreak_agents", "agent")
    joint = agents_and_places()
    if agents is not None:
        unknown = sorted(set(agents) - set(keys))
        if unknown:
            message = f"agents: {', '.join(unknown)} not in outbreak_agents.csv"
            raise SpecError(message)
        joint = joint * np.isin(keys, agents)[:, None]
    cells = streams.pick("agent and place", joint.ravel(), n)
    places = [weighted(row) for row in table("outbreak_places")["venue_types"]]
    choice = streams.uniform("choice", n, 4)
    hour = streams.pick("hour", np.array([1.0, 1.3]), n)
    is_product = streams.happens("product", product_share, n)
    is_summer = pd.date_range(first, periods=days).month.isin(range(5, 11))
    made = []
    for i, cell in enumerate(cells.tolist()):
        agent, place = keys[cell // joint.shape[1]], cell % joint.shape[1]
        foods, classes = vehicles(agent)
        food = int(choice[i, 0] * len(foods))
        kinds, weights = places[place]
        day = first + pd.Timedelta(days=_day(float(choice[i, 1]), agent, is_summer))
        outbreak = Outbreak(
            agent=agent,
            start=day + pd.Timedelta(hours=MEAL_HOURS[hour[i]]),
            food=foods[food],
            food_class=classes[food],
            venue_type=kinds[int(pick(choice[i, 2:3], weights)[0])],
            size=draw_size(float(choice[i, 3])),
            ascertainment=ascertainment,
        )
        if is_product[i] and agent in PRODUCT_AGENTS:
            brand = brands(classes[food])[0]
            outbreak = replace(outbreak, brand=brand, duration_days=PRODUCT_DAYS, venue_type="home")
        made.append(outbreak)
    return tuple(made)


def _day(uniform: float, agent: str, is_summer: Bools) -> int:
    """Pick the day by the season of the agent."""
    agents = texts("outbreak_agents", "agent")
    summer = numbers("outbreak_agents", "summer_share")[agents.index(agent)]
    weights = np.where(is_summer, summer / 184, (1 - summer) / 181)
    return int(pick(np.array([uniform]), weights.astype(np.float64))[0])
