"""The pages a person sees: finds the page of an address, and refuses forms that another site sends.

They work without JavaScript and load nothing from anywhere. Whoever reaches them acts as the demo user, so a form is
only taken from a page of the box itself, and only under the name the box is served at.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlsplit

from tassist.log import get_logger, log_event
from tassist.sandbox import app_pages, html, issue_pages
from tassist.sandbox.api import Asked, Reply
from tassist.sandbox.auth import person
from tassist.sandbox.errors import GitHubError, not_found
from tassist.sandbox.page_call import PageCall

if TYPE_CHECKING:
    from tassist.sandbox.box import Box

_log = get_logger("sandbox")

_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_MAX_FORM = 1024 * 1024


class Pages:
    """Answers everything outside the API."""

    def __init__(self, box: Box) -> None:
        self._box = box

    def answer(self, asked: Asked) -> Reply:
        """The page at that address, or the page that says why not."""
        try:
            return self._answer(asked)
        except GitHubError as error:
            return self._error(error)
        except Exception as error:  # noqa: BLE001 - a bug of the box is a page too, and is kept for the test
            self._box.bugs.append(error)
            log_event(_log, "sandbox-bug", "the box could not show a page", level=logging.ERROR, error=repr(error))
            return self._error(GitHubError(500, "Something went wrong in the box"))

    def _answer(self, asked: Asked) -> Reply:
        self._refuse_other_names(asked)
        segments = [unquote(part) for part in asked.path.strip("/").split("/")]
        is_post = asked.method == "POST"
        if asked.method not in {"GET", "HEAD", "POST"}:
            raise GitHubError(405, "Method Not Allowed")
        if is_post and not app_pages.may_come_from_elsewhere(segments):
            self._refuse_other_sites(asked)
        fields = parse_qs(asked.query, keep_blank_values=True)
        if is_post:
            fields |= self._form(asked)
        call = PageCall(self._box, person(self._box.world.demo_user()), segments, fields, is_post=is_post)
        reply = app_pages.answer(call) or issue_pages.answer(call)
        if reply is None:
            raise not_found()
        if asked.method == "HEAD":
            reply.body = b""
        return reply

    @staticmethod
    def _form(asked: Asked) -> dict[str, list[str]]:
        if not asked.body:
            return {}
        kind = asked.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/x-www-form-urlencoded":
            raise GitHubError(415, "The form must be sent as application/x-www-form-urlencoded")
        if len(asked.body) > _MAX_FORM:
            raise GitHubError(413, "The form is too big")
        try:
            return parse_qs(asked.body.decode(), keep_blank_values=True, max_num_fields=500)
        except ValueError:
            raise GitHubError(400, "The form cannot be read") from None

    def _refuse_other_names(self, asked: Asked) -> None:
        """A page on the person's own machine answers only under its own name, whatever a foreign DNS says."""
        served = urlsplit(self._box.world.root_url)
        if served.hostname not in _LOOPBACK:
            return
        try:
            host = urlsplit(f"//{asked.headers.get('host', '')}")
            known = host.hostname in _LOOPBACK and (host.port or 80) == (served.port or 80)
        except ValueError:
            known = False
        if not known:
            raise GitHubError(421, f"This is {served.netloc}, and it answers under that name only")

    @staticmethod
    def _refuse_other_sites(asked: Asked) -> None:
        """Browsers name the page a form comes from; a program that names none acts on its own behalf."""
        origin = asked.headers.get("origin") or asked.headers.get("referer")
        foreign = asked.headers.get("sec-fetch-site") in {"cross-site", "same-site"}
        if origin is not None:
            try:
                foreign = foreign or urlsplit(origin).netloc != asked.headers.get("host")
            except ValueError:
                foreign = True
        if foreign:
            raise GitHubError(403, "This form was sent by another site")

    def _error(self, error: GitHubError) -> Reply:
        lines = "".join(
            f"<li>{html.text(item.get('message') or '{field}: {code}'.format_map(item))}</li>"
            for item in error.errors or ()
        )
        body = f'<h1>{html.text(error.message)} <small>{error.status}</small></h1><div class="card wrong">'
        body += f"<ul>{lines}</ul>" if lines else "<p>Nothing was changed.</p>"
        body += '<p><a href="/">All repositories</a></p></div>'
        who = self._box.world.demo_user().login
        return Reply(error.status, html.headers(), html.page(error.message, body, who=who))
