"""A PostgreSQL server for the time of a test run, in a folder that goes with it."""

import atexit
import functools
import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

__all__ = ["Server", "find_program", "server"]

NAMES = itertools.count(1)


def find_program(name: str) -> str | None:
    """Return the path of a program of PostgreSQL; Debian keeps most of them out of PATH."""
    debian = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda p: p.parts[4])
    return str(debian[-1]) if debian else shutil.which(name)


class Server:
    """A server that listens on a socket in its own folder, and nowhere else."""

    def __init__(self) -> None:
        """Start it, as somebody without privileges: the server refuses to be root."""
        self._user = "nobody" if os.geteuid() == 0 else None
        self.folder = Path(tempfile.mkdtemp(prefix="postgres-"))
        if self._user is not None:
            account = pwd.getpwnam(self._user)
            os.chown(self.folder, account.pw_uid, account.pw_gid)
        data = str(self.folder / "data")
        self.run("initdb", "-D", data, "-U", "owner", "-A", "trust", "-E", "UTF8", "--locale=C")
        # Nothing survives the tests, so nothing need wait for the disk; killed programs are not
        # killed servers.
        options = f"-k {self.folder} -c listen_addresses='' -c fsync=off"
        log = str(self.folder / "log")
        self.run("pg_ctl", "-D", data, "-l", log, "-w", "-o", options, "start")
        atexit.register(self.stop)

    def run(self, program: str, *arguments: str) -> str:
        """Run a program of PostgreSQL and return what it prints."""
        path = find_program(program)
        assert path is not None, f"{program} is not installed"
        done = subprocess.run(
            [path, *arguments],
            user=self._user,
            cwd=self.folder,
            check=True,
            text=True,
            capture_output=True,
            stdin=subprocess.DEVNULL,
        )
        return done.stdout

    def sql(self, statement: str, database: str = "postgres") -> str:
        """Run a statement and return the rows as text."""
        return self.run("psql", *self.options(database), "-qAtc", statement)

    def options(self, database: str) -> tuple[str, ...]:
        """Return what programs of PostgreSQL must be told to reach a database."""
        return "-h", str(self.folder), "-U", "owner", "-d", database

    def new_database(self) -> str:
        """Make an empty database and return its name."""
        name = f"ledger_{next(NAMES)}"
        self.sql(f"create database {name}")
        return name

    def url(self, database: str) -> str:
        """Return the address of a database."""
        return f"postgresql+psycopg://owner@/{database}?host={self.folder}"

    def stop(self) -> None:
        """Stop the server and remove its folder."""
        self.run("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "stop")
        shutil.rmtree(self.folder)


@functools.cache
def server() -> Server | None:
    """Return the server of this test run, started when first asked for; None: not installed."""
    return Server() if find_program("initdb") else None
