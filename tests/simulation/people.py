"""What people and other programs do on the simulated GitHub, one thing after the other."""

from __future__ import annotations

import asyncio

from tests.simulation.configurations import CONFIGS
from tests.simulation.state import Installation, SimIssue, SimRepo, Stone
from tests.simulation.world import LABELS, World

_ORDINARY = (
    ("label", 50),
    ("comment", 12),
    ("open", 4),
    ("close", 4),
    ("reopen", 6),
    ("retitle", 4),
    ("stone", 8),
    ("noise", 6),
    ("burst", 3),
)
_RARE = (
    ("poison", 0.004),
    ("rename", 0.002),
    ("archive", 0.0015),
    ("suspend", 0.0015),
    ("removed", 0.0015),
    ("absent", 0.001),
    ("unhooked", 0.001),
    ("adversary", 0.003),
    ("reconfigure", 0.002),
    ("milestone-closed", 0.003),
    ("night", 0.002),
    ("disk-full", 0.0015),
    ("deadly", 0.0012),
)
MOST_ISSUES = 12
AT_THE_END = frozenset(
    {"crash:mid-prune", "absent", "log-forgets", "unhooked", "uninstalled", "transferred", "created-anew"}
)
"""Faults that come when everything is at rest, if not before."""


class People:
    """Acts on the world until enough deliveries were sent."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._dice = world.dice

    async def act(self, deliveries: int) -> None:
        """Do ordinary and rare things."""
        world, dice = self._world, self._dice
        kinds, weights = zip(*_ORDINARY, strict=True)
        while not world.broken.is_set():
            # A little longer where some fault has not come yet: what never happened proves nothing.
            if world.sent >= deliveries and (
                world.sent >= 3 * deliveries or not set(world.faults.never()) - AT_THE_END
            ):
                break
            await asyncio.sleep(dice.expovariate(1 / 9.0) if dice.random() < 0.6 else dice.random())
            for kind, chance in _RARE:
                if world.faults.may(kind, chance):
                    await self._rare(kind)
            [kind] = dice.choices(kinds, weights)
            repo = dice.choice(list(world.repos.values()))
            if not repo.archived and not repo.removed:
                self._ordinary(kind, repo, dice.choice(list(repo.issues.values())))
            life = world.life
            if life is not None and life.ready:
                life.dies("idle", 0.004)

    def _ordinary(self, kind: str, repo: SimRepo, issue: SimIssue) -> None:
        world, dice, now_s = self._world, self._dice, self._world.now_s
        by = dice.choice(("ann", "bob"))
        if kind == "label":
            world.edit(repo, issue, dice.choice(LABELS), by)
        elif kind == "comment":
            repo.comment(issue, "hello", by, now_s)
            world.emit(repo, "issue_comment", "created", by, issue=issue, comment={"id": 1})
        elif kind == "open" and len(repo.issues) < MOST_ISSUES:
            world.emit(repo, "issues", "opened", by, issue=world.open_issue(repo, by))
        elif kind in {"close", "reopen"}:
            state = "closed" if kind == "close" else "open"
            if repo.set_state(issue, state, None, by, now_s):
                world.emit(repo, "issues", "closed" if kind == "close" else "reopened", by, issue=issue)
        elif kind == "retitle":
            repo.retitle(issue, dice.choice(("side: again", "feat: more", "Plain")), by, now_s)
            world.emit(repo, "issues", "edited", by, issue=issue)
        elif kind == "stone":
            number = dice.choice([stone.number for stone in repo.stones if stone.state == "open"])
            if repo.set_stone(issue, None if dice.random() < 0.3 else number, by, now_s):
                world.emit(repo, "issues", "milestoned" if issue.milestone else "demilestoned", by, issue=issue)
        elif kind == "noise":
            event, action = dice.choice((("star", "created"), ("issues", "locked"), ("label", "created"), ("ping", "")))
            parts = {"label": {"name": "z"}, "issue": issue, "ping": {}, "star": {}}
            wanted = {"label": "label", "issues": "issue"}.get(event)
            more = (
                {"zen": "Keep it logically awesome."} if event == "ping" else {wanted: parts[wanted]} if wanted else {}
            )
            world.emit(repo, event, action, by, **more)
        elif kind == "burst":
            for _ in range(dice.randint(5, 30)):
                world.edit(repo, issue, dice.choice(LABELS), by)

    async def _rare(self, kind: str) -> None:
        world, dice = self._world, self._dice
        repo = dice.choice(list(world.repos.values()))
        later = world.later
        if kind == "poison":
            world.faults.note(kind)
            await world.send_poison()
        elif kind == "rename" and not repo.archived:
            world.faults.note(kind)
            owner, _, name = repo.name.partition("/")
            repo.name = f"{owner}/{name.split('-')[0]}-{dice.randint(1, 99)}"
            repo.foreign += 1
            world.emit(repo, "repository", "renamed", "ann")
        elif kind == "archive" and not repo.archived:
            world.faults.note(kind)
            repo.archived = True
            repo.foreign += 1
            world.emit(repo, "repository", "archived", "ann")
            later(dice.uniform(60, 4000), self.unarchive, repo)
        elif kind == "suspend":
            installation = world.installations[repo.installation_id]
            if not installation.suspended:
                world.faults.note(kind)
                self.suspend(installation)
                later(dice.uniform(60, 4000), self.unsuspend, installation.id)
        elif kind == "removed" and not repo.removed and not repo.archived:
            world.faults.note(kind)
            repo.removed = True
            repo.foreign += 1
            self._moved(repo, "removed")
            later(dice.uniform(60, 4000), self.bring_back, repo)
        elif kind == "absent" and world.life is not None:
            world.faults.note(kind)
            hours = dice.choice((1.0, 30.0, 71.0, 74.0, 120.0))
            if hours > 72:
                world.faults.note("log-forgets")
            await self.be_away(hours, changes=dice.randint(3, 20))
        elif kind == "unhooked" and world.life is not None:
            world.faults.note(kind)
            world.polls_until_s = world.now_s + dice.uniform(1800, 7200)
            world.life.die("restarted without a webhook")
        elif kind == "adversary":
            issue = dice.choice(list(repo.issues.values()))
            world.adversary[repo.id, issue.number] = world.now_s + dice.uniform(300, 3000)
            self._ordinary("burst", repo, issue)
        elif kind == "reconfigure" and not repo.archived:
            world.faults.note(kind)
            self.reconfigure(repo)
        elif kind == "milestone-closed" and not repo.archived:
            world.faults.note(kind)
            stone = dice.choice(repo.stones)
            stone.state = "open" if stone.state == "closed" else "closed"
            repo.foreign += 1
            action = "opened" if stone.state == "open" else "closed"
            world.emit(repo, "milestone", action, "ann", milestone={"number": stone.number, "title": stone.title})
        elif kind == "night":
            world.faults.note(kind)
            await asyncio.sleep(dice.uniform(3, 40) * 3600)
            if world.life is not None and world.life.ready and not world.disk_full:
                await world.life.night()
        elif kind == "disk-full" and not world.disk_full:
            world.faults.note(kind)
            world.disk_full = True
            later(dice.uniform(30, 200), self.free_disk)
            for _ in range(3):
                self._ordinary("burst", repo, dice.choice(list(repo.issues.values())))
        elif kind == "deadly":
            issue = dice.choice(list(repo.issues.values()))
            world.make_deadly((repo.id, issue.number))

    async def be_away(self, hours: float, *, changes: int) -> None:
        """Let nobody serve for so long, and people go on."""
        world, dice = self._world, self._dice
        until_s = world.now_s + hours * 3600
        world.away_until_s = until_s
        if world.life is not None:
            world.life.die("absent")
        for _ in range(changes):
            await asyncio.sleep(dice.uniform(1, hours * 3600 / (changes + 1)))
            await self.change_something()
        await asyncio.sleep(max(until_s - world.now_s, 0.0) + 30.0)

    async def change_something(self) -> None:
        """One ordinary thing in a repository that can be changed."""
        world, dice = self._world, self._dice
        kinds, weights = zip(*_ORDINARY, strict=True)
        repo = dice.choice(list(world.repos.values()))
        if not repo.archived and not repo.removed:
            [kind] = dice.choices(kinds, weights)
            self._ordinary(kind, repo, dice.choice(list(repo.issues.values())))

    # --- and what mends it ------------------------------------------------------------------------------

    def unarchive(self, repo: SimRepo) -> None:
        """The repository can be written to again."""
        if repo.archived:
            repo.archived = False
            repo.foreign += 1
            self._world.watch.covered_again(repo)
            self._world.emit(repo, "repository", "unarchived", "ann")

    def bring_back(self, repo: SimRepo) -> None:
        """The repository is covered again."""
        if repo.removed:
            repo.removed = False
            repo.foreign += 1
            self._world.watch.covered_again(repo)
            self._moved(repo, "added")

    def _moved(self, repo: SimRepo, action: str) -> None:
        lists: dict[str, list[dict[str, object]]] = {"repositories_added": [], "repositories_removed": []}
        lists[f"repositories_{action}"] = [{"id": repo.id, "full_name": repo.name}]
        self._world.emit(
            None, "installation_repositories", action, "ann", installation_id=repo.installation_id, **lists
        )

    def suspend(self, installation: Installation) -> None:
        """The installation works no more."""
        installation.suspended, installation.changed_s = True, self._world.now_s
        installation.tokens.clear()
        self._world.emit(None, "installation", "suspend", "ann", installation_id=installation.id)

    def unsuspend(self, installation_id: int) -> None:
        """The installation works again."""
        installation = self._world.installations[installation_id]
        if installation.suspended:
            installation.suspended, installation.changed_s = False, self._world.now_s
            self._world.emit(None, "installation", "unsuspend", "ann", installation_id=installation_id)

    def uninstall(self, installation: Installation) -> None:
        """The App is uninstalled: what it could reach there it reaches no more."""
        installation.deleted = True
        installation.tokens.clear()
        for repo in self._world.repos.values():
            if repo.installation_id == installation.id:
                repo.removed = True
                repo.foreign += 1
        self._world.emit(None, "installation", "deleted", "ann", installation_id=installation.id)

    def install_anew(self, old: Installation) -> None:
        """The same account installs the App again, which is another installation."""
        world = self._world
        number = max(world.installations) + 1
        world.installations[number] = Installation(number, old.account)
        repos = [repo for repo in world.repos.values() if repo.installation_id == old.id and not repo.deleted]
        for repo in repos:
            repo.installation_id, repo.removed = number, False
            repo.foreign += 1
            world.watch.covered_again(repo)
        listed = [{"id": repo.id, "full_name": repo.name} for repo in repos]
        world.emit(None, "installation", "created", "ann", installation_id=number, repositories=listed)

    def transfer(self, repo: SimRepo, to: Installation) -> None:
        """The repository gets another owner, where the App is installed, too."""
        repo.installation_id = to.id
        repo.name = f"{to.account}/{repo.name.partition('/')[2]}"
        repo.foreign += 1
        self._world.watch.covered_again(repo)
        self._world.emit(repo, "repository", "transferred", "ann")

    def create_anew(self, old: SimRepo) -> SimRepo:
        """The repository is deleted, and another one made under its name, with issues of the same numbers."""
        world = self._world
        world.emit(old, "repository", "deleted", "ann")
        old.removed = old.deleted = True
        old.foreign += 1
        number = max(world.repos) + 1
        new = SimRepo(number, old.name, old.installation_id, old.config, labels=dict(old.labels))
        new.stones = [Stone(stone.number, stone.title, stone.state) for stone in old.stones]
        world.repos[number] = new
        for _ in range(4):
            issue = world.open_issue(new, "ann")
            for label in ("phase-1", "phase-2"):
                new.add_label(issue, label, "ann", world.now_s)
            world.emit(new, "issues", "opened", "ann", issue=issue)
        return new

    def reconfigure(self, repo: SimRepo) -> None:
        """Another configuration is pushed."""
        repo.config = self._dice.choice([text for text in CONFIGS if text != repo.config])
        repo.foreign += 1
        commit = {"id": "c", "added": [], "removed": [], "modified": [".github/task-assistant.yml"]}
        self._world.emit(repo, "push", "", "ann", ref="refs/heads/main", commits=[commit])

    def free_disk(self) -> None:
        """There is room again."""
        self._world.disk_full = False
        self._world.disk_full_s = self._world.now_s
