"""The engine's `Applier` on GitHub: one effect, additive, checked against the answer, and safe to repeat.

Labels are added with POST and removed one DELETE each; the replacing form would destroy what a person adds in
between. GitHub drops changes silently where a permission is missing, so every answer is read back.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import replace
from typing import assert_never
from weakref import WeakValueDictionary

from engine.model import IssueRef, fold
from engine.plan import (
    AddLabels,
    CloseIssue,
    CreateLabel,
    CreateMilestone,
    Effect,
    PostComment,
    RemoveLabels,
    SetMilestone,
)
from engine.ports import Applied, Retry
from engine.problems import Problem
from tassist.github.access import Access
from tassist.github.address import repository, segment
from tassist.github.client import AnswerLost, Credential, GitHubClient, Meter
from tassist.github.faults import Kind, Refused
from tassist.github.reader import UNAUTHORIZED_WAIT_S
from tassist.github.translate import Ourselves, label_names
from tassist.github.wire import CommentWire, IssueWire, LabelWire, MilestoneWire

REMEMBER_S = 60.0
"""How long something just created is taken to be there although GitHub's replicas may not show it yet."""
LABEL_NOT_THERE = "label does not exist"
"""What GitHub says of a label that is not on the issue."""
_OUT_OF_REACH = frozenset({Kind.NOT_FOUND, Kind.GONE, Kind.PERMISSION})
_MAX_REMEMBERED = 10_000


class GitHubApplier:
    """Writes effects, each with the credential of its repository."""

    def __init__(self, client: GitHubClient, access: Access, ourselves: Ourselves) -> None:
        self.client = client
        self.access = access
        self.ourselves = ourselves
        self._creating: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._made: OrderedDict[tuple[str, str], tuple[int, float]] = OrderedDict()

    async def apply(self, ref: IssueRef, effect: Effect) -> Applied:
        """Apply one effect and check that it took.

        Raises:
            Retry: it may be done later, or it is not known whether it was done.
        """
        meter = Meter()
        who: Credential | None = None
        try:
            who = await self.access.to_write(ref)
            done = await self._apply(ref, effect, who, meter)
        except Refused as error:
            if error.fault.kind == Kind.UNAUTHORIZED:
                raise Retry(error.problems[0], after_s=UNAUTHORIZED_WAIT_S) from None
            if who is not None and error.fault.kind in _OUT_OF_REACH and await self.access.moved(ref, who):
                raise Retry(error.problems[0]) from None
            done = Applied(effect, changed=False, problem=_in_words(effect, error))
        return replace(done, writes=meter.writes)

    async def _apply(self, ref: IssueRef, effect: Effect, who: Credential, meter: Meter) -> Applied:
        base = repository(ref.repo, ref.repo_id)
        issue = f"{base}/issues/{ref.number}"
        match effect:
            case AddLabels():
                return await self._add_labels(base, issue, effect, who, meter)
            case RemoveLabels():
                return await self._remove_labels(issue, effect, who, meter)
            case SetMilestone():
                return await self._set_milestone(base, issue, effect, who, meter)
            case CreateLabel():
                return await self._create_label(base, effect, who, meter)
            case CreateMilestone():
                return await self._create_milestone(base, effect, who, meter)
            case PostComment():
                return await self._post_comment(issue, effect, who, meter)
            case CloseIssue():
                return await self._close(issue, effect, who, meter)
            case _:
                assert_never(effect)

    async def _add_labels(self, base: str, issue: str, effect: AddLabels, who: Credential, meter: Meter) -> Applied:
        # GitHub silently creates a label it does not know, so one that was renamed or deleted since the look would come
        # back to life. Source: the recorded answer in github/docs#35718.
        for name in effect.names:
            if self._remembered(base, "label", fold(name)) is None and await self._label(base, name, who) is None:
                raise Retry(
                    Problem(
                        "label-vanished",
                        f"the label {name!r} was there a moment ago and is not any more",
                        "somebody renamed or deleted it",
                        "the issue is looked at again",
                        family="world",
                    )
                )
        answer = await self.client.write(
            "POST",
            f"{issue}/labels",
            list[LabelWire],
            who,
            body={"labels": list(effect.names)},
            meter=meter,
            repeatable=True,
            lag=True,
        )
        there = {fold(wire.name) for wire in answer.value if wire.name}
        missing = [name for name in effect.names if fold(name) not in there]
        if missing:
            return Applied(effect, changed=len(missing) < len(effect.names), problem=_dropped("the labels", missing))
        return Applied(effect, changed=True, after=", ".join(effect.names))

    async def _remove_labels(self, issue: str, effect: RemoveLabels, who: Credential, meter: Meter) -> Applied:
        removed: list[str] = []
        kept: list[str] = []
        for name in effect.names:
            sent = meter.writes
            try:
                answer = await self.client.write(
                    "DELETE", f"{issue}/labels/{segment(name)}", list[LabelWire], who, meter=meter, repeatable=True
                )
            except Refused as error:
                if error.fault.kind != Kind.NOT_FOUND:
                    raise
                if LABEL_NOT_THERE not in error.fault.message.lower():
                    # The label is not there, or nothing is: a repository that moved away answers the same.
                    await self.client.get(issue, IssueWire, who, meter=meter)
                if meter.writes - sent > 1:
                    removed.append(name)  # it was there at the look: our own first attempt did it, its answer was lost
                continue  # somebody was faster
            still = {fold(left) for left in label_names(list(answer.value))}
            (kept if fold(name) in still else removed).append(name)
        before = ", ".join(removed) or None
        if kept:
            return Applied(effect, changed=bool(removed), before=before, problem=_dropped("the removal of", kept))
        return Applied(effect, changed=bool(removed), before=before)

    async def _set_milestone(
        self, base: str, issue: str, effect: SetMilestone, who: Credential, meter: Meter
    ) -> Applied:
        number = effect.number or self._remembered(base, "milestone", effect.title)
        if number is None:
            found = await self._milestone(base, effect.title, who)
            number = found.number if found else None
        if number is None:
            return Applied(
                effect,
                changed=False,
                problem=Problem(
                    "milestone-missing", f"there is no milestone {effect.title!r}", fix="tassist apply creates it"
                ),
            )
        answer = await self.client.write(
            "PATCH", issue, IssueWire, who, body={"milestone": number}, meter=meter, repeatable=True, lag=True
        )
        set_to = answer.value.milestone
        if set_to is None or set_to.number != number:
            return Applied(effect, changed=False, problem=_dropped("the milestone", [effect.title]))
        return Applied(effect, changed=True, before=effect.before, after=set_to.title or effect.title)

    async def _close(self, issue: str, effect: CloseIssue, who: Credential, meter: Meter) -> Applied:
        body = {"state": "closed", "state_reason": effect.reason}
        answer = await self.client.write(
            "PATCH", issue, IssueWire, who, body=body, meter=meter, repeatable=True, lag=True
        )
        if answer.value.state != "closed":
            return Applied(effect, changed=False, problem=_dropped("the state", ["closed"]))
        return Applied(effect, changed=True, before="open", after="closed")

    async def _create_label(self, base: str, effect: CreateLabel, who: Credential, meter: Meter) -> Applied:
        body = {"name": effect.name, "description": effect.description, "color": effect.color}
        try:
            await self.client.write("POST", f"{base}/labels", LabelWire, who, body=body, meter=meter, repeatable=False)
        except AnswerLost:
            if await self._label(base, effect.name, who) is None:
                raise
        except Refused as error:
            if error.fault.kind != Kind.ALREADY_EXISTS:
                raise
            self._remember(base, "label", fold(effect.name), 1, who)
            return Applied(effect, changed=False, after=effect.name)
        self._remember(base, "label", fold(effect.name), 1, who)
        return Applied(effect, changed=True, after=effect.name)

    async def _create_milestone(self, base: str, effect: CreateMilestone, who: Credential, meter: Meter) -> Applied:
        # Many issues may want the same new milestone at once: who comes second adopts it.
        lock = self._creating.setdefault(base, asyncio.Lock())
        async with lock:
            if self._remembered(base, "milestone", effect.title) is not None:
                return Applied(effect, changed=False, after=effect.title)
            return await self._create_milestone_now(base, effect, who, meter)

    async def _create_milestone_now(self, base: str, effect: CreateMilestone, who: Credential, meter: Meter) -> Applied:
        body = {"title": effect.title, "description": effect.description}
        if effect.due_on:
            # At noon: GitHub keeps the day as it is in California, where midnight UTC is still the day before.
            body["due_on"] = f"{effect.due_on[:10]}T12:00:00Z"
        changed = True
        try:
            made = (
                await self.client.write(
                    "POST", f"{base}/milestones", MilestoneWire, who, body=body, meter=meter, repeatable=False
                )
            ).value
        except AnswerLost:
            found = await self._milestone(base, effect.title, who)
            if found is None:
                raise
            made = found
        except Refused as error:
            if error.fault.kind != Kind.ALREADY_EXISTS:
                raise
            found = await self._milestone(base, effect.title, who)
            if found is None:
                raise Retry(error.problems[0]) from None
            made, changed = found, False
        if made.number:
            self._remember(base, "milestone", effect.title, made.number, who)
        return Applied(effect, changed=changed, after=effect.title)

    async def _post_comment(self, issue: str, effect: PostComment, who: Credential, meter: Meter) -> Applied:
        if await self._commented(issue, effect.marker, who):
            return Applied(effect, changed=False)
        body = effect.body if effect.marker in effect.body else f"{effect.body}\n\n<!-- {effect.marker} -->"
        try:
            await self.client.write(
                "POST", f"{issue}/comments", CommentWire, who, body={"body": body}, meter=meter, repeatable=False
            )
        except AnswerLost:
            if not await self._commented(issue, effect.marker, who):
                raise
        return Applied(effect, changed=True, after=effect.marker)

    async def _commented(self, issue: str, marker: str, who: Credential) -> bool:
        """Whether we have said this already. Anybody may copy a marker, so only our own comments count."""

        def ours(comments: list[CommentWire]) -> bool:
            return any(
                marker in (comment.body or "") and self.ourselves.did(comment.performed_via_github_app, comment.user)
                for comment in comments
            )

        return ours(await self.client.get_all(f"{issue}/comments?per_page=100", CommentWire, who, until=ours))

    async def _label(self, base: str, name: str, who: Credential) -> LabelWire | None:
        try:
            return (await self.client.get(f"{base}/labels/{segment(name)}", LabelWire, who, together=True)).value
        except Refused as error:
            if error.fault.kind == Kind.NOT_FOUND:
                return None
            raise

    async def _milestone(self, base: str, title: str, who: Credential) -> MilestoneWire | None:
        def named(page: list[MilestoneWire]) -> bool:
            return any(wire.title == title for wire in page)

        pages = await self.client.get_all(f"{base}/milestones?state=all&per_page=100", MilestoneWire, who, until=named)
        found = [wire for wire in pages if wire.title == title and wire.number]
        return min(found, key=lambda wire: (wire.state != "open", wire.number), default=None)

    def _remembered(self, base: str, kind: str, name: str) -> int | None:
        found = self._made.get((f"{base} {kind}", name))
        return found[0] if found and self.client.monotonic() - found[1] < REMEMBER_S else None

    def _remember(self, base: str, kind: str, name: str, number: int, who: Credential) -> None:
        self.client.changed(who)
        self._made[f"{base} {kind}", name] = (number, self.client.monotonic())
        while len(self._made) > _MAX_REMEMBERED:
            self._made.popitem(last=False)


def _dropped(what: str, values: list[str]) -> Problem:
    return Problem(
        "change-dropped",
        f"GitHub said yes and did not take {what} {', '.join(values)}",
        "it drops a change silently where the App lacks the permission for it",
        "grant Issues: write in the App's settings, and accept it in the installation's",
        family="auth",
    )


def _in_words(effect: Effect, error: Refused) -> Problem:
    fault, problem = error.fault, error.problems[0]
    if fault.kind == Kind.INVALID and isinstance(effect, AddLabels) and "100" in f"{fault.message} {fault.fields}":
        return replace(problem, code="too-many-labels", what="an issue carries at most 100 labels", fix="remove some")
    if fault.kind == Kind.INVALID and isinstance(effect, SetMilestone):
        return replace(
            problem,
            code="milestone-missing",
            what=f"GitHub does not take the milestone {effect.title!r}",
            fix="it may have been deleted; the next look decides anew",
        )
    return problem
