"""Whether a repository is as its migration's plan says it should be, step by step, and as the shadow foresaw."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.config import Config, parse
from engine.model import Issue, fold
from migrations.model import Snapshot
from migrations.plan import Plan, Step
from migrations.plan.steps import git_sha
from tassist.services.migrate.imported import Standing
from tassist.services.migrate.progress import Progress
from tassist.services.migrate.shadow import Judgement, judgements
from tassist.text import noun

Check = tuple[str, bool, str]
"""What, whether it holds, why not."""
NOT_KEPT = "which records they are was not kept: they were imported by an earlier version"
MAY_NOT_ASK = "the App may not ask which workflows are on: lend a token as for apply, or grant it actions: read"


@dataclass(frozen=True, slots=True)
class World:
    """A repository and this machine as they are now."""

    snapshot: Snapshot
    config: str | None
    """The configuration the repository has."""
    workflows: Mapping[str, str] | None = None
    """State by path of everything GitHub lists; ``None``: nobody could ask."""
    records: Standing | None = None
    """How the imported records stand; ``None``: nobody kept which."""


def check_steps(progress: Progress, world: World) -> Iterator[tuple[str, bool | None, str]]:
    """One line for each step, and one for every workflow that was to stay: what, whether it holds, and why not or why nobody knows.

    Args:
        progress: With its plan.
        world: As read now.
    """
    plan = progress.plan
    assert plan is not None
    for step in plan.steps:
        if progress.state(step.id) != "done":
            yield step.what, False, f"the step is {progress.state(step.id)}"
        elif step.kind == "disable-workflow" and world.workflows is None:
            yield step.what, None, MAY_NOT_ASK
        elif step.kind == "import-telemetry" and world.records is None:
            yield step.what, None, NOT_KEPT
        elif step.kind == "import-telemetry" and world.records and world.records.gone and not world.records.wrong:
            yield step.what, None, world.records.gone
        else:
            why = _wrong(step, plan, world)
            yield step.what, not why, why
    files = {file.path: git_sha(file.content) for file in world.snapshot.workflows}
    for path, sha in plan.untouched.items():
        why = "" if files.get(path) == sha else "it is gone" if path not in files else "it changed"
        yield f"{path} is untouched, to the byte", not why, why


def _wrong(step: Step, plan: Plan, world: World) -> str:
    snapshot = world.snapshot
    labels = {label.name for label in snapshot.labels or ()}
    match step.kind:
        case "import-telemetry":
            return world.records.wrong if world.records else ""
        case "create-label" if step.after["name"] not in labels:
            return "there is no such label"
        case "rename-label":
            if step.after["name"] not in labels:
                return f"there is no label {step.after['name']}"
            return f"there is a label {step.name} again" if step.name in labels else ""
        case "disable-workflow":
            return "it is on again" if (world.workflows or {}).get(step.name) == "active" else ""
        case "merge-label":
            left = [issue.ref.number for issue in snapshot.issues or () if issue.has_label(step.name)]
            return f"{len(left)} {noun(len(left), 'issue still carries', 'issues still carry')} it" if left else ""
        case "close-issues":
            states = {issue.ref.number: issue.state for issue in snapshot.issues or ()}
            left = [number for number in step.before["issues"] if states.get(number) == "open"]
            return f"{len(left)} are open" if left else ""
        case "cut-over":
            files = {file.path for file in snapshot.workflows}
            back = sorted(path for path in step.before["files"] if path in files)
            if back:
                return f"legacy is back: {', '.join(back)}"
            if step.after["config"] and world.config is None:
                return f"{plan.config_path} is gone"
            was_changed = step.after["config"] and world.config != plan.config
            return f"{plan.config_path} was changed since" if was_changed else ""
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
