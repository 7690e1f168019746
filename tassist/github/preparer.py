"""Makes a repository's labels and milestones what the configuration declares, one change at a time."""

from __future__ import annotations

from engine.model import IssueRef
from engine.plan import CreateLabel, CreateMilestone
from engine.prepare import Change
from engine.problems import Problem
from tassist.github.address import repository, segment
from tassist.github.applier import GitHubApplier
from tassist.github.client import Credential, GitHubClient
from tassist.github.faults import Kind, Refused
from tassist.github.wire import LabelWire, MilestoneWire

RULE = "prepare"


class Preparer:
    """Creates, updates and renames; never deletes."""

    def __init__(self, client: GitHubClient, applier: GitHubApplier) -> None:
        self.client = client
        self.applier = applier

    async def make(self, ref: IssueRef, change: Change) -> Problem | None:
        """Make one change; ``None`` where the repository is now as declared.

        Args:
            ref: The repository; its number does not matter.
            change: As planned.

        Raises:
            Retry: GitHub cannot be asked now.
        """
        if change.action == "create":
            return await self._create(ref, change)
        who = await self.applier.access.credential(ref)
        try:
            if change.noun == "label":
                return await self._label(ref, change, who)
            return await self._milestone(ref, change, who)
        except Refused as error:
            if error.fault.kind == Kind.ALREADY_EXISTS:
                return Problem(
                    "name-taken",
                    f"{change.noun} {change.name} exists by now",
                    "somebody made it since the plan",
                    "run tassist plan again",
                )
            return error.problems[0]

    async def _create(self, ref: IssueRef, change: Change) -> Problem | None:
        description = change.after("description") or ""
        if change.noun == "label":
            made = await self.applier.apply(
                ref, CreateLabel(change.name, description, change.after("color") or "ededed", RULE)
            )
        else:
            made = await self.applier.apply(
                ref, CreateMilestone(change.name, description, change.after("due_on"), RULE)
            )
        return made.problem

    async def _label(self, ref: IssueRef, change: Change, who: Credential) -> Problem | None:
        base = repository(ref.repo, ref.repo_id)
        body = {"new_name" if field.field == "name" else field.field: field.after for field in change.fields}
        present = change.present or change.name
        try:
            wire = (
                await self.client.write(
                    "PATCH", f"{base}/labels/{segment(present)}", LabelWire, who, body=body, repeatable=True
                )
            ).value
        except Refused as error:
            # The old name is unknown: the rename may have been made, and its answer lost.
            if error.fault.kind != Kind.NOT_FOUND or "new_name" not in body:
                raise
            wire = (await self.client.get(f"{base}/labels/{segment(change.name)}", LabelWire, who)).value
        return _taken(change, {"name": wire.name, "color": (wire.color or "").lower(), "description": wire.description})

    async def _milestone(self, ref: IssueRef, change: Change, who: Credential) -> Problem | None:
        body = {
            field.field: f"{field.after}T12:00:00Z" if field.field == "due_on" else field.after
            for field in change.fields
        }
        path = f"{repository(ref.repo, ref.repo_id)}/milestones/{change.number}"
        wire = (await self.client.write("PATCH", path, MilestoneWire, who, body=body, repeatable=True)).value
        due = (wire.due_on or "")[:10]
        return _taken(change, {"title": wire.title, "description": wire.description, "due_on": due})


def _taken(change: Change, now: dict[str, str | None]) -> Problem | None:
    """Whether GitHub took every property."""
    dropped = [field.field for field in change.fields if (now[field.field] or "") != field.after]
    if not dropped:
        return None
    return Problem(
        "change-dropped",
        f"GitHub said yes and did not take {', '.join(dropped)} of {change.noun} {change.name}",
        "it drops a change silently where the App lacks the permission for it",
        "grant Issues: write in the App's settings, and accept it in the installation's",
        family="auth",
    )
