"""A repository's first files: what it has is looked at first, then they are written the way a person chose."""

from __future__ import annotations

from typing_extensions import override

from engine.problems import Problem, ProblemError, Where
from setup_wizard.care_questions import several
from setup_wizard.known import Known
from setup_wizard.outcome import Applied, Change, Found, Outcome
from setup_wizard.ports import Scaffold, World
from setup_wizard.question import NONE
from setup_wizard.step import InOneGo

LATER = "no repository gets a first configuration now; tassist scaffold OWNER/NAME does it later"


def wants_scaffold(known: Known) -> bool:
    """Whether a repository gets its first files in this installation."""
    return known.answer("scaffold") not in {"", "no"}


class LookAtRepository(InOneGo):
    """What the repository has is known: its labels, its milestones, and which of the files exist."""

    id = "labels"
    title = "Labels"
    questions = ("scaffold", "scaffold_repository", "scaffold_folder")
    undo = ""

    @override
    async def check(self, known: Known, world: World) -> Found:
        if not wants_scaffold(known):
            return Found(already=True, said="no first files are wanted, so no repository is looked at")
        repo = known.answer("scaffold_repository")
        if await world.github.held() is None:
            return Found(already=True, said=f"what {repo} has is seen when the App is installed there")
        installed = await world.repositories.names()
        if repo.casefold() not in {name.casefold() for name in installed}:
            raise ProblemError(
                Problem(
                    "repository-not-installed",
                    f"the App is not installed on {repo}",
                    "it cannot read the labels and milestones there",
                    "choose another, or add it on the installation's page at GitHub and try again",
                    Where(path="scaffold_repository"),
                )
            )
        seen = await world.repositories.look(repo, known.answer("scaffold"), known.answer("scaffold_folder"))
        return Found(
            already=True,
            said=f"{repo}: labels {len(seen.labels)}, open milestones {len(seen.milestones)}",
            learned={
                "labels": "\n".join(seen.labels),
                "milestones": "\n".join(seen.milestones),
                "proposed_tracks": "\n".join(seen.tracks),
                "proposed_phases": "\n".join(seen.phases),
                "existing": "\n".join(seen.existing),
            },
        )

    @override
    async def apply(self, known: Known, world: World) -> Outcome:
        found = await self.check(known, world)
        return Applied(found.said, found.learned)

    @override
    async def verify(self, known: Known, world: World) -> tuple[Problem, ...]:
        del known, world
        return ()  # to look is all this step does


class WriteScaffold(InOneGo):
    """The files are where the person wanted them; what existed is as it was, unless it was to be replaced."""

    id = "scaffold"
    title = "First files"
    questions = (
        "scaffold_tracks",
        "scaffold_phases",
        "scaffold_forms",
        "scaffold_dashboard",
        "scaffold_replace",
        "github_token",
    )
    undo = "close the pull request, or delete the branch or the files; nothing else was changed"

    @override
    async def check(self, known: Known, world: World) -> Found:
        if not wants_scaffold(known):
            return Found(already=True, said=LATER)
        if known.learned.get("scaffolded") == _mark(known):
            return Found(already=True, said=f"{known.answer('scaffold_repository')} has got its first files")
        wanted = _wanted(known)
        if await world.github.held() is None:
            change = Change(wanted.repo, "its first files, made from the labels and milestones it has")
            return Found(already=False, said=f"write the first files of {wanted.repo}", changes=(change,))
        proposed = await world.repositories.propose(wanted)
        differing = [each for each in proposed if each.diff]
        written = [each for each in differing if wanted.replace or not each.exists]
        if not written:
            kept = ", ".join(each.path for each in differing)
            left = "exists and is left as it is" if len(differing) == 1 else "exist and are left as they are"
            said = f"{kept} {left}" if kept else "the first files are there already"
            return Found(already=True, said=f"{wanted.repo}: {said}")
        changes = []
        for each in differing:
            word = "is new" if not each.exists else "is replaced" if wanted.replace else "exists and is left as it is"
            changes.append(Change(each.where, f"{each.path} {word}", each.diff if each in written else ()))
        return Found(already=False, said=f"write the first files of {wanted.repo}", changes=tuple(changes))

    @override
    async def apply(self, known: Known, world: World) -> Outcome:
        said = await world.repositories.write(_wanted(known))
        return Applied(said, {"scaffolded": _mark(known), "scaffold_said": said})

    @override
    async def verify(self, known: Known, world: World) -> tuple[Problem, ...]:
        del known, world
        return ()  # whoever wrote them has read them back


def _mark(known: Known) -> str:
    """What was asked for, so that another start does not open a second pull request for the same."""
    return f"{known.answer('scaffold')} {known.answer('scaffold_repository')}"


def _wanted(known: Known) -> Scaffold:
    return Scaffold(
        repo=known.answer("scaffold_repository"),
        way=known.answer("scaffold"),
        folder=known.answer("scaffold_folder") or ".",
        tracks=_named(known, "scaffold_tracks"),
        phases=_named(known, "scaffold_phases"),
        forms=known.answer("scaffold_forms") == "yes",
        dashboard=known.answer("telemetry_repository") if known.answer("scaffold_dashboard") == "yes" else "",
        replace=known.answer("scaffold_replace") == "yes",
        token=known.answer("github_token"),
    )


def _named(known: Known, question_id: str) -> tuple[str, ...]:
    return tuple(part for part in several(known, question_id) if part != NONE)
