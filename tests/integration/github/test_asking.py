"""At a terminal `tassist apply` asks, and takes no, yes and Ctrl-C for what they are."""

from __future__ import annotations

import asyncio
import os
import pty
import signal
import sys
from pathlib import Path

import pytest

from tests.integration.github.conftest import Octo

CONFIG = 'schema_version: "1.0"\ntracks: []\nmilestones: []\nlabels: [{name: new}]\n'


async def at_a_terminal(octo: Octo, answer: bytes) -> tuple[int, str]:
    """Run `tassist apply` with a terminal, answer its question, and return exit code and what the terminal shows."""
    ours, theirs = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "from tassist.entry import main; main()", "apply", "octo/app",
        stdin=theirs, stdout=asyncio.subprocess.PIPE, stderr=theirs, start_new_session=True,
        env={**os.environ, "TASSIST_HOME": str(octo.home), "TASSIST_API_LIMITS": "off"},
    )  # fmt: skip
    os.close(theirs)
    shown = b""
    loop = asyncio.get_running_loop()
    try:
        while b"[y/N]" not in shown:
            shown += await loop.run_in_executor(None, os.read, ours, 1000)
        if answer == b"\x03":
            # A signal between the last word of the question and the reading of the answer is only noticed with the next key.
            await reading(process.pid)
            process.send_signal(signal.SIGINT)
        else:
            os.write(ours, answer)
        async with asyncio.timeout(60):
            await process.communicate()
    finally:
        os.close(ours)
    return process.returncode or 0, shown.decode()


async def reading(pid: int) -> None:
    """Wait until the process sleeps, which it does in nothing but reading what is typed; at most a second where nobody can tell."""
    stat = Path(f"/proc/{pid}/stat")
    asleep = 0
    for _ in range(20):
        await asyncio.sleep(0.05)
        asleep = asleep + 1 if stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "S" else 0
        if asleep == 3:
            return


@pytest.mark.parametrize(
    ("answer", "code", "made"), [(b"y\n", 0, True), (b"n\n", 0, False), (b"\n", 0, False), (b"\x03", 130, False)]
)
async def test_it_asks_before_it_changes_anything(octo: Octo, answer: bytes, code: int, *, made: bool) -> None:
    octo.configure(CONFIG)

    ended, shown = await at_a_terminal(octo, answer)

    assert "Make these changes?" in shown
    assert ended == code
    assert ("new" in octo.repo.labels) is made
    assert bool(octo.box.writes) is made
