"""Does and takes back each kind of step; every one of them may be killed anywhere and begun again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from engine.model import fold
from engine.problems import Problem, ProblemError
from migrations.plan import Plan, Step
from migrations.plan.steps import git_sha
from tassist.github.migrator import Migrator, Standing

BRANCH = "task-assistant/migration"
BACK_BRANCH = "task-assistant/migration-back"
TITLE = "Move to Task Assistant"
BACK_TITLE = "Move back from Task Assistant"
_TRIES = 5


class AwaitsMergeError(ProblemError):
    """A pull request waits for a person."""


@dataclass(slots=True)
class Deeds:
    """Carries out the steps of one plan."""

    on: Migrator
    plan: Plan
    body: str
    """Of the pull request."""
    direct: bool = False
    merge: bool = False
    """Merge the pull request instead of waiting for a person."""
    note: Callable[[dict[str, Any]], None] = lambda _: None
    """Keeps what belongs to no step, such as the pull request's number."""

    async def look(self, step: Step) -> dict[str, Any]:
        """What a step finds before its first write: kept in the journal, so that what was there before us is known for ever."""
        match step.kind:
            case "create-label":
                return {"there": await self.on.label(step.name) is not None}
            case "rename-label":
                old, new = await self.on.label(step.name), await self.on.label(step.after["name"])
                carrying = await self._carrying(step.after["name"]) if old is not None and new is not None else []
                return {"both": old is not None and new is not None, "with_new": carrying}
            case "merge-label":
                return {"old": await self._carrying(step.name), "new": await self._carrying(step.after["name"])}
            case "close-issues":
                closed = [number for number in step.before["issues"] if (await self.on.issue(number)).state == "closed"]
                return {"closed": closed}
            case "disable-workflow":
                there = (await self.on.workflows()).get(step.name)
                return {"state": there.state if there else "gone"}
            case _:
                return {}

    async def do(self, step: Step, found: dict[str, Any]) -> dict[str, Any]:
        """Carry a step out; what its inverse needs to know.

        Raises:
            AwaitsMergeError: the pull request is open and waits.
            ProblemError: the world moved since the plan; or GitHub refuses it.
        """
        match step.kind:
            case "create-label":
                if not found["there"]:
                    after = step.after
                    await self.on.make_label(after["name"], after["color"], after["description"])
            case "cut-over":
                return await self._cut_over(step)
            case "disable-workflow":
                there = (await self.on.workflows()).get(step.name)
                if there is not None and there.state == "active":
                    await self.on.switch(there.id, on=False)
            case "rename-label":
                if found["both"] or await self._both(step):
                    # The engine met an issue under its former name first, and made the new label.
                    await self._move(step.name, step.after["name"], await self._carrying(step.name))
                elif await self.on.label(step.name) is not None:
                    await self.on.rename_label(step.name, step.after["name"])
            case "merge-label":
                await self._move(step.name, step.after["name"], found["old"])
            case "close-issues":
                for number in step.before["issues"]:
                    if number not in found["closed"] and (await self.on.issue(number)).state == "open":
                        await self.on.set_state(number, "closed", step.after["state_reason"])
            case _:
                raise AssertionError(step.kind)
        return {}

    async def undo(self, step: Step, found: dict[str, Any]) -> None:
        """Take a step back; also one that was cut off in the middle.

        Raises:
            AwaitsMergeError: the pull request that takes the switch back waits.
            ProblemError: GitHub refuses it.
        """
        match step.kind:
            case "create-label":
                if not found.get("there", True):
                    await self.on.drop_label(step.after["name"])
            case "cut-over":
                await self._cut_back(step)
            case "disable-workflow":
                there = (await self.on.workflows()).get(step.name)
                if found.get("state") == "active" and there is not None and there.state != "active":
                    await self.on.switch(there.id, on=True)
            case "rename-label":
                if await self._both(step):
                    before_us = set(found.get("with_new", ()))
                    mine = [number for number in await self._carrying(step.after["name"]) if number not in before_us]
                    await self._move(step.after["name"], step.name, mine)
                    if not found.get("both"):
                        await self.on.drop_label(step.after["name"])
                elif await self.on.label(step.after["name"]) is not None:
                    await self.on.rename_label(step.after["name"], step.name)
            case "merge-label":
                had_new = set(found.get("new", ()))
                for number in found.get("old", ()):
                    names = {fold(name) for name in await self.on.labels_of(number)}
                    if fold(step.name) not in names:
                        await self.on.add_label(number, step.name)
                    if number not in had_new and fold(step.after["name"]) in names:
                        await self.on.take_label(number, step.after["name"])
            case "close-issues":
                for number in step.before["issues"]:
                    if number not in found.get("closed", ()) and (await self.on.issue(number)).state == "closed":
                        await self.on.set_state(number, "open")
            case "import-telemetry":
                return

    async def _both(self, step: Step) -> bool:
        return await self.on.label(step.after["name"]) is not None and await self.on.label(step.name) is not None

    async def _carrying(self, label: str) -> list[int]:
        return sorted(issue.number for issue in await self.on.carrying(label) if issue.number)

    async def _move(self, old: str, new: str, numbers: list[int]) -> None:
        """The new label comes before the old one goes: an issue is on its track at every moment."""
        for number in numbers:
            names = {fold(name) for name in await self.on.labels_of(number)}
            if fold(new) not in names:
                await self.on.add_label(number, new)
            if fold(old) in names:
                await self.on.take_label(number, old)

    # --- the switch -----------------------------------------------------------------------------------------------------

    def _unmoved(self, step: Step, now: Standing) -> tuple[dict[str, str], bytes]:
        """What the step planned for each file, and the configuration, where nobody changed any of them since.

        Raises:
            ProblemError: somebody did.
        """
        planned: dict[str, str] = step.before["files"]
        moved = [path for path, sha in planned.items() if now.workflows.get(path) not in {None, sha}]
        config = step.after["config"].encode()
        if config and now.config not in {None, git_sha(config)}:
            moved.append(self.plan.config_path)
        if moved:
            raise ProblemError(_moved(self.plan.repo, moved))
        return planned, config

    def _changes(self, step: Step, now: Standing) -> dict[str, str | bytes | None]:
        """What still has to change for legacy to be off and the new on."""
        planned, config = self._unmoved(step, now)
        changes: dict[str, str | bytes | None] = {path: None for path in planned if path in now.workflows}
        if config and now.config is None:
            changes[self.plan.config_path] = config
        return changes

    def _changes_back(self, step: Step, now: Standing) -> dict[str, str | bytes | None]:
        planned, config = self._unmoved(step, now)
        changes: dict[str, str | bytes | None] = {
            path: sha for path, sha in planned.items() if path not in now.workflows
        }
        if config and now.config is not None:
            changes[self.plan.config_path] = None
        return changes

    async def _cut_over(self, step: Step) -> dict[str, Any]:
        return await self._switch(self._changes, step, BRANCH, TITLE, self.body)

    async def _cut_back(self, step: Step) -> None:
        branch = await self.on.default_branch()
        head = await self._head(branch)
        if not self._changes_back(step, await self.on.standing(head, self.plan.config_path)):
            # It was never merged: a pull request that still waits is closed, so that nobody merges it by mistake.
            waiting = await self.on.pull_from(BRANCH)
            if waiting is not None and waiting.state == "open":
                await self.on.close_pull(waiting.number)
            await self.on.drop_branch(BRANCH)
            return
        words = "Restores every workflow that the migration deleted, to the byte, and removes the configuration."
        await self._switch(self._changes_back, step, BACK_BRANCH, BACK_TITLE, words)
        await self.on.drop_branch(BACK_BRANCH)
        await self.on.drop_branch(BRANCH)

    async def _head(self, branch: str) -> str:
        head = await self.on.head(branch)
        if head is None:
            raise ProblemError(
                Problem("branch-missing", f"{self.plan.repo} has no branch {branch}", fix="is the repository empty?")
            )
        return head

    async def _switch(
        self,
        changes_to: Callable[[Step, Standing], dict[str, str | bytes | None]],
        step: Step,
        branch: str,
        title: str,
        body: str,
    ) -> dict[str, Any]:
        """All changes in one commit; the move of the default branch to it is the switch."""
        default = await self.on.default_branch()
        for _ in range(_TRIES):
            head = await self._head(default)
            changes = changes_to(step, await self.on.standing(head, self.plan.config_path))
            if not changes:
                return {"head": head}
            if not self.direct:
                await self._by_pull(default, head, changes, branch, title, body)
                continue
            commit = await self.on.commit(head, changes, title)
            if await self.on.move_branch(default, commit):
                return {"head": commit}
        raise ProblemError(
            Problem(
                "branch-busy",
                f"{default} of {self.plan.repo} moved each of {_TRIES} times",
                "somebody pushes to it all the time",
                "run the command again at a quieter moment; nothing is half done",
                family="world",
            )
        )

    async def _by_pull(
        self, default: str, head: str, changes: dict[str, str | bytes | None], branch: str, title: str, body: str
    ) -> None:
        pull = await self.on.pull_from(branch)
        if pull is None or pull.state != "open":
            await self.on.make_branch(branch, await self.on.commit(head, changes, title))
            pull = await self.on.open_pull(branch, default, title, body)
        self.note({"pull": pull.number, "url": pull.html_url})
        if self.merge:
            await self.on.merge_pull(pull.number)
            return
        raise AwaitsMergeError(
            Problem(
                "pull-request-waits",
                f"pull request #{pull.number} waits to be merged: {pull.html_url}",
                "merging it is the switch: legacy off and the new on, in one commit",
                "read it, merge it, and run the same command again; or let it be merged now with --merge",
                family="waiting",
            )
        )


def _moved(repo: str, paths: list[str]) -> Problem:
    return Problem(
        "world-moved",
        f"{', '.join(sorted(paths))} of {repo} changed since the plan",
        "somebody worked on it; writing over it would lose that work",
        "take back what was begun with: tassist migrate rollback; then plan again",
    )
