"""Repositories, sinks and first files, for real: settings kept, records written and read back, files, a commit, a pull request."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from typing_extensions import override

from engine.config import parse
from engine.config.types import Config
from engine.problems import ProblemError
from setup_wizard.ports import Scaffold
from tassist.sandbox import repositories
from tassist.services.setup.care import RealSettings, RealTelemetry
from tassist.services.setup.checkout import checkout_of
from tassist.services.setup.repositories import RealRepositories
from tests.support import keys
from tests.support.service import Outside, outside

CONFIG = ".github/task-assistant.yml"
FORM = ".github/ISSUE_TEMPLATE/bug.yml"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Outside]:
    """An App installed on octo/app, which has labels, milestones and a configuration; and on octo/lib, which has a README."""
    with outside(tmp_path) as found:
        with found.box.lock:
            made = repositories.create_repository(found.box, found.by, found.box.user("octo"), "lib", labels=False)
            from tassist.sandbox.git_store import commit_file

            commit_file(made, "README.md", b"# lib\n", "begin", found.by.user, found.box.clock.now())
        yield found


@pytest.fixture
def kept(world: Outside, tmp_path: Path) -> RealSettings:
    """Settings of the home folder, with a folder for `.env`."""
    folder = tmp_path / "folder"
    folder.mkdir()
    return RealSettings(world.home, {**world.env, "TASSIST_API_LIMITS": "off"}, folder=folder)


def wanted(**more: Any) -> Scaffold:
    usual = Scaffold("octo/app", "files", ".", ("track/main",), ("Phase 1",), forms=True, dashboard="", replace=False)
    return replace(usual, **more)


# --- settings


def test_settings_are_changed_in_their_place_and_the_rest_of_the_file_stays(kept: RealSettings) -> None:
    file = kept.home / "tassist.toml"
    file.write_text('# mine\nport = "9000"\nrepositories = "all" # everything\n\n# the end')

    shown = kept.changes({"repositories": "octo/app"}, ("telemetry_postgresql",))
    kept.keep(
        {"repositories": "octo/app", "telemetry_sinks": 'jsonl:/a "b"'},
        {"telemetry_postgresql": "postgresql://u:canary@h/d"},
    )

    assert file.read_text().splitlines() == [
        "# mine", 'port = "9000"', 'repositories = "octo/app"', "", "# the end", 'telemetry_sinks = "jsonl:/a \\"b\\""',
    ]  # fmt: skip
    assert '+repositories = "octo/app"' in shown[0].diff
    assert kept.now("repositories") == "octo/app"
    assert kept.now("telemetry_postgresql") == "set"
    assert "canary" not in repr(shown) + file.read_text()
    dotenv = kept.folder / ".env"
    assert "canary" in dotenv.read_text()
    assert dotenv.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("text", ["repositories = [\n", '[table]\nrepositories = "x"\n', 'repositories = """\nx"""\n'])
def test_a_file_that_cannot_be_changed_safely_is_left_alone_and_says_what_to_write(
    kept: RealSettings, text: str
) -> None:
    (kept.home / "tassist.toml").write_text(text)

    with pytest.raises(ProblemError, match=r"tassist\.toml cannot be changed here") as error:
        kept.changes({"repositories": "octo/app"}, ())

    assert 'repositories = "octo/app"' in error.value.problems[0].fix
    assert (kept.home / "tassist.toml").read_text() == text


def test_what_a_variable_sets_is_said_and_a_secret_that_is_there_is_not_written_again(kept: RealSettings) -> None:
    stronger = RealSettings(
        kept.home,
        {**kept.env, "TASSIST_REPOSITORIES": "x", "TASSIST_TELEMETRY_POSTGRESQL": "canary"},
        folder=kept.folder,
    )

    (problem,) = stronger.beaten(["repositories", "telemetry_sinks", "telemetry_postgresql"])
    stronger.keep({}, {"telemetry_postgresql": "env:TASSIST_TELEMETRY_POSTGRESQL"})
    with pytest.raises(ProblemError, match="is set in the environment to something else") as error:
        stronger.keep({}, {"telemetry_postgresql": "another canary"})

    assert "TASSIST_REPOSITORIES" in problem.what
    assert not (kept.folder / ".env").exists()
    assert "canary" not in repr(error.value.problems)


# --- sinks


@contextmanager
def collector(status: int) -> Iterator[tuple[str, list[Any]]]:
    got: list[Any] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            got.append((self.headers["authorization"], body))
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

        @override
        def log_message(self, *args: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Hook) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/v1/logs", got
        finally:
            server.shutdown()


async def test_each_sink_takes_a_real_record_and_gives_it_back_where_it_can(
    world: Outside, kept: RealSettings, tmp_path: Path
) -> None:
    database = tmp_path / "deep" / "telemetry.db"
    with collector(200) as (url, got):
        said = await RealTelemetry(kept).try_out(
            f"jsonl,sqlite:{database},otlp:{url}", {"telemetry_authorization": "Bearer canary"}
        )

    assert [line.rpartition(" took ")[2] for line in said] == [
        "a test record, and gave it back", "a test record, and gave it back", "a test record",
    ]  # fmt: skip
    (record,) = [
        json.loads(line)
        for path in world.home.rglob("*.jsonl")
        for line in path.read_text().splitlines()
        if "event_id" in line
    ]
    assert (record["event_type"], record["outcome"]) == ("setup_step", "success")
    ((header, body),) = got
    assert header == "Bearer canary"
    assert "setup_step" in json.dumps(body)
    assert "canary" not in " ".join(said) + json.dumps(body)


async def test_postgresql_takes_a_record_and_gives_it_back(kept: RealSettings, postgresql: str) -> None:
    said = await RealTelemetry(kept).try_out("postgresql", {"telemetry_postgresql": postgresql})

    assert said == ("postgresql took a test record, and gave it back",)


async def test_a_telemetry_repository_takes_a_record_where_the_app_may_write_there(
    world: Outside, kept: RealSettings
) -> None:
    app = world.box.register_app(
        "Writer", owner="ann", pem=keys.pem(), permissions={"contents": "write", "issues": "write", "metadata": "read"}
    )
    world.box.install(app.id, "octo")
    writer = RealSettings(kept.home, {**kept.env, "GITHUB_APP_ID": str(app.id)}, folder=kept.folder)

    assert await RealTelemetry(writer).try_out("github:octo/lib", {}) == (
        "github:octo/lib took a test record, and gave it back",
    )


async def test_every_sink_that_fails_says_why_at_once_and_no_secret(kept: RealSettings, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with collector(401) as (url, _), pytest.raises(ProblemError) as error:
        await RealTelemetry(kept).try_out(
            f"jsonl,sqlite:{tmp_path}/file/telemetry.db,otlp:{url},postgresql,github:octo/lib",
            {"telemetry_authorization": "Bearer canary", "telemetry_postgresql": "postgresql://u:canary@127.0.0.1:1/d"},
        )

    failed = {problem.what.partition(" did not take")[0].partition(":")[0]: problem for problem in error.value.problems}
    assert set(failed) == {"sqlite", "otlp", "postgresql", "github"}
    assert all(problem.why and problem.fix for problem in failed.values())
    assert "401" in failed["otlp"].why
    assert "contents" in failed["github"].why + failed["github"].fix
    assert "canary" not in repr(error.value.problems)


# --- repositories


async def test_what_is_installed_is_listed_and_what_a_repository_has_is_seen(kept: RealSettings) -> None:
    port = RealRepositories(kept)

    assert await port.names() == ("octo/app", "octo/lib")
    seen = await port.look("octo/app", "pull-request", ".")
    assert (set(seen.tracks), set(seen.phases)) == ({"track/main"}, {"Phase 1", "Phase 2"})
    assert seen.existing == (CONFIG,)


async def test_files_are_written_and_what_exists_is_left_unless_it_was_said(kept: RealSettings, tmp_path: Path) -> None:
    port, root = RealRepositories(kept), tmp_path / "checkout"
    (root / ".github").mkdir(parents=True)
    (root / CONFIG).write_text("mine\n")
    (mine,) = [each for each in await port.propose(wanted(folder=str(root))) if each.path == CONFIG]

    said = await port.write(wanted(folder=str(root)))
    kept_as_it_was = (root / CONFIG).read_text()
    await port.write(wanted(folder=str(root), replace=True))

    assert mine.exists
    assert "-mine" in mine.diff
    assert FORM in said
    assert CONFIG not in said
    assert kept_as_it_was == "mine\n"
    written = parse((root / CONFIG).read_text())
    assert isinstance(written, Config)
    assert [track.label for track in written.tracks] == ["track/main", "track/active"]
    assert [each.milestone for each in written.enforcement.phase_milestones] == ["Phase 1"]  # type: ignore[union-attr]


def git(folder: Path, *args: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), "-c", "user.name=ann", "-c", "user.email=ann@example.com", *args],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return done.stdout


async def test_a_commit_is_on_a_branch_of_its_own_and_only_in_that_repositorys_checkout(
    kept: RealSettings, tmp_path: Path
) -> None:
    port, root = RealRepositories(kept), tmp_path / "checkout"
    root.mkdir()
    with pytest.raises(ProblemError, match="is no checkout"):
        await port.propose(wanted(way="commit", folder=str(root)))
    git(root, "init", "-q", "-b", "main")
    git(root, "config", "user.name", "ann")
    git(root, "config", "user.email", "ann@example.com")
    git(root, "commit", "-q", "--allow-empty", "-m", "begin")
    git(root, "remote", "add", "origin", "git@github.com:octo/lib.git")
    with pytest.raises(ProblemError, match="is a checkout of octo/lib"):
        await port.propose(wanted(way="commit", folder=str(root)))
    git(root, "remote", "set-url", "origin", "https://github.com/Octo/App")

    said = await port.write(wanted(way="commit", folder=str(root)))

    assert "git push -u origin task-assistant" in said
    assert checkout_of(root) == "Octo/App"
    assert set(git(root, "show", "--name-only", "--format=", "task-assistant").split()) >= {CONFIG, FORM}
    assert git(root, "ls-tree", "-r", "--name-only", "main") == ""


def at_github(world: Outside, path: str) -> Any:
    headers = {"Authorization": f"token {world.box.user_token('ann')}"}
    return httpx.get(f"{world.running.api_url}{path}", headers=headers, trust_env=False, timeout=20).json()


async def test_a_pull_request_is_opened_once_with_a_token_that_is_lent(world: Outside, kept: RealSettings) -> None:
    token = world.box.user_token("ann")
    port = RealRepositories(RealSettings(kept.home, {**kept.env, "LENT": token}, folder=kept.folder))
    way = wanted(repo="octo/lib", way="pull-request", tracks=(), phases=(), token="env:LENT", dashboard="octo/app")

    proposed = await port.propose(way)
    said = await port.write(way)
    again = await port.write(way)

    assert {(each.where, each.exists) for each in proposed} == {
        ("GitHub, octo/lib", False),
        ("GitHub, octo/app", False),
    }
    assert again == said
    (pull,) = at_github(world, "/repos/octo/lib/pulls")
    (other,) = at_github(world, "/repos/octo/app/pulls")
    assert pull["html_url"] in said
    assert other["html_url"] in said
    assert "What happens when it is merged" in pull["body"]
    workflow = ".github/workflows/task-assistant-dashboard.yml"
    for repo, path in (("lib", CONFIG), ("lib", FORM), ("app", workflow)):
        assert at_github(world, f"/repos/octo/{repo}/contents/{path}?ref=task-assistant")["path"] == path
    assert "path" not in at_github(world, f"/repos/octo/app/contents/{FORM}?ref=task-assistant")
    assert not [path for path in world.home.rglob("*") if path.is_file() and token.encode() in path.read_bytes()]


@pytest.mark.parametrize("right", ["", "ben"], ids=["unknown", "without rights"])
async def test_a_token_github_refuses_is_said_below_its_question(
    world: Outside, kept: RealSettings, right: str
) -> None:
    token = world.box.user_token(right) if right else "ghp_canaryunknown"
    port = RealRepositories(RealSettings(kept.home, {**kept.env, "LENT": token}, folder=kept.folder))
    way = wanted(way="pull-request", token="env:LENT")

    async def see_and_do() -> None:
        await port.propose(way)
        await port.write(way)

    with pytest.raises(ProblemError) as raised:
        await see_and_do()

    (problem,) = raised.value.problems
    assert (problem.code, problem.where and problem.where.path) == ("lent-token-refused", "github_token")
    assert token not in str(raised.value)


async def test_without_the_right_to_write_it_says_what_is_lacking_at_the_question(kept: RealSettings) -> None:
    with pytest.raises(ProblemError, match="contents: write, pull_requests: write") as error:
        await RealRepositories(kept).propose(wanted(way="pull-request"))

    (problem,) = error.value.problems
    assert problem.where is not None
    assert problem.where.path == "scaffold"
    assert "github_token" in problem.fix


async def test_somebody_elses_branch_is_not_moved(world: Outside, kept: RealSettings) -> None:
    headers = {"Authorization": f"token {world.box.user_token('ann')}"}
    head = at_github(world, "/repos/octo/lib/git/ref/heads/main")["object"]["sha"]
    httpx.post(
        f"{world.running.api_url}/repos/octo/lib/git/refs", headers=headers, trust_env=False,
        json={"ref": "refs/heads/task-assistant", "sha": head},
    ).raise_for_status()  # fmt: skip
    port = RealRepositories(
        RealSettings(kept.home, {**kept.env, "LENT": world.box.user_token("ann")}, folder=kept.folder)
    )

    await port.write(wanted(repo="octo/lib", way="pull-request", tracks=(), phases=(), token="env:LENT"))

    assert at_github(world, "/repos/octo/lib/git/ref/heads/task-assistant")["object"]["sha"] == head
    (pull,) = at_github(world, "/repos/octo/lib/pulls")
    assert pull["head"]["ref"] == "task-assistant-2"
