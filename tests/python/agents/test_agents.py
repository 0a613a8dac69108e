"""Incubations and syndromes of agents against SciPy, simulation and hand calculation."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, stats

from enteroscan import agents, vocabulary
from enteroscan.errors import DataError

KEYS = vocabulary.agents()["key"].to_list()
PARAMETERS = agents.incubation_parameters()


def frozen(key: str) -> Any:  # noqa: ANN401 - SciPy does not name the type
    row = PARAMETERS.set_index("key").loc[key]
    return stats.lognorm(s=row["sigma_log_h"], scale=np.exp(row["mu_log_h"]))


def test_median_and_window_of_the_table_come_back() -> None:
    table = vocabulary.agents().set_index("key")
    for key in KEYS:
        incubation = frozen(key)
        assert incubation.median() == pytest.approx(table.loc[key, "incubation_median_h"])
        low, high = incubation.ppf([0.025, 0.975])
        window = table.loc[key, "incubation_max_h"] / table.loc[key, "incubation_min_h"]
        assert high / low == pytest.approx(window)


@pytest.mark.parametrize("key", ["staphylococcus_aureus", "norovirus", "hepatitis_a"])
@pytest.mark.parametrize(
    ("onset_known", "eaten_known"), [(True, True), (False, True), (True, False), (False, False)]
)
def test_densities_are_those_of_scipy(key: str, onset_known: bool, eaten_known: bool) -> None:
    """The hours that are not known are integrated out numerically."""
    hours = np.array([-10.0, 0.0, 2.0, 24.0, 48.0, 700.0])
    logs = agents.log_incubation(hours, onset_hour_known=onset_known, eaten_hour_known=eaten_known)
    incubation = frozen(key)
    for h, got in zip(hours, logs[:, KEYS.index(key)], strict=True):
        if onset_known and eaten_known:
            want = incubation.pdf(h)
        elif eaten_known:
            want = (incubation.cdf(h + 24) - incubation.cdf(h)) / 24
        elif onset_known:
            want = (incubation.cdf(h) - incubation.cdf(h - 24)) / 24
        else:
            want = integrate.quad(
                lambda t, h=h: incubation.pdf(h + t) * (24 - abs(t)) / 24**2,
                -24, 24, points=[-24, -min(h, 24) + 1e-9, 0, 24], limit=500,
            )[0]  # fmt: skip
        assert np.exp(got) == pytest.approx(max(want, 1e-12), rel=1e-6, abs=2e-12)


def test_missing_hours_say_nothing_and_negative_ones_are_unlikely() -> None:
    missing, negative = agents.log_incubation([np.nan, -5.0])
    assert (missing == 0).all()
    assert np.allclose(negative, np.log(1e-12))


def test_symptoms_multiply_and_missing_ones_say_nothing() -> None:
    frame = pd.DataFrame(
        {
            "case_id": ["a", "b"],
            "symptom_fever": pd.array([False, None], dtype="boolean"),
            "symptom_vomiting": pd.array([True, None], dtype="boolean"),
            "symptom_cyanosis": pd.array([None, None], dtype="boolean"),
        }
    )
    logs = agents.log_symptoms(frame)
    assert logs[0, KEYS.index("staphylococcus_aureus")] == pytest.approx(np.log(0.9 * 0.9))
    assert logs[0, KEYS.index("nitrite")] == pytest.approx(np.log(0.5 * 0.9))
    assert (logs[1] == 0).all()


def test_probabilities_of_all_syndromes_sum_to_one() -> None:
    answers = np.array(np.meshgrid(*[[True, False]] * 3)).reshape(3, -1).T
    columns = ["symptom_fever", "symptom_vomiting", "symptom_jaundice"]
    frame = pd.DataFrame(answers, columns=columns)
    assert np.allclose(np.exp(agents.log_symptoms(frame)).sum(axis=0), 1)


def test_background_goes_from_the_agents_to_the_cases() -> None:
    few = pd.DataFrame({"symptom_rash": [True]})
    many = pd.DataFrame({"symptom_rash": [True] * 500 + [False] * 500})
    assert agents.symptom_background(few)["rash"] < 0.1
    assert agents.symptom_background(many)["rash"] == pytest.approx(0.5, abs=0.02)
    logs = agents.log_symptoms_background(many, agents.symptom_background(many))
    assert logs.shape == (1000,)
    assert np.exp(logs[0]) + np.exp(logs[-1]) == pytest.approx(1)


def test_the_ratio_is_the_difference() -> None:
    answers = pd.array([True, False, None] * 40, dtype="boolean")
    frame = pd.DataFrame({"symptom_fever": answers, "symptom_vomiting": answers[::-1]})
    usual = agents.log_symptoms_background(frame, agents.symptom_background(frame))
    expected = agents.log_symptoms(frame) - usual[:, None]
    np.testing.assert_allclose(agents.log_symptoms_ratio(frame), expected, rtol=1e-13, atol=1e-13)


def test_unknown_symptoms_are_named() -> None:
    with pytest.raises(DataError, match="symptom_sneezing"):
        agents.log_symptoms(pd.DataFrame({"symptom_sneezing": [True]}))


def test_prior_weights_keep_the_published_order() -> None:
    weights = pd.Series(agents.prior_weights(), index=KEYS)
    assert weights.sum() == pytest.approx(1)
    mushrooms = weights[weights.index.str.startswith("mushroom")].sum()
    published = [mushrooms, *weights[["vibrio_parahaemolyticus", "kidney_bean", "salmonella"]]]
    assert published == sorted(published, reverse=True)
    assert published[1] / published[2] == pytest.approx(11.3 / 8.0)
    assert weights.min() > 0.001


def test_the_agent_that_made_the_cases_is_found() -> None:
    """Of 100 outbreaks of ten cases drawn from an agent, it is first or second in nine of ten."""
    random = np.random.default_rng(7)
    frequencies = agents.symptom_frequencies()
    found = 0
    chosen = ["salmonella", "norovirus", "nitrite", "botulism", "staphylococcus_aureus"]
    for i in range(100):
        key = chosen[i % 5]
        row = PARAMETERS.set_index("key").loc[key]
        hours = random.lognormal(row["mu_log_h"], row["sigma_log_h"], 10)
        has = random.random((10, frequencies.shape[1])) < frequencies.loc[key].to_numpy()
        frame = pd.DataFrame(has, columns=[f"symptom_{name}" for name in frequencies])
        total = (agents.log_incubation(hours) + agents.log_symptoms(frame)).sum(axis=0)
        found += KEYS.index(key) in np.argsort(total)[-2:]
    assert found >= 90
