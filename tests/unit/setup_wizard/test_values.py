"""What people paste is understood, and what cannot be meant is refused in words."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from setup_wizard import values
from setup_wizard.known import Facts, Known
from setup_wizard.questions import QUESTION_BY_ID, QUESTIONS

KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIcanarycanarycanary"


@pytest.mark.parametrize(
    ("raw", "meant"),
    [
        ("  acme ", "acme"),
        ('"acme"', "acme"),
        ("'“acme”'", "acme"),
        ("`acme`", "acme"),
        ("<https://a.example>", "https://a.example"),
        ("\ufeffacme\u200b", "acme"),
        ("\xa0acme\xa0", "acme"),
        ('"', '"'),
        ("", ""),
    ],
)
def test_quotes_and_unseen_characters_are_taken_away(raw: str, meant: str) -> None:
    assert values.clean(raw) == meant


@pytest.mark.parametrize(
    ("raw", "meant"),
    [
        ("github.com", "https://github.com"),
        ("https://github.com/settings/apps/new?x=1", "https://github.com"),
        ("https://www.github.com/", "https://github.com"),
        ("https://api.github.com", "https://github.com"),
        ("https://ghe.acme.example/api/v3", "https://ghe.acme.example"),
        ("https://ghe.acme.example:8443/organizations/acme", "https://ghe.acme.example:8443"),
        ("https://api.acme.ghe.com/", "https://acme.ghe.com"),
        ("http://[::1]:9000/x", "http://[::1]:9000"),
        ("https://ghe.acme.example.", "https://ghe.acme.example"),
        ("https://user@evil.example/x", "https://user@evil.example/x"),
        ("https://a:b:c/", "https://a:b:c"),
        ("", ""),
    ],
)
def test_any_page_of_a_github_names_it(raw: str, meant: str) -> None:
    assert values.github_address(raw) == meant


@pytest.mark.parametrize(
    "address",
    [
        "https://github.com",
        "https://ghe.acme.example",
        "http://127.0.0.1:9000",
        "http://localhost:9000",
        "https://10.1.2.3",
        "https://[fd00::1]",
    ],
)
def test_a_github_may_be_anywhere_a_company_has_it(address: str) -> None:
    assert values.github_address_faults(address) == ()


@pytest.mark.parametrize(
    "address",
    [
        "http://ghe.acme.example",
        "http://169.254.169.254",
        "https://169.254.169.254",
        "https://[::ffff:169.254.169.254]",
        "https://[fe80::1%25eth0]",
        "https://0.0.0.0",
        "https://224.0.0.1",
        "https://127.1.2.3",
        "https://metadata.google.internal",
        "file:///etc/passwd",
        "//evil/x",
        "https://api.github.com@evil.example",
        "https://a b",
        "https://a\\b",
        "https://",
        "https://[::1",
        "https://a:99999",
        "",
    ],
)
def test_h69_an_address_no_token_may_be_sent_to_is_refused(address: str) -> None:
    (problem,) = values.github_address_faults(address)

    assert problem.fix
    assert "@" not in str(problem)


@pytest.mark.parametrize(
    ("raw", "meant"),
    [
        ("tassist.example.com", "https://tassist.example.com/webhook"),
        ("https://tassist.example.com/", "https://tassist.example.com/webhook"),
        ("https://tassist.example.com/hooks/a", "https://tassist.example.com/hooks/a"),
        ('"https://x.ngrok-free.app"', "https://x.ngrok-free.app/webhook"),
        ("https://x.example/?a=1", "https://x.example/?a=1"),
        ("https://[::1", "https://[::1"),
        ("", ""),
    ],
)
def test_a_webhooks_address_gets_our_path(raw: str, meant: str) -> None:
    assert values.hook_address(raw) == meant


@pytest.mark.parametrize(
    "address",
    [
        "https://u:p@x.example/webhook",
        "ftp://x.example",
        "https://",
        "https://a b/",
        "https://x.example/#a",
        "https://[::1",
        "https://x:0x",
    ],
)
def test_a_webhooks_address_that_cannot_be_meant_is_refused(address: str) -> None:
    (problem,) = values.hook_address_faults(address)

    assert problem.code == "webhook-address-wrong"
    assert "u:p" not in str(problem)
    assert values.hook_address_faults("https://x.example/webhook") == ()


@pytest.mark.parametrize(
    ("raw", "meant"),
    [
        ("acme", "acme"),
        ("@acme", "acme"),
        ("https://github.com/acme", "acme"),
        ("https://github.com/organizations/acme/settings/apps", "acme"),
        ("github.com/orgs/acme/repositories", "acme"),
        ("https://github.com/", "https://github.com/"),
    ],
)
def test_an_organisation_is_known_by_its_pages(raw: str, meant: str) -> None:
    assert values.login(raw) == meant


@pytest.mark.parametrize("wrong", ["-acme", "a b", "a/b", "ä", "a" * 101, "https://github.com/"])
def test_what_is_no_organisation_is_refused(wrong: str) -> None:
    assert values.login_faults(wrong)
    assert values.login_faults("acme-corp_x") == ()


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("x" * 35, "app-name-long"),
        ("???", "app-name-wrong"),
        ("GitHub Tidy", "app-name-reserved"),
        ("gist it", "app-name-reserved"),
    ],
)
def test_a_name_github_would_refuse_is_refused_before(name: str, code: str) -> None:
    assert [problem.code for problem in values.app_name_faults(name)] == [code]
    assert values.app_name_faults("Task Assistant of Acme") == ()


@pytest.mark.parametrize("wrong", ["Iv1.8a61f9b3a7aba766", "Iv23liabc", "abc", "0", "1" * 19, "٣"])
def test_what_is_no_app_id_is_refused(wrong: str) -> None:
    assert values.app_id_faults(wrong)
    assert values.app_id("App ID: 123") == "123"
    assert values.app_id_faults("123") == ()


def test_a_pasted_key_is_not_repeated_where_a_file_was_asked_for() -> None:
    (problem,) = values.path_faults(KEY)

    assert problem.code == "path-is-a-key"
    assert "canary" not in str(problem)


@pytest.mark.parametrize(
    ("raw", "meant"),
    [
        ("'~/a b.pem'", "~/a b.pem"),
        ("file:///tmp/a.pem", "/tmp/a.pem"),
        ("/tmp/a\\ b.pem", "/tmp/a b.pem"),
        (r"C:\a.pem", r"C:\a.pem"),
    ],
)
def test_a_file_dropped_into_the_terminal_is_understood(raw: str, meant: str) -> None:
    assert values.path(raw) == meant
    assert values.path_faults(meant) == ()
    assert values.path_faults("https://a.example/key.pem")


def test_h77_a_secret_itself_is_never_taken_where_a_reference_belongs() -> None:
    (problem,) = values.reference_faults("--bundle", "tassist-app-1.canary")

    assert "canary" not in str(problem)
    assert values.reference_faults("--bundle", "env:X") == ()


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.id)
@settings(deadline=None, max_examples=60)
@given(raw=st.text(max_size=200))
@example(raw="[/")
@example(raw="https://[/acme/app")
def test_nothing_that_is_pasted_breaks_a_question_or_passes_with_control_characters(question: object, raw: str) -> None:
    asked = QUESTION_BY_ID[question.id]  # type: ignore[attr-defined]  # parametrised with questions
    value, problems = asked.read(raw, Known(facts=Facts(keyring="x")))

    if not problems and not asked.secret:
        assert values.control_faults("it", value) == ()
        assert asked.read(value, Known(facts=Facts(keyring="x"))) == (value, ())
    for problem in problems:
        assert not any(ord(char) < 32 and char != "\n" for char in str(problem))


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=300))
def test_what_is_shown_of_a_value_is_short_and_harmless(raw: str) -> None:
    shown = values.visible(raw)

    assert "\x1b" not in shown
    assert len(shown) < 400
