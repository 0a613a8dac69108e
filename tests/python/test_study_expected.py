"""Expected cases of the Poisson model, against sums over single days."""

from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from enteroscan import DataError, PoissonScan
from enteroscan.study import Study, prepare

PLACES = pd.DataFrame({"location": list("ABC"), "x": [0.0, 1.0, 5.0], "y": [0.0, 0.0, 1.0]})
SPEC = PoissonScan(analysis="retrospective", time_unit="year", covariates=("sex",))
FIRST, LAST = date(2000, 1, 1), date(2004, 12, 31)
CENSUS_DAY = {2001: date(2001, 7, 1), 2003: date(2003, 7, 1)}


def population() -> pd.DataFrame:
    random = np.random.default_rng(5)
    rows = [
        (place, year, sex, int(random.integers(100, 5000)))
        for place in "ABC"
        for year in CENSUS_DAY
        for sex in "fm"
        if (place, year) != ("C", 2003)
    ]
    return pd.DataFrame(rows, columns=["location", "date", "sex", "population"])


def cases() -> pd.DataFrame:
    random = np.random.default_rng(6)
    return pd.DataFrame(
        {
            "location": random.choice(list("ABC"), 300),
            "date": random.choice(np.arange(2000, 2005), 300),
            "sex": random.choice(list("fffm"), 300),
        }
    )


def at(place: str, sex: str, when: float, people: pd.DataFrame) -> float:
    """Population at a time in days since FIRST."""
    rows = people[(people["location"] == place) & (people["sex"] == sex)]
    days = [(CENSUS_DAY[year] - FIRST).days for year in rows["date"]]
    return float(np.interp(when, days, rows["population"]))


def slow_expected(people: pd.DataFrame, line_list: pd.DataFrame) -> np.ndarray:
    """Indirect standardisation, day by day: the population at noon is the mean of a day."""
    n_days = (LAST - FIRST).days + 1
    years = [(FIRST + timedelta(days=d)).year - FIRST.year for d in range(n_days)]
    expected = np.zeros((3, 5))
    for sex in "fm":
        by_day = np.array([[at(p, sex, d + 0.5, people) for d in range(n_days)] for p in "ABC"])
        risk = (line_list["sex"] == sex).sum() / by_day.sum()
        for year in range(5):
            expected[:, year] += risk * by_day[:, np.array(years) == year].sum(axis=1)
    return expected


def make_study(**changes: Any) -> Study:  # noqa: ANN401
    data: dict[str, Any] = {"locations": PLACES, "population": population()} | changes
    line_list = data.pop("cases", cases())
    return prepare(data.pop("spec", SPEC), line_list, start="2000", as_of="2004", **data)


def expected_of(study: Study) -> np.ndarray:
    assert study.expected is not None
    return study.expected


def test_expected_is_the_sum_over_days() -> None:
    expected = expected_of(make_study())
    # Where the slope changes within no day, noon's population is the exact mean of the day.
    np.testing.assert_allclose(expected, slow_expected(population(), cases()), rtol=1e-12)
    assert expected.sum() == pytest.approx(300, rel=1e-12)


def test_order_of_the_population_does_not_matter() -> None:
    shuffled = population().sample(frac=1, random_state=2)
    np.testing.assert_allclose(
        expected_of(make_study(population=shuffled)), expected_of(make_study()), rtol=1e-12
    )


def test_constant_population_needs_no_date() -> None:
    people = pd.DataFrame({"location": list("ABC"), "population": [1, 2, 3]})
    spec = PoissonScan(analysis="retrospective", time_unit="year")
    expected = expected_of(make_study(population=people, spec=spec))
    days = np.array([366, 365, 365, 365, 366])
    np.testing.assert_allclose(expected, np.outer([50, 100, 150], days / days.sum()), rtol=1e-12)


@pytest.mark.parametrize(
    ("written", "day"), [("2002-06", "2002-06-15"), ("2002", "2002-07-01"), (2004, "2004-07-01")]
)
def test_months_and_years_stand_for_a_day(written: Any, day: str) -> None:  # noqa: ANN401
    people = pd.DataFrame(
        {"location": ["A", "A", "B", "C"], "date": "2001-01-01", "population": [5, 50, 6, 7]}
    )
    spec = PoissonScan(analysis="retrospective", time_unit="year")
    given, exact = people.astype(object), people.copy()
    given.loc[1, "date"] = written
    exact.loc[1, "date"] = day
    np.testing.assert_array_equal(
        expected_of(make_study(population=given, spec=spec)),
        expected_of(make_study(population=exact, spec=spec)),
    )


def test_known_relative_risks_keep_the_total() -> None:
    risks = pd.DataFrame(
        {
            "location": ["A", "B"],
            "relative_risk": [2.0, 0.5],
            "start": [None, "2001"],
            "end": [None, "2002"],
        }
    )
    plain, adjusted = expected_of(make_study()), expected_of(make_study(relative_risks=risks))
    factors = np.ones((3, 5))
    factors[0] = 2.0
    factors[1, 1:3] = 0.5
    wanted = plain * factors
    np.testing.assert_allclose(adjusted, wanted * 300 / wanted.sum(), rtol=1e-12)


def test_purely_temporal_scan_adds_all_places_up() -> None:
    spec = PoissonScan(analysis="temporal", time_unit="year", covariates=("sex",))
    whole = expected_of(make_study(spec=spec, locations=None))
    assert whole.shape == (1, 5)
    constant = PoissonScan(analysis="temporal", time_unit="year")
    days = expected_of(make_study(spec=constant, locations=None, population=None))
    np.testing.assert_array_equal(days, [[366, 365, 365, 365, 366]])


def with_row(frame: pd.DataFrame, **values: Any) -> pd.DataFrame:  # noqa: ANN401
    changed = frame.astype(object)
    for column, value in values.items():
        changed.loc[0, column] = value
    return changed


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        (
            {"cases": with_row(cases(), sex="x")},
            "cases, column 'sex': 1 row without a population of the same covariates (rows 0: x)",
        ),
        ({"cases": with_row(cases(), sex=None)}, "cases, column 'sex': 1 row without a value"),
        (
            {"population": with_row(population(), population=-1)},
            "population, column 'population': 1 row without a number of at least 0 (rows 0: -1)",
        ),
        ({"population": with_row(population(), population=None)}, "without a number of at least 0"),
        (
            {"population": with_row(population(), population="many")},
            "1 row without a number (rows 0: many)",
        ),
        (
            {"population": with_row(population(), location="Z")},
            "1 row with a location that is not among the locations (rows 0: Z)",
        ),
        (
            {"population": population().drop(columns="sex")},
            "population: no column 'sex'; there are 'location', 'date', 'population'",
        ),
        (
            {"relative_risks": pd.DataFrame({"location": ["A"], "relative_risk": [-2.0]})},
            "relative_risks, column 'relative_risk': 1 row without a number of at least 0",
        ),
        ({"population": None}, "PoissonScan needs the population"),
    ],
)
def test_wrong_populations_are_named(changes: dict[str, Any], text: str) -> None:
    with pytest.raises(DataError) as error:
        make_study(**changes)
    assert text in str(error.value)


def test_cases_where_nobody_lives() -> None:
    people = population()
    people.loc[people["location"] == "C", "population"] = 0
    in_c = int((cases()["location"] == "C").sum())
    with pytest.raises(DataError, match=f"{in_c} rows where the population is zero"):
        make_study(population=people)
    study = make_study(population=people, on_invalid="drop")
    assert study.cases.total == 300 - in_c
    assert expected_of(study).sum() == pytest.approx(300 - in_c, rel=1e-12)
    assert study.dropped == (("cases, column 'location': where the population is zero", in_c),)


def test_changing_population_needs_a_study_period() -> None:
    spec = PoissonScan(analysis="spatial", covariates=("sex",))
    with pytest.raises(DataError, match="it changes over time; give start and as_of"):
        prepare(spec, cases().drop(columns="date"), locations=PLACES, population=population())


def test_a_population_of_nobody_is_said_to_be_zero() -> None:
    nobody = population().assign(population=0)
    spec = PoissonScan(analysis="retrospective", time_unit="year")
    with pytest.raises(DataError, match="300 rows where the population is zero"):
        prepare(spec, cases(), locations=PLACES, population=nobody)
