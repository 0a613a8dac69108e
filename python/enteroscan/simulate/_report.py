"""What becomes of the ill: visits, symptoms, specimens, identities, second reports, tables."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from enteroscan import vocabulary
from enteroscan.simulate import _illness, _meals, _people
from enteroscan.simulate._ill import Ill
from enteroscan.simulate._illness import AGE_BANDS, DAY, Calendar, agent_keys, symptom_keys
from enteroscan.simulate._streams import Bools, Floats, Ints, Streams, pick
from enteroscan.simulate._tables import numbers
from enteroscan.simulate.area import CITY, FIRST_CODE, PROVINCE

if TYPE_CHECKING:
    from enteroscan.simulate.district import District

SECOND_REPORT = 50_000_000  # added to the key of the first report
KEYS = 99_999_989  # a prime, more than all keys: multiplication goes through all numbers once
LABORATORY_DAYS = 3  # from sampling to result; assumed
ANTIBIOTICS = ("左氧氟沙星", "诺氟沙星", "头孢克肟", "阿奇霉素", "头孢曲松")
HISTORIES = ("高血压", "糖尿病", "慢性胃炎", "冠心病", "过敏性鼻炎")
DIAGNOSES = {
    "kidney_bean": "bean_poisoning",
    "tetrodotoxin": "tetrodotoxin_poisoning",
    "botulism": "botulism",
    "nitrite": "nitrite_poisoning",
}  # key of the agent: key of the first diagnosis
VISITORS = ("city", "province", "other_province")
VISITOR_WEIGHTS = np.array([0.6, 0.25, 0.15])
TESTED_KINDS = ("bacterium", "bacterial_toxin", "virus", "chemical")


@dataclass(frozen=True)
class Tables:
    """The tables of one group of cases, and what is true about every report."""

    frame: pd.DataFrame
    exposures: pd.DataFrame
    specimens: pd.DataFrame
    identifiers: pd.DataFrame
    truth: pd.DataFrame


def report(spec: "District", streams: Streams, ill: Ill, calendar: Calendar, seed: int) -> Tables:
    """Make the tables of reports of the ill, second reports among them."""
    return _Report(spec, streams, ill, calendar, seed).tables()


class _Report:
    """The steps; each names the decisions that it draws."""

    def __init__(
        self, spec: "District", streams: Streams, ill: Ill, calendar: Calendar, seed: int
    ) -> None:
        self.spec, self.streams, self.ill, self.calendar = spec, streams, ill, calendar
        self.area, self.seed, self.n = spec.area, seed, len(ill)
        pairs = self.area.pairs
        self.home = pairs["home"].to_numpy()[ill.pair]
        self.hospital = pairs["hospital"].to_numpy()[ill.pair]
        self.street = self.area.homes["street"].to_numpy()[self.home]
        self.is_visitor = streams.happens("visitor", spec.visitor_share, self.n)
        self.is_visitor &= ill.outbreak == 0
        self.is_visitor = _people.shared(self.is_visitor, ill.household)
        self.visit = _illness.visits(
            streams,
            ill.onset,
            calendar,
            median_h=spec.visit_delay_median_h,
            sigma=spec.visit_delay_sigma,
            closed_day_visits=spec.closed_day_visits,
        )
        self.reported = self._report_times(streams, self.visit)
        self.birth, self.age_years = self._ages()
        self.male = streams.happens("male", 0.5, self.n)
        self.case_id = self._case_ids(ill.key, self.visit)

    def tables(self) -> Tables:
        frame, exposures, specimens = self._frame(), self._exposures(), self._specimens()
        identifiers, truth = self._identifiers(), self._truth()
        second = self._second_reports()
        if len(second):
            frame, exposures, identifiers, truth = self._with_second(
                second, frame, exposures, identifiers, truth
            )
        return Tables(frame, exposures, specimens, identifiers, truth)

    def _report_times(self, streams: Streams, visit: Floats) -> Floats:
        return _illness.report_times(
            streams,
            visit,
            self.calendar,
            median_days=self.spec.report_delay_median_days,
            sigma=self.spec.report_delay_sigma,
            closed_day_reports=self.spec.closed_day_reports,
        )

    def _ages(self) -> tuple[_people.Dates, Floats]:
        """Return days of birth, and ages as forms have them: years, under 1 months, then days."""
        age = _illness.ages_in_bands(self.streams, self.ill.band)
        visit_day = np.floor(self.visit / DAY)
        birth = np.floor(visit_day - age * 365.2425).astype(np.int64).astype("datetime64[D]")
        at = pd.DatetimeIndex(visit_day.astype(np.int64).astype("datetime64[D]"))
        born = pd.DatetimeIndex(birth)
        passed = (at.year - born.year) * 12 + at.month - born.month - (at.day < born.day)
        months = passed.to_numpy(np.int64)
        days = (at - born).days.to_numpy(np.float64)
        years = np.where(
            months >= 12, months // 12, np.where(months >= 1, months / 12, days / 365.25)
        )
        return birth, years

    def _case_ids(self, key: Ints, visit: Floats) -> "pd.Series[Any]":
        """Return identifiers that do not tell which case is of an outbreak."""
        year = pd.DatetimeIndex(_times(visit)).year
        district = self.area.hospitals["district"].to_numpy()[self.hospital]
        ids = [
            f"{FIRST_CODE + d}-{y}-{i:08d}"
            for d, y, i in zip(district, year, self._numbers(key), strict=True)
        ]
        return pd.Series(ids, dtype="string")

    def _numbers(self, key: Ints) -> Ints:
        """Return numbers of eight digits in no order, each once."""
        factor = int(Streams(self.seed, "case numbers").integers("factor", 10**7, KEYS - 1, 1)[0])
        return (key + 1) * factor % KEYS

    def _frame(self) -> pd.DataFrame:
        spec, streams, n, ill = self.spec, self.streams, self.n, self.ill
        visitor = pick(streams.uniform("visitor from", n), VISITOR_WEIGHTS)
        visitor = _people.shared(visitor, ill.household)
        streets = self.area.streets.iloc[self.street]
        code = streets["code"].to_numpy(object)
        region = (
            PROVINCE
            + "/"
            + CITY
            + "/"
            + streets["district"].to_numpy(object)
            + "/"
            + streets["name"].to_numpy(object)
        )
        residence = np.full(n, "county", dtype=object)
        for number, name in enumerate(VISITORS):
            inside = self.is_visitor & (visitor == number)
            code[inside], region[inside] = _people.ELSEWHERE[name]
            residence[inside] = name
        latitude, longitude, located = self._coordinates()
        band = np.array(AGE_BANDS)[ill.band]
        jobs = streams.uniform("occupation", n)
        occupation = [
            _people.OCCUPATIONS[b][int(u * len(_people.OCCUPATIONS[b]))]
            for b, u in zip(band, jobs, strict=True)
        ]
        antibiotic = streams.happens("antibiotic", spec.antibiotic_share, n)
        antibiotic_name = self._one_of("antibiotic name", ANTIBIOTICS, antibiotic)
        ailing = streams.happens("history", 0.1, n) & (ill.band >= 3)
        onset, visit = self._to_precision(ill.onset), self._to_precision(self.visit)
        death = self._deaths()
        frame = pd.DataFrame({"case_id": self.case_id, "person": self._persons()})
        for name, minutes in (
            ("reported", np.floor(self.reported)),
            ("onset", onset),
            ("visit", visit),
            ("death", death),
        ):
            _put_time(frame, name, minutes)
        sex = pd.Categorical(np.where(self.male, "male", "female"), ["male", "female"])
        frame["sex"] = sex
        frame["age_years"] = pd.array(self.age_years, "Float64")
        frame["occupation"] = pd.array(occupation, "string")
        hospital = self.area.hospitals["name"].to_numpy(object)[self.hospital]
        frame["hospital"] = pd.array(hospital, "string")
        keys = [str(key) for key in vocabulary.residence_classes()["key"]]
        frame["residence_class"] = pd.Categorical(residence, keys)
        frame["home_code"] = pd.array(code, "string")
        frame["home_region"] = pd.array(region, "string")
        frame["latitude"] = pd.array(latitude, "Float64")
        frame["longitude"] = pd.array(longitude, "Float64")
        frame["located_by"] = pd.Categorical(
            np.where(located, "coordinates", "none"), ["coordinates", "place_table", "none"]
        )
        frame["revisit"] = pd.array(np.zeros(n, dtype=bool), "boolean")
        frame["inpatient"] = pd.array(self._inpatient(), "boolean")
        frame["antibiotic"] = pd.array(antibiotic, "boolean")
        frame["antibiotic_name"] = antibiotic_name
        frame["history"] = self._one_of("history name", HISTORIES, ailing)
        return pd.concat([frame, self._symptoms(), self._diagnosis()], axis=1)

    def _coordinates(self) -> tuple[Floats, Floats, Bools]:
        """Return where the home is: its building, or the middle of the quarter or village."""
        homes, household = self.area.homes, self.ill.household
        shift = _people.place_in_quarter(_people.buildings(self.streams, household))
        centre = self.streams.happens("quarter alone", self.spec.quarter_located_share, self.n)
        shift[_people.shared(centre, household)] = 0.0
        x = homes["x_km"].to_numpy()[self.home] + shift[:, 0]
        y = homes["y_km"].to_numpy()[self.home] + shift[:, 1]
        latitude, longitude = self.area.to_wgs84(x, y)
        located = self.streams.happens("located", self.spec.located_share, self.n)
        located &= ~self.is_visitor
        return (
            np.where(located, latitude.round(6), np.nan),
            np.where(located, longitude.round(6), np.nan),
            located,
        )

    def _to_precision(self, minutes: Floats) -> Floats:
        step = 60 if self.spec.time_precision == "hour" else 1
        return np.asarray(np.floor(minutes / step) * step)

    def _deaths(self) -> Floats:
        dies = self.ill.outbreak > 0
        dies &= self.streams.happens("dies", self.spec.outbreak_fatality, self.n)
        time = self._to_precision(
            self.visit + (1 + 72 * self.streams.uniform("death", self.n)) * 60
        )
        return np.where(dies, time, np.nan)

    def _inpatient(self) -> Bools:
        return self.streams.happens("inpatient", self.spec.inpatient_share, self.n)

    def _persons(self) -> "pd.Series[Any]":
        return pd.Series([f"p{i:08d}" for i in self._numbers(self.ill.key)], dtype="string")

    def _one_of(self, name: str, options: tuple[str, ...], where: Bools) -> Any:  # noqa: ANN401
        chosen = self.streams.integers(name, 0, len(options) - 1, self.n)
        return _texts(np.array(options, dtype=object)[chosen], where)

    def _symptoms(self) -> pd.DataFrame:
        spec, streams, n, agent = self.spec, self.streams, self.n, self.ill.agent
        probabilities = _illness.symptom_probabilities().copy()
        background = _illness.background(
            spec.positive_share, spec.test_sensitivity, spec.summer_share
        )
        probabilities[0] = background.symptoms[0]
        has = _illness.draw_symptoms(streams, probabilities[agent])
        frame = pd.DataFrame(has, columns=[f"symptom_{key}" for key in symptom_keys()])
        frame = frame.astype("boolean")
        place = {key: i for i, key in enumerate(symptom_keys())}
        fever = has[:, place["fever"]]
        vomiting, diarrhoea = has[:, place["vomiting"]], has[:, place["diarrhoea"]]
        degrees = 37.5 - 0.8 * np.log(1 - 0.97 * streams.uniform("fever", n))
        frame["fever_c"] = pd.array(np.where(fever, degrees.round(1), np.nan), "Float64")
        for name, ill, mean in (("vomit_n", vomiting, 2.0), ("stool_n", diarrhoea, 3.0)):
            least = 1 if name == "vomit_n" else 3  # diarrhoea: three loose stools a day
            count = least + streams.counts(name, mean, n, 20)
            frame[name] = pd.array(np.where(ill, count, np.nan), "Int64")
        frame["stool_type"] = _illness.stool_types(streams, agent, diarrhoea)
        return frame

    def _diagnosis(self) -> "pd.Series[Any]":
        table = vocabulary.diagnoses().set_index("key")["zh"]
        usual = self.streams.happens("gastroenteritis", 0.7, self.n)
        names = np.where(usual, table["acute_gastroenteritis"], table["infectious_diarrhoea"])
        names = names.astype(object)
        for i, key in enumerate(agent_keys()):
            diagnosis = "mushroom_poisoning" if key.startswith("mushroom") else DIAGNOSES.get(key)
            if diagnosis is not None:
                names[self.ill.agent == i] = table[diagnosis]
        return pd.Series(names, dtype="string", name="diagnosis")

    def _exposures(self) -> pd.DataFrame:
        ages = numbers("ages", "population_share") * numbers("ages", "relative_rate")
        meals = _meals.eat(
            self.spec,
            self.area,
            self.streams,
            onset=self.ill.onset,
            incubation=self.ill.incubation,
            band=self.ill.band,
            of_bands=ages,
            street=self.street,
            household=self.ill.household,
            knows_others=self._knows_others(),
            vehicle=self.ill.vehicle,
        )
        return _meals.exposure_table(self.spec, self.area, self.streams, meals, self.case_id)

    def _knows_others(self) -> Bools:
        """Tell who could know at the visit that another of the outbreak or household fell ill."""
        ill = self.ill
        group = np.where(ill.outbreak > 0, ill.outbreak, -1 - ill.household)
        alone = (ill.outbreak == 0) & (ill.household < 0)
        order = np.lexsort((ill.onset, group))
        _, start, inverse = np.unique(group[order], return_index=True, return_inverse=True)
        onset = np.append(ill.onset[order], np.inf)
        size = np.bincount(inverse)
        second = np.where(size > 1, onset[start + 1], np.inf)
        is_first = np.arange(self.n) == start[inverse]
        knows = np.zeros(self.n, dtype=bool)
        knows[order] = (
            np.where(is_first, second[inverse], onset[start][inverse]) < self.visit[order]
        )
        return np.asarray(knows & ~alone)

    def _specimens(self) -> pd.DataFrame:
        spec, streams = self.spec, self.streams
        kinds = vocabulary.agents()["kind"].to_numpy(object)
        can_be_found = np.concatenate([[False], np.isin(kinds.astype(str), TESTED_KINDS)])
        sampled = streams.happens("sampled", spec.sampling_share, self.n)
        found = streams.happens("found", spec.test_sensitivity, self.n)
        found &= can_be_found[self.ill.agent]
        swab = streams.happens("swab", 0.15, self.n)
        types = vocabulary.specimen_types().set_index("key")["zh"]
        twice = sampled & streams.happens("second specimen", spec.second_specimen_share, self.n)
        found_again = streams.happens("found again", spec.test_sensitivity, self.n)
        found_again &= can_be_found[self.ill.agent]
        number = np.concatenate([np.zeros(sampled.sum(), int), np.ones(twice.sum(), int)])
        rows = np.concatenate([np.flatnonzero(sampled), np.flatnonzero(twice)])
        order = np.lexsort((number, rows))
        rows, is_second = rows[order], number[order] == 1
        case_id = self.case_id.iloc[rows].to_numpy(object)
        agents = np.array([None, *vocabulary.agents()["zh"]], dtype=object)[self.ill.agent[rows]]
        positive = np.where(is_second, found_again[rows], found[rows])
        day = np.floor(self.visit[rows] / DAY) * DAY
        ready = day + (1 + streams.counts("laboratory", LABORATORY_DAYS - 1, self.n)[rows]) * DAY
        result = np.array([f"{name}阳性" for name in agents], dtype=object)
        serotype = np.array([text or None for text in self.ill.serotype], dtype=object)[rows]
        keys = np.array([None, *agent_keys()[1:]], dtype=object)[self.ill.agent[rows]]
        return pd.DataFrame(
            {
                "case_id": case_id,
                "specimen_id": pd.array(
                    [
                        f"B{str(i)[-8:]}{'-2' if second else ''}"
                        for i, second in zip(case_id, is_second, strict=True)
                    ],
                    "string",
                ),
                "specimen_type": pd.array(
                    np.where(swab[rows] | is_second, types["rectal_swab"], types["stool"]), "string"
                ),
                "sampled": _times(day),
                "result": pd.array(np.where(positive, result, "阴性"), "string"),
                "positive": pd.array(positive, "boolean"),
                "agent": _texts(keys, positive),
                "serotype": _texts(serotype, positive),
                "resulted": _times(ready),
            }
        )

    def _identifiers(self) -> pd.DataFrame:
        streams, n, ill = self.streams, self.n, self.ill
        names, guardians = _people.names(streams, n, ill.household)
        code = FIRST_CODE + self.area.hospitals["district"].to_numpy()[self.hospital]
        serial = streams.integers("serial", 0, 999, n)
        ids = _people.identity_numbers(code, self.birth, self.male, serial)
        has_id = streams.happens("has id", self.spec.id_number_share, n)
        minor = self.age_years < _people.MINOR
        inpatient = self._inpatient()
        numbers_ = streams.integers("inpatient number", 1, 9_999_999, n)
        outpatient = streams.integers("outpatient number", 1, 99_999_999, n)
        address = np.array(
            _people.addresses(streams, self.area, self.home, ill.household), dtype=object
        )
        address[self.is_visitor] = "某镇某村12号"
        frame = pd.DataFrame({"case_id": self.case_id})
        for name, values in (
            ("name", names),
            ("guardian", _texts(guardians, minor)),
            ("id_number", _texts(ids, has_id)),
            ("phone", _people.phones(streams, n)),
            ("address", address),
        ):
            frame[name] = pd.array(values, "string")
        frame["birth_date"] = self.birth.astype("datetime64[ns]")
        staff = {
            "outpatient_no": [f"{value:010d}" for value in outpatient],
            "inpatient_no": _texts([f"{value:08d}" for value in numbers_], inpatient),
            "reporter": _people.staff(streams, self.hospital, "reporter", 3),
            "doctor": _people.staff(streams, self.hospital, "doctor", 12),
        }
        for name, texts in staff.items():
            frame[name] = pd.array(texts, "string")
        return frame

    def _truth(self) -> pd.DataFrame:
        agent = np.array([None, *agent_keys()[1:]], dtype=object)[self.ill.agent]
        vehicle = self.ill.vehicle
        eaten = np.full(self.n, np.nan) if vehicle is None else vehicle.eaten
        distance_km = self.area.pairs["distance_km"].to_numpy()[self.ill.pair]
        outbreak = np.where(self.ill.outbreak > 0, self.ill.outbreak, np.nan)
        return pd.DataFrame(
            {
                "case_id": self.case_id,
                "person": self._persons(),
                "duplicate_of": pd.array([None] * self.n, "string"),
                "agent": pd.array(agent, "string"),
                "outbreak": pd.array(outbreak, "Int64"),
                "eaten": _times(eaten),
                "onset": _times(self.ill.onset),
                "incubation_h": pd.array(self.ill.incubation.round(4), "Float64"),
                "home_distance_km": distance_km.round(3),
            }
        )

    def _second_reports(self) -> Ints:
        """Return who is reported twice."""
        share = self.spec.revisit_share + self.spec.second_hospital_share
        return np.flatnonzero(self.streams.uniform("second report", self.n) < share)

    def _with_second(
        self,
        rows: Ints,
        frame: pd.DataFrame,
        exposures: pd.DataFrame,
        identifiers: pd.DataFrame,
        truth: pd.DataFrame,
    ) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame]:
        """Add second reports of the same illness: days later, under another number."""
        streams, n = self.streams.child("second"), self.n
        moved = streams.uniform("hospital", n) * (
            self.spec.revisit_share + self.spec.second_hospital_share
        )
        elsewhere = (moved < self.spec.second_hospital_share)[rows]
        delay = (1 + streams.counts("delay", 1.5, n, 10)) * DAY
        visit = np.floor(self.visit / DAY) * DAY + delay + 480 + 480 * streams.uniform("hour", n)
        reported = self._report_times(streams, visit)[rows]
        ids = self._case_ids(self.ill.key + SECOND_REPORT, visit).iloc[rows].reset_index(drop=True)
        old = self.case_id.iloc[rows].to_numpy(object)

        again = frame.iloc[rows].reset_index(drop=True)
        again["case_id"] = ids
        _put_time(again, "reported", np.floor(reported))
        _put_time(again, "visit", self._to_precision(visit[rows]))
        again["revisit"] = pd.array(~elsewhere, "boolean")
        again.loc[elsewhere, "hospital"] = self._other_hospitals(rows)[elsewhere]
        late = again["death"] <= again["visit"]
        for name in ("death", "death_hour_known"):
            again[name] = again[name].mask(late)

        renamed = dict(zip(old.tolist(), ids.tolist(), strict=True))
        eaten = exposures[exposures["case_id"].isin(old)].copy()
        eaten["case_id"] = eaten["case_id"].map(renamed)
        persons = identifiers.iloc[rows].reset_index(drop=True).assign(case_id=ids)
        told = truth.iloc[rows].reset_index(drop=True).assign(case_id=ids)
        told["duplicate_of"] = pd.array(old, "string")

        def both(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
            return pd.concat([first, second], ignore_index=True)

        return (
            both(frame, again),
            both(exposures, eaten),
            both(identifiers, persons),
            both(truth, told),
        )

    def _other_hospitals(self, rows: Ints) -> "np.ndarray[Any, Any]":
        """Return the next hospital of the district; where there is one alone, the same."""
        per_district = self.spec.n_hospitals
        at = self.hospital[rows]
        other = at // per_district * per_district + (at + 1) % per_district
        names: np.ndarray[Any, Any] = self.area.hospitals["name"].to_numpy(object)[other]
        return names


def _texts(values: Any, known: Bools) -> Any:  # noqa: ANN401
    """Return texts where they are known."""
    texts = np.array(values, dtype=object)
    texts[~known] = None
    return pd.array(texts, "string")


def _times(minutes: Floats) -> "np.ndarray[Any, np.dtype[np.datetime64]]":
    """Turn minutes since 1970 into times; NaN is missing."""
    missing = np.isnan(minutes)
    times = np.where(missing, 0, minutes).astype(np.int64).astype("datetime64[m]")
    times = times.astype("datetime64[ns]")
    times[missing] = np.datetime64("NaT")
    return times


def _put_time(frame: pd.DataFrame, name: str, minutes: Floats) -> None:
    """Set a time and whether its hour is known: midnight exactly stands for a date alone."""
    frame[name] = _times(minutes)
    frame[f"{name}_hour_known"] = hour_known(frame[name])


def hour_known(times: "pd.Series[Any]") -> Any:  # noqa: ANN401
    """Tell which times are not at midnight; missing where the time is."""
    known = (times != times.dt.normalize()).astype("boolean")
    return known.mask(times.isna())
