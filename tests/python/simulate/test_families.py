"""Families, buildings and villages: what cases share without a common source."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from enteroscan.simulate import District, SimulatedReports, random_outbreaks
from enteroscan.simulate._people import HOUSEHOLDS, household_sizes

RARE = 1e-4


@pytest.fixture(scope="module")
def cases() -> pd.DataFrame:
    """First reports of three districts with many outbreaks, and whether others fell ill."""
    frames = []
    for seed in range(3):
        outbreaks = random_outbreaks(60, start="2023-01-01", end="2023-12-31", random_state=seed)
        reports = District(map_seed=seed).simulate(
            start="2023-01-01", end="2023-12-31", outbreaks=outbreaks, random_state=seed
        )
        frames.append(_first_reports(reports).assign(district=seed))
    return pd.concat(frames, ignore_index=True)


def _first_reports(reports: SimulatedReports) -> pd.DataFrame:
    truth = reports.truth.cases[["case_id", "outbreak", "duplicate_of", "agent"]]
    told = reports.exposures.groupby("case_id")["others_ill"].max().rename("told")
    kinds = reports.truth.outbreaks[["outbreak", "venue_type", "brand"]]
    frame = (
        reports.frame.drop(columns="agent", errors="ignore")
        .merge(truth.merge(kinds, on="outbreak", how="left"), on="case_id")
        .merge(reports.identifiers[["case_id", "address", "name"]], on="case_id")
        .merge(told, on="case_id", how="left")
    )
    return frame[frame["duplicate_of"].isna() & (frame["residence_class"] == "county")]


def _shares(frame: pd.DataFrame, *columns: str) -> pd.Series:
    """Tell which cases of a district have the same values as another."""
    return frame.duplicated(["district", *columns], keep=False)


def test_household_sizes_are_those_of_persons() -> None:
    sizes = household_sizes((np.arange(100_000) + 0.5) / 100_000)
    persons = HOUSEHOLDS * np.arange(1, 7)
    assert np.bincount(sizes)[1:] / 100_000 == pytest.approx(persons / persons.sum(), abs=1e-4)
    assert household_sizes(np.array([0.0]), at_least=2) == 2


def test_many_sporadic_cases_share_a_spot_as_those_of_outbreaks_do(cases: pd.DataFrame) -> None:
    located = cases[cases["latitude"].notna()]
    shares = _shares(located, "latitude", "longitude")
    sporadic, of_outbreaks = (shares[located["outbreak"].isna() == x].mean() for x in (True, False))
    assert 0.45 < sporadic < 0.7
    assert of_outbreaks < 1.6 * sporadic


def test_sporadic_families_are_as_many_as_the_attack_rate_makes(cases: pd.DataFrame) -> None:
    """Of 2.2 others in the household of a person, 8.8 % fall ill, and 40 % of these are seen."""
    sporadic = cases[cases["outbreak"].isna()]
    second = sporadic.duplicated(["district", "address", "agent"]) & _shares(sporadic, "address")
    sizes = np.arange(1, 7)
    others = (HOUSEHOLDS * sizes * (sizes - 1)).sum() / (HOUSEHOLDS * sizes).sum()
    expected = 0.088 * 0.4 * others
    assert second.mean() == pytest.approx(expected / (1 + expected), rel=0.2)


def test_a_sporadic_family_has_one_surname_and_days_between(cases: pd.DataFrame) -> None:
    sporadic = cases[cases["outbreak"].isna()]
    families = sporadic[_shares(sporadic, "address")].groupby(["district", "address"])
    assert (families["name"].agg(lambda names: names.str[0].nunique()) == 1).mean() > 0.9
    gap = families["onset"].agg(lambda onset: (onset.max() - onset.min()).days)
    assert 1 <= gap.median() <= 4


def test_others_ill_is_said_by_families_and_not_by_all_of_outbreaks(cases: pd.DataFrame) -> None:
    told = cases[cases["told"].notna()]
    of_outbreak = told["outbreak"].notna()
    family = _shares(told, "address") & ~of_outbreak
    rest = ~of_outbreak & ~family
    shares = {
        "outbreak": told.loc[of_outbreak, "told"].mean(),
        "family": told.loc[family, "told"].mean(),
        "rest": told.loc[rest, "told"].mean(),
    }
    assert 0.5 < shares["outbreak"] < 0.8
    assert 0.25 < shares["family"] < shares["outbreak"]
    assert 0.04 < shares["rest"] < 0.15


def test_nobody_who_ate_alone_knows_of_others(year: SimulatedReports) -> None:
    alone = year.exposures[year.exposures["n_ate"] == 1]
    assert len(alone) > 1_000
    assert not alone["others_ill"].fillna(value=False).any()


@pytest.mark.parametrize("ascertainment", [1.0, 0.4])
def test_outbreaks_have_the_published_sizes_in_reports(ascertainment: float) -> None:
    outbreaks = random_outbreaks(
        1_500,
        start="2023-01-01",
        end="2023-12-31",
        random_state=4,
        ascertainment=ascertainment,
    )
    reports = District(cases_per_year=0).simulate(
        start="2023-01-01", end="2023-01-02", outbreaks=outbreaks
    )
    reported = reports.truth.outbreaks["n_reported"]
    assert 3 <= reported.median() <= 5
    assert 4.3 <= reported.mean() <= 6.3
    if ascertainment == 1:
        assert binomtest(int((reported >= 3).sum()), len(reported), 0.57).pvalue > RARE


def test_brands_are_named_by_popularity() -> None:
    reports = District(cases_per_year=30_000, brand_named_share=1.0).simulate(
        start="2023-01-01", end="2023-12-31"
    )
    named = reports.exposures.dropna(subset=["brand", "food_class"])
    top = named.groupby("food_class")["brand"].agg(lambda brand: brand.value_counts().iloc[0])
    n = named.groupby("food_class")["brand"].size()
    expected = 1 / (1 / np.arange(1, 11)).sum()  # Zipf's law over ten brands
    assert top.sum() / n.sum() == pytest.approx(expected, rel=0.1)
