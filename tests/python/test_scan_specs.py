"""Specs refuse what cannot be used, and travel through JSON."""

import dataclasses
import inspect
import json
import subprocess
import sys
from datetime import date, datetime
from typing import Any

import numpy as np
import pytest

from enteroscan import BernoulliScan, PoissonScan, ScanSpec, SpaceTimePermutation, SpecError, _core

SPECS = (SpaceTimePermutation, PoissonScan, BernoulliScan)
every_spec = pytest.mark.parametrize("spec", SPECS)


@every_spec
def test_defaults_are_those_of_the_core(spec: type[ScanSpec]) -> None:
    core = _core.scan_defaults()
    own = spec()
    assert own.rates == core["rates"]
    assert own.min_cases == core["min_cases_high"]
    assert own.min_cases_low == core["min_cases_low"]
    assert (own.min_relative_risk or 0.0) == core["min_relative_risk"]
    assert (own.max_relative_risk or np.inf) == core["max_relative_risk"]


@every_spec
@pytest.mark.parametrize(
    ("verb", "option"),
    [(_core.Scan.clusters, "overlap"), (_core.Scan.simulate, "random_stream")],
)
def test_defaults_are_those_of_the_bindings(
    spec: type[ScanSpec],
    verb: Any,  # noqa: ANN401
    option: str,
) -> None:
    assert f"{option}: str = '{getattr(spec(), option)}'" in str(inspect.getdoc(verb))


@every_spec
def test_every_option_is_documented(spec: type[ScanSpec]) -> None:
    documented = f"{ScanSpec.__doc__} {spec.__doc__}".replace(",", " ").split()
    missing = {field.name for field in dataclasses.fields(spec)} - set(documented)
    assert not missing


@every_spec
def test_spec_survives_json(spec: type[ScanSpec]) -> None:
    options: dict[str, Any] = {
        "max_radius_km": 3.5,
        "adjust_for_analyses_since": date(2024, 2, 29),
        "repeat_every_weeks": 2,
        "p_values": "default",
    }
    if spec is PoissonScan:
        options["covariates"] = ("age", "sex")
    if spec is SpaceTimePermutation:
        options["strata"] = ("age",)
    original = spec(**options)
    copy = ScanSpec.from_dict(json.loads(json.dumps(original.to_dict())))
    assert copy == original
    assert type(copy) is spec
    assert hash(copy) == hash(original)
    assert copy.fingerprint == original.fingerprint


def test_fingerprint_is_the_same_in_another_process() -> None:
    program = (
        "from enteroscan import PoissonScan; print(PoissonScan(covariates=('age',)).fingerprint)"
    )
    other = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert other.stdout.strip() == PoissonScan(covariates=("age",)).fingerprint


def test_fingerprint_tells_specs_apart() -> None:
    different = [PoissonScan(), BernoulliScan(), PoissonScan(replicates=99), SpaceTimePermutation()]
    assert len({spec.fingerprint for spec in different}) == len(different)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"analysis": "sometimes"}, "analysis='sometimes' is unknown; choose from 'prospective'"),
        ({"rates": "High"}, "rates='High' is unknown"),
        ({"overlap": "some"}, "overlap='some' is unknown"),
        ({"max_size_share": 50}, "max_size_share=50 must be a number greater than 0 and at most 1"),
        ({"max_size_share": 0.0}, "max_size_share=0.0 must be"),
        ({"max_duration_share": float("nan")}, "max_duration_share=nan must be"),
        ({"max_radius": -1}, "max_radius=-1 must be a number greater than 0"),
        ({"max_radius_km": float("inf")}, "max_radius_km=inf must be"),
        ({"max_radius_km": "3"}, "max_radius_km='3' must be a number"),
        ({"max_radius_km": 1, "max_radius": 1}, "exclude each other"),
        ({"max_radius": 1, "max_reported_radius": 2}, "only what is looked at can be reported"),
        ({"replicates": -1}, "replicates=-1 must be a whole number of at least 0"),
        ({"replicates": 99.0}, "replicates=99.0 must be a whole number"),
        ({"min_cases": 0}, "min_cases=0 must be a whole number of at least 1"),
        ({"n_jobs": 0}, "n_jobs=0 must be"),
        ({"n_jobs": True}, "n_jobs=True must be"),
        ({"include_spatial": 1}, "include_spatial=1 must be True or False"),
        ({"max_duration_months": 2}, "use max_duration_days"),
        ({"time_unit": "generic", "min_duration_days": 2}, "use min_duration_steps"),
        ({"min_duration_days": 8, "max_duration_days": 7}, "is more than max_duration_days=7"),
        ({"include_spatial": True, "analysis": "spatial"}, "not for analysis='spatial'"),
        ({"include_temporal": True, "analysis": "temporal"}, "not for analysis='temporal'"),
        ({"p_values": "gumbel", "rates": "low"}, "holds for rates='high' only"),
        ({"sequential_threshold": 5}, "sequential_threshold is for p_values='sequential'"),
        ({"repeat_every_days": 1, "repeat_every_weeks": 1}, "exclude each other"),
        ({"repeat_every_days": 1, "analysis": "spatial"}, "is for prospective analyses"),
        (
            {"adjust_for_analyses_since": date(2024, 1, 1), "analysis": "retrospective"},
            "is for prospective analyses",
        ),
        ({"adjust_for_analyses_since": 3}, "must be a date"),
        ({"covariates": "age"}, "covariates='age' must be names of columns"),
    ],
)
def test_options_that_cannot_be_used_are_refused(options: dict[str, Any], text: str) -> None:
    with pytest.raises(SpecError) as error:
        PoissonScan(**options)
    assert text in str(error.value)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"analysis": "spatial"}, "SpaceTimePermutation needs space and time"),
        ({"include_temporal": True}, "can find nothing"),
        ({"adjust_day_of_week": True, "time_aggregation": 7}, "time_aggregation=1"),
        ({"strata": "age"}, "strata='age' must be names of columns"),
    ],
)
def test_permutation_refuses_what_it_cannot_find(options: dict[str, Any], text: str) -> None:
    with pytest.raises(SpecError) as error:
        SpaceTimePermutation(**options)
    assert text in str(error.value)


def test_numbers_of_numpy_become_python_numbers() -> None:
    spec = PoissonScan(replicates=np.int64(99), max_radius=np.float32(2.5))  # type: ignore[arg-type]
    assert spec == PoissonScan(replicates=99, max_radius=2.5)
    json.dumps(spec.to_dict())


@pytest.mark.parametrize("since", [date(2024, 3, 1), datetime(2024, 3, 1, 12), "2024-03-01"])
def test_date_of_earlier_analyses_becomes_a_date(since: Any) -> None:  # noqa: ANN401
    spec = PoissonScan(adjust_for_analyses_since=since)
    assert spec.adjust_for_analyses_since == date(2024, 3, 1)


def test_base_is_no_model() -> None:
    with pytest.raises(TypeError, match="SpaceTimePermutation, PoissonScan or BernoulliScan"):
        ScanSpec()


def test_unknown_options_of_a_file_are_named() -> None:
    with pytest.raises(SpecError, match="PoissonScan has no option shape"):
        ScanSpec.from_dict({"model": "poisson", "shape": "ellipse"})
    with pytest.raises(SpecError, match="model='gauss' is unknown"):
        ScanSpec.from_dict({"model": "gauss"})


@every_spec
def test_specs_cannot_be_changed(spec: type[ScanSpec]) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        spec().replicates = 9  # type: ignore[misc]
    assert dataclasses.replace(spec(), replicates=9).replicates == 9
