"""The credentials of one GitHub App: kept in a private file, in the keyring or in a `.env`, or given by the environment.

Whatever place the secrets are in, one private file in the home folder says which; so every command finds them the same way.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec

from engine.problems import Problem, ProblemError
from tassist.config.settings import Settings
from tassist.errors import Secret
from tassist.secrets import env_file, system_keyring
from tassist.secrets.files import read_private, write_private
from tassist.secrets.private_key import PrivateKey, parse_private_keys
from tassist.text import safe_text

FILE_NAME = "github-app.json"
ARRIVING_NAME = "github-app.new.json"
_FORM = 1
Place = Literal["file", "keyring", "env-file"]


@dataclass(frozen=True, slots=True)
class GitHubApp:
    """Everything needed to act as the App. Its `repr` shows no secret."""

    app_id: int
    private_key: Secret
    """PEM as given; several keys one after the other during a rotation."""
    webhook_secret: Secret = field(default_factory=lambda: Secret(""))
    client_id: str = ""
    slug: str = ""
    """The name in addresses; the bot's login is ``slug[bot]``."""
    name: str = ""
    owner: str = ""
    api_url: str = "https://api.github.com"
    html_url: str = ""
    """The App's page, such as ``https://github.com/apps/slug``; installed at ``…/installations/new``."""
    client_secret: Secret = field(default_factory=lambda: Secret(""))
    webhook_secret_previous: Secret = field(default_factory=lambda: Secret(""))
    webhook_secret_previous_until: str = ""
    """Until when it is accepted, as ISO 8601; empty: as long as it is kept."""
    secret_made_here: bool = False
    """The webhook's secret was made here and GitHub has it; GitHub's own is replaced by the installer."""
    rotating: str = ""
    """``secret``: the new webhook secret is kept here, and GitHub has perhaps not been told yet."""
    kept_in: Place = "file"
    env_file: str = ""
    """The `.env` that holds the secrets, absolute, where `kept_in` says so."""
    imported: bool = False
    """Brought from another machine as a line; noted with the credentials, so that no moment is between the two."""

    def keys(self) -> tuple[PrivateKey, ...]:
        """The private keys, parsed; do this once."""
        return parse_private_keys(self.private_key.reveal())


class _Stored(msgspec.Struct, omit_defaults=True):
    """The file's form; what it does not know it leaves out, and keeps reading."""

    app_id: int
    private_key: str = ""
    form: int = _FORM
    webhook_secret: str = ""
    client_id: str = ""
    slug: str = ""
    name: str = ""
    owner: str = ""
    api_url: str = "https://api.github.com"
    html_url: str = ""
    client_secret: str = ""
    webhook_secret_previous: str = ""
    webhook_secret_previous_until: str = ""
    secret_made_here: bool = False
    rotating: str = ""
    kept_in: Place = "file"
    env_file: str = ""
    imported: bool = False


_LATER = {"webhook_secret_previous_until", "secret_made_here", "rotating", "kept_in", "env_file", "imported"}
SECRET_FIELDS = ("private_key", "webhook_secret", "client_secret", "webhook_secret_previous")
VARIABLES = {
    "private_key": "GITHUB_PRIVATE_KEY",
    "webhook_secret": "GITHUB_WEBHOOK_SECRET",
    "client_secret": "GITHUB_CLIENT_SECRET",
    "webhook_secret_previous": "GITHUB_WEBHOOK_SECRET_PREVIOUS",
}
"""In a `.env`."""


def credentials_path(home: Path) -> Path:
    """Where the credentials are kept below the home folder."""
    return home / FILE_NAME


def arriving_path(home: Path) -> Path:
    """Where new credentials are kept until they take the place of those used so far."""
    return home / ARRIVING_NAME


def save(app: GitHubApp, path: Path) -> None:
    """Keep the credentials in the place they name; durable, and read back where that can fail, when this returns.

    The secrets are in their place before the file that names the place is written, so that it never names an empty one.

    Raises:
        ProblemError: the path is a symlink or not ours, the keyring does not keep them, or the system refuses.
    """
    if app.kept_in == "keyring":
        for name in SECRET_FIELDS:
            secret: Secret = getattr(app, name)
            if secret.reveal():
                system_keyring.put(_entry(app.app_id, app.api_url, name), secret)
    elif app.kept_in == "env-file":
        kept: dict[str, str | None] = {VARIABLES[name]: getattr(app, name).reveal() or None for name in SECRET_FIELDS}
        env_file.update(Path(app.env_file), {"GITHUB_APP_ID": str(app.app_id), **kept})
    stored: dict[str, Any] = {"form": _FORM}
    for name in _Stored.__struct_fields__:
        if name == "form" or (app.kept_in != "file" and name in SECRET_FIELDS):
            continue
        value = getattr(app, name)
        if name in _LATER and value == getattr(_Stored(app_id=0), name):
            continue  # an older tassist reads the file as long as nothing newer is used
        stored[name] = value.reveal() if isinstance(value, Secret) else value
    write_private(path, msgspec.json.format(msgspec.json.encode(stored), indent=2) + b"\n")
    if app.kept_in == "keyring" and not app.webhook_secret_previous:
        system_keyring.delete(_entry(app.app_id, app.api_url, "webhook_secret_previous"))


def read(path: Path, *, secrets: bool = True) -> GitHubApp:
    """Read what `save` wrote, from whatever place it is kept in.

    Args:
        path: The file that names the place.
        secrets: Fetch them too; without them the keyring is not asked.

    Raises:
        ProblemError: there is none, others can read it, it is not one of ours, or its secrets are not where it says.
    """
    content = read_private(path)
    try:
        stored = msgspec.json.decode(content, type=_Stored)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        # The decoder's message is left out: it may quote what it read.
        raise ProblemError(_not_ours(path, "it is not a credential file of tassist")) from None
    if stored.form != _FORM:
        raise ProblemError(_not_ours(path, f"it has form {stored.form}, and this tassist knows form {_FORM}"))
    if stored.kept_in == "file" and "private_key" not in msgspec.json.decode(content):
        raise ProblemError(_not_ours(path, "it is not a credential file of tassist"))
    values = {name: getattr(stored, name) for name in _Stored.__struct_fields__ if name != "form"}
    for name in SECRET_FIELDS:
        values[name] = Secret(values[name])
    app = GitHubApp(**values)
    return _fetched(app) if secrets and app.kept_in != "file" else app


def _fetched(app: GitHubApp) -> GitHubApp:
    """The same with the secrets of its place."""
    if app.kept_in == "env-file":
        found = env_file.read(Path(app.env_file))
        values: dict[str, Any] = {name: Secret(found.get(variable, "")) for name, variable in VARIABLES.items()}
    else:
        entries = [_entry(app.app_id, app.api_url, name) for name in SECRET_FIELDS]
        values = dict(zip(SECRET_FIELDS, system_keyring.get_all(entries), strict=True))
    if not values["private_key"]:
        place = "the keyring" if app.kept_in == "keyring" else safe_text(app.env_file)
        raise ProblemError(
            Problem(
                "secrets-gone",
                f"the private key of App {app.app_id} is not in {place}",
                "it was kept there, and somebody removed it or is another user",
                "make a new private key in the App's settings and run: tassist setup --redo app",
                family="auth",
            )
        )
    return replace(app, **values)


def forget(app: GitHubApp) -> None:
    """Remove the secrets from the place they name, which is not their place any more; the file is the caller's.

    Raises:
        ProblemError: they cannot be removed.
    """
    if app.kept_in == "keyring":
        for name in SECRET_FIELDS:
            system_keyring.delete(_entry(app.app_id, app.api_url, name))
    elif app.kept_in == "env-file":
        env_file.update(Path(app.env_file), dict.fromkeys(["GITHUB_APP_ID", *VARIABLES.values()]))


def _entry(app_id: int, api_url: str, name: str) -> str:
    """An entry's name in the keyring: the same App id may exist at two GitHubs."""
    return f"{urlsplit(api_url).netloc}/{app_id}/{name}"


def load(settings: Settings, *, needs_webhook_secret: bool = False) -> GitHubApp:
    """The App's credentials: what the environment says, the rest from the credential file.

    Args:
        settings: As loaded.
        needs_webhook_secret: Refuse to go on without one; a server without it would have to trust everybody.

    Raises:
        ProblemError: with everything that is missing or wrong, at once.
    """
    path = credentials_path(settings.home)
    stored = read(path, secrets=False) if path.is_symlink() or path.exists() else None
    problems: list[Problem] = []
    if stored is not None and not (settings.secret("private_key") and settings.secret("webhook_secret")):
        # A keyring that nobody needs is not asked: a service may be given everything by its environment.
        try:
            stored = _fetched(stored) if stored.kept_in != "file" else stored
        except ProblemError as error:
            problems.extend(error.problems)
            stored = None
    given_id = settings.text("app_id")
    app_id = stored.app_id if stored else 0
    if given_id:
        if given_id.isascii() and given_id.isdigit() and 0 < int(given_id) < 2**63:
            app_id = int(given_id)
        else:
            problems.append(
                Problem(
                    "app-id-wrong",
                    f"GITHUB_APP_ID is {safe_text(given_id, max_chars=40)!r}",
                    "an App's id is a whole number; the client id (Iv…) goes to GITHUB_CLIENT_ID",
                    "take it from the App's settings page, under About",
                )
            )
    key = _given_key(settings, problems) or (stored.private_key if stored else Secret(""))
    # A key of the environment belongs to the App of the environment: nothing of another App is mixed in.
    same = stored if stored and stored.app_id == app_id else None
    webhook_secret = settings.secret("webhook_secret") or (same.webhook_secret if same else Secret(""))
    if not app_id and not problems:
        problems.append(_missing("app-id-missing", "the GitHub App's id is not known", "GITHUB_APP_ID"))
    if not key and not any(problem.code.startswith("private-key") for problem in problems):
        problems.append(_missing("private-key-missing", "the App's private key is not known", "GITHUB_PRIVATE_KEY"))
    if needs_webhook_secret and not webhook_secret.reveal().strip():
        problems.append(
            _missing("webhook-secret-missing", "the webhook's secret is not known", "GITHUB_WEBHOOK_SECRET")
        )
    if key:
        try:
            parse_private_keys(key.reveal())
        except ProblemError as error:
            problems.extend(error.problems)
    if problems:
        raise ProblemError(problems)
    api_url = settings.values["api_url"]
    return GitHubApp(
        app_id=app_id,
        private_key=key,
        webhook_secret=webhook_secret,
        client_id=settings.text("client_id") or (same.client_id if same else ""),
        slug=same.slug if same else "",
        name=same.name if same else "",
        owner=same.owner if same else "",
        api_url=same.api_url if same and api_url.source == "default" else settings.text("api_url"),
        html_url=same.html_url if same else "",
        client_secret=same.client_secret if same else Secret(""),
        webhook_secret_previous=settings.secret("webhook_secret_previous")
        or (same.webhook_secret_previous if same else Secret("")),
        webhook_secret_previous_until=same.webhook_secret_previous_until if same else "",
        secret_made_here=same.secret_made_here if same else False,
        rotating=same.rotating if same else "",
        kept_in=same.kept_in if same else "file",
        env_file=same.env_file if same else "",
    )


def load_webhook_secret(settings: Settings) -> Secret:
    """The webhook's secret alone: what signs a delivery to this machine needs neither App id nor key.

    Raises:
        ProblemError: there is none, or the credential file cannot be read.
    """
    given = settings.secret("webhook_secret")
    if given.reveal().strip():
        return given
    path = credentials_path(settings.home)
    stored = read(path) if path.is_symlink() or path.exists() else None
    if stored is None or not stored.webhook_secret.reveal().strip():
        raise ProblemError(
            _missing("webhook-secret-missing", "the webhook's secret is not known", "GITHUB_WEBHOOK_SECRET")
        )
    return stored.webhook_secret


def _given_key(settings: Settings, problems: list[Problem]) -> Secret:
    given = settings.secret("private_key")
    if given:
        return given
    path = settings.path("private_key_file")
    if path is None:
        return Secret("")
    try:
        content = read_private(path)
        parsed = parse_private_keys(content)
    except ProblemError as error:
        problems.extend(
            Problem(
                problem.code if problem.code.startswith("private-key") else f"private-key-{problem.code}",
                f"GITHUB_PRIVATE_KEY_FILE: {problem.what}",
                problem.why,
                problem.fix,
                family=problem.family,
            )
            for problem in error.problems
        )
        return Secret("")
    return Secret("".join(key.pem.reveal() for key in parsed))


def _missing(code: str, what: str, variable: str) -> Problem:
    return Problem(code, what, fix=f"run tassist setup, or set {variable}", family="auth")


def _not_ours(path: Path, why: str) -> Problem:
    return Problem(
        "credentials-unreadable",
        f"the credentials in {safe_text(path)} cannot be used",
        why,
        "restore the file from a backup, or make a new private key and run tassist setup",
    )
