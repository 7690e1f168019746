"""Every command of the pages about installing, typed in the order of its page against GitHub in a box, to the end."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tassist import secrets
from tests.integration.setup.test_examples import sit_through, world
from tests.support.installing import Installing
from tests.support.installing_terminal import Terminal
from tests.support.service import wait_for

ROOT = Path(__file__).resolve().parents[3]
TYPED_ELSEWHERE = {
    "tassist setup --plain --webhook agent --create-with tunnel": "test_tunnel_way.py",
    "tassist setup --plain --webhook url --webhook-url https://your-name.ngrok-free.app --create-with tunnel": "test_tunnel_way.py",
    "tassist setup --plain --webhook poll --create-with link": "test_without_a_browser_here.py",
}
"""What needs a tunnel's agent, or a person who downloads a key: to the end in a test of its own."""


def lines(page: str) -> list[str]:
    """What the page says to type, in its order."""
    text = (ROOT / "docs" / f"{page}.md").read_text()
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.startswith("tassist ")]


@dataclass
class Reader:
    """Who follows a page; what a page cannot know, such as the address of the box, is said besides."""

    installing: Installing
    more: dict[str, str]
    moved: int = 0
    said: dict[str, str] = field(default_factory=dict)
    """Answers to questions whose default is not what the page says to take."""

    def types(self, line: str) -> None:
        words = shlex.split(line.partition(" > ")[0])[1:]
        getattr(self, "_serve" if words[0] == "serve" else "_export" if words[1] == "export" else "_setup")(words)

    def _setup(self, words: list[str]) -> None:
        if "examples/answers/polling.toml" in words:
            words[words.index("examples/answers/polling.toml")] = str(ROOT / "examples/answers/polling.toml")
            self._elsewhere()
        if "existing" in words:
            self._elsewhere()
            words[words.index("--app-id") + 1] = self.more["app_id"]
            words[words.index("--private-key-file") + 1] = self.more["private_key_file"]
        besides = ["--github", self.more["github"]]
        if "--redo" in words:
            besides = []
        if "--yes" in words or "--answers" in words:
            done = self.installing.tassist(*words, *besides)
            assert done.code == 0, done.err[-3000:]
            return
        plain = [] if "--plain" in words else ["--plain"]
        terminal = Terminal(self.installing, *words, *plain, *besides, ACCESSIBLE="1")
        sit_through(terminal, {"webhook": "poll", "keep_secrets_in": "file", **self.said})
        assert terminal.ends() == 0, terminal.shown[-3000:]
        if "--dry-run" in words:
            assert "nothing was changed" in terminal.shown
            assert not secrets.credentials_path(self.installing.home).exists()
        else:
            assert secrets.credentials_path(self.installing.home).exists()

    def _serve(self, words: list[str]) -> None:
        service = subprocess.Popen(
            [sys.executable, "-m", "tassist", *words],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            cwd=self.installing.folder, env=self.installing.environment(),
        )  # fmt: skip
        try:
            wait_for((self.installing.home / "journal.db").exists, "a journal", timeout_s=90)
            service.terminate()
            _, said = service.communicate(timeout=90)
        finally:
            service.kill()
        assert service.returncode == 0, said
        assert "Traceback" not in said

    def _export(self, words: list[str]) -> None:
        done = self.installing.tassist(*words)
        assert done.code == 0, done.err
        self._elsewhere()
        file = self.installing.folder / "app.line"
        file.touch(0o600)
        file.write_text(done.out)
        self.said["passphrase"] = next(
            line.split()[1] for line in done.err.splitlines() if line.startswith("passphrase")
        )

    def _elsewhere(self) -> None:
        """Go on at another machine."""
        self.moved += 1
        there = self.installing
        folder = there.folder.parent / f"another-{self.moved}"
        self.installing = Installing(there.running, folder / "home", folder / "folder", env=dict(there.env))


@pytest.fixture
def reader(tmp_path: Path, unused_port: int) -> Iterator[Reader]:
    with world(tmp_path, unused_port) as (installing, more):
        yield Reader(installing, more)


@pytest.mark.slow
@pytest.mark.parametrize(
    "page",
    [
        "tutorial/first-installation",
        "how-to/install-for-an-organisation",
        "how-to/install-over-ssh",
        "how-to/use-enterprise-server",
        "how-to/move-to-another-machine",
    ],
)
def test_a_page_about_installing_is_followed_to_the_letter(page: str, reader: Reader) -> None:
    followed = [line for line in lines(page) if line not in TYPED_ELSEWHERE]
    assert followed
    if page.endswith("another-machine"):  # there is something to move
        reader.types(
            "tassist setup --yes --app-name 'Tidy of mine' --webhook poll --create-with browser --keep-secrets-in file"
        )

    for line in followed:
        reader.types(line)


def test_what_is_typed_elsewhere_stands_on_a_page_and_its_test_is_there() -> None:
    on_a_page = {line for page in (ROOT / "docs").rglob("*.md") for line in page.read_text().splitlines()}

    assert set(TYPED_ELSEWHERE) <= on_a_page
    for line, name in TYPED_ELSEWHERE.items():
        way = shlex.split(line)[-1]
        assert f'"{way}"' in (Path(__file__).parent / name).read_text()


@pytest.mark.slow
def test_every_line_of_the_page_about_finding_out_is_typed(reader: Reader) -> None:
    reader.types(
        "tassist setup --yes --app-name 'Tidy of mine' --webhook poll --create-with browser --keep-secrets-in file"
    )
    typed = lines("how-to/find-out-what-is-wrong")
    assert len(typed) > 5

    for line in typed:
        words = shlex.split(line.partition(" | ")[0], comments=True)[1:]
        done = reader.installing.tassist(*words)
        assert done.code in {0, 1, 3}, f"{line}\n{done.err[-2000:]}"
        assert "Traceback" not in done.err
        if "--only" in words:
            told = json.loads(reader.installing.tassist(*words, "--json").out)
            assert {one["id"] for one in told["checks"]} >= set(words[words.index("--only") + 1].split(","))
        if "--json" in words:
            assert all("state" in one for one in json.loads(done.out)["checks"]), "what the page's filter reads"


TYPED_BY = {
    "use-a-tunnel": {
        "pip install 'tassist[ngrok]'": ("integration/switching/test_tunnel.py", "with_the_package_and_closed"),
        "tassist serve --tunnel ngrok": ("integration/switching/test_tunnel.py", "a_changing_address_is_followed"),
        "tassist switch status": ("integration/switching/test_switch.py", "the_command_says_what_it_did"),
        "tassist switch dev --url https://abc.ngrok-free.app": (
            "integration/switching/test_switch.py", "the_command_says_what_it_did",
        ),
        "tassist switch prod": ("integration/switching/test_switch.py", "the_command_says_what_it_did"),
    },
    "put-it-behind-a-reverse-proxy": {
        "tassist switch prod --url https://tassist.example.com/webhook": (
            "integration/switching/test_switch.py", "to_development_and_back",
        ),
        "tassist doctor --only way-in,public-paths,last-delivery": (
            "integration/server/test_reverse_proxies.py", "the_proxy_of_the_page",
        ),
    },
    "postgresql": {
        "tassist store migrate /var/lib/tassist service=tassist": (
            "integration/store/test_move.py", "the_line_of_the_page_brings_a_file_over",
        ),
    },
    "use-the-console": {
        "tassist": ("tui/test_terminal.py", "each_command_opens_the_app"),
        "tassist console --place issues": ("tui/test_terminal.py", "each_command_opens_the_app"),
        "tassist serve": ("tui/test_terminal.py", "serving_opens_it_with_the_engine_inside"),
        "tassist console --plain": ("unit/tassist/test_tail.py", "the_command_tells_as_many"),
        "tassist console --web": ("tui/test_web_in_a_browser.py", "it_is_drawn_takes_keys_and_ends"),
    },
}  # fmt: skip
"""Page → line → file and test that does what it says: what needs a tunnel, a proxy, a server or a terminal around it."""


@pytest.mark.parametrize("page", TYPED_BY)
def test_every_other_line_of_a_page_belongs_to_a_test(page: str) -> None:
    text = (ROOT / "docs" / "how-to" / f"{page}.md").read_text()
    blocks = re.findall(r"```(?!console)\w*\n(.*?)```", text, re.DOTALL)
    typed = {
        re.split(r"\s{2,}|\s#", line.strip())[0]
        for block in blocks
        for line in block.splitlines()
        if re.match(r"\s*(?:tassist(?:\s|$)(?!\S* \{|\{)|pip install)", line)
    }

    assert typed == set(TYPED_BY[page])
    for file, name in TYPED_BY[page].values():
        assert re.search(rf"def test_\w*{name}", (ROOT / "tests" / file).read_text()), f"{file}: {name}"
