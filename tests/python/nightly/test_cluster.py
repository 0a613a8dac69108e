"""A cluster finds the same as one machine, also when it loses a worker on the way."""

import importlib.util
import json
import pickle
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from enteroscan.cli import app
from enteroscan.errors import SpecError
from enteroscan.nightly import cluster as cluster_module
from enteroscan.nightly.backtest import backtest
from enteroscan.nightly.cluster import ClusterError, open_cluster
from enteroscan.nightly.config import load_config
from enteroscan.nightly.run import run
from enteroscan.scan import SpaceTimePermutation
from reference.dask_cluster import DaskCluster

from .conftest import LOUD, Job

N_WORKERS = 4  # two tests kill one each
MANY = """
[detectors.places]
kind = "scan"
options = { max_radius_km = 5, max_duration_days = 14, replicates = 199 }

[detectors.counts]
kind = "time_series"

[[streams]]
name = "Fever"
syndrome = ["fever"]

[[streams]]
name = "bad"
syndrome = ["no such symptom"]
detectors = ["places"]
"""
HOOK = '[notify.webhook]\nurl = "https://example.org/secret"\n'
needs_distributed = pytest.mark.skipif(
    importlib.util.find_spec("distributed") is None, reason="distributed is not installed"
)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    with closing(DaskCluster(tmp_path_factory.mktemp("dask"), N_WORKERS)) as cluster:
        yield cluster


@dataclass
class KillOne:
    """Kills a worker that is at work, when it is told of progress."""

    cluster: DaskCluster
    killed: list[str] = field(default_factory=list)

    def __call__(self, _share: float) -> None:
        from distributed import default_client

        client = default_client()
        names = {url: one["name"] for url, one in client.scheduler_info()["workers"].items()}
        busy = [url for url, tasks in client.processing().items() if tasks]
        if busy and not self.killed:
            self.killed.append(names[busy[-1]])
            self.cluster.kill(self.killed[0])


def found(path: Path, night: date) -> dict[str, Any]:
    """Return what the report of a night says, but for how it came about."""
    file = path.parent / f"reports/enteroscan-{night}.json"
    document = json.loads(file.read_text("utf-8"))
    for row in document["streams"]:
        del row["seconds"]
    return {name: document[name] for name in ("signals", "streams")}


def on(cluster: DaskCluster) -> str:
    return f'[run]\nexecutor = "{cluster.url}"\n'


@needs_distributed
def test_a_night_is_the_same_although_a_worker_is_killed(job: Job, cluster: DaskCluster) -> None:
    path = job(MANY)
    alone = run(path, as_of=LOUD)
    wanted = found(path, LOUD)
    (path.parent / "ledger.sqlite").unlink()
    kill = KillOne(cluster)
    shared = run(job(MANY + on(cluster)), as_of=LOUD, progress=kill)
    assert len(kill.killed) == 1
    assert (shared.failed, shared.n_news) == (alone.failed, alone.n_news)
    assert alone.n_news > 0
    assert found(path, LOUD) == wanted


@needs_distributed
def test_replicates_are_the_same_although_a_worker_is_killed(cluster: DaskCluster) -> None:
    cases = pd.DataFrame({"x": range(300), "y": 0, "date": pd.Timestamp("2024-01-01")})
    cases["date"] += pd.to_timedelta(cases.index % 97, unit="D")
    spec = SpaceTimePermutation(max_duration_days=14, max_radius=50, replicates=4_999)
    alone = spec.scan(cases)
    kill = KillOne(cluster)
    with open_cluster(cluster.url) as opened:
        shared = spec.scan(cases, executor=opened.executor, progress=kill)
    assert len(kill.killed) == 1
    np.testing.assert_array_equal(shared.simulated_maxima, alone.simulated_maxima)
    pd.testing.assert_frame_equal(shared.clusters, alone.clusters)


@needs_distributed
def test_a_night_of_fewer_streams_than_workers_is_the_same(
    job: Job, done: Path, cluster: DaskCluster
) -> None:
    path = job(on(cluster))
    assert run(path, as_of=LOUD).n_news == 1
    assert found(path, LOUD) == found(done, LOUD)


@needs_distributed
def test_replayed_nights_are_the_same(job: Job, cluster: DaskCluster) -> None:
    first = LOUD - timedelta(days=2)
    alone = backtest(job(), first=first, last=LOUD)
    shared = backtest(job(on(cluster)), first=first, last=LOUD)
    pd.testing.assert_frame_equal(shared.signals, alone.signals)
    assert len(alone.signals) > 0


@needs_distributed
def test_neither_addresses_nor_secrets_travel(job: Job) -> None:
    secret = '[ledger]\nurl = "postgresql://owner:secret@host/ledger"\n'
    config = load_config(job(secret + HOOK))
    assert b"secret" in pickle.dumps(config)
    assert b"secret" not in pickle.dumps(config.for_workers())


@needs_distributed
def test_a_cluster_that_is_lost_on_the_way(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is recorded, and the next run does the night."""
    with closing(DaskCluster(tmp_path, 1)) as cluster:

        def kill(share: float) -> None:
            if share > 0.2:
                cluster.scheduler.kill()

        with pytest.raises(ClusterError, match="nothing was recorded"):
            run(job(MANY + on(cluster)), as_of=LOUD, progress=kill)
    monkeypatch.setattr(cluster_module, "CONNECT_S", 1.0)
    gone = CliRunner().invoke(app, ["nightly", str(tmp_path / "night.toml"), "--as-of", str(LOUD)])
    assert (gone.exit_code, f"no scheduler answers at {cluster.url}" in gone.stderr) == (2, True)
    assert run(job(), as_of=LOUD).exit_code == 10


@needs_distributed
def test_a_cluster_without_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_module, "CONNECT_S", 5.0)
    with (
        closing(DaskCluster(tmp_path, 0)) as cluster,
        pytest.raises(ClusterError, match="has no workers"),
        open_cluster(cluster.url),
    ):
        pass


def test_without_the_package_the_message_says_how_to_get_it(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    path = job('[run]\nexecutor = "dask://127.0.0.1:8786"\n')
    done = CliRunner().invoke(app, ["nightly", str(path), "--as-of", str(LOUD)])
    assert (done.exit_code, "enteroscan[dask]" in done.stderr) == (2, True)


@pytest.mark.parametrize("address", ["tcp://host:1", "dask://host", "dask://me:secret@host:1"])
def test_what_is_no_address_is_refused(job: Job, address: str) -> None:
    with pytest.raises(SpecError, match="dask://HOST:PORT"):
        load_config(job(f'[run]\nexecutor = "{address}"\n'))
