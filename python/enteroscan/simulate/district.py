"""The spec of a simulated district or province, and its one verb."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from enteroscan._workdays import read_day
from enteroscan.errors import SpecError
from enteroscan.simulate.area import Area, build_area

if TYPE_CHECKING:
    from enteroscan._progress import Progress
    from enteroscan.simulate.outbreak import Outbreak
    from enteroscan.simulate.reports import SimulatedReports

__all__ = ["District"]

_SHARES = (
    "positive_share",
    "sampling_share",
    "second_specimen_share",
    "test_sensitivity",
    "summer_share",
    "exposure_completeness",
    "without_exposure_share",
    "also_lost_share",
    "same_meal_share",
    "venue_named_share",
    "brand_named_share",
    "others_ill_share",
    "vehicle_recall",
    "closed_day_visits",
    "closed_day_reports",
    "located_share",
    "visitor_share",
    "id_number_share",
    "revisit_share",
    "second_hospital_share",
    "inpatient_share",
    "antibiotic_share",
    "outbreak_fatality",
)


@dataclass(frozen=True, kw_only=True)
class District:
    """A district (or several side by side) whose sentinel hospitals report foodborne disease.

    Everything is invented: the codes begin with 99, which GB/T 2260 gives to nobody, names and
    numbers of persons belong to nobody. The figures are those that surveillance in China reports;
    the source stands in brackets, "assumed" where none was found. Tables of agents, ages, symptoms,
    foods and venues with their sources are the CSV files in ``enteroscan/simulate/data``.

    Parameters
    ----------
    n_districts
        1: a district. More: so many districts side by side, a city or a province.
    n_streets
        Streets or townships of a district. Their boundaries are the Voronoi cells of points that
        lie closer in the middle.
    population
        Inhabitants of a district, on average.
    width_km
        Side of the square that a district is.
    n_hospitals
        Sentinel hospitals of a district.
    near_hospital_share
        Share of the cases that live within 5 km of the hospital that reports them; None: how far
        they live does not matter [Ningbo Yinzhou, 667 cases: 61.9 %].
    centre
        Latitude and longitude (WGS-84) of the middle.
    map_seed
        Seed of the area: streets, homes, hospitals, venues. The same area can have many years.
    cases_per_year
        Expected number of reported cases without the outbreaks, in all districts together
        [Tianjin Dongli 327, Tianjin Binhai New Area 1,935, Hangzhou 6,050, Zhejiang 15,000,
        Feicheng 18,869, Jiangsu 26,848].
    summer_share
        Share of the cases in May to October [Hangzhou 2012-20, 54,479 cases: 67.8 %].
    sampling_share, positive_share, test_sensitivity
        Share of the cases that are sampled, of the samples that are positive, and of the samples of
        an agent's cases that find it [Tianjin Binhai Dagang 2016-20: 27.9 % and 7.2 %, Tianjin
        Dongli 2016: 10.5 %; sensitivity assumed].
    second_specimen_share
        Share of the sampled cases with a second specimen, a rectal swab of the same day; assumed.
    exposure_completeness
        Share of the cases with at least one row of exposure in which nothing that the form demands
        is missing [Jiangsu 2016, 26,848 cases: 44.47 %].
    without_exposure_share
        Share of the other cases that have no row at all; assumed.
    also_lost_share
        Share of further cells missing in rows that are not complete; assumed.
    rows_per_case
        Mean of the rows of exposure of a case that has any; one to five; assumed.
    same_meal_share
        Share of the further rows that are of the same meal as the first; assumed.
    venue_named_share, brand_named_share
        Share of the venues, and of the packed foods, that are named, since the form does not
        demand it; assumed.
    others_ill_share
        Share of the sporadic cases that know somebody who ate the same and fell ill; assumed.
    vehicle_recall
        Share of the cases of an outbreak that name its vehicle, and not another dish; assumed.
    zipf_exponent
        Popularity of venues and brands falls as rank to this power; assumed.
    reach_km
        The number of guests of a venue falls as exp(-distance / reach); assumed.
    holiday_onsets
        Illness begins so many times as often on days that are not worked; assumed.
    closed_day_visits, closed_day_reports
        Share of the visits, and of the reports, due on a day that is not worked which do not wait
        for the next one that is; assumed after [Hanzhong, hand-foot-mouth disease: reports fall at
        weekends].
    visit_delay_median_h, visit_delay_sigma
        Log-normal time from onset to visit: median, and standard deviation of the logarithm;
        assumed.
    report_delay_median_days, report_delay_sigma
        The same from visit to report, before waiting for working days. Together: onset to report
        median 2 to 6 days [rule: within 2 working days; Jiangsu 2016: 6.5 d, Germany 2011: 7 d,
        Chile: 1 d].
    located_share
        Share of the cases of inhabitants with coordinates of their home; assumed.
    visitor_share
        Share of cases that live elsewhere, and have no coordinates; assumed.
    id_number_share
        Share of cases with an identity number; assumed.
    revisit_share, second_hospital_share
        Share of the cases reported a second time after another visit, to the same and to another
        hospital; assumed.
    inpatient_share
        Share of the cases in hospital [Zhejiang 2016-20: 6.4 %].
    antibiotic_share
        Share of the cases that took antibiotics; assumed.
    outbreak_fatality
        Share of the cases of outbreaks that die [China 2022-23: 90 of 24,282 and of 30,237].
    time_precision
        Precision of onset and visit: ``"hour"``, as the form asks, or ``"minute"``.
    holidays, workdays
        Days that are free, and worked, whatever `enteroscan.simulate.working_days` says.

    Examples
    --------
    >>> reports = District(cases_per_year=300).simulate(start="2024-01-01", end="2024-12-31")
    >>> list(reports.truth.outbreaks.columns[:2])
    ['outbreak', 'agent']
    """

    n_districts: int = 1
    n_streets: int = 12
    population: int = 500_000
    width_km: float = 24.0
    n_hospitals: int = 5
    near_hospital_share: float | None = 0.619
    centre: tuple[float, float] = (30.2, 120.3)
    map_seed: int = 0
    cases_per_year: float = 2_000
    summer_share: float = 0.678
    sampling_share: float = 0.28
    second_specimen_share: float = 0.05
    positive_share: float = 0.085
    test_sensitivity: float = 0.7
    exposure_completeness: float = 0.4447
    without_exposure_share: float = 0.5
    also_lost_share: float = 0.2
    rows_per_case: float = 1.5
    same_meal_share: float = 0.6
    venue_named_share: float = 0.6
    brand_named_share: float = 0.3
    others_ill_share: float = 0.05
    vehicle_recall: float = 0.8
    zipf_exponent: float = 1.0
    reach_km: float = 3.0
    holiday_onsets: float = 1.15
    closed_day_visits: float = 0.7
    closed_day_reports: float = 0.3
    visit_delay_median_h: float = 20.0
    visit_delay_sigma: float = 0.9
    report_delay_median_days: float = 1.5
    report_delay_sigma: float = 0.8
    located_share: float = 0.9
    visitor_share: float = 0.08
    id_number_share: float = 0.9
    revisit_share: float = 0.03
    second_hospital_share: float = 0.01
    inpatient_share: float = 0.064
    antibiotic_share: float = 0.3
    outbreak_fatality: float = 0.003
    time_precision: Literal["hour", "minute"] = "hour"
    holidays: tuple[str, ...] = ()
    workdays: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check the options."""
        for name in ("n_districts", "n_streets", "population", "n_hospitals"):
            if getattr(self, name) < 1:
                message = f"{name} must be at least 1, got {getattr(self, name)}"
                raise SpecError(message)
        if self.n_streets < 3 or self.n_streets > 999:
            message = f"n_streets must be 3 to 999, got {self.n_streets}"
            raise SpecError(message)
        for name in _SHARES:
            if not 0 <= getattr(self, name) <= 1:
                message = f"{name} must be between 0 and 1, got {getattr(self, name)}"
                raise SpecError(message)
        positive = ("width_km", "reach_km", "visit_delay_median_h", "report_delay_median_days")
        for name in (*positive, "holiday_onsets", "test_sensitivity"):
            if not getattr(self, name) > 0:
                message = f"{name} must be more than 0, got {getattr(self, name)}"
                raise SpecError(message)
        if self.cases_per_year < 0 or self.zipf_exponent < 0:
            message = "cases_per_year and zipf_exponent must not be negative"
            raise SpecError(message)
        if not 1 <= self.rows_per_case <= 5:
            message = f"rows_per_case must be between 1 and 5, got {self.rows_per_case}"
            raise SpecError(message)
        if self.revisit_share + self.second_hospital_share > 1:
            message = "revisit_share and second_hospital_share add up to more than 1"
            raise SpecError(message)
        if self.time_precision not in ("hour", "minute"):
            message = f"time_precision must be 'hour' or 'minute', got {self.time_precision!r}"
            raise SpecError(message)

    @cached_property
    def area(self) -> Area:
        """Streets, homes, hospitals and venues; the same for the same options and `map_seed`."""
        return build_area(
            n_districts=self.n_districts,
            n_streets=self.n_streets,
            population=self.population,
            width_km=self.width_km,
            n_hospitals=self.n_hospitals,
            near_hospital_share=self.near_hospital_share,
            zipf_exponent=self.zipf_exponent,
            centre=self.centre,
            seed=self.map_seed,
        )

    @property
    def places(self) -> pd.DataFrame:
        """Districts and streets: code, name, latitude, longitude (WGS-84), population."""
        return self.area.places

    @property
    def boundaries(self) -> dict[str, Any]:
        """Boundaries of the streets as GeoJSON."""
        return self.area.boundaries

    def simulate(
        self,
        *,
        start: str | pd.Timestamp,
        end: str | pd.Timestamp,
        outbreaks: "Sequence[Outbreak]" = (),
        random_state: int = 0,
        progress: "bool | Progress | None" = None,
    ) -> "SimulatedReports":
        """Simulate the reports of illness that begins from a first to a last day.

        Parameters
        ----------
        start, end
            First and last day of onset of the sporadic cases. They are reported later, some after
            ``end``; `SimulatedReports.as_known_on` leaves these out.
        outbreaks
            What is put in on top; see `Outbreak` and `random_outbreaks`.
        random_state
            Seed. The same options and seed give the same bits. Outbreaks change nothing about the
            sporadic cases, and one added at the end nothing about those before.
        progress
            True for a bar, or a function that is told the share done.

        Returns
        -------
        SimulatedReports
            The three tables of case reports, the identities, and the truth.
        """
        from enteroscan._progress import reporting
        from enteroscan.simulate._simulation import simulate

        first, last = read_day("start", start), read_day("end", end)
        if last < first:
            message = f"end={end} is before start={start}"
            raise SpecError(message)
        if random_state < 0:
            message = f"random_state must not be negative, got {random_state}"
            raise SpecError(message)
        with reporting(progress) as update:
            return simulate(self, first, last, tuple(outbreaks), random_state, update)
