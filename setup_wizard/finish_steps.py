"""The last steps: installed somewhere, one real delivery seen, nothing left to mend."""

from __future__ import annotations

from typing_extensions import override

from engine.problems import Problem, ProblemError
from setup_wizard.app_steps import held_to_stay, tunnel_of
from setup_wizard.known import Known
from setup_wizard.outcome import Applied, Change, Found, Outcome, Waiting
from setup_wizard.ports import Installed, World
from setup_wizard.step import InOneGo, Step


class Install(Step):
    """The App is installed in an account, and has the permissions it needs there."""

    id = "installation"
    title = "Installation"
    questions = ()
    undo = "uninstall the App in the account's settings, under Applications"

    @override
    async def check(self, known: Known, world: World) -> Found:
        if await held_to_stay(known, world) is not None:
            found = await world.github.installations()
            if found:
                return Found(already=True, said=_said(found), learned=await _learned(found, world))
        return Found(
            already=False,
            said="install the App",
            changes=(
                Change(
                    "GitHub, your account or organisation", "the App is installed on the repositories you choose there"
                ),
            ),
        )

    @override
    async def apply(self, known: Known, world: World) -> Outcome:
        found = await world.github.installations()
        if found:
            return Applied(_said(found), await _learned(found, world))
        link = f"{known.learned.get('html_url', '')}/installations/new"
        pending = await world.github.requests()
        hints = tuple(f"an owner of {login} has yet to approve the installation" for login in pending)
        return Waiting(
            "you to install the App at GitHub",
            link,
            link,
            opens_browser=True,
            hints=(*hints, "choose the repositories it shall look after; that can be changed there at any time"),
        )

    @override
    async def arrived(self, known: Known, world: World) -> Outcome:
        del known
        found = await world.github.installed()
        return Applied(_said(found), await _learned(found, world))

    @override
    async def pasted(self, text: str, known: Known, world: World) -> Outcome:
        del text
        return await self.apply(known, world)

    @override
    async def verify(self, known: Known, world: World) -> tuple[Problem, ...]:
        del known
        problems = []
        for item in await world.github.installations():
            if item.suspended:
                problems.append(
                    Problem(
                        "installation-suspended",
                        f"the installation in {item.account} is suspended",
                        fix="unsuspend it in the account's settings, under Applications",
                        family="auth",
                    )
                )
            elif item.lacking:
                problems.append(
                    Problem(
                        "permission-missing",
                        f"the installation in {item.account} does not grant " + ", ".join(item.lacking),
                        "after a change of an App's permissions each owner has to accept them",
                        "accept them in the installation's settings",
                        family="auth",
                    )
                )
        return tuple(problems)


def _said(found: tuple[Installed, ...]) -> str:
    return "the App is installed in " + ", ".join(item.account for item in found)


async def _learned(found: tuple[Installed, ...], world: World) -> dict[str, str]:
    return {
        "repositories": "\n".join(await world.repositories.names()),
        "installations": "\n".join(str(item.id) for item in found),
        "accounts": "\n".join(item.account for item in found),
    }


def _polls(known: Known) -> bool:
    return known.answer("webhook") == "poll"


class SeeDelivery(InOneGo):
    """One delivery that GitHub signed has been accepted here."""

    id = "delivery"
    title = "Delivery"
    questions = ()
    undo = ""

    @override
    async def check(self, known: Known, world: World) -> Found:
        seen = await world.service.delivery_seen(polls=_polls(known))
        if seen:
            return Found(already=True, said=seen)
        return Found(
            already=False,
            said="see one real delivery",
            changes=()
            if _polls(known)
            else (Change("this machine", "the server runs for a moment, and GitHub sends its first delivery again"),),
        )

    @override
    async def apply(self, known: Known, world: World) -> Outcome:
        return Applied(await world.service.prove(polls=_polls(known), tunnel=tunnel_of(known)))

    @override
    async def verify(self, known: Known, world: World) -> tuple[Problem, ...]:
        if await world.service.delivery_seen(polls=_polls(known)):
            return ()
        return (
            Problem(
                "no-delivery", "no delivery has been seen", fix="tassist doctor says what is in the way", family="world"
            ),
        )


class ProveHealth(InOneGo):
    """The doctor finds nothing."""

    id = "health"
    title = "Health"
    questions = ()
    undo = ""

    @override
    async def check(self, known: Known, world: World) -> Found:
        del known, world
        return Found(already=False, said="look at everything once more")

    @override
    async def apply(self, known: Known, world: World) -> Outcome:
        del known
        problems = await world.probe.problems()
        if problems:
            raise ProblemError(problems)
        return Applied("everything is in order")

    @override
    async def verify(self, known: Known, world: World) -> tuple[Problem, ...]:
        del known, world
        return ()  # to look is all this step does
