"""Git's objects: the same SHA-1 as git's own, for what is easily got wrong."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tassist.sandbox import Box, git_store
from tassist.sandbox.git_store import FILE, FOLDER, Entry
from tassist.sandbox.model import Repository

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def repo() -> Repository:
    box = Box.empty()
    return Repository(1, box.user("alice"), "r", NOW, NOW, NOW)


def test_a_folder_is_sorted_as_if_its_name_ended_in_a_slash(repo: Repository) -> None:
    blob = git_store.put_blob(repo, b"x")
    tree = None
    for path in ("a0", "a/f", "a.b", "a-b"):
        tree = git_store.with_path(repo, tree, path, Entry(FILE, blob))

    assert blob == "c1b0730e0133447badcfd47fd144e254807b06e1"
    assert tree == "fccad7a8b47f114d717947af42d7f48d48e8779f"  # what `git write-tree` says of the same files


def test_a_folder_that_becomes_empty_disappears(repo: Repository) -> None:
    blob = Entry(FILE, git_store.put_blob(repo, b"x"))
    one = git_store.with_path(repo, None, "top", blob)
    two = git_store.with_path(repo, one, "deep/er/file", blob)

    assert git_store.with_path(repo, two, "deep/er/file", None) == one
    found = git_store.find_path(repo, two, "deep/er")
    assert found is not None
    assert found.mode == FOLDER
    assert git_store.find_path(repo, two, "top/file") is None
    assert git_store.find_path(repo, two, "deep/none") is None


def test_a_commit_is_read_as_it_was_written(repo: Repository) -> None:
    tree = git_store.put_tree(repo, {})
    sha = git_store.put_commit(repo, tree, (), "Subject\n\nBody\n\nmore", ("Alice", "alice@example.org", NOW))
    child = git_store.put_commit(
        repo, tree, (sha,), "m", ("Älice", "alice@example.org", NOW), ("Bob", "bob@example.org", NOW)
    )

    assert tree == "4b825dc642cb6eb9a060e54bf8d69288fbee4904"  # git's well-known empty tree
    assert git_store.read_commit(repo, sha).message == "Subject\n\nBody\n\nmore"
    read = git_store.read_commit(repo, child)
    assert (read.parents, read.author[0], read.committer[0]) == ((sha,), "Älice", "Bob")
    assert read.author[2] == NOW


def test_a_commit_is_found_by_branch_by_ref_and_by_a_clear_beginning(repo: Repository) -> None:
    sha = git_store.commit_file(repo, "f", b"x", "m", None, NOW)

    assert {
        git_store.resolve(repo, name) for name in (None, "main", "heads/main", "refs/heads/main", sha, sha[:8])
    } == {sha}
    assert git_store.resolve(repo, "nothing") is None
    assert git_store.resolve(repo, sha[:4]) is None
