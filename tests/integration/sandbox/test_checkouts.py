"""A tree of files put into a repository of the box is the same to the byte, and its workflows are listed."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tassist.sandbox import Box, git_store
from tassist.sandbox.contents import files_below
from tassist.sandbox.model import Repository
from tassist.sandbox.seeds.checkout import list_workflows, plant_files, plant_git
from tests.support.legacy_shop import LEGACY, SHOP, shop_box


def content(repo: Repository, branch: str) -> dict[str, bytes]:
    tree = git_store.read_commit(repo, repo.refs[f"refs/heads/{branch}"]).tree
    return {path: repo.objects[entry.sha].content for path, entry in files_below(repo, tree).items()}


def test_a_folder_is_the_same_to_the_byte_and_its_workflows_are_listed() -> None:
    box, repo = shop_box()

    there = {path.relative_to(SHOP / "files").as_posix(): path.read_bytes()
             for path in (SHOP / "files").rglob("*") if path.is_file()}  # fmt: skip
    assert content(repo, "main") == there
    assert b"\r\n" in there[".github/workflows/build.yml"], "a fixture that git may not mend"
    assert {item.path for item in repo.workflows.values()} == {
        *(f".github/workflows/shop-{name}.yml" for name in LEGACY),
        ".github/workflows/build.yml",
        ".github/workflows/lint.yaml",
    }
    assert {item.name for item in repo.workflows.values()} >= {"Build", "Shop label"}
    assert "telemetry/cleaner-1001.json" in content(repo, "gh-pages")
    assert box.issue("lena/shop", 5).milestone is None
    known = dict(repo.workflows)
    list_workflows(box, repo)
    assert repo.workflows == known


def test_a_git_directory_gives_the_same_trees_as_git(tmp_path: Path) -> None:
    def git(*args: str) -> str:
        who = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
        done = subprocess.run(["git", "-C", str(tmp_path), *who, *args], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    git("init", "-q", "-b", "main")
    (tmp_path / "a b").mkdir()
    (tmp_path / "a b" / "ü.txt").write_bytes(b"x\r\n\0")
    (tmp_path / "run.sh").write_text("true\n")
    (tmp_path / "run.sh").chmod(0o755)
    git("add", "-A")
    git("commit", "-q", "-m", "one")
    box = Box.seeded()
    repo = next(iter(box.world.repositories.values()))

    sha = plant_git(box, repo, tmp_path / ".git", "main", branch="copy")

    assert git_store.read_commit(repo, sha).tree == git("rev-parse", "main^{tree}")
    empty = plant_files(box, repo, {}, branch="bare")
    assert git_store.read_commit(repo, empty).tree == "4b825dc642cb6eb9a060e54bf8d69288fbee4904", "git's empty tree"
