"""Verifies a delivery's signature over its raw bytes, as they arrive.

`X-Hub-Signature-256` is `sha256=` and the HMAC-SHA256 of the body in lower-case hex. SHA-1 is never accepted.
Source: https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
"""

from __future__ import annotations

import asyncio
import hmac
import re
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from engine.problems import Problem, ProblemError
from tassist.errors import Secret
from tassist.log import get_logger, log_event

_LOG = get_logger("intake")
_FORM = re.compile(rb"sha256=[0-9a-f]{64}")
_ASKED_EVERY_S = 1.0
Match = Literal["current", "previous"]


@dataclass(frozen=True, slots=True)
class Secrets:
    """The webhook's secret and, while it is being rotated, the one before."""

    current: Secret
    previous: Secret | None = None
    previous_until: datetime | None = None
    """When the previous one stops being accepted; ``None``: as long as it is set."""

    @classmethod
    def checked(
        cls, current: Secret, previous: Secret | None = None, previous_until: datetime | None = None
    ) -> Secrets:
        """The secrets, refused where they would let anybody in.

        Raises:
            ProblemError: the current secret is empty or blank.
        """
        if not current.reveal().strip():
            raise ProblemError(
                Problem(
                    code="no-webhook-secret",
                    what="there is no webhook secret",
                    why="without it anybody could send deliveries, so nothing is served",
                    fix="set GITHUB_WEBHOOK_SECRET to the secret of the App's webhook",
                )
            )
        usable = previous if previous is not None and previous.reveal().strip() else None
        return cls(current, usable, previous_until if usable else None)


class Renewal(Protocol):
    """Where the secrets are kept, so that a rotation reaches a running server before GitHub is told."""

    def changed(self) -> bool:
        """Whether they were written since they were last loaded; asked for about once a second."""
        ...

    def load(self) -> Secrets:
        """The secrets as they are now; may take a second.

        Raises:
            ProblemError: they cannot be read.
        """
        ...


class Verifier:
    """Makes one `Check` for each delivery; the keys are prepared once, and again when the secrets have changed."""

    def __init__(self, secrets: Secrets, renewal: Renewal | None = None) -> None:
        self._renewal = renewal
        self._asked_s = 0.0
        self._renewing = asyncio.Lock()
        self._use(secrets)

    @property
    def may_have_changed(self) -> bool:
        """Whether it is time to ask again: `renew` comes first."""
        return self._renewal is not None and time.monotonic() - self._asked_s >= _ASKED_EVERY_S

    async def renew(self, *, at_once: bool = False) -> None:
        """Take over changed secrets; a failure leaves the old ones.

        Whether they have changed is asked ``at_once``, or once a second: asking costs a system call, and with it this
        thread's turn.
        """
        if self._renewal is None or not (at_once or self.may_have_changed):
            return
        self._asked_s = time.monotonic()
        if not self._renewal.changed():
            return
        async with self._renewing:
            if not self._renewal.changed():
                return  # another delivery has waited for it
            try:
                self._use(await asyncio.to_thread(self._renewal.load))
                log_event(_LOG, "secrets-renewed", "the webhook's secrets have changed and are in use")
            except ProblemError as error:
                log_event(
                    _LOG,
                    "secrets-not-renewed",
                    "the changed secrets cannot be read",
                    level=40,
                    why=error.problems[0].what,
                )

    async def outdated(self, check: Check) -> bool:
        """Whether a check was begun with secrets that are not in use any more, so that it has to be made again.

        Asked where a signature does not fit: a rotation is noticed by the first of those. Another delivery may have
        noticed it since this one began.
        """
        await self.renew(at_once=True)
        return check.begun_with is not self._current

    def _use(self, secrets: Secrets) -> None:
        self._current = hmac.new(secrets.current.reveal().encode(), digestmod="sha256")
        self._previous = hmac.new(secrets.previous.reveal().encode(), digestmod="sha256") if secrets.previous else None
        self._until = secrets.previous_until

    def check(self, now: datetime) -> Check:
        """A check of one body, to be fed as it arrives."""
        grace = self._previous is not None and (self._until is None or now < self._until)
        return Check(self._current, self._previous if grace else None)


class Check:
    """The running HMAC of one body."""

    __slots__ = ("_current", "_previous", "begun_with")

    def __init__(self, current: hmac.HMAC, previous: hmac.HMAC | None) -> None:
        self.begun_with = current
        self._current = current.copy()
        self._previous = previous.copy() if previous is not None else None

    def update(self, chunk: bytes) -> None:
        """Take in the next bytes of the body."""
        self._current.update(chunk)
        if self._previous is not None:
            self._previous.update(chunk)

    def matches(self, header: bytes) -> Match | None:
        """Which secret signed the body, if any. The header has passed `well_formed`."""
        claimed = header[7:]
        # Bytes, not text: comparing text that is not ASCII raises.
        if hmac.compare_digest(self._current.hexdigest().encode(), claimed):
            return "current"
        if self._previous is not None and hmac.compare_digest(self._previous.hexdigest().encode(), claimed):
            return "previous"
        return None


def well_formed(header: bytes) -> bool:
    """Whether a signature header has the one form that is accepted."""
    return _FORM.fullmatch(header) is not None
