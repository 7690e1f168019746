"""Says what a case gives in sentences, from the words of its file, for the page and for `contract print`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.plan import (
    AddLabels,
    CloseIssue,
    CreateLabel,
    CreateMilestone,
    Decision,
    Effect,
    PostComment,
    RemoveLabels,
    SetMilestone,
)
from tassist.contract.case import Anything, ExpectedDecision, ExpectedEffect


def given_in_words(configuration: str, words: Mapping[str, Any]) -> tuple[str, ...]:
    """Configuration, issue, repository and trigger, one sentence each; what is as usual is left out."""
    lines = [_configuration(configuration, words), _issue(words.get("issue", {}))]
    repository = words.get("repository", {})
    if repository:
        lines.append("repository: " + "; ".join(f"{key} {_value(value)}" for key, value in repository.items()))
    if "now" in words:
        lines.append(f"it is {words['now']}")
    lines.append(f"when: {words.get('trigger', '')}")
    return tuple(lines)


def _configuration(name: str, words: Mapping[str, Any]) -> str:
    if "text" in words:
        return "configuration: " + " ⏎ ".join(str(words["text"]).strip().splitlines())[:400]
    changes = [f"{path}: {_value(value)}" for path, value in words.get("set", {}).items()]
    changes += [f"no {path}" for path in words.get("unset", ())]
    return f"configuration {name}" + (f" with {'; '.join(changes)}" if changes else "")


def _issue(issue: Mapping[str, Any]) -> str:
    kind = "pull request" if issue.get("pull_request") else "issue"
    state = issue.get("state", "open")
    locked = "locked " if issue.get("locked") else ""
    parts = [f"{state} {locked}{kind}"]
    for key, value in issue.items():
        if key in {"state", "pull_request", "locked"}:
            continue
        if key == "parent" and isinstance(value, Mapping):
            parts.append("sub-issue of an " + _issue(value))
        elif key == "timeline" and isinstance(value, list):
            parts.append("timeline " + ", ".join(f"{when}: {what}" for entry in value for when, what in entry.items()))
        else:
            parts.append(f"{key} {_value(value)}")
    return "; ".join(parts)


def _value(value: Any) -> str:
    if isinstance(value, list | tuple):
        if len(value) > 12:
            return f"{', '.join(_value(entry) for entry in value[:3])}, … ({len(value)} in all)"
        return ", ".join(_value(entry) for entry in value) or "none"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_value(inner)}" for key, inner in value.items()) + "}"
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def decision_in_words(decision: ExpectedDecision) -> str:
    """``exclusivity.track applied (… before → after)``."""
    parts = [f"{decision.rule} {decision.outcome}"]
    if not isinstance(decision.before, Anything) or not isinstance(decision.after, Anything):
        before = "…" if isinstance(decision.before, Anything) else decision.before or "none"
        after = "…" if isinstance(decision.after, Anything) else decision.after or "none"
        parts.append(f"{before} → {after}")
    if decision.because:
        parts.append("because " + ", ".join(f"“{fragment}”" for fragment in decision.because))
    if decision.key:
        parts.append(f"by {decision.key}")
    return "; ".join(parts)


def expected_effect_in_words(effect: ExpectedEffect) -> str:
    """``add labels track/sprint``."""
    return f"{effect.kind} {', '.join(effect.values)}" + (f" ({effect.rule})" if effect.rule else "")


def as_expected_effect(effect: Effect) -> ExpectedEffect:
    """An effect of a plan in the words of the case files, with its rule."""
    match effect:
        case AddLabels(names=names, rule=rule):
            return ExpectedEffect("add labels", names, rule)
        case RemoveLabels(names=names, rule=rule):
            return ExpectedEffect("remove labels", names, rule)
        case SetMilestone(title=title, rule=rule):
            return ExpectedEffect("set milestone", (title,), rule)
        case CreateLabel(name=name, rule=rule):
            return ExpectedEffect("create label", (name,), rule)
        case CreateMilestone(title=title, rule=rule):
            return ExpectedEffect("create milestone", (title,), rule)
        case PostComment(body=body, rule=rule):
            return ExpectedEffect("comment", (body,), rule)
        case CloseIssue(reason=reason, rule=rule):
            return ExpectedEffect("close", (reason,), rule)


def actual_decision_in_words(decision: Decision) -> str:
    """``exclusivity.track applied: the reason (before → after) [key]``."""
    change = "" if decision.before == decision.after else f" ({decision.before or 'none'} → {decision.after or 'none'})"
    key = f" [{decision.config.path}]" if decision.config else ""
    return f"{decision.rule} {decision.outcome}: {decision.reason}{change}{key}"
