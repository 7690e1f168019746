"""Works out the steps of a migration: from a snapshot and its audit, in order, each with its inverse."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha1

from engine.config import InvalidConfig, parse
from engine.model import Issue, fold
from engine.problems import Problem, ProblemError
from migrations.model import WORKFLOWS, Audit, Snapshot
from migrations.plan.config import Generated, generate
from migrations.plan.model import ORDER, Plan, Step
from migrations.plan.vocabulary import FLAGS, STALE, is_self_test, new_name, track_id
from migrations.sources import staying, take

CONFIG_PATH = ".github/task-assistant.yml"
OWN = "the configuration is your own, not the generated one"


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a person decides about a migration."""

    close_self_tests: bool = False
    """Consent to closing the issues the legacy self-test left open."""
    import_telemetry: bool = True
    config: str = ""
    """A configuration of their own instead of the generated one."""


def plan(snapshot: Snapshot, audit: Audit, wishes: Wishes, *, has_config: bool) -> Plan:
    """The plan; pure, and the same for the same input.

    Args:
        snapshot: With workflows, labels and issues.
        audit: Of the same snapshot.
        wishes: Of the person.
        has_config: Whether the repository has a configuration already: then the new authority is on.

    Raises:
        ProblemError: labels or issues were not read, or the configuration would not be valid.
    """
    _refuse(snapshot, wishes)
    stay = staying(snapshot, take(snapshot))
    audit = replace(
        audit,
        workflows=tuple(replace(one, kind="not ours") if one.path in stay else one for one in audit.workflows),
    )
    generated = generate(snapshot)
    text = wishes.config or generated.text
    parsed = parse(text, file=CONFIG_PATH)
    if isinstance(parsed, InvalidConfig):
        raise ProblemError(parsed.problems)
    steps = [
        *_telemetry(snapshot, wishes),
        *_labels(snapshot, generated),
        *_cut_over(snapshot, audit, text, has_config=has_config),
        *_self_tests(snapshot, wishes),
    ]
    steps.sort(key=lambda step: ORDER.index(step.kind))
    legacy = {found.path for found in audit.legacy}
    return Plan(
        snapshot.repo,
        CONFIG_PATH,
        text,
        tuple(steps),
        tuple(_by_hand(audit)),
        (
            *_notes(snapshot, audit, generated, wishes, has_config=has_config),
            *(f"{path} stays: nothing else does its work" for path in sorted(stay)),
        ),
        {file.path: git_sha(file.content) for file in snapshot.workflows if file.path not in legacy},
    )


def git_sha(content: bytes) -> str:
    """What git calls a file of this content."""
    return sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _refuse(snapshot: Snapshot, wishes: Wishes) -> None:
    missing = [word for word, value in (("labels", snapshot.labels), ("issues", snapshot.issues)) if value is None]
    if missing:
        raise ProblemError(
            Problem(
                "snapshot-too-small",
                f"a plan needs the repository's {' and '.join(missing)}, which {snapshot.origin or 'this source'} does not tell",
                "labels are renamed and issues move with them",
                "plan from the repository itself: tassist migrate plan OWNER/NAME",
            )
        )
    if not snapshot.repo:
        raise ProblemError(Problem("repository-unknown", "the source does not say which repository it is"))
    if len(wishes.config) > 1_000_000:
        raise ProblemError(Problem("config-too-big", "the configuration is larger than a megabyte"))


def _telemetry(snapshot: Snapshot, wishes: Wishes) -> Iterator[Step]:
    if snapshot.telemetry and wishes.import_telemetry:
        total = len(snapshot.telemetry)
        yield Step(
            "import-telemetry",
            "gh-pages",
            f"import legacy telemetry: {total} {'file' if total == 1 else 'files'} on its branch, as records marked `legacy:codex`",
            "none needed: the records stay, marked as what they are; the branch is not changed",
            {},
            {"branch": "gh-pages"},
        )


def _labels(snapshot: Snapshot, generated: Generated) -> Iterator[Step]:
    there = {fold(label.name): label for label in snapshot.labels or ()}
    declared = {fold(name): (name, color, description) for name, color, description in generated.labels}
    renamed: set[str] = set()
    for label in snapshot.labels or ():
        name = new_name(label.name)
        if fold(name) == fold(label.name) or fold(name) not in declared:
            continue
        carrying = [issue for issue in snapshot.issues or () if issue.has_label(label.name)]
        if fold(name) in there or fold(name) in renamed:
            yield _merge(label.name, name, carrying)
            continue
        renamed.add(fold(name))
        yield Step(
            "rename-label",
            label.name,
            f"rename label {label.name} → {name}; {_count(carrying)} keep it",
            f"rename label {name} → {label.name}",
            {"name": label.name, "color": label.color, "description": label.description},
            {"name": name},
        )
    for folded, (name, color, description) in declared.items():
        if folded not in there and folded not in renamed:
            yield Step(
                "create-label",
                name,
                f"create label {name}",
                f"delete label {name}",
                {},
                {"name": name, "color": color or "ededed", "description": description},
            )


def _merge(old: str, new: str, carrying: list[Issue]) -> Step:
    added = sorted(issue.ref.number for issue in carrying if not issue.has_label(new))
    return Step(
        "merge-label",
        old,
        f"merge label {old} into {new}, which exists too: {_count(carrying)} move; {old} stays, unused",
        f"give {old} back to the same issues, and take {new} off those that did not carry it",
        {"issues": sorted(issue.ref.number for issue in carrying), "without_new": added},
        {"name": new},
    )


def _cut_over(snapshot: Snapshot, audit: Audit, text: str, *, has_config: bool) -> Iterator[Step]:
    files = {file.path: file for file in snapshot.workflows}
    legacy = [found.path for found in audit.legacy if found.path in files]
    if not legacy and has_config:
        return
    words = f"delete {len(legacy)} legacy workflows" if legacy else "delete no workflow"
    yield Step(
        "cut-over",
        CONFIG_PATH,
        f"in one commit: {words} and {'keep' if has_config else 'add'} {CONFIG_PATH} (legacy off, new on)",
        "in one commit: restore every deleted file to the byte, and remove the configuration (new off, legacy on)",
        {"files": {path: git_sha(files[path].content) for path in legacy}, "has_config": has_config},
        {"config": "" if has_config else text, "deleted": legacy},
    )
    for path in legacy:
        state = files[path].state
        if state in {"active", ""}:
            yield Step(
                "disable-workflow",
                path,
                f"disable workflow {path.removeprefix(WORKFLOWS)}, so that no older branch starts it",
                f"enable workflow {path.removeprefix(WORKFLOWS)}",
                {"state": state or "active"},
                {"state": "disabled_manually"},
            )


def _self_tests(snapshot: Snapshot, wishes: Wishes) -> Iterator[Step]:
    numbers = _open_self_tests(snapshot)
    if numbers and wishes.close_self_tests:
        yield Step(
            "close-issues",
            "self-tests",
            f"close {_count(numbers)} the self-test left open, as not planned",
            "reopen the same issues",
            {"issues": numbers},
            {"state_reason": "not_planned"},
        )


def _open_self_tests(snapshot: Snapshot) -> list[int]:
    return sorted(
        issue.ref.number
        for issue in snapshot.issues or ()
        if issue.state == "open" and not issue.is_pull_request and is_self_test(issue.labels)
    )


def _by_hand(audit: Audit) -> Iterator[str]:
    others = {used.name for found in audit.others for used in (*found.secrets, *found.variables)}
    secrets = sorted({used.name for found in audit.legacy for used in found.secrets} - others - {"GITHUB_TOKEN"})
    variables = sorted({used.name for found in audit.legacy for used in found.variables} - others)
    variables += sorted(
        found.name
        for found in audit.variables
        if found.value is not None and found.is_unread and found.name not in variables
    )
    yield from (
        f"secret {name}: delete it, and revoke the token it holds; no workflow that stays uses it" for name in secrets
    )
    yield from (f"variable {name}: no workflow that stays reads it; delete it when you are sure" for name in variables)


def _notes(
    snapshot: Snapshot, audit: Audit, generated: Generated, wishes: Wishes, *, has_config: bool
) -> Iterator[str]:
    if has_config:
        yield f"the repository has {CONFIG_PATH} already: the engine acts beside legacy until the cut-over"
    if wishes.config:
        yield OWN
    else:
        yield from generated.notes
    open_tests = _open_self_tests(snapshot)
    if open_tests and not wishes.close_self_tests:
        yield f"{_count(open_tests)} of the self-test {'is' if len(open_tests) == 1 else 'are'} open; --close-self-tests closes {'it' if len(open_tests) == 1 else 'them'}"
    if not audit.legacy:
        yield "no legacy automation was found: only labels and configuration are brought"
    for found in audit.legacy:
        if found.confidence == "unsure":
            yield f"{found.path} is taken for legacy, but not surely: look at it, and at the audit's reasons"
        if "board moves" in found.kinds or found.kind == "board moves":
            yield f"{found.path} moves cards of a board; that is not portable unless the board is an organisation's"
    unread = {one.where.file for one in audit.unreadable if not one.commit}
    if unread:
        count = f"{len(unread)} workflow{'' if len(unread) == 1 else 's'}"
        yield f"{count} could not be read and stay{'s' if len(unread) == 1 else ''} as {'it is' if len(unread) == 1 else 'they are'}"
    flags = [name for name in FLAGS if any(fold(label.name) == name for label in snapshot.labels or ())]
    if flags and not any(fold(name) == STALE for name, _, _ in generated.labels):
        yield f"{' and '.join(flags)} keep their names"
    tracked = sum(
        1 for issue in snapshot.issues or () if issue.state == "open" and any(track_id(name) for name in issue.labels)
    )
    yield f"{tracked} open issues carry a track and are managed from the cut-over on"


def _count(issues: Sequence[object]) -> str:
    return f"{len(issues)} issue{'' if len(issues) == 1 else 's'}"
