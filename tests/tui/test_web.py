"""In a browser the console is for whoever has the address, and for no other page."""

from __future__ import annotations

import socket
import sys

import pytest

from engine.problems import ProblemError
from tassist.opening import OpenPlace, WebAddress
from tassist.tui.web import allowed, serve_web

GOOD = {"host": "127.0.0.1:8126", "origin": "", "given": "secret", "kept": ""}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, True),
        ({"given": "", "kept": "secret"}, True),
        ({"origin": "http://127.0.0.1:8126"}, True),
        ({"host": "localhost:8126", "origin": "http://localhost:8126"}, True),
        ({"given": ""}, False),
        ({"given": "wrong"}, False),
        ({"host": "evil.example:8126"}, False),
        ({"origin": "https://evil.example", "kept": "secret"}, False),
        ({"origin": "http://127.0.0.1:9"}, False),
        ({"origin": "null"}, False),
    ],
    ids=str,
)
def test_a_request_is_let_in_only_with_the_token_and_from_our_own_page(changed: dict[str, str], expected: bool) -> None:
    assert allowed("secret", 8126, **{**GOOD, **changed}) is expected


def test_without_the_extra_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "textual_serve.server", None)

    with pytest.raises(ProblemError) as caught:
        serve_web(OpenPlace(web=WebAddress(8126)))

    assert "tassist[web]" in caught.value.problems[0].fix


def test_a_port_that_is_taken_is_a_problem_with_the_option_that_names_another() -> None:
    pytest.importorskip("textual_serve", reason="the extra `web` is not installed: pip install 'tassist[web]'")
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        with pytest.raises(ProblemError) as caught:
            serve_web(OpenPlace(web=WebAddress(port)))

    [problem] = caught.value.problems
    assert problem.code == "port-in-use"
    assert f"127.0.0.1:{port}" in problem.what
    assert "--web-port" in problem.fix
