"""Reads a repository through the App: its workflows, guide, labels, milestones, variables, issues, and the record's newest files."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import msgspec

from engine.model import Issue, IssueRef
from engine.ports import Retry
from engine.problems import ProblemError
from migrations.audit.document import read_document
from migrations.audit.known_actions import plain_name
from migrations.model import Recorded, Snapshot, TextFile, by_path
from migrations.sources.stale import ID as STALE_ACTION
from migrations.sources.stale_inputs import read_inputs
from tassist.github import translate
from tassist.github.access import InstallationAccess
from tassist.github.address import repository
from tassist.github.app_auth import DRY_PERMISSIONS
from tassist.github.client import Credential
from tassist.github.connection import Connection
from tassist.github.faults import Kind, Refused
from tassist.github.wire import Account, ContentWire, IssueWire, TimelineWire
from tassist.services.migrate.files import MAX_FILE_BYTES, RECORD_BRANCH, is_record, sort_of

MAX_BLOBS = 500
"""Files read one by one; a checkout has no such bound."""
MAX_TIMELINES = 300
"""Issues whose own history is read, each by a request."""


class _Issue(IssueWire):
    assignees: list[Account] | None = None


class _Entry(msgspec.Struct):
    path: str | None = None
    type: str | None = None
    sha: str | None = None
    size: int | None = None
    mode: str | None = None


class _Tree(msgspec.Struct):
    tree: list[_Entry] | None = None
    truncated: bool | None = None


class _Branch(msgspec.Struct):
    default_branch: str | None = None


class _VariableWire(msgspec.Struct):
    name: str | None = None
    value: str | None = None


class _Variables(msgspec.Struct):
    variables: list[_VariableWire] | None = None
    total_count: int | None = None


class _WorkflowWire(msgspec.Struct):
    path: str | None = None
    state: str | None = None


class _Workflows(msgspec.Struct):
    workflows: list[_WorkflowWire] | None = None
    total_count: int | None = None


async def read_remote(connection: Connection, name: str) -> Snapshot:
    """The repository as it is now; nothing is written, and every token is read-only.

    Raises:
        ProblemError: the App cannot see the repository.
        Retry: GitHub cannot be asked now.
    """
    repo = await connection.access.resolve(name)
    ref = IssueRef(repo.full_name, 0, repo.id)
    reading = _Reading(connection, ref, await _who(connection, ref))
    files = await reading.files(await reading.branch(), wanted=sort_of)
    states = await reading.states()
    workflows = [
        TextFile(file.path, file.content, state=states.get(file.path, ""))
        for file in files
        if sort_of(file.path) == "workflow"
    ]
    record = await reading.files(RECORD_BRANCH, wanted=lambda path: "record" if is_record(path) else "", optional=True)
    if repo.archived:
        reading.notes.append("the repository is archived: GitHub refuses every change until it is not")
    reading.notes.append("earlier revisions of workflows are read from a checkout only: name one instead")
    variables = await reading.variables()
    issues, assigned = await reading.issues()
    return Snapshot(
        repo=repo.full_name,
        origin=f"GitHub, {repo.full_name}",
        taken_at=connection.client.clock.now(),
        issues=await reading.with_timelines(issues, marks(workflows, variables or {})),
        assigned=assigned,
        labels=await connection.reader.labels(ref, reading.who),
        milestones=await connection.reader.milestones(ref, reading.who),
        variables=variables,
        secrets=None,
        workflows=by_path(workflows),
        files=by_path(file for file in files if sort_of(file.path) == "file"),
        guides=by_path(file for file in files if sort_of(file.path) == "guide"),
        telemetry=tuple(Recorded(file.path, file.content) for file in by_path(record)),
        notes=tuple(reading.notes),
    )


async def workflow_states(connection: Connection, name: str, lent: Credential | None) -> dict[str, str] | None:
    """Every workflow GitHub lists, also those whose file is gone, and its state; ``None`` where neither token may ask.

    Raises:
        ProblemError: the App cannot see the repository.
        Retry: GitHub cannot be asked now.
    """
    repo = await connection.access.resolve(name)
    ref = IssueRef(repo.full_name, 0, repo.id)
    reading = _Reading(connection, ref, await _who(connection, ref))
    found: dict[str, str] = {}
    while True:
        path = f"actions/workflows?per_page=100&page={1 + len(found) // 100}"
        got = await reading.optional(path, _Workflows, "which workflows are active", who=lent, actions="read")
        if got is None:
            return None
        page = {wire.path or "": wire.state or "" for wire in got.workflows or ()}
        found |= page
        if len(page) < 100:
            return found


def marks(workflows: Iterable[TextFile], variables: Mapping[str, str]) -> frozenset[str]:
    """Labels that steps of actions/stale mark with."""
    found = [
        read_inputs({name: text.value for name, text in step.given}, variables)
        for file in workflows
        for _, step in read_document(file).steps
        if step.uses is not None and plain_name(step.uses.value) == STALE_ACTION
    ]
    return frozenset(side.label for one in found for side in (one.issues, one.pulls) if side.label)


async def _who(connection: Connection, ref: IssueRef, **more: str) -> Credential:
    permissions: Any = {**DRY_PERMISSIONS, **more}
    return await InstallationAccess(connection.auth, permissions=permissions).credential(ref)


class _Reading:
    def __init__(self, connection: Connection, ref: IssueRef, who: Credential) -> None:
        self.connection = connection
        self.client = connection.client
        self.ref = ref
        self.who = who
        self.base = repository(ref.repo, ref.repo_id)
        self.notes: list[str] = []

    async def branch(self) -> str:
        """The branch people see first; workflows on a schedule run from it."""
        return (await self.client.get(self.base, _Branch, self.who)).value.default_branch or "main"

    async def files(self, revision: str, *, wanted: Any, optional: bool = False) -> list[TextFile]:
        """The files of a revision that are wanted, newest names last."""
        try:
            path = f"{self.base}/git/trees/{quote(revision)}?recursive=1"
            tree = (await self.client.get(path, _Tree, self.who)).value
        except Refused as error:
            if optional or error.fault.kind in {Kind.NOT_FOUND, Kind.CONFLICT}:
                if not optional:
                    self.notes.append("the repository has no files")
                return []
            raise
        except Retry:
            # An empty repository answers 409, which may pass elsewhere and does not here.
            self.notes.append(f"the files of {revision} could not be read; the repository may be empty")
            return []
        if tree.truncated:
            self.notes.append(f"GitHub left files of {revision} out, as there are too many: a checkout has them all")
        entries = [
            entry
            for entry in tree.tree or ()
            if entry.type == "blob" and entry.mode != "120000" and wanted(entry.path or "")
        ]
        # Workflows first: what a bound leaves out is what matters least.
        entries.sort(key=lambda entry: (wanted(entry.path or "") != "workflow", entry.path or ""))
        if len(entries) > MAX_BLOBS:
            self.notes.append(f"{MAX_BLOBS} of {len(entries)} files of {revision} were read: a checkout has them all")
            entries = entries[-MAX_BLOBS:] if revision == RECORD_BRANCH else entries[:MAX_BLOBS]
        return [file for entry in entries if (file := await self._blob(entry)) is not None]

    async def _blob(self, entry: _Entry) -> TextFile | None:
        if (entry.size or 0) > MAX_FILE_BYTES:
            self.notes.append(f"{entry.path} is larger than {MAX_FILE_BYTES} bytes and was not read")
            return None
        wire = (await self.client.get(f"{self.base}/git/blobs/{entry.sha}", ContentWire, self.who)).value
        try:
            return TextFile(entry.path or "", base64.b64decode(wire.content or ""))
        except (binascii.Error, ValueError):
            self.notes.append(f"{entry.path} arrived damaged and was not read")
            return None

    async def issues(self) -> tuple[tuple[Issue, ...], dict[int, tuple[str, ...]]]:
        """All issues and pull requests, newest first, without timelines; and who is assigned to each."""
        wires = await self.client.get_all(f"{self.base}/issues?state=all&per_page=100", _Issue, self.who)
        issues = tuple(translate.issue(wire, self.ref) for wire in wires)
        assigned = {
            issue.ref.number: tuple(one.login for one in wire.assignees if one.login)
            for issue, wire in zip(issues, wires, strict=True)
            if wire.assignees is not None
        }
        return issues, assigned

    async def with_timelines(self, issues: tuple[Issue, ...], marks: frozenset[str]) -> tuple[Issue, ...]:
        """The same, with the history of open ones that carry a mark of actions/stale: what becomes of these depends on it."""
        marked = [one for one in issues if one.state == "open" and any(map(one.has_label, marks))]
        if len(marked) > MAX_TIMELINES:
            self.notes.append(
                f"the history of {MAX_TIMELINES} of {len(marked)} marked issues was read, the newest first"
            )
        histories: dict[int, Issue] = {}
        for issue in marked[:MAX_TIMELINES]:
            path = f"{self.base}/issues/{issue.ref.number}/timeline?per_page=100"
            wires = await self.client.get_all(path, TimelineWire, self.who)
            events = filter(None, map(self.connection.reader.ourselves.event, wires))
            histories[issue.ref.number] = replace(issue, timeline=tuple(sorted(events, key=lambda event: event.at)))
        return tuple(histories.get(one.ref.number, one) for one in issues)

    async def states(self) -> dict[str, str]:
        """Which workflows are switched off."""
        found = await self.optional(
            "actions/workflows?per_page=100", _Workflows, "which workflows are active", actions="read"
        )
        return {wire.path or "": wire.state or "" for wire in (found.workflows or () if found else ())}

    async def variables(self) -> dict[str, str] | None:
        """The repository's variables; ``None`` where the App may not read them."""
        values: dict[str, str] = {}
        page = 1
        while True:
            found = await self.optional(
                f"actions/variables?per_page=30&page={page}", _Variables, "the variables", actions_variables="read"
            )
            if found is None:
                return None
            got = found.variables or []
            values |= {wire.name or "": wire.value or "" for wire in got}
            if not got or len(values) >= (found.total_count or 0):
                return values
            page += 1

    async def optional(self, path: str, type_: Any, what: str, *, who: Credential | None = None, **more: str) -> Any:
        """Something the App may lack the permission for."""
        try:
            who = who or await _who(self.connection, self.ref, **more)
            return (await self.client.get(f"{self.base}/{path}", type_, who)).value
        except ProblemError as error:
            permission = ", ".join(f"{name}: {level}" for name, level in more.items())
            problem = error.problems[0]
            # That the permission was not granted is said by naming it; anything else is worth its words.
            why = "" if problem.code == f"github-{Kind.PERMISSION}" else f" ({problem.why or problem.what})"
            self.notes.append(
                f"{what} could not be read; the App needs {permission}, or lend a token in TASSIST_MIGRATE_TOKEN{why}"
            )
            return None
