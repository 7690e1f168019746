"""The one client: paced, revalidating, and retrying only what a retry can mend.

A write that may have been done although its answer was lost is never sent again from here: `AnswerLost` is raised,
and whoever asked reads back first. Everything else that may pass is a `Retry`; everything else that may not is a
`Refused`.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, Protocol, Self, TypeVar, cast
from urllib.parse import urlsplit

import msgspec

from engine.ports import Clock, Retry
from engine.problems import Problem
from tassist.clock import SystemClock
from tassist.github.address import api_root, same_origin
from tassist.github.faults import Fault, Kind, Refused, classify
from tassist.github.limits import Limits, Pace
from tassist.github.links import next_page
from tassist.github.revalidation import Kept, Revalidation
from tassist.github.together import Together
from tassist.github.transport import Broken, Raw, Timeouts, Transport
from tassist.log import get_logger, log_event
from tassist.text import safe_text

T = TypeVar("T")
JSON = "application/vnd.github+json"
RAW = "application/vnd.github.raw+json"
MAX_PAGES = 1000
MAX_LIMITED = 3
FOR_A_PERSON_S = 300.0
LEAST_S = 0.001
"""What is waited at least: a wait of less than a clock's step would be asked for again and again."""
NOTICED_S = 1.5
MAX_UNAUTHORIZED = 12
_log = get_logger("github")


class Credential(Protocol):
    """Who asks. The scope is what limits and kept answers belong to."""

    @property
    def scope(self) -> str:
        """Such as ``installation:7``; the same for all tokens of an installation."""
        ...

    async def authorization(self) -> str | None:
        """The ``Authorization`` header."""
        ...

    async def rejected(self, authorization: str | None, headers: Mapping[str, str]) -> bool:
        """GitHub said 401 to this header: whether to ask again, perhaps with another one."""
        ...

    def observe(self, headers: Mapping[str, str]) -> None:
        """See the headers of every answer: GitHub's clock is in them."""
        ...


class Anonymous:
    """Nobody in particular; for a manifest's conversion, whose code is the credential."""

    scope = "anonymous"

    async def authorization(self) -> str | None:
        """None."""
        return None

    async def rejected(self, authorization: str | None, headers: Mapping[str, str]) -> bool:
        """Never again."""
        del authorization, headers
        return False

    def observe(self, headers: Mapping[str, str]) -> None:
        """Nothing to learn."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a request may take by itself; longer waits are handed back as `Retry`."""

    backoff_s: tuple[float, ...] = (0.5, 1.0, 2.0)
    """Waits before asking again after trouble."""
    lag_s: tuple[float, ...] = (0.5, 1.5)
    """Waits while GitHub's replicas may not have seen what an event already told."""
    hold_s: float = 5.0
    """The longest wait for a limit that is slept through here; a person at a terminal may wait longer."""
    queue_s: float = 120.0
    """The longest wait for our own spacing of writes."""


@dataclass(slots=True)
class Meter:
    """What some piece of work cost."""

    reads: int = 0
    """Billable ones: an answer of 304 is not."""
    writes: int = 0
    """Mutating calls that were sent."""


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """A decoded answer."""

    value: T
    status: int
    url: str
    """Where it came from after redirects."""
    headers: Mapping[str, str] = field(repr=False)


class AnswerLost(Retry):
    """The request may have been done or not; read back before doing anything again."""


class GitHubClient:
    """Requests to one GitHub: github.com or an Enterprise Server."""

    def __init__(
        self,
        api_url: str,
        *,
        clock: Clock | None = None,
        limits: Limits | None = None,
        patience: Patience | None = None,
        timeouts: Timeouts | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        direct: bool = False,
    ) -> None:
        """Args beyond the obvious: ``monotonic`` and ``sleep`` are time itself, for a simulation to replace.

        ``direct`` leaves the environment's proxies out: for a GitHub on this machine.

        Raises:
            ProblemError: the address may not be used.
        """
        self.api_url = api_root(api_url)
        self.clock: Clock = clock or SystemClock()
        self.pace = Pace(limits)
        self.patience = patience or Patience()
        self.monotonic = monotonic
        self.sleep = sleep
        self.on_wait: Callable[[float, str], None] = lambda wait_s, why: None  # noqa: ARG005 – nobody is told
        """Told of waits a person would notice: seconds, and what for."""
        self._transport = Transport(timeouts, max_connections=self.pace.limits.requests_at_once, direct=direct)
        self._kept = Revalidation()
        self._together = Together(lambda: self.monotonic())  # noqa: PLW0108 – a simulation replaces it later
        self._writing: OrderedDict[str, asyncio.Lock] = OrderedDict()

    async def close(self) -> None:
        """Give the connections back."""
        await self._transport.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    async def get(
        self,
        path: str,
        type_: type[T],
        who: Credential,
        *,
        meter: Meter | None = None,
        lag: bool = False,
        accept: str = JSON,
        together: bool = False,
        since_s: float | None = None,
    ) -> Answer[T]:
        """Read one thing, revalidating what was read before.

        Args:
            path: Below the API's root, with its query; or an absolute address GitHub gave.
            type_: What the answer is decoded as; ``bytes`` for the body itself.
            who: Who asks.
            meter: Counts the read where GitHub bills it.
            lag: A 404 may mean that a replica is late: ask again a few times.
            accept: Media type.
            together: It is the same for many looks: those who ask while it is being read share the next answer,
                which is billed to one of them.
            since_s: With ``together``: an answer to what was sent after that moment of ``monotonic`` is new enough.
        """

        async def ask() -> Answer[T]:
            return await self._ask(
                "GET", path, type_, who, None, meter, lag=lag, accept=accept, repeatable=True, paced=False
            )

        if not together:
            return await ask()
        return cast("Answer[T]", await self._together.ask(who.scope, (path, accept, lag), ask, since_s=since_s))

    async def get_all(
        self,
        path: str,
        type_: type[T],
        who: Credential,
        *,
        meter: Meter | None = None,
        until: Callable[[list[T]], bool] | None = None,
        together: bool = False,
        since_s: float | None = None,
    ) -> list[T]:
        """Read every page of a list, as ``Link`` says, never a page twice.

        Args:
            path: Of the first page; ask for 100 a page.
            type_: Of one item.
            who: Who asks.
            meter: Counts the reads GitHub bills.
            until: Given a page, whether no further one is wanted.
            together: As for `get`.
            since_s: As for `get`.
        """
        items: list[T] = []
        seen: set[str] = set()
        where: str | None = path
        while where is not None:
            if where in seen or len(seen) >= MAX_PAGES:
                raise Retry(_loop(where))
            seen.add(where)
            answer = await self.get(where, list[type_], who, meter=meter, together=together, since_s=since_s)  # type: ignore[valid-type]  # a generic alias of a variable
            items += answer.value
            if until is not None and until(answer.value):
                break
            where = next_page(answer.headers.get("link", ""))
        return items

    async def write(
        self,
        method: str,
        path: str,
        type_: type[T],
        who: Credential,
        *,
        body: object = None,
        meter: Meter | None = None,
        repeatable: bool,
        paced: bool = True,
        lag: bool = False,
    ) -> Answer[T]:
        """Change one thing, in this scope's turn.

        Args:
            method: POST, PATCH, PUT or DELETE.
            path: Below the API's root.
            type_: What the answer is decoded as; ``bytes`` where it does not matter.
            who: Who asks.
            body: Sent as JSON.
            meter: Counts every attempt.
            repeatable: Doing it twice is as good as doing it once, so trouble on the way may be answered by asking
                again.
            lag: As for `get`.
            paced: Keep the spacing of writes, and send one at a time; not needed where nothing is created.
        """
        content = None if body is None else msgspec.json.encode(body)
        # A server that was said to have no limits is not asked to take one write after the other either.
        in_turn = paced and self.pace.limits.write_spacing_s > 0
        async with self._lock(who.scope) if in_turn else contextlib.nullcontext():
            return await self._ask(
                method, path, type_, who, content, meter, lag=lag, accept=JSON, repeatable=repeatable, paced=paced
            )

    def changed(self, who: Credential) -> None:
        """A write of ours changed what many looks share: those who ask from now on read it anew."""
        self._together.changed(who.scope)

    def url(self, path: str) -> str:
        """The absolute address of a path; an absolute one is kept where it is GitHub's own.

        Raises:
            ProblemError: it belongs to another host, so no token may go there.
        """
        if path.startswith("/"):
            return self.api_url + path
        if not same_origin(path, self.api_url):
            raise Refused(Fault(Kind.REDIRECT, 0, safe_text(path, max_chars=200)))
        return path

    async def _ask(
        self,
        method: str,
        path: str,
        type_: type[T],
        who: Credential,
        content: bytes | None,
        meter: Meter | None,
        *,
        lag: bool,
        accept: str,
        repeatable: bool,
        paced: bool,
    ) -> Answer[T]:
        url = self.url(path)
        doing = f"{method} {safe_text(urlsplit(url).path, max_chars=200)}"
        deadline_s = self.monotonic() + self._transport.timeouts.deadline_s
        backoff, lags = list(self.patience.backoff_s), list(self.patience.lag_s)
        read = method == "GET"
        limited = unauthorized = 0
        while True:
            asked_s = self.monotonic()
            await who.authorization()  # a token that has to be minted takes time, in which the turn could pass
            await self._turn(who.scope, write=paced)
            # A wait for our own turn does not count against GitHub's time.
            deadline_s += self.monotonic() - asked_s
            kept = self._kept.get(who.scope, url, accept) if read else None
            authorization = await who.authorization()
            headers = {"accept": accept}
            if authorization:
                headers["authorization"] = authorization
            if content is not None:
                headers["content-type"] = "application/json"
            if kept:
                headers["if-none-match"] = kept.etag
            if meter and not read:
                meter.writes += 1
            self.pace.sent(who.scope, self.monotonic(), write=paced)
            try:
                raw = await self._transport.exchange(
                    method, url, headers=headers, content=content, deadline_s=max(deadline_s - self.monotonic(), 0.1)
                )
            except Broken as broken:
                if broken.final:
                    # Asking again at once will not help; a person may, and then work goes on where it was.
                    raise Retry(broken.problem, after_s=FOR_A_PERSON_S) from None
                if broken.sent and not repeatable:
                    raise AnswerLost(broken.problem) from None
                await self._wait(backoff, deadline_s, Retry(broken.problem), doing)
                continue
            who.observe(raw.headers)
            if meter and read and raw.status != 304:
                meter.reads += 1
            fault = self._judge(raw, doing, who.scope, kept)
            if fault is None:
                body, link = raw.body, None
                if kept and raw.status == 304:
                    # A page's ETag is that of its body: the same body may have got a further page behind it meanwhile.
                    body, link = kept.body, raw.headers.get("link", kept.link)
                decoded = _decode(body, type_)
                if not isinstance(decoded, _Undecodable):
                    self._keep(read, who.scope, url, accept, raw)
                    answered = raw.headers if link is None else {**raw.headers, "link": link}
                    return Answer(decoded, raw.status, raw.url, answered)
                self._kept.drop(who.scope, url, accept)
                fault = Fault(Kind.GARBLED, raw.status, doing, decoded.why)
            if fault.kind == Kind.UNAUTHORIZED:
                unauthorized += 1
                if unauthorized <= MAX_UNAUTHORIZED and await who.rejected(authorization, raw.headers):
                    continue
                raise Refused(fault)
            problem = fault.problem()
            if fault.kind == Kind.LAGGING or (fault.kind == Kind.NOT_FOUND and lag and lags):
                await self._wait(lags, deadline_s, Retry(problem), doing)
            elif fault.kind in {Kind.SERVER, Kind.GARBLED, Kind.CONFLICT}:
                if not repeatable and fault.kind != Kind.CONFLICT:
                    raise AnswerLost(problem, after_s=fault.after_s)
                await self._wait(backoff, deadline_s, Retry(problem, after_s=fault.after_s), doing)
            elif fault.kind not in {Kind.RATE_PRIMARY, Kind.RATE_SECONDARY}:
                raise Refused(fault)
            # A limit: the next turn waits, or is handed back where the wait is long or never ends.
            limited += 1
            if limited > MAX_LIMITED:
                raise Retry(problem, after_s=fault.after_s)

    def _judge(self, raw: Raw, doing: str, scope: str, kept: Kept | None) -> Fault | None:
        fault = None
        if not (200 <= raw.status < 300 or (raw.status == 304 and kept)):
            fault = classify(
                raw.status, raw.headers, raw.body, doing=doing, now=self.clock.now(), strikes=self.pace.strikes(scope)
            )
        self.pace.answered(scope, self.monotonic(), raw.headers, fault)
        return fault

    def _keep(self, read: bool, scope: str, url: str, accept: str, raw: Raw) -> None:  # noqa: FBT001 – private
        if read and raw.status == 200:
            self._kept.keep(
                scope, url, accept, Kept(raw.headers.get("etag", ""), raw.body, raw.headers.get("link", ""))
            )

    async def _turn(self, scope: str, *, write: bool) -> None:
        while True:
            now_s = self.monotonic()
            held = self.pace.held(scope, now_s)
            if held is not None and held[0] > self.patience.hold_s:
                raise Retry(held[1].problem(), after_s=held[0])
            wait_s = self.pace.wait_s(scope, now_s, write=write)
            if wait_s <= 0:
                return
            if held is None and wait_s > self.patience.queue_s:
                raise Retry(_full(), after_s=wait_s)
            if wait_s > NOTICED_S:
                self.on_wait(wait_s, (held[1].problem() if held else _full()).what)
            await self.sleep(max(wait_s, LEAST_S))

    async def _wait(self, waits: list[float], deadline_s: float, otherwise: Retry, doing: str) -> None:
        wanted = otherwise.after_s or 0.0
        wait_s = max(waits.pop(0), wanted) if waits else 0.0
        if not wait_s or self.monotonic() + wait_s >= deadline_s:
            raise otherwise
        log_event(
            _log, "github-retry", "asking GitHub again", doing=doing, wait_s=wait_s, code=otherwise.problems[0].code
        )
        await self.sleep(wait_s)

    def _lock(self, scope: str) -> asyncio.Lock:
        lock = self._writing.get(scope)
        if lock is None:
            lock = self._writing[scope] = asyncio.Lock()
            for old in list(self._writing)[:-10_000]:
                if not self._writing[old].locked():
                    del self._writing[old]
        return lock


@dataclass(frozen=True, slots=True)
class _Undecodable:
    why: str


def _decode(body: bytes, type_: type[T]) -> T | _Undecodable:
    if type_ is bytes:
        return body  # type: ignore[return-value]  # T is bytes here
    if not body.strip():
        return _Undecodable("the answer is empty")
    try:
        return msgspec.json.decode(body, type=type_)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        kind = "HTML" if body.lstrip()[:1] == b"<" else "JSON of another form, or cut short"
        return _Undecodable(f"the answer is {kind}: {safe_text(error, max_chars=120)}")


def _loop(where: str) -> Problem:
    return Problem(
        "github-endless-pages",
        "GitHub's pages lead in circles",
        safe_text(urlsplit(where).path, max_chars=200),
        "it is tried again later",
        family="world",
    )


def _full() -> Problem:
    return Problem(
        "github-writes-used-up",
        "this hour's writes for the installation are used up",
        "GitHub asks for at most 500 content-creating requests an hour",
        "it goes on by itself",
        family="world",
    )
