"""actions/labeler: the labels it knows, and by what it puts them on pull requests; its workflow stays.

Source: action.yml and README.md of https://github.com/actions/labeler at v4, v5 and v7: from v5 on `changed-files`, `base-branch` and
`head-branch`, before that globs; since v6 two limits may stand among the labels.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from engine.config.findings import Findings
from engine.config.nodes import Mapping as YamlMapping
from engine.config.nodes import to_json
from engine.config.reading import decode, read
from migrations.audit.document import Document, Step
from migrations.audit.known_actions import plain_name
from migrations.model import Snapshot, TextFile
from migrations.sources.taken import Taken

ID = "actions/labeler"
DEFAULT_PATH = ".github/labeler.yml"
LIMITS = frozenset(["changed-files-labels-limit", "max-files-changed"])
"""Options that stand among the labels; they are none."""
KEPT = "labels by changed files and branches: pull requests are not Task Assistant's, so the Action stays for them"


def labeler(snapshot: Snapshot, documents: tuple[Document, ...]) -> Iterable[Taken]:
    """Every step that uses actions/labeler, with its configuration of version 4 or 5."""
    files = {file.path: file for file in snapshot.files}
    for document in documents:
        for _, step in document.steps:
            if step.uses is None or plain_name(step.uses.value) != ID:
                continue
            named = step.input("configuration-path")
            path = named.value if named is not None and named.value else DEFAULT_PATH
            yield _labeler(document, step, path, files.get(path))


def _labeler(document: Document, step: Step, path: str, file: TextFile | None) -> Taken:
    if file is None:
        why = f"{path} is not there, so nothing is known of it"
        return Taken(ID, document.path, step.line, (f"reads {path}",), {}, (why,), document.path)
    out = Findings(path)
    text = decode(file.content, out)
    root = read(text, out) if text is not None else None
    document_data = to_json(root) if isinstance(root, YamlMapping) else None
    if out.failed or not isinstance(document_data, dict):
        why = next((problem.what for problem in out.problems()), "it is no mapping")
        return Taken(ID, path, 1, (), {}, (f"{path} cannot be read: {why}",), document.path)
    declares: list[str] = []
    labels = []
    version = _labeler_version(document_data)
    for label, rules in document_data.items():
        if label in LIMITS and isinstance(rules, int):
            declares.append(f"{label}: {rules}")
            continue
        conditions = list(_conditions(rules))
        labels.append({"name": label})
        declares.append(f"puts {label} on a pull request by {' or '.join(conditions) or 'nothing'}")
    config = {"labels": labels}
    return Taken(f"{ID} v{version}", path, 1, tuple(declares), config, (KEPT,), document.path)


def _labeler_version(document: dict[str, Any]) -> int:
    """5 where any rule is a mapping with the words of version 5; the forms never mix in one file."""
    words = {"changed-files", "base-branch", "head-branch", "any", "all"}
    for rules in document.values():
        for rule in rules if isinstance(rules, list) else [rules]:
            if isinstance(rule, dict) and words & set(rule):
                inner = [rule.get(word) for word in ("any", "all") if word in rule]
                if not inner or any(
                    isinstance(one, dict) for many in inner for one in (many if isinstance(many, list) else [many])
                ):
                    return 5
    return 4


def _conditions(rules: Any) -> Iterable[str]:
    for rule in rules if isinstance(rules, list) else [rules]:
        if isinstance(rule, str):
            yield f"files {rule}"
        elif isinstance(rule, dict):
            for name, value in rule.items():
                if name in {"any", "all"}:
                    inner = list(_conditions(value))
                    yield f"{name} of ({', '.join(inner)})"
                elif name == "changed-files":
                    yield from (f"files {glob}" for glob in _globs(value))
                else:
                    yield f"{name} {', '.join(_globs(value))}"


def _globs(value: Any) -> list[str]:
    if isinstance(value, list):
        return [glob for one in value for glob in _globs(one)]
    if isinstance(value, dict):
        return [f"{name}: {glob}" for name, inner in value.items() for glob in _globs(inner)]
    return [str(value)]
