"""The engine's `Reader` on GitHub: the issue as it is now, by the repository's id, and facts only on demand.

In the steady state a look costs one billable read: the issue. The configuration and the facts are revalidated, and
the repository's own properties are read anew every few minutes only.
"""

from __future__ import annotations

import base64
import binascii
import copy
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

from engine.model import Fact, Issue, IssueRef, Label, Milestone, Repo, TimelineEvent
from engine.ports import ConfigText, Gone, Look, Retry
from engine.problems import Problem
from tassist.github import translate
from tassist.github.abreast import both
from tassist.github.access import Access
from tassist.github.address import repository
from tassist.github.client import RAW, Answer, Credential, GitHubClient, Meter
from tassist.github.faults import Kind, Refused
from tassist.github.translate import Ourselves
from tassist.github.wire import ContentWire, IssueWire, LabelWire, MilestoneWire, RepoWire, TimelineWire

CONFIG_PATH = ".github/task-assistant.yml"
REPO_TTL_S = 600.0
UNAUTHORIZED_WAIT_S = 300.0
_MAX_REPOS = 10_000
T = TypeVar("T")
_FILE_OR_FOLDER: Any = ContentWire | list[ContentWire]


class GitHubReader:
    """Reads issues and configurations, each with the credential of its repository."""

    def __init__(
        self, client: GitHubClient, access: Access, ourselves: Ourselves, *, config_path: str = CONFIG_PATH
    ) -> None:
        self.client = client
        self.access = access
        self.ourselves = ourselves
        self.config_path = config_path
        self._repos: OrderedDict[int, _Seen] = OrderedDict()
        self.since_s: float | None = None
        """After which moment of the client's clock others may have read what is shared."""

    def since(self, moment: datetime) -> GitHubReader:
        """The same reader for a look that was asked for at that moment, on this machine's clock.

        Issues are read by each look. What many looks share, the configuration and the repository's labels and milestones, is not
        read again where another look has read it since then, within a second: nothing is older than what asked for the look.
        """
        view = copy.copy(self)
        age_s = (self.client.clock.now() - moment).total_seconds()
        view.since_s = self.client.monotonic() - max(age_s, 0.0)
        return view

    def forget(self, repo_id: int) -> None:
        """The repository was renamed, archived or changed otherwise: read its properties anew."""
        self._repos.pop(repo_id, None)

    async def config(self, ref: IssueRef) -> ConfigText | Gone:
        """The repository's configuration file, revalidated by its ETag; `Gone` where the App may not read it.

        Raises:
            Retry: GitHub cannot be asked now.
        """
        return await self._wherever(ref, lambda who: self._config(ref, who))

    async def _wherever(self, ref: IssueRef, read: Callable[[Credential], Awaitable[T | Gone]]) -> T | Gone:
        """Read with the installation that covers the repository: what moved to another account is read there at once."""
        moved = False
        while True:
            try:
                who = await self.access.credential(ref)
            except Refused as error:
                return Gone(_worth_waiting(error).problems[0])
            try:
                found = await read(who)
                lost = isinstance(found, Gone) and found.problem.code == "repository-gone"
            except Refused as error:
                found, lost = Gone(_worth_waiting(error).problems[0]), True
            if not lost or moved or not (moved := await self.access.moved(ref, who)):
                return found

    async def _config(self, ref: IssueRef, who: Credential) -> ConfigText | Gone:
        source = f"{ref.repo}:{self.config_path}"
        path = f"{repository(ref.repo, ref.repo_id)}/contents/{quote(self.config_path)}"
        try:
            wire: object = (
                await self.client.get(path, _FILE_OR_FOLDER, who, together=True, since_s=self.since_s)
            ).value
        except Refused as error:
            if error.fault.kind != Kind.NOT_FOUND:
                raise
            # A file that is not there and a repository that is not there look the same from here.
            found = await self._there(ref, who, error)
            return found if isinstance(found, Gone) else ConfigText(None, source)
        if not isinstance(wire, ContentWire) or wire.type not in {"file", None}:
            return ConfigText(None, source)
        if wire.encoding == "none" or (wire.size and not wire.content):
            # From 1 MB on the content is left out; the raw form has it.
            content = (await self.client.get(path, bytes, who, accept=RAW)).value
        else:
            try:
                content = base64.b64decode(wire.content or "")
            except (binascii.Error, ValueError):
                raise Retry(
                    Problem(
                        "github-garbled",
                        "the configuration file arrived damaged",
                        source,
                        "it is tried again",
                        family="world",
                    )
                ) from None
        # The parser says where a byte is that is no UTF-8: it stands for it in the text.
        return ConfigText(content.decode("utf-8-sig", "replace"), f"{source}@{(wire.sha or '')[:12]}")

    async def look(self, ref: IssueRef, facts: Sequence[Fact] = (), seen: Look | None = None) -> Look | Gone:
        """The issue as it is now, with these facts read.

        Args:
            ref: The issue.
            facts: What is needed beyond it.
            seen: What was just read; the issue is not read again for facts that are none of its own answer's.

        Raises:
            Retry: GitHub cannot be asked now.
        """
        meter = Meter()

        async def read(who: Credential) -> Look | Gone:
            if seen is not None and not (Fact.PARENT in facts and not seen.issue.parent_read):
                return await self._with_facts(ref, seen, facts, who, meter)
            return await self._look(ref, facts, who, meter)

        return await self._wherever(ref, read)

    async def _look(self, ref: IssueRef, facts: Sequence[Fact], who: Credential, meter: Meter) -> Look | Gone:
        answer = await self._issue(ref, who, meter)
        if isinstance(answer, Gone):
            return answer
        issue = translate.issue(answer.value, ref)
        if issue.is_pull_request:
            self.access.note_pull_request(ref)
        repo = replace(await self._repo(ref, who, meter), full_name=issue.ref.repo)
        if Fact.PARENT in facts:
            parent = await self._parent(_path(ref), answer.value, ref, who, meter)
            issue = replace(issue, parent=parent, parent_read=True)
        return await self._with_facts(ref, Look(issue, repo), facts, who, meter)

    async def _issue(self, ref: IssueRef, who: Credential, meter: Meter) -> Answer[IssueWire] | Gone:
        try:
            answer = await self.client.get(_path(ref), IssueWire, who, meter=meter, lag=True)
        except Refused as error:
            if error.fault.kind in {Kind.NOT_FOUND, Kind.GONE}:
                return await self._gone(ref, who, error)
            raise
        moved = _transferred(ref, answer.url, answer.value)
        return answer if moved is None else Gone(moved)

    async def _with_facts(
        self, ref: IssueRef, seen: Look, facts: Sequence[Fact], who: Credential, meter: Meter
    ) -> Look:
        """What was seen, with those of the facts read that it lacks."""
        issue, repo = seen.issue, seen.repo
        if Fact.TIMELINE in facts and issue.timeline is None:
            issue = replace(issue, timeline=await self._timeline(_path(ref), who, meter))
        labels, milestones = repo.labels, repo.milestones
        asks = Fact.REPO_LABELS in facts and labels is None, Fact.REPO_MILESTONES in facts and milestones is None
        if all(asks):
            labels, milestones = await both(self.labels(ref, who, meter), self.milestones(ref, who, meter))
        elif asks[0]:
            labels = await self.labels(ref, who, meter)
        elif asks[1]:
            milestones = await self.milestones(ref, who, meter)
        return Look(issue, replace(repo, labels=labels, milestones=milestones), meter.reads)

    async def labels(self, ref: IssueRef, who: Credential, meter: Meter | None = None) -> tuple[Label, ...]:
        """All labels of the repository."""
        path = f"{repository(ref.repo, ref.repo_id)}/labels?per_page=100"
        wires = await self.client.get_all(path, LabelWire, who, meter=meter, together=True, since_s=self.since_s)
        return tuple(found for found in map(translate.label, wires) if found is not None)

    async def milestones(self, ref: IssueRef, who: Credential, meter: Meter | None = None) -> tuple[Milestone, ...]:
        """All milestones of the repository, closed ones too, by number."""
        path = f"{repository(ref.repo, ref.repo_id)}/milestones?state=all&per_page=100"
        wires = await self.client.get_all(path, MilestoneWire, who, meter=meter, together=True, since_s=self.since_s)
        found = [found for found in map(translate.milestone, wires) if found is not None]
        return tuple(sorted(found, key=lambda milestone: milestone.number))

    async def repo(self, ref: IssueRef) -> Repo:
        """The repository's properties, its labels and its milestones.

        Raises:
            Retry: GitHub cannot be asked now.
            ProblemError: the App may not read them.
        """
        who = await self.access.credential(ref)
        properties = await self._repo(ref, who, None)
        labels, milestones = await both(self.labels(ref, who), self.milestones(ref, who))
        return replace(properties, labels=labels, milestones=milestones)

    async def _timeline(self, issue_path: str, who: Credential, meter: Meter) -> tuple[TimelineEvent, ...]:
        wires = await self.client.get_all(f"{issue_path}/timeline?per_page=100", TimelineWire, who, meter=meter)
        return tuple(found for found in map(self.ourselves.event, wires) if found is not None)

    async def _parent(
        self, issue_path: str, wire: IssueWire, ref: IssueRef, who: Credential, meter: Meter
    ) -> Issue | None:
        if wire.parent_issue_url is None:
            return None  # the issue itself says that it has none
        path = wire.parent_issue_url if isinstance(wire.parent_issue_url, str) else f"{issue_path}/parent"
        try:
            parent = (await self.client.get(path, IssueWire, who, meter=meter)).value
        except Refused as error:
            # None, or in a repository the token does not reach, which is none we could take anything over from.
            if error.fault.kind in {Kind.NOT_FOUND, Kind.GONE, Kind.PERMISSION}:
                return None
            raise
        name = translate.repo_name(parent.repository_url) or ref.repo
        same = name.lower() == (translate.repo_name(wire.repository_url) or ref.repo).lower()
        return translate.issue(parent, IssueRef(name, parent.number or 0, ref.repo_id if same else 0))

    async def _repo(self, ref: IssueRef, who: Credential, meter: Meter | None) -> Repo:
        now_s = self.client.monotonic()
        seen = self._repos.get(ref.repo_id)
        # Being archived is never remembered: the look that follows the end of it would skip what it was made for.
        if seen is not None and seen.usable and ref.repo_id and now_s - seen.at_s < REPO_TTL_S:
            return seen.repo
        wire = (await self.client.get(repository(ref.repo, ref.repo_id), RepoWire, who, meter=meter)).value
        repo = translate.repo(wire, name=ref.repo, repo_id=ref.repo_id)
        self._repos[ref.repo_id or repo.id] = _Seen(repo, now_s)
        while len(self._repos) > _MAX_REPOS:
            self._repos.popitem(last=False)
        return repo

    async def _there(self, ref: IssueRef, who: Credential, error: Refused) -> Repo | Gone:
        """The repository, read anew, after something of it was not found."""
        self.forget(ref.repo_id)
        try:
            return await self._repo(ref, who, None)
        except Refused as refused:
            if refused.fault.kind == Kind.NOT_FOUND:
                return Gone(
                    Problem(
                        "repository-gone",
                        f"{ref.repo} is deleted, or the App may no longer see it",
                        error.fault.message,
                    )
                )
            raise

    async def _gone(self, ref: IssueRef, who: Credential, error: Refused) -> Gone:
        repo = await self._there(ref, who, error)
        if isinstance(repo, Gone):
            return repo
        if not repo.has_issues:
            return Gone(Problem("issues-off", f"issues are switched off in {repo.full_name}", error.fault.message))
        return Gone(
            Problem(
                "issue-gone",
                f"{repo.full_name}#{ref.number} is deleted, transferred, or never was",
                error.fault.problem().why,
            )
        )


def _path(ref: IssueRef) -> str:
    return f"{repository(ref.repo, ref.repo_id)}/issues/{ref.number}"


@dataclass(frozen=True, slots=True)
class _Seen:
    repo: Repo
    at_s: float

    @property
    def usable(self) -> bool:
        """Whether it may stand for the repository: one in which nothing can be changed is read anew each time."""
        return not self.repo.archived and self.repo.has_issues


def _transferred(ref: IssueRef, url: str, wire: IssueWire) -> Problem | None:
    parts = urlsplit(url).path.split("/")
    elsewhere = "repositories" in parts and ref.repo_id and parts[parts.index("repositories") + 1] != str(ref.repo_id)
    renumbered = wire.number is not None and wire.number != ref.number
    if not elsewhere and not renumbered:
        return None
    name = translate.repo_name(wire.repository_url) or "another repository"
    return Problem(
        "issue-transferred",
        f"{ref} was transferred to {name}#{wire.number or ref.number}",
        "GitHub sent us on to where it is now",
        "nothing; it is looked at there where the App is installed",
    )


def _worth_waiting(error: Refused) -> Refused:
    """The refusal itself; credentials that are not accepted are no property of the issue, so that waits instead."""
    if error.fault.kind == Kind.UNAUTHORIZED:
        raise Retry(error.problems[0], after_s=UNAUTHORIZED_WAIT_S) from None
    return error
