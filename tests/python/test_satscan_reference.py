"""Runs of SaTScan 10.3.2: the same parameter files must give the same clusters.

Statistics are compared to 1e-6, what is printed with fewer digits to these. With SaTScan's random
numbers, which `load` asks for where they are known, everything is the same: p-values, critical
values and the number of clusters, too. With our own, p-values are compared by Fisher's exact test
at FALSE_ALARM for each; of some 300 in this file, one would fail by chance in 1 of 3,000 choices of
the seed, and the seed is fixed. Then only the common beginning of the lists is compared: a list
ends where no replicate has a lower maximum, so its last clusters, with p near 1, depend on chance.

`python tests/python/test_satscan_reference.py ../shared/data` prints a table of all runs.
"""

import json
import math
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from rich.console import Console
from rich.table import Table
from scipy.stats import fisher_exact

from enteroscan import ScanResult, satscan
from enteroscan._inference import period_between_scans

pytestmark = pytest.mark.reference

Run = dict[str, Any]

RELATIVE = 1e-6
PRINTED = 1e-10  # half a digit more than the ten decimals
FALSE_ALARM = 1e-6

# Models whose random numbers in SaTScan are known: space-time permutation, Bernoulli.
WITH_ITS_RANDOM_NUMBERS = (
    "mc_nhumberside_bernoulli",
    "mc_nyc_stp",
    "nh_circ_both",
    "nm_bernoulli_ps_high",
    "nm_bernoulli_st_retro_high",
    "nm_stp_retro_cov",
    "nyc_prosp_7d_50pct",
    "nyc_prosp_7d_50pct_both",
    "nyc_prosp_agg2",
    "nyc_retro_7d_50pct",
    "nyc_retro_7d_crit1_nocentersinother",
    "nyc_retro_7d_norestrict",
    "nyc_retro_weekly_adj",
    "shipped_nhumberside_bernoulli",
    "shipped_nyc_stp",
)
POISSON = (
    "mc_nm_st_poisson",
    "nm_ps_cov_high",
    "nm_ps_max150km",
    "nm_ps_minrr",
    "nm_ps_nocov_both",
    "nm_pt_cov_high",
    "nm_pt_prosp_nocov",
    "nm_st_agg2y",
    "nm_st_incl_pure",
    "nm_st_knownrr",
    "nm_st_prosp_cov_high",
    "nm_st_retro_cov_high",
    "nm_st_retro_nocov_high",
    "shipped_nm_st_poisson",
)
SUPPORTED = (*WITH_ITS_RANDOM_NUMBERS, *POISSON)

# What waits for later work, and the settings that must be named.
UNSUPPORTED = {
    "batched_retro": {"ModelType"},
    "continuous_poisson_both": {"ModelType"},
    "exponential_ps": {"ModelType"},
    "mc_continuous_poisson": {"ModelType"},
    "mc_exponential_fake": {"ModelType"},
    "mc_maryland_ordinal": {"ModelType"},
    "mc_normal_fake": {"ModelType"},
    "md_multinomial": {"ModelType"},
    "nh_circ_gini": {"ReportGiniClusters"},
    "nh_elliptic_medium": {"SpatialWindowShapeType"},
    "nm_multiset_sex": {"CaseFile2", "PopulationFile2"},
    "nm_multiset_sex_adjust": {"CaseFile2", "PopulationFile2"},
    "nm_ps_elliptic_medium": {"SpatialWindowShapeType"},
    "nm_ps_iterative": {"IterativeScan"},
    "nm_ps_monotone": {"IsotonicScan"},
    "nm_st_loglin_calc": {"TimeTrendAdjustmentType"},
    "nm_st_spatial_stratified": {"SpatialAdjustmentType"},
    "nm_st_time_stratified": {"TimeTrendAdjustmentType"},
    "nm_svtt": {"AnalysisType"},
    "normal_both": {"ModelType"},
    "nyc_retro_elliptic": {"SpatialWindowShapeType"},
    "nyc_stp_multiset": {"CaseFile2"},
    "nyc_uniformtime_retro": {"ModelType"},
    "shipped_batched_retro": {"ModelType"},
    "shipped_continuous_poisson": {"ModelType"},
    "shipped_exponential_fake": {"ModelType"},
    "shipped_maryland_ordinal": {"ModelType"},
    "shipped_normal_fake": {"ModelType"},
}


@cache
def runs(folder: Path) -> dict[str, Run]:
    cases = json.loads((folder / "satscan" / "cases.json").read_text(encoding="utf-8"))
    return {run["case"]: run for run in cases}


def load(folder: Path, name: str) -> satscan.SatscanAnalysis:
    return satscan.load(folder / "satscan" / "prm" / f"{name}.prm")


def differences(result: ScanResult, run: Run, *, same_random_numbers: bool) -> Iterator[str]:
    """Say what differs between our result and a run."""
    ours, theirs = result.to_dict()["clusters"], run["clusters"]
    if same_random_numbers and len(ours) != len(theirs):
        yield f"{len(ours)} instead of {len(theirs)} clusters"
    if not ours:
        yield "no cluster"
    for own, their in zip(ours, theirs, strict=False):
        for difference in cluster_differences(own, their):
            yield f"cluster {their['cluster']}: {difference}"
    if same_random_numbers:
        yield from inference_differences(result, run)
    elif result.spec.p_values == "monte_carlo":
        yield from chance_differences(result, run)


def cluster_differences(ours: Run, theirs: Run) -> Iterator[str]:
    """Compare what does not depend on random numbers."""
    for name in ("members", "observed"):
        if ours[name] != theirs[name]:
            yield f"{name} {ours[name]} instead of {theirs[name]}"
    if ours["location"] != theirs["central_location"]:
        yield f"centre {ours['location']} instead of {theirs['central_location']}"
    if not period_is(ours["start"], ours["end"], theirs["start_date"], theirs["end_date"]):
        yield f"{ours['start']} to {ours['end']} instead of {theirs['start_date']} to ..."
    statistic = theirs["test_statistic"] if theirs["llr"] is None else theirs["llr"]
    numbers = {"test_statistic": statistic}
    for name in ("expected", "observed_over_expected", "relative_risk", "radius", "span"):
        numbers[name] = theirs.get(name)
    for name, number in numbers.items():
        if not is_close(ours.get(name), number):
            yield f"{name} {ours.get(name)} instead of {number}"


def is_close(ours: float | None, theirs: float | None) -> bool:
    if ours is None or theirs is None:
        return ours is theirs
    return math.isclose(ours, theirs, rel_tol=RELATIVE, abs_tol=PRINTED)


def period_is(start: str, end: str, their_start: str, their_end: str) -> bool:
    """Compare dates; clusters in time alone are written as precisely as the unit of time is."""
    for own, their, rest in ((start, their_start, "-01-01"), (end, their_end, "-12-31")):
        parts = their.split("/")
        written = "-".join(part.zfill(2) for part in parts) + (rest if len(parts) == 1 else "")
        if own != written:
            return False
    return True


def inference_differences(result: ScanResult, run: Run) -> Iterator[str]:
    """Compare what random numbers decide, if they are the same."""
    maxima = result.simulated_maxima
    numbers = {
        "number of maxima": (float(len(maxima)), run["n_simulated"]),
        "greatest maximum": (maxima.max(), run["max_simulated_llr"]),
        "mean of maxima": (maxima.mean(), run["simulated_llr_mean"]),
    }
    for alpha, value in run["critical_values"].get("monte_carlo", {}).items():
        own = result.critical_values["monte_carlo"][float(alpha)]
        numbers[f"critical value {alpha}"] = (round(own, 6), value)
    for (_, own), their in zip(result.clusters.iterrows(), run["clusters"], strict=False):
        where = f"cluster {their['cluster']}"
        numbers[f"{where}: p"] = (own["p_value"], their["p_value"])
        if their["gumbel_p_value"] is not None:
            numbers[f"{where}: Gumbel p"] = (own["gumbel_p_value"], their["gumbel_p_value"])
        if their["recurrence_interval_days"] is not None:
            days = float(np.floor(own["recurrence_interval_days"] + 0.5))
            numbers[f"{where}: recurrence"] = (days, their["recurrence_interval_days"])
    for name, (ours, theirs) in numbers.items():
        if not math.isclose(ours, theirs, rel_tol=RELATIVE, abs_tol=PRINTED):
            yield f"{name} {ours} instead of {theirs}"


def chance_differences(result: ScanResult, run: Run) -> Iterator[str]:
    """Compare what random numbers decide, if they are not the same."""
    clusters, n = result.clusters, len(result.simulated_maxima)
    ranks = clusters["rank"].tolist()
    their_ranks = [round(cluster["p_value"] * (n + 1)) for cluster in run["clusters"]]
    longest = max(len(ranks), len(their_ranks))
    for at in range(longest):  # a cluster that is not in a list has the last rank
        own = ranks[at] if at < len(ranks) else n + 1
        their = their_ranks[at] if at < len(their_ranks) else n + 1
        table = np.array([[own - 1, n + 1 - own], [their - 1, n + 1 - their]])
        if fisher_exact(table).pvalue < FALSE_ALARM:
            yield f"cluster {at + 1}: rank {own} instead of {their}"
    if result.spec.is_prospective:
        intervals = period_between_scans(result.spec) / clusters["p_value"]
        if not np.allclose(clusters["recurrence_interval_days"], intervals.clip(lower=1.0)):
            yield "recurrence intervals are not the time between scans over p"
        for cluster in run["clusters"]:
            interval = period_between_scans(result.spec) / cluster["p_value"]
            if abs(cluster["recurrence_interval_days"] - interval) > 0.5 + RELATIVE:
                yield "their recurrence interval is not the time between scans over p"


def test_every_run_is_expected_to_pass_or_to_be_refused(reference_data: Path) -> None:
    assert sorted([*SUPPORTED, *UNSUPPORTED]) == sorted(runs(reference_data))


@pytest.mark.parametrize("name", SUPPORTED)
def test_same_clusters_as_satscan(reference_data: Path, name: str) -> None:
    result = load(reference_data, name).scan(random_stream="philox")
    run = runs(reference_data)[name]
    assert list(differences(result, run, same_random_numbers=False)) == []


@pytest.mark.parametrize("name", WITH_ITS_RANDOM_NUMBERS)
def test_same_p_values_and_number_of_clusters(reference_data: Path, name: str) -> None:
    result = load(reference_data, name).scan()
    run = runs(reference_data)[name]
    assert list(differences(result, run, same_random_numbers=True)) == []


@pytest.mark.parametrize("name", UNSUPPORTED)
def test_settings_that_are_not_supported_are_named(reference_data: Path, name: str) -> None:
    with pytest.raises(satscan.UnsupportedSetting) as caught:
        load(reference_data, name)
    assert {setting for setting, _, _ in caught.value.settings} == UNSUPPORTED[name]
    for setting in UNSUPPORTED[name]:
        value = runs(reference_data)[name]["settings"][setting]
        assert f"{setting}=" in str(caught.value)
        assert Path(value).name in str(caught.value)


@pytest.mark.parametrize("name", SUPPORTED)
def test_number_of_locations_cases_and_intervals(reference_data: Path, name: str) -> None:
    analysis = load(reference_data, name)
    result = analysis.scan(replicates=0)
    run = runs(reference_data)[name]
    assert (analysis.ignored, analysis.dropped) == ((), ())
    assert result.n_cases == run["n_cases"]
    assert result.n_locations == (run["n_locations"] or 1)
    # 19 years in intervals of 2: they are 9, the first of 3 years; the list of runs has rounded up.
    assert result.n_intervals == (9 if name == "nm_st_agg2y" else run["n_time_steps"])


def verdict(folder: Path, name: str) -> str:
    """Say how a run compares."""
    try:
        analysis = load(folder, name)
    except satscan.UnsupportedSetting as error:
        meanings = dict.fromkeys(meaning for _, _, meaning in error.settings)
        return f"waits for: {', '.join(meanings)}"
    same = name in WITH_ITS_RANDOM_NUMBERS
    run = runs(folder)[name]
    different = list(differences(analysis.scan(), run, same_random_numbers=same))
    if different:
        return "differs: " + "; ".join(different)
    return "same, with all p-values" if same else "same; p-values within chance"


def print_table(folder: Path) -> None:
    """Print how all runs in a folder of reference data compare."""
    table = Table("run", "clusters", "verdict", title="Runs of SaTScan 10.3.2")
    for name, run in runs(folder).items():
        table.add_row(name, str(run["n_clusters"]), verdict(folder, name))
    console = Console()
    console.width = max(120, console.width)
    console.print(table)


if __name__ == "__main__":
    typer.run(print_table)
