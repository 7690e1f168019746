"""Calls of GitHub that read one page of many, have no token or no repository, or whose failure nobody hears of."""

from __future__ import annotations

import re
from collections.abc import Iterator

from engine.problems import Where
from migrations.audit.document import Part
from migrations.audit.facts import TOKEN_NAMES, Facts, Ran
from migrations.audit.known_actions import plain_name
from migrations.audit.shell import Call
from migrations.model import Defect

_LISTS = re.compile(
    r"/(issues|pulls|labels|milestones|comments|events|timeline|commits|branches|releases|runs|variables)(?:\?|$)"
)
_LIST_VERBS = {
    ("issue", "list"): 30,
    ("pr", "list"): 30,
    ("label", "list"): 30,
    ("run", "list"): 20,
    ("search", "issues"): 30,
}
_REPO_VERBS = frozenset(["issue", "pr", "label", "variable", "secret", "run", "workflow", "release"])
_LOOP = re.compile(r"\b(?:while|for|until)\b.*\bpage\b|\bpage=\$", re.IGNORECASE)
_SWALLOWED = re.compile(r"\|\|\s*(?:true|:|echo\s+(?:\"\"|''|-n|\"[^\"]*\"|'[^']*'|\S+)|printf\s+(?:''|\"\"))")


def find(facts: Facts) -> Iterator[Defect]:
    """Every such call."""
    folders = {id(job): _folders(job) for job in facts.document.jobs}
    for ran in facts.ran:
        loops = any(_LOOP.search(line.text) for line in ran.script.lines) if ran.script.calls else False
        has_token = _has_token(ran)
        is_checkout = _has_checkout(ran, folders.get(id(ran.job), []))
        for call in ran.script.calls:
            where = Where(ran.path or facts.document.path, call.line)
            yield from _paging(call, where, loops=loops)
            if call.words != ("curl",):
                yield from _without(ran, call, where, has_token=has_token, is_checkout=is_checkout)
            yield from _asked_wrongly(call, where)
        yield from _silent(facts, ran)
        if not is_checkout and not folders.get(id(ran.job)):
            yield from _without_checkout(facts, ran)
    for _, _, text in facts.scripts:
        for number, line in text.numbered():
            found = re.search(r"\b(?:rest\.)?(\w+)\.(list\w*)\s*\(", line)
            if found and "paginate" not in text.value:
                yield _one_page(f"{found[1]}.{found[2]}", 30, Where(facts.document.path, number))


def _paging(call: Call, where: Where, *, loops: bool) -> Iterator[Defect]:
    if call.words in _LIST_VERBS and not call.has_flag("limit", "L"):
        yield _one_page(f"gh {call.name}", _LIST_VERBS[call.words], where)
    if call.words not in {("api",), ("curl",)} or call.method != "GET" or not _LISTS.search(call.target):
        return
    if call.has_flag("paginate") or re.search(r"[?&]page=", call.target):
        return
    size = re.search(r"per_page=(\d+)", f"{call.target} {call.text}")
    if not loops:
        what = _LISTS.search(call.target)
        yield _one_page(f"{call.words[0]} …/{what[1] if what else ''}", int(size[1][:4]) if size else 30, where)


def _one_page(what: str, size: int, where: Where) -> Defect:
    return Defect(
        "one-page-only",
        f"{what} reads one page: at most {size}",
        "whatever lies beyond it is never seen, and nothing says so",
        "page through: gh api --paginate, or --limit with a bound that is checked",
        where,
        "medium",
    )


def _has_token(ran: Ran) -> bool:
    if any(name in TOKEN_NAMES for name in (*ran.env, *ran.script.sets)):
        return True
    return any("gh auth login" in line.text for line in ran.script.lines)


def _without(ran: Ran, call: Call, where: Where, *, has_token: bool, is_checkout: bool) -> Iterator[Defect]:
    if not has_token:
        yield Defect(
            "no-token",
            f"gh {call.name} has no token",
            "the command line takes it from GH_TOKEN, which nothing sets here: the call fails on every run",
            "set env: GH_TOKEN: on the step",
            where,
            "high",
        )
    named = call.has_flag("repo", "R") or "GH_REPO" in ran.env or "GH_REPO" in ran.script.sets
    if call.words[0] in _REPO_VERBS and not named and not is_checkout:
        yield Defect(
            "no-repository",
            f"gh {call.name} cannot know its repository",
            "there is no checkout before it, and neither --repo nor GH_REPO: the call fails on every run",
            'add --repo "$GITHUB_REPOSITORY"',
            where,
            "high",
        )


def _asked_wrongly(call: Call, where: Where) -> Iterator[Defect]:
    if call.has_flag("jq", "q") and call.words != ("api",) and not call.has_flag("json"):
        yield Defect(
            "flag-refused",
            f"gh {call.name} takes --jq only together with --json",
            "the command refuses it and prints nothing",
            "add --json with the fields that are wanted",
            where,
            "high",
        )


def _folders(job: Part) -> list[tuple[int, str | None]]:
    """Where and into which folder the part checks something out; ``None`` for any folder."""
    found: list[tuple[int, str | None]] = []
    for step in job.steps:
        if step.uses is not None and plain_name(step.uses.value) == "actions/checkout":
            path = step.input("path")
            found.append((step.line, path.value.strip("./") if path else ""))
        elif step.run is not None and re.search(r"\bgit\s+(?:clone|init)\b|gh\s+repo\s+clone", step.run.value):
            found.append((step.line, None))
    return found


def _has_checkout(ran: Ran, folders: list[tuple[int, str | None]]) -> bool:
    """Whether the folder the script starts in is a checkout by then."""
    top = ran.step.folder.strip("./").partition("/")[0]
    return any(line < ran.step.line and place in {None, "", top} for line, place in folders)


def _without_checkout(facts: Facts, ran: Ran) -> Iterator[Defect]:
    for line in ran.script.lines:
        if re.search(r"\bgit\s+(?:log|diff|show|rev-parse|describe)\b", line.text):
            yield Defect(
                "no-checkout",
                "git is asked about a repository that is not there",
                "nothing in this part checks it out: the command fails or gives nothing",
                "check the repository out first",
                Where(ran.path or facts.document.path, line.number),
                "medium",
            )
            return


def _silent(facts: Facts, ran: Ran) -> Iterator[Defect]:
    file = ran.path or facts.document.path
    failed = ""
    for line in ran.script.lines:
        found = _SWALLOWED.search(line.text)
        asks = re.search(r"\b(?:gh|curl|wget)\s", line.text)
        if found and asks and asks.start() < found.start():
            gives = "an empty value" if re.search(r"echo\s+(?:\"\"|'')", found[0]) else "nothing"
            yield Defect(
                "error-swallowed",
                f"a call that fails becomes {gives}: {found[0].strip()}",
                "the run goes on with it and stays green, so nobody hears that it never worked",
                "let it fail, or say what happened and stop",
                Where(file, line.number),
                "medium",
            )
        elif found and re.search(r"\bgit\b.*\bpush\b", line.text):
            yield Defect(
                "error-swallowed",
                "a push that fails is ignored",
                "what the run recorded is lost, and the run stays green",
                "let it fail, or try again after a pull",
                Where(file, line.number),
                "low",
            )
        if re.search(r"\becho\b.*\b(?:ERROR|error|FATAL)\b", line.text):
            failed = line.text
        elif failed and re.match(r"^\s*exit\s+0\s*$", line.text):
            yield Defect(
                "error-swallowed",
                "an error is printed, and the run ends as a success",
                "a run that did nothing looks like one that had nothing to do",
                "exit 1",
                Where(file, line.number),
                "medium",
            )
            failed = ""
        elif re.match(r"^\s*(?:fi|done|\})\s*$", line.text):
            failed = ""
