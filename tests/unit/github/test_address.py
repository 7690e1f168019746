"""Addresses are judged before a token is sent to them."""

from __future__ import annotations

import pytest

from engine.problems import ProblemError
from tassist.github import address


@pytest.mark.parametrize(
    ("given", "api", "pages"),
    [
        ("https://api.github.com", "https://api.github.com", "https://github.com"),
        ("https://api.github.com/", "https://api.github.com", "https://github.com"),
        ("https://github.com", "https://api.github.com", "https://github.com"),
        ("https://ghe.example/api/v3/", "https://ghe.example/api/v3", "https://ghe.example"),
        ("https://ghe.example", "https://ghe.example/api/v3", "https://ghe.example"),
        ("https://ghe.example:8443", "https://ghe.example:8443/api/v3", "https://ghe.example:8443"),
        ("https://api.octo.ghe.com", "https://api.octo.ghe.com", "https://octo.ghe.com"),
        ("http://127.0.0.1:4000/api/v3", "http://127.0.0.1:4000/api/v3", "http://127.0.0.1:4000"),
        ("http://[::1]:4000/api/v3", "http://[::1]:4000/api/v3", "http://[::1]:4000"),
    ],
)
def test_the_api_and_its_pages_are_found(given: str, api: str, pages: str) -> None:
    assert address.api_root(given) == api
    assert address.web_root(api) == pages


@pytest.mark.parametrize(
    "given",
    [
        "",
        "api.github.com",
        "http://ghe.example/api/v3",
        "http://169.254.169.254/latest",
        "https://169.254.169.254/",
        "file:///etc/passwd",
        "//evil/x",
        "https://api.github.com@evil.example",
        "https://user:hunter2@ghe.example",
        "https://ghe.example:port",
        "https://ghe.example/api/v3?x=1",
        "https://ghe.example/api/v3#x",
        "https://ghe exa.mple",
        "https://ghe.example\\@evil",
        "https://[::1",
        "javascript:alert(1)",
    ],
)
def test_h69_an_address_no_token_may_go_to_is_refused(given: str) -> None:
    with pytest.raises(ProblemError) as raised:
        address.api_root(given)

    assert raised.value.problems[0].code == "api-url-wrong"
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize(
    ("location", "leads_to"),
    [
        ("/repositories/9/issues/1", "https://api.github.com/repositories/9/issues/1"),
        ("https://api.github.com/repositories/9", "https://api.github.com/repositories/9"),
        ("//evil.example/x", "https://evil.example/x"),
        ("http://api.github.com/x", None),
        ("file:///etc/passwd", None),
        ("https://a@evil.example/x", None),
        ("https://[bad", None),
        ("https://h:port/", None),
    ],
)
def test_a_redirect_leads_somewhere_sensible_or_nowhere(location: str, leads_to: str | None) -> None:
    assert address.moved_to("https://api.github.com/repos/o/r", location) == leads_to


def test_only_scheme_host_and_port_together_are_the_same_place() -> None:
    base = "https://api.github.com/x"
    assert address.same_origin(base, "https://API.github.com:443/y")
    for other in ("https://api.github.com.evil.example", "http://api.github.com", "https://api.github.com:444"):
        assert not address.same_origin(base, other)


@pytest.mark.parametrize(
    ("name", "quoted"),
    [
        ("area/api", "area%2Fapi"),
        ("what? #1 100%", "what%3F%20%231%20100%25"),
        ("..", "%2E%2E"),
        (".", "%2E"),
        ("v1.0", "v1.0"),
        ("größe 🚀", "gr%C3%B6%C3%9Fe%20%F0%9F%9A%80"),
        ("a:b,c", "a%3Ab%2Cc"),
    ],
)
def test_h55_a_name_is_one_segment_of_a_path(name: str, quoted: str) -> None:
    assert address.segment(name) == quoted


def test_a_repository_is_addressed_by_id_where_it_is_known() -> None:
    assert address.repository("octo/r", 7) == "/repositories/7"
    assert address.repository("octo/r") == "/repos/octo/r"
    assert address.repository("../..", 0) == "/repos/%2E%2E/%2E%2E"
