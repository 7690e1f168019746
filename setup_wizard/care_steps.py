"""What the service cares for: the repositories it looks after, and the sinks its records go to, each tried out first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from typing_extensions import override

from engine.problems import Problem, ProblemError, Where
from setup_wizard.care_questions import several
from setup_wizard.known import Known
from setup_wizard.outcome import Applied, Found, Outcome
from setup_wizard.ports import World
from setup_wizard.question import ALL
from setup_wizard.step import InOneGo


class ChooseRepositories(InOneGo):
    """The service looks after the chosen repositories and leaves the others alone."""

    id = "repositories"
    title = "Repositories"
    questions = ("repositories",)
    undo = "tassist setup --redo repositories chooses again"

    @override
    async def check(self, known: Known, world: World) -> Found:
        wanted = _chosen(known)
        if wanted != ALL and await world.github.held() is not None:
            installed = await world.repositories.names()
            names = {name.casefold() for name in installed} | {name.partition("/")[0].casefold() for name in installed}
            lost = [part for part in wanted.split(",") if part.casefold() not in names]
            if lost:
                raise ProblemError(_not_installed(part) for part in lost)
        said = f"look after {_in_words(wanted)}"
        if _same(world.settings.now("repositories"), wanted):
            return Found(already=True, said=said)
        _refuse_beaten(world, "repositories")
        return Found(already=False, said=said, changes=world.settings.changes({"repositories": wanted}, ()))

    @override
    async def apply(self, known: Known, world: World) -> Outcome:
        wanted = _chosen(known)
        world.settings.keep({"repositories": wanted}, {})
        return Applied(f"{_in_words(wanted)} will be looked after")

    @override
    async def verify(self, known: Known, world: World) -> tuple[Problem, ...]:
        return _kept(world, "repositories", _chosen(known))


def _chosen(known: Known) -> str:
    return ",".join(several(known, "repositories")) or ALL


def _in_words(wanted: str) -> str:
    if wanted == ALL:
        return "everything the App is installed on"
    names = wanted.split(",")
    return ", ".join(names) if len(names) <= 5 else f"{len(names)} repositories and installations"


def _same(now: str, wanted: str) -> bool:
    """Whether two lists name the same, in whatever order and spelling."""

    def parts(text: str) -> frozenset[str]:
        return frozenset(part.strip().casefold() for part in text.split(",") if part.strip())

    return (parts(now) or {ALL}) == parts(wanted)


def _not_installed(name: str) -> Problem:
    return Problem(
        "repository-not-installed",
        f"the App is not installed on {name}",
        "it sees nothing there, and is told nothing",
        "choose another, or add it on the installation's page at GitHub and try again",
        Where(path="repositories"),
    )


def _refuse_beaten(world: World, *names: str) -> None:
    problems = world.settings.beaten(names)
    if problems:
        raise ProblemError(problems)


def _kept(world: World, name: str, wanted: str) -> tuple[Problem, ...]:
    if _same(world.settings.now(name), wanted):
        return ()
    return (
        Problem(
            "setting-not-kept",
            f"the setting {name} is not what was written",
            fix="look for it in tassist.toml, .env and the environment",
        ),
    )


class ChooseTelemetry(InOneGo):
    """Every chosen sink has taken a record, and the service will write to them."""

    id = "telemetry"
    title = "Telemetry"
    questions = (
        "telemetry",
        "telemetry_repository",
        "telemetry_file",
        "telemetry_postgresql",
        "telemetry_collector",
        "telemetry_authorization",
    )
    undo = "tassist setup --redo telemetry chooses again"

    @override
    async def check(self, known: Known, world: World) -> Found:
        wanted, secrets = _sinks(known, world), _secrets(known)
        tested = known.learned.get("telemetry_tested") == wanted and not secrets
        same = _same_sinks(world.settings.now("telemetry_sinks"), wanted)
        if tested and same:
            return Found(already=True, said=f"records go to {wanted}")
        if not same:
            _refuse_beaten(world, "telemetry_sinks")
        _refuse_beaten(world, *secrets)
        changes = world.settings.changes({} if same else {"telemetry_sinks": wanted}, tuple(secrets))
        return Found(already=False, said=f"try out {wanted} with one record", changes=changes)

    @override
    async def apply(self, known: Known, world: World) -> Outcome:
        wanted, secrets = _sinks(known, world), _secrets(known)
        try:
            said = await world.telemetry.try_out(wanted, secrets)
        except ProblemError as error:
            # Shown below the question, so that another sink or another place can be chosen.
            raise ProblemError(replace(problem, where=Where(path="telemetry")) for problem in error.problems) from None
        same = _same_sinks(world.settings.now("telemetry_sinks"), wanted)
        world.settings.keep({} if same else {"telemetry_sinks": wanted}, secrets)
        return Applied("; ".join(said), {"telemetry_tested": wanted})

    @override
    async def verify(self, known: Known, world: World) -> tuple[Problem, ...]:
        wanted = _sinks(known, world)
        if _same_sinks(world.settings.now("telemetry_sinks"), wanted):
            return ()
        return _kept(world, "telemetry_sinks", wanted)


def _sinks(known: Known, world: World) -> str:
    """As the setting is written."""
    places = {
        "github": known.answer("telemetry_repository"),
        "sqlite": known.answer("telemetry_file") or f"{world.home}/telemetry.db",
        "otlp": known.answer("telemetry_collector"),
    }
    chosen = several(known, "telemetry") or ("jsonl",)
    return ",".join(f"{sink}:{places[sink]}" if sink in places else sink for sink in chosen)


def _same_sinks(now: str, wanted: str) -> bool:
    return {part.strip() for part in now.split(",") if part.strip()} == set(wanted.split(","))


def _secrets(known: Known) -> Mapping[str, str]:
    names = ("telemetry_postgresql", "telemetry_authorization")
    return {name: known.answer(name) for name in names if known.answer(name)}
