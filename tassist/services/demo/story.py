"""What people do in the demo, step by step, each a real change through GitHub's API that sends real deliveries.

A step that the repository's configuration gives no ground for (no second track, no phases, no milestone) says so and is
passed over; nothing is invented for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from engine.config.types import Config, Group, Mapping
from tassist.sandbox import Box
from tassist.services.demo.people import Person
from tassist.services.demo.process import ServerProcess
from tassist.services.demo.voice import Voice
from tassist.services.demo.watch import Watch

SLOW_READ_S = 20.0
"""How long GitHub in a box takes to answer while the server is killed: long enough to be in the middle of it."""


@dataclass(slots=True)
class Scene:
    """Everybody and everything on stage."""

    box: Box
    person: Person
    config: Config
    server: ServerProcess
    watch: Watch
    voice: Voice
    redeliver: Callable[[str], None]
    """Ask GitHub, as the App does, to deliver the delivery of that id again."""
    issue: int = 0
    passed_over: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing a person does."""

    says: str
    does: Callable[[Scene], str | None]
    """Returns why it was passed over, or ``None``."""


def play(scene: Scene) -> None:
    """Play every step, and let things come to rest after each."""
    for number, step in enumerate(STEPS, 1):
        scene.voice.blank()
        scene.voice.say(f"{number}. {step.says.format(person=scene.person.login)}", hang=3)
        passed_over = step.does(scene)
        if passed_over:
            scene.passed_over.append(passed_over)
            scene.voice.say(f"passed over: {passed_over}", indent=3)
        scene.watch.settle()


def _open(scene: Scene) -> str | None:
    labels = [scene.config.tracks[0].label] if scene.config.tracks else []
    labels += _phases(scene.config)[:1]
    for label in labels:
        scene.person.ensure_label(label)
    scene.issue = scene.person.open_issue("feat: export the report as CSV", labels=labels)
    return None


def _second_track(scene: Scene) -> str | None:
    if len(scene.config.tracks) < 2:
        return "the configuration has one track only"
    label = scene.config.tracks[1].label
    scene.person.ensure_label(label)
    scene.person.add_label(scene.issue, label)
    return None


def _switch_phase(scene: Scene) -> str | None:
    phases = _phases(scene.config)
    if len(phases) < 2:
        return "the configuration has no two phases"
    scene.person.ensure_label(phases[1])
    scene.person.add_label(scene.issue, phases[1])
    return None


def _wrong_milestone(scene: Scene) -> str | None:
    current = scene.person.issue(scene.issue)["milestone"]
    if current is None:
        return "the configuration gives the issue no milestone"
    managed = [mapping.milestone for mapping in _mappings(scene.config)]
    managed += [track.milestone for track in scene.config.tracks if track.milestone]
    other = next((title for title in dict.fromkeys(managed) if title != current["title"]), None)
    if other is None:
        return "the configuration knows one milestone only"
    scene.person.edit(scene.issue, milestone=scene.person.ensure_milestone(other))
    return None


def _edit(scene: Scene) -> str | None:
    scene.person.edit(scene.issue, title="feat: export the report as CSV and as JSON")
    return None


def _close(scene: Scene) -> str | None:
    scene.person.edit(scene.issue, state="closed", state_reason="completed")
    return None


def _reopen(scene: Scene) -> str | None:
    scene.person.edit(scene.issue, state="open")
    return None


def _redeliver(scene: Scene) -> str | None:
    newest = next(
        delivery for delivery in reversed(scene.box.webhooks.log) if delivery.event == "issues" and delivery.ok
    )
    before = len(scene.box.webhooks.log)
    scene.redeliver(newest.guid)
    scene.watch.until(lambda: len(scene.box.webhooks.log) > before, "GitHub in a box did not redeliver")
    return None


def _kill(scene: Scene) -> str | None:
    label = _against_the_rules(scene.config, scene.person.issue(scene.issue))
    slow = scene.box.faults.latency(SLOW_READ_S, method="read", path="*/issues/*", count=1)
    try:
        if label is None:
            scene.person.edit(scene.issue, title="feat: export the report")
        else:
            scene.person.ensure_label(label)
            scene.person.add_label(scene.issue, label)
        # Acknowledged, and being worked on: GitHub will never send it again.
        scene.watch.until(lambda: slow.struck > 0, "the server did not take the delivery in hand")
        scene.watch.until(lambda: scene.box.webhooks.log[-1].ok, "the delivery was not answered")
        scene.server.kill()
        scene.voice.say("server    killed (kill -9) with the delivery in hand", indent=3)
    finally:
        scene.box.faults.remove(slow)
    scene.server.start()
    scene.voice.say("server    started again, and goes on where it was", indent=3)
    return None


STEPS: tuple[Step, ...] = (
    Step("{person} opens an issue", _open),
    Step("{person} adds a second track label", _second_track),
    Step("{person} adds the next phase and forgets the last one", _switch_phase),
    Step("{person} sets a milestone that is not the phase's or the track's", _wrong_milestone),
    Step("{person} edits the title", _edit),
    Step("{person} closes the issue", _close),
    Step("{person} opens it again", _reopen),
    Step("GitHub delivers one delivery a second time", _redeliver),
    Step("the server is killed in the middle of its work, and started again", _kill),
)


def _mappings(config: Config) -> Iterator[Mapping]:
    if config.enforcement is not None:
        yield from config.enforcement.phase_milestones
        yield from config.enforcement.track_milestones


def _group(config: Config, name: str) -> Group | None:
    groups = config.enforcement.exclusivity if config.enforcement else ()
    return next((group for group in groups if group.name == name), None)


def _phases(config: Config) -> list[str]:
    """The labels of the phase group, in the order of the configuration."""
    group = _group(config, "phase")
    if group is None:
        return []
    prefix = group.prefix or "phase-"
    return list(group.labels) or [spec.name for spec in config.labels if spec.name.casefold().startswith(prefix)]


def _against_the_rules(config: Config, issue: dict[str, object]) -> str | None:
    """A track label the issue does not have, so that the server has something to correct."""
    labels = issue["labels"]
    assert isinstance(labels, list)
    carried = {label["name"].casefold() for label in labels}
    return next((track.label for track in config.tracks if track.label.casefold() not in carried), None)
