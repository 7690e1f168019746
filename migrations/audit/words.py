"""An audit in words and as plain data; nothing in it is made safe for a terminal or a page, which the face that shows it does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from engine.problems import Where
from migrations.model import KINDS, Audit, Defect, Severity, Used, Workflow

_SEVERITIES: tuple[Severity, ...] = ("high", "medium", "low")


def lines(audit: Audit, *, every: bool = False) -> Iterator[str]:
    """The audit as a person reads it.

    Args:
        audit: What was found.
        every: Also defects of low severity, and those of workflows that stay.
    """
    yield f"{audit.repo or 'an unnamed repository'}, read from {audit.origin}"
    yield ""
    for kind in KINDS:
        found = [workflow for workflow in audit.workflows if workflow.kind == kind]
        if not found:
            continue
        yield f"{kind} ({len(found)})" + (", left alone" if kind == "not ours" else "")
        for workflow in found:
            yield from _workflow(workflow)
        yield ""
    yield from _defects(audit, every=every)
    unread = [variable for variable in audit.variables if variable.is_unread]
    if unread:
        yield f"variables the guide names and no workflow reads ({len(unread)})"
        for variable in unread:
            meant = f"   meant: {variable.nearest}" if variable.nearest else ""
            yield f"  {variable.name}   {variable.named_at[0]}{meant}"
        yield ""
    if audit.sources:
        yield "other sources that a migration can take over"
        yield from (f"  {source}" for source in audit.sources)
        yield ""
    if audit.unreadable:
        yield f"revisions that cannot be read ({len(audit.unreadable)})"
        for found_at in audit.unreadable if every else audit.unreadable[:5]:
            commit = f" at {found_at.commit[:8]}" if found_at.commit else ""
            yield f"  {found_at.where}{commit}: {found_at.what}"
        if len(audit.unreadable) > 5 and not every:
            yield f"  … and {len(audit.unreadable) - 5} more; --all shows them"
        yield ""
    if audit.changes and every:
        yield f"workflows whose kind changed in the history ({len(audit.changes)})"
        for change in audit.changes:
            yield f"  {_short(change.path)} at {change.commit[:8]}: {change.before} → {change.after}: {change.why}"
        yield ""
    yield from (f"note: {note}" for note in audit.notes)
    yield summary(audit)


def summary(audit: Audit) -> str:
    """The last line."""
    counts = ", ".join(f"{sum(d.severity == level for d in audit.defects)} {level}" for level in _SEVERITIES)
    return (
        f"{len(audit.legacy)} of {_many(len(audit.workflows), 'workflow')} {'is' if len(audit.legacy) == 1 else 'are'} legacy automation;"
        f" {_many(len(audit.defects), 'defect')} ({counts}); {_many(audit.revisions, 'revision')} read"
    )


def _workflow(workflow: Workflow) -> Iterator[str]:
    state = f", {workflow.state}" if workflow.state and workflow.state != "active" else ""
    yield f"  {_short(workflow.path)}   {workflow.confidence}{state}"
    if workflow.is_legacy:
        yield f"    on {'; '.join(workflow.triggers) or 'nothing'}"
    shown = [reason for reason in workflow.reasons if reason.kind in workflow.kinds][:3]
    for reason in shown if workflow.is_legacy else shown[:1]:
        yield f"    line {reason.line}: {reason.text}"


def _defects(audit: Audit, *, every: bool) -> Iterator[str]:
    others = {workflow.path for workflow in audit.others}
    hidden = 0
    groups: dict[tuple[str, Severity, str], list[Defect]] = {}
    for defect in audit.defects:
        if not every and (defect.severity == "low" or defect.where.file in others):
            hidden += 1
            continue
        groups.setdefault((defect.code, defect.severity, defect.why), []).append(defect)
    if groups:
        yield "defects"
    for (code, severity, why), found in groups.items():
        yield f"  {code}, {severity} ({len(found)}): {why}"
        yield f"    fix: {found[0].fix}"
        for defect in found:
            also = f" (also {', '.join(_place(where) for where in defect.also[:3])})" if defect.also else ""
            yield f"    {_place(defect.where)}  {defect.what}{also}"
    if hidden:
        yield f"  {hidden} more are of low severity, or in workflows that stay; --all shows them"
    if groups or hidden:
        yield ""


def _place(where: Where) -> str:
    return f"{_short(where.file)}:{where.line}" if where.line else _short(where.file)


def _short(path: str) -> str:
    return path.removeprefix(".github/workflows/")


def data(audit: Audit) -> dict[str, Any]:
    """The audit as plain data."""
    return {
        "repo": audit.repo,
        "origin": audit.origin,
        "revisions": audit.revisions,
        "workflows": [
            {
                "path": workflow.path,
                "name": workflow.name,
                "kind": workflow.kind,
                "kinds": list(workflow.kinds),
                "confidence": workflow.confidence,
                "legacy": workflow.is_legacy,
                "component": workflow.component or None,
                "state": workflow.state or None,
                "reasons": [
                    {"line": reason.line, "kind": reason.kind, "text": reason.text} for reason in workflow.reasons
                ],
                "triggers": list(workflow.triggers),
                "permissions": list(workflow.permissions),
                "secrets": _used(workflow.secrets),
                "variables": _used(workflow.variables),
                "actions": _used(workflow.actions),
                "writes": _used(workflow.writes),
            }
            for workflow in audit.workflows
        ],
        "defects": [
            {
                "code": defect.code,
                "severity": defect.severity,
                "file": defect.where.file,
                "line": defect.where.line,
                "what": defect.what,
                "why": defect.why,
                "fix": defect.fix,
                "also": [{"file": where.file, "line": where.line} for where in defect.also],
            }
            for defect in audit.defects
        ],
        "variables": [
            {
                "name": variable.name,
                "value": variable.value,
                "read": [str(where) for where in variable.read_at],
                "named": [str(where) for where in variable.named_at],
                "unread": variable.is_unread,
                "nearest": variable.nearest or None,
            }
            for variable in audit.variables
        ],
        "unreadable": [
            {"file": found.where.file, "line": found.where.line, "commit": found.commit or None, "what": found.what}
            for found in audit.unreadable
        ],
        "changes": [
            {
                "path": change.path,
                "commit": change.commit,
                "before": change.before,
                "after": change.after,
                "why": change.why,
            }
            for change in audit.changes
        ],
        "sources": list(audit.sources),
        "notes": list(audit.notes),
    }


def _used(found: Sequence[Used]) -> list[dict[str, Any]]:
    return [{"name": used.name, "line": used.line} for used in found]


def _many(count: int, one: str) -> str:
    return f"{count} {one}" if count == 1 else f"{count} {one}s"
