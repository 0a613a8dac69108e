import numpy as np
import pytest

from enteroscan.errors import SpecError
from enteroscan.simulate import District, Outbreak, sources
from enteroscan.simulate._tables import DATA


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_hospitals": 0}, "n_hospitals must be at least 1"),
        ({"n_streets": 2}, "n_streets must be 3 to 999"),
        ({"located_share": 1.5}, "located_share must be between 0 and 1"),
        ({"width_km": 0}, "width_km must be more than 0"),
        ({"cases_per_year": -1}, "must not be negative"),
        ({"rows_per_case": 7}, "rows_per_case must be between 1 and 5"),
        ({"time_precision": "day"}, "time_precision must be 'hour' or 'minute'"),
        ({"revisit_share": 0.7, "second_hospital_share": 0.6}, "add up to more than 1"),
    ],
)
def test_districts_that_cannot_be_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        District(**options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"positive_share": 0.9}, "positive_share must be less than test_sensitivity"),
        ({"summer_share": 0.01}, "summer_share does not go with the agents"),
    ],
)
def test_figures_that_do_not_go_together_are_refused(
    options: dict[str, float], message: str
) -> None:
    with pytest.raises(SpecError, match=message):
        District(**options).simulate(start="2024-01-01", end="2024-01-31")  # type: ignore[arg-type]


def test_days_in_the_wrong_order_and_seeds_below_zero_are_refused() -> None:
    with pytest.raises(SpecError, match="end=2024-01-01 is before start=2024-02-01"):
        District().simulate(start="2024-02-01", end="2024-01-01")
    with pytest.raises(SpecError, match="random_state must not be negative"):
        District().simulate(start="2024-01-01", end="2024-02-01", random_state=-1)


def test_nothing_at_all_is_simulated_as_empty_tables() -> None:
    reports = District(cases_per_year=0).simulate(start="2024-01-01", end="2024-01-31")
    full = District(cases_per_year=500).simulate(start="2024-01-01", end="2024-01-31")
    for name in ("frame", "exposures", "specimens", "identifiers"):
        empty, usual = getattr(reports, name), getattr(full, name)
        assert len(empty) == 0
        assert empty.dtypes.equals(usual.dtypes), name
    assert reports.truth.cases.dtypes.equals(full.truth.cases.dtypes)
    assert reports.truth.outbreaks.dtypes.equals(full.truth.outbreaks.dtypes)


def test_types_do_not_depend_on_outbreaks() -> None:
    one = District().simulate(start="2024-01-01", end="2024-01-31")
    other = District().simulate(
        start="2024-01-01",
        end="2024-01-31",
        outbreaks=[Outbreak(agent="nitrite", start="2024-01-05")],
    )
    assert one.truth.outbreaks.dtypes.equals(other.truth.outbreaks.dtypes)
    assert one.truth.cases.dtypes.equals(other.truth.cases.dtypes)


def test_every_table_of_figures_has_a_source() -> None:
    told = sources()
    tables = {path.stem for path in DATA.glob("*.*") if path.stem != "sources"}
    assert set(told["table"]) == tables
    assert told["source"].str.len().min() > 20


def test_minutes_are_kept_if_wanted() -> None:
    period = {"start": "2024-05-01", "end": "2024-05-31"}
    exact = District(time_precision="minute").simulate(**period)  # type: ignore[arg-type]
    assert (exact.frame["onset"] == exact.truth.cases["onset"]).all()
    hours = District().simulate(**period)  # type: ignore[arg-type]
    assert (hours.frame["onset"].dt.minute == 0).all()


def test_a_province_has_districts_with_codes_and_hospitals_of_their_own() -> None:
    reports = District(n_districts=12, cases_per_year=3_000).simulate(
        start="2024-01-01", end="2024-12-31"
    )
    assert reports.frame["home_code"].str[:6].nunique() >= 12
    at_home = reports.frame[reports.frame["residence_class"] == "county"]
    district = at_home["home_region"].str.split("/").str[2]
    own = [name.startswith(d) for name, d in zip(at_home["hospital"], district, strict=True)]
    assert np.mean(own) == 1.0
