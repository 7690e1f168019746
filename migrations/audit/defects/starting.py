"""Triggers that let strangers run code with the repository's rights, and checks of who is there that anybody can pass.

Source: https://docs.github.com/en/actions/reference/security/securely-using-pull_request_target
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from engine.problems import Where
from migrations.audit.document import Part, Step, Text
from migrations.audit.facts import Facts
from migrations.audit.known_actions import plain_name
from migrations.model import Defect

_PRIVILEGED = ("pull_request_target", "workflow_run", "issue_comment", "discussion_comment")
_HEAD = re.compile(
    r"pull_request\.head\.|github\.head_ref|refs/pull/|workflow_run\.head_|gh\s+pr\s+checkout|merge_commit_sha"
)
_ACTOR = re.compile(
    r"github\.(?:actor|triggering_actor|actor_id)\b|github\.event\.pull_request\.(?:sender|user)\.login|github\['actor'\]",
    re.IGNORECASE,
)
_BOT = re.compile(r"\[bot\]|\bdependabot\b|\brenovate\b|'(?:49699333|29139614|27856297|29110)'", re.IGNORECASE)


def find(facts: Facts) -> Iterator[Defect]:
    """Dangerous triggers, and conditions on a bot's name."""
    document = facts.document
    privileged = [trigger for trigger in document.triggers if trigger.event in _PRIVILEGED]
    checked_out = next((line for job, step in document.steps for line in _fetches_head(job, step)), None)
    for trigger in privileged:
        where = Where(document.path, trigger.line)
        if checked_out is not None:
            yield Defect(
                "dangerous-trigger",
                f"{trigger.event} with a checkout of the pull request's own code",
                "it runs with the repository's secrets and write permission, and the code it fetches is a stranger's",
                "use pull_request, or split what needs secrets into a workflow that runs no code of the pull request",
                where,
                "high",
                (Where(document.path, checked_out),),
            )
        elif trigger.event in {"pull_request_target", "workflow_run"}:
            yield Defect(
                "dangerous-trigger",
                f"{trigger.event} runs with the repository's secrets for pull requests of strangers",
                "one checkout or one pasted expression later, a stranger has them",
                "use pull_request where nothing needs a secret",
                where,
                "medium",
            )
    for condition in _conditions(facts):
        if _ACTOR.search(condition.value) and _BOT.search(condition.value):
            yield Defect(
                "bot-actor-check",
                "a condition trusts the name of whoever acted last",
                "github.actor is whoever caused this event, so anybody who edits a bot's pull request passes, or fails, the check",
                "compare github.event.pull_request.user.login of a pull_request event, or the author's id",
                Where(document.path, condition.line),
                "high" if privileged else "medium",
            )


def _fetches_head(job: Part, step: Step) -> Iterator[int]:
    del job
    if step.uses is not None and plain_name(step.uses.value) == "actions/checkout":
        for name in ("ref", "repository"):
            text = step.input(name)
            if text is not None and _HEAD.search(text.value):
                yield text.line
    if step.run is not None:
        for number, line in step.run.numbered():
            if re.search(r"\bgit\b.*\b(?:fetch|checkout|pull)\b|gh\s+pr\s+checkout", line) and _HEAD.search(line):
                yield number


def _conditions(facts: Facts) -> Iterator[Text]:
    for job in facts.document.jobs:
        if job.condition is not None:
            yield job.condition
        yield from (step.condition for step in job.steps if step.condition is not None)
