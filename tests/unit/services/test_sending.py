"""Where a delivery may be sent to, and what a copied command holds."""

from __future__ import annotations

import base64
import shlex
import subprocess
from pathlib import Path

import pytest

from engine.problems import ProblemError
from tassist.errors import Secret
from tassist.services import sending
from tassist.services.payloads import Taken
from tests.support.delivering import SECRET, signature

BOX = "http://127.0.0.1:9999/api/v3"


@pytest.mark.parametrize(
    ("url", "sent_to"),
    [
        ("http://127.0.0.1:8080/webhook", "http://127.0.0.1:8080/webhook"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/webhook"),
        ("http://localhost:8080/", "http://localhost:8080/webhook"),
        ("http://[::1]:8080/hook", "http://[::1]:8080/hook"),
        ("http://[::ffff:127.0.0.1]:80/webhook", "http://[::ffff:127.0.0.1]:80/webhook"),
    ],
)
def test_this_machine_needs_no_confirmation(url: str, sent_to: str) -> None:
    assert sending.checked_url(url, elsewhere=False, api_url=BOX) == sent_to


@pytest.mark.parametrize(
    "url",
    [
        "http://10.0.0.1/webhook", "https://tassist.example/webhook", "http://2130706433/", "http://127.0.0.1.example/",
        "http://localhost.example/", "http://[::2]/", "http://0x7f000001/",
    ],
)  # fmt: skip
def test_h69_another_machine_only_when_confirmed(url: str) -> None:
    with pytest.raises(ProblemError) as raised:
        sending.checked_url(url, elsewhere=False)

    assert raised.value.problems[0].code == "target-elsewhere"
    assert sending.checked_url(url, elsewhere=True).startswith(url.rstrip("/"))


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/webhook", "https://api.github.com/", "https://API.GITHUB.COM./x", "https://acme.ghe.com/",
        "https://uploads.github.com/", "http://127.0.0.1:9999/webhook", "https://smee.github.io/x",
    ],
)  # fmt: skip
def test_h69_never_to_github_whatever_is_confirmed(url: str) -> None:
    with pytest.raises(ProblemError) as raised:
        sending.checked_url(url, elsewhere=True, api_url=BOX)

    assert raised.value.problems[0].code == "target-is-github"


def test_h69_nor_to_the_enterprise_server_in_use() -> None:
    with pytest.raises(ProblemError, match="is GitHub's"):
        sending.checked_url("https://ghes.example:8443/x", elsewhere=True, api_url="https://ghes.example/api/v3")


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1@github.com/", "http://user:tok@127.0.0.1/", "file:///etc/passwd", "//127.0.0.1/x", "127.0.0.1:80",
        "http://127.0.0.1:99999/", "http://127.0.0.1/#x", "http://127.0.0.1\\@github.com/", "http://127.0.0.1/\r\nX: y", "",
    ],
)  # fmt: skip
def test_h69_h77_what_only_looks_like_an_address_is_refused(url: str) -> None:
    with pytest.raises(ProblemError) as raised:
        sending.checked_url(url, elsewhere=True)

    assert raised.value.problems[0].code == "target-wrong"


def taken(body: bytes, delivery_id: str = "d-1") -> Taken:
    return Taken(delivery_id, "issues", delivery_id, "application/json", body, None, body)


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":"it\'s $HOME `x` \\n"}', '{"a":"größer"}'.encode(), b'{"a":"\x1b]0;owned\x07"}', b"\xff\x00\x9b",
        b'{"a":"' + b"x" * 200_000 + b'"}', b"END\nrm -rf /\n",
    ],
    ids=["quotes", "not ASCII", "escapes", "no text", "long", "an end that is none"],
)  # fmt: skip
def test_h71_h77_the_copied_command_sends_these_bytes_and_holds_no_secret(body: bytes, tmp_path: Path) -> None:
    command = sending.as_curl(taken(body), "http://127.0.0.1:8080/webhook", Secret(SECRET))

    assert SECRET not in command
    assert all(char.isprintable() or char == "\n" for char in command)
    assert signature(body) in command
    spoken = 'curl() { for last; do :; done; if [ "$last" = @- ]; then cat; else printf %s "$last"; fi; }\n' + command
    (tmp_path / "typed").write_text(spoken)
    assert subprocess.run(["bash", str(tmp_path / "typed")], capture_output=True, check=True).stdout == body


def test_a_copied_command_names_event_and_id() -> None:
    words = shlex.split(sending.as_curl(taken(b"{}"), "http://127.0.0.1/webhook", Secret(SECRET)))

    assert {"X-GitHub-Event: issues", "X-GitHub-Delivery: d-1", "Content-Type: application/json"} <= set(words)
    assert base64.b64encode(SECRET.encode()).decode() not in words


def test_an_id_that_no_header_carries_is_replaced() -> None:
    assert "\x1b" not in sending.as_curl(taken(b"{}", "a\x1bb"), "http://127.0.0.1/webhook", Secret(SECRET))
    with pytest.raises(ProblemError, match="cannot go under its own"):
        sending.delivery_id_for(taken(b"{}", "a\x1bb"), keep=True)
