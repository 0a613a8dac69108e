"""Tables of foods against published outbreaks, SciPy, statsmodels, and by simulation."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.contingency_tables import StratifiedTable, Table2x2
from statsmodels.stats.proportion import confint_proportions_2indep

from enteroscan.errors import DataError, SpecError
from enteroscan.investigation import (
    case_comparison,
    case_control_table,
    cohort_table,
    dose_response,
    food_history_test,
    mid_p_interval,
    mid_p_value,
    stratified_table,
    vehicle_table,
)

NOT_FOODS = ["uniquekey", "ill", "dateonset", "sex", "age", "tportion", "mportion"]


def people(a: int, b: int, c: int, d: int) -> pd.DataFrame:
    """Exposed ill, exposed well, unexposed ill, unexposed well."""
    return pd.DataFrame(
        {"ill": [1] * a + [0] * b + [1] * c + [0] * d, "food": [1] * (a + b) + [0] * (c + d)}
    )


@pytest.fixture
def oswego(reference_data: Path) -> pd.DataFrame:
    table = pd.read_csv(reference_data / "outbreaks" / "oswego_1940.csv")
    foods = table.loc[:, "baked.ham":"fruit.salad"]
    answers = {
        str(name): foods[name].map({"Y": True, "N": False}).astype("boolean") for name in foods
    }
    return pd.DataFrame(answers).assign(ill=table["ill"] == "Y")


@pytest.fixture
def stegen(reference_data: Path) -> pd.DataFrame:
    table = pd.read_csv(reference_data / "outbreaks" / "stegen_1998.csv")
    foods = [str(name) for name in table.columns if name not in NOT_FOODS]
    table[foods] = table[foods].replace(9, np.nan)
    return table[["ill", "tportion", *foods]]


@pytest.mark.reference
def test_oswego(oswego: pd.DataFrame) -> None:
    table = vehicle_table(oswego)
    first = table.iloc[0]
    assert first["exposure"] == "vanilla.ice.cream"
    numbers = first[["exposed_ill", "exposed", "unexposed_ill", "unexposed"]]
    assert numbers.to_list() == [43, 54, 3, 21]
    assert first["relative_risk"] == pytest.approx(5.57, abs=0.005)
    assert first["p_value"] == pytest.approx(2.6e-7, rel=0.01)
    assert table["p_value"].iloc[1:].min() >= 0.089
    assert table["explained_by"].isna().all()
    assert table.set_index("exposure").loc["mashed.potato", "n_missing"] == 1


@pytest.mark.reference
def test_stegen(stegen: pd.DataFrame) -> None:
    foods = [str(name) for name in stegen.columns if name not in NOT_FOODS]
    table = vehicle_table(stegen, exposures=foods).set_index("exposure")
    assert table.index[0] == "tira"
    numbers = table.loc["tira", ["exposed_ill", "exposed", "unexposed_ill", "unexposed"]]
    assert list(numbers) == [94, 121, 7, 165]
    assert table.loc["tira", "relative_risk"] == pytest.approx(18.3, abs=0.05)
    mousses = table.loc[["dmousse", "wmousse", "mousse"]]
    assert mousses["relative_risk"].between(2.8, 5.0).all()  # published crude measures
    assert (mousses["explained_by"] == "tira").all()
    assert (mousses["rr_given_leader"] < 1.4).all()
    assert (mousses["leader_rr_given_food"] > 7).all()
    assert table.loc["tira", "explained_by"] is pd.NA
    assert table.loc["salmon", "n_missing"] == 4


@pytest.mark.reference
def test_portions_of_tiramisu(stegen: pd.DataFrame) -> None:
    trend = dose_response(stegen, dose="tportion")
    assert trend.table["people"].to_list() == [165, 65, 42, 14]
    assert trend.p_value < 1e-20
    assert trend.n_missing == 5
    known = stegen.dropna(subset=["tportion"])
    # Cochran-Armitage: n times the squared correlation is chi-square.
    chi = len(known) * np.corrcoef(known["ill"], known["tportion"])[0, 1] ** 2
    assert trend.z**2 == pytest.approx(chi, rel=0.01)


def test_codes_are_not_taken_for_answers() -> None:
    frame = people(2, 2, 2, 2)
    frame.loc[3, "food"] = 9
    with pytest.raises(DataError, match=r"'food': 1 values .*rows 3"):
        cohort_table(frame)


@pytest.mark.parametrize(
    "cells", [(43, 11, 3, 18), (94, 27, 7, 158), (10, 3, 2, 9), (5, 20, 6, 15)]
)
def test_measures_are_those_of_scipy_and_statsmodels(cells: tuple[int, int, int, int]) -> None:
    a, b, c, d = cells
    risk = cohort_table(people(*cells)).iloc[0]
    assert risk["relative_risk"] == pytest.approx(Table2x2(np.array([[a, b], [c, d]])).riskratio)
    limits = confint_proportions_2indep(
        a, a + b, c, c + d, compare="ratio", method="score", correction=False
    )
    assert risk[["rr_low", "rr_high"]].to_list() == pytest.approx(list(limits), rel=1e-6)
    odds = case_control_table(people(*cells)).iloc[0]
    fit = stats.contingency.odds_ratio(np.array([[a, b], [c, d]]))
    assert odds["odds_ratio"] == pytest.approx(fit.statistic)
    exact = tuple(fit.confidence_interval())
    assert (odds["or_low"], odds["or_high"]) == pytest.approx(exact)
    assert exact[0] < odds["mid_p_low"] < odds["odds_ratio"] < odds["mid_p_high"] < exact[1]


@pytest.mark.parametrize(
    ("cells", "low_is_zero", "high_is_infinite"),
    [((5, 5, 0, 20), False, True), ((0, 10, 5, 20), True, False), ((4, 0, 4, 0), False, False)],
)
def test_empty_cells_give_open_intervals(
    cells: tuple[int, int, int, int], low_is_zero: bool, high_is_infinite: bool
) -> None:
    row = cohort_table(people(*cells)).iloc[0]
    assert (row["rr_low"] == 0) == low_is_zero
    assert np.isinf(row["rr_high"]) == high_is_infinite
    if not (low_is_zero or high_is_infinite):
        assert row["rr_low"] < 1 < row["rr_high"]


def test_mid_p_limits_are_where_the_noncentral_hypergeometric_says() -> None:
    a, b, c, d = 10, 3, 2, 9
    low, high = mid_p_interval(a, b, c, d)
    for odds, sign in ((low, 1), (high, -1)):
        law = stats.nchypergeom_fisher(a + b + c + d, a + c, a + b, odds)
        beyond = law.sf(a) if sign > 0 else law.cdf(a - 1)
        assert beyond + law.pmf(a) / 2 == pytest.approx(0.025, abs=1e-6)
    central = stats.hypergeom(a + b + c + d, a + c, a + b)
    assert mid_p_value(a, b, c, d) == pytest.approx(2 * (central.sf(a) + central.pmf(a) / 2))
    with pytest.raises(SpecError):
        mid_p_interval(a, b, c, d, confidence=95)


def test_coverage_of_intervals() -> None:
    """Exact coverage, from all tables of 15 exposed and 15 unexposed, at a grid of risks.

    Mid-p and score limits aim at 95 % on average (within 2 points) and nowhere fall below 90 %.
    """
    n = 15
    k = range(n + 1)
    tables = [(a, n - a, c, n - c) for a in k for c in k]
    odds = np.array([mid_p_interval(*cells) for cells in tables])
    risks = np.array(
        [
            cohort_table(people(*cells))[["rr_low", "rr_high"]].to_numpy()[0]
            for cells in tables
            if cells[0] + cells[2] > 0
        ]
    )
    risks = np.vstack([[0.0, np.inf], risks])
    coverage = []
    for p1, p0 in [(0.2, 0.2), (0.5, 0.2), (0.7, 0.3), (0.8, 0.1), (0.5, 0.5), (0.9, 0.6)]:
        chance = np.outer(stats.binom.pmf(k, n, p1), stats.binom.pmf(k, n, p0)).ravel()
        psi = p1 / (1 - p1) / (p0 / (1 - p0))
        coverage.append(
            [
                chance[(odds[:, 0] <= psi) & (psi <= odds[:, 1])].sum(),
                chance[(risks[:, 0] <= p1 / p0) & (p1 / p0 <= risks[:, 1])].sum(),
            ]
        )
    assert np.abs(np.mean(coverage, axis=0) - 0.95).max() < 0.02
    assert np.min(coverage) > 0.9


def test_strata_are_those_of_statsmodels_and_of_hand_calculation() -> None:
    first, second = (20, 10, 5, 15), (4, 16, 3, 37)
    frame = pd.concat([people(*first).assign(age=1), people(*second).assign(age=2)])
    row = stratified_table(frame, by="age").iloc[0]
    fit = StratifiedTable([np.array(cells).reshape(2, 2) for cells in (first, second)])
    assert row["odds_ratio_mh"] == pytest.approx(fit.oddsratio_pooled)
    assert row["or_low"] == pytest.approx(fit.oddsratio_pooled_confint()[0])
    assert row["p_value"] == pytest.approx(fit.test_null_odds().pvalue)
    # Rothman: sum a n0 / n over sum c n1 / n
    by_hand = (20 * 20 / 50 + 4 * 40 / 60) / (5 * 30 / 50 + 3 * 20 / 60)
    assert row["rr_mh"] == pytest.approx(by_hand)
    assert row["relative_risk"] == pytest.approx(24 / 50 / (8 / 60))


def test_strata_that_tell_nothing() -> None:
    frame = people(3, 3, 0, 0).assign(sex="f")
    row = stratified_table(frame, by="sex").iloc[0]
    assert row["n_strata"] == 0
    assert np.isnan(row["rr_mh"])


def test_food_history_is_the_binomial_test() -> None:
    members = pd.DataFrame({"sprouts": [True] * 6 + [False] * 4 + [None], "rice": [True] * 11})
    table = food_history_test(members, {"sprouts": 0.08, "rice": 0.97})
    assert table["exposure"].to_list() == ["sprouts", "rice"]
    want = stats.binomtest(6, 10, 0.08, alternative="greater").pvalue
    assert table.loc[0, "p_value"] == pytest.approx(want)
    assert table["n_missing"].to_list() == [1, 0]
    with pytest.raises(DataError, match="rice"):
        food_history_test(members, {"sprouts": 0.08}, exposures=["sprouts", "rice"])


def test_false_discoveries_over_all_foods_are_controlled() -> None:
    """Without a vehicle, any q is below 0.05 in at most 5 %: above 13 of 100 in 1 of 2,000."""
    random = np.random.default_rng(3)
    alarms = 0
    for _ in range(100):
        eaten = random.random((50, 6)) < random.uniform(0.1, 0.7, 6)
        frame = pd.DataFrame(eaten, columns=list("abcdef"))
        table = case_comparison(frame.head(8), frame.tail(42))
        alarms += bool((table["q_value"] < 0.05).any())
    assert alarms <= 13


def test_the_vehicle_among_many_foods_comes_first() -> None:
    random = np.random.default_rng(4)
    others = pd.DataFrame(random.random((200, 30)) < 0.15, columns=[f"f{i}" for i in range(30)])
    members = others.head(5).copy()
    members["f7"] = True
    table = case_comparison(members, others)
    assert table["exposure"].iloc[0] == "f7"
    assert table["q_value"].iloc[0] < 0.05
