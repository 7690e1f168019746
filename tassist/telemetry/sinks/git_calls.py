"""What the GitHub sink asks of whoever speaks to GitHub, and one repository's git data behind it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from engine.problems import Problem, ProblemError


@dataclass(frozen=True, slots=True)
class Reply:
    """GitHub's answer: its status and its decoded JSON."""

    status: int
    value: Any = None


class GitCalls(Protocol):
    """One repository of GitHub, authenticated. Called from one thread."""

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Reply:
        """Ask once; ``path`` is below the repository, such as ``/git/trees``.

        A reply of 2xx, 404, 409 or 422 is returned; any other trouble is raised.

        Raises:
            ProblemError: GitHub or the way there has trouble, or a permission is missing.
        """
        ...

    def close(self) -> None:
        """Give connections back."""
        ...


class MovedError(Exception):
    """Somebody else moved the branch meanwhile."""


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit, as far as it is needed."""

    sha: str
    tree: str
    message: str
    parents: tuple[str, ...]


class Branch:
    """One branch of a repository, through git's own objects.

    Source: https://docs.github.com/en/rest/git
    """

    def __init__(self, calls: GitCalls, branch: str) -> None:
        self._calls = calls
        self._branch = branch

    def head(self) -> Commit | None:
        """The branch's newest commit; ``None`` where there is no such branch yet."""
        reply = self._calls.call("GET", f"/git/ref/heads/{self._branch}")
        # 409 is "Git Repository is empty".
        return None if reply.status in {404, 409} else self.commit(_text(self._good(reply), "object", "sha"))

    def commit(self, sha: str) -> Commit:
        """A commit by its id."""
        value = self._good(self._calls.call("GET", f"/git/commits/{sha}"))
        return _commit(value)

    def blob(self, sha: str) -> bytes:
        """A file's content by its id."""
        value = self._good(self._calls.call("GET", f"/git/blobs/{sha}"))
        try:
            return base64.b64decode(_text(value, "content"))
        except binascii.Error as error:
            raise _odd() from error

    def add(self, head: Commit | None, files: Sequence[tuple[str, str]], message: str) -> Commit:
        """Put new files on top of ``head`` in one commit and move the branch there.

        Raises:
            MovedError: The branch is no longer at ``head``.
            ProblemError: GitHub has trouble.
        """
        tree: dict[str, Any] = {
            "tree": [{"path": path, "mode": "100644", "type": "blob", "content": content} for path, content in files]
        }
        if head:
            tree["base_tree"] = head.tree
        made = self._calls.call("POST", "/git/trees", tree)
        if made.status in {404, 409} and head is None:
            self._begin()
            made = self._calls.call("POST", "/git/trees", tree)
        parents = [head.sha] if head else []
        commit = _commit(
            self._good(
                self._calls.call(
                    "POST",
                    "/git/commits",
                    {"message": message, "tree": _text(self._good(made), "sha"), "parents": parents},
                )
            )
        )
        if head:
            moved = self._calls.call("PATCH", f"/git/refs/heads/{self._branch}", {"sha": commit.sha, "force": False})
        else:
            moved = self._calls.call("POST", "/git/refs", {"ref": f"refs/heads/{self._branch}", "sha": commit.sha})
        if moved.status in {409, 422}:
            raise MovedError
        self._good(moved)
        return commit

    def _begin(self) -> None:
        """Git's own objects cannot be made in an empty repository; a first file opens it.

        Source: https://docs.github.com/en/rest/git#git-database-api
        """
        text = "# Telemetry\n\nRecords of Task Assistant; see the branch named in its settings.\n"
        content = base64.b64encode(text.encode()).decode()
        self._good(self._calls.call("PUT", "/contents/README.md", {"message": "Begin telemetry", "content": content}))

    def _good(self, reply: Reply) -> Any:
        if 200 <= reply.status < 300:
            return reply.value
        said = reply.value.get("message", "") if isinstance(reply.value, dict) else ""
        raise ProblemError(
            Problem(
                "telemetry-repository",
                "the telemetry repository did not take records",
                why=f"GitHub answered {reply.status} {said}".strip(),
                fix="check that it exists and that the App is installed there with the permission contents: write",
                family="auth" if reply.status == 404 else "world",
            )
        )


def _commit(value: Any) -> Commit:
    parents = value.get("parents") if isinstance(value, dict) else None
    if not isinstance(parents, list):
        raise _odd()
    return Commit(
        _text(value, "sha"),
        _text(value, "tree", "sha"),
        _text(value, "message"),
        tuple(_text(parent, "sha") for parent in parents),
    )


def _text(value: Any, *path: str) -> str:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    if not isinstance(value, str):
        raise _odd()
    return value


def _odd() -> ProblemError:
    return ProblemError(
        Problem(
            "telemetry-repository",
            "GitHub's answer is not what its git data API gives",
            fix="try later",
            family="world",
        )
    )
