"""SaTScan's results for the speed workloads: clusters, and maxima of its own random streams."""

import gzip
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from enteroscan import ScanResult, satscan

pytestmark = pytest.mark.reference

LARGE = pytest.mark.slow

EVERY_REPLICATE, SOME_REPLICATES = "expected", "expected_99_replications"


def load(folder: Path, name: str, tmp_path: Path) -> satscan.SatscanAnalysis:
    """Unpack the files of a workload, which the parameter file names without .gz, and read them."""
    source = folder / "scale" / name
    shutil.copy(source / f"{name}.prm", tmp_path)
    for packed in source.glob(f"{name}.*.gz"):
        with gzip.open(packed) as file:
            (tmp_path / packed.stem).write_bytes(file.read())
    return satscan.load(tmp_path / f"{name}.prm")


def expected_clusters(folder: Path, name: str, run: str) -> pd.DataFrame:
    path = folder / "scale" / name / f"{run}.col.txt"
    return pd.read_csv(path, sep=r"\s+", dtype={"LOC_ID": str})


def expected_maxima(folder: Path, name: str, run: str) -> list[float]:
    path = folder / "scale" / name / f"{run}.llr.txt.gz"
    return sorted(pd.read_csv(path, sep=r"\s+").iloc[:, 0].tolist())


def check_clusters(result: ScanResult, expected: pd.DataFrame) -> None:
    """Compare to the digits printed: 6 of the statistic, 2 of radius and expected cases."""
    n = min(len(result.clusters), len(expected))
    assert n > 0
    ours, theirs = result.clusters.head(n), expected.head(n)
    assert ours["location"].tolist() == theirs["LOC_ID"].tolist()
    assert ours["n_locations"].tolist() == theirs["NUMBER_LOC"].tolist()
    assert ours["observed"].tolist() == theirs["OBSERVED"].tolist()
    for name, column in (("start", "START_DATE"), ("end", "END_DATE")):
        assert ours[name].tolist() == pd.to_datetime(theirs[column]).tolist()
    statistic = theirs["LLR" if "LLR" in theirs else "TEST_STAT"]
    np.testing.assert_allclose(ours["llr"], statistic, rtol=0, atol=0.5001e-6)
    np.testing.assert_allclose(ours["expected"], theirs["EXPECTED"], rtol=0, atol=0.5001e-2)
    np.testing.assert_allclose(ours["radius"], theirs["RADIUS"], rtol=0, atol=0.5001e-2)
    if "REL_RISK" in theirs:
        np.testing.assert_allclose(
            ours["relative_risk"], theirs["REL_RISK"], rtol=0, atol=0.5001e-2
        )


@pytest.mark.parametrize(
    ("name", "run", "replicates"),
    [
        pytest.param("S1", EVERY_REPLICATE, 999, marks=LARGE),
        pytest.param("S2", EVERY_REPLICATE, 999, marks=LARGE),
        pytest.param("S3", SOME_REPLICATES, 99, marks=LARGE),
        pytest.param("S6", EVERY_REPLICATE, 999, marks=LARGE),
    ],
)
def test_satscans_random_streams(
    reference_data: Path, tmp_path: Path, name: str, run: str, replicates: int
) -> None:
    analysis = load(reference_data, name, tmp_path)
    result = analysis.scan(replicates=replicates)
    maxima = [round(value, 6) for value in sorted(result.simulated_maxima.tolist())]
    assert maxima == expected_maxima(reference_data, name, run)
    expected = expected_clusters(reference_data, name, run)
    check_clusters(result, expected)
    assert len(result.clusters) == len(expected)
    np.testing.assert_allclose(result.clusters["p_value"], expected["P_VALUE"], rtol=0, atol=0.5e-2)


@pytest.mark.parametrize(
    ("name", "run", "replicates"),
    [
        pytest.param("S4", SOME_REPLICATES, 99, marks=LARGE),
        pytest.param("S5", EVERY_REPLICATE, 999, marks=LARGE),
    ],
)
def test_clusters_of_the_poisson_workloads(
    reference_data: Path, tmp_path: Path, name: str, run: str, replicates: int
) -> None:
    result = load(reference_data, name, tmp_path).scan(replicates=replicates)
    expected = expected_clusters(reference_data, name, run)
    check_clusters(result, expected)
    error = 5 * np.sqrt(2 * 0.25 / replicates)
    n = min(len(result.clusters), len(expected))
    p_values = result.clusters["p_value"].head(n)
    np.testing.assert_allclose(p_values, expected["P_VALUE"].head(n), rtol=0, atol=error)
