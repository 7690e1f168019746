"""The demo from start to end: box, App, server, people, summary; nothing is left of it when it is interrupted."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import shlex
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from engine.config import parse
from engine.config.types import Config, InvalidConfig
from engine.model import Issue, IssueRef, Label, Milestone
from engine.problems import Problem, ProblemError
from setup_wizard.manifest import build_manifest
from setup_wizard.scaffold import scaffold_config
from tassist import private
from tassist.config.settings import SETTINGS_FILE, environment
from tassist.github.app_api import AppApi
from tassist.github.app_auth import AppAuth
from tassist.github.client import GitHubClient
from tassist.github.manifest import convert
from tassist.sandbox import Box, Running, serve
from tassist.sandbox.model import User
from tassist.secrets import GitHubApp, credentials_path
from tassist.secrets.github_app import FILE_NAME
from tassist.services.config import read_source
from tassist.services.demo.browser import Browser, query_of
from tassist.services.demo.folder import DemoFolder
from tassist.services.demo.interrupts import Interrupts
from tassist.services.demo.people import CONFIG_PATH, Person
from tassist.services.demo.process import ServerProcess
from tassist.services.demo.story import Scene, play
from tassist.services.demo.summary import Summary
from tassist.services.demo.voice import Voice
from tassist.services.demo.watch import Watch
from tassist.store.journal import Journal
from tassist.store.model import LaneKey
from tassist.text import noun, safe_text

REDIRECT = "http://127.0.0.1:1/callback"
"""Where GitHub sends the person with the code; the demo reads it off the address, as paste-back does."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a person chose."""

    seed: Path | None = None
    config: Path | None = None
    folder: Path | None = None
    port: int = 0


def run_demo(
    options: Options,
    say: Callable[[str], None],
    *,
    width: int | None,
    show: Callable[[Summary], None],
    keep: bool = False,
) -> Summary:
    """Run the demo.

    Args:
        options: Seed, configuration, folder, port.
        say: Writes one line of talk.
        width: Columns of the terminal, ``None`` where there is none.
        show: Gets the summary as soon as the story is told.
        keep: Afterwards, leave everything running and show what happens until Ctrl-C.

    Raises:
        ProblemError: Something a person can mend; nothing is left behind.
        KeyboardInterrupt: Ctrl-C or a termination; nothing is left behind.
    """
    started = time.monotonic()
    given = _given_config(options.config)
    box = Box.seeded() if options.seed is None else Box.from_file(options.seed)
    with Interrupts() as interrupts, contextlib.ExitStack() as stack:
        try:
            return _tell(_Told(options, box, given, Voice(say, width=width), show, keep, started), interrupts, stack)
        finally:
            interrupts.hold()


@dataclass(frozen=True, slots=True)
class _Told:
    """What is told, and to whom."""

    options: Options
    box: Box
    given: str | None
    voice: Voice
    show: Callable[[Summary], None]
    keep: bool
    started: float


def _tell(told: _Told, interrupts: Interrupts, stack: contextlib.ExitStack) -> Summary:
    options, box, voice = told.options, told.box, told.voice
    with interrupts.held():
        folder = stack.enter_context(DemoFolder(options.folder, private=(FILE_NAME,)))
        running = stack.enter_context(serve(box, port=options.port))
    repo = _main_repo(box)
    login = box.settings.demo_user or next(iter(box.world.users.values())).login
    person = stack.enter_context(Person(login, box.user_token(login), running.api_url, repo))
    config = _commit_config(person, told.given)
    voice.say("Everything below happens on this machine: GitHub in a box, the App, the server, real signed deliveries.")
    voice.blank()
    voice.fact("GitHub", f"{running.url} (click there: it has pages)")
    # An event loop that is interrupted while it is being made leaves a traceback of its own, so each of these is whole.
    with interrupts.held():
        app = asyncio.run(_register(running, box.repository(repo).owner, folder.path))
    voice.fact("App", f"{safe_text(app.name)} (id {app.app_id}), made from a manifest by {login}")
    server = stack.enter_context(ServerProcess(folder.path, _environment(running), interrupts))
    server.start()
    _leave_settings(folder.path, running, server.url)
    with interrupts.held():
        asyncio.run(_point_hook(app, server.url))
    voice.fact("server", server.url)
    installation = _install(running, app, box, repo)
    voice.fact("installed on", safe_text(repo))
    journal = stack.enter_context(Journal.open(folder.path))
    watch = Watch(box, journal, voice, quiet_looks=True)

    voice.blank()
    voice.say("A first look at every open issue, as after every installation")
    watch.settle()
    issues = len(box.repository(repo).issues)
    looked_at = watch.seen.runs
    corrected = len(watch.seen.corrected)

    def redeliver(guid: str) -> None:
        with interrupts.held():
            asyncio.run(_redeliver(app, guid))

    scene = Scene(box, person, config, server, watch, voice, redeliver)
    play(scene)

    voice.blank()
    everything = len(box.repository(repo).issues)
    voice.say(
        f"A second look at {noun(everything, 'the one issue or pull request', f'all {everything} issues and pull requests')}, closed ones too:"
        " nothing should be left to do"
    )
    before, runs_before = len(box.requests.writes), watch.seen.runs
    with interrupts.held():
        _look_at_all(box, repo, journal, installation)
    watch.settle()
    summary = Summary(
        repo=repo,
        issues=issues,
        first_look_issues=looked_at,
        second_look_issues=watch.seen.runs - runs_before,
        corrected=corrected,
        deliveries=len(box.webhooks.log),
        runs=watch.seen.runs,
        writes=len(box.requests.writes),
        needless_writes=len(box.requests.needless_writes),
        second_look_writes=len(box.requests.writes) - before,
        lost=len(watch.lost()),
        server_starts=server.starts,
        records=_count_records(folder.path),
        dashboard=_dashboard(folder.path, running.url),
        telemetry=tuple(str(path) for path in _telemetry(folder.path)),
        passed_over=tuple(scene.passed_over),
        seconds=round(time.monotonic() - told.started, 1),
    )
    voice.blank()
    if options.folder is not None:
        folder.keep()
    # Nobody could find a folder of ours whose name was not shown.
    told.show(summary)
    folder.keep()
    if told.keep:
        with contextlib.suppress(KeyboardInterrupt):
            folder.discard()
            watch.quiet_looks = False
            voice.blank()
            ends = "Ctrl-C ends it" + (" and removes its folder" if options.folder is None else "")
            voice.say(f"Still running. Open {running.url}/{repo}/issues and click; {ends}.")
            voice.say(
                f"See it from inside, in another terminal: tassist console --home {shlex.quote(str(folder.path))}"
            )
            watch.forever()
    server.stop()

    return summary


def _leave_settings(folder: Path, running: Running, hook: str) -> None:
    """Write into the folder where GitHub and the server are, so that every command needs no more than ``--home``."""
    port = urlsplit(hook).port
    text = f'api_url = {json.dumps(running.api_url)}\napi_limits = "off"\nport = {port}\n'
    private.write(folder / SETTINGS_FILE, text.encode())


def _environment(running: Running) -> dict[str, str]:
    """The server's environment: ours, without credentials and proxies, and with the box as GitHub."""
    ours = {
        name: value
        for name, value in environment().items()
        if not name.startswith(("GITHUB_", "TASSIST_"))
        and not name.lower().endswith("_proxy")
        and name not in {"APP_ID", "WEBHOOK_SECRET"}
    }
    # The box has no limits unless it is asked for them, so nobody needs to wait.
    return ours | {"GITHUB_API_URL": running.api_url, "TASSIST_API_LIMITS": "off"}


def _given_config(path: Path | None) -> str | None:
    """The text of the configuration a person named.

    Raises:
        ProblemError: It cannot be read, or it is invalid; everything that is wrong with it.
    """
    if path is None:
        return None
    content = read_source(str(path))
    parsed = parse(content, file=str(path))
    if isinstance(parsed, InvalidConfig):
        raise ProblemError(parsed.problems)
    return content.decode("utf-8-sig")


def _main_repo(box: Box) -> str:
    """The repository the story plays in: the one with most issues."""
    repositories = [repo for repo in box.world.repositories.values() if not repo.archived]
    if not repositories:
        raise ProblemError(
            Problem("seed-empty", "the seed has no repository", fix="use one with a repository and issues")
        )
    return max(repositories, key=lambda repo: (len(repo.issues), -repo.id)).full_name


def _commit_config(person: Person, given: str | None) -> Config:
    """Give the repository its configuration: the one given, else its own, else one proposed from what it has."""
    text = given if given is not None else person.read_config()
    proposed = text is None
    if text is None:
        text = _proposed(person)
    parsed = parse(text, file=CONFIG_PATH)
    if isinstance(parsed, InvalidConfig):
        raise ProblemError(parsed.problems)
    if given is not None or proposed:
        person.write_config(text)
    return parsed


def _proposed(person: Person) -> str:
    labels = [Label(item["name"], item["description"] or "", item["color"]) for item in person.items("/labels")]
    milestones = {
        item["number"]: Milestone(item["number"], item["title"], item["state"])
        for item in person.items("/milestones", state="all")
    }
    issues = [
        Issue(
            IssueRef(person.repo, item["number"]),
            state=item["state"],
            labels=tuple(label["name"] for label in item["labels"]),
            milestone=milestones.get(item["milestone"]["number"]) if item["milestone"] else None,
        )
        for item in person.items("/issues", state="all")
    ]
    return scaffold_config(labels, list(milestones.values()), issues)


async def _register(running: Running, owner: User, folder: Path) -> GitHubApp:
    """Create the App from a manifest, as the installer does, and keep its credentials."""
    place = f"/organizations/{owner.login}" if owner.type == "Organization" else ""
    state = secrets.token_urlsafe(24)
    manifest = build_manifest(
        name=f"Task Assistant of {owner.login}"[:34], hook_url="https://example.com/webhook", redirect_url=REDIRECT
    )
    with Browser(running.url) as browser:
        page = browser.post(f"{place}/settings/apps/new?state={state}", {"manifest": manifest.to_json()})
        sent_to = query_of(browser.confirm(page))
    if not secrets.compare_digest(sent_to.get("state", ""), state):
        raise ProblemError(Problem("state-mismatch", "GitHub in a box sent back another state", family="ours"))
    async with GitHubClient(running.api_url, direct=True) as client:
        return await convert(
            sent_to["code"], api_url=running.api_url, credentials_path=credentials_path(folder), client=client
        )


async def _point_hook(app: GitHubApp, url: str) -> None:
    """Point the App's webhook at the server."""
    async with GitHubClient(app.api_url, direct=True) as client:
        await AppApi(AppAuth(app, client)).set_hook_config(url=url)


async def _redeliver(app: GitHubApp, guid: str) -> None:
    """Find the newest attempt of that delivery in the App's log, and have it sent again."""
    async with GitHubClient(app.api_url, direct=True) as client:
        api = AppApi(AppAuth(app, client))
        async for page in api.deliveries():
            attempt = next((item for item in page if item.guid == guid), None)
            if attempt is not None and attempt.id is not None:
                await api.redeliver(attempt.id)
                return


def _install(running: Running, app: GitHubApp, box: Box, repo: str) -> int:
    """Install the App on the repository's account, by clicking."""
    owner = box.repository(repo).owner
    with Browser(running.url) as browser:
        page = browser.open(f"/apps/{app.slug}/installations/new?suggested_target_id={owner.id}")
        browser.confirm(page)
    return next(found.id for found in box.world.installations.values() if found.app.id == app.app_id)


def _look_at_all(box: Box, repo: str, journal: Journal, installation: int) -> None:
    """Put every issue and pull request in line, closed ones too; the running server notices."""
    found = box.repository(repo)

    async def put_in_line() -> None:
        keys = [LaneKey(found.id, number) for number in sorted(found.issues)]
        await asyncio.gather(
            *(journal.open_lane(key, repo=repo, installation_id=installation, now=box.clock.now()) for key in keys)
        )

    asyncio.run(put_in_line())


def _dashboard(folder: Path, web_url: str) -> str:
    """Build the dashboard of what has just happened; its first page, which opens without any server."""
    from tassist.services.dashboard import build

    return build(folder / "telemetry", folder / "dashboard", web_url=web_url).index


def _telemetry(folder: Path) -> list[Path]:
    return sorted((folder / "telemetry").rglob("*.jsonl"))


def _count_records(folder: Path) -> int:
    return sum(path.read_bytes().count(b'"event_type":"run"') for path in _telemetry(folder))
