"""The scan of exposures from case reports to clusters with a name, a circle, days and cases."""

import pickle
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from enteroscan import (
    Cases,
    DataError,
    ExposureResult,
    ExposureScan,
    ExposureTree,
    QualityReport,
    SpecError,
)
from enteroscan.evaluation import to_cases
from enteroscan.simulate import District

AS_OF = "2024-06-30"
SPEC = ExposureScan(history_days=60, max_duration_days=10, max_radius_km=3, replicates=199)
TABLES = ("clusters", "cases", "members", "locations", "places", "timeline", "dropped")
DISHES = ("米饭", "酱牛肉", "番茄炒蛋", "凉拌黄瓜", "皮蛋", "烤鸭", "豆腐", "草鱼")
ILL = [f"ill{i}" for i in range(7)]
STREET = (30.25, 120.17)  # where they live


@pytest.fixture(scope="module")
def quality() -> QualityReport:
    few = District(cases_per_year=50).simulate(start="2024-06-01", end="2024-06-30", random_state=1)
    return to_cases(few).quality


@pytest.fixture(scope="module")
def cases(quality: QualityReport) -> Cases:
    """300 cases who eat what they like, and seven of one street who had oysters last week."""
    random = np.random.default_rng(3)
    n, end = 300, pd.Timestamp(AS_OF)
    usual = pd.DataFrame(
        {
            "case_id": [f"c{i}" for i in range(n)],
            "onset": end - pd.to_timedelta(random.integers(60, size=n), unit="D"),
            "latitude": STREET[0] + random.normal(0, 0.05, n),
            "longitude": STREET[1] + random.normal(0, 0.05, n),
        }
    )
    ill = pd.DataFrame(
        {
            "case_id": ILL,
            "onset": end - pd.to_timedelta(random.integers(4, size=len(ILL)), unit="D"),
            "latitude": STREET[0] + random.normal(0, 0.003, len(ILL)),
            "longitude": STREET[1] + random.normal(0, 0.003, len(ILL)),
        }
    )
    frame = pd.concat([usual, ill], ignore_index=True)
    frame["reported"] = frame["onset"] + pd.Timedelta(hours=9)
    frame["hospital"] = random.choice(["north", "south"], len(frame))
    foods = ["、".join(random.choice(DISHES, 3, replace=False)) for _ in range(n)]
    foods += [f"生蚝、{dish}" for dish in random.choice(DISHES, len(ILL))]
    for number in random.choice(n, 20, replace=False):
        foods[number] += "、生蚝"
    exposures = pd.DataFrame(
        {"case_id": frame["case_id"], "food": pd.array(foods, "string"), "food_class": pd.NA}
    ).astype("string")
    return Cases(frame.astype({"case_id": "string"}), exposures, pd.DataFrame(), quality)


@pytest.fixture(scope="module")
def tree(cases: Cases) -> ExposureTree:
    return ExposureTree.of_foods(cases)


@pytest.fixture(scope="module")
def result(cases: Cases, tree: ExposureTree) -> ExposureResult:
    return SPEC.scan(cases, tree, as_of=AS_OF)


def with_frame(cases: Cases, frame: pd.DataFrame) -> Cases:
    return Cases(frame, cases.exposures, cases.specimens, cases.quality)


def test_the_outbreak_is_found_with_its_food_street_and_days(
    cases: Cases, tree: ExposureTree, result: ExposureResult
) -> None:
    first = result.clusters.iloc[0]
    found = result.cases[result.cases["cluster"] == 1]
    assert set(ILL) <= set(found["case_id"])
    assert len(found) <= len(ILL) + 2
    assert set(tree.exposures[tree.exposures["case_id"] == ILL[0]]["node"]) & (
        {first["node"]} | {node for node in tree.nodes if first["node"] in tree.above(node)}
    )
    assert first["path_zh"].startswith("水产动物及其制品")
    assert first["path_en"].startswith("aquatic animals")
    assert first["radius_km"] < 3
    assert abs(first["latitude"] - STREET[0]) < 0.03
    assert (first["start"], first["end"]) == (found["date"].min(), pd.Timestamp(AS_OF))
    assert first["p_value"] == 1 / 200
    assert first["observed"] == len(found)
    own = cases.frame[cases.frame["case_id"].isin(found["case_id"])]
    assert own["onset"].between(first["start"], pd.Timestamp(AS_OF)).all()


def test_numbers_are_those_of_the_cases_inside(
    cases: Cases, tree: ExposureTree, result: ExposureResult
) -> None:
    """Counted anew from the frames: expected, relative risk and statistic of every cluster."""
    frame = cases.frame
    names = frame["latitude"].map(repr) + ", " + frame["longitude"].map(repr)
    places = result.places.set_index("location")
    assert set(places.index) == set(names)
    for row in result.clusters.to_dict("records"):
        below = {row["node"]} | {n for n in tree.nodes if row["node"] in tree.above(n)}
        eaten = tree.exposures[tree.exposures["node"].isin(below)]["case_id"]
        exposed = frame["case_id"].isin(eaten)
        zone = result.members[result.members["cluster"] == row["cluster"]]["location"]
        inside = frame["onset"] >= row["start"]
        if row["location"] != "All":
            assert len(zone) == row["n_locations"]
            inside &= names.isin(zone)
        n, c, share = inside.sum(), (inside & exposed).sum(), exposed.mean()
        assert (row["n_cases"], row["observed"], row["n_exposed"]) == (n, c, exposed.sum())
        assert row["expected"] == pytest.approx(n * share, rel=1e-12)
        outside = (exposed & ~inside).sum() / (~inside).sum()
        assert row["relative_risk"] == pytest.approx(c / n / outside, rel=1e-9)
        llr = c * np.log(c / (n * share))
        llr += (n - c) * np.log((n - c) / (n - n * share)) if n > c else 0.0
        assert row["llr"] == pytest.approx(llr, rel=1e-9)
        assert row["rr_low"] < row["relative_risk"] < row["rr_high"]
        members = result.cases[result.cases["cluster"] == row["cluster"]]["case_id"]
        assert set(members) == set(frame["case_id"][inside & exposed])
        days = result.timeline[result.timeline["cluster"] == row["cluster"]]
        now = days["start"] >= row["start"]
        assert len(days) == 60
        assert days["observed"][now].sum() == c
        assert days["expected"][now].sum() == pytest.approx(row["expected"], rel=1e-9)
        of_places = result.locations[result.locations["cluster"] == row["cluster"]]
        if len(of_places):
            assert of_places["observed"].sum() == c
            assert of_places["expected"].sum() == pytest.approx(row["expected"], rel=1e-9)


def test_one_node_of_a_line_is_reported(tree: ExposureTree, result: ExposureResult) -> None:
    nodes = result.clusters["node"].tolist()
    assert len(nodes) > 1
    for i, node in enumerate(nodes):
        assert not tree.above(node) & set(nodes[:i] + nodes[i + 1 :])
    assert result.clusters["llr"].is_monotonic_decreasing


def test_a_case_counts_once_however_much_it_ate(cases: Cases, tree: ExposureTree) -> None:
    """All foods named ten times over change nothing."""
    again = ExposureTree(tree.edges, pd.concat([tree.exposures] * 10), tree.names)
    one, ten = (replace(SPEC, replicates=19).scan(cases, own, as_of=AS_OF) for own in (tree, again))
    pd.testing.assert_frame_equal(one.clusters, ten.clusters)


def test_the_result_depends_neither_on_threads_nor_on_the_order_of_rows(
    cases: Cases, tree: ExposureTree
) -> None:
    spec = replace(SPEC, replicates=39)
    shuffled = with_frame(cases, cases.frame.sample(frac=1, random_state=1))
    one = replace(spec, n_jobs=1).scan(cases, tree, as_of=AS_OF)
    for n_jobs, own in ((2, cases), (4, shuffled)):
        other = replace(spec, n_jobs=n_jobs).scan(own, tree, as_of=AS_OF)
        assert one.simulated_maxima.tobytes() == other.simulated_maxima.tobytes()
        pd.testing.assert_frame_equal(one.clusters, other.clusters)


def test_without_circles_nodes_and_days_alone_are_looked_at(
    cases: Cases, tree: ExposureTree
) -> None:
    found = replace(SPEC, max_radius_km=None).scan(cases, tree, as_of=AS_OF)
    assert set(found.clusters["location"]) == {"All"}
    assert "radius_km" not in found.clusters
    assert len(found.members) == len(found.locations) == 0
    assert found.n_locations == 1
    assert len(found.cases[(found.cases["cluster"] == 1) & found.cases["case_id"].isin(ILL)]) >= 4
    assert found.clusters["path_en"].iloc[0].startswith("aquatic animals")


def test_strata_take_lasting_habits_out(cases: Cases, tree: ExposureTree) -> None:
    """Where those of the north had oysters all the time, oysters there are no news."""
    frame = cases.frame
    usual = ~frame["case_id"].isin(ILL)
    north = usual & (frame["latitude"] > STREET[0] + 0.04)
    frame["hospital"] = np.where(north, "north", "south")
    eaten = pd.DataFrame({"case_id": frame["case_id"][north], "node": "oyster"})
    habit = ExposureTree(
        pd.concat([tree.edges, pd.DataFrame({"node": ["oyster"], "parent": ["aquatic"]})]),
        pd.concat([tree.exposures[~tree.exposures["case_id"].isin(ILL)], eaten]),
        tree.names,
    )
    quiet = with_frame(cases, frame[usual])
    spec = replace(SPEC, max_radius_km=15, max_duration_days=30)
    plain = spec.scan(quiet, habit, as_of=AS_OF).clusters.iloc[0]
    within = replace(spec, strata=("hospital",)).scan(quiet, habit, as_of=AS_OF).clusters
    assert plain["p_value"] <= 0.01
    assert within["p_value"].min() > 0.05


def test_what_is_known_later_is_not_looked_at(cases: Cases, tree: ExposureTree) -> None:
    spec, day = replace(SPEC, replicates=19), pd.Timestamp("2024-06-27")
    early = cases.frame[cases.frame["reported"] < day + pd.Timedelta(days=1)]
    one = spec.scan(cases, tree, as_of="2024-06-27")
    other = spec.scan(with_frame(cases, early), tree, as_of="2024-06-27")
    pd.testing.assert_frame_equal(one.clusters, other.clusters)
    assert one.n_cases == (early["onset"] > day - pd.Timedelta(days=60)).sum()


def test_who_is_left_out_is_counted(cases: Cases, tree: ExposureTree) -> None:
    frame = cases.frame
    frame.loc[:3, "onset"] = pd.NaT
    frame.loc[4:9, "latitude"] = np.nan
    silent = set(frame["case_id"].iloc[9:14])
    exposures = tree.exposures[~tree.exposures["case_id"].isin(silent)]
    less = ExposureTree(tree.edges, exposures, tree.names)
    found = replace(SPEC, replicates=19).scan(with_frame(cases, frame), less, as_of=AS_OF)
    counts = dict(zip(found.dropped["reason"], found.dropped["count"], strict=True))
    assert counts == {
        "cases without a date of onset": 4,
        "cases that report nothing of the tree's kind": 5,
        "cases without coordinates": 5,
    }
    assert found.n_cases == len(frame) - 14


def test_a_result_survives_a_file_and_a_journey(result: ExposureResult, tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    result.to_json(path)
    for copy in (ExposureResult.from_json(path), pickle.loads(pickle.dumps(result))):
        assert copy.spec == result.spec
        assert repr(copy) == repr(result)
        np.testing.assert_array_equal(copy.simulated_maxima, result.simulated_maxima)
        for name in TABLES:
            pd.testing.assert_frame_equal(getattr(copy, name), getattr(result, name))


def test_it_shows_itself(result: ExposureResult) -> None:
    page = result._repr_html_()
    first = result.clusters.iloc[0]
    assert first["path_en"].replace(">", "&gt;") in page
    assert first["path_en"] in repr(result)
    axes = result.plot()
    assert axes.get_title() == f"Clusters among {result.n_cases:,} cases"
    assert result.plot_time(1) is not axes


def test_texts_of_the_data_are_escaped(cases: Cases) -> None:
    bad = "<script>alert(1)</script>"
    edges = pd.DataFrame({"node": [bad], "parent": [pd.NA]})
    frame = cases.frame
    eaten = pd.Series(bad, index=frame.index).where(frame["case_id"].isin(ILL))
    tree = ExposureTree(edges, pd.DataFrame({"case_id": frame["case_id"], "node": eaten}))
    page = replace(SPEC, replicates=19).scan(cases, tree, as_of=AS_OF)._repr_html_()
    assert "&lt;script&gt;" in page
    assert bad not in page


def test_trees_of_case_reports(quality: QualityReport) -> None:
    text = {
        "case_id": ["a", "a", "b", "c", "d", "e"],
        "food": ["米饭、红烧肉", None, "不知名的东西", "酱牛肉", None, None],
        "food_class": [None, "蛋与蛋制品", None, None, "不明食品", None],
        "venue": ["海底捞(河东店)", "海底捞(河西店)", None, "张三家", None, None],
        "venue_type": ["饭店(酒店)", "快餐店", "学校食堂", "家庭", "不详", None],
        "brand": ["好味", None, "好味", None, None, None],
        "maker": ["甲厂", None, "乙厂", None, None, None],
    }
    exposures = pd.DataFrame(text).astype("string")
    cases = Cases(pd.DataFrame({"case_id": [*"abcde"]}), exposures, pd.DataFrame(), quality)

    foods = ExposureTree.of_foods(cases)
    eaten = foods.exposures
    assert set(eaten[eaten["case_id"] == "a"]["node"]) == {"rice", "red_braised_pork", "egg"}
    assert eaten[eaten["case_id"] == "b"]["node"].isna().tolist() == [True]
    assert set(eaten["case_id"]) == {"a", "b", "c"}  # d says "unknown", e nothing
    assert foods.above("sauced_beef") == {"sauced_meat", "cooked_meat", "meat_product", "meat"}
    assert foods.path("sauced_beef", "zh").startswith("肉与肉制品 > 肉制品 > 熟肉制品")

    venues = ExposureTree.of_venues(cases)
    been = venues.exposures
    assert venues.parents["chain:海底捞"] == ["type:restaurant", "type:fast_food"]
    assert "chain:海底捞" in venues.above("venue:海底捞(河西店)")
    assert been[been["case_id"] == "b"]["node"].tolist() == ["type:school_canteen"]
    assert been[been["case_id"] == "c"]["node"].isna().tolist() == [True]  # at home
    assert set(been["case_id"]) == {"a", "b", "c"}

    products = ExposureTree.of_products(cases)
    assert products.parents["brand:好味"] == ["maker:甲厂", "maker:乙厂"]
    assert set(products.exposures["case_id"]) == {"a", "b"}


def test_trees_that_do_not_fit_are_refused() -> None:
    edges = pd.DataFrame({"node": ["a"], "parent": [None]})
    eaten = pd.DataFrame({"case_id": ["1", "2"], "node": ["a", "x"]})
    with pytest.raises(DataError, match=r"exposures, column 'node': 1 are not in the tree \(x\)"):
        ExposureTree(edges, eaten)
    with pytest.raises(DataError, match="edges: no column parent"):
        ExposureTree(edges[["node"]], eaten)
    with pytest.raises(DataError, match="edges, column 'node': 1 are missing"):
        ExposureTree(pd.DataFrame({"node": [None], "parent": ["a"]}), eaten)
    circle = pd.DataFrame({"node": ["a", "b", "c"], "parent": ["b", "a", "a"]})
    with pytest.raises(DataError, match=r"2 nodes are above themselves \(a, b\)"):
        ExposureTree(circle, eaten[:1])


def test_cases_that_do_not_fit_are_refused(cases: Cases, tree: ExposureTree) -> None:
    with pytest.raises(DataError, match="no case from 2019-11-03 to 2020-01-01 can be used"):
        SPEC.scan(cases, tree, as_of="2020-01-01")
    with pytest.raises(DataError, match="strata: the cases have no column street"):
        replace(SPEC, strata=("street",)).scan(cases, tree, as_of=AS_OF)
    with pytest.raises(DataError, match="as_of"):
        SPEC.scan(cases, tree, as_of="yesterday")


@pytest.mark.parametrize(
    "options",
    [
        {"max_duration_days": 0},
        {"max_duration_days": 90},
        {"max_radius_km": -1.0},
        {"dated_by": "meal"},
        {"strata": "hospital"},
        {"replicates": -1},
        {"min_cases": 1.5},
    ],
    ids=str,
)
def test_options_that_make_no_sense_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(SpecError):
        ExposureScan(**options)  # type: ignore[arg-type]


def test_a_spec_survives_a_dictionary() -> None:
    spec = replace(SPEC, strata=("hospital",))
    assert ExposureScan.from_dict(spec.to_dict()) == spec
    with pytest.raises(SpecError, match="no option radius"):
        ExposureScan.from_dict({"radius": 3})


def test_without_replicates_there_are_no_p_values(cases: Cases, tree: ExposureTree) -> None:
    found = replace(SPEC, replicates=0).scan(cases, tree, as_of=AS_OF)
    assert found.clusters["p_value"].isna().all()
    assert not found.clusters["significant"].any()
    assert len(found.clusters) > 3


def test_other_processes_find_the_same(
    cases: Cases, tree: ExposureTree, result: ExposureResult
) -> None:
    shares: list[float] = []
    with ProcessPoolExecutor(2) as executor:
        shared = SPEC.scan(cases, tree, as_of=AS_OF, executor=executor, progress=shares.append)
    assert np.array_equal(shared.simulated_maxima, result.simulated_maxima)
    assert len(shared.simulated_maxima) == 199
    pd.testing.assert_frame_equal(shared.clusters, result.clusters)
    assert shares[-1] == 1.0
