"""What a workflow's part does step by step when it is rehearsed: scripts with their expressions filled in, and folders for checkouts.

Words of strangers are never filled in: an expression that would paste them gets a placeholder, and so does everything that looks like
code of its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from migrations.audit.document import Step, Text
from migrations.audit.expressions import Danger, danger_of
from migrations.audit.known_actions import plain_name

_EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
_PLAIN = re.compile(r"[\w .,:/@+#()-]*\Z")
PLACEHOLDER = "words-of-somebody"


@dataclass(slots=True)
class Known:
    """What expressions may read."""

    repo: str
    variables: Mapping[str, str]
    event: Mapping[str, str] = field(default_factory=dict)
    """Dotted path below ``github.event`` → value."""
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    """Step id → what it wrote to ``$GITHUB_OUTPUT``."""
    env: dict[str, str] = field(default_factory=dict)


def filled(text: str, known: Known) -> str:
    """The text with every expression replaced by what it gives."""
    return _EXPRESSION.sub(lambda found: value(found[1].strip(), known), text)


def value(expression: str, known: Known) -> str:
    """What one expression gives; what is not understood gives nothing."""
    head, _, rest = expression.partition(".")
    if head == "vars":
        return _plain(known.variables.get(rest, ""))
    if head == "secrets" or expression == "github.token":
        return "rehearsal"
    if head == "env":
        return _plain(known.env.get(rest, ""))
    if head == "steps":
        identity, _, name = rest.partition(".outputs.")
        return _plain(known.outputs.get(identity, {}).get(name, ""))
    if head == "github":
        whole = {
            "repository": known.repo,
            "repository_owner": known.repo.partition("/")[0],
            "run_id": "1",
            "run_number": "1",
            "actor": "somebody",
        }
        if rest in whole:
            return whole[rest]
        if danger_of(expression) is not Danger.NONE:
            return PLACEHOLDER
        return _plain(known.event.get(rest.removeprefix("event."), ""))
    return ""


def _plain(text: str) -> str:
    return text if _PLAIN.match(text) else PLACEHOLDER


def wants(condition: Text | None, known: Known) -> bool:
    """Whether a step runs: comparisons of a context with a text are understood, everything else is taken to hold."""
    if condition is None:
        return True
    inner = _EXPRESSION.sub(lambda found: found[1], condition.value).strip()
    found = re.fullmatch(r"([\w.-]+)\s*(==|!=)\s*(?:'([^']*)'|(true|false))", inner)
    if not found:
        return "failure()" not in inner
    wanted = found[3] if found[3] is not None else found[4]
    return (value(found[1], known) == wanted) == (found[2] == "==")


def checkout_folder(step: Step) -> str | None:
    """Where a step checks something out; ``None`` where it does not."""
    if step.uses is None or plain_name(step.uses.value) != "actions/checkout":
        return None
    path = step.input("path")
    return path.value.strip("./") if path else ""


def outputs(text: str) -> dict[str, str]:
    """What a script wrote to ``$GITHUB_OUTPUT``: ``NAME=VALUE`` lines, and ``NAME<<END`` blocks."""
    found: dict[str, str] = {}
    lines = iter(text.splitlines())
    for line in lines:
        block = re.match(r"([\w-]+)<<(\S+)$", line)
        if block:
            inside = []
            for inner in lines:
                if inner == block[2]:
                    break
                inside.append(inner)
            found[block[1]] = "\n".join(inside)
        elif "=" in line:
            name, _, given = line.partition("=")
            found[name] = given
    return found
