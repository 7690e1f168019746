"""Sorts stored deliveries to issues: reads the payload once, off the path of the answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.triggers import asked
from tassist.config.chosen import EVERYWHERE, Chosen
from tassist.server.payload import Unreadable, check_shape, number_of, read, storable, text_of
from tassist.store.model import News, NewsKind, Sorted, Target, Unsorted

_TOO_LARGE = 2**63
"""No database keeps such a number, and GitHub has no such id."""
NOT_CHOSEN = "the repository is not among those this service looks after; the setting repositories names them"


_INSTALLATION: dict[str, NewsKind] = {
    "deleted": "installation-deleted",
    "suspend": "installation-suspended",
    "unsuspend": "installation-active",
    "created": "installation-active",
    "new_permissions_accepted": "installation-active",
}
_REPOSITORY: dict[str, NewsKind] = {
    "deleted": "repo-gone",
    "archived": "repo-gone",
    "renamed": "repo-renamed",
    "transferred": "repo-renamed",
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a delivery belongs, and its payload's facts about installations and repositories."""

    sorted: Sorted
    news: tuple[News, ...] = ()


def place(delivery: Unsorted, own_login: str, chosen: Chosen = EVERYWHERE) -> Place:
    """Where a delivery belongs; a payload that cannot be trusted is set aside with the reason."""
    try:
        payload = read(delivery.body, delivery.content_type)
        check_shape(delivery.event, payload)
    except Unreadable as why:
        return Place(Sorted(delivery.seq, "quarantined", reason=str(why)))
    action = text_of(payload, "action")
    sender_id = number_of(payload, "sender", "id")
    repo_id = number_of(payload, "repository", "id")
    repo = text_of(payload, "repository", "full_name")
    targets: tuple[Target, ...] = ()
    sender = text_of(payload, "sender", "login")
    # A login with brackets cannot belong to a person, so it is as good as an id, and known from the start.
    if own_login and sender.lower() == own_login.lower():
        reason = "the App's own write; it asks for nothing"
    else:
        found = asked(delivery.event, payload)
        reason = found.reason
        if found.relevance.scope == "repository":
            targets = (Target(repo_id, repo, 0),)
        else:
            # An issue of another repository without an id: that repository's own delivery tells of it.
            targets = tuple(
                Target(ref.repo_id or repo_id, storable(ref.repo), ref.number)
                for ref in found.issues
                if ref.repo_id or storable(ref.repo) == repo
            )
        if any(
            not target.repo or not 0 < target.repo_id < _TOO_LARGE or target.number >= _TOO_LARGE for target in targets
        ):
            return Place(
                Sorted(delivery.seq, "quarantined", action=action, reason="the payload names no repository or no issue")
            )
        if targets and not (targets := tuple(target for target in targets if chosen.takes(target.repo))):
            reason = NOT_CHOSEN
    return Place(
        Sorted(
            seq=delivery.seq,
            state="waiting" if targets else "ignored",
            action=action,
            reason=None if targets else reason,
            installation_id=number_of(payload, "installation", "id"),
            repo_id=repo_id,
            repo=repo,
            sender=sender,
            sender_id=sender_id,
            targets=targets,
        ),
        tuple(
            each
            for each in news_of(delivery.event, action, payload)
            if each.kind != "repo-added" or chosen.takes(each.text)
        ),
    )


def unreadable(seq: int, error: Exception) -> Sorted:
    """A delivery that could not even be sorted; it is set aside, so that those behind it are not held up."""
    return Sorted(seq, "quarantined", reason=f"it could not be sorted: {type(error).__name__}")


def news_of(event: str, action: str, payload: Mapping[str, Any]) -> tuple[News, ...]:
    """What the delivery changes for work in hand.

    Source: https://docs.github.com/en/webhooks/webhook-events-and-payloads#installation
    """
    if event == "installation":
        kind = _INSTALLATION.get(action)
        account = text_of(payload, "installation", "account", "login")
        return (News(kind, number_of(payload, "installation", "id"), account),) if kind else ()
    installation_id = number_of(payload, "installation", "id")
    if event == "installation_repositories" and action in {"added", "removed"}:
        listed = payload.get(f"repositories_{action}")
        moved: NewsKind = "repo-gone" if action == "removed" else "repo-added"
        return tuple(
            News(moved, number_of(repo, "id"), text_of(repo, "full_name"), installation_id)
            for repo in (listed if isinstance(listed, list) else ())
            if isinstance(repo, Mapping) and number_of(repo, "id")
        )
    if event == "repository":
        kind = _REPOSITORY.get(action)
        name = text_of(payload, "repository", "full_name")
        if kind is None:
            return ()
        repo_id = number_of(payload, "repository", "id")
        news = (News(kind, repo_id, name, installation_id),)
        # What waited was perhaps looked for at the old place, where nothing is left: all of it is looked at anew.
        return (*news, News("repo-added", repo_id, name, installation_id)) if action == "transferred" else news
    return ()
