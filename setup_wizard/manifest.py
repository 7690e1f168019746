"""The App's manifest: what the engine needs and nothing more, checked against GitHub's known traps before a browser opens.

Sources: https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest and
https://docs.github.com/en/rest/authentication/permissions-required-for-github-apps
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from engine.problems import Problem, ProblemError

PERMISSIONS: Final = {"contents": "read", "issues": "write", "metadata": "read"}
"""``issues`` to set labels and milestones, ``contents`` to read one configuration file, ``metadata`` because GitHub asks."""
EVENTS: Final = ("issue_comment", "issues", "label", "milestone", "push", "repository", "sub_issues")
"""``installation`` and ``installation_repositories`` always arrive and cannot be asked for."""
PRODUCT_URL: Final = "https://github.com/automated-assistant-systems/task-assistant"
MAX_NAME: Final = 34
MAX_CALLBACKS: Final = 10
_NEEDS: Final = {
    "issue_comment": "issues",
    "issues": "issues",
    "label": "issues",
    "milestone": "issues",
    "pull_request": "pull_requests",
    "push": "contents",
    "repository": "metadata",
    "sub_issues": "issues",
}
"""An event without read access to this is refused by GitHub."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is sent to GitHub in the form field ``manifest``."""

    name: str
    hook_url: str
    redirect_url: str
    url: str = PRODUCT_URL
    setup_url: str = ""
    description: str = "Keeps issues in order and explains every decision."
    public: bool = False
    permissions: dict[str, str] = field(default_factory=lambda: dict(PERMISSIONS))
    events: tuple[str, ...] = EVENTS
    callback_urls: tuple[str, ...] = ()
    request_oauth_on_install: bool = False

    def document(self) -> dict[str, object]:
        """The manifest as GitHub reads it. What is not set is left out, since GitHub refuses ``null``."""
        document: dict[str, object] = {
            "name": self.name,
            "url": self.url,
            # The webhook has to be there from the start: its `active` cannot be changed later.
            "hook_attributes": {"url": self.hook_url, "active": True},
            "redirect_url": self.redirect_url,
            "description": self.description,
            "public": self.public,
            "default_permissions": dict(sorted(self.permissions.items())),
            "default_events": list(self.events),
        }
        if self.setup_url:
            document["setup_url"] = self.setup_url
        if self.callback_urls:
            document["callback_urls"] = list(self.callback_urls)
        if self.request_oauth_on_install:
            document["request_oauth_on_install"] = True
        return document

    def to_json(self) -> str:
        """The form field's value."""
        return json.dumps(self.document(), ensure_ascii=False)


def build_manifest(
    *,
    name: str,
    hook_url: str,
    redirect_url: str,
    setup_url: str = "",
    public: bool = False,
    internet: bool = True,
) -> Manifest:
    """The manifest of an App for this engine.

    Args:
        name: Of the App.
        hook_url: Where deliveries go.
        redirect_url: Where the browser comes back to.
        setup_url: Where it is sent after an installation.
        public: Others may install it.
        internet: The GitHub is on the Internet and refuses webhooks it cannot reach; an Enterprise Server reaches its own
            network.

    Raises:
        ProblemError: with everything GitHub would refuse, or that would lose the App's key.
    """
    manifest = Manifest(name, hook_url, redirect_url, setup_url=setup_url, public=public)
    problems = lint(manifest, internet=internet)
    if problems:
        raise ProblemError(problems)
    return manifest


def lint(manifest: Manifest, *, internet: bool = True) -> list[Problem]:
    """Everything GitHub would refuse, or accept to the user's harm; see `build_manifest`."""
    problems = []
    if not manifest.name.strip():
        problems.append(_wrong("manifest-name", "the App has no name", "GitHub asks for one", "choose a name"))
    if len(manifest.name) > MAX_NAME:
        problems.append(
            _wrong(
                "manifest-name",
                f"the App's name has {len(manifest.name)} characters",
                f"GitHub takes {MAX_NAME}",
                "choose a shorter one",
            )
        )
    problems += _lint_hook(manifest.hook_url, internet=internet)
    problems += _lint_redirect(manifest.redirect_url)
    for event in manifest.events:
        permission = _NEEDS.get(event)
        if event.startswith("installation"):
            problems.append(
                _wrong(
                    "manifest-event",
                    f"{event} is asked for",
                    "it always arrives, and GitHub refuses it here",
                    "leave it out",
                )
            )
        elif permission and permission not in manifest.permissions:
            problems.append(
                _wrong(
                    "manifest-event",
                    f"{event} is asked for without {permission}: read",
                    "GitHub refuses an event without its permission",
                    f"add the permission {permission}, or leave the event out",
                )
            )
    if manifest.request_oauth_on_install and manifest.setup_url:
        problems.append(
            _wrong(
                "manifest-setup-url",
                "both a setup address and sign-in on installation are asked for",
                "GitHub ignores the setup address then",
                "leave request_oauth_on_install out",
            )
        )
    if len(manifest.callback_urls) > MAX_CALLBACKS:
        problems.append(
            _wrong(
                "manifest-callbacks",
                "there are too many callback addresses",
                f"GitHub takes {MAX_CALLBACKS}",
                "leave some out",
            )
        )
    return problems


def _lint_hook(url: str, *, internet: bool) -> list[Problem]:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return [
            _wrong(
                "manifest-hook",
                "the webhook's address is none",
                "it needs https:// and a host",
                "give the full address",
            )
        ]
    if internet and _is_local(parts.hostname):
        return [
            _wrong(
                "manifest-hook",
                f"the webhook's address is on {parts.hostname}",
                "GitHub refuses addresses it cannot reach from the Internet",
                "give the tunnel's or the server's public address; it can be changed later",
            )
        ]
    return []


def _lint_redirect(url: str) -> list[Problem]:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return [
            _wrong(
                "manifest-redirect",
                "the address to come back to is none",
                "GitHub sends the code there",
                "give the full address",
            )
        ]
    if parts.hostname == "github.com" or parts.hostname.endswith(".github.com"):
        return [
            _wrong(
                "manifest-redirect",
                "the address to come back to is GitHub's own",
                "the code would be sent to GitHub, and the App's key would be lost",
                "give an address of this machine",
            )
        ]
    return []


def _is_local(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return not address.is_global


def _wrong(code: str, what: str, why: str, fix: str) -> Problem:
    return Problem(code, what, why, fix)
