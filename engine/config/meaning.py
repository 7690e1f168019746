"""The last stage: what depends on two places at once, such as names that must be declared and days in their order.

Names that a rule sets or is keyed by must be declared (an error otherwise: a typo would create a label or milestone by
accident). Names that a rule only recognises on an issue (members of a group, exempt labels) are warned of. A track
declares its label and its milestone itself, `stale` its two labels; `match` names people's own labels.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from engine.config import limits
from engine.config.build import DEFAULT_PREFIX
from engine.config.findings import Findings
from engine.config.nearest import did_you_mean, nearest
from engine.config.patterns import compile_pattern, placeholders
from engine.config.structure import Checked, Leaf
from engine.model import fold

_COMMENT_PLACEHOLDERS = ("days", "track", "label")
_PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")


def examine(root: Checked, out: Findings) -> None:
    """Report what is wrong between the parts of a configuration; ``root`` may lack what an earlier stage refused."""
    _Meaning(root, out).examine()


class _Names:
    """Declared names of one kind and whether all of them could be read."""

    def __init__(self, *, complete: bool) -> None:
        self.complete = complete
        self.spelled: dict[str, str] = {}


class _Meaning:
    def __init__(self, root: Checked, out: Findings) -> None:
        self.root = root
        self.out = out
        self.tracks = root.records("tracks")
        stale = root.record("stale")
        # Where a declaring section is broken, a missing name says nothing.
        broken = out.broken_sections()
        self.labels = _Names(complete=not broken & {"labels", "tracks", "stale"})
        for name in (
            *(entry.text("name") for entry in root.records("labels")),
            *(track.text("label") for track in self.tracks),
            *(
                (stale.text("stale_label", "state/stale"), stale.text("escalated_label", "state/escalated"))
                if stale
                else ()
            ),
        ):
            if name:
                self.labels.spelled.setdefault(fold(name), name)
        self.milestones = _Names(complete=not broken & {"milestones", "tracks"})
        for title in (
            *(entry.text("title") for entry in root.records("milestones")),
            *(track.text("milestone") for track in self.tracks),
        ):
            if title:
                self.milestones.spelled.setdefault(title, title)

    def examine(self) -> None:
        self._version()
        self._tracks()
        self._labels()
        self._milestones()
        self._aliases()
        self._patterns()
        enforcement = self.root.record("enforcement")
        if enforcement:
            self._groups(enforcement)
            self._mappings(enforcement)
            self._required(enforcement)
        stale = self.root.record("stale")
        if stale:
            self._stale(stale)
        inheritance = self.root.record("inheritance")
        if inheritance:
            self._no_repeats(inheritance.leaves("copy"))

    # --- what is declared -----------------------------------------------------------------------

    def _version(self) -> None:
        version = self.root.text("schema_version")
        if version and version != "1.0":
            self.out.warning(
                "config-newer-schema",
                self.root.place("schema_version"),
                f"schema_version is {version}; this program knows 1.0",
                "what a later 1.x added is reported as unknown",
                "upgrade tassist, or write 1.0",
            )

    def _tracks(self) -> None:
        ids: dict[str, Leaf] = {}
        labels: dict[str, Leaf] = {}
        default: Checked | None = None
        for track in self.tracks:
            self._unique(track, "id", ids, "track", folded=True)
            self._unique(track, "label", labels, "track", folded=True)
            if track.flag("default", default=False):
                if default:
                    self.out.problem(
                        "config-two-defaults",
                        track.place("default"),
                        f"a second track is the default; the first is on line {default.place('default').line}",
                        "an issue whose track cannot be inferred needs one answer",
                        "remove default from one of them",
                    )
                default = default or track
            pattern = track.text("milestone_pattern")
            if pattern:
                self._milestone_pattern(track, pattern)
            milestone = track.text("milestone")
            declared = [entry.text("title") for entry in self.root.records("milestones")]
            near = nearest(milestone, declared) if milestone and milestone not in declared else None
            if near and self.milestones.complete and fold(near) == fold(milestone):
                self.out.warning(
                    "config-nearly-the-same",
                    track.place("milestone"),
                    f"the milestone {milestone!r} is not listed in milestones, but {near!r} is",
                    "GitHub compares titles exactly, so these are two milestones",
                    f"write {near}, if that one is meant",
                )

    def _labels(self) -> None:
        entries = self.root.records("labels")
        names: dict[str, Leaf] = {}
        for entry in entries:
            self._unique(entry, "name", names, "label", folded=True)
            color = entry.text("color")
            if color.startswith("#"):
                self.out.warning(
                    "config-color-with-hash",
                    entry.place("color"),
                    f"the colour is written {color}",
                    "GitHub takes it without #",
                    f'write "{color[1:]}"',
                )
        for track in self.tracks:
            label = track.text("label")
            listed = names.get(fold(label)) if label else None
            if listed and listed.value != label:
                self.out.warning(
                    "config-two-spellings",
                    track.place("label"),
                    f"the label is spelled {label!r} here and {listed.value!r} on line {listed.where.line}",
                    "GitHub takes both for one label",
                    f"write {listed.value} in both places",
                )
        if len(entries) > limits.MAX_LABELS_ON_AN_ISSUE:
            self.out.warning(
                "config-many-labels",
                self.root.place("labels"),
                f"{len(entries)} labels are declared",
                f"GitHub lets an issue have at most {limits.MAX_LABELS_ON_AN_ISSUE}",
                "an issue that has all its labels already is left alone",
            )

    def _milestones(self) -> None:
        titles: dict[str, Leaf] = {}
        folded: dict[str, str] = {}
        for entry in self.root.records("milestones"):
            self._unique(entry, "title", titles, "milestone", folded=False)
            title = entry.text("title")
            other = folded.setdefault(fold(title), title)
            if other != title:
                self.out.warning(
                    "config-nearly-the-same",
                    entry.place("title"),
                    f"the milestones {title!r} and {other!r} differ only in case",
                    "GitHub compares titles exactly, so these are two milestones",
                    "remove one, if one is meant",
                )

    def _unique(self, entry: Checked, key: str, seen: dict[str, Leaf], noun: str, *, folded: bool) -> None:
        leaf = entry.values.get(key)
        if not isinstance(leaf, Leaf):
            return
        text = str(leaf.value)
        first = seen.setdefault(fold(text) if folded else text, leaf)
        if first is not leaf and self.out.wants_problem:
            same = "" if first.value == leaf.value else f", spelled {first.value!r}; case makes no difference"
            self.out.problem(
                f"config-duplicate-{noun}",
                leaf.where,
                f"the {noun} {key} {text!r} is used again, first on line {first.where.line}{same}",
                fix=f"remove one of the two, or give it another {key}",
            )

    def _aliases(self) -> None:
        """A former name belongs to one entry, and is nobody's name today."""
        taken: dict[str, Leaf] = {}
        owners = [
            *((track, "label") for track in self.tracks),
            *((label, "name") for label in self.root.records("labels")),
        ]
        for owner, key in owners:
            own = fold(owner.text(key))
            for alias in owner.leaves("aliases"):
                self._alias(alias, fold(str(alias.value)), own, taken, self.labels.spelled, "label")
        titles: dict[str, Leaf] = {}
        for owner in self.root.records("milestones"):
            for alias in owner.leaves("aliases"):
                self._alias(alias, str(alias.value), owner.text("title"), titles, self.milestones.spelled, "milestone")

    def _alias(
        self, alias: Leaf, name: str, own: str, taken: dict[str, Leaf], declared: dict[str, str], noun: str
    ) -> None:
        first = taken.setdefault(name, alias)
        if name == own:
            self.out.warning(
                "config-alias-is-name",
                alias.where,
                f"{alias.value!r} is the {noun}'s own name",
                "it is no former name",
                "remove it from aliases",
            )
        elif name in declared:
            self.out.problem(
                "config-alias-in-use",
                alias.where,
                f"{alias.value!r} is a former name here and the name of a {noun} elsewhere",
                "renaming it would take that one away",
                "remove one of the two",
            )
        elif first is not alias:
            self.out.problem(
                "config-alias-in-use",
                alias.where,
                f"{alias.value!r} is a former name here and on line {first.where.line}",
                f"one {noun} cannot become two",
                "remove one of the two",
            )

    # --- patterns -------------------------------------------------------------------------------

    def _milestone_pattern(self, track: Checked, pattern: str) -> None:
        names = placeholders(pattern)
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            self.out.problem(
                "config-wrong-placeholder",
                track.place("milestone_pattern"),
                f"{{{repeated[0]}}} stands in the pattern more than once",
                "each number needs its own name",
                f"rename one, such as {{{repeated[0]}2}}",
            )
        if "}{" in pattern:
            self.out.problem(
                "config-wrong-placeholder",
                track.place("milestone_pattern"),
                "two numbers stand side by side",
                "nothing says where one ends and the next begins",
                "put something between them, such as a dot",
            )

    def _patterns(self) -> None:
        """Compile every pattern; together they are bounded, as each of them costs time for every issue."""
        count = size = 0
        for track in self.tracks:
            match = track.record("match")
            for leaf in (*match.leaves("title"), *match.leaves("body")) if match else ():
                count += 1
                if count > limits.MAX_PATTERNS or size > limits.MAX_PATTERN_SIZE:
                    self.out.problem(
                        "config-too-many-patterns",
                        leaf.where,
                        "the patterns up to here are as many, or as large, as one configuration may have",
                        f"at most {limits.MAX_PATTERNS} patterns, {limits.MAX_PATTERN_SIZE} RE2 instructions in all",
                        "put alternatives into one pattern: (?i)^(feat|feature)",
                    )
                    return
                try:
                    size += compile_pattern(str(leaf.value)).programsize
                except ValueError as error:
                    size += limits.MAX_PATTERN_SIZE // 20
                    self.out.problem(
                        "config-wrong-pattern",
                        leaf.where,
                        f"the pattern {str(leaf.value)[:60]!r} cannot be used: {error}",
                        "patterns are RE2, which answers in linear time",
                        "see https://github.com/google/re2/wiki/Syntax",
                    )

    # --- rules ----------------------------------------------------------------------------------

    def _groups(self, enforcement: Checked) -> None:
        for name, group in enforcement.pairs("exclusivity"):
            if not isinstance(group, Checked):
                continue
            known = {str(leaf.value): leaf for leaf in group.leaves("order")}
            for key in ("labels", "order", "terminal"):
                leaves = group.leaves(key)
                self._no_repeats(leaves, error=key == "order")
                for leaf in leaves:
                    self._recognised_label(leaf)
                    if key != "labels" and not self._belongs(str(leaf.value), str(name.value), group):
                        self.out.problem(
                            "config-not-in-group",
                            leaf.where,
                            f"{leaf.value!r} is no label of the group {name.value}",
                            self._membership(str(name.value), group),
                            "remove it, or give the group a prefix or labels that contain it",
                        )
            if known and group.text("strategy") in {"newest", "first"}:
                self.out.warning(
                    "config-unused-key",
                    group.place("order"),
                    f"order says nothing to the strategy {group.text('strategy')}",
                    fix="remove it, or choose highest or lowest",
                )

    def _belongs(self, label: str, name: str, group: Checked) -> bool:
        folded = fold(label)
        members = group.texts("labels")
        if members or "labels" in group.broken:
            return "labels" in group.broken or folded in map(fold, members)
        if "prefix" in group.broken:
            return True
        prefix = group.text_or_none("prefix")
        if prefix is None and name == "track":
            return not self.labels.complete or folded in {fold(track.text("label")) for track in self.tracks}
        return folded.startswith(fold(prefix or DEFAULT_PREFIX.get(name, f"{name}/")))

    @staticmethod
    def _membership(name: str, group: Checked) -> str:
        if group.texts("labels"):
            return "its labels are those in its list"
        prefix = group.text_or_none("prefix")
        if prefix is None and name == "track":
            return "its labels are those of the tracks"
        return f"its labels begin with {prefix or DEFAULT_PREFIX.get(name, name + '/')}"

    def _mappings(self, enforcement: Checked) -> None:
        track_labels = {fold(track.text("label")): track.text("label") for track in self.tracks}
        ids = {track.text("id"): track.text("label") for track in self.tracks}
        for section in ("phase_milestones", "track_milestones"):
            seen: dict[str, Leaf] = {}
            for label, milestone in enforcement.pairs(section):
                name = fold(str(label.value))
                first = seen.setdefault(name, label)
                if first is not label:
                    self.out.problem(
                        "config-duplicate-label",
                        label.where,
                        f"{label.value!r} stands here again, spelled {first.value!r} on line {first.where.line}",
                        "GitHub takes both for one label",
                        "remove one of the two",
                    )
                if section == "phase_milestones":
                    self._declared_label(label)
                elif self.labels.complete and name not in track_labels:
                    by_id = ids.get(str(label.value))
                    self.out.problem(
                        "config-unknown-track",
                        label.where,
                        f"{label.value!r} is no track's label",
                        f"tracks' labels are {', '.join(list(track_labels.values())[:10]) or 'not declared at all'}",
                        f"write {by_id}" if by_id else did_you_mean(str(label.value), track_labels.values()),
                    )
                if isinstance(milestone, Leaf):
                    self._declared_milestone(milestone)

    def _required(self, enforcement: Checked) -> None:
        groups = {
            str(name.value): group for name, group in enforcement.pairs("exclusivity") if isinstance(group, Checked)
        }
        known = dict.fromkeys(("track", *DEFAULT_PREFIX, *groups))
        for entry in enforcement.records("required_labels"):
            group, default = entry.text("group"), entry.values.get("default")
            if group and group not in known:
                self.out.problem(
                    "config-unknown-group",
                    entry.place("group"),
                    f"there is no group {group!r}",
                    f"groups are {', '.join(known)}",
                    did_you_mean(group, known),
                )
                continue
            any_of = entry.leaves("any_of")
            self._no_repeats(any_of)
            for leaf in any_of:
                self._declared_label(leaf)
            enforced = entry.text("mode", "warn") == "enforce"
            if enforced and default is None and "default" not in entry.broken:
                self.out.problem(
                    "config-no-default",
                    entry.place("mode"),
                    "mode is enforce, but there is no default to add",
                    "a missing label can only be added where it is known which",
                    "add default: LABEL, or write mode: warn",
                )
            if isinstance(default, Leaf):
                self._default(entry, default, group, groups, any_of, enforced=enforced)

    def _default(
        self,
        entry: Checked,
        default: Leaf,
        group: str,
        groups: dict[str, Checked],
        any_of: tuple[Leaf, ...],
        *,
        enforced: bool,
    ) -> None:
        self._declared_label(default)
        name = fold(str(default.value))
        if group:
            fits = self._belongs(str(default.value), group, groups.get(group, Checked(entry.where)))
        else:
            fits = "any_of" in entry.broken or name in {fold(str(leaf.value)) for leaf in any_of}
        if not fits:
            self.out.problem(
                "config-wrong-default",
                default.where,
                f"the default {default.value!r} would not satisfy the rule it belongs to",
                f"it is no label of the group {group}" if group else "it is not in any_of",
                "choose one that is",
            )
        if not enforced:
            self.out.warning(
                "config-unused-key",
                default.where,
                f"default says nothing to mode: {entry.text('mode', 'warn')}",
                fix="remove it, or write mode: enforce",
            )

    def _stale(self, stale: Checked) -> None:
        flag, escalated = stale.text("stale_label", "state/stale"), stale.text("escalated_label", "state/escalated")
        if fold(flag) == fold(escalated):
            self.out.problem(
                "config-same-label",
                stale.place("escalated_label"),
                f"stale_label and escalated_label are both {flag!r}",
                "one takes the other's place",
                "name two labels",
            )
        for leaf in stale.leaves("exempt_labels"):
            self._recognised_label(leaf)
            if fold(str(leaf.value)) in {fold(flag), fold(escalated)}:
                self.out.problem(
                    "config-same-label",
                    leaf.where,
                    f"{leaf.value!r} both marks and exempts",
                    "an issue with this label would be exempt from becoming stale",
                    "remove it from exempt_labels",
                )
        self._no_repeats(stale.leaves("exempt_labels"))
        self._no_repeats(stale.leaves("exempt_milestones"))
        for leaf in stale.leaves("exempt_milestones"):
            self._recognised_milestone(leaf)
        self._in_order(stale, stale)
        any_days = any(stale.number(key) for key in _DAYS)
        ids = {track.text("id") for track in self.tracks}
        for track, thresholds in stale.pairs("tracks"):
            if track.value not in ids and not self.out.broken_sections() & {"tracks"}:
                self.out.problem(
                    "config-unknown-track",
                    track.where,
                    f"there is no track with the id {track.value!r}",
                    f"ids are {', '.join(sorted(ids)[:10]) or 'not declared at all'}",
                    did_you_mean(str(track.value), sorted(ids)),
                )
            if isinstance(thresholds, Checked):
                self._in_order(thresholds, stale)
                any_days = any_days or any(thresholds.number(key) for key in _DAYS)
        if stale.flag("enabled", default=True) and not any_days and not stale.broken & {*_DAYS, "tracks"}:
            self.out.warning(
                "config-no-threshold",
                stale.where,
                "stale is on, but no days are given",
                "nothing ever becomes stale",
                "add days_until_stale: 14",
            )
        comment = stale.text("comment")
        for name in dict.fromkeys(_PLACEHOLDER.findall(comment)):
            if name not in _COMMENT_PLACEHOLDERS:
                self.out.warning(
                    "config-unknown-placeholder",
                    stale.place("comment"),
                    f"{{{name[:60]}}} is left in the comment as it is",
                    f"known are {', '.join(f'{{{known}}}' for known in _COMMENT_PLACEHOLDERS)}",
                    did_you_mean(name, _COMMENT_PLACEHOLDERS),
                )

    def _in_order(self, record: Checked, base: Checked) -> None:
        """Stale, then escalated, then closed; a track's own days stand in for the general ones."""
        last: tuple[str, int] | None = None
        for key in _DAYS:
            days = record.number(key) or base.number(key)
            if days is None:
                continue
            if last and days <= last[1]:
                at = record if {key, last[0]} & record.values.keys() else base
                self.out.problem(
                    "config-days-out-of-order",
                    at.place(key if key in at.values else last[0]),
                    f"{key} is {days}, and {last[0]} is {last[1]}",
                    "each step comes after the one before it",
                    f"give {key} more days than {last[0]}",
                )
            last = (key, days)

    # --- names ----------------------------------------------------------------------------------

    def _declared_label(self, leaf: Leaf) -> None:
        if not self.labels.complete or fold(str(leaf.value)) in self.labels.spelled:
            return
        if self.out.wants_problem:
            self.out.problem(
                "config-unknown-label",
                leaf.where,
                f"the label {leaf.value!r} is declared nowhere",
                "a mistyped name would create a label nobody wants",
                did_you_mean(str(leaf.value), self.labels.spelled.values())
                or f"add it to labels: - name: {leaf.value}",
            )

    def _recognised_label(self, leaf: Leaf) -> None:
        if not self.labels.complete or fold(str(leaf.value)) in self.labels.spelled:
            return
        if self.out.wants_warning:
            self.out.warning(
                "config-undeclared-label",
                leaf.where,
                f"the label {leaf.value!r} is declared nowhere",
                "it is recognised where somebody made it, and never created",
                did_you_mean(str(leaf.value), self.labels.spelled.values())
                or f"add it to labels: - name: {leaf.value}",
            )

    def _declared_milestone(self, leaf: Leaf) -> None:
        if not self.milestones.complete or leaf.value in self.milestones.spelled:
            return
        if self.out.wants_problem:
            near = nearest(str(leaf.value), self.milestones.spelled)
            case = near is not None and fold(near) == fold(str(leaf.value))
            self.out.problem(
                "config-unknown-milestone",
                leaf.where,
                f"the milestone {leaf.value!r} is declared nowhere",
                "GitHub compares titles exactly, with their case"
                if case
                else "a mistyped title would create a milestone",
                f"did you mean {near}?" if near else f'add it to milestones: - title: "{leaf.value}"',
            )

    def _recognised_milestone(self, leaf: Leaf) -> None:
        if not self.milestones.complete or leaf.value in self.milestones.spelled:
            return
        if self.out.wants_warning:
            self.out.warning(
                "config-undeclared-milestone",
                leaf.where,
                f"the milestone {leaf.value!r} is declared nowhere",
                "it is recognised where somebody made it, and never created",
                did_you_mean(str(leaf.value), self.milestones.spelled)
                or f'add it to milestones: - title: "{leaf.value}"',
            )

    def _no_repeats(self, leaves: Iterable[Leaf], *, error: bool = False) -> None:
        seen: dict[str, Leaf] = {}
        for leaf in leaves:
            first = seen.setdefault(fold(str(leaf.value)), leaf)
            if first is leaf:
                continue
            what = f"{leaf.value!r} is in the list twice"
            if error:
                self.out.problem(
                    "config-repeated", leaf.where, what, "an order has each label once", "remove one of the two"
                )
            else:
                self.out.warning("config-repeated", leaf.where, what, "once is enough", "remove one of the two")


_DAYS = ("days_until_stale", "days_until_escalated", "days_until_close")
