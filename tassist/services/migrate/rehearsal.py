"""Runs legacy scripts for real and offline: a stand-in for `gh` answers from the snapshot and writes every mutation down.

Only where the user says so. Nothing of the machine is handed over: an empty home, a stripped environment, no credential, no network (a
network namespace of its own; where there is none, it is refused unless that is confirmed), a time limit, and a fixed clock. Each workflow is
run twice, and what differs between the two is noise.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from pathlib import Path

from engine.model import Issue
from engine.problems import Problem, ProblemError
from migrations.audit.document import Document, Part, Step, read_document
from migrations.model import Snapshot, Write
from tassist.errors import os_problem
from tassist.services.migrate.rehearsal_steps import Known, checkout_folder, filled, outputs, wants
from tassist.text import noun, safe_text

LIMIT_S = 120.0
"""For one run of one workflow."""
_NEEDED = ("bash", "jq", "date")
_PATH = "/usr/local/bin:/usr/bin:/bin"
_MAX_KEPT = 4000


@dataclass(frozen=True, slots=True)
class Ran:
    """One step, as it went."""

    name: str
    code: int | None
    """``None``: not run."""
    said: str


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """One workflow, run twice."""

    path: str
    intents: tuple[tuple[str, ...], ...]
    """Each mutation as it was asked for, in order."""
    steps: tuple[Ran, ...]
    noise: tuple[str, ...]
    """What differed between the two runs."""
    ended: bool = True
    """Whether it came to its end within the time."""

    def writes(self) -> dict[int, tuple[Write, ...]]:
        """What is set, by issue, in order."""
        found: dict[int, list[Write]] = {}
        for intent in self.intents:
            number, writes = _writes(intent)
            if number is not None:
                found.setdefault(number, []).extend(writes)
        return {number: tuple(writes) for number, writes in sorted(found.items())}


def why_not(*, without_isolation: bool = False) -> Problem | None:
    """Why nothing can be rehearsed on this machine; ``None`` where it can."""
    missing = [name for name in _NEEDED if shutil.which(name, path=_PATH) is None]
    if missing:
        return Problem(
            "rehearsal-impossible",
            f"{' and '.join(missing)} cannot be found",
            "the scripts are bash and use jq; nothing else is put in their place",
            f"install {' and '.join(missing)}, or compare without --rehearse",
            family="world",
        )
    if not without_isolation and not _isolation():
        return Problem(
            "rehearsal-not-isolated",
            "this machine gives no network namespace, so a script could reach the network",
            "unshare --net is refused here",
            "add --without-isolation if you have read the scripts and trust them",
        )
    return None


def rehearse(
    snapshot: Snapshot,
    path: str,
    now: datetime,
    *,
    event: Mapping[str, str] | None = None,
    without_isolation: bool = False,
    limit_s: float = LIMIT_S,
) -> Rehearsal:
    """Run one workflow twice.

    Args:
        snapshot: What `gh` answers from.
        path: The workflow's.
        now: The clock of the scripts, so that ages are those of the record.
        event: Values below ``github.event``, for workflows an event starts.
        without_isolation: The user confirmed that there is no network namespace.
        limit_s: For each run.

    Raises:
        ProblemError: it cannot be rehearsed here, or there is no such workflow.
    """
    problem = why_not(without_isolation=without_isolation)
    if problem is not None:
        raise ProblemError(problem)
    file = snapshot.workflow(path)
    if file is None:
        raise ProblemError(
            Problem("no-such-workflow", f"there is no workflow {safe_text(path)}", fix="see: tassist migrate audit")
        )
    document = read_document(file)
    try:
        first = _once(document, snapshot, now, event or {}, isolated=not without_isolation, limit_s=limit_s)
        second = _once(document, snapshot, now, event or {}, isolated=not without_isolation, limit_s=limit_s)
    except OSError as error:
        raise ProblemError(os_problem(error, doing="rehearse in")) from error
    noise = []
    if first.intents != second.intents:
        differ = len(set(first.intents) ^ set(second.intents))
        noise.append(f"{path}: {differ} {noun(differ, 'intent differs', 'intents differ')} between two runs")
    names = sorted(first.left.keys() | second.left.keys())
    noise += [
        f"{path}: {name} differs between two runs" for name in names if first.left.get(name) != second.left.get(name)
    ]
    return Rehearsal(path, first.intents, first.steps, tuple(noise), first.ended and second.ended)


@dataclass(frozen=True, slots=True)
class _Run:
    intents: tuple[tuple[str, ...], ...]
    steps: tuple[Ran, ...]
    left: dict[str, bytes]
    ended: bool


def _once(
    document: Document, snapshot: Snapshot, now: datetime, event: Mapping[str, str], *, isolated: bool, limit_s: float
) -> _Run:
    with tempfile.TemporaryDirectory(prefix="tassist-rehearsal-") as name:
        root = Path(name)
        state, work, programs = root / "state", root / "work", root / "bin"
        for folder in (state, work, programs, root / "home"):
            folder.mkdir()
        _lay_out(state, snapshot)
        _put_programs(programs, now)
        steps: list[Ran] = []
        left_s = limit_s
        for part in document.jobs:
            known = Known(snapshot.repo or "octo/app", snapshot.variables or {}, event)
            stopped = not wants(part.condition, known)
            for step in part.steps:
                checked_out = checkout_folder(step)
                if checked_out is not None:
                    (work / checked_out / ".git").mkdir(parents=True, exist_ok=True)
                    continue
                always = step.condition is not None and "always()" in step.condition.value
                if step.run is None or (stopped and not always) or not wants(step.condition, known):
                    steps.append(Ran(step.name or f"line {step.line}", None, "not run"))
                    continue
                began_s = time.monotonic()
                ran = _step(document, part, step, known, root, isolated=isolated, limit_s=left_s)
                left_s -= time.monotonic() - began_s
                steps.append(ran)
                if ran.code is None:
                    return _Run(_intents(state), tuple(steps), _left(work), ended=False)
                stopped = stopped or ran.code != 0
        return _Run(_intents(state), tuple(steps), _left(work), ended=True)


def _step(
    document: Document, part: Part, step: Step, known: Known, root: Path, *, isolated: bool, limit_s: float
) -> Ran:
    """Run one script as GitHub's runner would, without anything of this machine."""
    assert step.run is not None
    work = root / "work"
    folder = work / filled(step.folder, known).strip("./") if step.folder else work
    folder.mkdir(parents=True, exist_ok=True)
    script = root / "step.sh"
    script.write_text(filled(step.run.value, known))
    out, env_file = root / "output", root / "env"
    out.write_text("")
    env_file.write_text("")
    name = step.name or f"line {step.line}"
    around = {**dict(document.env), **dict(part.env), **dict(step.env)}
    for key, text in around.items():
        known.env[key] = filled(text.value, known)
    environment = {
        **known.env,
        "PATH": f"{root / 'bin'}:{_PATH}",
        "HOME": str(root / "home"),
        "TMPDIR": str(root / "home"),
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "CI": "true",
        "GITHUB_ACTIONS": "true",
        "GITHUB_REPOSITORY": known.repo,
        "GITHUB_RUN_ID": "1",
        "GITHUB_WORKSPACE": str(work),
        "GITHUB_OUTPUT": str(out),
        "GITHUB_ENV": str(env_file),
        "GITHUB_STEP_SUMMARY": os.devnull,
        "REHEARSAL_STATE": str(root / "state"),
    }
    # GitHub's default shell for `run:` is bash -e; with `shell: bash` it is -eo pipefail as well.
    shell = ["bash", "--noprofile", "--norc", "-e", *(["-o", "pipefail"] if step.shell == "bash" else []), str(script)]
    bounded = ["bash", "-c", 'ulimit -f 262144 -n 256 -t 60; exec "$@"', "bounded", *shell]
    command = [*(_isolation() if isolated else ()), *bounded]
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        said, _ = process.communicate(timeout=max(limit_s, 0.1))
        code: int | None = process.returncode
    except subprocess.TimeoutExpired:
        _end(process)
        said, code = process.communicate()[0], None
    except BaseException:
        _end(process)
        process.communicate()
        raise
    # Whatever the script left running in the background ends with it.
    _end(process)
    if step.id:
        known.outputs[step.id] = outputs(out.read_text("utf-8", "replace"))
    known.env.update(outputs(env_file.read_text("utf-8", "replace")))
    shown = safe_text(said[-_MAX_KEPT:].decode("utf-8", "replace"), newlines=True)
    return Ran(name, code, f"more than {limit_s:.0f} s: ended" if code is None else shown)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a script with everything it started: all of it is one group of processes."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


@cache
def _isolation() -> tuple[str, ...]:
    """What gives a command a network of its own with nothing in it; empty where this machine refuses."""
    for command in (("unshare", "--user", "--map-root-user", "--net"), ("unshare", "--net")):
        try:
            done = subprocess.run([*command, "true"], capture_output=True, timeout=10, check=False, env={"PATH": _PATH})
        except (OSError, subprocess.TimeoutExpired):
            continue
        if done.returncode == 0:
            return command
    return ()


def _put_programs(folder: Path, now: datetime) -> None:
    """The stand-ins that come first in PATH: gh, git without a remote, a fixed clock, and nothing that reaches out."""
    text = files("tassist.services.migrate").joinpath("gh_stand_in.sh").read_text("utf-8")
    stamp = f"@{int(now.timestamp())}"
    programs = {
        "gh": text,
        "git": "#!/bin/sh\nexit 0\n",
        "date": (
            '#!/usr/bin/env bash\nfor one in "$@"; do case "$one" in -d*|--date*|-r*) exec /usr/bin/env -i PATH='
            + _PATH
            + f' TZ=UTC LC_ALL=C date "$@";; esac; done\nexec /usr/bin/env -i PATH={_PATH} TZ=UTC LC_ALL=C date -d "{stamp}" "$@"\n'
        ),
    }
    for name in ("curl", "wget", "ssh", "scp", "sudo", "docker", "npm", "npx", "pip", "nc"):
        programs[name] = f'#!/bin/sh\necho "a rehearsal has no {name}" >&2\nexit 127\n'
    for name, content in programs.items():
        (folder / name).write_text(content)
        (folder / name).chmod(0o755)


def _lay_out(state: Path, snapshot: Snapshot) -> None:
    """What `gh` answers from, in GitHub's form."""
    issues = [_rest(issue) for issue in snapshot.issues or ()]
    milestones: dict[str, dict[str, object]] = {}
    for milestone in snapshot.milestones or ():
        milestones[milestone.title] = {"number": milestone.number, "title": milestone.title, "state": milestone.state}
    for issue in snapshot.issues or ():
        if issue.milestone is not None:
            one = {"number": issue.milestone.number, "title": issue.milestone.title, "state": issue.milestone.state}
            milestones.setdefault(issue.milestone.title, one)
    labels = [label.name for label in snapshot.labels or ()]
    labels += [name for issue in snapshot.issues or () for name in issue.labels]
    (state / "issues.json").write_text(json.dumps(issues))
    (state / "milestones.json").write_text(json.dumps(list(milestones.values())))
    (state / "labels.json").write_text(json.dumps([{"name": name} for name in dict.fromkeys(labels)]))
    (state / "variables.json").write_text(json.dumps(dict(snapshot.variables or {})))
    (state / "intents.jsonl").write_text("")


def _rest(issue: Issue) -> dict[str, object]:
    milestone = issue.milestone
    return {
        "number": issue.ref.number,
        "title": issue.title,
        "body": issue.body,
        "state": issue.state,
        "labels": [{"name": name} for name in issue.labels],
        "milestone": None
        if milestone is None
        else {"number": milestone.number, "title": milestone.title, "state": milestone.state},
        "user": {"login": issue.author or "somebody"},
        "created_at": f"{issue.created_at:%Y-%m-%dT%H:%M:%SZ}" if issue.created_at else None,
        "updated_at": f"{issue.updated_at:%Y-%m-%dT%H:%M:%SZ}" if issue.updated_at else None,
        **({"pull_request": {}} if issue.is_pull_request else {}),
    }


def _intents(state: Path) -> tuple[tuple[str, ...], ...]:
    lines = (state / "intents.jsonl").read_text("utf-8", "replace").splitlines()
    return tuple(tuple(map(str, json.loads(line))) for line in lines if line.strip())


def _left(work: Path) -> dict[str, bytes]:
    """The files a run left, bounded."""
    found = {}
    for path in sorted(work.rglob("*")):
        if path.is_file() and not path.is_symlink() and path.stat().st_size < 10_000_000:
            found[path.relative_to(work).as_posix()] = path.read_bytes()
    return found


def _writes(intent: Sequence[str]) -> tuple[int | None, list[Write]]:
    """What one call of gh sets on which issue."""
    words = [word for word in intent if not word.startswith("-")]
    if words[:2] in (["issue", "edit"], ["issue", "close"], ["issue", "reopen"]) and len(words) > 2:
        number = words[2].lstrip("#")
        if not number.isdigit():
            return None, []
        if words[1] != "edit":
            return int(number), [Write("state", "", "closed" if words[1] == "close" else "open")]
        found = []
        for place, word in enumerate(intent):
            flag, equals, given = word.partition("=")
            given = given if equals else intent[place + 1] if place + 1 < len(intent) else ""
            if flag in {"--add-label", "--remove-label"}:
                found += [Write("label", name, "on" if flag == "--add-label" else "off") for name in given.split(",")]
            elif flag in {"--milestone", "-m"}:
                found.append(Write("milestone", "", given))
        return int(number), found
    if words[:2] == ["issue", "create"]:
        return 0, [Write("issue", "", "opened")]
    number_in = re.search(r"issues/(\d+)", " ".join(intent)) if intent[:1] == ("api",) else None
    if number_in and "state=closed" in intent:
        return int(number_in[1]), [Write("state", "", "closed")]
    return None, []
