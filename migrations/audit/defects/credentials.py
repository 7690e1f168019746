"""Credentials that stand in a file instead of in a secret; their values are repeated nowhere."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from engine.problems import Where
from migrations.audit.facts import TOKEN_INPUTS, TOKEN_NAMES, Facts
from migrations.model import Defect, TextFile

_FORMS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("a token of GitHub's", re.compile(r"(?<![A-Za-z0-9])(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{22,})")),
    ("a private key", re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")),
    ("a key of AWS's", re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b(?<!EXAMPLE)")),
    ("a token of Slack's", re.compile(r"\bxox[abprs]-[0-9A-Za-z-]{10,}")),
    ("a token of npm's", re.compile(r"\bnpm_[A-Za-z0-9]{36}\b")),
    ("a token of PyPI's", re.compile(r"\bpypi-AgE[A-Za-z0-9_-]{50,}")),
    ("a key of Google's", re.compile(r"\bAIza[0-9A-Za-z_-]{35}")),
    ("a key of Stripe's", re.compile(r"\b[sr]k_live_[0-9A-Za-z]{20,}")),
    ("a token of GitLab's", re.compile(r"\bglpat-[A-Za-z0-9_-]{20,}")),
    # A host without a dot is a service beside the workflow, whose password is no secret.
    ("a password in an address", re.compile(r"://[^/\s:@$'\"]+:(?![$*<{])[^/\s@$'\"{]{4,}@(?!127\.)[\w-]+\.[\w.-]+")),
)
_LITERAL = re.compile(r"[A-Za-z0-9_-]{20,}")
_FEWEST_SIGNS = 6
"""A word of fewer different signs is a placeholder, such as ghp_xxxxxxxxxxxxxxxxxxxx."""


def find(facts: Facts) -> Iterator[Defect]:
    """Credentials in a workflow or an action: of a form that is known, or given as a token."""
    document = facts.document
    found = dict(_in_lines(document.text))
    places = [document.env, *(job.env for job in document.jobs), *(step.env for _, step in document.steps)]
    given = [text for place in places for name, text in place if name in TOKEN_NAMES]
    given += [text for _, step in document.steps for name, text in step.given if name in TOKEN_INPUTS]
    for text in given:
        if _LITERAL.fullmatch(text.value) and _is_real(text.value):
            found.setdefault(text.line, "a token")
    yield from _defects(document.path, found)


def in_files(files: Iterable[TextFile]) -> Iterator[Defect]:
    """The same for files that are no workflows, such as the guide."""
    for file in files:
        yield from _defects(file.path, dict(_in_lines(file.text)))


def _in_lines(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.splitlines(), 1):
        for sort, form in _FORMS:
            if any(sort == "a private key" or _is_real(hit.group()) for hit in form.finditer(line)):
                yield number, sort
                break


def _is_real(word: str) -> bool:
    return len(set(word.rpartition("_")[2] or word)) >= _FEWEST_SIGNS


def _defects(path: str, found: dict[int, str]) -> Iterator[Defect]:
    for sort in dict.fromkeys(found.values()):
        lines = sorted(line for line, other in found.items() if other == sort)
        yield Defect(
            "hard-coded-credential",
            f"{sort} stands in the file",
            "everybody who may read the repository, or a copy of it, has it, and so does its history when the line is gone",
            "revoke it where it was made; then keep the new one as a secret, or use the App's installation token",
            Where(path, lines[0]),
            "high",
            tuple(Where(path, line) for line in lines[1:]),
        )
