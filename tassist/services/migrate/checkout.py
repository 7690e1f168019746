"""Reads a checkout: its workflows, every earlier revision of them, its guide, and the telemetry on its record's branch.

A checkout may come from anybody, so git is asked for stored objects only, with nothing of the repository's own that runs: no hooks, no
monitors, no filters, no network.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from subprocess import DEVNULL, PIPE
from urllib.parse import urlsplit

from engine.problems import Problem, ProblemError
from migrations.model import WORKFLOWS, Recorded, Snapshot, TextFile, by_path
from tassist.errors import os_problem, redact
from tassist.services.migrate.files import (
    MAX_FILE_BYTES,
    MAX_FILES,
    MAX_TOTAL_BYTES,
    RECORD_BRANCH,
    is_record,
    sort_of,
)
from tassist.text import safe_text

_GIT_S = 300
_PART = 1024 * 1024
_QUIET = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "LC_ALL": "C",
}
_SAFE = (
    *("-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "core.quotePath=false"),
    *("-c", "safe.directory=*", "-c", "log.showSignature=false", "-c", "diff.external="),
)


@dataclass(frozen=True, slots=True)
class _Blob:
    sha: str
    path: str
    commit: str = ""
    at: datetime | None = None


def read_checkout(folder: Path) -> Snapshot:
    """The repository in this folder.

    Args:
        folder: A working folder, with or without git's history, or a bare repository.

    Raises:
        ProblemError: there is no such folder.
    """
    if not folder.is_dir():
        raise ProblemError(
            Problem("no-such-checkout", f"there is no folder {safe_text(folder)}", fix="check the spelling of the path")
        )
    git = _Git(folder)
    notes: list[str] = []
    working = (folder / ".git").exists() or not git.works
    found = list(_walk(folder, notes)) if working else list(git.tree("HEAD"))
    history: list[TextFile] = []
    telemetry: tuple[Recorded, ...] = ()
    if git.works:
        history = git.revisions(notes)
        telemetry = git.record(notes)
        if git.is_shallow:
            notes.append("the checkout is shallow: earlier revisions are not there; git fetch --unshallow brings them")
    else:
        notes.append("the folder is no git repository: earlier revisions and telemetry branches are not there")
    return Snapshot(
        repo=git.name() if git.works else "",
        origin=f"the checkout {folder}",
        workflows=by_path(file for file in found if sort_of(file.path) == "workflow"),
        history=tuple(history),
        files=by_path(file for file in found if sort_of(file.path) == "file"),
        guides=by_path(file for file in found if sort_of(file.path) == "guide"),
        telemetry=telemetry,
        notes=tuple(notes),
    )


@dataclass(frozen=True, slots=True)
class RecordHistory:
    """Every version of every telemetry file of a checkout, read one by one when it is asked for."""

    repo: str
    notes: list[str]
    """Grows while files are read: what could not be."""
    files: Iterator[Recorded]


def read_record_history(folder: Path) -> RecordHistory:
    """The telemetry branch of a checkout through all its history, oldest first; at any time one file of it is in memory.

    Args:
        folder: A repository, with or without a working folder.
    """
    git = _Git(folder)
    notes: list[str] = []
    branch = git.record_branch()
    blobs = git.changes([branch, "--", "*.json", "*.jsonl"], notes) if branch else []
    wanted = [blob for blob in blobs if is_record(blob.path)]
    wanted.sort(key=lambda blob: (blob.at or datetime.max.replace(tzinfo=UTC), blob.path))
    files = (Recorded(blob.path, content, blob.at) for blob, content in git.one_by_one(wanted, notes))
    return RecordHistory(git.name(), notes, files)


def _walk(folder: Path, notes: list[str]) -> Iterator[TextFile]:
    """The working folder's own files; links are not followed, as they may lead anywhere."""
    waiting = [folder]
    count = 0
    while waiting:
        place = waiting.pop()
        try:
            entries = sorted(place.iterdir())
        except OSError as error:
            notes.append(str(os_problem(error, doing="look into").what))
            continue
        for entry in entries:
            path = entry.relative_to(folder).as_posix()
            if entry.is_symlink() or path == ".git":
                continue
            if entry.is_dir():
                if sort_of(f"{path}/x.md"):
                    waiting.append(entry)
                continue
            if not sort_of(path):
                continue
            count += 1
            if count > MAX_FILES:
                notes.append(f"more than {MAX_FILES} files: the rest was not read")
                return
            try:
                if entry.stat().st_size > MAX_FILE_BYTES:
                    notes.append(f"{path} is larger than {MAX_FILE_BYTES} bytes and was not read")
                    continue
                yield TextFile(path, entry.read_bytes())
            except OSError as error:
                notes.append(str(os_problem(error, doing="read").what))


class _Git:
    """Asks git for stored objects."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.works = self._lines("rev-parse", "--git-dir") != []
        top = self._lines("rev-parse", "--show-toplevel") if self.works else []
        if top and Path(top[0]).resolve() != folder.resolve():
            self.works = False  # a folder inside somebody else's repository is not that repository

    @property
    def is_shallow(self) -> bool:
        return self._lines("rev-parse", "--is-shallow-repository") == ["true"]

    def name(self) -> str:
        """``owner/name`` by the address of the remote; empty where there is none."""
        address = next(iter(self._lines("config", "--get", "remote.origin.url")), "")
        path = urlsplit(address).path if "://" in address else address.partition(":")[2]
        parts = path.strip("/").removesuffix(".git").split("/")
        return "/".join(parts[-2:]) if len(parts) >= 2 and all(parts[-2:]) else ""

    def tree(self, revision: str) -> Iterator[TextFile]:
        """The files of a revision that a migration reads."""
        blobs = [
            _Blob(line.split()[2], line.partition("\t")[2])
            for line in self._lines("ls-tree", "-r", revision)
            if sort_of(line.partition("\t")[2]) and line.startswith("100")
        ]
        for blob, content in self._contents(blobs, []):
            yield TextFile(blob.path, content)

    def revisions(self, notes: list[str]) -> list[TextFile]:
        """Every version of every workflow, on every branch, oldest first."""
        blobs = [blob for blob in self.changes(["--all", "--", WORKFLOWS], notes) if sort_of(blob.path) == "workflow"]
        return [TextFile(blob.path, content, blob.commit, blob.at) for blob, content in self._contents(blobs, notes)]

    def record_branch(self) -> str:
        """The ref of the record's branch; empty where there is none."""
        names = self._lines("for-each-ref", "--format=%(refname)")
        return next((name for name in names if name.endswith(f"/{RECORD_BRANCH}")), "")

    def record(self, notes: list[str]) -> tuple[Recorded, ...]:
        """The telemetry on the record's branch."""
        branch = self.record_branch()
        if not branch:
            return ()
        blobs = [
            _Blob(line.split()[2], line.partition("\t")[2])
            for line in self._lines("ls-tree", "-r", branch)
            if line.startswith("100") and is_record(line.partition("\t")[2])
        ]
        found = [Recorded(blob.path, content, blob.at) for blob, content in self._contents(blobs, notes)]
        return tuple(sorted(found, key=lambda record: record.path))

    def changes(self, what: Sequence[str], notes: list[str]) -> list[_Blob]:
        """Every blob a commit brought, oldest first, each content of a path once."""
        commit, at = "", None
        found: dict[tuple[str, str], _Blob] = {}
        shape = ("--reverse", "--full-history", "--no-renames", "--raw", "--no-abbrev", "--format=commit %H %ct")
        for line in self._lines("log", *shape, *what):
            if line.startswith("commit "):
                _, commit, seconds = line.split(" ")
                at = datetime.fromtimestamp(int(seconds), UTC)
            elif line.startswith(":"):
                head, _, path = line.partition("\t")
                sha, status = head.split(" ")[3], head.split(" ")[4]
                if status[0] in "AM" and not path.startswith('"'):
                    found.setdefault((path, sha), _Blob(sha, path, commit, at))
        if len(found) > MAX_FILES:
            notes.append(f"more than {MAX_FILES} earlier revisions: the newest {MAX_FILES} were read")
        return list(found.values())[-MAX_FILES:]

    def _contents(self, blobs: Iterable[_Blob], notes: list[str]) -> Iterator[tuple[_Blob, bytes]]:
        """Each blob with its content, from one process."""
        wanted = list(blobs)
        if not wanted:
            return
        asked = "".join(f"{sha}\n" for sha in dict.fromkeys(blob.sha for blob in wanted))
        sizes = self._run("cat-file", "--batch-check", said=asked.encode())
        small, total = [], 0
        for line in sizes.decode("ascii", "replace").splitlines():
            parts = line.split(" ")
            if len(parts) != 3 or parts[1] != "blob":
                notes.append(f"the object {safe_text(parts[0])} is not in the checkout")
            elif int(parts[2]) > MAX_FILE_BYTES or total + int(parts[2]) > MAX_TOTAL_BYTES:
                notes.append(f"the object {parts[0][:12]} has {parts[2]} bytes and was not read")
            else:
                total += int(parts[2])
                small.append(parts[0])
        answer = self._run("cat-file", "--batch", said="".join(f"{sha}\n" for sha in small).encode())
        contents: dict[str, bytes] = {}
        place = 0
        while place < len(answer):
            end = answer.index(b"\n", place)
            sha, _, size = answer[place:end].decode("ascii").split(" ")
            contents[sha] = answer[end + 1 : end + 1 + int(size)]
            place = end + 2 + int(size)
        for blob in wanted:
            if blob.sha in contents:
                yield blob, contents[blob.sha]

    def one_by_one(self, blobs: Iterable[_Blob], notes: list[str]) -> Iterator[tuple[_Blob, bytes]]:
        """Each blob with its content, asked for when it is wanted; what is too large is passed over without being kept."""
        command = ["git", "--no-pager", *_SAFE, "-C", str(self.folder), "cat-file", "--batch"]
        with subprocess.Popen(command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env=_QUIET) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            for blob in blobs:
                process.stdin.write(f"{blob.sha}\n".encode())
                process.stdin.flush()
                head = process.stdout.readline().decode("ascii", "replace").split()
                if len(head) != 3 or head[1] != "blob":
                    notes.append(f"the object {safe_text(blob.sha)} is not in the checkout")
                    if not head:
                        return  # git has ended
                    continue
                size = int(head[2])
                if size > MAX_FILE_BYTES:
                    notes.append(f"the object {blob.sha[:12]} has {size} bytes and was not read")
                    for at in range(0, size, _PART):
                        process.stdout.read(min(_PART, size - at))
                else:
                    yield blob, process.stdout.read(size)
                process.stdout.read(1)
            process.stdin.close()

    def _lines(self, *args: str) -> list[str]:
        return self._run(*args).decode("utf-8", "replace").splitlines()

    def _run(self, *args: str, said: bytes = b"") -> bytes:
        """What git answers; nothing where it refuses."""
        command = ["git", "--no-pager", *_SAFE, "-C", str(self.folder), *args]
        try:
            done = subprocess.run(command, input=said, capture_output=True, env=_QUIET, timeout=_GIT_S, check=False)
        except FileNotFoundError:
            return b""
        except subprocess.TimeoutExpired:
            raise ProblemError(
                Problem(
                    "git-slow",
                    f"git {args[0]} gave no answer for {_GIT_S} s in {safe_text(self.folder)}",
                    fix="try a smaller clone: git clone --single-branch",
                    family="world",
                )
            ) from None
        except OSError as error:
            raise ProblemError(os_problem(error, doing="run git in")) from error
        if done.returncode and b"not a git repository" not in done.stderr and args[0] in {"log", "cat-file"}:
            said_text = safe_text(redact(done.stderr.decode("utf-8", "replace").strip()), max_chars=300)
            if b"does not have any commits" in done.stderr or b"unknown revision" in done.stderr:
                return b""
            raise ProblemError(
                Problem("git-refuses", f"git cannot read {safe_text(self.folder)}", said_text, "try: git fsck")
            )
        return done.stdout if not done.returncode else b""
