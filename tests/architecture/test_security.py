"""What is claimed about security is held by tests that exist, and what no test could see is looked for in the source."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.support import security


def test_every_claimed_row_names_tests_that_exist() -> None:
    assert security.missing() == []


ROWS = (
    "1.1.2", "1.2.10", "1.3.6", "1.3.12", "1.5.3", "2.4.1", "3.2.2", "5.3.2", "9.1.2", "11.2.4", "13.1.3", "13.2.6", "13.2.4",
    "13.3.1", "13.3.4", "15.1.2", "15.4.2", "16.2.5", "16.4.1", "16.5.1", "16.5.3",
)  # fmt: skip
"""The rows of ASVS 5.0 that a program of this kind has to answer for."""


def test_every_row_of_the_standard_that_concerns_us_is_claimed_once() -> None:
    claimed = [part.strip() for row in security.ROWS for part in row.id.split(",")]

    assert sorted(claimed) == sorted(ROWS)


def test_secrets_are_compared_in_constant_time_only(project_root: Path) -> None:
    """A value behind `.reveal()` or a signature is never an operand of `==`; `hmac.compare_digest` is what compares them."""
    found, compared = [], 0
    for file in sorted((project_root / "tassist").rglob("*.py")):
        if file.is_relative_to(project_root / "tassist" / "github"):
            continue  # compares what we sent with what we would send: nobody else's value is in it
        tree = ast.parse(file.read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr == "compare_digest":
                compared += 1
            if not isinstance(node, ast.Compare) or not any(isinstance(op, ast.Eq | ast.NotEq) for op in node.ops):
                continue
            if any("reveal()" in ast.unparse(side) for side in (node.left, *node.comparators)):
                found.append(f"{file.relative_to(project_root)}:{node.lineno} {ast.unparse(node)}")

    assert compared >= 3
    assert found == []
