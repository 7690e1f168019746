"""The person at the browser: opens a page, submits its form, and reads the address they are sent to."""

from __future__ import annotations

from collections.abc import Mapping
from html.parser import HTMLParser
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx
from typing_extensions import override

from engine.problems import Problem, ProblemError
from tassist.text import safe_text


class _Forms(HTMLParser):
    """The forms of a page: action, method and the fields a person would send unchanged."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[str, str, dict[str, str]]] = []
        self._select = ""

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append((given.get("method", "get").lower(), given.get("action", ""), {}))
        elif tag == "option" and self.forms and self._select:
            fields = self.forms[-1][2]
            if "selected" in given or self._select not in fields:
                fields[self._select] = given.get("value", "")
        elif self.forms and tag == "select":
            self._select = given.get("name", "")
        elif self.forms and given.get("name"):
            kind = given.get("type", "text")
            fields = self.forms[-1][2]
            if tag == "input" and (kind not in {"radio", "checkbox"} or "checked" in given):
                fields[given["name"]] = given.get("value", "on" if kind == "checkbox" else "")
            elif tag == "button" and kind in {"text", "submit"}:
                fields.setdefault(given["name"], given.get("value", ""))


class Browser:
    """Submits forms as a browser does, and stops at addresses outside the box."""

    def __init__(self, root_url: str) -> None:
        self.root_url = root_url
        self._client = httpx.Client(follow_redirects=False, timeout=30.0, trust_env=False, headers={"Origin": root_url})

    def post(self, path: str, fields: Mapping[str, str]) -> httpx.Response:
        """Send a form of our own, as the local page of the installer does."""
        return self._client.post(urljoin(self.root_url, path), data=dict(fields))

    def open(self, path: str) -> httpx.Response:
        """Look at a page."""
        return self._client.get(urljoin(self.root_url, path))

    def confirm(self, page: httpx.Response) -> str:
        """Press the button of a page's last form; the address the person is sent to.

        Raises:
            ProblemError: The page has no form, or its form is refused.
        """
        reader = _Forms()
        reader.feed(page.text)
        if page.is_success and reader.forms:
            method, action, fields = reader.forms[-1]
            target = urljoin(str(page.url), action)
            page = (
                self._client.post(target, data=fields) if method == "post" else self._client.get(target, params=fields)
            )
            if page.is_redirect:
                return urljoin(target, page.headers["location"])
        raise ProblemError(
            Problem(
                "box-page-refused",
                f"the page {safe_text(page.url.path)} of GitHub in a box did not go on",
                safe_text(f"HTTP {page.status_code}: {page.text}", max_chars=300),
                "this is a bug in the demo; please report it",
                family="ours",
            )
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()


def query_of(address: str) -> dict[str, str]:
    """The parameters of an address; the first value of each."""
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
