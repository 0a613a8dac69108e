"""Onsets, sources, agents, people, and a whole cluster of case reports."""

from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot

from enteroscan import read_cases, vocabulary
from enteroscan.cases import Cases
from enteroscan.errors import DataError, SpecError
from enteroscan.investigation import (
    candidate_meals,
    describe,
    epidemic_curve,
    exposure_window,
    food_histories,
    judge_source,
    person_place_time,
    rank_agents,
)

mpl.use("Agg")
NOON = pd.Timestamp("2024-06-01 12:00")


def after(
    hours: "list[float] | np.ndarray[tuple[int], np.dtype[np.float64]]",
) -> "pd.Series[pd.Timestamp]":
    return pd.Series(NOON + pd.to_timedelta(hours, unit="h"))


@pytest.fixture
def oswego(reference_data: Path) -> "pd.Series[pd.Timestamp]":
    table = pd.read_csv(reference_data / "outbreaks" / "oswego_1940.csv").query("ill == 'Y'")
    text = "1940/" + table["onset.date"] + " " + table["onset.time"]
    return pd.to_datetime(text, format="%Y/%m/%d %I:%M %p")


@pytest.fixture
def school(reference_data: Path) -> pd.DataFrame:
    table = pd.read_csv(reference_data / "outbreaks" / "norovirus_school_2001.csv")
    days = table["start_illness"].where(table["start_illness"] > 0)
    onset = pd.Timestamp("2001-01-01") + pd.to_timedelta(days, unit="D")
    return table.assign(onset=onset)


@pytest.mark.reference
def test_the_school_is_not_called_a_common_food(school: pd.DataFrame) -> None:
    judged = judge_source(
        school["onset"], agents="norovirus", hour_known=False, group=school["class"]
    )
    assert judged.verdict == "person_to_person"
    assert judged.criteria["p_value"].lt(0.01).all()
    assert judged.reasons("en")[0].startswith("This is not one common food")
    assert "人传人" in judged.reasons("zh")[0]
    alone = judge_source(school["onset"], agents="norovirus", hour_known=False)
    assert alone.verdict == "prolonged"


@pytest.mark.reference
def test_oswego_is_one_exposure_at_the_supper(oswego: "pd.Series[pd.Timestamp]") -> None:
    agent = "staphylococcus_aureus"
    assert judge_source(oswego, agents=agent).verdict == "point_source"
    window = exposure_window(oswego, agents=agent)
    # The supper was served from 6 pm, and most of those whose time is known ate until 10 pm.
    assert pd.Timestamp("1940-04-18 18:00") < window.time < pd.Timestamp("1940-04-18 22:00")
    curve = epidemic_curve(oswego, agent=agent)
    assert curve.bin_h == 1
    assert curve.table["cases"].sum() == 46
    assert curve.table["cases"].max() == 10


def test_single_exposures_are_rarely_judged_otherwise() -> None:
    """Of 400 point sources 1 % or less are called another source; above 12 in 1 of 4,000."""
    random = np.random.default_rng(5)
    verdicts = []
    for _ in range(400):
        hours = random.lognormal(np.log(33), np.log(72 / 8) / (2 * 1.96), 20)
        verdicts.append(judge_source(after(hours), agents="norovirus").verdict)
    assert sum(verdict != "point_source" for verdict in verdicts) <= 12


def test_groups_that_eat_apart_by_chance_are_not_clustered() -> None:
    """Uniform onsets over 30 days: too long, but without groups; p below 0.05 in 5 % of 200."""
    random = np.random.default_rng(6)
    found = 0
    for i in range(200):
        onset = after(random.uniform(0, 720, 40))
        group = pd.Series(random.integers(0, 6, 40))
        judged = judge_source(
            onset, agents="norovirus", group=group, replicates=199, random_state=i
        )
        assert judged.verdict in ("prolonged", "person_to_person")
        found += judged.verdict == "person_to_person"
    assert found <= 21  # binomial(200, 0.05): 1 in 2,000


@pytest.mark.parametrize("n", [5, 30])
def test_the_window_of_exposure_covers_the_meal(n: int) -> None:
    """The 95 % interval holds the true time in 95 %: below 176 of 200 once in 10,000."""
    random = np.random.default_rng(n)
    covered = 0
    for _ in range(200):
        hours = random.lognormal(np.log(17), np.log(48 / 2) / (2 * 1.96), n)
        window = exposure_window(after(hours), agents="vibrio_parahaemolyticus")
        covered += window.start <= NOON <= window.end
    assert covered >= 176


def test_agents_that_are_not_known_are_mixed() -> None:
    onset = after([2.0, 2.5, 3.0, 3.5, 4.0, 5.0])
    unknown = exposure_window(onset)
    times = unknown.agents.set_index("key")["time"]
    known = exposure_window(onset, agents="salmonella")
    assert times["salmonella"] == pytest.approx(known.time, abs=pd.Timedelta(minutes=15))
    assert times["salmonella"] < times["staphylococcus_aureus"] < times["nitrite"]
    assert unknown.agents["probability"].sum() == pytest.approx(1)
    days = exposure_window(onset.dt.normalize(), hour_known=False, agents="norovirus")
    assert days.end - days.start > pd.Timedelta(days=1)


def test_a_stray_onset_hardly_moves_the_window() -> None:
    hours = [2.0, 2.5, 3.0, 3.5, 3.5, 4.0, 5.0]
    agents = "staphylococcus_aureus"
    clean = exposure_window(after(hours), agents=agents)
    stray = exposure_window(after([*hours, -4.0]), agents=agents)
    assert abs(clean.time - stray.time) < pd.Timedelta(minutes=30)


def test_candidate_meals() -> None:
    meals = [NOON, NOON - pd.Timedelta(hours=24), NOON + pd.Timedelta(hours=3)]
    table = candidate_meals(after([2.0, 3.0, 4.0]), meals, agents="kidney_bean")
    assert table["meal"].iloc[0] == NOON
    assert list(table.loc[0, ["min_h", "median_h", "max_h"]]) == [2, 3, 4]
    assert table.set_index("meal")["before"].to_dict() == {meals[0]: 0, meals[1]: 0, meals[2]: 1}
    assert table["within"].iloc[0] == 3


@pytest.mark.parametrize("agent", vocabulary.agents()["key"])
def test_bins_are_about_a_third_of_the_incubation(agent: str) -> None:
    median = vocabulary.agents().set_index("key")["incubation_median_h"][agent]
    curve = epidemic_curve(after([0.0, 1.0]), agent=agent)
    assert curve.bin_h <= max(median / 3, 0.25)
    assert curve.bin_h >= min(median / 6, 168)


def test_curves_count_every_onset_once() -> None:
    onset = pd.concat([after([0.0, 0.9, 1.0, 50.0]), pd.Series([pd.NaT])], ignore_index=True)
    curve = epidemic_curve(onset, bin_h=1)
    assert curve.n_missing == 1
    assert curve.table["cases"].sum() == 4
    assert len(curve.table) == 51
    assert curve.table["cases"].iloc[:2].to_list() == [2, 1]
    assert len(curve.plot().patches) == 51
    pyplot.close("all")
    assert epidemic_curve(onset, hour_known=False, agent="nitrite").bin_h == 24
    with pytest.raises(SpecError, match="bin_h"):
        epidemic_curve(onset, bin_h=0)
    with pytest.raises(DataError, match="none of 2"):
        epidemic_curve(pd.Series([pd.NaT, pd.NaT]))
    with pytest.raises(SpecError, match="plague"):
        epidemic_curve(onset, agent="plague")


def test_agents_and_what_speaks_against_them() -> None:
    symptoms = pd.DataFrame(
        {"symptom_vomiting": [True] * 9 + [False], "symptom_fever": [False] * 10}
    )
    ranking = rank_agents(symptoms, incubation_h=np.linspace(2, 5, 10))
    top = ranking.table["key"].head(4)
    assert {"staphylococcus_aureus", "bacillus_cereus_emetic"} <= set(top)
    assert ranking.table["probability"].sum() == pytest.approx(1)
    weights = ranking.evidence.set_index(["key", "finding"])["weight"]
    assert weights["salmonella", "fever"] < -1
    assert weights["salmonella", "incubation"] < -1
    every = ranking.explain("en", most=40).set_index("agent")
    against = every["speaks_against"]["nontyphoid Salmonella"]
    assert "fever in 0% of 10 cases (usual: 70%)" in against
    assert "median incubation 3.5 h" in against
    chinese = ranking.explain("zh", most=40).set_index("agent")
    assert "发热" in chinese["speaks_against"]["沙门氏菌"]


def test_without_findings_agents_have_their_prior() -> None:
    ranking = rank_agents(pd.DataFrame({"symptom_fever": pd.array([None], dtype="boolean")}))
    assert np.allclose(np.log(ranking.table["probability"]), ranking.table["log_prior"])
    assert (ranking.explain("en")["speaks_for"] == "nothing that weighs").all()


def test_person_place_time_adds_up() -> None:
    members = pd.DataFrame(
        {
            "age_years": [0.99, 1.0, 6.9, 7.0, 19.9, 20.0, 60.0, np.nan],
            "sex": ["male"] * 3 + ["female"] * 5,
            "onset": pd.to_datetime(["2024-12-30"] * 8),
        }
    )
    others = pd.DataFrame({"age_years": [30.0], "sex": [None], "onset": [pd.NaT]})
    table = person_place_time(members, others).set_index(["dimension", "category"])
    ages = table["cases"].xs("age_band", level="dimension")
    assert ages.to_dict() == {"<1": 1, "1-6": 2, "7-19": 2, "20-59": 1, "60+": 1, "missing": 1}
    assert table.loc[("week", "2025-W01"), "cases"] == 8
    assert (table.groupby("dimension")[["cases", "other_cases"]].sum() == [8, 1]).all(axis=None)


@pytest.fixture
def cases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cases:
    """60 sporadic cases and, first, eight who ate beans at one restaurant."""
    monkeypatch.setenv("ENTEROSCAN_CONFIG_DIR", str(tmp_path))
    random, n = np.random.default_rng(1), 68
    hours = np.concatenate([np.linspace(2, 5.5, 8), random.uniform(-300, 300, n - 8)])
    onset = NOON + pd.to_timedelta(hours, unit="h").floor("s")
    frame = pd.DataFrame(
        {
            "病例编号": [f"c{i}" for i in range(n)],
            "发病时间": onset.strftime("%Y-%m-%d %H:%M:%S"),
            "患者性别": random.choice(["男", "女"], n),
            "年龄": random.integers(1, 80, n),
            "呕吐": random.choice(["是", "否"], n),
            "发热": random.choice(["是", "否"], n),
            "食品名称": random.choice(["米饭", "面条", "鸡蛋"], n),
            "进食场所": random.choice(["食堂甲", "食堂乙"], n),
        }
    )
    frame.loc[:7, ["呕吐", "发热", "食品名称", "进食场所"]] = ["是", "否", "豆角", "张记<script>"]
    frame.loc[60:, ["食品名称", "进食场所"]] = None
    return read_cases(frame, as_of="2024-08-01")


def test_a_cluster_of_case_reports(cases: Cases) -> None:
    found = describe(cases, [f"c{i}" for i in range(8)], meal=NOON, language="en")
    assert found.others == 60
    assert found.source is not None
    assert found.source.verdict == "point_source"
    assert set(found.exposures["exposure"].head(2)) == {"豆角", "张记<script>"}
    first = found.exposures.iloc[0]
    assert (first["cases_exposed"], first["cases"], first["controls"]) == (8, 8, 52)
    assert first["n_missing"] == 8  # those without exposures are no controls
    assert "kidney_bean" in found.agents.probable()
    sentences = found.verdict("zh")
    assert sentences[0].startswith("8例")
    assert any("张记" in sentence for sentence in sentences)
    page = found._repr_html_()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert found.verdict()[0] in repr(found)


def test_chance_clusters_have_no_food(cases: Cases) -> None:
    found = describe(cases, [f"c{i}" for i in range(20, 26)], language="en")
    assert found.source is not None
    assert any("No food or place stands out" in sentence for sentence in found.verdict())


def test_members_must_be_cases(cases: Cases) -> None:
    with pytest.raises(DataError, match="nobody"):
        describe(cases, ["c1", "nobody"])
    with pytest.raises(DataError, match="at least one"):
        describe(cases, [])


def test_food_histories_keep_the_silent_apart(cases: Cases) -> None:
    told = food_histories(cases)
    assert told.loc["c0", "豆角"]
    assert not told.loc["c0", "米饭"]
    assert told.loc["c65"].isna().all()


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("members", [["a"], ["c"], ["b", "c"], ["a", "b", "c"]])
def test_clusters_of_which_little_is_known(
    members: list[str], language: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENTEROSCAN_CONFIG_DIR", str(tmp_path))
    frame = pd.DataFrame(
        {
            "病例编号": ["a", "b", "c"],
            "发病时间": ["2024-06-01", "2024-06-02 10:00", None],
            "食品名称": ["米饭", None, None],
        }
    )
    found = describe(read_cases(frame, as_of="2024-07-01"), members, language=language)
    assert len(found.verdict()) >= 2
    assert found.verdict()[0] in found._repr_html_()
    assert (found.curve is None) == (members == ["c"])
    assert found.source is None or found.source.verdict == "too_few"


def test_close_pairs_are_those_counted_one_by_one() -> None:
    random = np.random.default_rng(8)
    hours, group = random.uniform(0, 600, 30), random.integers(0, 4, 30)
    judged = judge_source(after(hours), agents="norovirus", group=pd.Series(group), replicates=1999)
    pairs = [(i, j) for i in range(30) for j in range(i) if abs(hours[i] - hours[j]) <= 33]
    row = judged.criteria.set_index("criterion").loc["close_pairs_in_groups"]
    assert row["value"] == sum(group[i] == group[j] for i, j in pairs)
    sizes = np.bincount(group)
    of_one_group = (sizes * (sizes - 1)).sum() / (30 * 29)
    assert row["limit"] == pytest.approx(len(pairs) * of_one_group, rel=0.05)
