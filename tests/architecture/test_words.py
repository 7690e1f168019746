"""The words are the glossary's, the links lead somewhere, and nothing says what it must not."""

from __future__ import annotations

import ast
import itertools
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FORBIDDEN_NAMES = {"job", "handler", "manager", "helper", "helpers", "util", "utils", "misc", "common"}
"""Names that name nothing; a glossary word says what the thing is."""
OUTSIDE = {"handlers"}
"""Spelled so by libraries."""


def tracked(*suffixes: str) -> list[Path]:
    """The project's own files of these kinds: tracked, or new and not ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    return [ROOT / name for name in listed if name.endswith(suffixes) and (ROOT / name).is_file()]


def product() -> list[Path]:
    """The product's Python files."""
    rooms = {"engine", "tassist", "setup_wizard", "migrations"}
    return [path for path in tracked(".py") if path.relative_to(ROOT).parts[0] in rooms]


def words(name: str) -> set[str]:
    """The parts of an identifier, in lower case."""
    return {part.lower() for part in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)}


def test_no_name_names_nothing() -> None:
    found = []
    for path in product():
        if set(path.stem.split("_")) & FORBIDDEN_NAMES:
            found.append(str(path.relative_to(ROOT)))
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
                and words(node.name) & FORBIDDEN_NAMES - OUTSIDE
            ):
                found.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}")
    assert found == []


def test_every_module_opens_with_a_sentence() -> None:
    missing = [
        str(path.relative_to(ROOT)) for path in tracked(".py") if not ast.get_docstring(ast.parse(path.read_text()))
    ]

    assert missing == []


def test_there_are_no_notes_to_ourselves() -> None:
    pattern = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in tracked(".py", ".md", "Makefile", ".toml")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if pattern.search(line)
    ]
    assert found == []


def test_no_file_names_a_package_registry_or_a_path_of_one_machine() -> None:
    hosts = r"py" + r"pi\.org|python" + r"hosted|npm" + r"js\.(org|com)|deb\.deb" + r"ian"
    paths = r"/wo" + r"rk/(main|shared|wt|tools)|/ro" + r"ot/"
    pattern = re.compile(f"{hosts}|{paths}")
    found = []
    for path in tracked(""):
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        found += [
            f"{path.relative_to(ROOT)}:{number}"
            for number, line in enumerate(text.splitlines(), 1)
            if pattern.search(line)
        ]
    assert found == []


def test_the_map_for_newcomers_is_short_and_true() -> None:
    text = (ROOT / "AGENTS.md").read_text()

    assert len(text.splitlines()) <= 150
    named = re.findall(
        r"`((?:engine|tassist|setup_wizard|migrations|tests|docs|benchmarks|examples|requirements)/[\w./-]*)`", text
    )
    assert named
    assert [name for name in named if "VERB" not in name and not (ROOT / name).exists()] == []


COUNTED_ROOMS = (
    "setup_wizard",
    "tassist/services/setup",
    "tassist/services/doctor",
    "tassist/doctor",
    "tassist/tui/setup",
)
NEVER_ONE = {
    "setup_wizard/care_steps.py": "said only of more than five",
    "setup_wizard/manifest.py": "a name is too long from 35 characters on",
    "setup_wizard/values.py": "a name is too long from 35 characters on",
    "tassist/services/doctor/drift.py": "the newest was taken, so that one that was not makes two",
    "tassist/doctor/keys.py": "one place alone gives no choice",
}
"""Where a number stands before a plural that it always fits, and why."""


def test_what_the_installer_counts_is_called_by_its_singular_where_it_may_be_one() -> None:
    found = set()
    for room in COUNTED_ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                for value, after in itertools.pairwise(node.values) if isinstance(node, ast.JoinedStr) else ():
                    counts = isinstance(value, ast.FormattedValue) and "len(" in ast.unparse(value.value)
                    if (
                        counts
                        and isinstance(after, ast.Constant)
                        and re.match(r" (?:\w+ )?[a-z]+s\b", str(after.value))
                    ):
                        found.add(str(path.relative_to(ROOT)))

    assert found == set(NEVER_ONE), "tassist.text.noun gives the word that goes with a number"
