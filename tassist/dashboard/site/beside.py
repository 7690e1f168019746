"""Makes the pages of many repositories on several processors; what comes out is the same."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

import msgspec

from tassist.dashboard.board import Need, RepoBoard
from tassist.dashboard.site import repo_pages
from tassist.dashboard.site.page import Frame

WORTH_IT = 20_000
"""Issues and values written; fewer are on their pages before another process has begun."""
_MOST = 4


def pages(repos: Sequence[RepoBoard], needs: Sequence[Need], frame: Frame) -> dict[str, bytes]:
    """Every page of these repositories, by address from the site's root."""
    weights = [len(repo.issues) + sum(len(issue.history) for issue in repo.issues) for repo in repos]
    hands = min(os.cpu_count() or 1, len(repos), _MOST)
    if sum(weights) < WORTH_IT or hands < 2:
        return _made(repos, needs, frame)
    shares: list[list[RepoBoard]] = [[] for _ in range(hands)]
    loads = [0] * hands
    for weight, repo in sorted(zip(weights, repos, strict=True), key=lambda pair: -pair[0]):
        lightest = loads.index(min(loads))
        shares[lightest].append(repo)
        loads[lightest] += weight + 1000  # charts take their time, however few the issues
    with ThreadPoolExecutor(hands - 1) as pool:
        far = [pool.submit(_made_by_another, share, needs, frame) for share in shares[1:]]
        found = _made(shares[0], needs, frame)
        for share, future in zip(shares[1:], far, strict=True):
            made = future.result()
            # Where a system lets no process begin, or ends one, its share is made here.
            found |= _made(share, needs, frame) if made is None else made
    return found


def _made(repos: Iterable[RepoBoard], needs: Sequence[Need], frame: Frame) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for repo in repos:
        found |= repo_pages.pages(repo, needs, frame)
    return found


class _Share(msgspec.Struct):
    """What another process is told."""

    repos: list[RepoBoard]
    needs: list[Need]
    frame: Frame


def _made_by_another(repos: list[RepoBoard], needs: Sequence[Need], frame: Frame) -> dict[str, bytes] | None:
    told = msgspec.msgpack.encode(_Share(repos, list(needs), frame))
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", __name__],
            input=told,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=False,
        )
        return msgspec.msgpack.decode(done.stdout, type=dict[str, bytes]) if done.returncode == 0 else None
    except (OSError, msgspec.DecodeError):
        return None


def _serve() -> None:
    share = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=_Share)
    sys.stdout.buffer.write(msgspec.msgpack.encode(_made(share.repos, share.needs, share.frame)))


if __name__ == "__main__":
    gc.disable()
    _serve()
