"""Connects to PostgreSQL with the journal's settings, and turns what it reports into problems a person can act on."""

from __future__ import annotations

import logging

import psycopg
from psycopg import conninfo
from psycopg.types.numeric import Int8BinaryDumper
from typing_extensions import override

from engine.problems import Family, Problem
from tassist.store.database import StoreError
from tassist.text import safe_text

NAMESPACE = "tassist"
"""The schema (in PostgreSQL's sense) that holds every table of ours and of procrastinate's."""
_SECONDS = 5
_ALIVE = {"keepalives": "1", "keepalives_idle": "3", "keepalives_interval": "2", "keepalives_count": "2"}
# The server notices a machine that fell silent as soon as we notice the server: its locks are what others wait for.
# A process that is paused between two statements would hold its rows, and with them everybody's answers: its transaction
# is taken from it, and done again when it wakes.
_SERVER = "-c idle_in_transaction_session_timeout=3000 -c tcp_keepalives_idle=3 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=2 -c tcp_user_timeout=7000"

# It tells of every job and every heartbeat; what matters of that is said by those who use it.
logging.getLogger("procrastinate").setLevel(logging.CRITICAL)
logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)


class Address:
    """A database, by its connection string; the password is never shown."""

    def __init__(self, text: str) -> None:
        """Read the string.

        Raises:
            StoreError: it is none.
        """
        try:
            given = conninfo.conninfo_to_dict(text)
        except psycopg.Error:
            # libpq's message repeats the string, password and all.
            raise StoreError(
                Problem(
                    "database-wrong",
                    "the database's connection string cannot be read",
                    "it has the form postgresql://USER@HOST:PORT/DATABASE, or service=NAME",
                    "write it so, and keep the password in a passfile or in TASSIST_DATABASE",
                )
            ) from None
        self._named = {name: str(value) for name, value in given.items() if value is not None}
        options = " ".join(filter(None, (str(given.get("options") or ""), _SERVER, f"-c search_path={NAMESPACE}")))
        defaults = {"connect_timeout": str(_SECONDS), "tcp_user_timeout": "7000", "application_name": "tassist"}
        self.text = conninfo.make_conninfo(**{**_ALIVE, **defaults, **self._named, "options": options})
        self.hasty = conninfo.make_conninfo(self.text, options=f"{options} -c synchronous_commit=off")
        """For what may be forgotten in a power cut, since it only says who is at it: no commit waits for the disk."""

    @override
    def __str__(self) -> str:
        shown = self._named
        if "service" in shown and "host" not in shown:
            return safe_text(f"service={shown['service']}")
        user = f"{shown['user']}@" if shown.get("user") else ""
        port = f":{shown['port']}" if shown.get("port") else ""
        return safe_text(f"postgresql://{user}{shown.get('host', '')}{port}/{shown.get('dbname', '')}")

    @override
    def __repr__(self) -> str:
        return f"Address({self})"

    def connect(self) -> psycopg.Connection:
        """A connection without a transaction; those are written out by hand.

        Raises:
            psycopg.Error: as it comes.
        """
        connection = psycopg.connect(self.text, autocommit=True)
        # Every number of ours is a bigint. By default each size of number makes a statement of its own, planned anew.
        connection.adapters.register_dumper(int, Int8BinaryDumper)
        # Whatever the server's default is: what is acknowledged is on its disk.
        if connection.execute("SHOW synchronous_commit").fetchone() == ("off",):
            connection.execute("SET synchronous_commit = on")
        return connection


def store_error(error: Exception, where: Address | str) -> StoreError:
    """Say what an error of PostgreSQL means for the user."""
    state = str(getattr(error, "sqlstate", None) or "")
    slug, why, fix, family = _meaning(state, str(error))
    problem = Problem(slug, f"could not use the database {where}", safe_text(why, max_chars=300), fix, family=family)
    wrapped = StoreError(problem)
    wrapped.__cause__ = error
    return wrapped


def _meaning(state: str, said: str) -> tuple[str, str, str, Family]:
    said = " ".join(said.split())
    if state.startswith("28"):
        return "database-refused", said, "mend user and password: a passfile, or TASSIST_DATABASE", "auth"
    if state == "3D000":
        return "database-missing", said, "create it: createdb NAME", "yours"
    if state == "42501":
        return "database-forbidden", said, "grant the user CREATE on the database, once", "auth"
    if state.startswith("53"):
        return "store-full", said, "free some space or connections; nothing that was acknowledged is lost", "world"
    if state == "25006":
        return "store-read-only", said, "name the server that takes writes", "world"
    if not state or state.startswith(("08", "57")):
        return "store-unreachable", said, "check that it runs; work goes on by itself when it is back", "world"
    return "store-io", said, "see the database's log", "world"
