"""Which rows of OWASP's ASVS 5.0 tassist claims, how it keeps each, and the tests that would fail without it."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Row:
    """One claimed requirement."""

    id: str
    asks: str
    """What it asks for, in our words."""
    how: str
    tests: tuple[str, ...]
    """Names of tests; each exists, which a test checks."""


ROWS = (
    Row(
        "1.1.2",
        "text is encoded for its place as the last step before it gets there",
        "`safe_text` at every terminal, log and page; pages escape it once more where they are written",
        ("test_h71_hostile_text_is_harmless_in_the_list_and_on_the_page", "test_h72_text_from_outside_stays_text"),
    ),
    Row(
        "1.2.10",
        "no cell of a CSV export is a formula",
        "a cell that could be one is quoted as text",
        ("test_h72_no_cell_is_a_formula",),
    ),
    Row(
        "1.3.6",
        "requests go to known hosts only",
        "an Enterprise Server's address is judged by name and by what it resolves to; tokens stay with their host",
        ("test_h69_an_address_that_could_mislead_is_refused", "test_a_token_never_follows_a_redirect_to_another_host"),
    ),
    Row(
        "1.3.12",
        "no pattern takes exponential time",
        "users' patterns run on RE2, bounded in number, length and size",
        (
            "test_h65_a_pattern_that_is_not_linear_is_refused_in_words",
            "test_h66_the_longest_body_under_as_many_patterns_as_there_may_be_is_decided_in_bounded_work",
        ),
    ),
    Row(
        "1.5.3",
        "every parser of the same input reads the same",
        "duplicate keys are set aside rather than read one way here and another there; YAML is read without what readers disagree on",
        ("test_h14_a_key_that_is_there_twice_is_set_aside", "test_a_parser_without_libyaml_reads_the_same"),
    ),
    Row(
        "2.4.1",
        "nobody can use the service up",
        "bounds on bodies, heads, connections and time, and shares between installations",
        (
            "test_h07_bodies_that_arrive_together_share_one_budget",
            "test_h08_too_many_connections_close_the_oldest_silent_one",
        ),
    ),
    Row(
        "3.2.2",
        "pages show text as text",
        "no page puts text from outside anywhere as markup; a content security policy forbids scripts from elsewhere",
        ("test_h72_hostile_text_stays_text_wherever_it_is_shown",),
    ),
    Row(
        "5.3.2",
        "no name from outside becomes a path",
        "names of repositories are one segment or refused; links are not followed",
        (
            "test_h68_no_name_of_a_repository_leads_out_of_the_folder",
            "test_h06_a_strange_delivery_id_is_an_opaque_key_of_bounded_length",
        ),
    ),
    Row(
        "9.1.2",
        "tokens are signed by an algorithm of a fixed list",
        "RS256 and nothing else, in the client and in the box that judges it",
        ("test_a_token_signed_by_another_key_or_algorithm_is_refused",),
    ),
    Row(
        "11.2.4",
        "secrets are compared in constant time",
        "`hmac.compare_digest` on bytes, for signatures, states and tokens",
        (
            "test_h01_a_signature_that_is_not_ascii_is_refused_without_an_exception",
            "test_secrets_are_compared_in_constant_time_only",
        ),
    ),
    Row(
        "13.1.3, 13.2.6",
        "every call out has a time limit and a rule for trying again",
        "a limit for each phase and one for the whole; retries by kind of error",
        ("test_h44_a_server_that_does_not_finish_is_given_up_in_time",),
    ),
    Row(
        "13.2.4",
        "the service talks to a known list of hosts",
        "GitHub's API, configured sinks, a configured tunnel; anything else is refused",
        ("test_a_next_page_on_another_host_is_not_asked_with_our_token",),
    ),
    Row(
        "13.3.1, 13.3.4",
        "secrets are kept in a store, expire or can be replaced",
        "keyring or a file only its owner reads; rotation without a refused delivery",
        (
            "test_h76_the_mode_does_not_depend_on_the_umask",
            "test_h04_a_running_service_takes_both_secrets_until_the_grace_is_over",
        ),
    ),
    Row(
        "15.1.2",
        "it is known what is inside",
        "locks with hashes, a bill of materials with each release (`make audit`)",
        ("test_h84_every_requirement_is_one_version_with_hashes_and_without_an_address",),
    ),
    Row(
        "15.4.2",
        "what was checked is what is used",
        "files are opened once and judged by the open file; one service holds a journal",
        ("test_h76_a_symlink_is_refused_both_ways", "test_h26_a_second_service_on_one_journal_refuses"),
    ),
    Row(
        "16.2.5",
        "no credential reaches a log",
        "a type that never shows itself, and a filter on the way out",
        (
            "test_h74_nothing_the_service_says_logs_records_or_keeps_holds_a_secret",
            "test_h77_what_looks_like_a_credential_is_blanked",
        ),
    ),
    Row(
        "16.4.1",
        "nobody can write into a log what looks like another line",
        "one line a record, control characters replaced",
        ("test_h74_a_log_line_is_one_line_of_json_without_secrets_or_control_characters",),
    ),
    Row(
        "16.5.1, 16.5.3",
        "errors say nothing secret, and what fails stays closed",
        "no local variables in any crash report; no secret, no server; not stored, not acknowledged",
        (
            "test_h74_a_crash_shows_where_and_never_what_a_variable_held",
            "test_h03_without_a_webhook_secret_it_does_not_start",
            "test_h27_a_full_disk_answers_503_and_recovers_when_there_is_room",
        ),
    ),
)


@cache
def _tests() -> dict[str, str]:
    """Test function → the file it stands in, from the project's root."""
    found: dict[str, str] = {}
    for file in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                found.setdefault(node.name, str(file.relative_to(ROOT)))
    return found


def missing() -> list[str]:
    """Tests that are named here and do not exist."""
    return [name for row in ROWS for name in row.tests if name not in _tests()]


def page() -> str:
    """docs/reference/security-verification.md."""
    lines = [
        (
            "# Security, row by row\n\nThe rows of OWASP's Application Security Verification Standard 5.0 that tassist claims, and the tests that would\n"
            'fail without them. What is not listed is not claimed. Run one with `make test ARGS="-k NAME"`.\n\n'
            "| row | what it asks for | how it is kept | tests |\n|---|---|---|---|\n"
        )
    ]
    for row in ROWS:
        tests = "<br>".join(f"`{name}` in `{_tests().get(name, '?')}`" for name in row.tests)
        lines.append(f"| {row.id} | {row.asks} | {row.how} | {tests} |\n")
    return "".join(lines)
