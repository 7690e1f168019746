"""`diff`: control against candidate over recorded states, timelines and generated cases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from engine.config.types import Config
from engine.model import Issue, Label, Milestone, Repo, fold
from migrations.compare.accepted import accept
from migrations.compare.cases import ELSEWHERE, assumed, cases
from migrations.compare.judge import NO_SELF_TEST, Found, Judge
from migrations.legacy.component import Declared, World
from migrations.legacy.recognise import Legacy
from migrations.legacy.stale_action import StaleAction
from migrations.model import VERDICTS, Accepted, Audit, Comparison, Difference, RuleVerdict, Snapshot, Verdict

_NEVER_WORKS = ("no-token", "no-repository", "output-never-written", "flag-refused")
"""Defects with which a component cannot do what it declares."""
NOT_PORTABLE = "a board of a person's is out of an App's reach: it needs an organisation's board"
BY_TELEMETRY = "every run is recorded by itself, and the history is imported"
BY_DASHBOARD = "the dashboard is built from the records alone"


def compare(
    snapshot: Snapshot,
    audit: Audit,
    legacy: Legacy,
    world: World,
    config: Config,
    states: Iterable[tuple[Issue, datetime]],
    *,
    accepted: Sequence[Accepted] = (),
    today: date,
    noise: Sequence[str] = (),
    with_cases: bool = True,
) -> Comparison:
    """Look at every state and every case once.

    Args:
        snapshot: The repository.
        audit: What is wrong with its workflows.
        legacy: Its models.
        world: What they know.
        config: The proposed configuration.
        states: An issue and when it was so; the newest state of each is the one it is judged by, earlier ones add what they show.
        accepted: Differences a person explained.
        today: For their expiry.
        noise: What differs between two rehearsals of the same script; said, and left out.
        with_cases: Also generated cases.
    """
    broken = broken_by_path(audit)
    judge = Judge(legacy, config, broken)
    repo = _as_prepared(snapshot, config, world)
    needless_by: Counter[str] = Counter()
    found: dict[tuple[str, Found], None] = {}
    issues: set[int] = set()
    count = same = 0
    moment = World(world.now, world.titles, world.numbers)
    for issue, at in states:
        count += 1
        number = issue.ref.number
        issues.add(number)
        # Who is assigned is known of the present alone.
        assigned = world.assigned if at == snapshot.taken_at else None
        if moment.now != at or moment.assigned is not assigned:
            moment = World(at, world.titles, world.numbers, assigned)
        judged = judge.judge(issue, repo, moment, is_recorded=True)
        same += judged.same
        for component, needless in judged.needless:
            needless_by[component] += needless
        subject = f"#{number}"
        for one in judged.found:
            found[subject, one] = None
    notes = list(_notes(snapshot, legacy, broken))
    case_count = 0
    shapes: dict[Found, list[str]] = {}
    if with_cases:
        whole, taken = assumed(world, legacy, config)
        notes += [f"not known, so taken from the proposed configuration for generated cases: {one}" for one in taken]
        wide = _as_prepared(snapshot, config, whole)
        for case in cases(snapshot, legacy, whole):
            case_count += 1
            judged = judge.judge(case.issue, wide, case.world, is_recorded=False)
            same += judged.same
            for one in judged.found:
                shapes.setdefault(one, []).append(case.name)
    differences = [one.of(subject) for subject, one in found]
    differences += [
        one.of(f"{len(names)} cases, such as {names[0]}" if len(names) > 1 else f"1 case: {names[0]}")
        for one, names in shapes.items()
    ]
    differences.sort(key=_order)
    explained, problems = accept(differences, accepted, today)
    return Comparison(
        snapshot.repo,
        count,
        len(issues),
        case_count,
        explained,
        same,
        tuple(_rules(legacy, explained, needless_by, broken)),
        problems,
        tuple(noise),
        tuple(notes),
    )


def broken_by_path(audit: Audit) -> dict[str, str]:
    """Why a workflow cannot do what it declares, by its path; the first reason each."""
    found: dict[str, str] = {}
    for defect in audit.defects:
        if defect.code in _NEVER_WORKS:
            found.setdefault(defect.where.file, f"{defect.what} (line {defect.where.line})")
    return found


def _as_prepared(snapshot: Snapshot, config: Config, world: World) -> Repo:
    """The repository as `tassist apply` would leave it."""
    labels = {fold(label.name): label for label in snapshot.labels or ()}
    for issue in snapshot.issues or ():
        for name in issue.labels:
            labels.setdefault(fold(name), Label(name))
    for declared in (*(track.label for track in config.tracks), *(spec.name for spec in config.labels)):
        labels.setdefault(fold(declared), Label(declared))
    titles = {milestone.title: milestone for milestone in snapshot.milestones or ()}
    present = [issue.milestone for issue in snapshot.issues or () if issue.milestone is not None]
    for milestone in present:
        titles.setdefault(milestone.title, milestone)
    more = [spec.title for spec in config.milestones]
    more += [track.milestone for track in config.tracks if track.milestone is not None]
    for title in [*more, *world.titles.values(), ELSEWHERE]:
        number = max((known.number for known in titles.values()), default=0) + 1
        titles.setdefault(title, Milestone(number, title))
    return Repo(snapshot.repo, labels=tuple(labels.values()), milestones=tuple(titles.values()))


def _order(difference: Difference) -> tuple[int, int, int, str, str]:
    subject = difference.subject
    number = int(subject[1:]) if subject[:1] == "#" and subject[1:].isdigit() else 0
    return (VERDICTS.index(difference.verdict), int(number == 0), number, subject, difference.field)


def _notes(snapshot: Snapshot, legacy: Legacy, broken: dict[str, str]) -> Iterable[str]:
    if not snapshot.issues:
        yield "no state of any issue is known: name a record with --record"
    elif all(issue.timeline is None for issue in snapshot.issues):
        yield "the record has no timelines: an issue's last update is taken for its last activity, on both sides"
    for one in legacy.issues:
        if isinstance(one, StaleAction):
            yield (
                f"{one.path}:{one.line}: {one.id} does at most {one.inputs.operations} operations a run, "
                "so an issue may wait for a later one; which, nobody can tell"
            )
    for path in legacy.unmodelled:
        yield f"{path} changes issues in a way no model describes"
    for path, why in broken.items():
        if path in legacy.facts:
            yield f"{path} never does what it declares: {why}"


def _rules(
    legacy: Legacy, differences: Sequence[Difference], needless_by: Mapping[str, int], broken: dict[str, str]
) -> Iterable[RuleVerdict]:
    """One verdict for each legacy component and each rule of the engine that makes a difference."""
    for component in legacy.issues:
        own = [
            found for found in differences if f"{component.id} " in f"{found.because} " or found.rule == component.id
        ]
        counts = _counted(own)
        needless = needless_by.get(component.id, 0)
        more = f"; {needless} of its writes on recorded states set what is set already" if needless else ""
        if component.path in broken:
            yield RuleVerdict(_named(component), "legacy did nothing", broken[component.path] + more, counts)
        else:
            worst: Verdict = counts[0][0] if counts else "same"
            why = Counter(found.because for found in own if found.verdict == worst).most_common(1)
            because = why[0][0] if why else "the engine leaves every issue as it does"
            yield RuleVerdict(_named(component), worst, because + more, counts)
    for test in legacy.self_tests:
        yield RuleVerdict(_named(test), "intended improvement", NO_SELF_TEST)
    for declared in legacy.declared:
        yield _declared(declared, broken)
    for path in legacy.unmodelled:
        yield RuleVerdict(path, "unknown", "no model describes what it does to issues")
    by_rule: dict[str, list[Difference]] = {}
    components = {component.id for component in legacy.issues}
    for found in differences:
        if found.rule and found.rule not in components:
            by_rule.setdefault(found.rule, []).append(found)
    for rule, own in sorted(by_rule.items()):
        counts = _counted(own)
        reason = Counter(found.because for found in own if found.verdict == counts[0][0]).most_common(1)[0][0]
        yield RuleVerdict(f"engine: {rule}", counts[0][0], reason, counts)


def _named(component: object) -> str:
    path = str(getattr(component, "path", ""))
    return f"{getattr(component, 'id', '')} ({path.rpartition('/')[2]})"


def _declared(declared: Declared, broken: dict[str, str]) -> RuleVerdict:
    name = _named(declared)
    if declared.is_staying:
        return RuleVerdict(name, "same", f"its workflow stays, to the byte: {declared.what}")
    if declared.is_board:
        never = f"; besides it never did: {broken[declared.path]}" if declared.path in broken else ""
        return RuleVerdict(name, "not portable", f"{declared.what}: {NOT_PORTABLE}{never}")
    because = BY_DASHBOARD if declared.id in {"telemetry-merge", "dashboard-build"} else BY_TELEMETRY
    return RuleVerdict(name, "intended improvement", f"{declared.what}: {because}")


def _counted(differences: Sequence[Difference]) -> tuple[tuple[Verdict, int], ...]:
    counts = Counter(found.verdict for found in differences)
    return tuple((verdict, counts[verdict]) for verdict in VERDICTS if counts[verdict])
