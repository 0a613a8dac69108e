"""Odd data: right answers, or errors that say what is wrong."""

import numpy as np
import pandas as pd
import pytest

from enteroscan import _core
from enteroscan import timeseries as ts
from enteroscan.errors import DataError, SpecError

SPECS: list[ts.DetectorSpec] = [
    ts.EarsC1(),
    ts.EarsC2(min_sigma=0.5),
    ts.EarsC3(),
    ts.Rki(),
    ts.Bayes(),
    ts.HistoricalLimits(),
    ts.Farrington(),
    ts.FarringtonFlexible(),
    ts.FarringtonFlexible(bound="delta", season_levels=1, recent_steps_excluded=None),
    ts.FarringtonFlexible(bound="muan"),
    ts.Cusum(),
    ts.Cusum(transformation="anscombe_neg_bin", mean="seasonal"),
    ts.Glr(),
    ts.Glr(overdispersion=0.0),
    ts.Glr(log_shift=0.7),
    ts.Glr(change="epidemic"),
    ts.OutbreakP(),
    ts.NegativeBinomialRegression(),
    ts.Serfling(),
    ts.Ewma(),
    ts.EwmaOrRegression(),
]
WEEKS = pd.date_range("2015-01-05", periods=320, freq="W-MON")


def weekly(counts: object) -> pd.DataFrame:
    return pd.DataFrame({"date": WEEKS, "count": counts})


def poisson(mean: float, seed: int = 1) -> pd.DataFrame:
    return weekly(np.random.default_rng(seed).poisson(mean, len(WEEKS)))


@pytest.mark.parametrize("spec", SPECS, ids=repr)
@pytest.mark.parametrize("level", [0.0, 7.0])
def test_constant_series_never_alarm(spec: ts.DetectorSpec, level: float) -> None:
    frame = spec.detect(weekly(level), last=20).frame
    assert not frame["alarm"].any()
    judged = frame["reason"].isin(["", "constant_baseline"])
    assert np.isfinite(frame.loc[judged, "expected"]).all()


@pytest.mark.parametrize("spec", SPECS, ids=repr)
def test_one_spike_is_an_alarm(spec: ts.DetectorSpec) -> None:
    data = poisson(6.0)
    data.loc[len(data) - 1, "count"] = 90
    last = spec.detect(data, last=8).frame.iloc[-1]
    assert last["alarm"]
    assert last["observed"] >= 90  # sums of four weeks for historical limits


@pytest.mark.parametrize("spec", SPECS, ids=repr)
def test_missing_counts_are_not_judged_and_in_no_baseline(spec: ts.DetectorSpec) -> None:
    data = poisson(6.0)
    data["count"] = data["count"].astype(float)
    data.loc[[100, 250, 305, 319], "count"] = np.nan
    frame = spec.detect(data, last=8).frame
    assert frame["reason"].iloc[-1] == "missing_count"
    assert not frame["alarm"].iloc[-1]
    others = frame.iloc[:-1]
    assert np.isfinite(others.loc[others["reason"] == "", "expected"]).all()


@pytest.mark.parametrize("spec", SPECS, ids=repr)
def test_great_counts_stay_finite(spec: ts.DetectorSpec) -> None:
    frame = spec.detect(poisson(1e7), last=3).frame
    assert np.isfinite(frame["expected"]).all()
    assert (frame["p_value"].isna() | frame["p_value"].between(0, 1)).all()


@pytest.mark.parametrize("spec", SPECS, ids=repr)
def test_order_of_rows_and_number_of_threads_change_nothing(spec: ts.DetectorSpec) -> None:
    parts = [poisson(mean, seed).assign(unit=f"u{seed}") for seed, mean in enumerate((0.2, 4, 40))]
    data = pd.concat(parts, ignore_index=True)
    one = spec.detect(data, by="unit", last=5, n_jobs=1).frame
    shuffled = data.sample(frac=1.0, random_state=2)
    pd.testing.assert_frame_equal(one, spec.detect(shuffled, by="unit", last=5, n_jobs=2).frame)


def test_fractional_counts_are_judged() -> None:
    data = weekly(np.random.default_rng(3).gamma(4.0, 1.7, len(WEEKS)))
    frame = ts.FarringtonFlexible().detect(data, last=4).frame
    assert (frame["reason"] == "").all()
    assert (frame["upper_bound"] % 1 == 0).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"count": [-1.0, np.inf]}, "2 rows with a negative or infinite number"),
        ({"count": ["many", 3]}, "1 row without a number"),
        ({"date": [pd.NaT, pd.NaT]}, "2 rows without a date"),
    ],
)
def test_bad_values_are_named(change: dict[str, list[object]], message: str) -> None:
    columns = {name: list(values) for name, values in poisson(5.0).items()}
    for name, values in change.items():
        columns[name][3], columns[name][5] = values
    data = pd.DataFrame(columns)
    with pytest.raises(DataError, match=message) as error:
        ts.EarsC1().detect(data)
    assert "rows 3" in str(error.value)


def test_days_written_as_numbers_are_no_steps() -> None:
    data = poisson(5.0)
    written = data.assign(date=data["date"].dt.strftime("%Y%m%d").astype(int))
    with pytest.raises(DataError, match=r"the dates are numbers \(20150105, ...\); give dates"):
        ts.EarsC1().detect(written)
    as_text = data.assign(date=data["date"].dt.strftime("%Y%m%d"))
    pd.testing.assert_frame_equal(ts.EarsC1().detect(as_text).frame, ts.EarsC1().detect(data).frame)


def test_days_of_a_week_are_added_up_and_days_given_twice_are_not() -> None:
    days = pd.date_range("2024-01-01", periods=210, freq="D")
    counts = np.random.default_rng(4).poisson(3.0, 210)
    data = pd.DataFrame({"date": days, "count": counts}).sample(frac=1.0, random_state=1)
    weekly_sums = counts.reshape(30, 7).sum(axis=1)
    frame = ts.EarsC1().detect(data, every="week", last=30).frame
    assert (frame["observed"] == weekly_sums).all()
    with pytest.raises(DataError, match="2 rows that share date"):
        ts.EarsC1().detect(pd.concat([data, data.head(1)]), every="week")


def test_a_bound_without_limit_has_no_p_value_in_compat_mode() -> None:
    """Levels without any case: the upper limit of the mean is infinite, and R gives nothing."""
    data = weekly(0.0)
    data.loc[[5, 290, 291], "count"] = 4.0
    options = {"bound": "muan", "trend": False, "season_levels": 10, "alpha": 0.01}
    ours, theirs = (
        ts.FarringtonFlexible(compat=compat, **options).detect(data, last=40).frame  # type: ignore[arg-type]
        for compat in (False, True)
    )
    without = theirs["reason"] == "no_convergence"
    assert without.any()
    assert theirs.loc[without, ["expected", "p_value", "upper_bound"]].isna().all(axis=None)
    assert ours.loc[without, ["expected", "p_value"]].notna().all(axis=None)


def test_dates_given_twice_are_refused() -> None:
    data = poisson(5.0)
    data["date"] = data["date"].where(data.index != 10, data["date"].iloc[11])
    with pytest.raises(DataError, match="2 rows that share date"):
        ts.EarsC1().detect(data)


def test_gaps_must_be_explained() -> None:
    data = poisson(5.0).drop(index=[40, 41, 300])
    with pytest.raises(DataError, match="3 points between the first and the last date have no row"):
        ts.EarsC1().detect(data)
    zero = ts.EarsC1().detect(data, absent="zero", last=20)
    assert zero.filled == 3
    assert zero.frame["observed"].iloc[0] == 0
    missing = ts.EarsC1().detect(data, absent="missing", last=20).frame
    assert missing["reason"].iloc[0] == "missing_count"


def test_a_gap_of_ten_years_leaves_too_little_history() -> None:
    data = poisson(5.0)
    data.loc[data.index < 200, "date"] -= pd.Timedelta(weeks=520)
    frame = ts.FarringtonFlexible().detect(data, absent="missing", last=1).frame
    assert frame["reason"].iloc[0] in ("too_little_history", "")
    assert ts.EarsC1().detect(data, absent="missing", last=1).frame["reason"].iloc[0] == ""


def test_a_wrong_century_is_found() -> None:
    data = poisson(5.0)
    data.loc[0, "date"] = pd.Timestamp("1700-01-01")
    with pytest.raises(DataError, match="look for a wrong date"):
        ts.EarsC1().detect(data, every="day", absent="zero")


def test_time_zones_keep_the_local_date() -> None:
    data = poisson(5.0)
    local = data.assign(date=data["date"].dt.tz_localize("Asia/Shanghai"))
    pd.testing.assert_frame_equal(ts.EarsC1().detect(data).frame, ts.EarsC1().detect(local).frame)


def test_too_little_history_is_said_before_and_listed() -> None:
    short = poisson(5.0).head(100)
    with pytest.raises(DataError, match="needs 264 weeks before the first one it judges"):
        ts.FarringtonFlexible().detect(short)
    result = ts.FarringtonFlexible().detect(short, last=2)
    assert result.not_judged["reason"].tolist() == ["too_little_history"]
    assert result.not_judged["n_points"].tolist() == [2]


def test_excluded_periods_belong_to_no_baseline() -> None:
    data = poisson(5.0)
    pandemic = data["date"].between("2019-01-01", "2020-03-31")
    calm = ts.FarringtonFlexible().detect(data, last=30, exclude=[("2019-01-01", "2020-03-31")])
    data.loc[pandemic, "count"] = 500
    wild = ts.FarringtonFlexible().detect(data, last=30, exclude=[("2019-01-01", "2020-03-31")])
    pd.testing.assert_frame_equal(calm.frame, wild.frame)
    inside = ts.EarsC1().detect(data, since="2020-03-01", exclude=[("2019-01-01", "2020-03-31")])
    first = inside.frame.iloc[0]
    assert (first["reason"], first["observed"], first["alarm"]) == ("excluded_period", 500.0, False)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ts.EarsC1(alpha=0.0), "alpha=0.0 must lie between 0 and 1"),
        (lambda: ts.EarsC1(baseline_steps=2), "baseline_steps=2 must be 3 or more"),
        (lambda: ts.Rki(variant=4), "variant=4 is unknown"),  # type: ignore[arg-type]
        (lambda: ts.Cusum(mean="median"), "mean='median' is unknown"),  # type: ignore[arg-type]
        (lambda: ts.Glr(threshold=-1.0), "threshold=-1.0 must be more than 0"),
        (lambda: ts.Glr(change="epidemic", direction="decrease"), "an epidemic is an increase"),
        (lambda: ts.Glr(change="epidemic", log_shift=0.5), "an epidemic is an increase"),
        (lambda: ts.Serfling(baseline_months=(6, 13)), "baseline_months=.* must be months"),
        (lambda: ts.Serfling(baseline_months=()), "baseline_months=.* must be months"),
        (lambda: ts.FarringtonFlexible(bound="normal"), "bound='normal'"),  # type: ignore[arg-type]
        (lambda: ts.FarringtonFlexible(years_back=2.5), "must be int"),  # type: ignore[arg-type]
    ],
)
def test_options_out_of_range_are_refused(make: object, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        make()  # type: ignore[operator]


@pytest.mark.parametrize("spec", SPECS, ids=repr)
def test_specs_survive_a_dictionary(spec: ts.DetectorSpec) -> None:
    assert ts.DetectorSpec.from_dict(spec.to_dict()) == spec


def test_defaults_are_those_of_the_core() -> None:
    core = _core.detector_defaults()
    for method, options in core.items():
        own = ts.DetectorSpec.from_dict({"method": method}).to_dict()
        assert {name: own[name] for name in options} == options, method
    assert len(core) == 11


def test_wide_frames_of_several_number_types_are_as_floating_ones() -> None:
    counts = np.arange(320) % 7
    mixed = pd.DataFrame(
        {"a": pd.array(counts, dtype="Int64"), "b": counts.astype(np.int16)}, index=WEEKS
    )
    mixed.iloc[-1, 0] = pd.NA
    floating = mixed.astype("float64")
    found = ts.EarsC1().detect(mixed).frame
    pd.testing.assert_frame_equal(found, ts.EarsC1().detect(floating).frame)
    assert found.loc[found["series"] == "a", "reason"].iloc[-1] == "missing_count"


@pytest.mark.parametrize("kind", [float, int])
def test_excluded_periods_leave_the_frame_as_it_was(kind: type) -> None:
    frame = pd.DataFrame({"a": np.arange(320) % 7, "b": 2}, index=WEEKS).astype(kind)
    before = frame.copy()
    result = ts.EarsC1().detect(frame, exclude=[("2016-01-01", "2016-06-30")])
    pd.testing.assert_frame_equal(frame, before)
    excluded = result.frame["date"].between("2016-01-01", "2016-06-30")
    assert result.frame.loc[excluded, "reason"].eq("excluded_period").all()
