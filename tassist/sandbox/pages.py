"""The pages a person sees: repositories, issues, and the forms of an App's life."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tassist.sandbox.api import Api, Asked, Reply
    from tassist.sandbox.box import Box


class Pages:
    """Answers everything outside the API."""

    def __init__(self, box: Box, api: Api) -> None:
        self._box = box
        self._api = api

    def answer(self, _asked: Asked) -> Reply:
        """The page at that address."""
        from tassist.sandbox.api import Reply

        return Reply(404, {"Content-Type": "text/plain; charset=utf-8"}, b"There is no such page.\n")
