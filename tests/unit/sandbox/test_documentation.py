"""The box's page says what is so: its examples run, and what it names exists."""

from __future__ import annotations

import re
from pathlib import Path

from tassist.sandbox import Box

PAGE = Path(__file__).resolve().parents[3] / "docs" / "explanation" / "github-in-a-box.md"


def test_the_examples_run() -> None:
    examples = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert len(examples) == 2
    for example in examples:
        exec(compile(example, str(PAGE), "exec"), {})


def test_every_name_of_the_box_in_the_page_exists() -> None:
    box = Box.empty()
    named = re.findall(r"`box\.([a-z_.]+)", PAGE.read_text())
    assert len(named) >= 8
    for path in named:
        found: object = box
        for part in path.split("."):
            assert hasattr(found, part), path
            found = getattr(found, part)
