"""YAML that attacks its reader is named, and never ends an audit."""

from __future__ import annotations

import pytest

from migrations.audit.document import read_document
from migrations.audit.run import audit
from migrations.model import Snapshot, TextFile

BOMB = "a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\non: push\njobs: {d: *c}\n"
HOSTILE: dict[str, tuple[bytes, str]] = {
    "alias bomb": (BOMB.encode(), "workflow-alias"),
    "recursive alias": (b"on: push\njobs: &a [*a]\n", "workflow-alias"),
    "5000 deep": (b"on: " + b"[" * 5000, "workflow-too-deep"),
    "python object": (b"on: push\njobs: !!python/object/apply:os.system ['true']\n", "workflow-tag"),
    "custom tag": (b"on: !own push\n", "workflow-tag"),
    "duplicate key": (b"on: push\non: issues\njobs: {}\n", "workflow-duplicate-key"),
    "merge key": (b"on: push\njobs: {a: {<<: {x: 1}}}\n", "workflow-merge-key"),
    "too large": (b"#" * (1024 * 1024 + 1), "workflow-too-large"),
    "not utf-8": (b"on: \xff\n", "workflow-not-utf8"),
    "control character": (b"on: push\nname: \x1b[2J\n", "workflow-control-character"),
    "two documents": (b"on: push\n---\non: push\n", "workflow-several-documents"),
    "no mapping": (b"- a\n- b\n", "workflow-empty"),
    "nothing": (b"", "workflow-empty"),
    "syntax": (b"on: [push\n", "workflow-yaml-syntax"),
    "too many": (b"jobs:\n" + b"".join(b" k%d: v\n" % number for number in range(60_000)), "workflow-too-many-nodes"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_h63_h64_hostile_yaml_is_named_and_not_fatal(case: str) -> None:
    content, code = HOSTILE[case]
    good = TextFile(".github/workflows/good.yml", b"on: issues\njobs: {a: {steps: [{run: gh issue close 1}]}}\n")
    bad = TextFile(".github/workflows/bad.yml", content)

    assert code in {problem.code for problem in read_document(bad).problems}

    found = audit(Snapshot("o/r", "x", workflows=(bad, good)))
    assert found.unreadable
    assert found.unreadable[0].where.file == ".github/workflows/bad.yml"
    assert [workflow.path for workflow in found.legacy] == [".github/workflows/good.yml"]


SHAPES = {
    "nulls": "on:\njobs:\n",
    "numbers": "on: 3\njobs: {1: {steps: 4}}\n",
    "lists where mappings stand": "on: [{a: b}]\njobs: [a]\nenv: [x]\n",
    "steps of all sorts": "on: push\njobs: {a: {steps: [1, [2], {run: [x]}, {uses: {a: b}}, {with: 3, env: 4}]}}\n",
    "permissions of all sorts": "on: push\npermissions: [a]\njobs: {a: {permissions: 3, strategy: {matrix: [1]}}}\n",
}


@pytest.mark.parametrize("case", SHAPES)
def test_any_shape_is_read_without_an_exception(case: str) -> None:
    audit(Snapshot("o/r", "x", workflows=(TextFile(".github/workflows/a.yml", SHAPES[case].encode()),)))


@pytest.mark.parametrize("made", ["steps", "one script", "expressions", "quotes", "nested"])
def test_ten_thousand_lines_are_audited(made: str) -> None:
    head = "on: issues\njobs:\n  a:\n    steps:\n"
    text = {
        "steps": head + "      - run: gh issue edit 1 --add-label x\n" * 10_000,
        "one script": head + "      - run: |\n" + '          echo "a" > data/x.json; gh issue list\n' * 10_000,
        "expressions": head + "      - run: |\n" + "          echo ${{ github.event.issue.title }}\n" * 10_000,
        "quotes": head + "      - run: |\n" + "          echo 'x\n" * 10_000,
        "nested": head + "      - run: echo ${{ " + "(" * 3000 + "!" * 3000 + "a || " * 3000 + " }}\n",
    }[made]

    found = audit(Snapshot("o/r", "x", workflows=(TextFile(".github/workflows/a.yml", text.encode()),)))

    assert found.revisions == 1
    assert found.workflows[0].kind == ("issue automation" if made == "steps" else "not ours")
