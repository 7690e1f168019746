"""GitHub's error answers: status, sentence, ``errors`` and where it is documented."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

DOCS = "https://docs.github.com/rest"


class GitHubError(Exception):
    """An answer that is not a success; becomes the body GitHub would send."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        errors: Sequence[Any] | None = None,
        docs: str = DOCS,
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.errors = errors
        self.docs = docs
        self.headers = dict(headers or {})
        self.extra = dict(extra or {})

    def body(self) -> dict[str, Any]:
        """The JSON body, keys in GitHub's order."""
        body: dict[str, Any] = {"message": self.message}
        if self.errors is not None:
            body["errors"] = list(self.errors)
        body.update(self.extra)
        body["documentation_url"] = self.docs
        body["status"] = str(self.status)
        return body


def not_found(docs: str = DOCS) -> GitHubError:
    """404, also where the caller may not know that the thing exists."""
    return GitHubError(404, "Not Found", docs=docs)


def gone(message: str = "This issue was deleted") -> GitHubError:
    """410."""
    return GitHubError(410, message, docs=f"{DOCS}/issues/issues#get-an-issue")


def not_accessible() -> GitHubError:
    """403: an App's token lacks the permission or the repository."""
    return GitHubError(403, "Resource not accessible by integration")


def must_have(right: str) -> GitHubError:
    """403: a person's role is too low."""
    return GitHubError(403, f"Must have {right} rights to Repository.")


def archived() -> GitHubError:
    """403: writes to an archived repository."""
    return GitHubError(403, "Repository was archived so is read-only.")


def bad_credentials() -> GitHubError:
    """401: a token nobody knows, or one that has expired."""
    return GitHubError(401, "Bad credentials")


def invalid(resource: str, field: str, code: str, message: str | None = None, value: Any = ...) -> GitHubError:
    """422 with one entry of ``errors``."""
    return validation([entry(resource, field, code, message, value)])


def entry(resource: str, field: str, code: str, message: str | None = None, value: Any = ...) -> dict[str, Any]:
    """One entry of ``errors``; ``code`` is ``missing_field``, ``invalid``, ``already_exists``, ``custom`` and the like.

    Source: https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api#validation-failed
    """
    found: dict[str, Any] = {}
    if value is not ...:
        found["value"] = value
    found.update(resource=resource, code=code, field=field)
    if message is not None:
        found["message"] = message
    return found


def validation(errors: Sequence[Any]) -> GitHubError:
    """422 with these entries."""
    return GitHubError(422, "Validation Failed", errors=errors)


def unprocessable(message: str, **extra: Any) -> GitHubError:
    """422 with a sentence only."""
    return GitHubError(422, message, extra=extra or None)
