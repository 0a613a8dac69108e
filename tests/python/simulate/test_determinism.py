import hashlib
import os
import subprocess
import sys
from dataclasses import replace

import pandas as pd
import pytest

from enteroscan.simulate import District, Mess, Outbreak, SimulatedReports, random_outbreaks

SPEC = District(cases_per_year=600, n_districts=2)
TABLES = ("frame", "exposures", "specimens", "identifiers")
FIRST = Outbreak(agent="salmonella", start="2024-06-08", venue_type="restaurant", size=9)
SECOND = Outbreak(agent="nitrite", start="2024-04-08", brand="晨露", duration_days=5, size=7)

DIGEST = """
import hashlib
from enteroscan.simulate import District, Outbreak
reports = District(cases_per_year=600, n_districts=2).simulate(
    start="2024-03-01", end="2024-08-31", random_state=5,
    outbreaks=[Outbreak(agent="salmonella", start="2024-06-08", size=9)],
)
texts = [getattr(reports, name).to_csv() for name in ("frame", "exposures", "specimens")]
texts += [reports.identifiers.to_csv(), reports.truth.cases.to_csv()]
print(hashlib.sha256("".join(texts).encode()).hexdigest())
"""


def run(*outbreaks: Outbreak, spec: District = SPEC, random_state: int = 5) -> SimulatedReports:
    return spec.simulate(
        start="2024-03-01", end="2024-08-31", outbreaks=outbreaks, random_state=random_state
    )


def tables(reports: SimulatedReports) -> dict[str, pd.DataFrame]:
    return {name: getattr(reports, name) for name in TABLES} | {"truth": reports.truth.cases}


def assert_equal(one: SimulatedReports, other: SimulatedReports) -> None:
    for name, table in tables(one).items():
        pd.testing.assert_frame_equal(table, tables(other)[name], obj=name)


def sporadic(reports: SimulatedReports) -> SimulatedReports:
    cases = reports.truth.cases
    return reports.of_cases(cases.loc[cases["outbreak"].isna(), "case_id"])


def test_the_same_seed_gives_the_same_bits() -> None:
    one, other = (run(FIRST) for _ in range(2))
    assert_equal(one, other)


def test_another_process_and_hash_seed_give_the_same_bits() -> None:
    digests = {
        subprocess.run(
            [sys.executable, "-c", DIGEST],
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in (1, 2)
    }
    assert len(digests) == 1
    assert len(digests.pop().strip()) == len(hashlib.sha256().hexdigest())


def test_another_seed_gives_other_cases_on_the_same_map() -> None:
    one, other = (run(random_state=seed) for seed in (0, 1))
    assert one.places.equals(other.places)
    assert not one.frame["onset"].equals(other.frame["onset"])


def test_an_outbreak_changes_nothing_about_the_sporadic_cases() -> None:
    without = run()
    with_one = run(FIRST)
    assert len(with_one) > len(without)
    assert_equal(sporadic(with_one), without)


def test_an_outbreak_at_the_end_changes_nothing_about_those_before() -> None:
    one = run(FIRST)
    two = run(FIRST, SECOND)
    cases = two.truth.cases
    kept = two.of_cases(cases.loc[cases["outbreak"].ne(2).fillna(True), "case_id"])
    assert_equal(kept, one)


@pytest.mark.parametrize(
    "change",
    [
        {"id_number_share": 0.2},
        {"sampling_share": 0.9},
        {"exposure_completeness": 0.9},
        {"revisit_share": 0.2},
        {"inpatient_share": 0.5},
    ],
)
def test_an_option_changes_only_what_it_is_about(change: dict[str, float]) -> None:
    usual = run()
    changed = run(spec=replace(SPEC, **change))  # type: ignore[arg-type]
    first = [own[own["duplicate_of"].isna()] for own in (r.truth.cases for r in (usual, changed))]
    columns = ["case_id", "agent", "onset", "incubation_h"]
    one, other = (own[columns].reset_index(drop=True) for own in first)
    pd.testing.assert_frame_equal(one, other)


def test_case_numbers_do_not_tell_who_is_of_an_outbreak() -> None:
    outbreaks = [Outbreak(agent="salmonella", start="2024-06-08", size=400)]
    reports = run(*outbreaks)
    cases = reports.truth.cases
    number = cases["case_id"].str[-8:].astype(int)
    share = number[cases["outbreak"].notna()] / 1e8
    assert 0.4 < share.mean() < 0.6  # spread over all numbers
    assert cases["case_id"].is_unique


def test_random_outbreaks_are_those_of_the_seed() -> None:
    one, again, other = (
        random_outbreaks(30, start="2024-01-01", end="2024-12-31", random_state=seed)
        for seed in (3, 3, 4)
    )
    assert one == again
    assert one != other


def test_mess_is_that_of_its_seed() -> None:
    reports = run()
    losses = [Mess.typical(seed).losses(reports) for seed in (1, 1, 2)]
    assert_equal(losses[0], losses[1])
    assert not losses[0].frame["onset"].equals(losses[2].frame["onset"])


def test_progress_rises_to_the_whole() -> None:
    shares: list[float] = []
    SPEC.simulate(start="2024-03-01", end="2024-08-31", progress=shares.append)
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)
