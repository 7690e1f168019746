"""The last step of the manifest flow: a code, good once and for an hour, becomes the App's credentials.

GitHub shows the private key in this one answer and never again, so it is saved before anything else is done with it.
Source: https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest
"""

from __future__ import annotations

import re
from pathlib import Path

from engine.problems import Problem, ProblemError
from tassist import secrets
from tassist.config import faults
from tassist.errors import Secret
from tassist.github.address import web_root
from tassist.github.client import Anonymous, AnswerLost, GitHubClient
from tassist.github.faults import Kind, Refused
from tassist.github.wire import ConversionWire
from tassist.secrets import GitHubApp
from tassist.secrets.private_key import parse_private_keys

_CODE = re.compile(r"[A-Za-z0-9_-]{8,200}")


async def convert(code: str, *, api_url: str, credentials_path: Path, client: GitHubClient | None = None) -> GitHubApp:
    """Exchange the code for the App, and save its credentials before returning them.

    Args:
        code: From the address GitHub redirected to.
        api_url: Root of GitHub's API.
        credentials_path: Where they are kept; checked to be writable before the code is used up.
        client: To ask with; default: one of its own.

    Raises:
        ProblemError: the code is used up or too old, GitHub cannot be reached, or the file cannot be written.
    """
    if not _CODE.fullmatch(code.strip()):
        raise ProblemError(
            Problem(
                "manifest-code-wrong",
                "that is not a code of GitHub's",
                "it stands after code= in the address GitHub redirected to",
                "copy it again, up to the next &",
            )
        )
    secrets.check_writable(credentials_path)
    own = client or GitHubClient(api_url)
    try:
        answer = await own.write(
            "POST",
            f"/app-manifests/{code.strip()}/conversions",
            ConversionWire,
            Anonymous(),
            repeatable=False,
            paced=False,
        )
    except Refused as error:
        raise ProblemError(_refused(error)) from None
    except AnswerLost as error:
        raise ProblemError(_lost(error, web_root(own.api_url))) from None
    finally:
        if client is None:
            await own.close()
    made = answer.value
    app = GitHubApp(
        app_id=made.id or 0,
        private_key=Secret(made.pem or ""),
        webhook_secret=Secret(made.webhook_secret or ""),
        client_id=made.client_id or "",
        slug=made.slug or "",
        name=made.name or "",
        owner=(made.owner.login if made.owner else None) or "",
        api_url=own.api_url,
        html_url=made.html_url or f"{web_root(own.api_url)}/apps/{made.slug or ''}",
        client_secret=Secret(made.client_secret or ""),
    )
    faults.point("setup-converted")
    secrets.save(app, credentials_path)
    # Only now is the answer judged: whatever it was, nothing of it is lost.
    if not app.app_id:
        raise ProblemError(_incomplete("no id"))
    try:
        parse_private_keys(app.private_key.reveal())
    except ProblemError as error:
        raise ProblemError(_incomplete(error.problems[0].what)) from None
    return app


def _refused(error: Refused) -> Problem:
    if error.fault.kind in {Kind.NOT_FOUND, Kind.INVALID, Kind.GONE, Kind.LAGGING}:
        return Problem(
            "manifest-code-used",
            "GitHub does not know the code",
            "it can be used once, and within an hour",
            "start again: tassist setup. If the App exists already, its settings page can delete it or make a new key",
        )
    problem = error.fault.problem()
    return Problem(problem.code, problem.what, error.fault.message, problem.fix, family=problem.family)


def _lost(error: AnswerLost, pages: str) -> Problem:
    return Problem(
        "manifest-answer-lost",
        "the App was perhaps created, and its key was lost on the way",
        error.problems[0].why,
        f"look at {pages}/settings/apps: where the App is there, make a new private key for it and give it to "
        "tassist setup, or delete it and start again",
        family="world",
    )


def _incomplete(why: str) -> Problem:
    return Problem(
        "manifest-answer-incomplete",
        "GitHub's answer lacks something",
        why,
        "what came is saved; make a new private key in the App's settings and run tassist setup",
        family="world",
    )
