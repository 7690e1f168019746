"""One request to a page, and the two kinds of answers to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tassist.sandbox import html
from tassist.sandbox.api import Reply
from tassist.sandbox.auth import Actor
from tassist.sandbox.world import World

if TYPE_CHECKING:
    from tassist.sandbox.box import Box


@dataclass(slots=True)
class PageCall:
    """Who asks for what; form fields and query parameters together."""

    box: Box
    by: Actor
    segments: list[str]
    fields: dict[str, list[str]]
    is_post: bool

    @property
    def world(self) -> World:
        """The box's tables."""
        return self.box.world

    @property
    def who(self) -> str:
        """The login of the person acting."""
        return self.by.user.login if self.by.user else "nobody"

    def field(self, name: str) -> str:
        """A field's text; empty where it was not sent. Line ends are the form's, so they are made plain."""
        return self.fields.get(name, [""])[0].replace("\r\n", "\n")

    def show(self, title: str, body: str, *form_targets: str, status: int = 200) -> Reply:
        """A page."""
        return Reply(status, html.headers(*form_targets), html.page(title, body, who=self.who))


def redirect(target: str) -> Reply:
    """Go there with GET."""
    return Reply(303, {"Location": target, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}, b"")
