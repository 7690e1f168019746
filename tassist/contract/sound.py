"""What holds for every plan whatever the case says: minimal, contained, explained, within GitHub's limits."""

from __future__ import annotations

from collections import Counter

from engine.decide import unconfigured_plan
from engine.model import Issue, Repo, fold
from engine.plan import AddLabels, CloseIssue, CreateLabel, CreateMilestone, Plan, RemoveLabels, SetMilestone

MAX_LABELS = 100
"""Labels on one issue; source: https://github.com/actions/labeler (GITHUB_MAX_LABELS)."""


def unsound(plan: Plan, issue: Issue, repo: Repo) -> list[str]:
    """Every promise to all plans that this one breaks."""
    found = _labels(plan, issue, repo) + _milestone(plan, issue, repo) + _explained(plan) + _complete(plan)
    kinds = Counter(
        type(effect).__name__ for effect in plan.effects if isinstance(effect, AddLabels | RemoveLabels | SetMilestone)
    )
    found += [f"two writes of one field: {count} × {kind}" for kind, count in kinds.items() if count > 1]
    if any(isinstance(effect, CloseIssue) for effect in plan.effects) and issue.state == "closed":
        found.append("it closes a closed issue")
    if plan.outcome == "blocked" and plan.effects:
        found.append("a blocked run has effects")
    return found


def _labels(plan: Plan, issue: Issue, repo: Repo) -> list[str]:
    found = []
    made = {fold(label.name) for label in repo.labels or ()}
    held = {fold(name) for name in issue.labels}
    for effect in plan.effects:
        if isinstance(effect, CreateLabel):
            if fold(effect.name) in made:
                found.append(f"it creates the label {effect.name}, which is there")
            made.add(fold(effect.name))
        elif isinstance(effect, AddLabels):
            found += [f"it adds {name}, which the issue has" for name in effect.names if fold(name) in held]
            if repo.labels is not None:
                # GitHub would create an unknown label silently, without colour or description.
                found += [f"it adds {name}, which nobody made" for name in effect.names if fold(name) not in made]
            held |= {fold(name) for name in effect.names}
        elif isinstance(effect, RemoveLabels):
            found += [f"it removes {name}, which the issue lacks" for name in effect.names if fold(name) not in held]
            held -= {fold(name) for name in effect.names}
    if len(held) > max(MAX_LABELS, len(issue.labels)):
        found.append(f"it leaves {len(held)} labels on the issue")
    return found


def _milestone(plan: Plan, issue: Issue, repo: Repo) -> list[str]:
    found = []
    created: set[str] = set()
    for effect in plan.effects:
        if isinstance(effect, CreateMilestone):
            if repo.milestone(effect.title) is not None:
                found.append(f"it creates the milestone {effect.title}, which is there")
            created.add(effect.title)
        elif isinstance(effect, SetMilestone):
            now = issue.milestone
            if now is not None and now.number == effect.number:
                found.append(f"it sets the milestone {effect.title}, which the issue has")
            if effect.before != (now.title if now else None):
                found.append(f"it says the milestone before was {effect.before}, and it was {now and now.title}")
            chosen = repo.milestone(effect.title)
            if effect.title in created:
                if effect.number is not None:
                    found.append(f"it has the number {effect.number} for a milestone that is not made yet")
            elif chosen is None or chosen.state != "open" or chosen.number != effect.number:
                found.append(
                    f"it sets the milestone {effect.title} as number {effect.number}, which is not an open one"
                )
    return found


def _explained(plan: Plan) -> list[str]:
    found = []
    for effect in plan.effects:
        by = effect.rules if isinstance(effect, AddLabels | RemoveLabels) else (effect.rule,)
        for rule in dict.fromkeys(by):
            causes = [d for d in plan.decisions if d.rule == rule and d.outcome == "applied"]
            if not causes:
                found.append(f"{effect.field} changes by {rule}, which has no decision `applied`")
            elif all(decision.config is None for decision in causes):
                found.append(f"{rule} is applied and names no configuration key")
    found += [f"{decision.rule} gives no reason" for decision in plan.decisions if not decision.reason.strip()]
    return found


_RULES = unconfigured_plan("").not_configured
"""Every rule there is, as the registry names it."""


def _complete(plan: Plan) -> list[str]:
    """Every rule is either not configured or leaves a decision, never both, never neither."""
    if plan.outcome == "blocked":
        return []
    decided = {decision.rule for decision in plan.decisions}
    found = [f"{rule} is not configured and decides" for rule in plan.not_configured if rule in decided]
    return found + [
        f"{rule} says nothing" for rule in _RULES if rule not in decided and rule not in plan.not_configured
    ]
