"""Whatever goes wrong becomes words with a fix, a documented exit code, and never a secret."""

from __future__ import annotations

import errno
import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.problems import Problem, ProblemError, Where
from tassist import log
from tassist.errors import EXIT_BY_FAMILY, Exit, exit_code, os_problem, problems_of, redact

PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEcanary\n-----END RSA PRIVATE KEY-----"


@pytest.mark.parametrize(
    "text",
    [
        PEM,
        "-----BEGIN PRIVATE KEY-----\nMIIEcanary cut off",
        "token ghs_canary0123456789",
        "a track called trackghp_canary0123456789canary0123456789",
        "github_pat_canary0123456789",
        "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJjYW5hcnkifQ.c2lnbmF0dXJl",
        "https://user:canary@host/path",
        "Authorization: Bearer canary-token",
    ],
    ids=["pem", "cut pem", "installation token", "glued to a word", "personal token", "jwt", "address", "header"],
)
def test_h77_what_looks_like_a_credential_is_blanked(text: str) -> None:
    shown = redact(f"before {text} after")

    assert "canary" not in shown
    assert "eyJhbGciOiJSUzI1NiJ9" not in shown
    assert shown.startswith("before ")


def test_a_known_secret_is_blanked_wherever_it_stands() -> None:
    assert redact("secret=hunter22.", "hunter22") == "secret=***."


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, "no-disk-space"),
        (errno.EROFS, "read-only"),
        (errno.EACCES, "no-permission"),
        (errno.EADDRINUSE, "port-in-use"),
        (errno.ENOENT, "no-such-file"),
        (errno.EIO, "io-error"),
    ],
)
def test_an_error_of_the_system_says_what_why_and_what_to_do(number: int, code: str) -> None:
    problem = os_problem(OSError(number, "text", "/some/\x1bplace"), doing="write the journal")

    assert problem.code == code
    assert problem.what.startswith("could not write the journal /some/")
    assert "\x1b" not in problem.what
    assert problem.why
    assert problem.fix
    assert exit_code([problem]) == Exit.UNAVAILABLE


def test_an_unforeseen_exception_is_called_a_bug_of_ours_without_its_secrets() -> None:
    (problem,) = problems_of(RuntimeError(f"with {PEM} in it"))

    assert problem.family == "ours"
    assert "canary" not in str(problem)


def test_every_family_has_an_exit_code() -> None:
    assert set(EXIT_BY_FAMILY) == {"yours", "world", "ours", "auth", "waiting"}


def test_a_problem_reads_as_place_what_why_fix() -> None:
    problem = Problem(
        "code", "what happened", why="the reason", fix="do this", where=Where("a.yml", 3, 7, "tracks[0].id")
    )

    assert str(problem) == "a.yml:3:7 (tracks[0].id): what happened\n  why: the reason\n  fix: do this"


def test_an_error_without_problems_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="at least one"):
        ProblemError([])


@pytest.fixture
def log_lines() -> Iterator[io.StringIO]:
    """The product's log as JSON, put back afterwards."""
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    stream = io.StringIO()
    log.set_up(as_json=True, stream=stream)
    yield stream
    root.handlers[:], root.level = before[0], before[1]


def test_h74_a_log_line_is_one_line_of_json_without_secrets_or_control_characters(log_lines: io.StringIO) -> None:
    logger = log.get_logger("part")

    log.log_event(logger, "thing-seen", "saw a thing", title="\x1b[2J\nforged line", key=PEM, count=3, labels=["a\r"])
    try:
        raise RuntimeError(PEM)
    except RuntimeError:
        logger.exception("it broke")

    first, second = (json.loads(line) for line in log_lines.getvalue().splitlines())
    assert (first["action"], first["title"], first["count"]) == ("thing-seen", "␛[2J forged line", 3)
    assert "canary" not in log_lines.getvalue()
    assert second["error"].startswith("RuntimeError")


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (["--version"], Exit.OK, ""),
        (["nope"], Exit.USAGE, "fix: tassist --help"),
        (["--nope"], Exit.USAGE, "error: No such option"),
    ],
    ids=["version", "unknown command", "unknown option"],
)
def test_the_command_line_answers_with_a_documented_code(
    args: list[str], code: Exit, words: str, project_root: Path
) -> None:
    done = subprocess.run([sys.executable, "-m", "tassist", *args], capture_output=True, text=True, cwd=project_root)

    assert done.returncode == code
    assert words in done.stderr
    assert "Traceback" not in done.stderr
