"""In a real terminal under a real shell: stopped and continued, a pager in between, and ended from outside."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from tests.support.console import typical

LEFT = r"\x1b\[\?1049l"
"""The screen is given back to the shell."""
TAKEN = r"\x1b\[\?1049h"
SHELL = "shell-prompt>"


@pytest.fixture
def shell(home: Path, tmp_path: Path) -> Iterator[pexpect.spawn[str]]:
    """A shell with job control, in which the console can be opened on an ordinary morning."""
    typical(home)
    (home / "serve.log").write_text("the first line of the log\n")
    pager = tmp_path / "pager"
    pager.write_text('#!/bin/sh\nread -r line <"$1"\necho "paged: $line"\nread -r answer\n')
    pager.chmod(0o700)
    env = {
        **{name: os.environ[name] for name in ("PATH", "TZ", "LC_ALL") if name in os.environ},
        "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
        "HOME": str(tmp_path), "TASSIST_HOME": str(home), "TERM": "xterm-256color", "PAGER": str(pager), "PS1": SHELL,
    }  # fmt: skip
    child = pexpect.spawn(
        "/bin/bash", ["--noprofile", "--norc", "-i"], env=env, dimensions=(24, 80), encoding="utf-8", timeout=120
    )
    child.expect_exact(SHELL)
    try:
        yield child
    finally:
        child.close(force=True)


def test_it_is_stopped_and_continued_gives_way_to_a_pager_and_ends_cleanly_on_a_termination(
    shell: pexpect.spawn[str],
) -> None:
    shell.sendline(f"{sys.executable} -m tassist console --place log; echo code=$?.")
    shell.expect(TAKEN)
    shell.expect_exact("the first line of the log")

    shell.send("\x1a")
    shell.expect(LEFT)
    shell.expect_exact("Stopped")
    shell.expect_exact(SHELL)
    shell.sendline("fg")
    shell.expect(TAKEN)
    shell.expect_exact("the first line of the log")

    shell.send("e")
    shell.expect(LEFT)
    shell.expect_exact("paged: the first line of the log")
    shell.send("\r")
    shell.expect(TAKEN)
    shell.expect_exact("the first line of the log")

    [console] = Path(f"/proc/{shell.pid}/task/{shell.pid}/children").read_text().split()
    os.kill(int(console), signal.SIGTERM)
    shell.expect(LEFT)
    shell.expect_exact(SHELL)
