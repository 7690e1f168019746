"""Each example of an answers file does, without a question, what a person gets who answers at the prompts or on screens."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pexpect
import pytest

from setup_wizard import answers
from setup_wizard.questions import QUESTION_BY_ID, QUESTIONS
from tassist import secrets
from tassist.sandbox import Box, labels, milestones, repositories, serve
from tassist.sandbox.git_store import commit_file
from tests.support import keys
from tests.support.installing import Installing
from tests.support.installing_screens import sit_at_screens
from tests.support.installing_terminal import Terminal

COMPLETE = os.environ.get("TASSIST_EVERY_KILL") == "1"
EXAMPLES = sorted((Path(__file__).parents[3] / "examples" / "answers").glob("*.toml"))


@contextmanager
def world(folder: Path, port: int) -> Iterator[tuple[Installing, dict[str, str]]]:
    """GitHub with what the examples name, and what an example cannot know: addresses of this machine, an App's id and key."""
    box = Box.empty()
    box.organization("acme", owners=["ann"])
    by = box.by("ann")
    with box.lock:
        for name in ("app", "api", "telemetry"):
            made = repositories.create_repository(box, by, box.user("acme"), name, labels=False)
            commit_file(made, "README.md", b"# acme\n", "begin", by.user, box.clock.now())
            for label in ("bug", "track/api", "track/web") if name == "app" else ():
                labels.create_label(box, by, made, name=label)
            if name == "app":
                milestones.create_milestone(box, by, made, title="Phase 1")
    able = {"issues": "write", "metadata": "read", "contents": "write"}
    app = box.register_app(
        "Task Assistant of old", owner="acme", pem=keys.pem(), hook_url="https://x.example/webhook", permissions=able
    )
    box.install(app.id, "acme")
    with serve(box) as running:
        found = Installing(running, folder / "home", folder / "folder")
        key = folder / "task-assistant.private-key.pem"
        key.touch(0o600)
        key.write_text(app.pem)
        found.env |= {"GITHUB_PAT": box.user_token("ann"), "TASSIST_PORT": str(port), "ACCESSIBLE": "1"}
        for command in (["init", "-q"], ["remote", "add", "origin", f"{running.url}/acme/app.git"]):
            subprocess.run(["git", "-C", str(found.folder), *command], check=True)
        (found.folder / ".gitignore").write_text(".env\n")
        yield (
            found,
            {
                "github": running.url,
                "webhook_url": f"http://127.0.0.1:{port}/webhook",
                "app_id": str(app.id),
                "private_key_file": str(key),
            },
        )
    assert box.bugs == []


def given(example: Path, more: dict[str, str]) -> dict[str, str]:
    """Its answers, as they are typed."""
    said, problems = answers.load(example.read_text(), QUESTIONS, name=example.name)
    assert problems == ()
    typed = dict(said.by_source["file"])
    return {**typed, **{name: value for name, value in more.items() if name in typed}}


def sit_through(terminal: Terminal, typed: dict[str, str]) -> list[str]:
    """Answer what is asked, click what is waited for; the ids of the questions, in order."""
    asked: list[str] = []
    prompt, link, paste = r"Answer[^\r\n]*:", r"\r\n(https?://\S+)\r\n", r"browser to:"
    texts = {question.text: question.id for question in QUESTIONS}
    while True:
        at = terminal.process.expect([prompt, link, paste, r"Go on\?[^\r\n]*:", pexpect.EOF])
        terminal.shown += terminal.process.before
        if at == 4:
            return asked
        terminal.shown += terminal.process.after
        if at == 0:
            text = re.findall(r", question \d+\r\n([^\r\n]*)", terminal.shown)[-1]
            asked.append(texts[text])
            assert asked.count(texts[text]) == 1, terminal.shown[-2000:]
            terminal.types(typed.get(texts[text], ""))
        elif at == 1:
            terminal.installing.person.see(terminal.process.match.group(1))
        elif at == 2:
            page = (terminal.installing.home / "create-app.html").read_text()
            request = httpx.Request("GET", "http://127.0.0.1/")
            terminal.types(terminal.installing.person.at_github(httpx.Response(200, text=page, request=request)))
        else:
            terminal.types("")


def at_screens(installing: Installing, typed: dict[str, str], saved: Path, patch: pytest.MonkeyPatch) -> list[str]:
    """The same with screens, in this process: in its folder and environment."""
    with patch.context() as here:
        here.chdir(installing.folder)
        for name, value in installing.environment().items():
            here.setenv(name, value)
        return asyncio.run(sit_at_screens(installing, typed, saved))


def outcome(installing: Installing) -> dict[str, Any]:
    """What there is afterwards, here and at GitHub, without what differs between any two installations."""
    box, home = installing.box, installing.home
    app = secrets.read(secrets.credentials_path(home))
    made = box.app(app.app_id)
    settings = (home / "tassist.toml").read_text() if (home / "tassist.toml").exists() else ""
    headers = {"Authorization": f"token {installing.env['GITHUB_PAT']}"}
    pulls = []
    for name in ("app", "telemetry"):
        with httpx.Client(trust_env=False, headers=headers, base_url=installing.running.api_url, timeout=20) as client:
            for pull in client.get(f"/repos/acme/{name}/pulls").json():
                tree = client.get(f"/repos/acme/{name}/git/trees/{pull['head']['ref']}?recursive=1").json()["tree"]
                pulls.append((name, pull["title"], pull["body"], [(each["path"], each["sha"]) for each in tree]))
    return {
        "app": (made.name, made.owner.login, made.permissions, made.events, made.hook_url.rpartition(":")[2][-8:]),
        "secret": made.webhook_secret == app.webhook_secret.reveal(),
        "kept": app.kept_in,
        "settings": tomllib.loads(settings.replace(str(home), "HOME")),
        "pulls": repr(pulls).replace(installing.running.url, "GITHUB"),
        "files": sorted(
            str(path.relative_to(installing.folder))
            for path in installing.folder.glob(".github/**/*")
            if path.is_file()
        ),
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    "example",
    [path for path in EXAMPLES if COMPLETE or path.stem in {"organization", "existing-app"}],
    ids=lambda path: path.stem,
)
def test_an_example_does_what_its_answers_do_at_the_prompts_and_on_screens(
    example: Path, tmp_path: Path, unused_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three whole installations, which is why it takes its time; `make kill-setup` does it for every example.

    On screens a list is taken in its own order; the examples keep to it.
    """
    found, questions = {}, {}
    for mode in ("answers", "prompts", "screens"):
        with world(tmp_path / mode, unused_port) as (installing, more):
            typed = given(example, more)
            saved = installing.folder / "saved.toml"
            if mode == "screens":
                asked, shown = at_screens(installing, typed, saved, monkeypatch), ""
            else:
                flags = [part for name in more if name in typed for part in (QUESTION_BY_ID[name].flag, typed[name])]
                args = ["--answers", str(example), *flags] if mode == "answers" else ["--plain"]
                terminal = Terminal(installing, "setup", *args, "--save-answers", str(saved))
                asked = sit_through(terminal, typed)
                assert terminal.ends() == 0, terminal.shown[-3000:]
                shown = terminal.shown
            answered = saved.read_text().replace(str(tmp_path / mode), "").replace(installing.running.url, "")
            found[mode] = outcome(installing) | {"answers": answered}
            questions[mode] = asked
            assert installing.env["GITHUB_PAT"] not in shown + saved.read_text()

    assert questions["answers"] == tomllib.loads(example.read_text()).get("ask", [])
    assert questions["screens"] == questions["prompts"]
    assert len(questions["prompts"]) > 6
    assert found["answers"] == found["prompts"] == found["screens"]
    assert found["answers"]["secret"]


def test_the_examples_use_every_part_of_the_installer() -> None:
    used = {name for path in EXAMPLES for name in tomllib.loads(path.read_text())}

    assert {"repositories", "telemetry", "telemetry_repository", "scaffold", "scaffold_dashboard", "ask"} <= used
