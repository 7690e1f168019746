"""GitHub's addresses: where its API and its pages are, and which redirect may be followed.

An address comes from a person or from the environment, so it is judged before anything is sent to it.
"""

from __future__ import annotations

from urllib.parse import quote, urljoin, urlsplit, urlunsplit

from engine.problems import Problem, ProblemError
from tassist.text import safe_text

GITHUB_API = "https://api.github.com"
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def api_root(url: str) -> str:
    """The root of GitHub's API without a slash at its end; https only, except for this machine itself.

    github.com → ``https://api.github.com``; Enterprise Server → ``https://HOST/api/v3``. The address of the pages
    (``https://github.com``, ``https://HOST``) is taken as what was meant.

    Raises:
        ProblemError: it is no address tokens may be sent to.
    """
    url = url.strip()
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ProblemError(_wrong(url, "it is not an address")) from None
    if parts.username is not None or parts.password is not None or "@" in parts.netloc:
        raise ProblemError(_wrong("(not shown)", "it holds a user name or a password"))
    if parts.scheme == "http" and host in _LOOPBACK:
        pass
    elif parts.scheme != "https":
        raise ProblemError(_wrong(url, "it does not begin with https://, so tokens could be read on their way"))
    if not host or "\\" in url or any(char.isspace() for char in url) or parts.query or parts.fragment:
        raise ProblemError(_wrong(url, "it is not an address of the form https://HOST/api/v3"))
    if host.startswith("169.254.") or host in {"0.0.0.0", "[::]", "metadata.google.internal"}:  # noqa: S104 – refused here
        raise ProblemError(_wrong(url, "that is no address of a GitHub"))
    path = parts.path.rstrip("/")
    if host in {"github.com", "www.github.com"}:
        return GITHUB_API
    if not path and host != "api.github.com" and not (host.startswith("api.") and host.endswith(".ghe.com")):
        path = "/api/v3"
    netloc = f"[{host}]" if ":" in host else host
    return urlunsplit((parts.scheme, f"{netloc}:{port}" if port else netloc, path, "", ""))


def web_root(api: str) -> str:
    """The root of GitHub's pages that belongs to an API root."""
    parts = urlsplit(api)
    if parts.path.endswith("/api/v3"):
        return urlunsplit((parts.scheme, parts.netloc, parts.path.removesuffix("/api/v3"), "", ""))
    return urlunsplit((parts.scheme, parts.netloc.removeprefix("api."), "", "", ""))


def same_origin(one: str, other: str) -> bool:
    """Whether a token that belongs to one address may be sent to the other: scheme, host and port are equal."""
    return _origin(one) == _origin(other)


def moved_to(url: str, location: str) -> str | None:
    """The absolute address a redirect leads to, or ``None`` where it leads nowhere a client should go."""
    try:
        target = urljoin(url, location.strip())
        parts = urlsplit(target)
        _ = parts.port
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
        return None
    if urlsplit(url).scheme == "https" and parts.scheme != "https":
        return None
    return target


def segment(name: str) -> str:
    """A name as one segment of a path: a label may hold ``/``, ``?``, ``#``, ``%``, or be just dots."""
    quoted = quote(name, safe="")
    return quoted.replace(".", "%2E") if quoted.strip(".") == "" else quoted


def repository(repo: str, repo_id: int = 0) -> str:
    """The path of a repository: by id where it is known, since an id survives renames and transfers.

    Source: https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#follow-redirects
    """
    if repo_id:
        return f"/repositories/{repo_id}"
    owner, _, name = repo.partition("/")
    return f"/repos/{segment(owner)}/{segment(name)}"


def _origin(url: str) -> tuple[str, str, int]:
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or (443 if parts.scheme == "https" else 80)


def _wrong(url: str, why: str) -> Problem:
    return Problem(
        "api-url-wrong",
        f"GITHUB_API_URL cannot be used: {safe_text(url, max_chars=80)}",
        why,
        "leave it out for github.com, or set https://HOST/api/v3 for GitHub Enterprise Server",
    )
