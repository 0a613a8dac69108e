"""The simulated figures are those of the sources, within sampling error.

Every test of a share is an exact two-sided binomial test at 1e-4: with another seed, one of the
thirty or so fails in about 3 of 1,000 runs.
"""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest, poisson

from enteroscan import vocabulary
from enteroscan.simulate import District, SimulatedReports, random_outbreaks
from enteroscan.simulate.outbreak import agents_and_places, draw_size

RARE = 1e-4
REQUIRED = ["food", "food_class", "packaging", "venue_type", "n_ate", "eaten", "others_ill"]


def check_share(count: float, n: int, share: float) -> None:
    p = binomtest(int(count), int(n), share).pvalue
    assert p > RARE, f"{count} of {n} = {count / n:.4f}, expected {share:.4f}"


@pytest.fixture(scope="module")
def cases(year: SimulatedReports) -> pd.DataFrame:
    """First reports, with the truth about them."""
    truth = year.truth.cases.drop(columns=["onset", "person"])
    frame = year.frame.merge(truth, on="case_id", validate="one_to_one")
    return frame[frame["duplicate_of"].isna()]


def test_number_of_cases_of_a_year(cases: pd.DataFrame) -> None:
    assert poisson.cdf(len(cases), 20_000) > RARE
    assert poisson.sf(len(cases), 20_000) > RARE


def test_summer_share_of_hangzhou(cases: pd.DataFrame) -> None:
    month = cases["onset"].dt.month
    check_share(month.between(5, 10).sum(), len(cases), 0.678)


def test_share_near_the_hospital_of_yinzhou(cases: pd.DataFrame) -> None:
    check_share((cases["home_distance_km"] <= 5).sum(), len(cases), 0.619)


def test_exposure_completeness_of_jiangsu(year: SimulatedReports, cases: pd.DataFrame) -> None:
    whole = year.exposures.loc[year.exposures[REQUIRED].notna().all(axis=1), "case_id"]
    check_share(cases["case_id"].isin(set(whole)).sum(), len(cases), 0.4447)


def test_sampling_and_positives_of_binhai_and_dongli(
    year: SimulatedReports, cases: pd.DataFrame
) -> None:
    sampled = year.specimens["case_id"].nunique()
    check_share(sampled, len(cases), 0.28)
    check_share(len(year.specimens) - sampled, sampled, 0.05)
    assert year.specimens["specimen_id"].is_unique
    positive = year.specimens["positive"]
    check_share(positive.sum(), len(positive), 0.085)
    assert 0.07 < positive.mean() < 0.105


@pytest.mark.parametrize(("agent", "share"), [("norovirus", 0.426), ("salmonella", 0.233)])
def test_agents_of_positives_of_zhejiang(year: SimulatedReports, agent: str, share: float) -> None:
    found = year.specimens.loc[year.specimens["positive"], "agent"]
    check_share((found == agent).sum(), len(found), share)


def test_infants_among_salmonella_cases_of_zhejiang(cases: pd.DataFrame) -> None:
    ill = cases[cases["agent"] == "salmonella"]
    check_share((ill["age_years"] < 1).sum(), len(ill), 0.263)


def test_rate_peaks_under_six_years(cases: pd.DataFrame) -> None:
    people = {(0, 6): 0.068, (6, 18): 0.144, (18, 60): 0.601, (60, 120): 0.187}
    rates = {
        band: cases["age_years"].between(*band, inclusive="left").mean() / share
        for band, share in people.items()
    }
    assert max(rates, key=lambda band: rates[band]) == (0, 6)
    assert rates[(0, 6)] == pytest.approx(18.81 / 9.35, rel=0.1)  # Binhai New Area


@pytest.mark.parametrize(
    ("symptom", "share"),
    [("diarrhoea", 0.901), ("abdominal_pain", 0.75), ("nausea", 0.678), ("vomiting", 0.603)],
)
def test_symptoms_of_a_hospital_in_shandong(
    cases: pd.DataFrame, symptom: str, share: float
) -> None:
    check_share(cases[f"symptom_{symptom}"].sum(), len(cases), share)


def test_meals_at_home_of_shiyan(year: SimulatedReports, cases: pd.DataFrame) -> None:
    first = year.exposures[year.exposures["exposure"] == 1]
    known = first.loc[first["case_id"].isin(set(cases["case_id"])), "venue_type"].dropna()
    check_share((known == "家庭").sum(), len(known), 0.522)
    assert 0.46 < (known == "家庭").mean() < 0.57


def test_inpatients_of_zhejiang(cases: pd.DataFrame) -> None:
    check_share(cases["inpatient"].sum(), len(cases), 0.064)


def test_second_reports(year: SimulatedReports, cases: pd.DataFrame) -> None:
    check_share(len(year.frame) - len(cases), len(cases), 0.04)
    again = year.frame[year.truth.cases["duplicate_of"].notna().to_numpy()]
    check_share((~again["revisit"]).sum(), len(again), 0.25)


def test_reporting_delay_has_a_median_of_two_to_six_days(cases: pd.DataFrame) -> None:
    days = (cases["reported"] - cases["onset"]).dt.total_seconds() / 86_400
    assert 2 <= days.median() <= 6


def test_reports_fall_at_weekends(cases: pd.DataFrame) -> None:
    day = cases["reported"].dt.day_of_week
    assert (day >= 5).mean() < 0.5 * 2 / 7


def test_what_infants_eat_is_milk(year: SimulatedReports, cases: pd.DataFrame) -> None:
    infants = set(cases.loc[cases["age_years"] < 1, "case_id"])
    food = year.exposures.loc[year.exposures["case_id"].isin(infants), "food"].dropna()
    milk = food.isin(["牛奶", "奶粉", "婴儿配方奶粉", "母乳"])
    assert milk.mean() > (1_098 + 1_169 + 996) / 4_618 * 0.95  # CNIC sample
    others = year.exposures.loc[~year.exposures["case_id"].isin(infants), "food"].dropna()
    assert others.isin(["婴儿配方奶粉", "母乳"]).mean() < 0.02


def test_popularity_of_venues_follows_zipf() -> None:
    """Without distance, guests of venues fall as 1 / rank."""
    spec = District(cases_per_year=30_000, reach_km=1e6, venue_named_share=1.0)
    reports = spec.simulate(start="2023-01-01", end="2023-12-31")
    area = spec.area.venues
    own = area[area["venue_type"] == "restaurant"]
    first = reports.exposures[reports.exposures["exposure"] == 1]
    counts = first["venue"].value_counts().reindex(own["name"]).fillna(0).to_numpy()
    expected = 1 / np.arange(1, len(own) + 1)
    n = int(counts.sum())
    for rank in range(5):
        check_share(int(counts[rank]), n, float(expected[rank] / expected.sum()))


def test_sizes_of_outbreaks_of_chile_and_china() -> None:
    sizes = np.array([draw_size(u) for u in (np.arange(100_000) + 0.5) / 100_000])
    quantiles = [np.quantile(sizes, q, method="inverted_cdf") for q in (0.5, 0.75, 0.9, 0.99)]
    assert quantiles == [3, 5, 10, 49]
    assert 4.3 <= sizes.mean() <= 5.3
    assert sizes.min() == 2


def test_agents_and_places_of_outbreaks_of_china() -> None:
    joint = agents_and_places()
    assert joint.sum(axis=0) == pytest.approx([0.466, 0.225, 0.184, 0.125], abs=1e-9)
    outbreaks = random_outbreaks(4_000, start="2023-01-01", end="2023-12-31", random_state=7)
    n = len(outbreaks)
    agents = pd.Series([outbreak.agent for outbreak in outbreaks])
    check_share(agents.str.startswith("mushroom").sum(), n, 0.318)
    check_share((agents == "vibrio_parahaemolyticus").sum(), n, 0.113)
    kinds = pd.Series([outbreak.venue_type for outbreak in outbreaks])
    products = sum(outbreak.brand is not None for outbreak in outbreaks)
    canteens = kinds.str.endswith("canteen").sum()
    check_share(canteens, n - products, 0.184)
    assert set(agents) <= set(vocabulary.agents()["key"])


def test_number_of_random_outbreaks_is_that_of_the_rate() -> None:
    n = len(random_outbreaks(160, start="2020-01-01", end="2024-12-31", random_state=2))
    assert RARE < poisson.cdf(n, 160 * 5) < 1 - RARE
