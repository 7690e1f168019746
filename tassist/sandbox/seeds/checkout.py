"""Puts a tree of files into a repository of the box, byte for byte: from memory, from a folder, or from a git directory.

Workflows of the default branch are listed as GitHub lists them: by path, named as their first `name:` line says.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from tassist.sandbox import git_store
from tassist.sandbox.git_store import EXECUTABLE, FILE, Entry
from tassist.sandbox.model import Repository, Workflow

if TYPE_CHECKING:
    from tassist.sandbox.box import Box

WORKFLOWS = ".github/workflows/"
_NAME = re.compile(
    rb"^name:[ \t]*(?P<quote>['\"]?)(?P<name>[^\r\n#]*?)(?P=quote)[ \t]*(?:#[^\r\n]*)?\r?$", re.MULTILINE
)


def plant_files(
    box: Box,
    repo: Repository,
    files: Mapping[str, bytes],
    *,
    branch: str = "",
    executable: frozenset[str] = frozenset(),
    message: str = "As it has always been",
) -> str:
    """One commit without a parent that holds exactly these files; the commit's SHA-1.

    Args:
        box: Where.
        repo: What for; a branch of that name is replaced.
        files: Content by path.
        branch: The default branch where empty; only there are workflows listed.
        executable: Paths that git would make executable.
        message: Of the commit.
    """
    with box.lock:
        tree = _tree(repo, files, executable)
        now = box.clock.now()
        sha = git_store.put_commit(repo, tree, (), message, git_store.signature_of(repo.owner, now))
        repo.refs[f"refs/heads/{branch or repo.default_branch}"] = sha
        repo.pushed_at = now
        box.world.changes += 1
        if branch in {"", repo.default_branch}:
            list_workflows(box, repo)
    return sha


def plant_git(box: Box, repo: Repository, git_dir: Path, ref: str, *, branch: str = "") -> str:
    """As `plant_files`, with the tree of a commit in a git directory; history stays behind.

    Raises:
        subprocess.CalledProcessError: git knows no such directory or commit.
    """
    listed = _git(git_dir, "ls-tree", "-r", "-z", ref).split(b"\0")
    entries = [(line.partition(b"\t")[0].decode().split(), line.partition(b"\t")[2]) for line in listed if line]
    blobs = [(head[2], path.decode(), head[0]) for head, path in entries if head[1] == "blob"]
    asked = "".join(f"{sha}\n" for sha, _, _ in blobs).encode()
    given = _git(git_dir, "cat-file", "--batch", told=asked)
    files, at = {}, 0
    for _, path, _ in blobs:
        end = given.index(b"\n", at)
        if given[at:end].endswith(b" missing"):  # a partial clone leaves large files behind
            at = end + 1
            continue
        size = int(given[at:end].rpartition(b" ")[2])
        files[path] = given[end + 1 : end + 1 + size]
        at = end + size + 2
    return plant_files(
        box, repo, files, branch=branch, executable=frozenset(path for _, path, mode in blobs if mode == EXECUTABLE)
    )


def list_workflows(box: Box, repo: Repository) -> None:
    """Note every workflow of the default branch that is not known yet."""
    head = repo.refs.get(f"refs/heads/{repo.default_branch}")
    found = git_store.find_path(repo, git_store.read_commit(repo, head).tree, WORKFLOWS) if head else None
    if found is None:
        return
    known = {item.path for item in repo.workflows.values()}
    for name, entry in git_store.read_tree(repo, found.sha).items():
        path = WORKFLOWS + name
        if path not in known and name.endswith((".yml", ".yaml")) and entry.type == "blob":
            match = _NAME.search(repo.objects[entry.sha].content)
            title = match["name"].decode("utf-8", "replace").strip() if match else ""
            now = box.clock.now()
            item = Workflow(box.world.next_id("workflow"), title or path, path, now, now)
            repo.workflows[item.id] = item


def _tree(repo: Repository, files: Mapping[str, bytes], executable: frozenset[str]) -> str:
    """Folder by folder, so that thousands of files cost thousands of steps and not millions."""
    folders: dict[str, dict[str, Entry]] = {"": {}}
    for path, content in files.items():
        above, _, name = path.rpartition("/")
        mode = EXECUTABLE if path in executable else FILE
        folders.setdefault(above, {})[name] = Entry(mode, git_store.put_blob(repo, content))
    for folder in list(folders):
        while folder:
            folder = folder.rpartition("/")[0]  # noqa: PLW2901 – from a folder up to the root
            folders.setdefault(folder, {})
    for folder in sorted(folders, key=lambda name: -len(name.split("/")) if name else 1):
        sha = git_store.put_tree(repo, folders[folder])
        if folder:
            above, _, name = folder.rpartition("/")
            folders[above][name] = Entry(git_store.FOLDER, sha)
        else:
            return sha
    raise AssertionError("the root comes last")


def _git(git_dir: Path, *args: str, told: bytes | None = None) -> bytes:
    return subprocess.run(
        ["git", "--git-dir", str(git_dir), *args],
        input=told,
        capture_output=True,
        check=True,
    ).stdout
