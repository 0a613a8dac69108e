"""Simulated districts to evaluate on, and what may happen in them without any outbreak."""

from collections.abc import Sequence
from dataclasses import replace as replaced
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from enteroscan import vocabulary
from enteroscan.cases import Cases, QualityReport
from enteroscan.errors import SpecError
from enteroscan.evaluation.replay import Detector, replay
from enteroscan.evaluation.scores import Replay
from enteroscan.simulate import SimulatedReports

if TYPE_CHECKING:
    from concurrent.futures import Executor
    from datetime import date

__all__ = [
    "replay_simulated",
    "to_cases",
    "with_festival_food",
    "with_new_hospital",
    "with_surge",
]

Day = str | pd.Timestamp


def to_cases(reports: SimulatedReports) -> Cases:
    """Return what reading a clean export of simulated reports gives.

    Second reports of the same illness are left out, as reading merges them into the first; what is
    known is that of the first.
    """
    first = reports.truth.cases["duplicate_of"].isna()
    kept = reports.of_cases(reports.truth.cases.loc[first, "case_id"])
    names = ("rows", "problems", "missing", "merged", "delays", "usable", "mapping")
    tables = {name: pd.DataFrame() for name in names}
    tables["rows"] = pd.DataFrame({"fate": ["case"], "rows": [len(kept)]})
    quality = QualityReport(
        source="simulated",
        facts={},
        n_cases=len(kept),
        n_exposures=len(kept.exposures),
        n_specimens=len(kept.specimens),
        dropped={},
        language="en",
        **tables,
    )
    frame = kept.frame.assign(source="simulated", source_row=np.arange(len(kept)) + 2)
    return Cases(frame, kept.exposures, kept.specimens, quality)


def replay_simulated(
    reports: SimulatedReports,
    detector: Detector,
    *,
    first: "str | date",
    last: "str | date",
    executor: "Executor | None" = None,
) -> Replay:
    """Run a detector on the nights of a simulated area; see `replay`.

    Returns
    -------
    Replay
        The groups, and the cases of outbreaks.
    """
    cases = to_cases(reports)
    groups = replay(cases, detector, first=first, last=last, executor=executor)
    truth = reports.truth.members[["case_id", "outbreak", "onset"]]
    members = truth.merge(cases.frame[["case_id", "reported"]], on="case_id")
    return Replay(groups, members, pd.Timestamp(first).normalize(), pd.Timestamp(last).normalize())


def with_surge(
    reports: SimulatedReports,
    *,
    periods: Sequence[tuple[Day, Day]],
    factor: float,
    random_state: int = 0,
) -> SimulatedReports:
    """Make illness begin more often in some periods, such as long holidays.

    Parameters
    ----------
    reports
        Of a district with `factor` times the cases that are wanted.
    periods
        First and last day of onset, of each.
    factor
        Cases outside of the periods are kept with a probability of 1 / factor.
    random_state
        Seed.
    """
    if not factor >= 1:
        message = f"factor={factor} must be 1 or more"
        raise SpecError(message)
    onset = reports.truth.cases["onset"]
    inside = np.zeros(len(onset), dtype=bool)
    for start, end in periods:
        inside |= _between(onset, start, end)
    first = reports.truth.cases["duplicate_of"].fillna(reports.truth.cases["case_id"])
    chosen = _chance(first, random_state) < 1 / factor
    return reports.of_cases(reports.truth.cases.loc[inside | chosen, "case_id"])


def with_new_hospital(
    reports: SimulatedReports, *, opened: Day, hospital: str | None = None
) -> SimulatedReports:
    """Let a hospital report from a day on; what it would have reported before is left out.

    Parameters
    ----------
    reports
        Simulated reports.
    opened
        First day on which it reports.
    hospital
        Its name. None: the one with the second most reports.
    """
    names = reports.frame["hospital"].value_counts()
    chosen = hospital or str(names.index[min(1, len(names) - 1)])
    if chosen not in names.index:
        message = f"hospital={chosen!r} reports nothing; there are {', '.join(names.index)}"
        raise SpecError(message)
    before = reports.frame["reported"] < pd.Timestamp(opened)
    gone = (reports.frame["hospital"] == chosen) & before
    return reports.of_cases(reports.frame.loc[~gone, "case_id"])


def with_festival_food(
    reports: SimulatedReports,
    *,
    food: str,
    food_class: str,
    start: Day,
    end: Day,
    share: float = 0.4,
    random_state: int = 0,
) -> SimulatedReports:
    """Let people eat, and report, the food of a festival, whatever made them ill.

    Parameters
    ----------
    reports
        Simulated reports.
    food, food_class
        Its name, for example 粽子, and the key of its class.
    start, end
        First and last day of onset of those who may report it.
    share
        Share of them whose first row of exposure names it; those without a row stay without.
    random_state
        Seed.
    """
    zh = vocabulary.food_classes().set_index("key")["zh"]
    if food_class not in zh.index:
        message = f"food_class={food_class!r} is not in enteroscan.vocabulary.food_classes()"
        raise SpecError(message)
    cases = reports.truth.cases
    eats = _between(cases["onset"], start, end) & (_chance(cases["case_id"], random_state) < share)
    exposures = reports.exposures.copy()
    first = (exposures["exposure"] == 1) & exposures["case_id"].isin(cases.loc[eats, "case_id"])
    exposures.loc[first, "food"] = food
    exposures.loc[first, "food_class"] = str(zh[food_class])
    return replaced(reports, exposures=exposures)


def _between(
    times: "pd.Series[pd.Timestamp]", start: Day, end: Day
) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    day = times.dt.normalize()
    return np.asarray(day.between(pd.Timestamp(start), pd.Timestamp(end)), dtype=bool)


def _chance(
    ids: "pd.Series[str]", random_state: int
) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """Return a number between 0 and 1 for every identifier, the same for the same one."""
    codes, unique = pd.factorize(ids, sort=True)
    uniform = np.random.default_rng(random_state).random(len(unique))
    return np.asarray(uniform[codes])
