"""What people read uses the glossary's words: none that it names as the ones we do not use."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tests.architecture.test_words import ROOT, product, tracked

ALSO: dict[str, str] = {
    "message": "a line of chat or of a commit",
    "sync": "project sync, a component of legacy automation",
    "check": "what the doctor looks at, and the verb",
    "policy": "a content security policy, a policy of privacy",
    "result": "what a statement or a calculation answers",
    "mutation": "mutation testing; GraphQL's mutations",
    "operation": "GitHub's name for what an endpoint does",
    "rollback": "the command that takes a migration back",
    "job": "a workflow's; a row of the queue in PostgreSQL",
    "task": "what a person does; Task Assistant",
    "bot": "GitHub's type of account, as in `name[bot]`",
    "migration": "the move of a repository",
    "field": "of a record, of a form",
    "page": "of the documentation, of the dashboard, of GitHub",
    "test": "what proves something",
    "backend": "what the library of keyrings calls a keyring",
    "fetch": "git's command",
    "tab": "of a browser; the key",
    "proxy": "what stands between this machine and the Internet",
}
"""Words we do not use for one thing, and use for another: what that is. Any other word of the column stands nowhere."""
NOT_OURS = {"docs/glossary.md", "docs/explanation/mutation-report.md"}
"""The list itself; names of the tool that changes the engine."""


def not_used() -> dict[str, str]:
    """Word that is not used → the one that is."""
    rows = re.findall(r"^\| ([^|]+) \|[^|]*\| ([^|]*)\|$", (ROOT / "docs/glossary.md").read_text(), re.MULTILINE)
    return {word.strip(): used for used, words in rows[1:] for word in words.split(",") if word.strip()}


def read_by_people() -> dict[str, str]:
    """Pages without their code, and every sentence in the product that is no docstring and no SQL."""
    found = {}
    for path in tracked(".md"):
        name = path.relative_to(ROOT).as_posix()
        if name.startswith(("docs/", "README", "SECURITY", "CONTRIBUTING")) and name not in NOT_OURS:
            found[name] = re.sub(r"```.*?```|`[^`]*`", "", path.read_text(), flags=re.DOTALL)
    for path in product():
        found[path.relative_to(ROOT).as_posix()] = "\n".join(sentences(path))
    return found


def sentences(path: Path) -> list[str]:
    tree = ast.parse(path.read_text())
    told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        # A command's help is its docstring.
        if isinstance(node, ast.FunctionDef) and node.decorator_list and "cli" in path.parts:
            told -= {id(inner.value) for inner in node.body[:1] if isinstance(inner, ast.Expr)}
    return [
        re.sub(r"`[^`]*`", "", node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and " " in node.value
        and id(node) not in told
        and not re.search(r"\b(?:SELECT|INSERT|UPDATE|CREATE|WHERE|import|uses:)", node.value)
    ]


def test_no_word_that_is_not_used_stands_anywhere() -> None:
    texts = read_by_people()
    found = [
        f"{name}: {word}, say {used}"
        for word, used in not_used().items()
        if word not in ALSO
        for name, text in texts.items()
        if form(word).search(text)
    ]

    assert len(texts) > 400
    assert found == []


def form(word: str) -> re.Pattern[str]:
    """One of it or several, and no part of a name."""
    several = rf"{re.escape(word[:-1])}(?:y|ies)" if word.endswith("y") else f"{re.escape(word)}s?"
    return re.compile(rf"(?<![\w/.-]){several}(?![\w-])", re.IGNORECASE)


def test_every_exception_is_one() -> None:
    assert ALSO.keys() <= not_used().keys()
    assert len(not_used().keys() - ALSO.keys()) > 12
