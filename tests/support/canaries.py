"""Looks for secrets in everything a test printed, logged or wrote; a plugin, so that no test has to remember it.

Every secret of the tests has a form that can be told apart: the canaries by their word, and what GitHub in a box or a test makes by the
form GitHub gives it. What a person may keep secrets in, a file nobody else can read, is left out.
"""

from __future__ import annotations

import re
import stat
import subprocess
from asyncio.subprocess import Process
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from _pytest.capture import CaptureFixture

FORMS = re.compile(
    rb"canary[-_]?[0-9a-z]|-----BEGIN [A-Z ]*PRIVATE KEY-----\s*(?:\\n)?[A-Za-z0-9+/]{40}"
    rb"|\bgh[surpo]_[A-Za-z0-9]{30}|\bgithub_pat_[A-Za-z0-9_]{40}|\beyJ[A-Za-z0-9_-]{20,}\.eyJ[A-Za-z0-9_-]{20,}\."
)
"""The canaries of the tests, private keys, GitHub's tokens, and the tokens an App signs itself."""
MAX_BYTES = 8 * 1024 * 1024
INPUTS = (".pem", ".key", ".py", ".yml", ".yaml", ".line", ".toml")
"""What a test hands in, and keyrings that are programs."""
KEYRING = "keyring.json"
"""What the tests' own keyring keeps its secrets in; a real one keeps them elsewhere."""


def secrets_in(content: bytes) -> list[str]:
    """What of it looks like a secret, cut so that a report does not repeat it whole."""
    return sorted({found.group()[:12].decode(errors="replace") for found in FORMS.finditer(content)})


def written(folder: Path) -> Iterator[tuple[Path, list[str]]]:
    """The files below a folder that anybody could read and that hold a secret."""
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not path.is_file() or path.suffix in INPUTS or path.name.startswith((".env", KEYRING)):
            continue
        about = path.stat()
        if about.st_size > MAX_BYTES or not stat.S_IMODE(about.st_mode) & 0o077:
            continue
        if found := secrets_in(path.read_bytes()):
            yield path, found


SEEN: dict[str, list[str]] = {}
"""What the test under way has printed through somebody who took it away from pytest, by who that was."""


def note(by: str, *texts: str | bytes | None) -> None:
    """Look through what somebody printed."""
    for text in texts:
        if found := secrets_in(text.encode(errors="replace") if isinstance(text, str) else text or b""):
            SEEN.setdefault(by, []).extend(found)


@pytest.fixture(autouse=True, scope="session")
def _watched_outputs() -> Iterator[None]:
    """Whatever a test reads of a process or a capture is looked through on the way."""
    patch = pytest.MonkeyPatch()
    read, communicate, awaited = CaptureFixture.readouterr, subprocess.Popen.communicate, Process.communicate

    def readouterr(self: CaptureFixture[Any]) -> Any:
        result = read(self)
        note("captured", result.out, result.err)
        return result

    def communicated(self: subprocess.Popen[Any], *args: Any, **kwargs: Any) -> Any:
        result = communicate(self, *args, **kwargs)
        note("a process", *result)
        return result

    async def awaiting(self: Process, *args: Any, **kwargs: Any) -> Any:
        result = await awaited(self, *args, **kwargs)
        note("a process", *result)
        return result

    patch.setattr(CaptureFixture, "readouterr", readouterr)
    patch.setattr(subprocess.Popen, "communicate", communicated)
    patch.setattr(Process, "communicate", awaiting)
    yield
    patch.undo()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that leaves a secret where it can be seen has failed, whatever it asserts."""
    report = yield
    if report.when != "teardown":
        return report
    seen = {by: sorted(set(found)) for by, found in SEEN.items()}
    SEEN.clear()
    for title, text in report.sections:
        if found := secrets_in(text.encode(errors="replace")):
            seen[title] = found
    folder = getattr(item, "funcargs", {}).get("tmp_path")
    if folder is not None:
        seen |= {str(path.relative_to(folder)): found for path, found in written(folder)}
    if seen and report.passed and not item.get_closest_marker("shows_secrets"):
        report.outcome = "failed"
        report.longrepr = "a secret can be seen:\n" + "\n".join(f"  {by}: {', '.join(f)}" for by, f in seen.items())
    return report
