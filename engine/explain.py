"""Plans, decisions and effects in words and as plain data for JSON; equal values give equal text.

The words may quote names from outside; a face of the product passes them through its own filter.
"""

from __future__ import annotations

from typing import Any, assert_never

from engine.plan import (
    AddLabels,
    CloseIssue,
    CreateLabel,
    CreateMilestone,
    Decision,
    Effect,
    Plan,
    PostComment,
    RemoveLabels,
    SetMilestone,
)
from engine.problems import Problem, Where


def decision_in_words(decision: Decision) -> str:
    """``applied  exclusivity.track  2 labels …  [labels: a, b → b]  (file:line:column (key))``."""
    parts = [f"{decision.outcome:<7}  {decision.rule}  {decision.reason}"]
    if decision.before != decision.after:
        parts.append(f"[{decision.subject}: {decision.before or 'none'} → {decision.after or 'none'}]")
    if decision.config is not None and str(decision.config):
        parts.append(f"({decision.config})")
    return "  ".join(parts)


def effect_in_words(effect: Effect) -> str:
    """What the effect writes, as a command: ``add label track/main``."""
    match effect:
        case AddLabels(names=names):
            return f"add {_labels(names)}"
        case RemoveLabels(names=names):
            return f"remove {_labels(names)}"
        case SetMilestone(title=title, before=None):
            return f'set milestone "{title}"'
        case SetMilestone(title=title, before=before):
            return f'set milestone "{title}" in place of "{before}"'
        case CreateLabel(name=name):
            return f"create label {name}"
        case CreateMilestone(title=title, due_on=due):
            return f'create milestone "{title}"' + (f", due {due}" if due else "")
        case PostComment():
            return "post a comment"
        case CloseIssue(reason=reason):
            return f"close as {reason.replace('_', ' ')}"
        case _:
            assert_never(effect)


def plan_in_words(plan: Plan) -> list[str]:
    """The plan, line by line: outcome, effects with the rules that want them, decisions, what is not configured."""
    lines = [f"{plan.outcome}: {plan.reason}" if plan.reason else plan.outcome]
    if plan.effects:
        lines += ["", "effects:"]
        lines += [
            f"  {number}. {effect_in_words(effect)}  [{effect.rule}]" for number, effect in enumerate(plan.effects, 1)
        ]
    else:
        lines += ["", "effects: none"]
    lines += ["", "decisions:"]
    lines += [f"  {decision_in_words(decision)}" for decision in plan.decisions]
    if plan.not_configured:
        lines += ["", f"not configured: {', '.join(plan.not_configured)}"]
    for problem in plan.problems:
        lines += ["", *str(problem).splitlines()]
    return lines


def plan_data(plan: Plan) -> dict[str, Any]:
    """The plan as plain data, keys in a fixed order."""
    return {
        "outcome": plan.outcome,
        "reason": plan.reason,
        "effects": [effect_data(effect) for effect in plan.effects],
        "decisions": [decision_data(decision) for decision in plan.decisions],
        "not_configured": list(plan.not_configured),
        "problems": [problem_data(problem) for problem in plan.problems],
    }


def decision_data(decision: Decision) -> dict[str, Any]:
    """The decision as plain data."""
    return {
        "rule": decision.rule,
        "subject": decision.subject,
        "outcome": decision.outcome,
        "reason": decision.reason,
        "before": decision.before,
        "after": decision.after,
        "config": where_data(decision.config),
    }


def effect_data(effect: Effect) -> dict[str, Any]:
    """The effect as plain data; ``effect`` names its kind."""
    data: dict[str, Any] = {"effect": _KINDS[type(effect)], "field": effect.field, "rule": effect.rule}
    match effect:
        case AddLabels() | RemoveLabels():
            data |= {"names": list(effect.names), "rules": list(effect.rules)}
        case SetMilestone():
            data |= {"title": effect.title, "number": effect.number, "before": effect.before}
        case CreateLabel():
            data |= {"name": effect.name, "description": effect.description, "color": effect.color}
        case CreateMilestone():
            data |= {"title": effect.title, "description": effect.description, "due_on": effect.due_on}
        case PostComment():
            data |= {"body": effect.body, "marker": effect.marker}
        case CloseIssue():
            data |= {"reason": effect.reason}
        case _:
            assert_never(effect)
    return data


def where_data(where: Where | None) -> dict[str, Any] | None:
    """A place as plain data; ``None`` where there is none."""
    if where is None:
        return None
    return {"file": where.file, "line": where.line, "column": where.column, "key": where.path}


def problem_data(problem: Problem) -> dict[str, Any]:
    """A problem as plain data."""
    return {
        "code": problem.code,
        "what": problem.what,
        "why": problem.why,
        "fix": problem.fix,
        "where": where_data(problem.where),
        "family": problem.family,
    }


_KINDS: dict[type[Effect], str] = {
    AddLabels: "add-labels",
    RemoveLabels: "remove-labels",
    SetMilestone: "set-milestone",
    CreateLabel: "create-label",
    CreateMilestone: "create-milestone",
    PostComment: "post-comment",
    CloseIssue: "close-issue",
}


def _labels(names: tuple[str, ...]) -> str:
    return f"{'label' if len(names) == 1 else 'labels'} {', '.join(names)}"
