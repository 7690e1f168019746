"""The way to GitHub: proxy, name, encryption, and what its clock says about ours."""

from __future__ import annotations

import asyncio
import datetime as dt
import ssl
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime

from engine.problems import ProblemError
from tassist.doctor import contact
from tassist.doctor.addresses import Target, resolve, target
from tassist.doctor.check import Check, Finding, Machine, apart, failed, from_problems, ok, skipped, warning
from tassist.doctor.contact import Answered
from tassist.doctor.proxies import Proxy, proxy_for, ranges
from tassist.text import noun, safe_text

FINE_S = 30
"""What the App's token allows for by itself."""
MUCH_S = 300
EXPIRES_SOON = dt.timedelta(days=14)


@dataclass
class Line:
    """One contact with GitHub that several checks look at; made once, when the first of them wants it."""

    machine: Machine
    timeout_s: float = contact.TIMEOUT_S
    _asked: asyncio.Task[Answered] | None = field(default=None, repr=False)

    @property
    def place(self) -> Target:
        """Where GitHub is.

        Raises:
            ProblemError: the address cannot be used.
        """
        return target(self.machine.github)

    @property
    def proxy(self) -> Proxy | None:
        """The proxy it goes through; none for this machine itself.

        Raises:
            ValueError: the variable cannot be read.
        """
        return None if self.place.own else proxy_for(self.place.host, self.machine.environment)

    async def answer(self) -> Answered:
        """The head of GitHub's answer.

        Raises:
            ProblemError: there is none.
        """
        if self._asked is None:
            place, proxy = self.place, self.proxy
            self._asked = asyncio.create_task(apart(lambda: contact.ask(place, proxy, timeout_s=self.timeout_s)))
        return await asyncio.shield(self._asked)


async def _proxy(line: Line) -> Finding:
    environment = line.machine.environment
    try:
        found = line.proxy
    except ValueError as error:
        return failed(
            f"{error} holds no address of a proxy",
            "it is not shown here, since it may hold a password",
            f"write {error}=http://HOST:PORT, or unset it",
        )
    odd = ranges(environment)
    if odd:
        return warning(
            f"NO_PROXY holds {safe_text(', '.join(odd), max_chars=100)}",
            "ranges of addresses are not understood there: the proxy is used for them all the same",
            "name the hosts, or domains such as .example.com",
        )
    if found is None:
        return ok("no proxy is used for GitHub")
    if found.scheme.startswith("socks"):
        return failed(
            f"{found.variable} names a SOCKS proxy",
            "only HTTP proxies are supported",
            "set HTTPS_PROXY=http://HOST:PORT",
        )
    try:
        await line.answer()
    except ProblemError as error:
        if error.problems[0].code.startswith("proxy-"):
            return from_problems(error.problems)
    return ok(f"{found.shown} is used for GitHub ({found.variable})")


async def _name(line: Line) -> Finding:
    place = line.place
    try:
        if line.proxy is not None:
            return skipped("the proxy looks names up")
    except ValueError:
        return skipped("the proxy's address cannot be used")
    numbers = await apart(lambda: resolve(place))
    shown = ", ".join(numbers[:3]) + (" …" if len(numbers) > 3 else "")
    return ok(f"{safe_text(place.host, max_chars=100)} is at {shown}")


_BEFORE = ("dns-", "proxy-", "host-")


async def _encryption(line: Line) -> Finding:
    place = line.place
    if place.scheme != "https":
        return skipped("GitHub is on this machine, without TLS")
    try:
        answered = await line.answer()
    except ValueError:
        return skipped("the proxy's address cannot be used")
    except ProblemError as error:
        if error.problems[0].code.startswith(_BEFORE) and error.problems[0].code != "host-silent":
            return skipped("there is no connection")
        return from_problems(error.problems)
    ends = str(answered.certificate.get("notAfter", ""))
    try:
        left = dt.datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), dt.UTC) - line.machine.now()
    except (ValueError, OverflowError):
        return ok("the certificate is trusted")
    if left < EXPIRES_SOON and not place.host.endswith((".github.com", "github.com")):
        return warning(
            f"the certificate of {safe_text(place.host, max_chars=100)} ends in {max(left.days, 0)} {noun(max(left.days, 0), 'day')}",
            "afterwards nothing can be asked",
            "tell whoever runs it",
        )
    return ok(f"the certificate is trusted, for {left.days} {noun(left.days, 'day')} more")


async def _reach(line: Line) -> Finding:
    try:
        answered = await line.answer()
    except ValueError:
        return skipped("the proxy's address cannot be used")
    except ProblemError as error:
        if error.problems[0].code.startswith(("dns-", "proxy-", "tls-", "address-")):
            return skipped("there is no connection: see the checks before this one")
        raise
    if answered.status >= 500:
        return failed(
            f"GitHub answers {answered.status}",
            "something is wrong there, not here",
            "try again in a moment; see https://www.githubstatus.com for github.com",
        )
    return ok(f"{safe_text(line.place.host, max_chars=100)} answers in {answered.seconds * 1000:.0f} ms")


async def _clock(line: Line) -> Finding:
    try:
        answered = await line.answer()
    except (ProblemError, ValueError):
        return skipped("GitHub cannot be reached, so there is no other clock to compare with")
    try:
        theirs = parsedate_to_datetime(answered.headers.get("date", ""))
    except (TypeError, ValueError):
        return skipped("GitHub's answer has no date")
    theirs = theirs if theirs.tzinfo else theirs.replace(tzinfo=dt.UTC)
    skew = (theirs - line.machine.now()).total_seconds()
    if abs(skew) <= FINE_S:
        return ok("the clock agrees with GitHub's")
    said = f"the clock is {_span(abs(skew))} {'behind' if skew > 0 else 'ahead of'} GitHub's"
    fix = "timedatectl set-ntp true, or start the system's time service"
    if abs(skew) <= MUCH_S:
        return warning(said, "tassist allows for it when it asks GitHub; dates in its records are off", fix)
    return failed(
        said, "GitHub's tokens still work, because tassist reads GitHub's clock; certificates and dates do not", fix
    )


def _span(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} seconds"
    if seconds < 7200:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / 3600:.0f} hours" if seconds < 172_800 else f"{seconds / 86_400:.0f} days"


CHECKS: tuple[Check[Line], ...] = (
    Check(
        "proxy",
        "Proxy",
        "`HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`: whether one of them sends GitHub through a proxy, and whether the "
        "proxy lets it through. Its user and password are never shown. A proxy that only a PAC file names is not used: "
        "write it into `HTTPS_PROXY`.",
        _proxy,
    ),
    Check(
        "dns",
        "Name",
        "GitHub's name is known, and none of its numbers is one where tokens must not go: link-local addresses, this "
        "machine itself, multicast. The connection goes to the numbers that were judged; no name server is asked again.",
        _name,
    ),
    Check(
        "tls",
        "Encryption",
        "The certificate of the GitHub host is trusted, whole and for this name. There is no way to switch this off; an "
        "organisation's own authority goes into `SSL_CERT_FILE`.",
        _encryption,
    ),
    Check("github", "GitHub", "GitHub's API answers.", _reach),
    Check(
        "clock",
        "Clock",
        "This machine's clock against the `Date` of GitHub's answer. Up to 30 seconds are fine; beyond, tassist corrects "
        "its tokens by GitHub's clock, and a person should correct the machine's.",
        _clock,
    ),
)
