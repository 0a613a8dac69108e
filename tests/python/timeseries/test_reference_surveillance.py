"""Every stored output of R's surveillance beside ours."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from enteroscan import timeseries as ts
from reference import surveillance

pytestmark = pytest.mark.reference

FOLDER = (
    Path(os.environ.get("ENTEROSCAN_REFERENCE_DATA", Path(__file__).parents[4] / "shared" / "data"))
    / "surveillance"
)
NAMES = [path.name.removesuffix(".json.gz") for path in surveillance.output_files(FOLDER)]


@pytest.mark.parametrize("name", NAMES)
def test_output_agrees(name: str) -> None:
    checks = surveillance.run(FOLDER, FOLDER / "out" / f"{name}.json.gz")
    if isinstance(checks, str):
        pytest.skip(checks)
    assert checks[0].quantity == "alarm"
    assert [check for check in checks if not check.good] == []


@pytest.fixture(scope="module")
def sim1000(reference_data: Path) -> pd.DataFrame:
    path = reference_data / "surveillance" / "sim1000" / "sim1000.csv.gz"
    return pd.read_csv(path, parse_dates=["date"]).set_index("date")


@pytest.mark.parametrize(
    ("name", "spec"),
    [
        ("ff_noufaily", ts.FarringtonFlexible(alpha=0.01, min_recent_cases=0.0, compat=True)),
        (
            "ff_default",
            ts.FarringtonFlexible(
                season_levels=1,
                recent_steps_excluded=None,
                alpha=0.05,
                max_trend_p=0.05,
                bound="delta",
                compat=True,
            ),
        ),
    ],
)
def test_flexible_farrington_on_sim1000(
    sim1000: pd.DataFrame, reference_data: Path, name: str, spec: ts.FarringtonFlexible
) -> None:
    path = reference_data / "surveillance" / "sim1000" / f"sim1000_{name}_lastweek.json.gz"
    theirs = surveillance.read(path)
    frame = spec.detect(sim1000, last=1, n_jobs=2).frame
    columns = {
        "alarm": "alarm",
        "upperbound": "upper_bound",
        "expected": "expected",
        "score": "score",
        "pvalue": "p_value",
        "phi": "dispersion",
    }
    for column, ours in columns.items():
        values = np.array(theirs[column], dtype=float)[:, 0]
        assert surveillance.difference(frame[ours].to_numpy(dtype=float), values) < 1e-10, column


@pytest.mark.parametrize(
    "spec", [ts.EarsC1(), ts.EarsC2(), ts.EarsC3(compat=True)], ids=["C1", "C2", "C3"]
)
def test_ears_on_sim1000(
    sim1000: pd.DataFrame, reference_data: Path, spec: ts.DetectorSpec
) -> None:
    name = f"sim1000_ears{spec.method[-2:].upper()}_last52.json.gz"
    theirs = surveillance.read(reference_data / "surveillance" / "sim1000" / name)
    tables = spec.detect(sim1000, last=52).tables
    bound, alarm = (np.array(theirs[key], dtype=float) for key in ("upperbound", "alarm"))
    assert surveillance.difference(tables["upper_bound"], bound) < 1e-12
    known = ~np.isnan(alarm)
    assert (tables["alarm"][known] == alarm[known]).all()


def test_traced_fits_with_the_package_s_dispersion_and_the_right_one(reference_data: Path) -> None:
    folder = reference_data / "surveillance"
    traces: Any = surveillance.read(folder / "trace" / "ff_trace.json.gz")
    for trace in traces:
        compat = surveillance.spec_of({"control": trace["control"], "algorithm": "flexible"})
        assert isinstance(compat, ts.FarringtonFlexible)
        frame = pd.read_csv(folder / "series" / f"{trace['dataset']}.csv")
        numbers = frame.drop(columns=["t", "epoch", "date", "state", "population"], errors="ignore")
        dated = trace["epochAsDate"]
        index = pd.DatetimeIndex(frame["date"]) if dated else pd.RangeIndex(1, len(frame) + 1)
        series = pd.DataFrame(
            {"date": index, "count": numbers.iloc[:, int(trace["unit"]) - 1].to_numpy()}
        ).iloc[: trace["k"]]
        people = None
        if compat.population_offset:
            people = "population"
            table = pd.read_csv(folder / "series" / f"{trace['dataset']}_population.csv")
            series[people] = table.iloc[: trace["k"], int(trace["unit"])].to_numpy()
        theirs = trace["package_result"]
        ours = compat.detect(
            series, last=1, population=people, period=float(trace["freq"])
        ).frame.iloc[0]
        assert ours["dispersion"] == pytest.approx(theirs["phi"], rel=1e-10)
        assert bool(ours["alarm"]) == theirs["alarm"]
        right = ts.FarringtonFlexible.from_dict(compat.to_dict() | {"compat": False})
        ours = right.detect(
            series, last=1, population=people, period=float(trace["freq"])
        ).frame.iloc[0]
        fit = trace["with_trend"]
        keeps_trend = (
            compat.trend
            and compat.years_back >= 3
            and (compat.max_trend_p >= 1 or fit["p_trend_true"] < compat.max_trend_p)
            and fit["mu0"] <= max(trace["baseline"]["response"])
        )
        fit = fit if keeps_trend else trace["without_trend"]
        assert ours["expected"] == pytest.approx(fit["mu0"], rel=1e-10)
        phi = fit.get("phi2", fit["phi"])
        assert ours["dispersion"] == pytest.approx(phi, rel=1e-10)
        assert (ours["trend"] != 0.0) == keeps_trend


@pytest.mark.parametrize(
    ("dataset", "n_changed"),
    [("campyDE", 129), ("salmNewport_total", 49), ("salmHospitalized", 51)],
)
def test_weeks_in_which_the_right_dispersion_decides_otherwise_about_the_trend(
    reference_data: Path, dataset: str, n_changed: int
) -> None:
    frame = pd.read_csv(reference_data / "surveillance" / "series" / f"{dataset}.csv")
    counts = pd.DataFrame({"date": pd.DatetimeIndex(frame["date"]), "count": frame["observed"]})
    trends = [
        ts.FarringtonFlexible(
            years_back=4,
            season_levels=1,
            recent_steps_excluded=None,
            alpha=0.05,
            max_trend_p=0.05,
            bound="delta",
            compat=compat,
        )
        .detect(counts, last=208, period=52.0)
        .frame["trend"]
        for compat in (True, False)
    ]
    assert int(((trends[0] != 0) != (trends[1] != 0)).sum()) == n_changed
