"""The step that makes, takes over or brings along the App, so that it exists at GitHub and its credentials are here."""

from __future__ import annotations

from typing_extensions import override

from engine.problems import Problem, ProblemError
from setup_wizard import values
from setup_wizard.app_steps import REPLACED, hook_address_of, learned_of, tunnel_of
from setup_wizard.known import Known
from setup_wizard.manifest import EVENTS, PERMISSIONS
from setup_wizard.outcome import Applied, Change, Found, Outcome
from setup_wizard.ports import HeldApp, NewApp, World
from setup_wizard.step import Step


class RegisterApp(Step):
    """The App exists at GitHub, and its credentials are here."""

    id = "app"
    title = "App"
    questions = (
        "app",
        "github",
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
        if known.answer("app") == "import":
            return await self._check_import(known, world)
        held = await world.github.held()
        if held is not None:
            same = held.github == known.answer("github")
            wanted = known.answer("app_id") if known.answer("app") == "existing" else ""
            if same and wanted in {"", str(held.app_id)}:
                return await _is_here(world)
        keeps = (Change(world.home, "keep the App's credentials"), *_aside(held, world))
        if known.answer("app") == "existing":
            said = f"take over App {known.answer('app_id')} with the key in {known.answer('private_key_file')}"
            return Found(already=False, said=said, changes=keeps, undo=_taken_back(held), learned=_another(held))
        faults = await world.github.name_faults(
            known.answer("github"), known.answer("app_name"), known.answer("organization")
        )
        if faults:
            raise ProblemError(faults)
        owner = known.answer("organization") or "your own account"
        asks = ", ".join(f"{name}: {level}" for name, level in sorted(PERMISSIONS.items()))
        made = f"a new private App, {known.answer('app_name')}; permissions {asks}; events {', '.join(EVENTS)}"
        return Found(
            already=False,
            said=f"create the App {known.answer('app_name')}",
            changes=(Change(f"GitHub, {owner}", made), *keeps),
            learned=_another(held),
        )

    async def _check_import(self, known: Known, world: World) -> Found:
        """The line is opened before anything is agreed to, so that the preview says which App it brings."""
        held = await world.github.held()
        if not known.answer("bundle"):
            return await _is_here(world)
        opened = await world.github.opened(known.answer("bundle"), known.answer("passphrase"))
        brought = opened.app
        said = known.unused.get("github", "")
        if said and said != brought.github:
            raise ProblemError(_contradicts(said, brought))
        left = f"; the answer to github is not used, because the line says {brought.github}" if said else ""
        if opened.same:
            return await _is_here(world, left)
        name = f"{brought.name or brought.slug} (App ID {brought.app_id}) of {brought.owner} at {brought.github}"
        kept = Change(world.home, f"keep the credentials of {name}, as they were exported on another machine{left}")
        other = held is None or (held.app_id, held.github) != (brought.app_id, brought.github)
        return Found(
            already=False,
            said=f"bring {name} along",
            changes=(kept, *(_aside(held, world) if other else ())),
            undo=_taken_back(held if other else None),
            learned=_another(held if other else None),
        )

    @override
    async def apply(self, known: Known, world: World) -> Outcome:
        if known.answer("app") == "existing":
            held = await world.github.adopt(
                known.answer("github"), int(known.answer("app_id")), known.answer("private_key_file")
            )
            return _registered(held)
        if known.answer("app") == "import":
            held = await world.github.unpack(known.answer("bundle"), known.answer("passphrase"))
            return Applied(f"{held.name} is here: {held.html_url}", learned_of(held))
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


def _taken_back(held: HeldApp | None) -> str:
    """How an App that was taken over or imported is given up here: it is somebody's elsewhere, so it is not deleted."""
    if held is None:
        return "delete github-app.json in that folder; the App itself stays as it is"
    return f"give github-app.{held.app_id}.json in that folder the name github-app.json again; the App itself stays as it is"


def _aside(held: HeldApp | None, world: World) -> tuple[Change, ...]:
    if held is None:
        return ()
    return (
        Change(
            world.home,
            f"set the credentials of {held.name or held.slug} (App ID {held.app_id}) aside, in a file of their own",
        ),
    )


async def _is_here(world: World, more: str = "") -> Found:
    held = await world.github.recognised()
    said = f"{held.name} (App ID {held.app_id}) is registered, and its key is here{more}"
    return Found(already=True, said=said, learned=learned_of(held))


def _another(held: HeldApp | None) -> dict[str, str]:
    """Learned for the steps behind: what they find of the App that is here now says nothing of the one to come."""
    return {REPLACED: str(held.app_id)} if held is not None else {}


def _contradicts(said: str, brought: HeldApp) -> Problem:
    return Problem(
        "bundle-other-github",
        f"github is given as {values.visible(said)}, and the line holds {brought.name or brought.slug} (App ID {brought.app_id}) of {brought.github}",
        "an App lives on one GitHub, and the line knows which",
        "leave --github out (also TASSIST_SETUP_GITHUB, and github in the answers file), or take another line",
    )


def _registered(held: HeldApp) -> Applied:
    return Applied(f"{held.name} is registered: {held.html_url}", learned_of(held))
