"""The manifest asks for what the engine needs, and every known trap is named before a browser opens."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from engine.problems import ProblemError
from setup_wizard.manifest import EVENTS, PERMISSIONS, Manifest, build_manifest, lint
from tassist.github.app_auth import RUN_PERMISSIONS

GOOD = Manifest("Task Assistant", "https://hooks.example.com/webhook", "http://127.0.0.1:8123/callback")


def test_it_asks_for_exactly_what_a_run_uses() -> None:
    assert dict(RUN_PERMISSIONS) == PERMISSIONS


def test_a_good_manifest_has_no_problem_and_no_null() -> None:
    document = json.loads(GOOD.to_json())

    assert lint(GOOD) == []
    assert None not in document.values()
    assert document["hook_attributes"] == {"url": GOOD.hook_url, "active": True}
    assert document["default_events"] == list(EVENTS)
    assert "setup_url" not in document


@pytest.mark.parametrize(
    ("trapped", "code"),
    [
        (replace(GOOD, name="x" * 35), "manifest-name"),
        (replace(GOOD, name="  "), "manifest-name"),
        (replace(GOOD, hook_url="http://localhost:8080/webhook"), "manifest-hook"),
        (replace(GOOD, hook_url="https://192.168.1.4/webhook"), "manifest-hook"),
        (replace(GOOD, hook_url="https://[::1]/webhook"), "manifest-hook"),
        (replace(GOOD, hook_url="hooks.example.com"), "manifest-hook"),
        (replace(GOOD, redirect_url="https://github.com/apps/task-assistant/installations/new"), "manifest-redirect"),
        (replace(GOOD, redirect_url=""), "manifest-redirect"),
        (replace(GOOD, events=("pull_request",)), "manifest-event"),
        (replace(GOOD, events=("installation",)), "manifest-event"),
        (replace(GOOD, request_oauth_on_install=True, setup_url="https://example.com"), "manifest-setup-url"),
        (replace(GOOD, callback_urls=("https://example.com",) * 11), "manifest-callbacks"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_trap_is_named_with_a_fix(trapped: Manifest, code: str) -> None:
    (problem,) = lint(trapped)

    assert problem.code == code
    assert problem.why
    assert problem.fix


def test_all_traps_are_named_at_once() -> None:
    with pytest.raises(ProblemError) as caught:
        build_manifest(name="x" * 40, hook_url="http://localhost", redirect_url="https://github.com/")

    assert [problem.code for problem in caught.value.problems] == [
        "manifest-name",
        "manifest-hook",
        "manifest-redirect",
    ]


def test_an_enterprise_server_reaches_its_own_network() -> None:
    local = replace(GOOD, hook_url="http://10.0.0.4:8080/webhook")

    assert lint(local, internet=False) == []
    assert [problem.code for problem in lint(local)] == ["manifest-hook"]
    built = build_manifest(name=local.name, hook_url=local.hook_url, redirect_url=local.redirect_url, internet=False)
    assert built == local


def test_what_is_not_set_is_left_out_and_what_is_set_is_sent() -> None:
    full = replace(GOOD, setup_url="https://example.com/s", callback_urls=("https://example.com/c",))

    assert {"setup_url", "callback_urls"}.isdisjoint(GOOD.document())
    assert full.document()["setup_url"] == "https://example.com/s"
    assert full.document()["callback_urls"] == ["https://example.com/c"]
    assert replace(GOOD, request_oauth_on_install=True).document()["request_oauth_on_install"] is True
    assert [problem.code for problem in lint(replace(GOOD, name=" "))] == ["manifest-name"]
