"""A plan in words, as terraform would say it, and as Markdown for a pull request."""

from __future__ import annotations

from collections.abc import Iterator

from migrations.plan.model import Kind, Plan

SIGN: dict[Kind, str] = {
    "import-telemetry": "+",
    "create-label": "+",
    "cut-over": "±",
    "disable-workflow": "-",
    "rename-label": "~",
    "merge-label": "~",
    "close-issues": "-",
}


def lines(plan: Plan, *, config: bool = True) -> Iterator[str]:
    """The plan, line by line.

    Args:
        plan: Of a repository.
        config: Show the configuration too.
    """
    yield f"Migration of {plan.repo}"
    yield ""
    for number, step in enumerate(plan.steps, 1):
        yield f"{SIGN[step.kind]} {number:2}. {step.what}"
        yield f"       back: {step.inverse}"
    if plan.steps:
        yield ""
    if config and plan.cut_over is not None and plan.cut_over.after.get("config"):
        yield f"{plan.config_path}:"
        yield from (f"    + {line}".rstrip() for line in plan.config.splitlines())
        yield ""
    for title, entries in (("By hand, afterwards:", plan.by_hand), ("Before you say yes:", plan.notes)):
        if entries:
            yield title
            yield from (f"  - {entry}" for entry in entries)
            yield ""
    yield summary(plan)


def summary(plan: Plan) -> str:
    """The last line."""
    if not plan.steps:
        return "No changes: nothing is left to migrate."
    counted = {kind: sum(step.kind == kind for step in plan.steps) for kind in SIGN}
    parts = [
        (counted["rename-label"], "label to rename", "labels to rename"),
        (counted["merge-label"], "label to merge", "labels to merge"),
        (counted["create-label"], "label to create", "labels to create"),
        (counted["disable-workflow"], "workflow to take off", "workflows to take off"),
        (counted["close-issues"] and len(_closed(plan)), "issue to close", "issues to close"),
    ]
    told = [f"{count} {one if count == 1 else many}" for count, one, many in parts if count]
    left = len(plan.untouched)
    return (
        f"Plan: {', '.join(told) or 'the configuration to add'}; {left} {'workflow' if left == 1 else 'workflows'} untouched, nothing deleted "
        "but legacy workflow files, each restorable."
    )


def markdown(plan: Plan, evidence: str = "") -> str:
    """The body of the pull request: what it does, what follows, how to go back, and the evidence."""
    told = [
        (
            "This pull request moves the repository from its former automation to Task Assistant, in one commit: the legacy workflows go, "
            f"`{plan.config_path}` comes. There is no moment with two authorities or none: merging it is the switch."
        ),
        "",
        "## Steps",
        "",
        "| | step | back |",
        "|---|---|---|",
        *(f"| {number} | {_cell(step.what)} | {_cell(step.inverse)} |" for number, step in enumerate(plan.steps, 1)),
        "",
    ]
    if plan.by_hand:
        told += ["## By hand, afterwards", "", *(f"- {_cell(entry)}" for entry in plan.by_hand), ""]
    if plan.notes:
        told += ["## Worth knowing", "", *(f"- {_cell(entry)}" for entry in plan.notes), ""]
    if evidence:
        told += ["## Evidence", "", evidence.strip(), ""]
    told += [
        (
            f"After merging: `tassist migrate apply {plan.repo}` finishes, `tassist migrate verify {plan.repo}` checks, "
            f"`tassist migrate rollback {plan.repo}` takes everything back."
        ),
        "",
    ]
    return "\n".join(told)


def _closed(plan: Plan) -> list[int]:
    return [number for step in plan.steps if step.kind == "close-issues" for number in step.before["issues"]]


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")
