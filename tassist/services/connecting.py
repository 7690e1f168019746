"""Opens the connection to GitHub that a command needs, from the settings; the only thing all such commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from engine.config import Config, InvalidConfig, parse
from engine.model import IssueRef, Repo
from engine.ports import Gone
from engine.problems import Problem, ProblemError
from tassist import secrets
from tassist.config.settings import Settings
from tassist.errors import os_problem
from tassist.github.client import Patience
from tassist.github.connection import Connection
from tassist.github.limits import UNLIMITED, Limits
from tassist.text import safe_text

AT_A_TERMINAL = Patience(hold_s=120.0, queue_s=3600.0)
"""A person who waits for a command would rather wait a minute than start again."""


def connect(
    settings: Settings,
    *,
    dry: bool = False,
    patience: Patience = AT_A_TERMINAL,
    told: Callable[[float, str], None] | None = None,
) -> Connection:
    """A connection as the App of the settings; use it as an asynchronous context.

    Args:
        settings: As loaded.
        dry: Every token is minted read-only.
        patience: How long waits are slept through.
        told: Hears of waits a person would notice: seconds, and what for.

    Raises:
        ProblemError: the credentials are missing or wrong.
    """
    connection = Connection(secrets.load(settings), dry=dry, limits=limits(settings), patience=patience)
    if told is not None:
        connection.client.on_wait = told
    return connection


def limits(settings: Settings) -> Limits:
    """The budget of each installation, as the settings say."""
    return UNLIMITED if settings.text("api_limits") == "off" else Limits()


def parse_issue(text: str) -> tuple[str, int]:
    """``OWNER/NAME#N``, or the address of the issue's page, as name and number.

    Raises:
        ProblemError: it is neither.
    """
    plain = text.strip()
    if plain.startswith("https://") or plain.startswith("http://"):  # noqa: PIE810 – clearer so
        parts = plain.partition("://")[2].partition("#")[0].rstrip("/").split("/")
        if len(parts) >= 5 and parts[-2] in {"issues", "pull"} and parts[-1].isascii() and parts[-1].isdigit():
            return f"{parts[-4]}/{parts[-3]}", int(parts[-1][:12])
    repo, _, number = plain.rpartition("#")
    if repo.count("/") == 1 and number.isascii() and number.isdigit() and int(number[:12]) > 0 and len(number) <= 12:
        return repo, int(number)
    raise ProblemError(
        Problem(
            "issue-name-wrong",
            f"{safe_text(text, max_chars=100)!r} does not name an issue",
            "it has the form OWNER/NAME#NUMBER",
            "copy the address of its page, or write acme/app#12",
        )
    )


def config_file(path: Path) -> Config:
    """A valid configuration from a file of this machine.

    Raises:
        ProblemError: it cannot be read, or is invalid, with everything that is wrong.
    """
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise ProblemError(os_problem(error, doing="read the configuration from")) from None
    except UnicodeDecodeError as error:
        raise ProblemError(
            Problem("config-not-utf8", f"{safe_text(path)} is not UTF-8 text", str(error), "save it as UTF-8")
        ) from None
    return _valid(parse(text, file=str(path)))


async def repository_config(connection: Connection, repo: Repo) -> tuple[Config, str]:
    """A repository's own configuration, and where it is.

    Raises:
        ProblemError: there is none, or it is invalid, with everything that is wrong.
    """
    found = await connection.reader.config(IssueRef(repo.full_name, 0, repo.id))
    if isinstance(found, Gone):
        raise ProblemError(found.problem)
    if found.text is None:
        raise ProblemError(
            Problem(
                "config-missing",
                f"{repo.full_name} has no {connection.reader.config_path}",
                "it says what labels and milestones there are and what the rules do",
                "write one with: tassist config init; or give one with --config FILE",
            )
        )
    return _valid(parse(found.text, file=found.source.partition("@")[0])), found.source


def _valid(parsed: Config | InvalidConfig) -> Config:
    if isinstance(parsed, InvalidConfig):
        raise ProblemError(parsed.problems)
    return parsed
