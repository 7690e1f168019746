"""A rotation of the webhook's secret refuses no delivery, whichever of several under way notices it first."""

from __future__ import annotations

import hmac

from tassist.errors import Secret
from tassist.server.signature import Secrets, Verifier
from tests.support.engine import NOW

BODY = b'{"action":"opened"}'


def signed(secret: str) -> bytes:
    return b"sha256=" + hmac.new(secret.encode(), BODY, "sha256").hexdigest().encode()


class Kept:
    """Where the secrets are kept, written by a rotation."""

    def __init__(self) -> None:
        self.secrets = self.taken = Secrets.checked(Secret("old"))

    def changed(self) -> bool:
        return self.secrets is not self.taken

    def load(self) -> Secrets:
        self.taken = self.secrets
        return self.secrets


async def test_every_delivery_under_way_is_judged_by_the_secrets_of_a_rotation() -> None:
    kept = Kept()
    verifier = Verifier(kept.secrets, kept)
    await verifier.renew()
    both = [verifier.check(NOW), verifier.check(NOW)]
    kept.secrets = Secrets.checked(Secret("new"), Secret("old"))
    await verifier.renew()  # asked a moment ago, so not again

    for check in both:
        check.update(BODY)
        assert check.matches(signed("new")) is None
        assert await verifier.outdated(check)
    again = verifier.check(NOW)
    again.update(BODY)

    assert again.matches(signed("new")) == "current"
    assert again.matches(signed("old")) == "previous"
    assert not await verifier.outdated(again)
