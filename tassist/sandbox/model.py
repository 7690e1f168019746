"""What exists in the box: accounts, repositories, issues, Apps, installations, tokens.

Plain mutable records without behaviour; `World` holds them, the modules named after GitHub's own chapters change them.
Times are aware and in UTC.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

UserType = Literal["User", "Organization", "Bot"]
Role = Literal["read", "triage", "write", "maintain", "admin"]
ROLES: tuple[Role, ...] = ("read", "triage", "write", "maintain", "admin")


@dataclass(slots=True, eq=False)
class User:
    """A person, an organisation or an App's bot."""

    id: int
    login: str
    type: UserType = "User"
    name: str | None = None
    created_at: datetime | None = None
    members: dict[int, Role] = field(default_factory=dict)
    """For an organisation: user id → the role its members have in every repository of it."""


@dataclass(slots=True, eq=False)
class Label:
    """A repository's label."""

    id: int
    name: str
    color: str = "ededed"
    description: str | None = None
    default: bool = False


@dataclass(slots=True, eq=False)
class Milestone:
    """A repository's milestone."""

    id: int
    number: int
    title: str
    creator: User | None
    created_at: datetime
    updated_at: datetime
    state: Literal["open", "closed"] = "open"
    description: str | None = None
    due_on: datetime | None = None
    closed_at: datetime | None = None


@dataclass(slots=True, eq=False)
class Comment:
    """A comment on an issue."""

    id: int
    user: User | None
    body: str
    created_at: datetime
    updated_at: datetime
    author_association: str = "NONE"
    via: App | None = None


@dataclass(slots=True, eq=False)
class IssueEvent:
    """One entry of an issue's history that is not a comment; ``event`` is GitHub's word for it."""

    id: int
    event: str
    actor: User | None
    created_at: datetime
    via: App | None = None
    label: tuple[str, str] | None = None
    """Name and colour at that time."""
    milestone: str | None = None
    rename: tuple[str, str] | None = None
    assignee: User | None = None
    state_reason: str | None = None
    lock_reason: str | None = None
    other: Issue | None = None
    """The issue at the other end of a parent or sub-issue event."""


@dataclass(slots=True, eq=False)
class Issue:
    """An issue, or a pull request in its shape of an issue."""

    id: int
    number: int
    repo: Repository
    title: str
    body: str | None
    user: User | None
    created_at: datetime
    updated_at: datetime
    author_association: str = "NONE"
    state: Literal["open", "closed"] = "open"
    state_reason: str | None = None
    closed_at: datetime | None = None
    closed_by: User | None = None
    labels: list[Label] = field(default_factory=list)
    milestone: Milestone | None = None
    assignees: list[User] = field(default_factory=list)
    locked: bool = False
    lock_reason: str | None = None
    pinned: bool = False
    is_pull_request: bool = False
    via: App | None = None
    comments: list[Comment] = field(default_factory=list)
    events: list[IssueEvent] = field(default_factory=list)
    parent: Issue | None = None
    sub_issues: list[Issue] = field(default_factory=list)
    head: str = ""
    """Of a pull request made over the API: the branch it comes from."""
    base: str = ""
    merged_at: datetime | None = None
    merged_by: User | None = None
    merge_commit: str = ""


@dataclass(slots=True, eq=False)
class Variable:
    """A repository variable of Actions."""

    name: str
    value: str
    created_at: datetime
    updated_at: datetime


@dataclass(slots=True, eq=False)
class Workflow:
    """A workflow of Actions; it never runs here, it can only be looked at, disabled and enabled."""

    id: int
    name: str
    path: str
    created_at: datetime
    updated_at: datetime
    state: Literal["active", "disabled_manually", "deleted"] = "active"


@dataclass(frozen=True, slots=True)
class GitObject:
    """A blob, tree, commit or tag by its SHA-1, exactly as git stores it (without the header)."""

    type: Literal["blob", "tree", "commit", "tag"]
    content: bytes


@dataclass(slots=True)
class Counts:
    """How many issues are open, altogether and by milestone's number; and closed by milestone's number."""

    open: int = 0
    open_of: Counter[int] = field(default_factory=Counter)
    closed_of: Counter[int] = field(default_factory=Counter)


@dataclass(slots=True, eq=False)
class Repository:
    """A repository with everything in it."""

    id: int
    owner: User
    name: str
    created_at: datetime
    updated_at: datetime
    pushed_at: datetime
    private: bool = False
    archived: bool = False
    has_issues: bool = True
    description: str | None = None
    default_branch: str = "main"
    collaborators: dict[int, Role] = field(default_factory=dict)
    labels: dict[str, Label] = field(default_factory=dict)
    """By name without case: GitHub's label names are unique that way."""
    milestones: dict[int, Milestone] = field(default_factory=dict)
    issues: dict[int, Issue] = field(default_factory=dict)
    next_issue: int = 1
    next_milestone: int = 1
    deleted_issues: set[int] = field(default_factory=set)
    moved_issues: dict[int, Issue] = field(default_factory=dict)
    """Number here → the issue in the repository it was transferred to."""
    variables: dict[str, Variable] = field(default_factory=dict)
    workflows: dict[int, Workflow] = field(default_factory=dict)
    objects: dict[str, GitObject] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)
    """``refs/heads/main`` → SHA-1."""
    protected_branches: set[str] = field(default_factory=set)
    """Branches that change through pull requests only."""
    counted: tuple[int, Counts] | None = None
    """The counts as of `World.changes`."""

    @property
    def full_name(self) -> str:
        """``owner/name``."""
        return f"{self.owner.login}/{self.name}"


@dataclass(slots=True, eq=False)
class App:
    """A GitHub App."""

    id: int
    slug: str
    client_id: str
    client_secret: str
    owner: User
    bot: User
    name: str
    public_keys: list[str]
    """PEM; the private halves are handed out once and not kept."""
    created_at: datetime
    updated_at: datetime
    description: str | None = None
    external_url: str = ""
    public: bool = False
    permissions: dict[str, str] = field(default_factory=dict)
    events: list[str] = field(default_factory=list)
    webhook_secret: str | None = None
    hook_id: int = 0
    hook_url: str = ""
    hook_content_type: str = "json"
    hook_insecure_ssl: str = "0"
    hook_active: bool = False
    setup_url: str = ""
    setup_on_update: bool = False
    redirect_url: str = ""


@dataclass(slots=True, eq=False)
class Installation:
    """An App installed in an account."""

    id: int
    app: App
    account: User
    created_at: datetime
    updated_at: datetime
    permissions: dict[str, str]
    events: list[str]
    repository_ids: set[int] | None = None
    """``None``: all repositories of the account, also later ones."""
    suspended_at: datetime | None = None
    suspended_by: User | None = None
    silently_drops: set[str] = field(default_factory=set)
    """Fields of an issue whose change is answered 200 and not done, such as ``{"labels"}``."""

    def reaches(self, repo: Repository) -> bool:
        """Whether the installation includes the repository."""
        if repo.owner is not self.account:
            return False
        return self.repository_ids is None or repo.id in self.repository_ids


@dataclass(slots=True, eq=False)
class Token:
    """A person's token, or an installation's with what it was narrowed to."""

    value: str
    user: User | None = None
    installation: Installation | None = None
    permissions: dict[str, str] = field(default_factory=dict)
    repository_ids: set[int] | None = None
    expires_at: datetime | None = None


@dataclass(slots=True, eq=False)
class ManifestCode:
    """An App created from a manifest, waiting to be collected once."""

    code: str
    app: App
    private_key: str
    created_at: datetime
