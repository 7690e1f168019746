"""The sink of a telemetry repository: many records in one commit, new files only, so that writers never conflict."""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Sequence

import msgspec

from engine.problems import Problem, ProblemError
from tassist.telemetry import paths
from tassist.telemetry.sinks.git_calls import Branch, Commit, GitCalls, MovedError
from tassist.telemetry.sinks.port import Entry
from tassist.text import noun

_TRIES = 8
"""Other writers may move the branch at the same time; after so many times the pump waits."""
_MAX_COMMITS = 60
_SURE_AFTER = 5000
"""Records of this writer that are read back after a start, or until the branch ends: more than a crash can have cut."""
_MANIFEST = re.compile(r"^Manifest: ([0-9a-f]{40,64})$", re.MULTILINE)
_WRITER = re.compile(r"^Writer: (.+)$", re.MULTILINE)


class Manifest(msgspec.Struct, frozen=True):
    """What one commit brought; a file of its own in the same commit."""

    writer: str
    records: int
    files: dict[str, int]
    """Records by path."""
    event_ids: list[str]


class GitHubSink:
    """Commits records to ``v1/repos/<owner>/<name>/<yyyy-mm-dd>/<batch>.jsonl`` of a repository.

    Each commit also brings a manifest with its event ids, named in the commit's message by git's own id. After a start or
    a failure the sink reads back its own last manifests and leaves out what they name: a batch is there once, also where
    the answer to the last call was lost.

    Args:
        calls: The repository.
        writer: Who writes; installations that share a repository have different names.
        branch: The branch; it is made where it is missing.
        interval_s: How long records are gathered for one commit.
        name: As other sinks and cursors know it.
    """

    max_batch = 1000

    def __init__(
        self,
        calls: GitCalls,
        *,
        writer: str,
        branch: str = "telemetry",
        interval_s: float = 60.0,
        name: str = "github",
    ) -> None:
        self.name = name
        self.interval_s = interval_s
        self._calls = calls
        self._branch = Branch(calls, branch)
        self._writer = " ".join(writer.split()) or "tassist"
        self._head: Commit | None = None
        self._known: set[str] | None = None
        self._since_repetition = 0

    def write(self, entries: Sequence[Entry]) -> None:
        """Commit the records that are not there yet."""
        if not entries:
            return
        try:
            if self._known is None:
                self._head = self._branch.head()
                self._known = self._read_back()
            fresh = {
                entry.head.event_id: entry for entry in reversed(entries) if entry.head.event_id not in self._known
            }
            if fresh:
                self._commit([entry for entry in entries if fresh.get(entry.head.event_id) is entry])
                self._known.update(fresh)
        except BaseException:
            self._known = None  # what was done is read back before anything is done again
            raise
        self._since_repetition = self._since_repetition + len(entries) if len(fresh) == len(entries) else 0
        if self._since_repetition > _SURE_AFTER:
            self._known = set()

    def holds(self, entry: Entry) -> bool:
        """Whether the branch has the record, by the manifests of this writer's last commits."""
        self._head = self._branch.head()
        return entry.head.event_id in self._read_back()

    def close(self) -> None:
        """Give the connections back."""
        self._known = None
        self._calls.close()

    def _commit(self, entries: Sequence[Entry]) -> None:
        files, message = self._files(entries)
        for _ in range(_TRIES):
            try:
                self._head = self._branch.add(self._head, files, message)
            except MovedError:
                self._head = self._branch.head()
            else:
                return
        raise ProblemError(
            Problem(
                "telemetry-contended",
                f"the telemetry branch was moved by others {_TRIES} times in a row",
                fix="give every writer a branch of its own",
                family="world",
            )
        )

    def _files(self, entries: Sequence[Entry]) -> tuple[list[tuple[str, str]], str]:
        ids = [entry.head.event_id for entry in entries]
        batch = hashlib.sha256("\n".join([self._writer, *ids]).encode("utf-8", "replace")).hexdigest()[:20]
        groups: dict[str, list[str]] = {}
        for entry in entries:
            owner, _, name = entry.head.repo.partition("/")
            day = entry.head.timestamp[:10]
            path = f"{paths.LAYOUT}/repos/{paths.safe_name(owner)}/{paths.safe_name(name)}/{day}/{batch}.jsonl"
            groups.setdefault(path, []).append(entry.line.decode() + "\n")
        counts = {path: len(lines) for path, lines in groups.items()}
        manifest = msgspec.json.encode(Manifest(self._writer, len(entries), counts, ids)) + b"\n"
        day = entries[-1].head.timestamp[:10]
        files = [(path, "".join(lines)) for path, lines in groups.items()]
        files.append((f"{paths.LAYOUT}/batches/{day}/{batch}.json", manifest.decode()))
        message = f"Add {len(entries)} telemetry {noun(len(entries), 'record')}\n\nWriter: {self._writer}\nManifest: {blob_id(manifest)}\n"
        return files, message

    def _read_back(self) -> set[str]:
        """Event ids of this writer's last commits."""
        known: set[str] = set()
        commit = self._head
        for _ in range(_MAX_COMMITS):
            if commit is None:
                break
            writer, manifest = _WRITER.search(commit.message), _MANIFEST.search(commit.message)
            if writer and manifest and writer[1].strip() == self._writer:
                # What cannot be read is somebody else's commit in our words.
                with contextlib.suppress(msgspec.ValidationError, msgspec.DecodeError):
                    known.update(msgspec.json.decode(self._branch.blob(manifest[1]), type=Manifest).event_ids)
                if len(known) > _SURE_AFTER:
                    break
            commit = self._branch.commit(commit.parents[0]) if commit.parents else None
        return known


def blob_id(content: bytes) -> str:
    """The id git gives a file's content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
