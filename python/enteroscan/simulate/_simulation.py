"""Puts the steps of a simulation together."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from enteroscan.simulate._ill import of_outbreaks, sporadic
from enteroscan.simulate._illness import Calendar
from enteroscan.simulate._people import next_identity_number
from enteroscan.simulate._report import Tables, report
from enteroscan.simulate._streams import Streams
from enteroscan.simulate.mess import distinct_exposures
from enteroscan.simulate.outbreak import Outbreak
from enteroscan.simulate.reports import SimulatedReports, Truth

if TYPE_CHECKING:
    from enteroscan._progress import Progress
    from enteroscan.simulate.district import District

AFTER = 60  # days after the last meal of an outbreak that the calendar covers
OUTBREAK_TYPES = {
    "outbreak": "int64",
    "agent": "string",
    "serotype": "string",
    "food": "string",
    "food_class": "string",
    "brand": "string",
    "venue_type": "string",
    "venue": "string",
    "street_code": "string",
    "latitude": "float64",
    "longitude": "float64",
    "first_meal": "datetime64[ns]",
    "duration_days": "int64",
    "n_exposed": "int64",
    "n_ill": "int64",
    "n_reported": "int64",
}


def simulate(
    spec: "District",
    first: pd.Timestamp,
    last: pd.Timestamp,
    outbreaks: tuple[Outbreak, ...],
    seed: int,
    progress: "Progress | None",
) -> SimulatedReports:
    """Do what `District.simulate` says."""

    def done(share: float) -> None:
        if progress is not None:
            progress(share)

    done(0.0)
    days = np.arange(_day(first), _day(last) + 1)
    meals = [_day(outbreak.first_meal) for outbreak in outbreaks]
    ends = [
        meal + outbreak.duration_days + AFTER
        for meal, outbreak in zip(meals, outbreaks, strict=True)
    ]
    calendar = Calendar.around(
        min([int(days[0]), *meals]), max([int(days[-1]), *ends]), spec.holidays, spec.workdays
    )
    streams = Streams(seed, "sporadic")
    groups = [report(spec, streams, sporadic(spec, streams, days), calendar, seed)]
    done(0.7)
    table = pd.DataFrame(columns=list(OUTBREAK_TYPES))
    if outbreaks:
        streams = Streams(seed, "outbreaks")
        ill, table = of_outbreaks(spec, streams, outbreaks)
        groups.append(report(spec, streams, ill, calendar, seed))
    done(0.9)
    reports = _collected(spec, groups, table.astype(OUTBREAK_TYPES))
    done(1.0)
    return reports


def _day(time: pd.Timestamp) -> int:
    return int(time.timestamp() // 86_400)


def _collected(spec: "District", groups: list[Tables], outbreaks: pd.DataFrame) -> SimulatedReports:
    """Put sporadic cases and outbreaks into the order of their reports."""

    def joined(name: str) -> pd.DataFrame:
        tables: list[pd.DataFrame] = [getattr(group, name) for group in groups]
        return pd.concat(tables, ignore_index=True)

    frame = joined("frame")
    order = np.lexsort(
        (frame["case_id"].to_numpy(object).astype(str), frame["reported"].to_numpy())
    )
    position = pd.Series(np.argsort(order), index=frame["case_id"])

    def sorted_by_report(table: pd.DataFrame) -> pd.DataFrame:
        at = table["case_id"].map(position).to_numpy(np.int64)
        return table.iloc[np.argsort(at, kind="stable")].reset_index(drop=True)

    exposures = sorted_by_report(joined("exposures"))
    exposures["case_id"] = exposures["case_id"].astype("string")
    exposures.insert(1, "exposure", pd.Series(1, index=exposures.index, dtype="Int64"))
    exposures = distinct_exposures(exposures)
    known = exposures["eaten"] != exposures["eaten"].dt.normalize()
    known = known.astype("boolean").mask(exposures["eaten"].isna())
    exposures.insert(list(exposures).index("eaten") + 1, "eaten_hour_known", known)
    specimens = sorted_by_report(joined("specimens"))
    specimens["case_id"] = specimens["case_id"].astype("string")
    number = specimens.groupby("case_id").cumcount() + 1
    specimens.insert(1, "specimen", number.astype("Int64"))
    truth = joined("truth")
    return SimulatedReports(
        frame=frame.iloc[order].reset_index(drop=True),
        exposures=exposures,
        specimens=specimens,
        identifiers=sorted_by_report(_with_distinct_ids(joined("identifiers"), truth["person"])),
        truth=Truth(outbreaks, sorted_by_report(truth)),
        places=spec.places,
        boundaries=spec.boundaries,
    )


def _with_distinct_ids(identifiers: pd.DataFrame, person: "pd.Series[Any]") -> pd.DataFrame:
    """Give later persons the next serial where two would have the same identity number."""
    numbers = identifiers["id_number"].to_numpy(object)
    owner: dict[str, str] = {}
    for i, (number, who) in enumerate(zip(numbers.tolist(), person.tolist(), strict=True)):
        if not isinstance(number, str):
            continue
        while owner.setdefault(number, who) != who:
            number = next_identity_number(number)
        numbers[i] = number
    return identifiers.assign(id_number=pd.array(numbers, "string"))
