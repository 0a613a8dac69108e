import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest, kstest

from enteroscan import vocabulary
from enteroscan.errors import SpecError
from enteroscan.simulate import District, Outbreak, SimulatedReports, random_outbreaks


def first_reports(reports: SimulatedReports) -> pd.DataFrame:
    members = reports.truth.members
    return members[members["duplicate_of"].isna()]


def test_incubations_lie_within_the_table(with_outbreaks: SimulatedReports) -> None:
    agents = vocabulary.agents().set_index("key")
    members = with_outbreaks.truth.members
    incubation = (members["onset"] - members["eaten"]).dt.total_seconds() / 3600
    own = agents.loc[members["agent"]]
    assert (incubation > 0).all()
    minute = 1 / 60
    assert (incubation >= own["incubation_min_h"].to_numpy() - minute).all()
    assert (incubation <= own["incubation_max_h"].to_numpy() + minute).all()


@pytest.mark.parametrize("agent", ["salmonella", "kidney_bean", "norovirus"])
def test_incubations_have_the_median_of_the_table_and_are_log_normal(agent: str) -> None:
    agents = vocabulary.agents().set_index("key")
    low, median, high = (
        float(agents[f"incubation_{name}_h"][agent]) for name in ("min", "median", "max")
    )
    reports = District(cases_per_year=0, outbreak_fatality=0.0).simulate(
        start="2024-01-01",
        end="2024-01-02",
        outbreaks=[Outbreak(agent=agent, start="2024-03-01", size=1_500)],
    )
    hours = first_reports(reports)["incubation_h"].to_numpy(float)
    assert binomtest(int((hours < median).sum()), len(hours), 0.5).pvalue > 1e-4
    # Below the median the logarithm is half a normal distribution, cut at 1 %.
    below = np.log(median / hours[hours < median]) / np.log(median / low)
    expected = np.abs(np.random.default_rng(0).normal(size=400_000)) / 2.3263
    assert kstest(below, expected[expected < 1]).pvalue > 1e-4
    assert hours.max() <= high


def test_meal_comes_before_onset_visit_and_report(with_outbreaks: SimulatedReports) -> None:
    frame = with_outbreaks.frame
    truth = with_outbreaks.truth.cases
    assert (truth["eaten"].isna() | (truth["eaten"] < truth["onset"])).all()
    assert (frame["onset"] <= frame["visit"]).all()
    assert (frame["visit"] <= frame["reported"]).all()
    assert (truth["onset"].dt.floor("h") == frame["onset"]).all()
    eaten = with_outbreaks.exposures.merge(frame[["case_id", "onset"]], on="case_id")
    assert not (eaten["eaten"] > eaten["onset"]).any()


def test_number_of_the_ill_follows_the_attack_rate() -> None:
    ill = exposed = 0
    spec = District(cases_per_year=0)
    for seed in range(20):
        reports = spec.simulate(
            start="2024-01-01",
            end="2024-01-02",
            outbreaks=[
                Outbreak(agent="salmonella", start="2024-06-01", n_exposed=200, attack_rate=0.38)
            ],
            random_state=seed,
        )
        row = reports.truth.outbreaks.iloc[0]
        assert row["n_reported"] == row["n_ill"] == len(first_reports(reports))
        ill, exposed = ill + row["n_ill"], exposed + row["n_exposed"]
    assert exposed == 4_000
    assert binomtest(int(ill), exposed, 0.38).pvalue > 1e-4


def test_a_size_is_kept_and_tells_how_many_ate() -> None:
    reports = District(cases_per_year=0).simulate(
        start="2024-01-01",
        end="2024-01-02",
        outbreaks=[Outbreak(agent="nitrite", start="2024-06-01", size=12, attack_rate=0.5)],
    )
    row = reports.truth.outbreaks.iloc[0]
    assert (row["n_ill"], row["n_exposed"]) == (12, 24)


def test_ascertainment_decides_how_many_are_reported() -> None:
    reports = District(cases_per_year=0).simulate(
        start="2024-01-01",
        end="2024-01-02",
        outbreaks=[Outbreak(agent="salmonella", start="2024-06-01", size=2_000, ascertainment=0.3)],
    )
    n = len(first_reports(reports))
    assert n == reports.truth.outbreaks["n_reported"].iloc[0]
    assert binomtest(n, 2_000, 0.3).pvalue > 1e-4


def test_guests_of_a_venue_live_near_it(with_outbreaks: SimulatedReports) -> None:
    frame = with_outbreaks.frame.merge(first_reports(with_outbreaks)[["case_id", "outbreak"]])
    row = with_outbreaks.truth.outbreaks.iloc[0]
    guests = frame[(frame["outbreak"] == 1) & frame["latitude"].notna()]
    degrees = np.hypot(
        guests["latitude"].to_numpy(float) - row["latitude"],
        (guests["longitude"].to_numpy(float) - row["longitude"]) * np.cos(np.radians(30.2)),
    )
    everybody = with_outbreaks.frame.dropna(subset="latitude")
    others = np.hypot(
        everybody["latitude"].to_numpy(float) - row["latitude"],
        (everybody["longitude"].to_numpy(float) - row["longitude"]) * np.cos(np.radians(30.2)),
    )
    assert np.median(degrees) < 0.7 * np.median(others)


def test_a_household_lives_together_and_shares_the_surname(
    with_outbreaks: SimulatedReports,
) -> None:
    ill = first_reports(with_outbreaks)
    family = with_outbreaks.identifiers[
        with_outbreaks.identifiers["case_id"].isin(set(ill.loc[ill["outbreak"] == 3, "case_id"]))
    ]
    assert len(family) == 6
    host = family[family["address"] == family["address"].mode()[0]]
    assert len(host) >= 2
    assert len(set(host["name"].str[0])) == 1


def test_pupils_fall_ill_at_school(with_outbreaks: SimulatedReports) -> None:
    frame = with_outbreaks.frame.merge(first_reports(with_outbreaks)[["case_id", "outbreak"]])
    ages = frame.loc[frame["outbreak"] == 2, "age_years"]
    assert ages.between(6, 18, inclusive="left").mean() > 0.6


def test_a_product_is_named_by_brand_and_eaten_for_days(with_outbreaks: SimulatedReports) -> None:
    ill = first_reports(with_outbreaks)
    ill = ill[ill["outbreak"] == 4]
    own = with_outbreaks.exposures[with_outbreaks.exposures["case_id"].isin(set(ill["case_id"]))]
    named = own[own["brand"] == "晨露"]
    assert len(named) > 10
    assert (named["food"].dropna() == "卤肉").all()
    assert ill["eaten"].dt.normalize().nunique() > 5
    assert ill["eaten"].between("2023-03-01", "2023-03-15").all()


def test_reports_of_members_name_the_vehicle_and_the_venue(
    with_outbreaks: SimulatedReports,
) -> None:
    row = with_outbreaks.truth.outbreaks.iloc[1]
    ill = first_reports(with_outbreaks)
    ids = set(ill.loc[ill["outbreak"] == 2, "case_id"])
    own = with_outbreaks.exposures[
        with_outbreaks.exposures["case_id"].isin(ids) & (with_outbreaks.exposures["exposure"] == 1)
    ]
    assert (own["venue"].dropna() == row["venue"]).all()
    assert (own["food"] == row["food"]).mean() > 0.4
    assert (own["others_ill"].dropna()).mean() > 0.6


def test_serotype_is_one_in_an_outbreak() -> None:
    reports = District(cases_per_year=0, sampling_share=1.0).simulate(
        start="2024-01-01",
        end="2024-01-02",
        outbreaks=[Outbreak(agent="salmonella", start="2024-06-01", size=100)],
    )
    positive = reports.specimens[reports.specimens["positive"]]
    assert binomtest(len(positive), 100, 0.7).pvalue > 1e-4
    assert positive["serotype"].unique().tolist() == [reports.truth.outbreaks["serotype"].iloc[0]]
    assert (positive["agent"] == "salmonella").all()


def test_many_random_outbreaks_go_into_a_province() -> None:
    outbreaks = random_outbreaks(100, start="2024-05-01", end="2024-08-31", random_state=1)
    reports = District(n_districts=4, cases_per_year=2_000).simulate(
        start="2024-05-01", end="2024-08-31", outbreaks=outbreaks
    )
    table = reports.truth.outbreaks
    assert len(table) == len(outbreaks)
    counts = first_reports(reports)["outbreak"].value_counts()
    assert counts.reindex(table["outbreak"]).tolist() == table["n_reported"].tolist()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"agent": "plague"}, "agent='plague' is not in"),
        ({"venue_type": "moon"}, "venue_type='moon' is not in"),
        ({"food_class": "stone"}, "food_class='stone' is not in"),
        ({"attack_rate": 0}, "attack_rate must be more than 0"),
        ({"size": 0}, "size must be at least 1"),
        ({"size": 5, "n_exposed": 4}, "size=5 is more than n_exposed=4"),
        ({"brand": "晨露", "venue": "老王"}, "brand and venue exclude each other"),
        ({"start": "noon"}, "start='noon' is no time"),
        ({"duration_days": 0}, "duration_days must be at least 1"),
    ],
)
def test_outbreaks_that_cannot_be_are_refused(options: dict[str, object], message: str) -> None:
    given: dict[str, object] = {"agent": "salmonella", "start": "2024-06-01", **options}
    with pytest.raises(SpecError, match=message):
        Outbreak(**given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "message"),
    [({"street": "12"}, "street='12' is not the code"), ({"venue": "月宫"}, "venue='月宫' is not")],
)
def test_places_that_are_not_there_are_refused(options: dict[str, str], message: str) -> None:
    outbreak = Outbreak(agent="salmonella", start="2024-06-01", **options)  # type: ignore[arg-type]
    with pytest.raises(SpecError, match=message):
        District().simulate(start="2024-06-01", end="2024-06-02", outbreaks=[outbreak])
