"""What the installer's steps need from the world, as small as it can be; `tassist.services.setup` provides it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from engine.problems import Problem
from setup_wizard.outcome import Change, Waiting


@dataclass(frozen=True, slots=True)
class NewApp:
    """An App to be created."""

    github: str
    """Root of GitHub's pages, such as ``https://github.com``."""
    name: str
    organization: str
    """Empty: the account of whoever clicks."""
    hook_url: str
    way: str
    """``browser``, ``tunnel``, ``paste`` or ``link``."""
    tunnel: str = ""
    """``ngrok`` or ``agent`` where a tunnel is to be opened for the way back; empty: ``hook_url`` leads here already."""


@dataclass(frozen=True, slots=True)
class HeldApp:
    """An App whose credentials are kept here."""

    app_id: int
    slug: str
    name: str
    owner: str
    github: str
    html_url: str
    kept_in: str
    """``keyring``, ``file``, ``env-file``, or ``environment`` where a variable or a foreign `.env` gives them."""
    fingerprint: str = ""
    """Of the private key, as the App's settings page shows it."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What a line of `export` holds."""

    app: HeldApp
    """As GitHub knows it now; ``kept_in`` says nothing."""
    same: bool
    """These very credentials are kept here already."""


@dataclass(frozen=True, slots=True)
class Hook:
    """The App's webhook at GitHub."""

    url: str
    is_json: bool
    has_secret: bool
    checks_tls: bool


@dataclass(frozen=True, slots=True)
class Installed:
    """The App in one account."""

    id: int
    account: str
    suspended: bool
    lacking: tuple[str, ...] = ()
    """Permissions that were not granted."""


class GitHubAppPort(Protocol):
    """The App, here and at GitHub. Every method raises ``ProblemError`` where GitHub or the disk refuses."""

    async def held(self) -> HeldApp | None:
        """The App whose credentials are kept here; asks GitHub nothing."""
        ...

    async def recognised(self) -> HeldApp:
        """The same, after GitHub accepted its key; name and slug as GitHub says them now."""
        ...

    async def name_faults(self, github: str, name: str, organization: str) -> tuple[Problem, ...]:
        """Whether GitHub has an App or an account of that name, and no such organisation; nothing where it cannot be found out."""
        ...

    async def create(self, wanted: NewApp) -> Waiting:
        """Make everything ready for the person's click; credentials arrive through `created` or `pasted`."""
        ...

    async def created(self) -> HeldApp:
        """Return when the App was created and its credentials are durable here."""
        ...

    async def pasted(self, text: str) -> HeldApp:
        """Go on with an address, a code or an App ID and key file that a person pasted."""
        ...

    async def adopt(self, github: str, app_id: int, key_file: str) -> HeldApp:
        """Take over an App that exists, after GitHub accepted the key for it."""
        ...

    async def opened(self, bundle: str, passphrase: str) -> Opened:
        """What `export` packed elsewhere, after GitHub accepted it; nothing is kept. Both may be references."""
        ...

    async def unpack(self, bundle: str, passphrase: str) -> HeldApp:
        """Take that over, after GitHub accepted it."""
        ...

    async def place_faults(self, place: str) -> tuple[Problem, ...]:
        """Why secrets cannot be kept in a place, found out before there are any; changes nothing."""
        ...

    async def keep_in(self, place: str) -> HeldApp:
        """Move the credentials: ``keyring``, ``file`` or ``env-file``. Durable in the new place before the old one is emptied."""
        ...

    async def hook(self) -> Hook | None:
        """The webhook as configured; ``None`` where the App has none."""
        ...

    async def set_hook(self, url: str) -> Hook:
        """Point the webhook there, as JSON with TLS checked, with a secret made here where there is none of ours yet."""
        ...

    async def secret_is_ours(self) -> bool:
        """Whether the webhook's secret was made here and set at GitHub."""
        ...

    async def installations(self) -> tuple[Installed, ...]:
        """Where the App is installed."""
        ...

    async def requests(self) -> tuple[str, ...]:
        """Accounts whose owners have yet to approve a requested installation."""
        ...

    async def installed(self) -> tuple[Installed, ...]:
        """Return when it is installed somewhere."""
        ...


class ServicePort(Protocol):
    """The webhook server on this machine."""

    async def delivery_seen(self, *, polls: bool) -> str:
        """One delivery that GitHub signed and that got here, in words; empty where there is none.

        Args:
            polls: Deliveries are read from GitHub's log, so one that is there has got here.
        """
        ...

    async def prove(self, *, polls: bool, tunnel: str = "") -> str:
        """Run the server if it is not running, have GitHub deliver, and return `delivery_seen` when it came.

        Raises:
            ProblemError: nothing arrived, with what GitHub's delivery log says about it.
        """
        ...


class ProbePort(Protocol):
    """What `tassist doctor` finds."""

    async def problems(self) -> tuple[Problem, ...]:
        """Everything that keeps the installation from working."""
        ...


class SettingsPort(Protocol):
    """The settings file in tassist's folder, and the `.env` where secrets among the settings go."""

    def now(self, name: str) -> str:
        """What a setting says now, whoever says it; for a secret only whether it is set: ``set`` or empty."""
        ...

    def beaten(self, names: Sequence[str]) -> tuple[Problem, ...]:
        """Settings that something stronger than the file sets, so that what is written there would not count."""
        ...

    def changes(self, wanted: Mapping[str, str], secrets: Sequence[str]) -> tuple[Change, ...]:
        """What `keep` would change; a secret only by its name."""
        ...

    def keep(self, wanted: Mapping[str, str], secrets: Mapping[str, str]) -> None:
        """Write settings and secrets (values or references), leaving everything else in the files as it is."""
        ...


class TelemetryPort(Protocol):
    """The sinks."""

    async def try_out(self, sinks: str, secrets: Mapping[str, str]) -> tuple[str, ...]:
        """Write one record to each sink and read it back where that is possible; a sentence for each.

        Args:
            sinks: As the setting ``telemetry_sinks`` writes them.
            secrets: Setting → value or reference, where it is not set yet.

        Raises:
            ProblemError: every sink that did not take it, and why.
        """
        ...


@dataclass(frozen=True, slots=True)
class Seen:
    """A repository, as far as its first configuration depends on it."""

    labels: tuple[str, ...]
    milestones: tuple[str, ...]
    """Titles of the open ones."""
    tracks: tuple[str, ...]
    """Labels that look like tracks."""
    phases: tuple[str, ...]
    """Milestones that look like phases."""
    existing: tuple[str, ...]
    """Paths of files that are there already, where they would be written."""


@dataclass(frozen=True, slots=True)
class Scaffold:
    """A repository's first files, as they are wanted."""

    repo: str
    way: str
    """``files``, ``commit`` or ``pull-request``."""
    folder: str
    tracks: tuple[str, ...]
    phases: tuple[str, ...]
    forms: bool
    dashboard: str
    """The telemetry repository that gets the workflow; empty: none."""
    replace: bool
    token: str = field(default="", repr=False)
    """A person's, or a reference to it; empty: the App's own right."""


@dataclass(frozen=True, slots=True)
class Proposed:
    """One of them against what is there."""

    where: str
    path: str
    diff: tuple[str, ...]
    """Empty where nothing would change."""
    exists: bool


class RepositoriesPort(Protocol):
    """The repositories the App is installed on."""

    async def names(self) -> tuple[str, ...]:
        """All of them, by ``owner/name``, an installation after the other."""
        ...

    async def look(self, repo: str, way: str, folder: str) -> Seen:
        """What the repository has; nothing is changed."""
        ...

    async def propose(self, wanted: Scaffold) -> tuple[Proposed, ...]:
        """Every file with its difference; nothing is changed.

        Raises:
            ProblemError: it could not be written there either, for want of a right or a checkout.
        """
        ...

    async def write(self, wanted: Scaffold) -> str:
        """Do it; what was done, in one sentence, with the pull request's address where there is one."""
        ...


@dataclass(frozen=True, slots=True)
class World:
    """All of it, handed to every step."""

    github: GitHubAppPort
    service: ServicePort
    probe: ProbePort
    settings: SettingsPort
    telemetry: TelemetryPort
    repositories: RepositoriesPort
    home: str
    """Where files are kept, for previews."""
