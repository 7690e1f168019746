"""Which installation covers a repository, and the credential for it, narrowed to that repository."""

from __future__ import annotations

from collections import OrderedDict
from typing import Protocol

from engine.model import IssueRef, Repo
from engine.problems import Problem, ProblemError
from tassist.github import translate
from tassist.github.address import repository
from tassist.github.app_api import AppApi
from tassist.github.app_auth import PULL_PERMISSIONS, RUN_PERMISSIONS, AppAuth, InstallationCredential, Permissions
from tassist.github.client import Credential
from tassist.github.faults import Kind, Refused
from tassist.github.wire import RepoWire
from tassist.text import safe_text

MAX_REMEMBERED = 50_000


class Access(Protocol):
    """Who may act on an issue's repository."""

    async def credential(self, ref: IssueRef) -> Credential:
        """The credential for the issue's repository."""
        ...

    async def to_write(self, ref: IssueRef) -> Credential:
        """The same for a write: to a pull request it reaches pull requests, too."""
        ...

    def note_pull_request(self, ref: IssueRef) -> None:
        """What was read under this number is a pull request."""
        ...

    async def moved(self, ref: IssueRef, who: Credential) -> bool:
        """Whether another credential than this, which was refused, reaches the repository: it moved to another account."""
        ...


class InstallationAccess:
    """Finds installations by asking GitHub once, or by being told from a delivery."""

    def __init__(self, auth: AppAuth, *, permissions: Permissions = RUN_PERMISSIONS) -> None:
        """Args beyond the obvious: ``permissions`` of every token; read-only ones for a dry run."""
        self.auth = auth
        self.api = AppApi(auth)
        self.permissions = permissions
        self._installation_by_repo: OrderedDict[int, int] = OrderedDict()
        self._pull_requests: OrderedDict[tuple[int, int], None] = OrderedDict()
        auth.on_lost_installation = self.forget_installation

    def remember(self, repo_id: int, installation_id: int) -> None:
        """Note what a delivery said, so that nobody needs to ask."""
        self._installation_by_repo[repo_id] = installation_id
        self._installation_by_repo.move_to_end(repo_id)
        if len(self._installation_by_repo) > MAX_REMEMBERED:
            self._installation_by_repo.popitem(last=False)

    def forget_repository(self, repo_id: int) -> None:
        """The repository left its installation, or moved to another account."""
        self._installation_by_repo.pop(repo_id, None)

    def forget_installation(self, installation_id: int) -> None:
        """The installation was deleted, suspended, or its permissions changed: tokens are asked for anew."""
        self.auth.forget_installation(installation_id)
        for repo_id in [key for key, value in self._installation_by_repo.items() if value == installation_id]:
            del self._installation_by_repo[repo_id]

    async def credential(self, ref: IssueRef) -> Credential:
        """A credential that reaches this repository only."""
        return await self._credential(ref, self.permissions)

    async def to_write(self, ref: IssueRef) -> Credential:
        """The same; where this is a pull request, with the permission for those, which nobody else is given."""
        wider = (ref.repo_id, ref.number) in self._pull_requests and self.permissions.get("issues") == "write"
        return await self._credential(ref, {**self.permissions, **PULL_PERMISSIONS} if wider else self.permissions)

    async def moved(self, ref: IssueRef, who: Credential) -> bool:
        """Ask GitHub which installation covers the repository now; a delivery from before a move names the old one."""
        if not ref.repo_id or not isinstance(who, InstallationCredential):
            return False
        try:
            found = await self.api.installation_of(repository("", ref.repo_id))
        except Refused:
            return False
        if not found.id or found.id == who.installation_id or found.suspended_at is not None:
            return False
        self.remember(ref.repo_id, found.id)
        return True

    def note_pull_request(self, ref: IssueRef) -> None:
        """What was read under this number is a pull request; that never changes."""
        self._pull_requests[ref.repo_id, ref.number] = None
        if len(self._pull_requests) > MAX_REMEMBERED:
            self._pull_requests.popitem(last=False)

    async def _credential(self, ref: IssueRef, permissions: Permissions) -> Credential:
        known = self._installation_by_repo.get(ref.repo_id) if ref.repo_id else None
        if known is None:
            known = await self._ask(ref.repo, ref.repo_id)
            if ref.repo_id:
                self.remember(ref.repo_id, known)
        return self.auth.installation(
            known, repository_ids=(ref.repo_id,) if ref.repo_id else (), permissions=permissions
        )

    async def resolve(self, repo: str) -> Repo:
        """The repository of that name, with its id and its present name.

        Raises:
            ProblemError: it is no name, or the App is not installed there.
        """
        owner, slash, name = repo.partition("/")
        if not owner or not slash or not name or "/" in name:
            raise ProblemError(
                Problem(
                    "repo-name-wrong",
                    f"{safe_text(repo, max_chars=100)!r} is not the name of a repository",
                    "it has the form OWNER/NAME",
                    "write it as in the address of its page",
                )
            )
        installation_id = await self._ask(repo, 0)
        who = self.auth.installation(installation_id, permissions={"metadata": "read"})
        try:
            wire = (await self.auth.client.get(repository(repo), RepoWire, who)).value
        except Refused as error:
            raise _not_installed(repo, error) from None
        found = translate.repo(wire, name=repo, repo_id=0)
        self.remember(found.id, installation_id)
        return found

    async def _ask(self, repo: str, repo_id: int) -> int:
        try:
            found = await self.api.installation_of(repository(repo, repo_id))
        except Refused as error:
            if error.fault.kind == Kind.UNAUTHORIZED:
                raise self.auth.refusal(error.fault) from None
            raise _not_installed(repo, error) from None
        return found.id or 0


def _not_installed(repo: str, error: Refused) -> ProblemError:
    if error.fault.kind != Kind.NOT_FOUND:
        return error
    return Refused(
        error.fault,
        Problem(
            "app-not-installed",
            f"the App cannot see {safe_text(repo, max_chars=200)}",
            "there is no such repository, or the App is not installed there",
            "install the App on it: the App's page, Install",
            family="auth",
        ),
    )
