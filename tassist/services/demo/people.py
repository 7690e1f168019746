"""What people do on GitHub, done through GitHub's own API with a person's token."""

from __future__ import annotations

import base64
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx

from engine.problems import Problem, ProblemError
from tassist.text import safe_text

CONFIG_PATH = ".github/task-assistant.yml"


class Person:
    """One person with write access to one repository."""

    def __init__(self, login: str, token: str, api_url: str, repo: str) -> None:
        self.login = login
        self.repo = repo
        self._client = httpx.Client(
            base_url=f"{api_url}/repos/{repo}",
            headers={"Authorization": f"token {token}", "Accept": "application/vnd.github+json"},
            timeout=30.0,
            # The box is on this machine; a proxy of the environment has no business in between.
            trust_env=False,
        )

    def read_config(self) -> str | None:
        """The repository's configuration file as text; ``None`` where there is none."""
        answer = self._client.get(f"/contents/{CONFIG_PATH}")
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        return base64.b64decode(self._checked(answer)["content"]).decode()

    def write_config(self, text: str) -> None:
        """Commit the configuration file to the default branch."""
        content = {
            "message": "Add the Task Assistant configuration",
            "content": base64.b64encode(text.encode()).decode(),
        }
        self._checked(self._client.put(f"/contents/{CONFIG_PATH}", json=content))

    def items(self, path: str, **parameters: Any) -> list[dict[str, Any]]:
        """Everything a list has, page after page."""
        found: list[dict[str, Any]] = []
        answer = self._client.get(path, params={"per_page": 100, **parameters})
        while True:
            found += self._checked(answer)
            following = answer.links.get("next")
            if not following:
                return found
            answer = self._client.get(following["url"])

    def open_issue(self, title: str, *, labels: list[str] | None = None) -> int:
        """Open an issue; its number."""
        return int(self._checked(self._client.post("/issues", json={"title": title, "labels": labels or []}))["number"])

    def issue(self, number: int) -> dict[str, Any]:
        """The issue as it is now."""
        return dict(self._checked(self._client.get(f"/issues/{number}")))

    def add_label(self, number: int, name: str) -> None:
        """Add one label."""
        self._checked(self._client.post(f"/issues/{number}/labels", json={"labels": [name]}))

    def remove_label(self, number: int, name: str) -> None:
        """Remove one label."""
        self._checked(self._client.delete(f"/issues/{number}/labels/{quote(name, safe='')}"))

    def ensure_label(self, name: str) -> None:
        """Make a label of the repository, unless there is one of that name."""
        answer = self._client.post("/labels", json={"name": name, "color": "ededed"})
        if answer.status_code != httpx.codes.UNPROCESSABLE_ENTITY:
            self._checked(answer)

    def ensure_milestone(self, title: str) -> int:
        """The number of the milestone with this title, made where there is none."""
        for milestone in self.items("/milestones", state="all"):
            if milestone["title"] == title:
                return int(milestone["number"])
        return int(self._checked(self._client.post("/milestones", json={"title": title}))["number"])

    def edit(self, number: int, **fields: object) -> None:
        """Change fields of an issue: ``title``, ``milestone`` (a number or ``None``), ``state``."""
        self._checked(self._client.patch(f"/issues/{number}", json=fields))

    def comment(self, number: int, body: str) -> None:
        """Comment on an issue."""
        self._checked(self._client.post(f"/issues/{number}/comments", json={"body": body}))

    def _checked(self, answer: httpx.Response) -> Any:
        if answer.is_success:
            return answer.json() if answer.content else None
        raise ProblemError(
            Problem(
                code="box-refused",
                what=f"GitHub in a box refused {answer.request.method} {safe_text(answer.request.url.path)}",
                why=safe_text(f"HTTP {answer.status_code}: {answer.text}", max_chars=300),
                fix="this is a bug in the demo; please report it",
                family="ours",
            )
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()
