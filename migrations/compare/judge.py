"""One issue at one moment, seen from three sides: what legacy declares, what the record shows, what the engine does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from engine.config.patterns import compile_pattern
from engine.config.types import Config
from engine.decide import effects_of
from engine.draft import FactMissing
from engine.model import Issue, Repo, TimelineEvent, Trigger, fold
from engine.plan import AddLabels, CloseIssue, Effect, RemoveLabels, SetMilestone
from engine.view import encodable
from migrations.compare.renames import renames
from migrations.legacy.component import IssueComponent, Says, World
from migrations.legacy.recognise import Legacy
from migrations.legacy.stale_action import ID as STALE_ACTION
from migrations.legacy.stale_action import StaleAction
from migrations.legacy.supervisor import Supervisor
from migrations.model import Difference, Verdict, Write

EVERY_ISSUE: Final = "every issue is looked after, not only those that carry a membership label"
NO_MEMBERSHIP: Final = "no membership label is needed"
CLOSED: Final = "a closed issue stays as it is"
NO_SELF_TEST: Final = "the self-test leaves no issue behind; those that are there are closed with consent"
ONE_TRACK: Final = "an issue belongs to one track"
A_TRACK: Final = "an issue without a track gets one"
NOT_FLAGGED: Final = "an issue that only lacks a track is not called stale"
MILESTONE_OF_TRACK: Final = "the milestone follows the track"
A_PERSONS_MILESTONE: Final = "a milestone somebody chose is not overwritten"
IN_PLACE: Final = "the escalated flag takes the place of the stale one"
FLAG_OFF: Final = "a flag that no longer holds is taken off at once"
SAID_BY_RULE: Final = "the configuration asks for it, and legacy never decides it"
PULL_REQUEST: Final = "pull requests are left alone"
REAL_ACTIVITY: Final = "what somebody does on an issue counts as activity, not every update of it"
LOCKED: Final = "a locked issue is looked after like any other"
IMPROVEMENTS: Final = (
    EVERY_ISSUE,
    NO_MEMBERSHIP,
    CLOSED,
    NO_SELF_TEST,
    ONE_TRACK,
    A_TRACK,
    NOT_FLAGGED,
    MILESTONE_OF_TRACK,
    A_PERSONS_MILESTONE,
    IN_PLACE,
    FLAG_OFF,
    SAID_BY_RULE,
    PULL_REQUEST,
    REAL_ACTIVITY,
    LOCKED,
)
"""Everything that may be called an intended improvement; whatever else differs is a regression until somebody explains it."""
NO_PULLS: Final = (
    "the configuration leaves pull requests alone (pull_requests: {manage: true} looks after them as after issues)"
)
_SWEEP: Final = Trigger("sweep")
_FIELDS: Final = frozenset({"milestone", "state"})
_SEEN: Final = (AddLabels, RemoveLabels, SetMilestone, CloseIssue)
"""What an effect shows on the fields that are compared; a comment is none."""
_MOST_REMEMBERED: Final = 100_000


@dataclass(frozen=True, slots=True)
class Found:
    """One field on which the three sides are not one."""

    field: str
    control: str
    observed: str
    candidate: str
    verdict: Verdict
    because: str
    rule: str
    component: str = ""

    def of(self, subject: str) -> Difference:
        """As a difference of this subject."""
        return Difference(
            subject,
            self.field,
            self.control,
            self.observed,
            self.candidate,
            self.verdict,
            self.because,
            self.rule or self.component,
        )


@dataclass(frozen=True, slots=True)
class Judged:
    """What was found on one issue, and how many fields are the same on all sides."""

    found: tuple[Found, ...]
    same: int
    needless: tuple[tuple[str, int], ...] = ()
    """Components, and how many writes each repeats although they change nothing."""


class Judge:
    """Compares states, remembering those that are alike."""

    def __init__(self, legacy: Legacy, config: Config, broken: Mapping[str, str]) -> None:
        """Args: the models, the proposed configuration, and why a component never worked, by its path."""
        self.legacy = legacy
        self.config = config
        self.broken = broken
        supervisors = [component for component in legacy.issues if isinstance(component, Supervisor)]
        actions = [component for component in legacy.issues if isinstance(component, StaleAction)]
        self._stale_actions = bool(actions)
        self._to_the_second = any(
            side.stale_days % 1 or one.inputs.start is not None
            for one in actions
            for side in (one.inputs.issues, one.inputs.pulls)
        )
        marks = [one.stale_label for one in supervisors] + [one.inputs.issues.label for one in actions]
        self.former = renames(
            config,
            stale=marks[0] if marks else "",
            escalated=supervisors[0].escalated_label if supervisors else "",
        )
        self._members = legacy.members
        self.members = {fold(name) for name in legacy.members}
        stale = config.stale
        self.stale = fold(stale.stale_label) if stale and stale.stale_label else ""
        self.escalated = fold(stale.escalated_label) if stale and stale.escalated_label else ""
        self.tracks = {fold(track.label) for track in config.tracks}
        matches = [track.match for track in config.tracks if track.match is not None]
        by_title = any(not [name for name in test.labels if name not in legacy.members] for test in legacy.self_tests)
        # Everything here that looks at an issue's words: issues that it tells nothing apart in are alike, whatever else they say.
        self._by_title = by_title
        self._patterns = tuple(
            (words, compile_pattern(pattern))
            for match in matches
            for words in ("title", "body")
            for pattern in getattr(match, words)
        )
        self._known: dict[object, Judged] = {}
        self._beside_known: dict[object, Judged] = {}
        self._names: dict[str, tuple[str, str]] = {}

    def judge(self, issue: Issue, repo: Repo, world: World, *, is_recorded: bool) -> Judged:
        """The verdict on every field of the issue.

        Args:
            issue: As it was.
            repo: As `apply` would leave it.
            world: What legacy knows; its ``now`` is the moment.
            is_recorded: Whether it is a state legacy left, so that what it did shows in it.
        """
        alike = (*_key(issue, world, id(repo), is_recorded, self._words(issue)), *self._beyond(issue, world))
        key = alike if issue.timeline is None else (alike, world.now, issue.timeline)
        known = self._known.get(key)
        if known is None:
            known = self._judge(issue, repo, world, alike, is_recorded=is_recorded)
            if len(self._known) < _MOST_REMEMBERED:
                self._known[key] = known
        return known

    def _beyond(self, issue: Issue, world: World) -> tuple[object, ...]:
        """What only actions/stale looks at: who is assigned, and ages to the second where its days have parts."""
        if not self._stale_actions:
            return ()
        return (
            world.assigned.get(issue.ref.number) if world.assigned is not None else None,
            (issue.created_at, issue.updated_at, world.now) if self._to_the_second else None,
        )

    def _words(self, issue: Issue) -> tuple[object, ...]:
        """What anything here makes of the issue's words."""
        if self._by_title:
            return (issue.title, issue.body)
        return tuple(pattern.search(encodable(getattr(issue, words))) is not None for words, pattern in self._patterns)

    def _named(self, name: str) -> tuple[str, str]:
        """The name a label has afterwards, folded and as it is; looked up once for each spelling."""
        known = self._names.get(name)
        if known is None:
            new = self.former.get(fold(name), name)
            known = self._names[name] = (fold(new), new)
        return known

    def _judge(self, issue: Issue, repo: Repo, world: World, alike: tuple[object, ...], *, is_recorded: bool) -> Judged:
        """What the engine does with it beside legacy; only the engine looks at its history, so states it treats alike are judged once."""
        effects: tuple[Effect, ...] | None = ()
        missing = ""
        try:
            effects = effects_of(_SWEEP, self._renamed(issue), repo, self.config, world.now)
        except FactMissing as error:
            effects, missing = None, error.fact.value.replace("_", " ")
        if self._stale_actions:  # this one looks at histories too
            return self._beside(issue, world, effects, missing, is_recorded=is_recorded)
        key = (alike, missing if effects is None else tuple(one for one in effects if isinstance(one, _SEEN)))
        known = self._beside_known.get(key)
        if known is None:
            known = self._beside(issue, world, effects, missing, is_recorded=is_recorded)
            if len(self._beside_known) < _MOST_REMEMBERED:
                self._beside_known[key] = known
        return known

    def _beside(
        self, issue: Issue, world: World, effects: tuple[Effect, ...] | None, missing: str, *, is_recorded: bool
    ) -> Judged:
        """Legacy beside what the engine writes; ``None`` where it could not decide, as that fact is missing."""
        before = dict(map(self._named, issue.labels))
        milestone, state = issue.milestone.title if issue.milestone else "", issue.state
        control = _Side(dict(before), milestone, state)
        decided: dict[str, IssueComponent] = {}
        unclear: dict[str, tuple[IssueComponent, Says, str]] = {}
        said_by: dict[str, Says] = {}
        ways: dict[str, str] = {}
        needless: list[tuple[str, int]] = []
        for component in self.legacy.issues:
            said = component.decide(issue, world)
            ways[component.id] = said.branch
            if said.needless:
                needless.append((component.id, said.needless))
            for write in said.writes:
                field = write.field if write.field != "label" else self._named(write.name)[0]
                control.take(write, self._named)
                decided[field] = component
                said_by[field] = said
            for name, why in said.unknown:
                unclear[name if name == "state" else self._named(name)[0]] = (component, said, why)
        if effects is None:
            why = f"the record does not tell {missing}"
            return Judged((Found("everything", "", "", "cannot be decided", "unknown", why, ""),), 0, tuple(needless))
        candidate, rules = _Side(before if not effects else dict(before), milestone, state), dict[str, str]()
        for effect in effects:
            candidate.apply(effect, rules)
        # Whatever no side touches is as it was on all of them, and no difference.
        touched = decided.keys() | rules.keys() | unclear.keys()
        found, same = [], 0
        there = (control.by_label, candidate.by_label, before, _FIELDS, unclear)
        for field in sorted(touched):
            if not any(field in names for names in there):
                continue  # a label that nobody carries, taken off
            sides = control.value(field), candidate.value(field)
            seen = (_value(before, milestone, state, field)) if is_recorded else ""
            said_here = said_by.get(field)
            # What became due since legacy's last run, no record can show yet.
            shows = is_recorded and not (said_here is not None and said_here.is_new)
            if field not in unclear and sides[0] == sides[1] and (not shows or seen == sides[0]):
                same += 1
                continue
            component_of = decided.get(field)
            rule = rules.get(field, "")
            verdict: Verdict
            if field in unclear:
                component_of, _, because = unclear[field]
                verdict, because = "unknown", f"{component_of.id}: {because}"
                sides = ("not known", sides[1])
            else:
                verdict, because = self._verdict(
                    field,
                    issue,
                    sides,
                    seen,
                    component_of,
                    rule,
                    recorded=shows,
                    escalates=self.escalated in candidate.by_label,
                    ways=ways,
                )
            name = control.by_label.get(field) or candidate.by_label.get(field) or before.get(field) or field
            shown = field if field in {"milestone", "state"} else f"label {name}"
            found.append(
                Found(shown, sides[0], seen, sides[1], verdict, because, rule, component_of.id if component_of else "")
            )
        return Judged(tuple(found), same, tuple(needless))

    def _verdict(
        self,
        field: str,
        issue: Issue,
        sides: tuple[str, str],
        seen: str,
        component: IssueComponent | None,
        rule: str,
        *,
        recorded: bool,
        escalates: bool,
        ways: Mapping[str, str],
    ) -> tuple[Verdict, str]:
        control, candidate = sides
        if component is not None and recorded and seen != control:
            why = self.broken.get(component.path) or "the record shows that it was not done"
            return "legacy did nothing", f"{component.id} declares it: {why}"
        if component is not None and not recorded and component.path in self.broken:
            return "legacy did nothing", f"{component.id} declares it: {self.broken[component.path]}"
        if field in self.members:
            return "intended improvement", NO_MEMBERSHIP
        if self._stale_actions and (component is None or isinstance(component, StaleAction)):
            told = self._beside_action(field, issue, sides, component, ways)
            if told is not None:
                return told
        if issue.is_pull_request and not rule:
            return "intended improvement", PULL_REQUEST
        if issue.state == "closed" and not rule:
            return "intended improvement", CLOSED
        if self._is_self_test(issue):
            return "intended improvement", NO_SELF_TEST
        if component is None:
            if field == self.stale and candidate == "off" and escalates:
                return "intended improvement", IN_PLACE
            return "intended improvement", self._undecided(field, issue, rule)
        if field == self.stale and not isinstance(component, Supervisor):
            return "intended improvement", NOT_FLAGGED
        if field in {self.stale, self.escalated} and (
            not rule or (candidate == "on" and isinstance(component, Supervisor))
        ):
            return (
                "unknown",
                f"{component.id} puts it {control}; the engine leaves it {candidate}: are the thresholds the same?",
            )
        if field == "milestone":
            count = self._count_tracks(issue)
            if count > 1:
                return "intended improvement", ONE_TRACK
            if count == 1 and issue.milestone is not None and candidate == issue.milestone.title:
                return "intended improvement", A_PERSONS_MILESTONE
            if not count:
                why = f"{component.id} sets {control or 'none'}, and no rule does: is a track missing from the configuration?"
                return "regression", why
        return "regression", f"{component.id} leaves {control or 'none'}, the engine leaves {candidate or 'none'}"

    def _is_self_test(self, issue: Issue) -> bool:
        return any(test.made(issue, self._members) for test in self.legacy.self_tests)

    def _beside_action(
        self,
        field: str,
        issue: Issue,
        sides: tuple[str, str],
        component: StaleAction | None,
        ways: Mapping[str, str],
    ) -> tuple[Verdict, str] | None:
        """The verdict where actions/stale decided, or left alone what the engine marks or closes; ``None``: it is not about that."""
        control, candidate = sides
        way = ways.get(STALE_ACTION, "")
        if way == "locked" and field in {self.stale, "state"}:
            return "intended improvement", LOCKED
        if component is not None and issue.is_pull_request and not self.config.pull_requests:
            return "regression", f"{component.id} leaves {control}: {NO_PULLS}"
        if field == self.stale:
            if candidate == "on":
                if way in {"fresh", "unmarked"}:
                    return "intended improvement", REAL_ACTIVITY
                return "regression", f"{STALE_ACTION} leaves it alone ({way}), and the engine marks it"
            if component is not None:
                return "regression", f"{STALE_ACTION} marks it ({way}), and the engine does not"
            side = next(one for one in self.legacy.issues if isinstance(one, StaleAction)).side(issue)
            if way.startswith("exempt") or not side.unmarks:
                return "intended improvement", FLAG_OFF
            return "regression", f"{STALE_ACTION} leaves the mark on ({way}), and the engine takes it off"
        if field == "state":
            if candidate == "closed" and way in {"fresh", "unmarked"}:
                return "intended improvement", REAL_ACTIVITY
            doing = ("closes it", "leaves it open") if control == "closed" else ("leaves it open", "closes it")
            return "regression", f"{STALE_ACTION} {doing[0]} ({way}), and the engine {doing[1]}"
        if component is not None:
            return "regression", f"{STALE_ACTION} turns it {control} ({way}), and no rule does"
        return None

    def _undecided(self, field: str, issue: Issue, rule: str) -> str:
        if field in {self.stale, self.escalated}:
            return FLAG_OFF if any(self._named(name)[0] == field for name in issue.labels) else EVERY_ISSUE
        if field in self.tracks:
            return A_TRACK if rule.startswith("track") else ONE_TRACK
        if field == "milestone":
            return MILESTONE_OF_TRACK
        return SAID_BY_RULE

    def _count_tracks(self, issue: Issue) -> int:
        return len({self._named(name)[0] for name in issue.labels} & self.tracks)

    def _renamed(self, issue: Issue) -> Issue:
        """The issue as `apply` leaves it: its labels under their new names, its own history too.

        Where the record tells no history, the last update is taken for the last activity, and the labels for put on then.
        """
        before = dict(map(self._named, issue.labels))
        timeline = issue.timeline
        if timeline is None:
            at = issue.updated_at or issue.created_at
            timeline = (
                ()
                if at is None
                else (
                    TimelineEvent("updated", at),
                    *(TimelineEvent("labeled", at, label=name) for name in before.values()),
                )
            )
        elif any(event.label and self._named(event.label)[1] != event.label for event in timeline):
            timeline = tuple(
                replace(event, label=self._named(event.label)[1]) if event.label else event for event in timeline
            )
        labels = tuple(before.values())
        if labels == issue.labels and timeline is issue.timeline and issue.parent_read:
            return issue
        return replace(issue, labels=labels, timeline=timeline, parent_read=True)


class _Side:
    """An issue's fields as one side leaves them; labels by their folded new names."""

    __slots__ = ("by_label", "milestone", "state")

    def __init__(self, by_label: dict[str, str], milestone: str, state: str) -> None:
        self.by_label = by_label
        self.milestone = milestone
        self.state = state

    def take(self, write: Write, named: Callable[[str], tuple[str, str]]) -> None:
        """What a component of legacy writes."""
        if write.field == "label":
            folded, name = named(write.name)
            if write.value == "on":
                self.by_label.setdefault(folded, name)
            else:
                self.by_label.pop(folded, None)
        elif write.field == "milestone":
            self.milestone = write.value
        elif write.field == "state":
            self.state = write.value

    def apply(self, effect: Effect, rules: dict[str, str]) -> None:
        """What the engine writes, and by which rule."""
        if isinstance(effect, AddLabels):
            for name, rule in zip(effect.names, effect.rules, strict=True):
                self.by_label.setdefault(fold(name), name)
                rules[fold(name)] = rule
        elif isinstance(effect, RemoveLabels):
            for name, rule in zip(effect.names, effect.rules, strict=True):
                self.by_label.pop(fold(name), None)
                rules[fold(name)] = rule
        elif isinstance(effect, SetMilestone):
            self.milestone = effect.title
            rules["milestone"] = effect.rule
        elif isinstance(effect, CloseIssue):
            self.state = "closed"
            rules["state"] = effect.rule

    def value(self, field: str) -> str:
        """A field in words."""
        return _value(self.by_label, self.milestone, self.state, field)


def _value(by_label: Mapping[str, str], milestone: str, state: str, field: str) -> str:
    if field == "milestone":
        return milestone
    if field == "state":
        return state
    return "on" if field in by_label else "off"


def _key(issue: Issue, world: World, repo: int, recorded: bool, words: object) -> tuple[object, ...]:  # noqa: FBT001 – private, named by its caller
    """Equal for states that, their histories left out, nothing here tells apart; so only whole days count."""
    ages = ((world.now - (issue.updated_at or world.now)).days, (world.now - (issue.created_at or world.now)).days)
    milestone = issue.milestone.title if issue.milestone else ""
    flags = (issue.state, issue.is_pull_request, issue.locked, recorded)
    return (
        issue.labels,
        milestone,
        flags,
        words,
        ages,
        id(world.titles),
        id(world.numbers),
        repo,
    )
