"""Who asks in the tests of the client, and where."""

from __future__ import annotations

from collections.abc import Mapping

from typing_extensions import override

from tassist.github.client import Anonymous
from tests.support.scripted import Scripted

TOKEN = "Bearer ghs_canarytokencanarytoken"
WHO = Anonymous()


class Named(Anonymous):
    """Somebody with a token."""

    def __init__(self, scope: str = "installation:1") -> None:
        self.scope = scope
        self.refusals = 0

    @override
    async def authorization(self) -> str | None:
        return TOKEN

    @override
    async def rejected(self, authorization: str | None, headers: Mapping[str, str]) -> bool:
        self.refusals += 1
        return True


def api(server: Scripted) -> str:
    return server.url + "/api/v3"
