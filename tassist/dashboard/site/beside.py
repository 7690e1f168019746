"""Lays the pages of many repositories on several processors; what comes out is the same."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import msgspec

from tassist.dashboard.board import Need, RepoBoard
from tassist.dashboard.site import charts, repo_pages
from tassist.dashboard.site.page import Frame

WORTH_IT = 20_000
"""Issues and values written; fewer are on their pages before another process has begun."""
_MOST = 4
_CHARTS = 1000
"""Charts take their time, however few the issues."""
_LENGTH_BYTES = 8

Other = subprocess.Popen[bytes]


class Task(msgspec.Struct):
    """What every page is made with, and where it is laid."""

    needs: list[Need]
    frame: Frame
    folder: str

    def lay(self, repo: RepoBoard) -> None:
        """Every page of a repository."""
        put(Path(self.folder), repo_pages.pages(repo, self.needs, self.frame).items())


def put(folder: Path, pages: Iterable[tuple[str, bytes]]) -> None:
    """Lay pages at their addresses below a folder.

    Raises:
        OSError: It cannot be written.
    """
    for address, content in pages:
        target = folder / address
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


@contextmanager
def others(weight: int) -> Iterator[list[Other]]:
    """Processes that get ready to make pages, while there is something else to do here; none where it is not worth it.

    Args:
        weight: Issues and values written.
    """
    found: list[Other] = []
    try:
        while weight >= WORTH_IT and len(found) + 1 < min(os.cpu_count() or 1, _MOST):
            try:
                found.append(
                    subprocess.Popen(
                        [sys.executable, "-P", "-m", __name__],
                        stdin=subprocess.PIPE,
                        stdout=subprocess.DEVNULL,
                        stderr=subprocess.DEVNULL,
                    )
                )
            except OSError:  # where a system lets no process begin, everything is made here
                break
        yield found
    finally:
        for process in found:
            with process:
                process.kill()


def lay(repos: Sequence[RepoBoard], task: Task, hands: Sequence[Other], meanwhile: Callable[[], None]) -> None:
    """Lay every page of these repositories; what else is to be done here is done while the others work.

    Raises:
        OSError: A page cannot be written.
    """
    left = deque(sorted(repos, key=_weight, reverse=True))  # who is free takes the heaviest that is left
    with ThreadPoolExecutor(max(len(hands), 1)) as pool:
        try:
            given = [pool.submit(_give, process, task, left) for process in hands]
            meanwhile()
            while repo := _next(left):
                task.lay(repo)
        finally:
            left.clear()
    for future in given:
        for repo in future.result():  # where another ended before its time, its share is made here
            task.lay(repo)


def _weight(repo: RepoBoard) -> int:
    return _CHARTS + len(repo.issues) + sum(len(issue.history) for issue in repo.issues)


def _next(left: deque[RepoBoard]) -> RepoBoard | None:
    try:
        return left.popleft()
    except IndexError:
        return None


def _give(process: Other, task: Task, left: deque[RepoBoard]) -> list[RepoBoard]:
    """Give another process one repository after the other, each as soon as it begins to read it; which it did not lay."""
    taken = []
    try:
        with process:
            assert process.stdin is not None
            _tell(process.stdin, task)
            while repo := _next(left):
                taken.append(repo)
                _tell(process.stdin, repo)
    except OSError:  # it has ended
        process.kill()
    return taken if process.wait() else []


def _tell(target: IO[bytes], what: Task | RepoBoard) -> None:
    text = msgspec.msgpack.encode(what)
    target.write(len(text).to_bytes(_LENGTH_BYTES))
    target.write(text)
    target.flush()


def _told(source: IO[bytes]) -> Iterator[bytes]:
    while length := source.read(_LENGTH_BYTES):
        text = source.read(int.from_bytes(length))
        yield text


def _serve(source: IO[bytes]) -> None:
    charts.get_ready()
    told = _told(source)
    first = next(told, None)
    if first is None:
        return
    task = msgspec.msgpack.decode(first, type=Task)
    for text in told:
        task.lay(msgspec.msgpack.decode(text, type=RepoBoard))


if __name__ == "__main__":
    gc.disable()
    _serve(sys.stdin.buffer)
