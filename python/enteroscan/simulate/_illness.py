"""Who falls ill when: seasons, ages, incubations, symptoms, delays."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import ndtri

from enteroscan import vocabulary
from enteroscan._workdays import Days, working_days
from enteroscan.errors import SpecError
from enteroscan.simulate._streams import Bools, Floats, Ints, Streams, pick_by_group
from enteroscan.simulate._tables import numbers, texts

UNSPECIFIED = "unspecified"
UNSPECIFIED_INCUBATION_H = (1.0, 12.0, 72.0)  # assumed
OUTER = 0.01  # share of incubations that the table's minimum and maximum would cut off a log-normal
MIDSUMMER = 212  # day of the year in the middle of May to October
MINUTES = 60.0
DAY = 24 * 60.0
AGE_BANDS = ("0", "1_5", "6_17", "18_59", "60")


@cache
def agent_keys() -> tuple[str, ...]:
    """Return all agents; the first stands for what was never found out."""
    return (UNSPECIFIED, *(str(key) for key in vocabulary.agents()["key"]))


@cache
def incubation_limits() -> Floats:
    """Return minimum, median and maximum in hours, a row an agent."""
    columns = [f"incubation_{name}_h" for name in ("min", "median", "max")]
    known = vocabulary.agents()[columns].to_numpy(np.float64)
    return np.vstack([[UNSPECIFIED_INCUBATION_H], known])


def incubation_h(uniform: Floats, agent: Ints) -> Floats:
    """Return incubations in hours.

    Log-normal below and above the median with a width of its own each, such that all lie between
    the minimum and the maximum of the table and half of them on each side of its median.
    """
    low, median, high = np.log(incubation_limits()[agent]).T
    z = ndtri(OUTER + uniform * (1 - 2 * OUTER))
    edge = -ndtri(OUTER)
    width = np.where(z < 0, median - low, high - median) / edge
    return np.asarray(np.exp(median + width * z))


@dataclass(frozen=True)
class Background:
    """Sporadic illness: how agents, seasons, ages and symptoms go together."""

    agents: Ints  # rows of agent_keys()
    mix: Floats  # share of the cases
    concentration: Floats  # of the season, by agent
    ages: Floats  # [agent, band]
    symptoms: Floats  # [agent, symptom], all symptoms of the vocabulary


@cache
def background(positive_share: float, test_sensitivity: float, summer_share: float) -> Background:
    """Make the cases of unspecified agent such that all together have the figures asked for."""
    keys = texts("background_agents", "agent")
    found = numbers("background_agents", "share_of_positives")
    known = positive_share / test_sensitivity
    if not 0 <= known < 1:
        message = "positive_share must be less than test_sensitivity"
        raise SpecError(message)
    mix = np.concatenate([[1 - known], known * found / found.sum()])
    agents = np.array([0, *(agent_keys().index(key) for key in keys)])

    def complete(name: str, target: Floats, rows: Floats) -> Floats:
        rest = (target - mix[1:] @ rows) / mix[0]
        if (rest < 0).any() or (rest > 1).any():
            message = f"{name} does not go with the agents in background_agents.csv"
            raise SpecError(message)
        return np.vstack([[rest], rows])

    summer = complete(
        "summer_share",
        np.array([summer_share]),
        numbers("background_agents", "summer_share")[:, None],
    )[:, 0]
    of_ages = numbers("ages", "population_share") * numbers("ages", "relative_rate")
    ages = np.column_stack([numbers("background_agents", f"age_{band}") for band in AGE_BANDS])
    ages /= ages.sum(axis=1, keepdims=True)
    of_symptoms = np.zeros(len(symptom_keys()))
    for symptom, share in zip(
        texts("background_symptoms", "symptom"),
        numbers("background_symptoms", "share"),
        strict=True,
    ):
        of_symptoms[symptom_keys().index(symptom)] = share
    rows = symptom_probabilities()[agents[1:]]
    # What is rare among all cases may be frequent in those of an agent.
    of_symptoms = np.maximum(of_symptoms, mix[1:] @ rows)
    return Background(
        agents=agents,
        mix=mix,
        concentration=np.array([_concentration(float(share)) for share in summer]),
        ages=complete("the ages", of_ages / of_ages.sum(), ages),
        symptoms=complete("the symptoms", of_symptoms, rows),
    )


def season(day_of_year: Floats, concentration: Floats) -> Floats:
    """Return the rate of every agent (row) and day relative to the mean of a year."""
    year = np.exp(concentration[:, None] * _wave(np.arange(1.0, 366.0)))
    days = np.exp(concentration[:, None] * _wave(day_of_year))
    relative: Floats = days / year.mean(axis=1, keepdims=True)
    return relative


def _wave(day_of_year: Floats) -> Floats:
    return np.cos(2 * np.pi * (day_of_year - MIDSUMMER) / 365.25)


def _concentration(summer_share: float) -> float:
    """Return kappa of the rate exp(kappa cos(day)) that puts a share into May to October."""
    days = np.arange(1, 366)
    summer = (days > 120) & (days <= 304)

    def excess(kappa: float) -> float:
        rate = np.exp(kappa * _wave(days.astype(np.float64)))
        return float(rate[summer].sum() / rate.sum() - summer_share)

    if not excess(-20) < 0 < excess(20):
        message = f"summer_share must be between 0 and 1, got {summer_share}"
        raise SpecError(message)
    return float(brentq(excess, -20, 20))


@cache
def symptom_keys() -> tuple[str, ...]:
    """Return the keys of all symptoms, in the order of the form."""
    return tuple(str(key) for key in vocabulary.symptoms()["key"])


@cache
def symptom_probabilities() -> Floats:
    """Return the share of cases with a symptom, [agent, symptom]; unspecified has none."""
    agents = {key: i for i, key in enumerate(agent_keys())}
    symptoms = {key: i for i, key in enumerate(symptom_keys())}
    probabilities = np.zeros((len(agents), len(symptoms)))
    shares = vocabulary.agent_symptoms()
    for agent, symptom, share in zip(
        shares["agent"], shares["symptom"], shares["frequency"], strict=True
    ):
        probabilities[agents[str(agent)], symptoms[str(symptom)]] = float(share)
    return probabilities


def ages_in_bands(streams: Streams, band: Ints) -> Floats:
    """Return an age in years for every band, evenly spread in it."""
    first, last = numbers("ages", "first_year")[band], numbers("ages", "last_year")[band]
    return first + streams.uniform("age", len(band)) * (last - first + 1)


@dataclass(frozen=True, kw_only=True)
class Calendar:
    """Working days from well before the first to well after the last case."""

    first: int  # day since 1970
    worked: Bools

    @classmethod
    def around(
        cls, first: int, last: int, holidays: Iterable[str], workdays: Iterable[str]
    ) -> "Calendar":
        """Make the calendar for onsets from a first to a last day."""
        first -= 40
        days: Days = np.arange(first, last + 400).astype("datetime64[D]")
        return cls(first=first, worked=working_days(days, holidays=holidays, workdays=workdays))

    def is_worked(self, day: Ints) -> Bools:
        """Tell which days, counted from 1970, are worked."""
        return np.asarray(self.worked[np.clip(day - self.first, 0, len(self.worked) - 1)])

    def next_worked(self, day: Ints) -> Ints:
        """Return the first day worked on or after each day."""
        places = np.arange(len(self.worked))
        ahead = np.where(self.worked, places, len(self.worked) - 1)
        following = np.minimum.accumulate(ahead[::-1])[::-1]
        return np.asarray(self.first + following[np.clip(day - self.first, 0, len(places) - 1)])


def visits(
    streams: Streams,
    onset: Floats,
    calendar: Calendar,
    *,
    median_h: float,
    sigma: float,
    closed_day_visits: float,
) -> Floats:
    """Return when the ill see a doctor, in minutes since 1970."""
    n = len(onset)
    visit = onset + np.maximum(streams.lognormal("visit", median_h, sigma, n) * MINUTES, 20)
    hour = visit % DAY / MINUTES
    night = (hour < 6) | (hour >= 22)
    sleeps = night & streams.happens("sleep", 0.6, n)
    morning = np.floor(visit / DAY + (hour >= 22)) * DAY + 480
    visit = np.where(sleeps, morning + streams.uniform("morning", n) * 240, visit)
    day = np.floor(visit / DAY).astype(np.int64)
    waits = ~calendar.is_worked(day) & ~streams.happens("waits", closed_day_visits, n)
    opening = calendar.next_worked(day) * DAY + 480 + streams.uniform("opening", n) * 180
    return np.asarray(np.floor(np.where(waits, opening, visit)))


def report_times(
    streams: Streams,
    visit: Floats,
    calendar: Calendar,
    *,
    median_days: float,
    sigma: float,
    closed_day_reports: float,
) -> Floats:
    """Return when the hospital fills in the form, in minutes since 1970."""
    n = len(visit)
    due = visit + streams.lognormal("report", median_days, sigma, n) * DAY
    day = np.floor(due / DAY).astype(np.int64)
    waits = ~calendar.is_worked(day) & ~streams.happens("report waits", closed_day_reports, n)
    day = np.where(waits, calendar.next_worked(day), day)
    time = day * DAY + 510 + streams.uniform("report hour", n) * 510
    return np.asarray(np.floor(np.maximum(time, visit + 10)))


def draw_symptoms(streams: Streams, probabilities: Floats) -> Bools:
    """Return who has which symptom; nobody is without any."""
    has = streams.uniform("symptoms", *probabilities.shape) < probabilities
    has[~has.any(axis=1), symptom_keys().index("fatigue")] = True
    return has


def stool_types(streams: Streams, agent: Ints, diarrhoea: Bools) -> "pd.Series[Any]":
    """Return what stools look like, where there is diarrhoea and it was asked."""
    keys = [str(key) for key in vocabulary.stool_types()["key"]]
    # watery, rice water, mucous, purulent and bloody, meat washing, fresh blood, black; assumed
    usual = [0.78, 0.0, 0.18, 0.02, 0.005, 0.01, 0.005]
    special = {
        "shigella": [0.3, 0, 0.35, 0.3, 0.02, 0.03, 0],
        "salmonella": [0.6, 0, 0.33, 0.05, 0.01, 0.01, 0],
        "stec": [0.3, 0, 0.1, 0.15, 0.1, 0.35, 0],
        "campylobacter": [0.55, 0, 0.2, 0.15, 0, 0.1, 0],
        "vibrio_parahaemolyticus": [0.85, 0, 0.08, 0.01, 0.06, 0, 0],
        "vibrio_cholerae": [0.3, 0.7, 0, 0, 0, 0, 0],
    }
    weights = np.array([special.get(key, usual) for key in agent_keys()])
    chosen = pick_by_group(streams.uniform("stool type", len(agent)), agent, weights)
    asked = diarrhoea & streams.happens("stool asked", 0.8, len(agent))
    names = np.array([*keys, None], dtype=object)[np.where(asked, chosen, -1)]
    return pd.Series(pd.Categorical(names, categories=keys))
