"""Shared exposure, from case reports to groups with a source."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from enteroscan import Cases, DataError, SharedExposure, SpecError
from enteroscan.evaluation import to_cases
from enteroscan.linkage import LinkResult
from enteroscan.simulate import District, Outbreak, SimulatedReports

AS_OF = "2024-06-30"
SPEC = SharedExposure(replicates=99, exclude_past_outbreaks=False, n_jobs=1)


@pytest.fixture(scope="module")
def reports() -> SimulatedReports:
    """A year of a district, with a restaurant that made people ill in its last week."""
    outbreak = Outbreak(
        agent="vibrio_parahaemolyticus",
        start="2024-06-25 18:00",
        venue_type="restaurant",
        size=60,
    )
    return District(cases_per_year=1_000).simulate(
        start="2023-07-01", end="2024-07-10", outbreaks=[outbreak], random_state=5
    )


@pytest.fixture(scope="module")
def cases(reports: SimulatedReports) -> Cases:
    return to_cases(reports)


@pytest.fixture(scope="module")
def result(cases: Cases) -> LinkResult:
    return SPEC.link(cases, as_of=AS_OF)


def same(one: LinkResult, other: LinkResult) -> None:
    for name in ("groups", "members", "agents", "explanations", "links", "unseen"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name))
    np.testing.assert_array_equal(one.simulated_maxima, other.simulated_maxima)


def with_tables(cases: Cases, **tables: pd.DataFrame) -> Cases:
    frame, exposures, specimens = (
        tables.get(name, getattr(cases, name)) for name in ("frame", "exposures", "specimens")
    )
    return Cases(frame, exposures, specimens, cases.quality)


def ill(reports: SimulatedReports) -> set[str]:
    return set(reports.truth.members["case_id"].astype(str))


def test_the_restaurant_comes_first(reports: SimulatedReports, result: LinkResult) -> None:
    group = result.groups.iloc[0]
    members = result.members[(result.members["group"] == 1) & (result.members["probability"] > 0.5)]
    found = set(members["case_id"])
    assert len(found) >= 3
    assert len(found & ill(reports)) >= 0.8 * len(found)
    assert group["p_value"] == 1 / 100
    assert group["n_cases"] == len(found)
    agents = result.agents[result.agents["group"] == 1]
    assert group["agent"] == agents.sort_values("probability")["agent"].iloc[-1]


def test_the_reason_names_the_restaurant(reports: SimulatedReports, result: LinkResult) -> None:
    own = reports.exposures[reports.exposures["case_id"].isin(ill(reports))]
    evening = own[own["eaten"] == pd.Timestamp("2024-06-25 18:00")]
    venue = evening["venue"].value_counts().index[0]
    for language in ("zh", "en"):
        assert str(venue) in str(result.groups[f"reason_{language}"].iloc[0])


def test_nobody_sees_where_exactly_people_live(cases: Cases) -> None:
    found = replace(SPEC, replicates=0, min_statistic=0.5).link(cases, as_of=AS_OF)
    regions = set(cases.frame["home_region"])
    for table in (found.groups, found.explanations, found.links):
        homes = table.loc[table["kind"] == "home", "source"]
        assert len(homes) > 0
        assert set(homes) <= regions


def test_parts_of_the_evidence_add_up(result: LinkResult) -> None:
    names = ["sharing", "incubation", "symptoms", "report", "contagion"]
    parts = result.groups[names].sum(axis=1)
    np.testing.assert_allclose(parts, result.groups["statistic"], rtol=1e-9)
    names = ["sharing", "time", "symptoms", "incubation", "report", "space", "contagion"]
    np.testing.assert_allclose(result.links[names].sum(axis=1), result.links["total"], rtol=1e-9)


def test_agents_of_a_group_share_out_one(result: LinkResult) -> None:
    sums = result.agents.groupby("group")["probability"].sum()
    np.testing.assert_allclose(sums, 1.0, rtol=1e-9)


def test_reasons_name_the_source_in_both_languages(result: LinkResult) -> None:
    first = result.groups.iloc[0]
    for language in ("zh", "en"):
        reason = str(first[f"reason_{language}"])
        assert str(first["source"]) in reason
        assert str(first["n_cases"]) in reason
        assert result.verdict(language)


def test_nothing_is_known_before_it_is_reported(cases: Cases, result: LinkResult) -> None:
    end = pd.Timestamp(AS_OF) + pd.Timedelta(days=1)
    early = cases.frame["reported"] < end
    frame = cases.frame[early].reset_index(drop=True)
    kept = frame["case_id"]
    then = with_tables(
        cases,
        frame=frame,
        exposures=cases.exposures[cases.exposures["case_id"].isin(kept)].reset_index(drop=True),
        specimens=cases.specimens[cases.specimens["case_id"].isin(kept)].reset_index(drop=True),
    )
    assert len(frame) < len(cases.frame)
    same(SPEC.link(then, as_of=AS_OF), result)


def test_the_order_of_the_rows_is_nothing(cases: Cases, result: LinkResult) -> None:
    mixed = with_tables(cases, frame=cases.frame.sample(frac=1, random_state=1, ignore_index=True))
    same(SPEC.link(mixed, as_of=AS_OF), result)


def test_the_same_bits_on_any_number_of_workers(cases: Cases, result: LinkResult) -> None:
    threads = replace(SPEC, n_jobs=2).link(cases, as_of=AS_OF)
    same(threads, result)
    with ThreadPoolExecutor(3) as executor:
        same(SPEC.link(cases, as_of=AS_OF, executor=executor), result)


def test_missing_never_matches(cases: Cases) -> None:
    """Without any venue, brand, shop or dish there is nothing left but the time and the home."""
    names = ["venue", "venue_type", "eat_address", "brand", "maker", "purchase_venue", "food"]
    blank = cases.exposures.copy()
    for name in names:
        blank[name] = pd.Series(pd.NA, index=blank.index, dtype=blank[name].dtype)
    spec = replace(SPEC, kinds=("venue", "address", "brand", "maker", "purchase", "dish"))
    nothing = spec.link(with_tables(cases, exposures=blank), as_of=AS_OF)
    assert len(nothing.groups) == 0
    assert len(nothing.links) == 0
    unseen = nothing.unseen.set_index("reason")["n_cases"]
    assert unseen["no_exposure"] == nothing.n_cases


def test_cases_without_a_date_are_counted(cases: Cases) -> None:
    frame = cases.frame.copy()
    lost = frame.index[frame["onset"].notna()][:7]
    for name in ("onset", "visit", "reported"):
        frame.loc[lost, name] = pd.NaT
    unseen = SPEC.link(with_tables(cases, frame=frame), as_of=AS_OF).unseen
    assert unseen.set_index("reason")["n_cases"]["no_date"] == 7


def test_no_case_with_a_date_is_an_error(cases: Cases) -> None:
    frame = cases.frame.iloc[:0]
    empty = with_tables(cases, frame=frame, exposures=cases.exposures.iloc[:0])
    with pytest.raises(DataError, match="date"):
        SPEC.link(empty)


def test_no_replicates_no_p_values(cases: Cases) -> None:
    groups = replace(SPEC, replicates=0).link(cases, as_of=AS_OF).groups
    assert groups["p_value"].isna().all()
    assert groups["recurrence_interval_days"].isna().all()


def test_a_case_is_in_one_group(result: LinkResult) -> None:
    members = result.members[result.members["probability"] >= 0.5]
    assert not members["case_id"].duplicated().any()


def test_frames_are_copies(result: LinkResult) -> None:
    groups = result.groups
    groups.loc[0, "source"] = "?"
    assert result.groups.loc[0, "source"] != "?"


def test_hostile_names_stay_text(cases: Cases) -> None:
    name = "<script>alert(1)</script>酒楼"
    exposures = cases.exposures.copy()
    exposures.loc[exposures["venue"].notna(), "venue"] = name
    exposures.loc[exposures["food"].notna(), "food"] = name
    page = SPEC.link(with_tables(cases, exposures=exposures), as_of=AS_OF)._repr_html_()
    assert "<script>" not in page
    assert "酒楼" in page


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"kinds": ("venue", "street")}, "kinds"),
        ({"kinds": ()}, "kinds"),
        ({"replicates": -1}, "replicates"),
        ({"replicates": 1.5}, "replicates"),
        ({"max_days": 0}, "max_days"),
        ({"max_days": 400}, "max_days"),
        ({"max_sale_days": float("nan")}, "max_sale_days"),
        ({"exclude_past_outbreaks": 1}, "exclude_past_outbreaks"),
    ],
)
def test_options_that_cannot_be(options: dict[str, object], word: str) -> None:
    with pytest.raises(SpecError, match=word):
        SharedExposure(**options)  # type: ignore[arg-type]


def test_specs_come_back_from_what_is_written() -> None:
    spec = SharedExposure(kinds=("venue", "brand"), max_days=20, agents=("norovirus",))
    assert SharedExposure.from_dict(spec.to_dict()) == spec
    assert hash(SharedExposure.from_dict(spec.to_dict())) == hash(spec)
    with pytest.raises(SpecError, match="max_hours"):
        SharedExposure.from_dict({"max_hours": 3})


def test_a_hidden_name_is_no_value(cases: Cases) -> None:
    """Two places of which reading has hidden the names of persons are not the same place."""
    exposures = cases.exposures.assign(venue="***饭店", eat_address="***家")
    found = SPEC.link(with_tables(cases, exposures=exposures), as_of=AS_OF)
    shared = set(found.groups["kind"]) | set(found.explanations["kind"]) | set(found.links["kind"])
    assert not shared & {"venue", "address"}
    assert shared


@pytest.mark.parametrize("attack_rate", [0.0, 0.2, 0.4])
def test_infections_at_home_are_learned_from_the_area(attack_rate: float) -> None:
    """As many later cases of its home as a case makes; pairs of chance spread it by 0.01."""
    from enteroscan.linkage._reports import build

    district = District(
        cases_per_year=2_000, household_attack_rate=attack_rate, household_seen_share=0.5
    )
    reports = district.simulate(start="2023-07-01", end="2024-06-30", random_state=2)
    built = build(to_cases(reports), SPEC, pd.Timestamp(AS_OF))
    learned = built.arrays["contagion"][SPEC.kinds.index("home")]
    others = 2.33  # in the home of a person, on the average [census 2020]
    first = 1 / (1 + 0.5 * attack_rate * others)  # share of the cases that infect others
    assert learned == pytest.approx(0.5 * attack_rate * others * first, rel=0.15, abs=0.03)


def pair_at_home(cases: Cases, hours_apart: float, symptom: str) -> "pd.Series[float]":
    """Return the group of two of one home who report nothing but where they live."""
    frame = cases.frame
    first = pd.Timestamp("2024-06-26 10:00")
    onsets = pd.Series([first, first + pd.Timedelta(hours=hours_apart)])
    pair = frame.iloc[[0, 1]].assign(
        case_id=["one", "other"],
        onset=onsets.to_numpy(),
        onset_hour_known=True,
        reported=pd.Timestamp("2024-06-30"),
        latitude=29.0,
        longitude=104.0,
    )
    for name in frame.columns[frame.columns.str.startswith("symptom_")]:
        pair[name] = name == f"symptom_{symptom}"
    both = with_tables(cases, frame=pd.concat([frame, pair], ignore_index=True))
    spec = replace(SPEC, kinds=("home",), min_statistic=0.1, replicates=0)
    found = spec.link(both, as_of=AS_OF)
    own = found.members.loc[found.members["case_id"] == "one", "group"]
    group = found.groups.set_index("group").loc[own.iloc[0]]
    assert set(found.members.loc[found.members["group"] == own.iloc[0], "case_id"]) == {
        "one",
        "other",
    }
    numbers: pd.Series[float] = group[["statistic", "contagion"]].astype("float64")
    return numbers


def test_who_may_have_infected_the_other_is_hardly_linked_by_the_home(cases: Cases) -> None:
    same_hour = pair_at_home(cases, 1.0, "diarrhoea")
    days_apart = pair_at_home(cases, 60.0, "diarrhoea")
    assert same_hour["contagion"] == pytest.approx(0.0, abs=1e-6)
    assert days_apart["contagion"] < -2.0
    assert days_apart["statistic"] < same_hour["statistic"] / 1.5
    # Nobody gives a poison to another: numb lips mean a source, days apart too.
    poison = pair_at_home(cases, 60.0, "lip_tongue_numbness")
    assert poison["statistic"] > days_apart["statistic"] + 3.0


def pair_at_a_shop(cases: Cases, types: list[str]) -> dict[str, str]:
    """Return the group of two who ate at one shop, with salmonella of these types."""
    first = pd.Timestamp("2024-06-26 10:00")
    ids = ["one", "other"]
    pair = cases.frame.iloc[[0, 1]].assign(
        case_id=ids,
        onset=[first, first + pd.Timedelta(hours=3)],
        onset_hour_known=True,
        reported=pd.Timestamp("2024-06-29"),
    )
    meals = cases.exposures.iloc[[0, 1]].assign(
        case_id=ids, venue="红星小吃", eaten=first - pd.Timedelta(hours=18), eaten_hour_known=True
    )
    findings = cases.specimens.iloc[[0, 1]].assign(case_id=ids, agent="salmonella", positive=True)
    findings["serotype"] = pd.Series(types, dtype="string").reindex([0, 1]).array
    both = with_tables(
        cases,
        frame=pd.concat([cases.frame, pair], ignore_index=True),
        exposures=pd.concat([cases.exposures, meals], ignore_index=True),
        specimens=pd.concat([cases.specimens, findings], ignore_index=True),
    )
    spec = replace(SPEC, kinds=("venue",), min_statistic=0.1, replicates=0)
    groups = spec.link(both, as_of=AS_OF).groups
    group = groups[groups["source"] == "红星小吃"].iloc[0]
    return {str(name): str(value) for name, value in group.dropna().items()}


def test_a_rare_serotype_in_common_speaks_for_a_source(cases: Cases) -> None:
    untyped = pair_at_a_shop(cases, [])
    same = pair_at_a_shop(cases, ["山夫登堡", "山夫登堡"])
    apart = pair_at_a_shop(cases, ["山夫登堡", "伦敦"])
    assert same["agent"] == untyped["agent"] == "salmonella"
    assert same["serotype"] == "山夫登堡"
    assert "serotype" not in untyped.keys() | apart.keys()
    assert float(same["statistic"]) > float(untyped["statistic"]) + 1.0
    assert float(apart["statistic"]) <= float(untyped["statistic"]) + 0.1
    assert "山夫登堡" in same["reason_zh"]
    assert "山夫登堡" in same["reason_en"]
