"""Turns `Cases` into the arrays that the compiled core links: cases, meals, exposures, evidence."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from enteroscan.agents import PREFIX
from enteroscan.linkage._agents import AgentEvidence
from enteroscan.linkage._genomes import genome_types
from enteroscan.linkage._kinds import KINDS, values_of
from enteroscan.linkage._strata import contexts, strata

if TYPE_CHECKING:
    from enteroscan.cases import Cases
    from enteroscan.linkage.spec import SharedExposure

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
EXPOSURE_ARRAYS = ("exposed_case", "value", "meal", "report_evidence")
CASE_COLUMNS = (
    *("case_id", "onset", "onset_hour_known", "visit", "reported", "age_years"),
    *("home_code", "home_region", "latitude", "longitude"),
)
MEAL_COLUMNS = ("case_id", "exposure", "eaten", "eaten_hour_known", "others_ill")
HOUR = pd.Timedelta(hours=1)
NOON = pd.Timedelta(hours=12)  # a date without an hour stands for its noon
UNKNOWN_LAG_HOURS = 24.0  # from a meal whose time is unknown to the onset
# From the onset of a case to that of those it infects at home: median in hours and sigma of a
# log-normal; assumed after norovirus and shigella, of which half follow within two to four days.
SERIAL_INTERVAL = (72.0, 0.6)
INFECTED_DAYS = (0.5, 10.0)  # after the onset of who gave it: earliest and latest; assumed
FIRST_GUESS = (1.0, 50.0)  # infections, of so many cases, before any is seen; assumed
OTHERS_ILL = (
    0.7  # share of the cases of a source that know others who ate there and fell ill; assumed
)


@dataclass(frozen=True, eq=False)
class Reports:
    """What the compiled core is given, and what its numbers mean."""

    arrays: dict[str, Any]
    frame: pd.DataFrame  # of the cases, in the order of their numbers
    sources: pd.DataFrame  # kind, key, label, in the order of their numbers
    agents: pd.DataFrame  # key, zh, en, serotype, in the order of their numbers
    unseen: pd.DataFrame  # reason, n_cases
    others_ill: NDArray[np.bool_]  # by meal: others who ate the same fell ill
    moment_zero: pd.Timestamp

    def hours(self, time: pd.Timestamp) -> float:
        """Return a time as the core counts it."""
        return float((time - self.moment_zero) / HOUR)

    def only(self, *, homes: bool) -> "Reports":
        """Return the reports with nothing but where people live, or with all but that."""
        of_home = np.array([KINDS[kind].of_home for kind in self.sources["kind"]], dtype=bool)
        kept = of_home[self.arrays["value"]] == homes
        exposures = {name: self.arrays[name][kept] for name in EXPOSURE_ARRAYS}
        return replace(self, arrays=self.arrays | exposures)

    def time(self, hours: float) -> pd.Timestamp:
        """Return the time that a number of the core means."""
        return self.moment_zero + pd.Timedelta(hours=hours)


def build(
    cases: "Cases",
    spec: "SharedExposure",
    as_of: pd.Timestamp,
    alleles: pd.DataFrame | None = None,
) -> Reports:
    """Make the arrays of what was known at the end of the day `as_of`."""
    zero = as_of.normalize() - pd.Timedelta(days=spec.history_days)
    frame, unseen = _known(_case_columns(cases.frame), zero, as_of)
    meals = _meals(_meal_columns(cases.exposures, spec.kinds), frame)
    genomes = None if alleles is None else genome_types(alleles, spec.max_alleles)
    agents = AgentEvidence.of(
        frame, cases.specimens, spec.agents, as_of - pd.Timedelta(days=spec.max_days), genomes
    )
    if agents.n_untyped:
        unseen.append(("no_agent_of_isolate", agents.n_untyped))
    lag_evidence = agents.of_meals(
        meals["hours"].to_numpy(np.float64),
        frame["onset_hour_known"].to_numpy(bool)[meals["case"]],
        meals["eaten_hour_known"].to_numpy(bool),
    )
    exposures, values = _exposures(frame, meals, lag_evidence, spec.kinds)
    used = len(np.unique(exposures["case"]))
    unseen.append(("no_exposure", len(frame) - used))
    numbers = _kind_numbers(exposures, values, spec.kinds)
    context = contexts(frame)
    onset = _hours(frame["onset"], zero)
    arrays = {
        "onset": onset,
        "reported": _hours(frame["reported"], zero),
        "stratum": strata(frame, as_of, spec.season_days, spec.min_stratum_cases),
        "context": context,
        "latitude": frame["latitude"].to_numpy(np.float64, na_value=np.nan),
        "longitude": frame["longitude"].to_numpy(np.float64, na_value=np.nan),
        "case_evidence": agents.of_cases,
        "lag": _known_lags(meals),
        "lag_evidence": lag_evidence,
        "exposed_case": exposures["case"].to_numpy(np.int32),
        "value": exposures["value"].to_numpy(np.int32),
        "meal": exposures["meal"].to_numpy(np.int32),
        "report_evidence": exposures["evidence"].to_numpy(np.float64),
        "kind": values["kind_number"].to_numpy(np.int32),
        "log_prior": agents.log_prior,
        "infectious": agents.infectious,
        "serial_interval": np.array(SERIAL_INTERVAL),
        "contagion": _contagion(exposures, values, onset, spec.kinds),
        **numbers,
    }
    return Reports(
        arrays,
        frame,
        values,
        agents.table,
        pd.DataFrame(unseen, columns=["reason", "n_cases"]),
        np.append(_yes(meals["others_ill"]), False),
        zero,
    )


def _case_columns(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the columns that linking needs; forms have many more."""
    symptoms = frame.columns[frame.columns.str.startswith(PREFIX)]
    return frame[[*CASE_COLUMNS, *symptoms]]


def _meal_columns(exposures: pd.DataFrame, kinds: Sequence[str]) -> pd.DataFrame:
    of_kinds = [name for kind in kinds if not KINDS[kind].of_home for name in KINDS[kind].columns]
    return exposures[[*MEAL_COLUMNS, *dict.fromkeys(of_kinds)]]


def _hours(times: "pd.Series[Any]", zero: pd.Timestamp) -> Floats:
    return np.asarray((times - zero).dt.total_seconds() / 3600, dtype=np.float64)


def _known(
    frame: pd.DataFrame, zero: pd.Timestamp, as_of: pd.Timestamp
) -> tuple[pd.DataFrame, list[tuple[str, int]]]:
    """Return the cases that were known then and have a time, and how many have not."""
    end = as_of.normalize() + pd.Timedelta(days=1)
    onset = frame["onset"].astype("datetime64[ns]")
    known = frame["reported"].isna() | (frame["reported"] < end)
    hour_known = frame["onset_hour_known"].fillna(False).astype(bool)
    onset = onset.where(hour_known, onset.dt.normalize() + NOON)
    visit = frame["visit"].astype("datetime64[ns]") - pd.Timedelta(days=1)
    reported = frame["reported"].astype("datetime64[ns]")
    guessed = onset.fillna(visit).fillna(reported - pd.Timedelta(days=2))
    unseen = [("no_date", int((known & guessed.isna()).sum()))]
    kept = known & guessed.notna() & (guessed >= zero) & (guessed < end)
    result = frame[kept].assign(
        onset=guessed[kept],
        onset_hour_known=hour_known[kept],
        reported=reported.fillna(guessed)[kept],
    )
    return result.sort_values(["onset", "case_id"], kind="stable", ignore_index=True), unseen


def _meals(exposures: pd.DataFrame, frame: pd.DataFrame) -> pd.DataFrame:
    """Return the exposures of the cases with the number of the case and the hours to its onset."""
    number = pd.Series(np.arange(len(frame)), index=frame["case_id"].astype(object))
    case = exposures["case_id"].astype(object).map(number)
    meals = exposures[case.notna().to_numpy()].assign(case=case.dropna().astype(np.int64))
    owner = meals["case"].to_numpy()
    known = meals["eaten_hour_known"].fillna(False).astype(bool)
    eaten = meals["eaten"].astype("datetime64[ns]").where(known, meals["eaten"].dt.normalize())
    onset = frame["onset"].set_axis(frame.index).iloc[owner].set_axis(meals.index)
    onset_known = frame["onset_hour_known"].iloc[owner].set_axis(meals.index).astype(bool)
    lag = _between(eaten.where(known, eaten + NOON), onset)
    hours = _between(eaten, onset.where(onset_known, onset - NOON))  # as of midnight without hours
    meals = meals.assign(lag=lag, hours=hours, eaten_hour_known=known)
    after = hours < np.where(known & onset_known, 0.0, np.where(known, -24.0, 0.0))
    ordered: pd.DataFrame = meals[~after].sort_values(["case", "exposure"], kind="stable")
    return ordered.reset_index(drop=True)


def _between(first: "pd.Series[Any]", last: "pd.Series[Any]") -> Floats:
    """Return hours."""
    return np.asarray((last - first).dt.total_seconds() / 3600, dtype=np.float64)


def _known_lags(meals: pd.DataFrame) -> Floats:
    lag = meals["lag"].to_numpy(np.float64)
    return np.append(np.where(np.isnan(lag), UNKNOWN_LAG_HOURS, lag), UNKNOWN_LAG_HOURS)


def _exposures(
    frame: pd.DataFrame, meals: pd.DataFrame, lag_evidence: Floats, kinds: Sequence[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return who reports which value from which meal, and the values."""
    no_meal, case_of = len(meals), meals["case"].to_numpy()
    others_ill = np.append(_others_ill(meals["others_ill"]), 0.0)
    likeliest = np.append(lag_evidence.max(axis=1, initial=-np.inf)[:no_meal], 0.0)
    parts, tables, n_values = [], [], 0
    for number, name in enumerate(kinds):
        of_home = KINDS[name].of_home
        found = values_of(KINDS[name], frame, meals)
        codes, keys = pd.factorize(found["key"], sort=True)
        row = found.index.to_numpy()
        part = pd.DataFrame({"value": codes + n_values, "label": found["label"].to_numpy(object)})
        part["case"] = row if of_home else case_of[row]
        part["meal"] = no_meal if of_home else row
        parts.append(part)
        tables.append(pd.DataFrame({"kind_number": number, "kind": name, "key": keys}))
        n_values += len(keys)
    every, values = pd.concat(parts, ignore_index=True), pd.concat(tables, ignore_index=True)
    every["evidence"] = others_ill[every["meal"]]
    exposures = _once_a_case(every, likeliest[every["meal"]] + every["evidence"].to_numpy())
    labels = exposures.dropna(subset="label").drop_duplicates("value").set_index("value")["label"]
    values["label"] = labels.reindex(values.index).astype(object).fillna("")
    return exposures[["case", "value", "meal", "evidence"]], values


def _once_a_case(exposures: pd.DataFrame, likeliness: Floats) -> pd.DataFrame:
    """Return each value of a case once, in the order of cases and values.

    A case may have met a value at several meals: the likeliest stands for all, as one of them.
    """
    order = np.lexsort((exposures["meal"], -likeliness, exposures["value"], exposures["case"]))
    ordered = exposures.take(order).reset_index(drop=True)
    case, value = ordered["case"].to_numpy(), ordered["value"].to_numpy()
    changes = (np.diff(case, prepend=-1) != 0) | (np.diff(value, prepend=-1) != 0)
    first = np.flatnonzero(changes)
    once = ordered.take(first).reset_index(drop=True)
    once["evidence"] -= np.log(np.diff(np.append(first, len(ordered))))
    return once


def _yes(answers: "pd.Series[Any]") -> NDArray[np.bool_]:
    return answers.fillna(False).astype(bool).to_numpy()


def _others_ill(answers: "pd.Series[Any]") -> Floats:
    """Return the log likelihood ratio of "others fell ill"; unknown says nothing."""
    yes = _yes(answers)
    known = answers.notna().to_numpy()
    usual = (yes.sum() + 1.0) / (known.sum() + 20.0)
    ratio = np.where(yes, np.log(OTHERS_ILL / usual), np.log((1 - OTHERS_ILL) / (1 - usual)))
    return np.where(known, ratio, 0.0)


def _kind_numbers(
    exposures: pd.DataFrame, values: pd.DataFrame, kinds: Sequence[str]
) -> dict[str, Floats]:
    """Return how often values of each kind are expected, from how often they were seen."""
    counts = np.bincount(exposures["value"], minlength=len(values))
    kind_of = values["kind_number"].to_numpy()
    pseudo = np.array([_pseudo_counts(counts[kind_of == k]) for k in range(len(kinds))])
    return {
        "pseudo_count": pseudo[:, 0].copy(),
        "pseudo_total": pseudo[:, 1].copy(),
        "concentration": np.array([KINDS[name].concentration for name in kinds]),
        "agreement": np.array([KINDS[name].agreement for name in kinds]),
        "longest": np.array([KINDS[name].longest_h for name in kinds]),
        "fashion": np.array([KINDS[name].fashion_h for name in kinds]),
    }


def _contagion(
    exposures: pd.DataFrame, values: pd.DataFrame, onset: Floats, kinds: Sequence[str]
) -> Floats:
    """Return how many later cases of its home a case makes, by kind; 0 where it is not the home.

    Counted are pairs whose onsets are so far apart as an infection makes them, less those that are
    farther apart by as much again, which chance makes where many share a home as in a tower block.
    """
    result = np.zeros(len(kinds))
    first, last = (24.0 * days for days in INFECTED_DAYS)
    for number, kind in enumerate(kinds):
        if not KINDS[kind].of_home:
            continue
        own = exposures[values["kind_number"].to_numpy()[exposures["value"]] == number]
        homes, onsets = own["value"].to_numpy(), onset[own["case"].to_numpy()]
        near = _pairs(homes, onsets, first, last)
        by_chance = _pairs(homes, onsets, last, 2 * last - first)
        guess, of = FIRST_GUESS
        result[number] = (max(near - by_chance, 0) + guess) / (len(own) + of)
    return result


def _pairs(homes: "NDArray[np.intp]", onset: Floats, above: float, most: float) -> int:
    """Count the pairs of one home that are more than `above` and at most `most` hours apart."""
    if len(homes) == 0:
        return 0
    apart = float(np.ptp(onset)) + most + 1.0  # of the homes, on one line of time
    moments = np.sort(homes * apart + onset - onset.min())
    ends = [np.searchsorted(moments, moments + hours, side="right") for hours in (above, most)]
    return int(np.sum(ends[1] - ends[0]))


def _pseudo_counts(counts: NDArray[np.int64]) -> tuple[float, float]:
    """Return the Dirichlet parameter of one value, and of all with those that were not seen yet.

    The number of values is Chao's estimate (1984) from those seen once and twice; the parameter is
    the one of greatest likelihood (Minka 2000, Estimating a Dirichlet distribution).
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import gammaln

    if len(counts) == 0:
        return 1.0, 1.0
    once, twice = np.sum(counts == 1), np.sum(counts == 2)
    n_values = len(counts) + once * (once - 1) / (2 * (twice + 1)) + 1
    total = counts.sum()

    def loss(log_parameter: float) -> float:
        parameter = np.exp(log_parameter)
        all_values = parameter * n_values
        seen = gammaln(counts + parameter).sum() - len(counts) * gammaln(parameter)
        return float(-(gammaln(all_values) - gammaln(total + all_values) + seen))

    found = minimize_scalar(loss, bounds=(np.log(1e-3), np.log(1e2)), method="bounded")
    parameter = float(np.exp(found.x))
    return parameter, parameter * n_values
