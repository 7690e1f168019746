"""Runs a command of tassist beside the app, as a process of its own: its lines as they come, and its end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence

from tassist.config.env import environment

_GRACE_S = 5.0
_MOST_BYTES = 64 * 1024
"""Of a line; what is longer is cut into several."""


async def run(words: Sequence[str], more: Mapping[str, str], told: Callable[[str], None]) -> int:
    """Run a command to its end; cancelled, it is interrupted as by Ctrl-C.

    Nothing can be asked of it: it reads from nowhere, and says what it would have needed.

    Args:
        words: Its words, without ``tassist``; no shell reads them.
        more: Variables on top of this process's own.
        told: Gets each line, of results and of talk alike, as it was written.

    Returns:
        Its exit code.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tassist", *words,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        env={**environment(), "PYTHONUNBUFFERED": "1", **more}, limit=_MOST_BYTES, start_new_session=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        left = b""
        while part := await process.stdout.read(_MOST_BYTES):
            *lines, left = (left + part).split(b"\n")
            for line in lines:
                told(line.decode(errors="replace"))
            if len(left) > _MOST_BYTES:
                told(left.decode(errors="replace"))
                left = b""
        if left:
            told(left.decode(errors="replace"))
        return await process.wait()
    finally:
        if process.returncode is None:
            await _end(process)


async def _end(process: asyncio.subprocess.Process) -> None:
    for number in (signal.SIGINT, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(process.wait(), _GRACE_S)
            return
