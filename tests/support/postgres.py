"""A PostgreSQL for tests: the one at hand, a database of its own for each session, or a cluster that may be killed."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

VARIABLE = "TASSIST_TEST_POSTGRESQL"
_BINARIES = Path("/usr/lib/postgresql")


def server() -> str | None:
    """The address of a server whose databases may be made and dropped, or ``None``."""
    import psycopg

    named = os.environ.get(VARIABLE)
    for address in [named] if named else ["postgresql://postgres@127.0.0.1:5432/postgres", "postgresql:///postgres"]:
        with contextlib.suppress(psycopg.Error), psycopg.connect(address, connect_timeout=2) as connection:
            row = connection.execute("SELECT rolcreatedb FROM pg_roles WHERE rolname = current_user").fetchone()
            if row == (True,):
                return address
    return None


def needed() -> str:
    """The server's address, or the test is skipped."""
    found = server()
    if found is None:
        pytest.skip(f"no PostgreSQL answers on 127.0.0.1:5432 or the local socket; name one with {VARIABLE}")
    return found


@contextlib.contextmanager
def database(address: str) -> Iterator[str]:
    """An empty database of its own; its address."""
    import psycopg
    from psycopg import conninfo, sql

    name = f"tassist_test_{secrets.token_hex(6)}"
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        yield conninfo.make_conninfo(address, dbname=name)
    finally:
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def empty(address: str) -> None:
    """Take everything of ours out of a database; the tables stay, where they are there already."""
    import psycopg
    from psycopg import sql

    others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    with psycopg.connect(address, autocommit=True) as connection:
        # The server ends the sessions of whoever was killed a moment after its death; until then they hold their locks.
        until = time.monotonic() + 10.0
        while connection.execute(others).fetchone() != (0,) and time.monotonic() < until:
            time.sleep(0.02)
        tables = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'tassist' AND tablename <> 'meta'"
        ).fetchall()
        if tables:
            names = sql.SQL(", ").join(sql.Identifier("tassist", name) for (name,) in tables)
            connection.execute(sql.SQL("TRUNCATE {} RESTART IDENTITY CASCADE").format(names))
            connection.execute("DELETE FROM tassist.meta WHERE key NOT LIKE 'schema%'")


class Cluster:
    """A server of its own, which may be killed and started again."""

    def __init__(self, folder: Path, binaries: Path, user: list[str]) -> None:
        self.folder = folder
        self._binaries = binaries
        self._user = user
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        self.address = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def _run(self, program: str, *arguments: str) -> None:
        command = [*self._user, str(self._binaries / program), *arguments]
        subprocess.run(command, check=True, capture_output=True, cwd="/", timeout=60)

    def make(self) -> None:
        """Create it, as small and as quick as it goes; what is committed is on the disk all the same."""
        self._run(
            "initdb",
            "-D",
            str(self.folder / "data"),
            "-A",
            "trust",
            "-U",
            "postgres",
            "-E",
            "UTF8",
            "--no-instructions",
        )

    def start(self) -> None:
        """Start it and wait until it takes connections."""
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c shared_buffers=32MB"
        self._run(
            "pg_ctl",
            "-D",
            str(self.folder / "data"),
            "-l",
            str(self.folder / "log"),
            "-o",
            options,
            "-w",
            "-t",
            "30",
            "start",
        )

    def kill(self) -> None:
        """Kill every process of it at once, as a power cut would."""
        import signal

        pid = int((self.folder / "data" / "postmaster.pid").read_text().split()[0])
        children = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False).stdout.split()
        for one in [pid, *map(int, children)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(one, signal.SIGKILL)
        (self.folder / "data" / "postmaster.pid").unlink(missing_ok=True)

    def stop(self) -> None:
        """End it."""
        with contextlib.suppress(subprocess.CalledProcessError):
            self._run("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "-w", "stop")


@contextlib.contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """A running server of its own, or the test is skipped."""
    found = sorted(_BINARIES.glob("*/bin/initdb"))
    if not found:
        pytest.skip("there is no initdb below /usr/lib/postgresql: a server of its own cannot be made")
    # initdb refuses to run as root.
    user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if user and shutil.which("runuser") is None:
        pytest.skip("initdb refuses to run as root, and there is no runuser")
    place = Path("/tmp") / f"tassist-pg-{secrets.token_hex(4)}"
    place.mkdir(mode=0o700)
    if user:
        shutil.chown(place, "postgres")
    made = Cluster(place, found[-1].parent, user)
    try:
        made.make()
        made.start()
        yield made
    finally:
        made.stop()
        shutil.rmtree(place, ignore_errors=True)
