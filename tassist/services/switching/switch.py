"""Points the webhook elsewhere, proves it by a delivery that GitHub sends and we take, and puts it back where it does not work."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

from engine.ports import Clock
from engine.problems import Problem, ProblemError
from setup_wizard.app_steps import NOWHERE
from setup_wizard.values import hook_address, hook_address_faults
from tassist.github.app_api import AppApi
from tassist.github.wire import DeliveryWire
from tassist.services.not_taken import reason
from tassist.services.switching.kept import Kept, Past, Standing, held, is_held, keep, read, settle
from tassist.text import safe_text

Mode = Literal["dev", "prod"]
Told = Callable[[str], None]
LOOK_S = 0.5
PROOF_S = 30.0


@dataclass(frozen=True, slots=True)
class Switched:
    """What a switch came to."""

    before: str
    after: str
    proof: str
    """What proved it, in words; empty where it was not proved."""


@dataclass(frozen=True, slots=True)
class Status:
    """Where the webhook leads, and who wanted it so."""

    url: str
    """As GitHub has it; empty where the App has no webhook."""
    mode: str
    """``dev``, ``prod``, or ``unknown`` where nothing was ever switched from here."""
    production: str
    held: bool
    """A process holds it now, and restores production when it ends."""
    left: bool
    """A process that held it is gone without having restored it."""
    elsewhere: bool
    """Somebody else changed the address since."""
    last: str
    """The newest delivery of GitHub's log, in words."""
    past: tuple[Past, ...] = ()


async def status(api: AppApi, home: Path) -> Status:
    """Look; nothing is changed.

    Raises:
        ProblemError: GitHub does not say.
    """
    hook, kept = await api.hook_config(), read(home)
    url = (hook.url if hook is not None else "") or ""
    newest = await _newest(api)
    holding = is_held(home)
    return Status(
        url=url,
        mode=kept.mode
        if kept is not None and kept.url == url
        else "prod"
        if kept and kept.production == url
        else "unknown",
        production=kept.production if kept is not None else "",
        held=holding,
        left=kept is not None and kept.standing != Standing.SET and not holding,
        elsewhere=kept is not None and url not in {kept.url, kept.production},
        last=_said(newest[0]) if newest else "GitHub has sent nothing yet",
        past=kept.past if kept is not None else (),
    )


async def switch(
    api: AppApi,
    home: Path,
    mode: Mode,
    *,
    clock: Clock,
    url: str = "",
    prove: bool = True,
    proof_s: float = PROOF_S,
    force: bool = False,
    told: Told = lambda _: None,
) -> Switched:
    """Point the webhook there, have GitHub send a delivery to it, and keep it so; or put the old address back.

    Args:
        api: As the App.
        home: Where it is kept.
        mode: ``prod`` without an address goes back to the one that was kept.
        clock: For the history.
        url: Where to.
        prove: Wait for a delivery; without one, nothing says that it works.
        proof_s: How long to wait for it.
        force: Also where somebody else changed the address since.
        told: Hears what happens.

    Raises:
        ProblemError: the address is none, nobody knows production's, somebody else changed it, or the proof failed; then
            the old address is back.
    """
    with held(home):
        kept = read(home)
        target = _target(mode, url, kept)
        hook = await api.hook_config()
        before = (hook.url if hook is not None else "") or ""
        if hook is None:
            raise ProblemError(_no_webhook())
        if kept is not None and before not in {kept.url, kept.production, target} and not force:
            raise ProblemError(_elsewhere(before, kept))
        production = target if mode == "prod" else _production(before, kept)
        begun = keep(
            home,
            Kept(production, target, mode, Standing.BEGUN, kept.past if kept is not None else ()),
            now=clock.now(),
            before=before,
            why=f"switch {mode}",
        )
        try:
            if before != target:
                told(
                    f"the webhook now leads to {safe_text(target, max_chars=200)}; it led to {safe_text(before, max_chars=200)}"
                )
                await api.set_hook_config(url=target)
            proof = await _prove(api, told, proof_s, clock) if prove else ""
        except BaseException as error:
            # Also Ctrl-C: the old address goes back before anything else ends.
            await asyncio.shield(asyncio.ensure_future(_put_back(api, home, begun, kept, before, clock)))
            if isinstance(error, ProblemError):
                told(f"the webhook leads to {safe_text(before, max_chars=200)} again")
            raise
        settle(home, begun)
        return Switched(before, target, proof)


async def _put_back(api: AppApi, home: Path, begun: Kept, kept: Kept | None, before: str, clock: Clock) -> None:
    if before != begun.url:
        await api.set_hook_config(url=before)
    back = Kept(
        kept.production if kept is not None else before,
        before,
        kept.mode if kept is not None else "prod",
        Standing.SET,
        begun.past,
    )
    keep(home, back, now=clock.now(), before=begun.url, why="put back")


async def repoint(api: AppApi, home: Path, url: str, *, clock: Clock) -> None:
    """A tunnel that is held has a new address: follow it. Call inside `held`.

    Raises:
        ProblemError: GitHub does not take it.
    """
    kept = read(home)
    hook = await api.hook_config()
    before = (hook.url if hook is not None else "") or ""
    production = _production(before, kept)
    past = kept.past if kept is not None else ()
    keep(home, Kept(production, url, "dev", Standing.HELD, past), now=clock.now(), before=before, why="tunnel")
    if before != url:
        await api.set_hook_config(url=url)


async def restore_left(api: AppApi, home: Path, *, clock: Clock, mine: bool = False) -> str:
    """Restore production where a process that held the webhook is gone; what was done, in words, or nothing.

    Args:
        api: As the App.
        home: Where it is kept.
        clock: For the history.
        mine: The caller is the one who held it.

    Raises:
        ProblemError: GitHub cannot be asked.
    """
    kept = read(home)
    if kept is None or kept.standing == Standing.SET or (not mine and is_held(home)):
        return ""
    hook = await api.hook_config()
    url = (hook.url if hook is not None else "") or ""
    back = Kept(kept.production, kept.production, "prod", Standing.SET, kept.past)
    if url == kept.production:
        keep(home, back, now=clock.now(), before=kept.url, why="it led to production already")
        return ""
    if url != kept.url:
        keep(
            home,
            Kept(url, url, "prod", Standing.SET, kept.past),
            now=clock.now(),
            before=kept.url,
            why="changed by somebody else",
        )
        return f"somebody else has pointed the webhook to {safe_text(url, max_chars=200)}; it is left there"
    await api.set_hook_config(url=kept.production)
    keep(home, back, now=clock.now(), before=url, why="restored")
    return f"the webhook leads to {safe_text(kept.production, max_chars=200)} again, as before"


# --- the proof ----------------------------------------------------------------------------------------


async def _prove(api: AppApi, told: Told, proof_s: float, clock: Clock) -> str:
    """Have GitHub send one of its deliveries again, and wait until its log says that it was taken."""
    known = await _newest(api)
    if not known or known[0].id is None:
        raise ProblemError(
            Problem(
                "switch-nothing-to-send",
                "GitHub has never sent this App anything, so there is nothing it could send again as a proof",
                "the App was made a moment ago, or its log is over (3 days at github.com)",
                "edit a label of an issue, and run this again; or go without a proof: --no-proof",
                family="waiting",
            )
        )
    seen = {item.id for item in known}
    sample = known[0]
    told("waiting for a signed delivery from GitHub …")
    await api.redeliver(sample.id or 0)
    ends = clock.now() + timedelta(seconds=proof_s)
    while True:
        for item in await _newest(api):
            if item.id not in seen and item.guid == sample.guid and item.status not in {None, "pending"}:
                if 200 <= (item.status_code or 0) < 300:
                    return _said(item)
                why, fix = reason(item)
                raise ProblemError(
                    Problem(
                        "switch-not-proved",
                        f"GitHub's delivery was not taken there: {safe_text(item.status, max_chars=80)} (HTTP {item.status_code or 'none'})",
                        why,
                        fix,
                        family="world",
                    )
                )
        if clock.now() >= ends:
            raise ProblemError(
                Problem(
                    "switch-not-proved",
                    f"no delivery came within {proof_s:.0f} seconds",
                    "GitHub's log does not show that it was sent",
                    "try again in a moment; see https://www.githubstatus.com for github.com",
                    family="world",
                )
            )
        await asyncio.sleep(LOOK_S)


async def _newest(api: AppApi) -> list[DeliveryWire]:
    async for page in api.deliveries():
        return page
    return []


def _said(item: DeliveryWire) -> str:
    name = f"{item.event or '?'}{'.' + item.action if item.action else ''}"
    code = f"HTTP {item.status_code}" if item.status_code else "no answer"
    return safe_text(f"{name} {item.guid or ''}: {item.status or ''} ({code})", max_chars=160)


# --- addresses ----------------------------------------------------------------------------------------


def _target(mode: Mode, url: str, kept: Kept | None) -> str:
    if not url and mode == "prod":
        if kept is None or not kept.production:
            raise ProblemError(
                Problem(
                    "switch-production-unknown",
                    "production's address is not known here",
                    "it is kept from the first switch on",
                    "give it: tassist switch prod --url https://tassist.example.com/webhook",
                )
            )
        return kept.production
    target = hook_address(url)
    faults = hook_address_faults(target)
    if faults or not target:
        raise ProblemError(faults or (Problem("webhook-address-wrong", "no address was given", fix="give --url"),))
    return target


def _production(before: str, kept: Kept | None) -> str:
    """What is restored later: what was kept as production, unless the webhook leads elsewhere by somebody's wish."""
    if kept is None or before not in {kept.url, kept.production}:
        return before or NOWHERE
    return kept.production


def _no_webhook() -> Problem:
    return Problem(
        "app-without-webhook",
        "the App has no webhook",
        "GitHub takes an address only where there is one",
        "on the App's settings page tick Webhook, Active",
        family="world",
    )


def _elsewhere(url: str, kept: Kept) -> Problem:
    return Problem(
        "switch-changed-elsewhere",
        f"somebody else has pointed the webhook to {safe_text(url, max_chars=200)}",
        f"tassist had set {safe_text(kept.url, max_chars=200)}",
        "if that address may be replaced, add --force",
    )


def as_document(found: Status) -> dict[str, Any]:
    """A status for ``--json``."""
    return {
        "webhook": found.url,
        "mode": found.mode,
        "production": found.production,
        "held": found.held,
        "left": found.left,
        "changed_elsewhere": found.elsewhere,
        "last_delivery": found.last,
        "past": [{"at": each.at, "before": each.before, "after": each.after, "why": each.why} for each in found.past],
    }
