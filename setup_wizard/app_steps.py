"""The App's own steps: registered and its key here, its secrets where they shall be kept, its webhook pointed."""

from __future__ import annotations

from typing import Final

from typing_extensions import override

from engine.problems import Problem, ProblemError
from setup_wizard.known import Known
from setup_wizard.manifest import EVENTS, PERMISSIONS
from setup_wizard.outcome import Applied, Change, Found, Outcome
from setup_wizard.ports import HeldApp, Hook, NewApp, World
from setup_wizard.step import InOneGo, Step

NOWHERE: Final = "https://webhook.invalid/webhook"
"""Where an App's webhook points while nothing here is public: a name that never exists, so that nothing is ever sent to a
stranger. GitHub logs each delivery all the same, and `tassist serve --poll` reads that log."""


def hook_address_of(known: Known) -> str:
    """Where the webhook shall point, as far as it is known yet."""
    return known.answer("webhook_url") or known.learned.get("tunnel_url", "") or NOWHERE


def tunnel_of(known: Known) -> str:
    """The tunnel that tassist opens by itself; empty where none is wanted."""
    return known.answer("webhook") if known.answer("webhook") in {"ngrok", "agent"} else ""


def learned_of(app: HeldApp) -> dict[str, str]:
    """What later steps need of an App."""
    return {
        "app_id": str(app.app_id),
        "slug": app.slug,
        "name": app.name,
        "owner": app.owner,
        "html_url": app.html_url,
        "kept_in": app.kept_in,
    }


class RegisterApp(Step):
    """The App exists at GitHub, and its credentials are here."""

    id = "app"
    title = "App"
    questions = (
        "github",
        "app",
        "account",
        "organization",
        "app_name",
        "create_with",
        "app_id",
        "private_key_file",
        "bundle",
        "passphrase",
    )
    undo = "delete the App on its settings page, under Advanced; its secrets are then worth nothing"

    @override
    async def check(self, known: Known, world: World) -> Found:
        held = await world.github.held()
        if held is not None:
            held = await world.github.recognised()
            same = held.github == known.answer("github")
            wanted = known.answer("app_id") if known.answer("app") == "existing" else ""
            if same and wanted in {"", str(held.app_id)}:
                return Found(
                    already=True,
                    said=f"{held.name} (App ID {held.app_id}) is registered, and its key is here",
                    learned=learned_of(held),
                )
        if known.answer("app") == "existing":
            said = f"take over App {known.answer('app_id')} with the key in {known.answer('private_key_file')}"
            return Found(
                already=False,
                said=said,
                changes=(Change(world.home, "keep the App's credentials"), *_aside(held, world)),
            )
        if known.answer("app") == "import":
            change = Change(world.home, "keep the credentials that were exported on another machine")
            return Found(already=False, said="bring the App along", changes=(change, *_aside(held, world)))
        faults = await world.github.name_faults(known.answer("github"), known.answer("app_name"))
        if faults:
            raise ProblemError(faults)
        owner = known.answer("organization") or "your own account"
        asks = ", ".join(f"{name}: {level}" for name, level in sorted(PERMISSIONS.items()))
        return Found(
            already=False,
            said=f"create the App {known.answer('app_name')}",
            changes=(
                Change(
                    f"GitHub, {owner}",
                    f"a new private App, {known.answer('app_name')}; permissions {asks}; events {', '.join(EVENTS)}",
                ),
                Change(world.home, "keep the App's credentials"),
                *_aside(held, world),
            ),
        )

    @override
    async def apply(self, known: Known, world: World) -> Outcome:
        if known.answer("app") == "existing":
            held = await world.github.adopt(
                known.answer("github"), int(known.answer("app_id")), known.answer("private_key_file")
            )
            return _registered(held)
        if known.answer("app") == "import":
            return _registered(await world.github.unpack(known.answer("bundle"), known.answer("passphrase")))
        return await world.github.create(
            NewApp(
                known.answer("github"),
                known.answer("app_name"),
                known.answer("organization"),
                hook_address_of(known),
                known.answer("create_with"),
                tunnel_of(known),
            )
        )

    @override
    async def arrived(self, known: Known, world: World) -> Outcome:
        del known
        return _registered(await world.github.created())

    @override
    async def pasted(self, text: str, known: Known, world: World) -> Outcome:
        del known
        return _registered(await world.github.pasted(text))

    @override
    async def verify(self, known: Known, world: World) -> tuple[Problem, ...]:
        del known
        await world.github.recognised()
        return ()


def _aside(held: HeldApp | None, world: World) -> tuple[Change, ...]:
    if held is None:
        return ()
    return (
        Change(
            world.home,
            f"set the credentials of {held.name or held.slug} (App ID {held.app_id}) aside, in a file of their own",
        ),
    )


def _registered(held: HeldApp) -> Applied:
    return Applied(f"{held.name} is registered: {held.html_url}", learned_of(held))


class KeepSecrets(InOneGo):
    """The secrets are where they shall be kept, and nowhere else."""

    id = "secrets"
    title = "Secrets"
    questions = ("keep_secrets_in",)
    undo = "tassist setup --redo secrets moves them elsewhere"

    @override
    async def check(self, known: Known, world: World) -> Found:
        held = await world.github.held()
        place = known.answer("keep_secrets_in")
        if held is not None and held.kept_in == place:
            return Found(already=True, said=f"the secrets are kept in {_PLACES[place]}", learned={"kept_in": place})
        faults = await world.github.place_faults(place)
        if faults:
            raise ProblemError(faults)
        return Found(
            already=False,
            said=f"keep the secrets in {_PLACES[place]}",
            changes=(Change(_PLACES[place], "private key, webhook secret, client secret"),),
        )

    @override
    async def apply(self, known: Known, world: World) -> Outcome:
        held = await world.github.held()
        place = known.answer("keep_secrets_in")
        if held is None or held.kept_in != place:
            held = await world.github.keep_in(place)
        return Applied(f"the secrets are kept in {_PLACES[place]}", learned_of(held))

    @override
    async def verify(self, known: Known, world: World) -> tuple[Problem, ...]:
        held = await world.github.held()
        place = known.answer("keep_secrets_in")
        if held is not None and held.kept_in == place:
            return ()
        return (
            Problem(
                "secrets-elsewhere", f"the secrets are not in {_PLACES[place]}", fix="tassist setup --redo secrets"
            ),
        )


_PLACES = {
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
        if await world.github.held() is not None:
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
                    f"{_where(known, url)}, as JSON, TLS checked, with a secret of 256 bits made here",
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


def _where(known: Known, url: str) -> str:
    """The address for a person; one that leads nowhere says who asks or points it instead."""
    if url != NOWHERE:
        return f"address {url}"
    tunnel = known.answer("webhook")
    if tunnel in {"ngrok", "agent"}:
        return f"address {url}, which is nowhere: tassist serve --tunnel {tunnel} points it here while it runs"
    return f"address {url}, which is nowhere: tassist serve --poll asks instead"
