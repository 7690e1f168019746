"""What is judged when an installation or a repository goes, moves, or comes anew under its old name."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from tests.simulation.state import SimRepo

if TYPE_CHECKING:
    from tests.simulation.life import Life
    from tests.simulation.people import People
    from tests.simulation.world import World

HELD_S = 400.0
"""Longer than a look that was under way may still ask."""


class Lifecycle:
    """The part of the epilogue in which what is looked after changes hands."""

    def __init__(self, world: World, people: People, at_rest: Callable[[str], Awaitable[None]]) -> None:
        self._world = world
        self._people = people
        self._at_rest = at_rest

    @property
    def _life(self) -> Life:
        life = self._world.life
        assert life is not None
        return life

    async def tell(self) -> None:
        """All of it; ends early where a promise was broken."""
        for part in (self._silence, self._uninstall, self._transfer, self._create_anew):
            if not self._world.broken.is_set():
                await part()

    async def _silence(self) -> None:
        """A suspended installation with work in line, over hours and a night's sweep."""
        world, watch = self._world, self._world.watch
        installation = next(one for one in world.installations.values() if not one.deleted)
        repos = self._of(installation.id)
        self._people.suspend(installation)
        await self._until(lambda: installation.id in self._life.paused, "the suspension to be known")
        for repo in repos:
            self._upset(repo)
        await self._life.night()
        await asyncio.sleep(HELD_S)
        before = watch.asked[installation.id]
        await asyncio.sleep(3 * 3600)
        more = watch.asked[installation.id] - before
        watch.holds("silent while suspended", not more, f"{more} requests for {installation.account}")
        waiting = {key for (key,) in watch.rows("SELECT repo_id FROM lanes WHERE number > 0")}
        done = [repo.name for repo in repos if repo.id not in waiting]
        watch.holds(
            "paused", not done, f"what came for {done} while the installation was suspended does not wait for it"
        )
        self._people.unsuspend(installation.id)
        await self._at_rest("what was paused to be done")
        self._as_wanted("silent while suspended", repos)

    async def _uninstall(self) -> None:
        """Work in line when the App goes; then it is installed anew, as another installation of the same account."""
        world, watch = self._world, self._world.watch
        old = world.installations[world.repos[3].installation_id]
        repos = self._of(old.id)
        world.faults.note("uninstalled")
        # GitHub is down for a while, so that there is something in line that nobody can finish.
        world.down_until_s = world.now_s + 3 * 3600
        for repo in repos:
            self._upset(repo)
        put_off = f"SELECT 1 FROM lanes WHERE installation_id = {old.id} AND attempts > 0"
        await self._until(lambda: world.quiet and bool(watch.rows(put_off)), "a look to fail")
        self._people.uninstall(old)
        await self._until(lambda: self._known(old.id) == "deleted", "the end of the installation to be known")
        [(lines,)] = watch.rows("SELECT count(*) FROM lanes WHERE installation_id = ? AND starts = 0", old.id)
        watch.holds("uninstalled is over", not lines, f"{lines} issues still wait where the App is no more")
        world.down_until_s = -1.0
        await self._at_rest("what waited there to be dropped")
        await asyncio.sleep(HELD_S)
        before = watch.asked[old.id]
        for repo in repos:
            self._upset(repo)  # nobody tells of it
        await asyncio.sleep(2 * 3600)
        more = watch.asked[old.id] - before
        watch.holds("uninstalled is over", not more, f"{more} requests for {old.account}, where the App is no more")
        [(left, mute)] = watch.rows(
            "SELECT coalesce(sum(state IN ('stored', 'waiting')), 0),"
            " coalesce(sum(state = 'ignored' AND coalesce(reason, '') = ''), 0) FROM deliveries WHERE installation_id = ?",
            old.id,
        )
        watch.holds("uninstalled is over", not left and not mute, f"{left} wait, {mute} were dropped without a reason")
        self._people.install_anew(old)
        await self._at_rest("the new installation to be looked at")
        self._as_wanted("installed anew", repos)

    async def _transfer(self) -> None:
        """A repository moves to another account, work in line and work to come."""
        world = self._world
        repo = world.repos[2]
        there = next(one for one in world.installations.values() if not one.deleted and one.id != repo.installation_id)
        world.faults.note("transferred")
        self._upset(repo)
        await asyncio.sleep(world.dice.uniform(0.0, 2.0))
        self._people.transfer(repo, there)
        await self._at_rest("what waited before the move to be done")
        self._as_wanted("moves are followed", [repo])
        self._upset(repo)
        await self._at_rest("what came after the move to be done")
        self._as_wanted("moves are followed", [repo])

    async def _create_anew(self) -> None:
        """A repository is deleted with work in line, and another made under its name, with issues of the same numbers."""
        world = self._world
        old = world.repos[3]
        world.faults.note("created-anew")
        self._upset(old)
        await asyncio.sleep(world.dice.uniform(0.0, 2.0))
        new = self._people.create_anew(old)
        await self._at_rest("the new repository to be looked at")
        self._as_wanted("same name, another place", [new])
        [(left,)] = world.watch.rows("SELECT count(*) FROM looks WHERE state = 'waiting' AND repo_id = ?", old.id)
        world.watch.holds("same name, another place", not left, f"{left} still wait for what is gone")

    # --- small things ---------------------------------------------------------------------------

    def _upset(self, repo: SimRepo) -> None:
        """Every open issue comes to want something."""
        for issue in repo.issues.values():
            if issue.state == "open":
                for label in ("phase-1", "phase-2"):
                    if not issue.has(label):
                        self._world.edit(repo, issue, label, "ann")

    def _as_wanted(self, invariant: str, repos: list[SimRepo]) -> None:
        world = self._world
        for repo in repos:
            for issue in repo.issues.values():
                if issue.state == "open":
                    # Time itself makes issues stale; that is the nightly sweep's.
                    wants = world.watch.wants(repo, issue, world.now_s)
                    left = [effect for effect in wants if effect.rule != "stale"]
                    world.watch.holds(invariant, not left, f"{repo.name}#{issue.number} still wants {left}")

    def _of(self, installation_id: int) -> list[SimRepo]:
        return [one for one in self._world.repos.values() if one.installation_id == installation_id and not one.removed]

    def _known(self, installation_id: int) -> str | None:
        journal = self._life.journal
        assert journal is not None
        return journal.standing.installations().get(installation_id)

    async def _until(self, condition: Callable[[], bool], what: str) -> None:
        from tests.simulation.run import until

        await until(self._world, condition, what)
