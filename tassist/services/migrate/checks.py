"""Whether a repository is as its migration's plan says it should be, step by step, and as the shadow foresaw."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from engine.config import Config, parse
from engine.model import Issue, fold
from migrations.model import Snapshot
from migrations.plan import Plan, Step
from migrations.plan.steps import git_sha
from tassist.services.migrate.progress import Progress
from tassist.services.migrate.shadow import Judgement, judgements

Check = tuple[str, bool, str]
"""What, whether it holds, why not."""


def check_steps(progress: Progress, snapshot: Snapshot, *, config: str | None) -> Iterator[Check]:
    """One line for each step, and one for every workflow that was to stay.

    Args:
        progress: With its plan.
        snapshot: As read now.
        config: The configuration the repository has now.
    """
    plan = progress.plan
    assert plan is not None
    for step in plan.steps:
        if progress.state(step.id) != "done":
            yield step.what, False, f"the step is {progress.state(step.id)}"
            continue
        why = _wrong(step, plan, snapshot, config)
        yield step.what, not why, why
    files = {file.path: git_sha(file.content) for file in snapshot.workflows}
    for path, sha in plan.untouched.items():
        why = "" if files.get(path) == sha else "it is gone" if path not in files else "it changed"
        yield f"{path} is untouched, to the byte", not why, why


def _wrong(step: Step, plan: Plan, snapshot: Snapshot, config: str | None) -> str:
    labels = {label.name for label in snapshot.labels or ()}
    files = {file.path for file in snapshot.workflows}
    match step.kind:
        case "create-label" if step.after["name"] not in labels:
            return "there is no such label"
        case "rename-label" if step.after["name"] not in labels:
            return f"there is no label {step.after['name']}"
        case "merge-label":
            left = [issue.ref.number for issue in snapshot.issues or () if issue.has_label(step.name)]
            return f"{len(left)} issues still carry it" if left else ""
        case "close-issues":
            states = {issue.ref.number: issue.state for issue in snapshot.issues or ()}
            left = [number for number in step.before["issues"] if states.get(number) == "open"]
            return f"{len(left)} are open" if left else ""
        case "cut-over":
            back = sorted(path for path in step.before["files"] if path in files)
            if back:
                return f"legacy is back: {', '.join(back)}"
            if step.after["config"] and config is None:
                return f"{plan.config_path} is gone"
            return "" if not step.after["config"] or config == plan.config else f"{plan.config_path} was changed since"
        case _:
            return ""


def check_shadow(place: Path, plan: Plan, snapshot: Snapshot) -> Iterator[Check]:
    """One line for each issue the shadow judged: it is now as the shadow said it would be, or somebody did something since."""
    last: dict[int, Judgement] = {}
    for one in judgements(place):
        last[one.number] = one
    parsed = parse(plan.config)
    issues = {issue.ref.number: issue for issue in snapshot.issues or ()}
    if not isinstance(parsed, Config):
        return
    closed = {number for step in plan.steps if step.kind == "close-issues" for number in step.before["issues"]}
    ours = {fold(track.label) for track in parsed.tracks} | {fold(label.name) for label in parsed.labels}
    for number, judged in sorted(last.items()):
        issue = issues.get(number)
        if issue is None or number in closed or judged.outcome not in {"success", "partial"}:
            continue
        why = _differs(issue, judged, ours)
        yield f"#{number} is as the shadow foresaw", not why, why


def _differs(issue: Issue, judged: Judgement, ours: set[str]) -> str:
    now = {fold(name) for name in issue.labels} & ours
    then = {fold(name) for name in judged.labels} & ours
    told = []
    if now != then:
        told.append(f"labels {', '.join(sorted(now)) or 'none'} instead of {', '.join(sorted(then)) or 'none'}")
    title = issue.milestone.title if issue.milestone else None
    if title != judged.milestone:
        told.append(f"milestone {title or 'none'} instead of {judged.milestone or 'none'}")
    return "; ".join(told)
