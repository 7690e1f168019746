"""What a migration writes to GitHub: one commit, a pull request, labels, workflows switched off and on; each call safe to repeat.

Source: https://docs.github.com/en/rest/git, https://docs.github.com/en/rest/pulls/pulls, https://docs.github.com/en/rest/actions/workflows
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import quote

import msgspec

from engine.model import IssueRef
from tassist.github.address import repository, segment
from tassist.github.client import RAW, AnswerLost, Credential, GitHubClient
from tassist.github.faults import Kind, Refused
from tassist.github.wire import IssueWire, LabelWire

WORKFLOWS = ".github/workflows"
T = TypeVar("T")


class _Object(msgspec.Struct):
    sha: str


class _Ref(msgspec.Struct):
    object: _Object


class _Commit(msgspec.Struct):
    sha: str
    tree: _Object


class _File(msgspec.Struct):
    path: str
    sha: str
    type: str = "file"


class PullWire(msgspec.Struct):
    """A pull request."""

    number: int
    html_url: str
    state: str
    merged_at: str | None = None


class _Branch(msgspec.Struct):
    ref: str


class _PullOf(PullWire):
    head: _Branch | None = None


class WorkflowWire(msgspec.Struct):
    """A workflow as Actions knows it."""

    id: int
    path: str
    state: str


class _Workflows(msgspec.Struct):
    workflows: list[WorkflowWire]


class _Variable(msgspec.Struct):
    name: str
    value: str


class _Variables(msgspec.Struct):
    variables: list[_Variable]


class _RepoWire(msgspec.Struct):
    default_branch: str
    archived: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """What a branch holds of what a migration changes."""

    head: str
    workflows: Mapping[str, str]
    """The git SHA-1 of every workflow by its path."""
    config: str | None
    """The SHA-1 of the configuration; ``None`` where there is none."""


class Migrator:
    """The writes of a migration of one repository."""

    def __init__(self, client: GitHubClient, ref: IssueRef, *, code: Credential, issues: Credential) -> None:
        """Args beyond the obvious.

        Args:
            client: Of one GitHub.
            ref: The repository; its number does not matter.
            code: May write contents, workflows, pull requests and switch workflows: for this command only.
            issues: May write issues, as the App always may.
        """
        self.client = client
        self.base = repository(ref.repo, ref.repo_id)
        self.code = code
        self.issues = issues

    # --- code -------------------------------------------------------------------------------------------------------

    async def default_branch(self) -> str:
        """The branch whose workflows run and whose configuration counts."""
        return (await self.client.get(self.base, _RepoWire, self.code)).value.default_branch

    async def head(self, branch: str) -> str | None:
        """The commit of a branch; ``None`` where there is no such branch."""
        try:
            path = f"{self.base}/git/ref/heads/{quote(branch)}"
            return (await self.client.get(path, _Ref, self.code)).value.object.sha
        except Refused as error:
            if error.fault.kind == Kind.NOT_FOUND:
                return None
            raise

    async def standing(self, commit: str, config_path: str) -> Standing:
        """What a commit holds of workflows and configuration."""
        workflows = {file.path: file.sha for file in await self._folder(WORKFLOWS, commit) if file.type == "file"}
        folder, _, _ = config_path.rpartition("/")
        config = {file.path: file.sha for file in await self._folder(folder, commit)}.get(config_path)
        return Standing(commit, workflows, config)

    async def _folder(self, path: str, commit: str) -> list[_File]:
        try:
            where = f"{self.base}/contents/{quote(path)}?ref={commit}"
            return (await self.client.get(where, list[_File], self.code)).value
        except Refused as error:
            if error.fault.kind == Kind.NOT_FOUND:
                return []
            raise

    async def content(self, path: str, commit: str) -> bytes | None:
        """A file's content at a commit; ``None`` where there is none."""
        try:
            where = f"{self.base}/contents/{quote(path)}?ref={commit}"
            return (await self.client.get(where, bytes, self.code, accept=RAW)).value
        except Refused as error:
            if error.fault.kind == Kind.NOT_FOUND:
                return None
            raise

    async def commit(self, parent: str, changes: Mapping[str, str | bytes | None], message: str) -> str:
        """A commit on top of ``parent``, on no branch yet: nothing sees it until a branch is moved.

        Args:
            parent: A commit.
            changes: By path: new content as bytes, the SHA-1 of a blob the repository has, or ``None`` for a file that goes.
            message: Of the commit.
        """
        above = (await self.client.get(f"{self.base}/git/commits/{parent}", _Commit, self.code)).value
        entries: list[dict[str, object]] = []
        for path, change in sorted(changes.items()):
            entry: dict[str, object] = {"path": path, "mode": "100644", "type": "blob"}
            entry |= {"content": change.decode()} if isinstance(change, bytes) else {"sha": change}
            entries.append(entry)
        body: dict[str, object] = {"base_tree": above.tree.sha, "tree": entries}
        tree = (await self._write("POST", "/git/trees", _Object, body)).sha
        made = {"message": message, "tree": tree, "parents": [parent]}
        return (await self._write("POST", "/git/commits", _Object, made)).sha

    async def move_branch(self, branch: str, commit: str) -> bool:
        """Move a branch forward: the one moment at which everything in the commit comes true; ``False`` where it moved meanwhile."""
        try:
            await self._write("PATCH", f"/git/refs/heads/{quote(branch)}", bytes, {"sha": commit, "force": False})
        except Refused as error:
            if error.fault.kind == Kind.INVALID and "fast forward" in str(error).lower():
                return await self.head(branch) == commit
            raise
        return True

    async def make_branch(self, branch: str, commit: str) -> None:
        """A branch at that commit; one of a former try is replaced."""
        try:
            await self._write("POST", "/git/refs", bytes, {"ref": f"refs/heads/{branch}", "sha": commit})
        except Refused as error:
            if error.fault.kind not in {Kind.INVALID, Kind.ALREADY_EXISTS} or await self.head(branch) is None:
                raise
            await self._write("PATCH", f"/git/refs/heads/{quote(branch)}", bytes, {"sha": commit, "force": True})

    async def drop_branch(self, branch: str) -> None:
        """Delete a branch of ours, if it is there."""
        try:
            await self._write("DELETE", f"/git/refs/heads/{quote(branch)}", bytes, None)
        except Refused as error:
            if error.fault.kind not in {Kind.NOT_FOUND, Kind.INVALID}:
                raise

    # --- pull requests ----------------------------------------------------------------------------------------------

    async def pull_from(self, branch: str) -> PullWire | None:
        """The newest pull request from a branch."""
        # The filter by head wants the owner's login, which a rename may have changed: all are looked through.
        found = await self.client.get_all(f"{self.base}/pulls?state=all&per_page=100", _PullOf, self.code)
        mine = [one for one in found if one.head is not None and one.head.ref == branch]
        newest = max(mine, key=lambda one: one.number, default=None)
        return PullWire(newest.number, newest.html_url, newest.state, newest.merged_at) if newest else None

    async def open_pull(self, branch: str, base: str, title: str, body: str) -> PullWire:
        """Open a pull request; one that is open already is brought up to date."""
        there = await self.pull_from(branch)
        if there is not None and there.state == "open":
            return await self._write("PATCH", f"/pulls/{there.number}", PullWire, {"title": title, "body": body})
        sent = {"title": title, "head": branch, "base": base, "body": body}
        try:
            return (
                await self.client.write("POST", f"{self.base}/pulls", PullWire, self.code, body=sent, repeatable=False)
            ).value
        except AnswerLost:
            made = await self.pull_from(branch)
            if made is None or made.state != "open":
                raise
            return made

    async def merge_pull(self, number: int) -> None:
        """Merge it, as its page's button does."""
        await self._write("PUT", f"/pulls/{number}/merge", bytes, {})

    async def close_pull(self, number: int) -> None:
        """Close it unmerged."""
        await self._write("PATCH", f"/pulls/{number}", bytes, {"state": "closed"})

    # --- Actions ----------------------------------------------------------------------------------------------------

    async def workflows(self) -> dict[str, WorkflowWire]:
        """Every workflow Actions knows, by path."""
        found: list[WorkflowWire] = []
        for page in range(1, 100):
            answer = await self.client.get(
                f"{self.base}/actions/workflows?per_page=100&page={page}", _Workflows, self.code
            )
            found += answer.value.workflows
            if len(answer.value.workflows) < 100:
                break
        return {one.path: one for one in found}

    async def variables(self) -> dict[str, str]:
        """The repository's variables, of which a page has 30 at most."""
        found: dict[str, str] = {}
        for page in range(1, 100):
            path = f"{self.base}/actions/variables?per_page=30&page={page}"
            answer = await self.client.get(path, _Variables, self.code)
            found |= {one.name: one.value for one in answer.value.variables}
            if len(answer.value.variables) < 30:
                break
        return found

    async def switch(self, workflow: int, *, on: bool) -> None:
        """Enable or disable a workflow; one that is so already stays."""
        word = "enable" if on else "disable"
        try:
            await self._write("PUT", f"/actions/workflows/{workflow}/{word}", bytes, None)
        except Refused as error:
            if error.fault.kind != Kind.INVALID:
                raise

    # --- labels and issues --------------------------------------------------------------------------------------------

    async def label(self, name: str) -> LabelWire | None:
        """A label; ``None`` where there is none of that name."""
        try:
            return (await self.client.get(f"{self.base}/labels/{segment(name)}", LabelWire, self.issues)).value
        except Refused as error:
            if error.fault.kind == Kind.NOT_FOUND:
                return None
            raise

    async def make_label(self, name: str, color: str, description: str) -> None:
        """Create a label; one that is there already stays as it is."""
        try:
            await self._issues("POST", "/labels", {"name": name, "color": color, "description": description})
        except Refused as error:
            if error.fault.kind != Kind.ALREADY_EXISTS:
                raise

    async def rename_label(self, old: str, new: str) -> None:
        """Rename a label; its issues keep it."""
        try:
            await self._issues("PATCH", f"/labels/{segment(old)}", {"new_name": new})
        except Refused as error:
            # Asked again after a lost answer: the old name is gone and the new one is there.
            if error.fault.kind != Kind.NOT_FOUND or await self.label(new) is None:
                raise

    async def drop_label(self, name: str) -> None:
        """Delete a label this migration made, when it is rolled back."""
        try:
            await self._issues("DELETE", f"/labels/{segment(name)}", None)
        except Refused as error:
            if error.fault.kind != Kind.NOT_FOUND:
                raise

    async def carrying(self, name: str) -> list[IssueWire]:
        """Every issue and pull request with a label, open and closed."""
        path = f"{self.base}/issues?state=all&per_page=100&labels={quote(name, safe='')}"
        return await self.client.get_all(path, IssueWire, self.issues)

    async def issue(self, number: int) -> IssueWire:
        """One issue."""
        return (await self.client.get(f"{self.base}/issues/{number}", IssueWire, self.issues)).value

    async def labels_of(self, number: int) -> list[str]:
        """The labels an issue carries."""
        return [
            label if isinstance(label, str) else label.name or "" for label in (await self.issue(number)).labels or ()
        ]

    async def add_label(self, number: int, name: str) -> None:
        """Give an issue a label."""
        await self._issues("POST", f"/issues/{number}/labels", {"labels": [name]})

    async def take_label(self, number: int, name: str) -> None:
        """Take a label off an issue; one that is not there stays away."""
        try:
            await self._issues("DELETE", f"/issues/{number}/labels/{segment(name)}", None)
        except Refused as error:
            if error.fault.kind != Kind.NOT_FOUND:
                raise

    async def set_state(self, number: int, state: str, reason: str | None = None) -> None:
        """Close or reopen an issue."""
        body = {"state": state} | ({"state_reason": reason} if reason else {})
        await self._issues("PATCH", f"/issues/{number}", body)

    # ------------------------------------------------------------------------------------------------------------------

    async def _write(self, method: str, path: str, type_: type[T], body: object) -> T:
        answer = await self.client.write(method, self.base + path, type_, self.code, body=body, repeatable=True)
        return answer.value

    async def _issues(self, method: str, path: str, body: object) -> None:
        await self.client.write(method, self.base + path, bytes, self.issues, body=body, repeatable=True)
