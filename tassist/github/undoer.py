"""Takes single effects back on GitHub: additive like the applier, read back like the applier, and safe to repeat."""

from __future__ import annotations

from dataclasses import dataclass

from engine.model import IssueRef
from engine.plan import AddLabels, ClearMilestone, DeleteComment, Inverse, RemoveLabels, ReopenIssue, SetMilestone
from engine.ports import Retry
from engine.problems import Problem
from tassist.github.address import repository
from tassist.github.applier import GitHubApplier
from tassist.github.client import Meter
from tassist.github.faults import Kind, Refused
from tassist.github.reader import UNAUTHORIZED_WAIT_S
from tassist.github.wire import CommentWire, IssueWire


@dataclass(frozen=True, slots=True)
class Undone:
    """What taking one effect back came to."""

    changed: bool
    writes: int = 0
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class OwnComment:
    """A comment of the App's own."""

    id: int
    edited: bool
    """Whether its text was changed after it was posted; the App never does that."""


class GitHubUndoer:
    """Writes inverses, through the applier where it knows them."""

    def __init__(self, applier: GitHubApplier) -> None:
        self._applier = applier

    async def undo(self, ref: IssueRef, inverse: Inverse) -> Undone:
        """Write one inverse and check that it took.

        Raises:
            Retry: it may be done later, or it is not known whether it was done.
        """
        if isinstance(inverse, AddLabels | RemoveLabels | SetMilestone):
            applied = await self._applier.apply(ref, inverse)
            return Undone(applied.changed, applied.writes, applied.problem)
        meter = Meter()
        try:
            changed, problem = await self._write(ref, inverse, meter)
        except Refused as error:
            if error.fault.kind == Kind.UNAUTHORIZED:
                raise Retry(error.problems[0], after_s=UNAUTHORIZED_WAIT_S) from None
            changed, problem = False, error.problems[0]
        return Undone(changed, meter.writes, problem)

    async def _write(
        self, ref: IssueRef, inverse: ClearMilestone | ReopenIssue | DeleteComment, meter: Meter
    ) -> tuple[bool, Problem | None]:
        who = await self._applier.access.to_write(ref)
        base = repository(ref.repo, ref.repo_id)
        client = self._applier.client
        if isinstance(inverse, DeleteComment):
            comment = await self.own_comment(ref, inverse.marker)
            if comment is None:
                return False, None
            try:
                await client.write(
                    "DELETE", f"{base}/issues/comments/{comment.id}", bytes, who, meter=meter, repeatable=True
                )
            except Refused as error:
                if error.fault.kind == Kind.NOT_FOUND:
                    return False, None
                raise
            return True, None
        body: dict[str, object] = {"milestone": None} if isinstance(inverse, ClearMilestone) else {"state": "open"}
        answer = await client.write(
            "PATCH", f"{base}/issues/{ref.number}", IssueWire, who, body=body, meter=meter, repeatable=True, lag=True
        )
        took = answer.value.milestone is None if isinstance(inverse, ClearMilestone) else answer.value.state == "open"
        if took:
            return True, None
        return False, Problem(
            "change-dropped",
            f"GitHub said yes and did not take back the {inverse.field}",
            "it drops a change silently where the App lacks the permission for it",
            "grant Issues: write in the App's settings, and accept it in the installation's",
            family="auth",
        )

    async def own_comment(self, ref: IssueRef, marker: str) -> OwnComment | None:
        """The App's own comment with this marker. Anybody may copy a marker, so only our own comments count."""
        who = await self._applier.access.to_write(ref)
        path = f"{repository(ref.repo, ref.repo_id)}/issues/{ref.number}/comments?per_page=100"
        for wire in await self._applier.client.get_all(path, CommentWire, who):
            ours = self._applier.ourselves.did(wire.performed_via_github_app, wire.user)
            if ours and wire.id and marker in (wire.body or ""):
                return OwnComment(wire.id, wire.updated_at != wire.created_at)
        return None
