"""Opens the journal where it is: in a file of a folder, or in a database."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from engine.ports import Clock
from engine.problems import Problem, ProblemError
from tassist.clock import SystemClock
from tassist.config.settings import Place
from tassist.store.database import FILE_NAME
from tassist.store.ports import Journal
from tassist.text import safe_text

if TYPE_CHECKING:
    from tassist.store.postgres.journal import PostgresJournal

Where = Path | Place
"""A folder, or what the settings say: a folder and, where the journal is not in it, a database."""


def database_of(where: Where) -> str:
    """The database's connection string, with whatever it holds; empty where the journal is a file."""
    return where.database.reveal().strip() if isinstance(where, Place) else ""


def home_of(where: Where) -> Path:
    """The folder of everything that is this machine's alone."""
    return where.home if isinstance(where, Place) else where


def has_journal(where: Where) -> bool:
    """Whether there may be a journal to open; a database is only asked when it is opened."""
    return bool(database_of(where)) or (home_of(where) / FILE_NAME).is_file()


def open_existing(where: Where) -> Journal:
    """The journal, never a new one; close it.

    Raises:
        ProblemError: there is none, or it cannot be read.
    """
    text = database_of(where)
    if text:
        return open_database(text, create=False)
    if not has_journal(where):
        raise ProblemError(
            Problem(
                code="no-journal",
                what=f"there is no journal in {safe_text(home_of(where))}",
                why="no service has run with this folder",
                fix="name the service's folder with --home",
            )
        )
    from tassist.store.journal import Journal as FileJournal

    return FileJournal.open(home_of(where))


def open_database(text: str, *, create: bool = True, clock: Clock | None = None) -> PostgresJournal:
    """The journal in a database; close it.

    Raises:
        ProblemError: the extra is not installed, or the database cannot be used.
    """
    with _installed():
        from tassist.store.postgres.address import Address
        from tassist.store.postgres.journal import PostgresJournal
    return PostgresJournal.open(Address(text), clock or SystemClock(), create=create)


def check_address(text: str) -> None:
    """Judge what names a database, without asking it; nothing names none.

    Raises:
        ProblemError: the extra is not installed, or the text is no connection string.
    """
    if text:
        with _installed():
            from tassist.store.postgres.address import Address
        Address(text)


@contextmanager
def _installed() -> Iterator[None]:
    """Says in words that what talks to PostgreSQL is not installed."""
    try:
        yield
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in {"psycopg", "psycopg_pool", "psycopg_binary", "procrastinate"}:
            raise
        raise ProblemError(
            Problem(
                "postgresql-not-installed",
                "the journal is to be in PostgreSQL, and what talks to it is not installed",
                f"there is no package {error.name}",
                "pip install 'tassist[postgresql]'",
            )
        ) from None


def holds_password(text: str) -> bool:
    """Whether a connection string holds a password: everybody on the machine sees a command's arguments."""
    if re.search(r"(^|[\s?&])(ssl)?password\s*=", text, re.IGNORECASE):
        return True
    try:
        return "://" in text and urlsplit(text).password is not None
    except ValueError:
        return True  # what cannot be read may hold one
