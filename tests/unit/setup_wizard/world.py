"""A world for the installer's steps: a GitHub App, a service and a doctor that remember what was done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from typing_extensions import override

from engine.problems import Problem, ProblemError
from setup_wizard.outcome import Change, Waiting
from setup_wizard.ports import (
    GitHubAppPort,
    HeldApp,
    Hook,
    Installed,
    NewApp,
    Opened,
    ProbePort,
    Proposed,
    RepositoriesPort,
    Scaffold,
    Seen,
    ServicePort,
    SettingsPort,
    TelemetryPort,
    World,
)

APP = HeldApp(7, "tidy", "Tidy", "acme", "https://github.com", "https://github.com/apps/tidy", "file", "SHA256:x")


@dataclass
class FakeGitHub(GitHubAppPort):
    """Clicks come at once, unless there is nobody."""

    app: HeldApp | None = None
    config: Hook | None = None
    ours: bool = False
    installs: tuple[Installed, ...] = ()
    wanting: tuple[str, ...] = ()
    taken: tuple[Problem, ...] = ()
    keeps: bool = True
    open_places: tuple[str, ...] = ()
    """Where nothing can be kept."""
    brings: HeldApp = APP
    """What a line of export holds."""
    done: list[str] = field(default_factory=list)

    def _made(self, what: str) -> HeldApp:
        self.done.append(what)
        self.app = APP
        return APP

    @override
    async def held(self) -> HeldApp | None:
        return self.app

    @override
    async def recognised(self) -> HeldApp:
        assert self.app is not None
        return self.app

    @override
    async def name_faults(self, github: str, name: str, organization: str) -> tuple[Problem, ...]:
        return self.taken

    @override
    async def create(self, wanted: NewApp) -> Waiting:
        self.done.append(f"create {wanted.name} {wanted.hook_url} {wanted.way} {wanted.organization}".strip())
        return Waiting("you to click", "http://127.0.0.1/x", accepts="the address")

    @override
    async def created(self) -> HeldApp:
        return self._made("clicked")

    @override
    async def pasted(self, text: str) -> HeldApp:
        return self._made(f"pasted {text}")

    @override
    async def adopt(self, github: str, app_id: int, key_file: str) -> HeldApp:
        return self._made(f"adopt {app_id} {key_file}")

    @override
    async def opened(self, bundle: str, passphrase: str) -> Opened:
        return Opened(self.brings, same=self.brings == self.app)

    @override
    async def unpack(self, bundle: str, passphrase: str) -> HeldApp:
        self.done.append(f"unpack {bundle} {passphrase}")
        self.app = self.brings
        return self.brings

    @override
    async def place_faults(self, place: str) -> tuple[Problem, ...]:
        return (Problem("not-private", f"{place} is open"),) if place in self.open_places else ()

    @override
    async def keep_in(self, place: str) -> HeldApp:
        assert self.app is not None
        self.done.append(f"keep {place}")
        self.app = replace(self.app, kept_in=place) if self.keeps else self.app
        return self.app

    @override
    async def hook(self) -> Hook | None:
        return self.config

    @override
    async def set_hook(self, url: str) -> Hook:
        self.done.append(f"hook {url}")
        self.ours = True
        if self.keeps:
            self.config = Hook(url, is_json=True, has_secret=True, checks_tls=True)
        return Hook(url, is_json=True, has_secret=True, checks_tls=True)

    @override
    async def secret_is_ours(self) -> bool:
        return self.ours

    @override
    async def installations(self) -> tuple[Installed, ...]:
        return self.installs

    @override
    async def requests(self) -> tuple[str, ...]:
        return self.wanting

    @override
    async def installed(self) -> tuple[Installed, ...]:
        self.done.append("installed")
        self.installs = (Installed(1, "acme", suspended=False),)
        return self.installs


@dataclass
class FakeService(ServicePort):
    """Deliveries arrive when it is asked to prove them."""

    seen: str = ""
    arrives: bool = True

    @override
    async def delivery_seen(self, *, polls: bool) -> str:
        return self.seen

    @override
    async def prove(self, *, polls: bool, tunnel: str = "") -> str:
        self.seen = "ping" if self.arrives else ""
        return "ping"


@dataclass
class FakeProbe(ProbePort):
    """Finds what it is told to."""

    found: tuple[Problem, ...] = ()

    @override
    async def problems(self) -> tuple[Problem, ...]:
        return self.found


@dataclass
class FakeSettings(SettingsPort):
    """A settings file; ``stronger`` are settings the environment sets."""

    values: dict[str, str] = field(default_factory=lambda: {"repositories": "all", "telemetry_sinks": "jsonl"})
    stronger: tuple[str, ...] = ()
    secrets: dict[str, str] = field(default_factory=dict)
    forgets: bool = False

    @override
    def now(self, name: str) -> str:
        return self.values[name]

    @override
    def beaten(self, names: Sequence[str]) -> tuple[Problem, ...]:
        return tuple(Problem("setting-beaten", f"{name} is set elsewhere") for name in names if name in self.stronger)

    @override
    def changes(self, wanted: Mapping[str, str], secrets: Sequence[str]) -> tuple[Change, ...]:
        return tuple(Change("tassist.toml", f"set {name}") for name in (*wanted, *secrets))

    @override
    def keep(self, wanted: Mapping[str, str], secrets: Mapping[str, str]) -> None:
        self.values |= {} if self.forgets else wanted
        self.secrets |= secrets


@dataclass
class FakeTelemetry(TelemetryPort):
    """Sinks that take what they get, unless they are broken."""

    broken: tuple[str, ...] = ()
    tried: list[str] = field(default_factory=list)

    @override
    async def try_out(self, sinks: str, secrets: Mapping[str, str]) -> tuple[str, ...]:
        self.tried.append(sinks)
        problems = [Problem("sink-broken", f"{each} is broken") for each in sinks.split(",") if each in self.broken]
        if problems:
            raise ProblemError(problems)
        return tuple(f"{each} took it" for each in sinks.split(","))


@dataclass
class FakeRepositories(RepositoriesPort):
    """Two repositories of one installation."""

    installed: tuple[str, ...] = ("acme/app", "acme/api")
    seen: Seen = field(
        default_factory=lambda: Seen(("bug", "track/api"), ("Phase 1", "v1.0"), ("track/api",), ("Phase 1",), ())
    )
    files: tuple[Proposed, ...] = (Proposed("GitHub, acme/app", "a.yml", ("+a",), exists=False),)
    written: list[Scaffold] = field(default_factory=list)

    @override
    async def names(self) -> tuple[str, ...]:
        return self.installed

    @override
    async def look(self, repo: str, way: str, folder: str) -> Seen:
        return self.seen

    @override
    async def propose(self, wanted: Scaffold) -> tuple[Proposed, ...]:
        return self.files

    @override
    async def write(self, wanted: Scaffold) -> str:
        self.written.append(wanted)
        return "written"


@dataclass
class Fake:
    """All of it."""

    github: FakeGitHub = field(default_factory=FakeGitHub)
    service: FakeService = field(default_factory=FakeService)
    probe: FakeProbe = field(default_factory=FakeProbe)
    settings: FakeSettings = field(default_factory=FakeSettings)
    telemetry: FakeTelemetry = field(default_factory=FakeTelemetry)
    repositories: FakeRepositories = field(default_factory=FakeRepositories)

    def world(self) -> World:
        """As steps see it."""
        return World(
            self.github,
            self.service,
            self.probe,
            self.settings,
            self.telemetry,
            self.repositories,
            "/home/me/tassist",
        )
