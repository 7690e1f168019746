"""What the documentation tells a person to type is typed here, to the letter."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(path for folder in ("tutorial", "how-to") for path in (ROOT / "docs" / folder).glob("*.md"))
_BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)
_EXIT = re.compile(r"\s+# exit (\d+)$")


def typed(page: Path) -> list[tuple[str, int]]:
    """Every line to type, with the exit code the page names for it."""
    lines = [
        line[2:] for block in _BLOCK.findall(page.read_text()) for line in block.splitlines() if line.startswith("$ ")
    ]
    return [(_EXIT.sub("", line), int(found[1]) if (found := _EXIT.search(line)) else 0) for line in lines]


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PAGES if typed(page)], ids=lambda page: page.stem)
def test_every_command_of_a_page_does_what_the_page_says(page: Path, tmp_path: Path) -> None:
    commands = tmp_path / "bin"
    commands.mkdir()
    (commands / "tassist").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m tassist "$@"\n')
    (commands / "tassist").chmod(0o755)
    here = tmp_path / "here"
    here.mkdir()
    shutil.copytree(ROOT / "examples", here / "examples")
    env = {**os.environ, "PATH": f"{commands}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}

    for line, code in typed(page):
        done = subprocess.run(["sh", "-c", line], cwd=here, env=env, capture_output=True, text=True, timeout=300)
        assert done.returncode == code, f"{line}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
        assert "Traceback" not in done.stderr


def test_the_readme_names_commands_that_exist() -> None:
    from tassist.cli.registry import VERB_BY_NAME

    named = re.findall(r"`tassist ([a-z]+)", (ROOT / "README.md").read_text())

    assert set(named) <= set(VERB_BY_NAME)
