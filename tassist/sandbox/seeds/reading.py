"""Reads a seed file or a recorded snapshot, and says everything that is wrong with it at once.

A snapshot is turned into a seed, so that only one form is planted:

    {"format": "tassist-sandbox/1", "as_of": "…", "demo_user": "…",
     "users": […], "organizations": […], "repositories": […]}
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine.problems import Problem, ProblemError, Where
from tassist.errors import os_problem
from tassist.sandbox.calls import is_repository_name
from tassist.sandbox.labels import MAX_NAME
from tassist.text import safe_text

FORMAT = "tassist-sandbox/1"
MAX_BYTES = 20 * 1024 * 1024
_SHOWN = 50
"""How many problems are told; a file with more is not what it claims."""
_KINDS: dict[str, tuple[type, ...]] = {
    "a text": (str,),
    "a whole number": (int,),
    "a list": (list,),
    "an object": (dict,),
    "true or false": (bool,),
}


@dataclass(slots=True)
class Seed:
    """A checked seed, ready to be planted."""

    users: list[dict[str, Any]] = field(default_factory=list)
    organizations: list[dict[str, Any]] = field(default_factory=list)
    demo_user: str = ""
    as_of: datetime | None = None
    """The moment at which the seed is true: its times are moved by whole days so that this is today."""
    repositories: list[dict[str, Any]] = field(default_factory=list)


def moment(text: str) -> datetime:
    """A time as GitHub writes it.

    Raises:
        ValueError: It is none.
    """
    parsed = datetime.fromisoformat(text)
    return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def read(path: Path) -> Seed:
    """Read and check a file.

    Raises:
        ProblemError: It cannot be read, is too big, is not JSON, or is neither a seed nor a snapshot; up to fifty
            problems, each with its place in the file.
    """
    name = safe_text(path)
    try:
        with path.open("rb") as file:  # never more than allowed, whatever size a pipe or a device claims to have
            raw = file.read(MAX_BYTES + 1)
        if len(raw) > MAX_BYTES:
            raise ProblemError(
                Problem(
                    "seed-too-big",
                    f"the seed file {name} is too big",
                    f"at most {MAX_BYTES:,} bytes are read",
                    "choose a smaller one",
                )
            )
    except OSError as error:
        raise ProblemError(os_problem(error, doing="read the seed file")) from error
    found = _parse(raw, name)
    if isinstance(found, dict) and found.get("format") == FORMAT:
        check = _Check(name)
        seed = check.seed(found)
    elif isinstance(found, dict) and "format" not in found and {"repository", "issues"} <= found.keys():
        check = _Check(name)
        seed = check.snapshot(found)
    else:
        raise ProblemError(
            Problem(
                "seed-form",
                f"{name} is neither a seed file nor a recorded snapshot",
                f'a seed says "format": "{FORMAT}"; a snapshot has "repository" and "issues"',
                "give another file with --seed, or leave it out for the built-in organisation",
                Where(name, 1, 1),
            )
        )
    if check.problems:
        raise ProblemError(check.told())
    return seed


def _parse(raw: bytes, name: str) -> Any:
    try:
        return json.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        problem = Problem(
            "seed-not-json",
            "the seed file is not text in UTF-8",
            f"byte {error.start} is {raw[error.start]:#04x}",
            "give a JSON file",
            Where(name, line),
        )
        raise ProblemError(problem) from error
    except json.JSONDecodeError as error:
        problem = Problem(
            "seed-not-json",
            "the seed file is not JSON",
            error.msg[:1].lower() + error.msg[1:],
            "give a JSON file",
            Where(name, error.lineno, error.colno),
        )
        raise ProblemError(problem) from error
    except RecursionError as error:
        problem = Problem(
            "seed-not-json", "the seed file is nested too deeply", "", "give a seed or a snapshot", Where(name)
        )
        raise ProblemError(problem) from error


class _Check:
    """Collects problems while it turns a document into a `Seed`."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.problems: list[Problem] = []

    def told(self) -> list[Problem]:
        """The first ones, and how many more there are."""
        rest = len(self.problems) - _SHOWN
        if rest <= 0:
            return self.problems
        more = Problem("seed-form", f"and {rest:,} more problems of this kind", fix="check that it is the right file")
        return [*self.problems[:_SHOWN], more]

    def _wrong(self, path: str, what: str, why: str = "", fix: str = "") -> None:
        self.problems.append(Problem("seed-form", what, why, fix, Where(self._name, path=path)))

    def _get(self, item: dict[str, Any], key: str, kind: str, path: str, *, required: bool = False) -> Any:
        value = item.get(key)
        if value is None:
            if required:
                self._wrong(f"{path}.{key}", f"{key!r} is missing", fix=f"give {kind}")
            return None
        if not isinstance(value, _KINDS[kind]) or (isinstance(value, bool) and kind == "a whole number"):
            self._wrong(
                f"{path}.{key}", f"{key!r} is not {kind}", f"it is {safe_text(json.dumps(value), max_chars=60)}"
            )
            return None
        return value

    def _time(self, item: dict[str, Any], key: str, path: str, *, required: bool = False) -> None:
        text = self._get(item, key, "a text", path, required=required)
        if text is None:
            return
        try:
            moment(text)
        except ValueError:
            self._wrong(
                f"{path}.{key}", f"{key!r} is not a time", safe_text(text, max_chars=60), "write 2025-12-06T02:48:31Z"
            )

    def _objects(
        self, item: dict[str, Any], key: str, path: str, *, required: bool = False
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        for index, entry in enumerate(self._get(item, key, "a list", path, required=required) or ()):
            where = f"{path}.{key}[{index}]".lstrip(".")
            if isinstance(entry, dict):
                yield where, entry
            else:
                self._wrong(where, "this entry is not an object")

    def _texts(self, item: dict[str, Any], key: str, path: str) -> list[str]:
        found = self._get(item, key, "a list", path) or []
        for index, entry in enumerate(found):
            if not isinstance(entry, str):
                self._wrong(f"{path}.{key}[{index}]".lstrip("."), "this entry is not a text")
        return [entry for entry in found if isinstance(entry, str)]

    # the recorded snapshot

    def snapshot(self, found: dict[str, Any]) -> Seed:
        """A recorded snapshot as a seed."""
        full_name = self._get(found, "repository", "a text", "") or ""
        owner, _, name = full_name.partition("/")
        if not is_repository_name(owner) or not is_repository_name(name):
            self._wrong("repository", "'repository' is not of the form OWNER/NAME", safe_text(full_name, max_chars=60))
        issues = [dict(entry) for _, entry in self._objects(found, "issues", "")]
        pulls = [{**entry, "pull_request": True} for _, entry in self._objects(found, "pull_requests", "")]
        for entry in issues + pulls:
            labels = entry.get("labels")
            if isinstance(labels, list):  # GitHub's own listing has objects here
                names = [label.get("name") if isinstance(label, dict) else label for label in labels]
                entry["labels"] = names
            milestone = entry.get("milestone")
            if isinstance(milestone, dict):
                entry["milestone"] = milestone.get("title")
        self._issues({"issues": issues}, "")
        self._issues({"pull_requests": pulls}, "", "pull_requests")
        self._numbers(issues, "issues")
        self._numbers(pulls, "pull_requests")
        # GitHub lists pull requests among the issues too, there with labels and milestone.
        of_pulls = {entry.get("number") for entry in pulls}
        of_issues = {entry.get("number") for entry in issues}
        issues = [{**entry, "pull_request": entry.get("number") in of_pulls} for entry in issues]
        pulls = [entry for entry in pulls if entry.get("number") not in of_issues]
        titles = dict.fromkeys(
            entry["milestone"] for entry in reversed(issues) if isinstance(entry.get("milestone"), str)
        )
        repository = {
            "owner": owner,
            "name": name,
            "standard_labels": False,
            "milestones": [{"title": title} for title in titles],
            "issues": issues + pulls,
        }
        return Seed(demo_user=owner, repositories=[repository])

    # our own form

    def seed(self, found: dict[str, Any]) -> Seed:
        """A seed file, checked."""
        seed = Seed(demo_user=self._get(found, "demo_user", "a text", "") or "")
        self._time(found, "as_of", "")
        if isinstance(found.get("as_of"), str) and not self.problems:
            seed.as_of = moment(found["as_of"])
        for path, entry in self._objects(found, "users", ""):
            self._get(entry, "login", "a text", path, required=True)
            self._get(entry, "name", "a text", path)
            seed.users.append(entry)
        for path, entry in self._objects(found, "organizations", ""):
            self._get(entry, "login", "a text", path, required=True)
            self._texts(entry, "owners", path)
            self._texts(entry, "members", path)
            seed.organizations.append(entry)
        for path, entry in self._objects(found, "repositories", "", required=True):
            self._repository(entry, path)
            seed.repositories.append(entry)
        return seed

    def _repository(self, entry: dict[str, Any], path: str) -> None:
        for key in ("owner", "name"):
            text = self._get(entry, key, "a text", path, required=True)
            if text is not None and not is_repository_name(text):
                self._wrong(f"{path}.{key}", f"{safe_text(text, max_chars=60)!r} is no name GitHub would take")
        for where, label in self._objects(entry, "labels", path):
            name = self._get(label, "name", "a text", where, required=True)
            self._label_name(name, f"{where}.name")
        for where, milestone in self._objects(entry, "milestones", path):
            self._get(milestone, "title", "a text", where, required=True)
            self._time(milestone, "due_on", where)
        for name, text in (self._get(entry, "files", "an object", path) or {}).items():
            is_lines = isinstance(text, list) and all(isinstance(line, str) for line in text)
            if not isinstance(text, str) and not is_lines:
                self._wrong(f"{path}.files.{safe_text(name)}", "a file's content is a text or a list of lines")
        self._issues(entry, path)
        self._numbers([issue for issue in entry.get("issues") or () if isinstance(issue, dict)], f"{path}.issues")

    def _label_name(self, name: Any, path: str) -> None:
        if isinstance(name, str) and (not name.strip() or len(name) > MAX_NAME):
            self._wrong(path, "this is no label's name", f"GitHub takes 1 to {MAX_NAME} characters")

    def _issues(self, holder: dict[str, Any], path: str, key: str = "issues") -> None:
        for where, issue in self._objects(holder, key, path):
            number = self._get(issue, "number", "a whole number", where, required=True)
            if number is not None and number < 1:
                self._wrong(f"{where}.number", "numbers begin at 1")
            self._get(issue, "title", "a text", where, required=True)
            self._get(issue, "body", "a text", where)
            self._get(issue, "milestone", "a text", where)
            self._time(issue, "created_at", where, required=True)
            self._time(issue, "updated_at", where)
            self._time(issue, "closed_at", where)
            if issue.get("state", "open") not in {"open", "closed"}:
                self._wrong(f"{where}.state", "'state' is neither open nor closed")
            for index, name in enumerate(self._texts(issue, "labels", where)):
                self._label_name(name, f"{where}.labels[{index}]")
            for at, entry in self._objects(issue, "comments", where):
                self._get(entry, "body", "a text", at, required=True)
                self._time(entry, "at", at, required=True)
            for at, entry in self._objects(issue, "history", where):
                self._get(entry, "event", "a text", at, required=True)
                self._time(entry, "at", at, required=True)

    def _numbers(self, issues: list[dict[str, Any]], path: str) -> None:
        seen: set[int] = set()
        for issue in issues:
            number = issue.get("number")
            if isinstance(number, int):
                if number in seen:
                    self._wrong(path, f"number {number} occurs twice")
                seen.add(number)
