"""Districts without an outbreak stay quiet, whatever else happens in them."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import binom

from enteroscan import SharedExposure
from enteroscan.evaluation import to_cases, with_festival_food, with_new_hospital, with_surge
from enteroscan.simulate import District, SimulatedReports

N_DISTRICTS = 12
FALSE_FAILURE = 1e-4
LEVELS = (0.05, 0.1, 0.2)
AS_OF = "2024-02-24"  # at the end of the holidays


Event = Callable[[SimulatedReports, int], SimulatedReports]


def plain(reports: SimulatedReports, seed: int) -> SimulatedReports:
    del seed
    return reports


def holidays(reports: SimulatedReports, seed: int) -> SimulatedReports:
    return with_surge(
        reports, periods=[("2024-02-10", "2024-02-24")], factor=1.5, random_state=seed
    )


def new_hospital(reports: SimulatedReports, seed: int) -> SimulatedReports:
    del seed
    return with_new_hospital(reports, opened="2024-02-01")


def festival_food(reports: SimulatedReports, seed: int) -> SimulatedReports:
    return with_festival_food(
        reports,
        food="元宵",
        food_class="pastry",
        start="2024-02-20",
        end="2024-02-24",
        random_state=seed,
    )


@pytest.mark.parametrize("event", [plain, holidays, new_hospital, festival_food])
def test_p_values_are_not_too_small(event: Event) -> None:
    """At most as many small p-values as there may be; fails by chance once in 3,000 runs."""
    p_values = []
    for seed in range(N_DISTRICTS):
        district = District(cases_per_year=400, map_seed=seed)
        reports = event(
            district.simulate(start="2023-03-01", end="2024-02-24", random_state=seed), seed
        )
        spec = SharedExposure(n_jobs=1, replicates=99, random_state=seed)
        groups = spec.link(to_cases(reports), as_of=AS_OF).groups
        p_values.append(groups["p_value"].min() if len(groups) else 1.0)
    for level in LEVELS:
        n_small = int(np.sum(np.array(p_values) <= level))
        assert n_small <= binom.ppf(1 - FALSE_FAILURE, N_DISTRICTS, level), sorted(p_values)


def test_families_that_infect_each_other_are_no_signal() -> None:
    """Without a common meal, homes alone: fails by chance less than once in 3,000 runs."""
    n_districts = 25
    p_values = []
    for seed in range(n_districts):
        district = District(cases_per_year=400, map_seed=seed, household_attack_rate=0.3)
        reports = district.simulate(start="2023-03-01", end="2024-02-24", random_state=seed)
        spec = SharedExposure(kinds=("home",), n_jobs=1, replicates=99, random_state=seed)
        groups = spec.link(to_cases(reports), as_of=AS_OF).groups
        p_values.append(groups["p_value"].min() if len(groups) else 1.0)
    for level in LEVELS:
        n_small = int(np.sum(np.array(p_values) <= level))
        assert n_small <= binom.ppf(1 - FALSE_FAILURE, n_districts, level), sorted(p_values)
