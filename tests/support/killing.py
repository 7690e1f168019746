"""The real command in a process that is forked from one with everything loaded, so that it may be killed often: a start costs milliseconds."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any, Literal

_WAY = multiprocessing.get_context("forkserver")
_WAY.set_forkserver_preload(["tests.support.killing", "tassist.cli.migrate", "tassist.services.migrate.moving",
                             "tassist.services.migrate.remote", "tassist.services.migrate.checks"])  # fmt: skip


Point = Literal["line", "write", "answer"]


def started(args: Sequence[str], env: Mapping[str, str], at: Point, nth: int) -> ForkServerProcess:
    """`tassist ARGS` in a process of its own, which is killed by the signal that nobody can catch.

    Args:
        args: Of the command.
        env: Added to the environment.
        at: Where: as soon as a line of the migration's journal is on the disk, before a write is sent to a repository, or when its
            answer is there.
        nth: At which of these, from 1.
    """
    process = _WAY.Process(target=_command, args=(list(args), dict(env), at, nth))
    process.start()
    return process


def _command(args: list[str], env: dict[str, str], at: Point, nth: int) -> None:
    from tassist.entry import run
    from tassist.github.transport import Transport

    os.environ.update(env)
    null = Path(os.devnull)
    sys.stdin, sys.stdout = null.open(encoding="utf-8"), null.open("w", encoding="utf-8")
    sys.stderr = sys.stdout
    count = 0

    def met(point: Point) -> None:
        nonlocal count
        count += point == at
        if point == at and count == nth:
            os.kill(os.getpid(), signal.SIGKILL)

    sync, once = os.fsync, Transport._once

    def fsync(file: Any) -> None:
        sync(file)
        if Path(f"/proc/self/fd/{file}").readlink().name == "journal.jsonl":
            met("line")

    async def exchanged(self: Transport, method: str, url: str, *more: Any) -> Any:
        is_write = method != "GET" and "/repo" in url
        if is_write:
            met("write")
        answer = await once(self, method, url, *more)
        if is_write:
            met("answer")
        return answer

    os.fsync = fsync  # type: ignore[assignment]
    Transport._once = exchanged  # type: ignore[assignment, method-assign]  # in a process that is about to die
    os._exit(run(args))
