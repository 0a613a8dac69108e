"""Run lengths of CUSUM charts against R, a published table, and charts that are run."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from enteroscan import timeseries as ts
from enteroscan.errors import SpecError
from reference import surveillance


@pytest.mark.reference
def test_run_lengths_and_designs_of_surveillance(reference_data: Path) -> None:
    checks = surveillance.run_lengths(reference_data / "surveillance")
    assert sum(check.n for check in checks) == 2 * 36 + 3 * 4 + 2 + 1
    assert [check for check in checks if not check.good] == []


@pytest.mark.parametrize(
    ("limit", "shift", "published"),
    [
        (4.0, 0.0, 168.0),
        (4.0, 0.25, 74.2),
        (4.0, 0.5, 26.6),
        (4.0, 1.0, 8.38),
        (4.0, 0.75, 13.3),
        (5.0, 0.0, 465.0),
        (5.0, 0.25, 139.0),
        (5.0, 0.5, 38.0),
        (5.0, 1.0, 10.4),
        (5.0, 0.75, 17.0),
    ],
)
def test_table_of_lucas_and_crosier_for_two_sides(
    limit: float, shift: float, published: float
) -> None:
    sides = [
        ts.normal_cusum_run_length(mean, reference_value=0.5, limit=limit)
        for mean in (shift, -shift)
    ]
    both = 1.0 / sum(1.0 / side for side in sides)
    assert both == pytest.approx(published, rel=5e-3)


@pytest.mark.parametrize("start", [0.0, 2.5])
def test_counts_drawn_until_the_alarm(start: float) -> None:
    random = np.random.default_rng(5)
    n_charts, mean, k, limit = 20_000, 1.3, 1.2, 5.0
    sums, lengths = np.full(n_charts, start), np.zeros(n_charts)
    running = np.ones(n_charts, dtype=bool)
    while running.any():
        lengths += running
        sums = np.maximum(0.0, sums + random.poisson(mean, n_charts) - k)
        running &= sums < limit - 1e-9
    error = lengths.std() / math.sqrt(n_charts)
    exact = ts.cusum_run_length(mean, reference_value=k, limit=limit, start=start)
    assert abs(lengths.mean() - exact) < 4.0 * error
    assert error < 0.01 * exact


def test_the_chart_of_the_package_alarms_as_often_as_designed() -> None:
    design = ts.cusum_design(2.4, run_length=40)
    counts = np.random.default_rng(6).poisson(2.4, (2000, 500))
    frame = pd.DataFrame({"series": np.repeat(np.arange(2000), 500), "count": counts.ravel()})
    frame["date"] = np.tile(np.arange(500), 2000)
    chart = ts.Cusum(
        k=design.reference_value, h=design.limit, transformation="none", mean=2.4, reset=True
    )
    tables = chart.detect(frame, by="series", last=500, period=52.0).tables
    lengths = 1 + tables["alarm"].astype(bool).argmax(axis=1)
    assert lengths.mean() == pytest.approx(design.run_length, abs=4 * lengths.std() / 2000**0.5)


def test_a_limit_that_a_single_case_reaches_waits_for_that_case() -> None:
    length = ts.cusum_run_length(0.01, reference_value=0.5, limit=0.5)
    assert length == pytest.approx(1.0 / -math.expm1(-0.01), rel=1e-12)


def test_more_decimals_of_the_same_values_change_nothing() -> None:
    lengths = [
        ts.cusum_run_length(1.0, reference_value=1.4, limit=6.4, start=3.2, decimals=decimals)
        for decimals in (1, 2)
    ]
    assert lengths[0] == pytest.approx(lengths[1], rel=1e-11)


@pytest.mark.parametrize("mean", [0.3, 2.4])
@pytest.mark.parametrize("tolerance", [0.0, 0.03])
def test_design_is_the_nearest_run_length_that_is_long_enough(
    mean: float, tolerance: float
) -> None:
    wanted = 300.0
    design = ts.cusum_design(mean, run_length=wanted, tolerance=tolerance)
    k = design.reference_value
    assert round(10 * k) % 5 != 0
    assert abs(k - math.sqrt(mean) / math.log1p(1.0 / math.sqrt(mean))) < 0.15
    every = [
        ts.cusum_run_length(mean, reference_value=k, limit=limit / 10)
        for limit in range(1, round(10 * design.limit) + 10)
    ]
    allowed = [length for length in every if length >= wanted * (1.0 - tolerance)]
    assert design.run_length >= wanted * (1.0 - tolerance)
    assert abs(design.run_length - wanted) <= min(abs(length - wanted) for length in allowed) + 1e-6


@pytest.mark.parametrize(("run_length", "delay"), [(500.0, 3.0), (370.0, 25.0), (3.0, 1.6)])
def test_normal_design_has_its_run_length_and_delay(run_length: float, delay: float) -> None:
    design = ts.normal_cusum_design(run_length=run_length, delay=delay)
    k, limit = design.reference_value, design.limit
    in_control = ts.normal_cusum_run_length(reference_value=k, limit=limit)
    shifted = ts.normal_cusum_run_length(2.0 * k, reference_value=k, limit=limit)
    assert (in_control, shifted) == pytest.approx((run_length, delay), rel=1e-8)
    assert design.run_length == in_control


def test_a_head_start_shortens_the_delay_more_than_the_time_to_a_false_alarm() -> None:
    ratios = [
        ts.normal_cusum_run_length(mean, reference_value=0.5, limit=5.0, start=2.5)
        / ts.normal_cusum_run_length(mean, reference_value=0.5, limit=5.0)
        for mean in (0.0, 1.0)
    ]
    assert ratios[1] < 0.65 < 0.9 < ratios[0] < 1.0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"mean": 0.0}, "mean=0.0 must be a number greater than 0"),
        ({"reference_value": 0.0}, "reference_value=0.0 must be"),
        ({"limit": math.inf}, "limit=inf must be"),
        ({"limit": 4.25}, "limit=4.25 has more than decimals=1 decimals; round it"),
        ({"reference_value": 1.25}, "reference_value=1.25 has more"),
        ({"start": 5.0}, r"start=5.0 must be 0 or more and below limit=5.0"),
        ({"start": -0.1}, "start=-0.1 must be 0 or more"),
        ({"decimals": 0}, "decimals=0 must be a whole number"),
        ({"decimals": 4}, "decimals=4 must be 1, 2 or 3"),
        ({"limit": 300.0}, "3000 states is more than 2000; lower the limit"),
        ({"mean": 0.2, "limit": 40.0}, r"more than 1e\+09 points; lower the limit"),
    ],
)
def test_what_cannot_be_computed_is_refused(options: dict[str, float], said: str) -> None:
    usual: dict[str, float] = {"mean": 1.0, "reference_value": 1.2, "limit": 5.0}
    with pytest.raises(SpecError, match=said):
        ts.cusum_run_length(**(usual | options))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"run_length": 1.0}, "run_length=1.0 must be"),
        ({"shift_sd": -1.0}, "shift_sd=-1.0 must be"),
        ({"tolerance": 1.5}, "tolerance=1.5 must be .* at most 1"),
        ({"decimals": 3}, "use fewer decimals"),
    ],
)
def test_designs_that_cannot_be_had_are_refused(options: dict[str, float], said: str) -> None:
    usual: dict[str, float] = {"mean": 2.4, "run_length": 500.0}
    with pytest.raises(SpecError, match=said):
        ts.cusum_design(**(usual | options))  # type: ignore[arg-type]


def test_normal_charts_that_cannot_be_had_are_refused() -> None:
    with pytest.raises(SpecError, match=r"delay=90.0 cannot be had .* between 1.002 and"):
        ts.normal_cusum_design(run_length=500.0, delay=90.0)
    with pytest.raises(SpecError, match=r"run_length=2.0 must be a number greater than 2.5"):
        ts.normal_cusum_design(run_length=2.0, delay=1.5)
    with pytest.raises(SpecError, match="mean=nan must be a number"):
        ts.normal_cusum_run_length(math.nan, reference_value=0.5, limit=4.0)
    with pytest.raises(SpecError, match="states is more than"):
        ts.normal_cusum_run_length(reference_value=0.5, limit=700.0)
    with pytest.raises(SpecError, match="run length is more than"):
        ts.normal_cusum_run_length(reference_value=1.0, limit=30.0)
