"""A replicate is the same to the last bit on any thread, in any range and in any process."""

import dataclasses
import itertools
import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from enteroscan import ScanResult, SimulatedMaxima, SpaceTimePermutation, _core
from reference import problems

SCANS = [
    ("permutation", "prospective", 1.0),
    ("permutation", "retrospective", 1.0),
    ("stratified permutation", "prospective", 1.0),
    ("poisson", "retrospective", 1.0),
    ("poisson", "spatial", 300.0),
    ("inseparable poisson", "retrospective", 1.0),
    ("bernoulli", "spatial", 1.0),
    ("bernoulli", "retrospective", 1.0),
]
every_scan = pytest.mark.parametrize(("model", "times", "mean"), SCANS)


def make_scan(model: str, times: str, mean: float, rates: str = "high") -> _core.Scan:
    return problems.typical_scan(model, times, mean, rates)


def simulate(scan: _core.Scan, begin: int, end: int, n_threads: int = 1) -> NDArray[np.float64]:
    return scan.simulate(begin, end, seed=1, n_threads=n_threads)


@every_scan
@pytest.mark.parametrize("rates", ["high", "low", "both"])
def test_any_number_of_threads(model: str, times: str, mean: float, rates: str) -> None:
    scan = make_scan(model, times, mean, rates)
    one = simulate(scan, 0, 299)
    assert len(np.unique(one)) > 100
    for n_threads in (2, 4):
        assert simulate(scan, 0, 299, n_threads).tolist() == one.tolist()
        again = make_scan(model, times, mean, rates)  # nothing prepared by the calls before
        assert simulate(again, 0, 299, n_threads).tolist() == one.tolist()
        assert again.maximum(n_threads=n_threads) == scan.maximum(n_threads=1)


@every_scan
@pytest.mark.parametrize("cuts", [[0, 37, 99], [0, 1, 2, 64, 99], [0, 98, 99]])
def test_any_split_of_the_range(model: str, times: str, mean: float, cuts: list[int]) -> None:
    together = simulate(make_scan(model, times, mean), 0, 99)
    parts = [
        simulate(make_scan(model, times, mean), begin, end)
        for begin, end in itertools.pairwise(cuts)
    ]
    assert np.concatenate(parts).tolist() == together.tolist()


def test_ranges_far_from_zero() -> None:
    scan = make_scan("permutation", "prospective", 1.0)
    begin = 2**33
    together = simulate(scan, begin, begin + 40)
    assert simulate(scan, begin + 17, begin + 40).tolist() == together[17:].tolist()
    assert simulate(scan, 0, 40).tolist() != together.tolist()


def test_other_processes() -> None:
    spawn = multiprocessing.get_context("spawn")
    ranges = [(0, 37), (37, 99)]
    with ProcessPoolExecutor(max_workers=2, mp_context=spawn) as pool:
        parts = {
            (scan, begin): pool.submit(problems.simulate_typical, *scan, begin, end)
            for scan in SCANS
            for begin, end in ranges
        }
        for scan in SCANS:
            merged = [x for begin, _ in ranges for x in parts[scan, begin].result()]
            assert merged == simulate(make_scan(*scan), 0, 99).tolist()


def test_seeds_differ() -> None:
    scan = make_scan("permutation", "retrospective", 1.0)
    maxima = [scan.simulate(0, 99, seed=seed).tolist() for seed in (0, 1, 2**32, 2**63)]
    assert len({tuple(m) for m in maxima}) == len(maxima)


@every_scan
def test_the_stop_is_at_the_same_replicate_for_any_number_of_threads(
    model: str, times: str, mean: float
) -> None:
    scan = make_scan(model, times, mean)
    everything = simulate(scan, 0, 999)
    level = float(np.quantile(everything, 0.9)) + 1e-6
    exceeding = np.flatnonzero(everything > level)
    for stop_after in (1, 10, 50):
        n_done = int(exceeding[stop_after - 1]) + 1
        for n_threads in (1, 2, 4):
            stopped = scan.simulate(
                0, 999, seed=1, n_threads=n_threads, stop_above=level, stop_after=stop_after
            )
            assert stopped.tolist() == everything[:n_done].tolist()


def test_clusters_are_the_same_for_any_number_of_threads() -> None:
    for model, times, mean in SCANS:
        scan = make_scan(model, times, mean)
        tables = [scan.clusters(at_least=0.5, n_threads=n) for n in (1, 2, 4)]
        assert len(tables[0].centre) > 0
        for table in tables[1:]:
            for column in ("centre", "size", "start", "end", "statistic", "members"):
                assert getattr(table, column).tolist() == getattr(tables[0], column).tolist()


# ---- the same through specs ----------------------------------------------------------------------

SPEC = SpaceTimePermutation(max_duration_days=10, replicates=99, n_jobs=1)


def line_list() -> pd.DataFrame:
    random = np.random.default_rng(51)
    place = random.integers(30, size=400)
    points = random.random((30, 2))[place]
    day = pd.Timestamp(2024, 1, 1) + pd.to_timedelta(random.integers(60, size=400), unit="D")
    return pd.DataFrame({"location": place, "x": points[:, 0], "y": points[:, 1], "date": day})


def assert_same(a: ScanResult, b: ScanResult) -> None:
    assert a.simulated_maxima.tolist() == b.simulated_maxima.tolist()
    pd.testing.assert_frame_equal(a.clusters, b.clusters, check_exact=True)
    pd.testing.assert_frame_equal(a.members, b.members)


@pytest.mark.parametrize("p_values", ["monte_carlo", "sequential", "gumbel", "default"])
def test_results_of_any_number_of_threads(p_values: str) -> None:
    spec = dataclasses.replace(SPEC, p_values=p_values)  # type: ignore[arg-type]
    one = spec.scan(line_list())
    for n_jobs in (2, 4, None):
        assert_same(dataclasses.replace(spec, n_jobs=n_jobs).scan(line_list()), one)


def test_parts_of_other_processes_merged() -> None:
    cases = line_list()
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=2, mp_context=spawn) as pool:
        ranges = (range(37), range(37, 99))
        futures = [pool.submit(SPEC.simulate, cases, replicates=part) for part in ranges]
        merged = SimulatedMaxima.merge([future.result() for future in reversed(futures)])
        by_executor = SPEC.scan(cases, executor=pool)
    here = SPEC.scan(cases)
    assert_same(SPEC.scan(cases, simulated=merged), here)
    assert_same(by_executor, here)


def test_parts_of_machines_with_other_numbers_of_threads_can_be_merged() -> None:
    cases = line_list()
    parts = [
        dataclasses.replace(SPEC, n_jobs=n_jobs).simulate(cases, replicates=replicates)
        for n_jobs, replicates in ((1, range(37)), (2, range(37, 99)))
    ]
    assert_same(SPEC.scan(cases, simulated=SimulatedMaxima.merge(parts)), SPEC.scan(cases))
