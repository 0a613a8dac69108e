"""Other machines that share the work: a Dask cluster.

>>> with open_cluster("dask://scheduler:8786") as cluster:  # doctest: +SKIP
...     result = spec.scan(cases, executor=cluster.executor)
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, Executor, Future, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from enteroscan._language import Texts
from enteroscan.errors import EnteroscanError, MissingExtra

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["Cluster", "ClusterError", "open_cluster"]

SCHEME = "dask://"
CONNECT_S = 10.0  # how long to wait for the scheduler, and for a first worker

Progress = Callable[[float], object]


class ClusterError(EnteroscanError):
    """The cluster cannot be used; nothing was recorded."""


@dataclass(frozen=True)
class Cluster:
    """A cluster at work; `open_cluster` gives it.

    `executor` is like those of `concurrent.futures`. A task whose worker is lost is done again by
    another one. `n_threads` is how many tasks run at once.
    """

    executor: Executor
    n_threads: int
    _client: "Client"

    def each(
        self,
        work: Callable[..., Any],
        common: tuple[Any, ...],
        tasks: Sequence[tuple[Any, ...]],
        progress: Progress,
    ) -> "list[Future[Any]]":
        """Do `work(*common, *task)` for every task, and return when all is done.

        What is common travels to every machine once. Where the cluster is
        lost, futures are cancelled.
        """
        # Every worker has it: no other needs those that are lost.
        sent = self._client.scatter(common, broadcast=True)
        futures = [self.executor.submit(_work, work, sent, task) for task in tasks]
        for number, _ in enumerate(as_completed(futures), start=1):
            progress(number / len(futures))
        return futures


def _work(work: Callable[..., Any], common: tuple[Any, ...], task: tuple[Any, ...]) -> Any:  # noqa: ANN401
    return work(*common, *task)


@contextmanager
def open_cluster(address: str) -> Iterator[Cluster]:
    """Connect to a cluster.

    Parameters
    ----------
    address
        ``dask://host:port`` of the scheduler.

    Raises
    ------
    MissingExtra
        `distributed` is not installed.
    ClusterError
        No scheduler answers, it has no workers, a worker has another version of enteroscan; or,
        from the body of the ``with``, the cluster was lost.
    """
    try:
        from distributed import Client, KilledWorker
    except ImportError as error:
        raise MissingExtra("distributed", "dask") from error  # noqa: EM101
    texts = Texts(None, "cluster")
    try:
        client = Client(address.replace(SCHEME, "tcp://", 1), timeout=CONNECT_S)
    except (OSError, TimeoutError) as error:
        raise ClusterError(texts("no_scheduler", address=address)) from error
    with client:
        try:
            client.wait_for_workers(1, timeout=CONNECT_S)
        except TimeoutError as error:
            raise ClusterError(texts("no_workers", address=address)) from error
        _refuse_other_versions(client, texts)
        n_threads = sum(client.nthreads().values())
        executor = client.get_executor(pure=False)
        executor._max_workers = n_threads  # by this, scans know into how many parts to go
        try:
            yield Cluster(executor, n_threads, client)
        except (CancelledError, KilledWorker) as error:
            raise ClusterError(texts("lost", error=error)) from error


def _refuse_other_versions(client: "Client", texts: Texts) -> None:
    """Other versions may find other things."""
    here = version("enteroscan")
    others = client.run(version, "enteroscan", on_error="return")
    for worker, there in others.items():
        if there != here:
            raise ClusterError(texts("other_version", worker=worker, there=there, here=here))
