"""What is done with an App that is here: its secrets where they shall be kept, its webhook pointed."""

from __future__ import annotations

from typing import Final

from typing_extensions import override

from engine.problems import Problem, ProblemError
from setup_wizard.known import Known
from setup_wizard.outcome import Applied, Change, Found, Outcome
from setup_wizard.ports import HeldApp, Hook, World
from setup_wizard.step import InOneGo

NOWHERE: Final = "https://webhook.invalid/webhook"
"""Where an App's webhook points while nothing here is public: a name that never exists, so that nothing is ever sent to a
stranger. GitHub logs each delivery all the same, and `tassist serve --poll` reads that log."""


def hook_address_of(known: Known) -> str:
    """Where the webhook shall point, as far as it is known yet."""
    return known.answer("webhook_url") or known.learned.get("tunnel_url", "") or NOWHERE


def tunnel_of(known: Known) -> str:
    """The tunnel that tassist opens by itself; empty where none is wanted."""
    return known.answer("webhook") if known.answer("webhook") in {"ngrok", "agent"} else ""


REPLACED: Final = "replaced_app"
"""Learned between the look and the change: the App ID whose credentials are here and are about to be set aside."""


async def held_to_stay(known: Known, world: World) -> HeldApp | None:
    """The App whose credentials are here, unless another one is about to take its place."""
    return None if known.learned.get(REPLACED) else await world.github.held()


def learned_of(app: HeldApp) -> dict[str, str]:
    """What later steps need of an App."""
    return {
        "app_id": str(app.app_id),
        "slug": app.slug,
        "name": app.name,
        "owner": app.owner,
        "html_url": app.html_url,
        "kept_in": app.kept_in,
        REPLACED: "",
    }


class KeepSecrets(InOneGo):
    """The secrets are where they shall be kept, and nowhere else."""

    id = "secrets"
    title = "Secrets"
    questions = ("keep_secrets_in",)
    undo = "tassist setup --redo secrets moves them elsewhere"

    @override
    async def check(self, known: Known, world: World) -> Found:
        held = await held_to_stay(known, world)
        place = known.answer("keep_secrets_in")
        if held is not None and held.kept_in == place:
            return Found(already=True, said=f"the secrets are kept in {PLACES[place]}", learned={"kept_in": place})
        faults = await world.github.place_faults(place)
        if faults:
            raise ProblemError(faults)
        return Found(
            already=False,
            said=f"keep the secrets in {PLACES[place]}",
            changes=(Change(PLACES[place], "private key, webhook secret, client secret"),),
        )

    @override
    async def apply(self, known: Known, world: World) -> Outcome:
        held = await world.github.held()
        place = known.answer("keep_secrets_in")
        if held is None or held.kept_in != place:
            held = await world.github.keep_in(place)
        return Applied(f"the secrets are kept in {PLACES[place]}", learned_of(held))

    @override
    async def verify(self, known: Known, world: World) -> tuple[Problem, ...]:
        held = await world.github.held()
        place = known.answer("keep_secrets_in")
        if held is not None and held.kept_in == place:
            return ()
        return (
            Problem("secrets-elsewhere", f"the secrets are not in {PLACES[place]}", fix="tassist setup --redo secrets"),
        )


PLACES = {
    "keyring": "the system's keyring",
    "file": "a file only you can read",
    "env-file": "the .env of this folder",
}


class SetWebhook(InOneGo):
    """GitHub sends deliveries to the right address, signed with a secret that was made here."""

    id = "webhook"
    title = "Webhook"
    questions = ("webhook", "webhook_url")
    undo = "tassist switch points it elsewhere"

    @override
    async def check(self, known: Known, world: World) -> Found:
        url = hook_address_of(known)
        if await held_to_stay(known, world) is not None:
            hook = await world.github.hook()
            if (
                hook is not None
                and hook == _wanted(url, has_secret=hook.has_secret)
                and await world.github.secret_is_ours()
            ):
                return Found(already=True, said=f"the webhook points to {url}", learned={"hook_url": url})
        return Found(
            already=False,
            said=f"point the webhook to {url}",
            changes=(
                Change(
                    "GitHub, the App's webhook",
                    f"address {url}, as JSON, TLS checked, with a secret of 256 bits made here{_nowhere(known, url)}",
                ),
            ),
        )

    @override
    async def apply(self, known: Known, world: World) -> Outcome:
        url = hook_address_of(known)
        await world.github.set_hook(url)
        return Applied(f"the webhook points to {url}", {"hook_url": url})

    @override
    async def verify(self, known: Known, world: World) -> tuple[Problem, ...]:
        url = hook_address_of(known)
        hook = await world.github.hook()
        if hook is not None and hook == _wanted(url, has_secret=True):
            return ()
        return (
            Problem(
                "webhook-not-set",
                "the App's webhook is not as it was set",
                "somebody else may have changed it" if hook is not None else "the App has no webhook",
                "look at the App's settings page, under Webhook, then: tassist setup --redo webhook",
                family="world",
            ),
        )


def _wanted(url: str, *, has_secret: bool) -> Hook:
    return Hook(url, is_json=True, has_secret=has_secret, checks_tls=True)


def _nowhere(known: Known, url: str) -> str:
    """Of an address that leads nowhere: who asks, or points it instead."""
    if url != NOWHERE:
        return ""
    tunnel = known.answer("webhook")
    if tunnel in {"ngrok", "agent"}:
        return f"; that is nowhere: tassist serve --tunnel {tunnel} points it here while it runs"
    return "; that is nowhere: tassist serve --poll asks instead"
