"""The probability of a real outbreak is that of districts whose truth is known."""

import numpy as np
import pandas as pd
import pytest

from enteroscan import SharedExposure
from enteroscan.evaluation import LinkDetector, Replay, is_real, known_on, to_cases
from enteroscan.linkage import outbreak_probability
from enteroscan.simulate import District, random_outbreaks

NIGHTS = pd.date_range("2024-01-10", "2024-06-10", freq="30D")
FIRST_SEED, N_DISTRICTS = 9000, 7
MIDDLE = 0.46  # about as many groups below as above


def shown(seed: int) -> pd.DataFrame:
    """Return kind, interval and truth of the groups of a district on nights a month apart."""
    start, end = pd.Timestamp("2023-01-10"), NIGHTS[-1] + pd.Timedelta(days=1)
    outbreaks = random_outbreaks(24, start=start, end=end, random_state=seed)
    district = District(cases_per_year=300, map_seed=seed)
    reports = district.simulate(start=start, end=end, outbreaks=outbreaks, random_state=seed)
    cases = to_cases(reports)
    detector = LinkDetector(spec=SharedExposure(n_jobs=1, replicates=199))
    nights = [detector(known_on(cases, day.date()), day.date()).assign(night=day) for day in NIGHTS]
    groups = pd.concat(nights, ignore_index=True)
    members = reports.truth.members.merge(cases.frame[["case_id", "reported"]], on="case_id")
    return groups.assign(
        kind=groups["source"].str.split(": ").str[0],
        real=is_real(Replay(groups, members, NIGHTS[0], NIGHTS[-1])),
    )


def test_as_many_groups_are_real_as_it_says() -> None:
    """Fails by chance less than once in 10,000 runs; groups a month apart are independent."""
    groups = pd.concat([shown(seed) for seed in range(FIRST_SEED, FIRST_SEED + N_DISTRICTS)])
    probability = outbreak_probability(groups)
    for chosen in (probability < MIDDLE, probability >= MIDDLE):
        expected = probability[chosen].sum()
        spread = np.sqrt((probability * (1 - probability))[chosen].sum())
        observed = int(groups["real"].to_numpy()[chosen].sum())
        assert chosen.sum() >= 5
        assert abs(observed - expected) <= 4 * spread + 1, (observed, expected)


@pytest.mark.parametrize("kind", ["home", "venue"])
def test_a_longer_interval_never_means_less(kind: str) -> None:
    days = np.geomspace(1, 365_250, 50)
    groups = pd.DataFrame({"kind": kind, "recurrence_interval_days": days})
    probability = outbreak_probability(groups)
    assert (np.diff(probability) >= 0).all()
    assert 0 <= probability[0] < probability[-1] <= 1


def test_without_replicates_it_is_missing() -> None:
    groups = pd.DataFrame({"kind": ["home", "dish"], "recurrence_interval_days": [np.nan, 10.0]})
    assert np.isnan(outbreak_probability(groups)).tolist() == [True, False]
