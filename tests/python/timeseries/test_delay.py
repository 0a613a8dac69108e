"""What is still to be reported, beside R's nowcast and in simulations."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from enteroscan import timeseries as ts
from enteroscan.errors import DataError, SpecError
from reference import surveillance


def nowcast_of_2011(reference_data: Path, theirs: str, **options: Any) -> tuple[Any, pd.DataFrame]:  # noqa: ANN401
    """Return R's nowcast of the outbreak of 2011, and ours."""
    folder = reference_data / "surveillance"
    answer: Any = surveillance.read(folder / "misc" / "nowcast_husO104.json.gz")
    cases = pd.read_csv(
        folder / "series" / "husO104Hosp_linelist.csv", parse_dates=["dHosp", "dReport"]
    )
    ours = ts.correct_delays(
        cases,
        as_of=answer["now"],
        onset="dHosp",
        reported="dReport",
        since=answer["dRange"][0],
        max_delay_steps=answer["D"],
        **options,
    )
    return answer[theirs], ours


@pytest.mark.reference
def test_lawless_s_nowcast_of_the_outbreak_of_2011(reference_data: Path) -> None:
    theirs, ours = nowcast_of_2011(reference_data, "lawless")
    share = ours["share_reported"].to_numpy()[::-1]
    np.testing.assert_allclose(share, theirs["delayCDF"][: len(share)], rtol=1e-12)
    observed = np.array(theirs["observed"][: len(ours)])
    assert (ours["reported"].to_numpy() == observed).all()
    point = np.array(theirs["point"][: len(ours)], dtype=float)
    known = ~np.isnan(point)
    # The package gives a quantile of the predictive distribution, a whole number.
    assert np.abs(ours["count"].to_numpy() - point)[known].max() < 1.5


@pytest.mark.reference
@pytest.mark.parametrize("method", ["lawless", "bayes"])
def test_limits_of_the_nowcast_of_2011(reference_data: Path, method: Any) -> None:  # noqa: ANN401
    theirs, ours = nowcast_of_2011(
        reference_data,
        "lawless" if method == "lawless" else "bayes.trunc",
        method=method,
        prior_mean=50.0,
        prior_variance=3000.0,
        n_samples=20_000,
    )
    share = ours["share_reported"].to_numpy()[::-1]
    np.testing.assert_allclose(share[:16], theirs["delayCDF"][:16], rtol=1e-12)
    point, lower, upper = (
        np.array(theirs[name][: len(ours)], dtype=float) for name in ("point", "pi_lo", "pi_hi")
    )
    known = ~np.isnan(point)
    allowed = np.ones(len(ours))  # the package's are whole numbers
    if method == "lawless":
        # It cuts the normal distribution off, which matters where little is reported.
        known &= (ours["share_reported"] > 0.15).to_numpy()
        assert known.sum() == 20
    else:
        # Its mean of 1,000 distributions has an error where next to nothing is reported.
        allowed[-1] = 0.05 * upper[-1]
    for name, values in (("count", point), ("lower", lower), ("upper", upper)):
        error = np.abs(ours[name].to_numpy() - values)
        assert (error[known] <= allowed[known]).all(), name


def line_list(n_days: int, seed: int) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    days = pd.date_range("2024-01-01", periods=n_days, freq="D")
    onset = days.repeat(random.poisson(40, n_days))
    delay = random.choice(6, len(onset), p=[0.1, 0.3, 0.25, 0.15, 0.12, 0.08])
    return pd.DataFrame({"onset": onset, "reported": onset + pd.to_timedelta(delay, unit="D")})


def test_corrected_counts_are_right_on_average_and_raw_ones_are_not() -> None:
    cases = line_list(200, 1)
    final = cases.groupby("onset").size()
    ratios, raw = [], []
    for day in pd.date_range("2024-03-01", "2024-07-01", freq="D"):
        now = ts.correct_delays(cases, as_of=day, max_delay_steps=5).set_index("date")
        yesterday = day - pd.Timedelta(days=1)
        in_the_end = float(final[final.index == yesterday].iloc[0])
        then = now[now.index == yesterday]
        ratios.append(float(then["count"].iloc[0]) / in_the_end)
        raw.append(float(then["reported"].iloc[0]) / in_the_end)
    assert np.mean(ratios) == pytest.approx(1.0, abs=0.06)
    assert np.mean(raw) == pytest.approx(0.4, abs=0.03)


@pytest.mark.parametrize("method", ["lawless", "bayes"])
def test_limits_hold_what_they_promise(method: Any) -> None:  # noqa: ANN401
    """Of the cases in the end, 80 % lie within limits for 80 %; days without reports count, too."""
    cases = line_list(150, 5)
    final = cases.groupby("onset").size()
    inside = []
    for day in pd.date_range("2024-03-01", "2024-05-20", freq="D"):
        now = ts.correct_delays(cases, as_of=day, max_delay_steps=5, method=method, alpha=0.2)
        now = now[now["share_reported"] < 0.999].set_index("date")
        in_the_end = final.reindex(now.index, fill_value=0)
        inside.append((now["lower"] <= in_the_end) & (in_the_end <= now["upper"]))
    assert pd.concat(inside).mean() == pytest.approx(0.8, abs=0.07)


def test_bayes_expects_cases_where_nothing_is_reported_yet() -> None:
    cases = line_list(60, 6)
    cases = cases[(cases["onset"] < "2024-02-19") | (cases["onset"] > "2024-02-21")]
    cases["district"] = np.where(np.arange(len(cases)) % 9 == 0, "A", "B")
    bayes = ts.correct_delays(
        cases, as_of="2024-02-19", by="district", max_delay_steps=5, method="bayes"
    ).set_index(["district", "date"])
    lawless = ts.correct_delays(cases, as_of="2024-02-19", max_delay_steps=5).set_index("date")
    day = pd.Timestamp("2024-02-19")
    assert lawless["count"][day] == 0.0
    assert 1 <= bayes["count"]["A", day] < bayes["count"]["B", day] <= 40
    again = ts.correct_delays(
        cases, as_of="2024-02-19", by="district", max_delay_steps=5, method="bayes"
    )
    assert (again["count"].to_numpy() == bayes["count"].to_numpy()).all()


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"method": "other"}, "method='other' is unknown"),
        ({"max_delay_steps": 0}, "max_delay_steps=0 must be"),
        ({"alpha": 0.0}, "alpha=0.0 must be"),
        ({"prior_variance": 3.0}, "needs prior_mean"),
        ({"prior_mean": -1.0}, "prior_mean=-1.0 must be"),
    ],
)
def test_options_that_make_no_sense(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(SpecError, match=problem):
        ts.correct_delays(line_list(20, 7), as_of="2024-01-15", **options)


def test_what_was_known_on_a_day() -> None:
    cases = line_list(30, 2)
    known = ts.known_on(cases, "2024-01-10")
    assert known["reported"].max() == pd.Timestamp("2024-01-10")
    assert len(known) < len(cases)


def test_series_share_one_distribution_of_delays() -> None:
    cases = line_list(60, 3)
    cases["district"] = np.where(np.arange(len(cases)) % 3 == 0, "A", "B")
    apart = ts.correct_delays(cases, as_of="2024-02-20", by="district", max_delay_steps=5)
    whole = ts.correct_delays(cases, as_of="2024-02-20", max_delay_steps=5)
    added = apart.groupby("date")["count"].sum()
    np.testing.assert_allclose(added.to_numpy(), whole["count"].to_numpy())


def test_reports_before_onset_are_refused() -> None:
    cases = line_list(30, 4)
    cases["reported"] = cases["reported"].where(cases.index != 5, pd.Timestamp("2023-12-01"))
    with pytest.raises(DataError, match="1 rows were reported before their onset"):
        ts.correct_delays(cases, as_of="2024-01-20")
