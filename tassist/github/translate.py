"""GitHub's answers as the engine's values; whatever is missing or null becomes the value that means nothing."""

from __future__ import annotations

from datetime import date, datetime
from urllib.parse import unquote, urlsplit

from engine.model import Issue, IssueRef, IssueState, Label, Milestone, Repo, TimelineEvent
from tassist.github.wire import Account, AppRef, IssueWire, LabelWire, MilestoneWire, RepoWire, TimelineWire


def when(text: str | None) -> datetime | None:
    """A time of GitHub's; ``None`` where there is none or it cannot be read."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def day(text: str | None) -> date | None:
    """The day of a milestone's ``due_on``. GitHub keeps the hour at which that day begins in California."""
    try:
        return date.fromisoformat((text or "")[:10])
    except ValueError:
        return None


def label(wire: LabelWire) -> Label | None:
    """A label; ``None`` without a name."""
    if not wire.name:
        return None
    return Label(wire.name, wire.description or "", (wire.color or "ededed").lstrip("#").lower(), wire.id or 0)


def milestone(wire: MilestoneWire | None) -> Milestone | None:
    """A milestone; ``None`` without a number."""
    if wire is None or not wire.number:
        return None
    state: IssueState = "closed" if wire.state == "closed" else "open"
    return Milestone(wire.number, wire.title or "", state, wire.description or "", day(wire.due_on))


def label_names(wires: list[LabelWire | str] | None) -> tuple[str, ...]:
    """The names of an issue's labels, in GitHub's order."""
    names = (wire if isinstance(wire, str) else wire.name for wire in wires or ())
    return tuple(name for name in names if name)


def issue(wire: IssueWire, ref: IssueRef) -> Issue:
    """An issue without its facts.

    Args:
        wire: As read.
        ref: As asked for; its name is replaced by the repository's present one.
    """
    name = repo_name(wire.repository_url) or ref.repo
    state: IssueState = "closed" if wire.state == "closed" else "open"
    return Issue(
        ref=IssueRef(name, wire.number or ref.number, ref.repo_id),
        title=wire.title or "",
        body=wire.body or "",
        state=state,
        state_reason=wire.state_reason,
        labels=label_names(wire.labels),
        milestone=milestone(wire.milestone),
        created_at=when(wire.created_at),
        updated_at=when(wire.updated_at),
        closed_at=when(wire.closed_at),
        author=(wire.user.login if wire.user else None) or "",
        is_pull_request=wire.pull_request is not None,
        locked=bool(wire.locked),
    )


def repo(wire: RepoWire, *, name: str, repo_id: int) -> Repo:
    """A repository without its labels and milestones."""
    return Repo(
        full_name=wire.full_name or name,
        id=wire.id or repo_id,
        archived=bool(wire.archived or wire.disabled),
        has_issues=wire.has_issues is not False,
    )


def repo_name(url: str | None) -> str:
    """``owner/name`` from a repository's address in the API; empty where it is none."""
    parts = urlsplit(url or "").path.split("/")
    if len(parts) >= 3 and parts[-3] == "repos":
        return f"{unquote(parts[-2])}/{unquote(parts[-1])}"
    return ""


class Ourselves:
    """How the App's own doings are told from everybody else's: by its id, or by its bot's login.

    A login with brackets cannot belong to a person, so it is as good as an id.
    """

    def __init__(self, app_id: int, slug: str = "") -> None:
        self.app_id = app_id
        self.login = f"{slug}[bot]".lower() if slug else ""

    def did(self, via: AppRef | None, who: Account | None) -> bool:
        """Whether something was done by this App."""
        if via is not None and via.id is not None:
            return via.id == self.app_id
        return bool(self.login) and who is not None and (who.login or "").lower() == self.login

    def event(self, wire: TimelineWire) -> TimelineEvent | None:
        """An entry of a timeline; ``None`` where it has no name or no time."""
        committed = wire.author.date if wire.author else None
        at = when(wire.created_at) or when(wire.submitted_at) or when(committed)
        if not wire.event or at is None:
            return None
        who = wire.actor or wire.user
        return TimelineEvent(
            event=wire.event,
            at=at,
            label=(wire.label.name if wire.label else None) or "",
            milestone=(wire.milestone.title if wire.milestone else None) or "",
            actor=(who.login if who else None) or "",
            by_app=self.did(wire.performed_via_github_app, who),
        )
