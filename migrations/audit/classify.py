"""What a workflow is for, told by what it does: triggers, calls of GitHub, Actions, programs and files; never by its name."""

from __future__ import annotations

import re
from collections.abc import Iterator

from migrations.audit.facts import Facts
from migrations.audit.known_actions import (
    ACTIONS,
    CODE_ACTIONS,
    CODE_COMMANDS,
    CODE_EVENTS,
    ISSUE_EVENTS,
    PAGES_ACTIONS,
    plain_name,
)
from migrations.audit.shell import Call
from migrations.model import KINDS, Confidence, Kind, Reason

_ISSUE_VERBS = frozenset(["edit", "create", "close", "reopen", "delete", "lock", "unlock", "pin", "unpin", "transfer"])
_ISSUE_PATHS = re.compile(r"/(?:issues|milestones|labels)(?:[/?]|$)|/issues/.*/(?:labels|assignees|lock)")
_ISSUE_MUTATIONS = re.compile(
    r"(?:add|remove|clear)Labels|(?:create|update|close|reopen|delete|pin|transfer)Issue|(?:add|remove)Assignees"
    r"|(?:create|update)Label|(?:lock|unlock)Lockable"
)
_BOARD_MUTATIONS = re.compile(r"Project(?:V2)?(?:Item|Card|Column|Field|Draft|$)|ProjectV2")
_OCTOKIT_WRITES = re.compile(
    r"issues\.(?:add|remove|set|update|create|delete|lock|unlock)(?!Comment)\w*|projects\.(?:create|move|update)\w*"
)
_MANIFESTS = re.compile(
    r"(?:^|/)(?:package(?:-lock)?|composer|bower|manifest|version|lerna|tsconfig|renovate|deno|app|angular)[\w.-]*\.json\Z"
)
_SHOWN = re.compile(r"\.html?\Z|dashboard|(?:^|/)(?:report|site|pages|public|badges?)(?:/|\.|-)", re.IGNORECASE)
_STRONG = 2
_WEAK = re.compile(
    r"runs gh pr |uses actions/(?:upload|download)-artifact|fails where|checks that files|tags a version|runs jq"
)
"""What a workflow may do besides; it says nothing where issues are changed too."""


def classify(facts: Facts) -> tuple[Kind, Confidence, tuple[Kind, ...], tuple[Reason, ...]]:
    """What the workflow is for, how sure that is, everything it does, and every observation that says so."""
    ours = list(_ours(facts))
    code = list(_code(facts))
    building = [reason for reason in code if not _WEAK.match(reason.text)]
    events = {trigger.event for trigger in facts.document.triggers}
    only_code = bool(events) and events <= CODE_EVENTS
    direct = [reason for reason in ours if reason.kind in {"issue automation", "board moves"}]
    comments = [reason for reason in direct if reason.text.startswith("comments")]
    kinds = tuple(kind for kind in KINDS if any(reason.kind == kind for reason in ours))
    if direct and only_code:
        where = facts.document.triggers[0].line
        why = "is started by changes of code only, which Task Assistant does not act on, so it stays"
        return _left_alone("likely", [*code, Reason(where, "not ours", why), *ours])
    # What changes issues or a board only makes a build something else where it does nothing that a build does.
    against = building if direct else code
    if against and not (events & ISSUE_EVENTS) and (len(against) >= _STRONG or not ours):
        sure: Confidence = "certain" if not ours else "likely"
        return _left_alone(sure, [*code, *ours])
    if len(comments) == len(ours) and ours and not (events & ISSUE_EVENTS):
        return _left_alone("unsure", [*code, *ours])
    if not ours:
        if code:
            return _left_alone("certain", code)
        why = "changes no issue, no board, and leaves no record"
        return _left_alone("unsure", [Reason(1, "not ours", why)])
    confidence: Confidence = "likely" if code else "certain"
    if not direct and not code and len(ours) == 1:
        confidence = "likely"
    return kinds[0], confidence, kinds, tuple(sorted([*ours, *code]))


def _left_alone(
    confidence: Confidence, reasons: list[Reason]
) -> tuple[Kind, Confidence, tuple[Kind, ...], tuple[Reason, ...]]:
    return "not ours", confidence, ("not ours",), tuple(sorted(reasons))


def _ours(facts: Facts) -> Iterator[Reason]:
    found: dict[tuple[Kind, str], int] = {}

    def note(kind: Kind, text: str, line: int) -> None:
        found.setdefault((kind, text), line)

    for _, call in facts.calls:
        for kind, text in _call(call):
            note(kind, text, call.line)
    for line, name in facts.octokit:
        if _OCTOKIT_WRITES.match(name):
            note("board moves" if name.startswith("projects") else "issue automation", f"calls {name}", line)
        elif name == "issues.createComment":
            note("issue automation", "comments through issues.createComment", line)
    for _, _, given in facts.scripts:
        for mutation in re.findall(r"\b(?:update|add|move)Project\w+", given.value):
            note("board moves", f"calls {mutation}", given.line)
    for used in facts.uses:
        known = ACTIONS.get(plain_name(used.name))
        if known:
            note(known[0], f"uses {plain_name(used.name)}, which {known[1]}", used.line)
    for kind, text, line in _files(facts):
        note(kind, text, line)
    for (kind, text), line in found.items():
        yield Reason(line, kind, text)


def _call(call: Call) -> Iterator[tuple[Kind, str]]:
    if call.words[:1] == ("issue",) and call.words[1:2] != () and call.words[1] in _ISSUE_VERBS:
        yield "issue automation", f"runs gh {call.name}"
    elif call.words == ("issue", "comment"):
        yield "issue automation", "comments with gh issue comment"
    elif call.words == ("pr", "edit") and call.has_flag("add-label", "remove-label", "milestone", "add-assignee"):
        yield "issue automation", "runs gh pr edit"
    elif call.words[:1] == ("label",) and call.words[1:2] in {("create",), ("edit",), ("delete",)}:
        yield "issue automation", f"runs gh {call.name}"
    elif call.words[:1] == ("project",) and call.words[1:2] not in {
        ("list",),
        ("view",),
        ("item-list",),
        ("field-list",),
    }:
        yield "board moves", f"runs gh {call.name}"
    elif call.words in {("api",), ("curl",)}:
        for mutation in call.mutations:
            if _BOARD_MUTATIONS.search(mutation):
                yield "board moves", f"calls {mutation}"
            elif _ISSUE_MUTATIONS.search(mutation):
                yield "issue automation", f"calls {mutation}"
        path = call.target.partition("?")[0]
        if not call.mutations and call.method != "GET" and _ISSUE_PATHS.search(path):
            if path.endswith("/comments"):
                yield "issue automation", f"comments with {call.method} {path}"
            else:
                yield "issue automation", f"sends {call.method} {path}"


def _files(facts: Facts) -> Iterator[tuple[Kind, str, int]]:
    """Records and pages a workflow pushes; what only stays on the machine is nobody's record."""
    uses_pages = [used for used in facts.uses if plain_name(used.name) in PAGES_ACTIONS]
    for used in uses_pages:
        yield "dashboard", f"uses {plain_name(used.name)}, which publishes pages", used.line
    if not facts.pushes and not uses_pages:
        return
    for used in facts.writes:
        if not re.search(r"\.(?:json|jsonl|ndjson|html?)\Z", used.name) or _MANIFESTS.search(used.name):
            continue
        if not _is_kept(facts, used.name):
            continue
        if _SHOWN.search(used.name):
            yield "dashboard", f"writes {used.name} and pushes it", used.line
        else:
            yield "telemetry", f"writes the record {used.name} and pushes it", used.line
    for ran in facts.ran:
        for line in ran.script.lines:
            if (
                re.search(r"\bfind\b.*-m(?:time|min)\b.*|\bgit\s+rm\b.*\.json", line.text)
                and "json" in f"{facts.reads}{facts.writes}"
            ):
                yield "telemetry", "deletes old records", line.number


def _is_kept(facts: Facts, path: str) -> bool:
    """Whether a file lies below a folder in which ``git add`` takes it."""
    for ran in facts.ran:
        place = ran.step.folder.strip("./")
        for line in ran.script.lines:
            moved = re.match(r"^\s*cd\s+[\"']?([\w./-]+)", line.text)
            if moved:
                place = moved[1].strip("./")
            found = re.search(r"\bgit\s+(?:-C\s+[\"']?([\w./-]+)[\"']?\s+)?add\b(.*)", line.text)
            if found is None:
                continue
            below = (found[1] or "").strip("./") or place
            if below:
                if path.startswith(f"{below}/"):
                    return True
            elif (
                path.rpartition("/")[2] in found[2]
                or path.partition("/")[0] in found[2]
                or (re.search(r"\s(?:\.|-A|--all)(?:\s|$)", found[2]) and not _another_checkout(facts, path))
            ):
                return True
    return any(plain_name(used.name) in PAGES_ACTIONS for used in facts.uses)


def _another_checkout(facts: Facts, path: str) -> bool:
    """Whether the path lies in a checkout of its own, which an ``add`` elsewhere does not reach."""
    places = {text.value.strip("./") for _, step in facts.document.steps for name, text in step.given if name == "path"}
    return path.partition("/")[0] in places


def _code(facts: Facts) -> Iterator[Reason]:
    found: dict[str, int] = {}
    for line, name in facts.commands:
        if name in CODE_COMMANDS:
            found.setdefault(f"runs {name}", line)
    for _, call in facts.calls:
        if call.words[:1] == ("release",) or call.words in (("pr", "create"), ("pr", "merge")):
            found.setdefault(f"runs gh {call.name}", call.line)
    for ran in facts.ran:
        for said in ran.script.lines:
            if re.search(r"\bgit\s+tag\b", said.text):
                found.setdefault("tags a version", said.number)
            elif re.search(r"\bjq\s+empty\b", said.text) and not facts.pushes:
                found.setdefault("checks that files are JSON", said.number)
            elif re.search(r"::error::|exit 1", said.text) and not facts.pushes and not list(facts.calls):
                found.setdefault("fails where something is missing", said.number)
    for used in facts.uses:
        name = used.name.lower()
        if name.startswith(CODE_ACTIONS) and plain_name(name) not in PAGES_ACTIONS:
            found.setdefault(f"uses {plain_name(name)}", used.line)
    for text, line in found.items():
        yield Reason(line, "not ours", text)
