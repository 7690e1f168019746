"""A configuration arranged for deciding: every lookup a rule makes, prepared once for each configuration."""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterable
from dataclasses import dataclass

from engine.config.build import DEFAULT_PREFIX
from engine.config.patterns import compile_pattern, milestone_numbers
from engine.config.types import Config, Group, LabelSpec, Mapping, Match, MilestoneSpec, StaleThresholds, Track
from engine.model import Issue, fold
from engine.natural import NaturalKey, natural_key
from engine.plan import Decision
from engine.problems import Where

BUILTIN_GROUPS = ("track", "phase", "priority", "state")

Rank = tuple[int, int, NaturalKey]

_MOST_NAMES = 1_000


class Matcher:
    """One track's `match`, ready to search with."""

    __slots__ = ("_body", "_labels", "_title", "labels", "track")

    def __init__(self, track: Track, match: Match) -> None:
        self.track = track
        self.labels = match.labels
        self._labels = tuple((fold(name), name) for name in match.labels)
        self._title = tuple((compile_pattern(pattern), pattern) for pattern in match.title)
        self._body = tuple((compile_pattern(pattern), pattern) for pattern in match.body)

    def hit(self, labels: Container[str], issue: Issue) -> str | None:
        """What matches, in words: a label (by folded name), or a pattern anywhere in title or body."""
        for label, name in self._labels:
            if label in labels:
                return f"label {name}"
        for compiled, pattern in self._title:
            if compiled.search(encodable(issue.title)):
                return f"the title ({pattern})"
        for compiled, pattern in self._body:
            if compiled.search(encodable(issue.body)):
                return f"the body ({pattern})"
        return None


def encodable(text: str) -> str:
    """The text with a question mark for each half of a character, which JSON can carry and UTF-8 cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="replace").decode()
    return text


class _Remembered(dict[str, bool]):
    """What was found of a name, so that it is asked once: most looks see the same few names."""

    def __init__(self, find: Callable[[str], bool]) -> None:
        super().__init__()
        self._find = find

    def __missing__(self, name: str) -> bool:
        if len(self) >= _MOST_NAMES:
            self.clear()
        found = self[name] = self._find(name)
        return found


@dataclass(frozen=True, slots=True)
class Target:
    """What a label of the issue maps to: a title, or the newest open match of a pattern."""

    why: str
    where: Where
    title: str | None = None
    pattern: str | None = None


class GroupView:
    """One group: who belongs to it, and in which order its labels stand. Labels are folded names here."""

    __slots__ = (
        "_alone",
        "_flags",
        "_known",
        "_members",
        "_order",
        "_position",
        "_prefix",
        "mode",
        "none",
        "rule",
        "strategy",
        "terminal",
        "where",
    )

    def __init__(self, group: Group, config: Config, flags: frozenset[str]) -> None:
        self.rule = f"exclusivity.{group.name}"
        self.mode = group.mode
        self.strategy = group.strategy
        self.where = group.where
        self.terminal = frozenset(map(fold, group.terminal))
        self._alone: dict[str, Decision] = {}
        self.none = Decision(self.rule, "labels", "already", "No label of the group is on the issue.", group.where)
        listed = group.labels
        if not listed and group.prefix is None and group.name == "track":
            listed = tuple(track.label for track in config.tracks)
            self._prefix = None
        else:
            default = DEFAULT_PREFIX.get(group.name, f"{group.name}/")
            self._prefix = None if listed else fold(default if group.prefix is None else group.prefix)
        self._flags = flags
        self._members = frozenset(map(fold, listed)) - flags
        self._order = frozenset(map(fold, group.order))
        declared = [track.label for track in config.tracks] + [label.name for label in config.labels]
        self._position = _positions([*group.order, *listed, *declared])
        self._known = _Remembered(self._belongs)

    def members(self, labels: Iterable[str]) -> list[str]:
        """Those of the folded names that belong to the group; the flags of `stale` belong to none."""
        known = self._known
        return [label for label in labels if known[label]]

    def _belongs(self, label: str) -> bool:
        if self._prefix is None:
            return label in self._members
        return label.startswith(self._prefix) and label not in self._flags

    def alone(self, name: str) -> Decision:
        """The decision where this is the group's only label, as the issue spells it: that of nearly every look, so made once."""
        known = self._alone.get(name)
        if known is None:
            if len(self._alone) >= _MOST_NAMES:
                self._alone.clear()
            reason = f"One label of the group: {name}."
            known = self._alone[name] = Decision(self.rule, "labels", "already", reason, self.where, name, name)
        return known

    def rank(self, label: str) -> Rank:
        """The label's place from lowest to highest: as listed, then as declared, then by natural order."""
        position = self._position.get(label)
        return (1, 0, natural_key(label)) if position is None else (0, position, ())

    def is_ordered(self, label: str) -> bool:
        """Whether the label may win by order: with an explicit order, only a label that stands in it."""
        return not self._order or label in self._order


class View:
    """A configuration's lookups; labels by folded name, milestones by exact title."""

    __slots__ = (
        "_managed",
        "_managed_patterns",
        "alias_of",
        "aliases_by_label",
        "config",
        "declared",
        "default_track",
        "flags",
        "groups",
        "groups_by_name",
        "heals_tracks",
        "matched_labels",
        "matchers",
        "milestone_aliases",
        "milestones",
        "phase_targets",
        "program",
        "required",
        "thresholds_by_track",
        "track_by_alias",
        "track_by_label",
        "track_targets",
    )

    def __init__(self, config: Config) -> None:
        self.config = config
        self.declared: dict[str, LabelSpec] = {}
        for label in config.labels:
            self.declared.setdefault(fold(label.name), label)
        for track in config.tracks:
            spec = LabelSpec(track.label, track.where, track.description, None, track.aliases)
            self.declared.setdefault(fold(track.label), spec)
        if config.stale is not None:
            for flag in (config.stale.stale_label, config.stale.escalated_label):
                self.declared.setdefault(fold(flag), LabelSpec(flag, config.stale.where))
        self.alias_of = _aliases(config, self.declared)
        self.aliases_by_label: dict[str, tuple[str, ...]] = {}
        for alias, name in self.alias_of.items():
            self.aliases_by_label[fold(name)] = (*self.aliases_by_label.get(fold(name), ()), alias)
        self.track_by_label: dict[str, Track] = {}
        self.track_by_alias: dict[str, Track] = {}
        for track in config.tracks:
            self.track_by_label.setdefault(fold(track.label), track)
        for alias, name in self.alias_of.items():
            if fold(name) in self.track_by_label:
                self.track_by_alias[alias] = self.track_by_label[fold(name)]
        self.matchers = tuple(Matcher(track, track.match) for track in config.tracks if track.match)
        self.matched_labels = frozenset(fold(name) for matcher in self.matchers for name in matcher.labels)
        """The labels that tell a track."""
        healing = config.self_healing
        self.heals_tracks = healing is not None and healing.enabled and healing.fix_missing_track
        self.default_track = next((track for track in config.tracks if track.default), None)
        self.milestones: dict[str, MilestoneSpec] = {spec.title: spec for spec in reversed(config.milestones)}
        for track in config.tracks:
            if track.milestone is not None:
                self.milestones.setdefault(track.milestone, MilestoneSpec(track.milestone, track.where))
        self.milestone_aliases = {alias: spec.title for spec in reversed(config.milestones) for alias in spec.aliases}
        self.flags = self._flags()
        enforcement = config.enforcement
        groups = enforcement.exclusivity if enforcement else ()
        self.groups = tuple(GroupView(group, config, self.flags) for group in groups)
        self.groups_by_name = {view.rule.removeprefix("exclusivity."): view for view in self.groups}
        self.required = tuple(
            (self.group(entry.group) if entry.group is not None else None, frozenset(map(fold, entry.any_of)))
            for entry in (enforcement.required_labels if enforcement else ())
            if entry.mode == "enforce" and entry.default is not None
        )
        """What is added where it is missing: the group, or the labels one of which is enough."""
        phases = _by_label(enforcement.phase_milestones if enforcement else ())
        tracks = _by_label(enforcement.track_milestones if enforcement else ())
        self.phase_targets = {label: _mapped(mapping) for label, mapping in phases.items()}
        self.track_targets = _track_targets(self.track_by_label, tracks)
        self._managed, self._managed_patterns = _managed_milestones(config, [*phases.values(), *tracks.values()])
        self.thresholds_by_track = self._thresholds()
        self.program: object = None
        """What `engine.decide` made of it: the rules that run and those that nothing configures."""

    def group(self, name: str) -> GroupView:
        """The group of that name; one that is not configured has the membership its name gives it."""
        known = self.groups_by_name.get(name)
        return known or GroupView(Group(name, "off", "newest", Where()), self.config, self.flags)

    def lacks_required(self, labels: Collection[str]) -> bool:
        """Whether the next look would add a label that is demanded."""
        return any(
            not (group.members(labels) if group is not None else any_of.intersection(labels))
            for group, any_of in self.required
        )

    def manages_milestone(self, title: str) -> bool:
        """Whether a mapping names the milestone: only such a one is ever replaced by another."""
        if title in self._managed or self.milestone_aliases.get(title) in self._managed:
            return True
        return any(milestone_numbers(pattern, title) is not None for pattern in self._managed_patterns)

    def thresholds(self, track: Track | None) -> StaleThresholds:
        """The days for an issue of this track: the track's own, key by key, over the general ones."""
        general = self.config.stale.thresholds if self.config.stale else StaleThresholds()
        return self.thresholds_by_track.get(track.id, general) if track else general

    def _flags(self) -> frozenset[str]:
        stale = self.config.stale
        return frozenset({fold(stale.stale_label), fold(stale.escalated_label)}) if stale else frozenset()

    def _thresholds(self) -> dict[str, StaleThresholds]:
        stale = self.config.stale
        if stale is None:
            return {}
        return {name: _over(own, stale.thresholds) for name, own in stale.tracks}


def _managed_milestones(config: Config, mapped: list[Mapping]) -> tuple[frozenset[str], tuple[str, ...]]:
    titles = {mapping.milestone for mapping in mapped}
    titles.update(track.milestone for track in config.tracks if track.milestone is not None)
    patterns = [track.milestone_pattern for track in config.tracks if track.milestone_pattern is not None]
    return frozenset(titles), tuple(dict.fromkeys(patterns))


def _mapped(mapping: Mapping) -> Target:
    return Target(f'{mapping.label} maps to "{mapping.milestone}"', mapping.where, mapping.milestone)


def _track_targets(tracks: dict[str, Track], mapped: dict[str, Mapping]) -> dict[str, Target]:
    """By a track's folded label: what the mapping says, else the track itself."""
    found: dict[str, Target] = {}
    for label, track in tracks.items():
        if label in mapped:
            found[label] = _mapped(mapped[label])
        elif track.milestone is not None:
            why = f'{track.label} has the milestone "{track.milestone}"'
            found[label] = Target(why, track.where, track.milestone)
        elif track.milestone_pattern is not None:
            why = f'{track.label} follows the milestones like "{track.milestone_pattern}"'
            found[label] = Target(why, track.where, pattern=track.milestone_pattern)
    return found


def _over(own: StaleThresholds, general: StaleThresholds) -> StaleThresholds:
    def pick(value: int | None, otherwise: int | None) -> int | None:
        return otherwise if value is None else value

    return StaleThresholds(
        days_until_stale=pick(own.days_until_stale, general.days_until_stale),
        days_until_escalated=pick(own.days_until_escalated, general.days_until_escalated),
        days_until_close=pick(own.days_until_close, general.days_until_close),
        where=own.where or general.where,
    )


def _positions(labels: Iterable[str]) -> dict[str, int]:
    positions: dict[str, int] = {}
    for label in labels:
        positions.setdefault(fold(label), len(positions))
    return positions


def _by_label(mappings: Iterable[Mapping]) -> dict[str, Mapping]:
    by_label: dict[str, Mapping] = {}
    for mapping in mappings:
        by_label.setdefault(fold(mapping.label), mapping)
    return by_label


def _aliases(config: Config, declared: dict[str, LabelSpec]) -> dict[str, str]:
    """Former name (folded) → declared name; a former name that is declared again is no alias."""
    aliases: dict[str, str] = {}
    carriers = [(track.label, track.aliases) for track in config.tracks]
    carriers += [(label.name, label.aliases) for label in config.labels]
    for name, former in carriers:
        for alias in map(fold, former):
            if alias not in declared:
                aliases.setdefault(alias, name)
    return aliases


_VIEWS: dict[int, tuple[Config, View]] = {}
_MOST_VIEWS = 256


def view(config: Config) -> View:
    """The configuration's view, prepared once.

    A pure cache by identity: hashing a whole configuration for every decision would cost more than deciding.
    """
    known = _VIEWS.get(id(config))
    if known is not None and known[0] is config:
        return known[1]
    made = View(config)
    if len(_VIEWS) >= _MOST_VIEWS:
        _VIEWS.clear()
    _VIEWS[id(config)] = (config, made)
    return made
