"""Tokens that may do more than the workflow needs, and personal ones where the App's would do."""

from __future__ import annotations

import re
from collections.abc import Iterator

from engine.problems import Where
from migrations.audit.document import Document, Text
from migrations.audit.facts import TOKEN_INPUTS, TOKEN_NAMES, Facts
from migrations.audit.known_actions import plain_name
from migrations.model import Defect

_SECRET = re.compile(r"secrets\.([A-Za-z_]\w*)|secrets\[\s*'([A-Za-z_]\w*)'\s*\]")


def find(facts: Facts) -> Iterator[Defect]:
    """Permissions that are not stated, too many, or unused; personal access tokens; inherited secrets."""
    document = facts.document
    if document.form != "workflow":
        return
    personal = list(_personal(document))
    for name in dict.fromkeys(name for name, _ in personal):
        lines = sorted({line for other, line in personal if other == name})
        yield Defect(
            "personal-token",
            f"the secret {name} is used as the token",
            "a person's token reaches every repository that person does, outlives the run, and acts in their name",
            "use the App's installation token, or the workflow's own with permissions:",
            Where(document.path, lines[0]),
            "medium",
            tuple(Where(document.path, line) for line in lines[1:]),
        )
    yield from _stated(facts, has_own_token=bool(personal))
    for job in document.jobs:
        if job.inherits_secrets and job.uses is not None:
            yield Defect(
                "secrets-inherited",
                f"{job.uses.value} is given every secret",
                "it needs some of them at most",
                "name the secrets it needs",
                Where(document.path, job.uses.line),
                "medium",
            )


def _personal(document: Document) -> Iterator[tuple[str, int]]:
    places = [document.env, *(job.env for job in document.jobs), *(step.env for _, step in document.steps)]
    texts: list[Text] = [text for place in places for name, text in place if name in TOKEN_NAMES]
    texts += [text for _, step in document.steps for name, text in step.given if name in TOKEN_INPUTS]
    for text in texts:
        for one, other in _SECRET.findall(text.value):
            name = one or other
            if name != "GITHUB_TOKEN":
                yield name, text.line
    for _, step in document.steps:
        if step.run is None:
            continue
        for number, line in step.run.numbered():
            for one, other in _SECRET.findall(line):
                if (one or other) != "GITHUB_TOKEN" and re.search(r"TOKEN=|Authorization|x-access-token|gh auth", line):
                    yield one or other, number


def _stated(facts: Facts, *, has_own_token: bool) -> Iterator[Defect]:
    document = facts.document
    whole = document.permissions
    unstated = [job for job in document.jobs if job.permissions is None]
    if whole is None and unstated:
        yield Defect(
            "permissions-not-stated",
            "the workflow does not say which permissions it needs",
            "it gets the repository's default, which may be to write everything",
            "add permissions: with what it needs, or permissions: {} where it needs nothing",
            Where(document.path, unstated[0].line),
            "low",
        )
    stated = [(whole or (), "workflow")] + [(job.permissions or (), f"part {job.id}") for job in document.jobs]
    for permissions, whose in stated:
        for scope, level, line in permissions:
            where = Where(document.path, line)
            if scope == "*" and level in {"write-all", "read-all"}:
                yield Defect(
                    "permissions-broad",
                    f"the {whose} has {level}",
                    "it may change, or read, everything the token reaches",
                    "name the permissions it needs",
                    where,
                    "high" if level == "write-all" else "medium",
                )
            elif level == "write" and _unused(facts, scope, has_own_token=has_own_token):
                yield Defect(
                    "permissions-unused",
                    f"the {whose} may write {scope}, and nothing in it does so with this token",
                    "a permission nobody needs is one somebody can abuse",
                    f"remove {scope}: write",
                    where,
                    "low",
                )


def _unused(facts: Facts, scope: str, *, has_own_token: bool) -> bool:
    """Whether the workflow's own token writes nothing of that scope, as far as its text tells."""
    others = [used for used in facts.uses if plain_name(used.name) != "actions/checkout"]
    if scope == "contents":
        return not facts.pushes and not others and not any(call.method != "GET" for _, call in facts.calls)
    if scope == "issues":
        writes = any(
            call.words[:1] in {("issue",), ("label",)} or call.method != "GET" or call.mutations
            for _, call in facts.calls
        )
        return not others and (not writes or has_own_token)
    return False
