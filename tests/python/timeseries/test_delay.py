"""What is still to be reported, beside R's nowcast and in simulations."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from enteroscan import timeseries as ts
from enteroscan.errors import DataError
from reference import surveillance


@pytest.mark.reference
def test_lawless_s_nowcast_of_the_outbreak_of_2011(reference_data: Path) -> None:
    folder = reference_data / "surveillance"
    answer: Any = surveillance.read(folder / "misc" / "nowcast_husO104.json.gz")
    theirs = answer["lawless"]
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
    )
    share = ours["share_reported"].to_numpy()[::-1]
    np.testing.assert_allclose(share, theirs["delayCDF"][: len(share)], rtol=1e-12)
    observed = np.array(theirs["observed"][: len(ours)])
    assert (ours["reported"].to_numpy() == observed).all()
    point = np.array(theirs["point"][: len(ours)], dtype=float)
    known = ~np.isnan(point)
    # The package gives a quantile of the predictive distribution, a whole number.
    assert np.abs(ours["count"].to_numpy() - point)[known].max() < 1.5


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
