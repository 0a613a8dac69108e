"""A Dask cluster for the time of a test: a scheduler and workers, each a process of its own."""

import socket
import subprocess
import sys
from pathlib import Path

__all__ = ["DaskCluster"]


class DaskCluster:
    """A scheduler and workers of one thread each; nothing restarts a worker that is killed."""

    def __init__(self, folder: Path, n_workers: int) -> None:
        """Start it; who connects waits until it is there."""
        port = _free_port()
        self.url = f"dask://127.0.0.1:{port}"
        self.scheduler = _start(folder, "scheduler", "--port", str(port))
        address = f"tcp://127.0.0.1:{port}"
        one_thread = ("--nthreads", "1", "--no-nanny", "--local-directory", str(folder))
        self.workers = {
            name: _start(folder, "worker", address, "--name", name, *one_thread)
            for name in (f"w{i}" for i in range(n_workers))
        }

    def kill(self, name: str) -> None:
        """Kill a worker."""
        self.workers[name].kill()

    def close(self) -> None:
        """End all of it."""
        for process in (*self.workers.values(), self.scheduler):
            process.kill()
            process.wait()


def _start(folder: Path, kind: str, *options: str) -> "subprocess.Popen[bytes]":
    with (folder / "dask.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "dask", kind, *options, "--host", "127.0.0.1", "--no-dashboard"],
            cwd=folder,
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
        )


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
