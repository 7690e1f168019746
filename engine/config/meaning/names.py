"""What a configuration declares, and whether a name is among it; labels are compared without regard to case."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from engine.config.build import DEFAULT_PREFIX
from engine.config.checked import Checked, Leaf
from engine.config.findings import Findings
from engine.model import fold

_CLOSE = 0.75


class Names:
    """Declared names of one kind and whether all of them could be read."""

    def __init__(self, names: Iterable[str], same: Callable[[str], str], *, complete: bool) -> None:
        self.complete = complete
        self.spelled: dict[str, str] = {}
        """As names are compared → as they are written; the first spelling counts."""
        for name in names:
            if name:
                self.spelled.setdefault(same(name), name)


class Scope:
    """The whole configuration, as far as it could be read, and what it declares."""

    def __init__(self, root: Checked, out: Findings) -> None:
        self.root = root
        self.out = out
        self.tracks = root.records("tracks")
        stale = root.record("stale")
        labels = [
            *(entry.text("name") for entry in root.records("labels")),
            *(track.text("label") for track in self.tracks),
            *(stale_labels(stale) if stale else ()),
        ]
        titles = [
            *(entry.text("title") for entry in root.records("milestones")),
            *(track.text("milestone") for track in self.tracks),
        ]
        # Where a declaring section is broken, a missing name says nothing.
        self.labels = Names(labels, fold, complete=not out.broken("labels", "tracks", "stale"))
        self.milestones = Names(titles, str, complete=not out.broken("milestones", "tracks"))


def stale_labels(stale: Checked) -> tuple[str, str]:
    """What marks a stale issue and an escalated one."""
    return stale.text("stale_label", "state/stale"), stale.text("escalated_label", "state/escalated")


def declared_label(scope: Scope, leaf: Leaf) -> None:
    """A name a rule sets or is keyed by: an error where nothing declares it."""
    if not scope.labels.complete or fold(str(leaf.value)) in scope.labels.spelled:
        return
    if scope.out.wants_problem:
        scope.out.problem(
            "config-unknown-label",
            leaf.where,
            f"the label {leaf.value!r} is declared nowhere",
            "a mistyped name would create a label nobody wants",
            scope.out.did_you_mean(str(leaf.value), scope.labels.spelled.values(), cutoff=_CLOSE)
            or f"add it to labels: - name: {leaf.value}",
        )


def recognised_label(scope: Scope, leaf: Leaf) -> None:
    """A name a rule only recognises: a warning where nothing declares it."""
    if not scope.labels.complete or fold(str(leaf.value)) in scope.labels.spelled:
        return
    if scope.out.wants_warning:
        scope.out.warning(
            "config-undeclared-label",
            leaf.where,
            f"the label {leaf.value!r} is declared nowhere",
            "it is recognised where somebody made it, and never created",
            scope.out.did_you_mean(str(leaf.value), scope.labels.spelled.values(), cutoff=_CLOSE)
            or f"add it to labels: - name: {leaf.value}",
        )


def declared_milestone(scope: Scope, leaf: Leaf) -> None:
    """The same as `declared_label` for a milestone, whose title is compared exactly."""
    if not scope.milestones.complete or leaf.value in scope.milestones.spelled:
        return
    if scope.out.wants_problem:
        near = scope.out.nearest(str(leaf.value), scope.milestones.spelled, _CLOSE)
        case = near is not None and fold(near) == fold(str(leaf.value))
        scope.out.problem(
            "config-unknown-milestone",
            leaf.where,
            f"the milestone {leaf.value!r} is declared nowhere",
            "GitHub compares titles exactly, with their case" if case else "a mistyped title would create a milestone",
            f"did you mean {near}?" if near else f'add it to milestones: - title: "{leaf.value}"',
        )


def recognised_milestone(scope: Scope, leaf: Leaf) -> None:
    """The same as `recognised_label` for a milestone."""
    if not scope.milestones.complete or leaf.value in scope.milestones.spelled:
        return
    if scope.out.wants_warning:
        scope.out.warning(
            "config-undeclared-milestone",
            leaf.where,
            f"the milestone {leaf.value!r} is declared nowhere",
            "it is recognised where somebody made it, and never created",
            scope.out.did_you_mean(str(leaf.value), scope.milestones.spelled, cutoff=_CLOSE)
            or f'add it to milestones: - title: "{leaf.value}"',
        )


def no_repeats(scope: Scope, leaves: Iterable[Leaf], *, error: bool = False) -> None:
    """A list names each once; twice is a warning, or an error where the order matters."""
    seen: dict[str, Leaf] = {}
    for leaf in leaves:
        first = seen.setdefault(fold(str(leaf.value)), leaf)
        if first is leaf:
            continue
        what = f"{leaf.value!r} is in the list twice"
        if error:
            scope.out.problem(
                "config-repeated", leaf.where, what, "an order has each label once", "remove one of the two"
            )
        else:
            scope.out.warning("config-repeated", leaf.where, what, "once is enough", "remove one of the two")


def belongs(scope: Scope, label: str, name: str, group: Checked | None) -> bool:
    """Whether the label is a member of the group; true where the group could not be read."""
    folded = fold(label)
    prefix = None
    if group:
        if group.broken & {"labels", "prefix"}:
            return True
        members = group.texts("labels")
        if members:
            return folded in map(fold, members)
        prefix = group.text_or_none("prefix")
    if prefix is None and name == "track":
        return not scope.labels.complete or folded in {fold(track.text("label")) for track in scope.tracks}
    return folded.startswith(fold(prefix or DEFAULT_PREFIX.get(name, f"{name}/")))


def membership(name: str, group: Checked) -> str:
    """In words, what the labels of the group are."""
    if group.texts("labels"):
        return "its labels are those in its list"
    prefix = group.text_or_none("prefix")
    if prefix is None and name == "track":
        return "its labels are those of the tracks"
    return f"its labels begin with {prefix or DEFAULT_PREFIX.get(name, name + '/')}"
