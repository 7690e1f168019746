"""GitHub's answers, as far as we read them. Every field may be missing or null: GitHub's are, sooner or later."""

from __future__ import annotations

import msgspec


class Account(msgspec.Struct):
    """A user, an organisation or a bot; null where the account is gone."""

    login: str | None = None
    id: int | None = None
    type: str | None = None


class AppRef(msgspec.Struct):
    """The App through which something was done."""

    id: int | None = None
    slug: str | None = None


class LabelWire(msgspec.Struct):
    """A label of a repository or of an issue."""

    name: str | None = None
    description: str | None = None
    color: str | None = None
    id: int | None = None


class MilestoneWire(msgspec.Struct):
    """A milestone of a repository or of an issue."""

    number: int | None = None
    title: str | None = None
    state: str | None = None
    description: str | None = None
    due_on: str | None = None
    open_issues: int | None = None


class PullRequestLinks(msgspec.Struct):
    """That it is there says that the issue is a pull request; what is in it is not needed."""


class IssueWire(msgspec.Struct):
    """An issue; a pull request arrives as one too, with ``pull_request`` set."""

    number: int | None = None
    id: int | None = None
    title: str | None = None
    body: str | None = None
    state: str | None = None
    state_reason: str | None = None
    labels: list[LabelWire | str] | None = None
    milestone: MilestoneWire | None = None
    user: Account | None = None
    created_at: str | None = None
    updated_at: str | None = None
    closed_at: str | None = None
    locked: bool | None = None
    pull_request: PullRequestLinks | None = None
    repository_url: str | None = None
    html_url: str | None = None
    parent_issue_url: str | msgspec.UnsetType | None = msgspec.UNSET


class NamedLabel(msgspec.Struct):
    """The label of a timeline entry: its name and nothing else."""

    name: str | None = None


class NamedMilestone(msgspec.Struct):
    """The milestone of a timeline entry: its title and nothing else."""

    title: str | None = None


class Signature(msgspec.Struct):
    """Who committed, and when."""

    date: str | None = None


class TimelineWire(msgspec.Struct):
    """One entry of an issue's timeline; its fields depend on what happened."""

    event: str | None = None
    created_at: str | None = None
    submitted_at: str | None = None
    actor: Account | None = None
    user: Account | None = None
    author: Signature | None = None
    label: NamedLabel | None = None
    milestone: NamedMilestone | None = None
    performed_via_github_app: AppRef | None = None


class RepoWire(msgspec.Struct):
    """A repository."""

    id: int | None = None
    full_name: str | None = None
    archived: bool | None = None
    disabled: bool | None = None
    has_issues: bool | None = None


class CommentWire(msgspec.Struct):
    """A comment of an issue."""

    id: int | None = None
    body: str | None = None
    user: Account | None = None
    created_at: str | None = None
    updated_at: str | None = None
    performed_via_github_app: AppRef | None = None


class ContentWire(msgspec.Struct):
    """A file of a repository."""

    type: str | None = None
    encoding: str | None = None
    content: str | None = None
    sha: str | None = None
    size: int | None = None


class ErrorItem(msgspec.Struct):
    """One entry of ``errors``."""

    resource: str | None = None
    field: str | None = None
    code: str | None = None
    message: str | None = None


class ErrorWire(msgspec.Struct):
    """The body of a refusal."""

    message: str | None = None
    errors: list[ErrorItem | str] | None = None


class TokenWire(msgspec.Struct):
    """An installation token."""

    token: str | None = None
    expires_at: str | None = None
    permissions: dict[str, str] | None = None


class InstallationWire(msgspec.Struct):
    """The App in one account."""

    id: int | None = None
    app_id: int | None = None
    account: Account | None = None
    permissions: dict[str, str] | None = None
    events: list[str] | None = None
    suspended_at: str | None = None
    html_url: str | None = None


class AppWire(msgspec.Struct):
    """The App itself."""

    id: int | None = None
    slug: str | None = None
    name: str | None = None
    client_id: str | None = None
    html_url: str | None = None
    owner: Account | None = None
    permissions: dict[str, str] | None = None
    events: list[str] | None = None


class ConversionWire(AppWire):
    """The answer to a manifest's conversion: the only time the secrets are shown."""

    pem: str | None = None
    webhook_secret: str | None = None
    client_secret: str | None = None


class HookConfigWire(msgspec.Struct):
    """Where the App's webhook goes; the secret comes back as asterisks."""

    url: str | None = None
    content_type: str | None = None
    secret: str | None = None
    insecure_ssl: str | float | None = None


class DeliveryWire(msgspec.Struct):
    """One attempt of a delivery in the App's log."""

    id: int | None = None
    guid: str | None = None
    delivered_at: str | None = None
    redelivery: bool | None = None
    duration: float | None = None
    status: str | None = None
    status_code: int | None = None
    event: str | None = None
    action: str | None = None
    installation_id: int | None = None
    repository_id: int | None = None


class DeliveryRequest(msgspec.Struct):
    """What GitHub sent."""

    headers: dict[str, str | None] | None = None
    payload: msgspec.Raw = msgspec.Raw(b"null")


class DeliveryDetailWire(DeliveryWire):
    """One attempt with what was sent."""

    url: str | None = None
    request: DeliveryRequest | None = None
