"""Every example of every command's help is typed, to the letter, where there is what it speaks of."""

from __future__ import annotations

import re
import socket
from pathlib import Path

import pytest

from tests.support.example_world import Machine, examples, legacy, looked_after, machine, with_a_past

ROOT = Path(__file__).resolve().parents[2]
Typed = list[tuple[str, int, str]]
"""A line, the exit code it has there, and words it says; lines that are no example bring what the next ones need."""

WITH_FILES: Typed = [
    ("tassist config init --output .github/task-assistant.yml", 0, "task-assistant.yml"),
    ("tassist config validate", 0, "valid: "),
    ("tassist config validate --json .github/task-assistant.yml", 0, '"digest"'),
    ("tassist config schema > .github/task-assistant.schema.json", 0, ""),
    ("grep schema_version .github/task-assistant.schema.json", 0, "schema_version"),
    ("tassist config show --json", 0, '"digest"'),
    ("tassist config upgrade --write", 0, "nothing to do"),
    ("tassist contract verify --config .github/task-assistant.yml", 0, "promise"),
    ("tassist contract export --format json", 0, '"cases"'),
    ("tassist contract print --rule milestone", 0, "configuration"),
    ("tassist rules list", 0, "milestone"),
    ("tassist rules show milestone", 0, "milestone"),
    ("tassist rules show exclusivity.track", 0, "exclusivity"),
    ("tassist help deliveries search", 0, "Usage: tassist deliveries search"),
    ("tassist help port-in-use", 0, "port-in-use"),
    ("tassist help --problems", 0, "port-in-use"),
    ("tassist completion bash >> ~/.bashrc", 0, ""),
    ("tassist completion zsh  >> ~/.zshrc", 0, ""),
    ("tassist completion fish > ~/.config/fish/completions/tassist.fish", 0, ""),
    ("cat ~/.bashrc ~/.zshrc ~/.config/fish/completions/tassist.fish", 0, "_TASSIST_COMPLETE"),
    ("tassist telemetry schema > telemetry.schema.json", 0, ""),
    ("cat telemetry.schema.json", 0, "event_type"),
]

WITH_A_PAST: Typed = [
    ("tassist telemetry verify", 0, "200 records in"),
    ("tassist telemetry verify ~/telemetry --json", 0, '"fault_count": 0'),
    ("tassist telemetry export --format cloudevents --repo acme/orbit > events.jsonl", 0, "100 of 200 lines exported"),
    ("tassist telemetry import old/telemetry events.jsonl", 0, "220 were there already"),
    ("tassist telemetry prune --keep-days 400 --dry-run", 0, "would go"),
    ("tassist telemetry status --json", 0, '"sinks"'),
    ("tassist config simulate --config new.yml --base old.yml --over .tassist/telemetry", 0, ""),
    ("tassist dashboard build --out public --as-of 2026-03-31", 0, "200 records as of 2026-03-31"),
    ("tassist dashboard build --repo acme/orbit --out public", 0, "public/index.html"),
    ("tassist dashboard diff 2026-02-28 2026-03-31", 3, "From 2026-02-28 to 2026-03-31"),
    ("tassist dashboard build", 0, "index.html"),
    ("tassist dashboard open", 0, "file:///"),
    ("tassist dashboard records failed --repo acme/orbit | head", 0, ""),
]

WITH_A_SERVICE: Typed = [
    ("tassist deliveries list --state dead", 0, "delivery"),
    ("tassist deliveries list --repo acme/shop --issue 7", 0, "acme/shop#7"),
    ("tassist deliveries show 72d3162e", 0, "acme/app#12"),
    ("tassist deliveries diff 72d3162e 7c1f8a90 --only issue", 0, "issues"),
    ("tassist deliveries edit 72d3162e --editor", 0, ".json"),
    ("rm delivery-72d3162e.json", 0, ""),
    (
        "tassist deliveries edit 72d3162e --set issue.title=Renamed --set 'issue.labels[name=bug].color=\"ff0000\"'",
        0,
        "delivery-72d3162e.json",
    ),
    ("tassist deliveries edit 72d3162e --unset issue.milestone --output -", 0, '"payload"'),
    ("tassist deliveries search 'login page' --repo acme/shop --since 2026-11-01", 0, "issue.title: The login page"),
    ("tassist deliveries redeliver 72d3162e --wait", 0, "done"),
    ("tassist deliveries replay 72d3162e", 0, "will be handled again"),
    ("tassist deliveries resend 72d3162e --wait", 0, "202"),
    ("tassist deliveries resend delivery-72d3162e.json --to http://127.0.0.1:8080/webhook", 0, "202 stored"),
    ("tassist trigger issues labeled --repo acme/app --issue 12 --label bug --wait", 0, "202 stored"),
    ("tassist trigger issue_comment created --repo acme/app --issue 12 --print", 0, '"issue_comment"'),
    ("tassist trigger release published --payload release.json", 0, "202 stored"),
    ("tassist store info", 0, "schema version"),
    ("tassist store info --json", 0, '"schema_version"'),
    ("tassist store prune --dry-run --json", 0, '"dry_run": true'),
    ("tassist deliveries edit 72d3162e --editor --output delivery.json", 0, ""),
    ("tassist run delivery.json --config .github/task-assistant.yml --json", 0, '"outcome"'),
    ("tassist plan acme/app", 0, "No changes"),
    ("tassist plan acme/app --config new.yml --json", 0, '"changes": []'),
    ("tassist apply acme/app", 0, "No changes"),
    ("tassist apply acme/app --config new.yml --yes", 0, "No changes"),
    ("tassist why acme/app#12", 0, "decisions:"),
    ("tassist why https://github.com/acme/app/issues/12 --json", 0, '"number": 12'),
    ("tassist sweep acme/app acme/lib", 0, "of 2 repositories looked at"),
    ("tassist sweep --all", 0, "of 4 repositories looked at"),
    ("tassist sweep --all --dry-run --json", 0, "nothing was written"),
    ("tassist undo acme/app#12 --dry-run", 0, "undo"),
    ("tassist undo 019b0c5d2e7f --yes", 0, "acme/app#12"),
    # Nobody is there to say yes, which is what their pages say of a run without a terminal.
    ('tassist rollover acme/app --milestone "Sprint 4"', 2, "no terminal to ask at"),
    (
        'tassist rollover acme/app --milestone "Sprint 4" --next "Sprint 5" --due 2026-12-31 --yes',
        0,
        'closed milestone "Sprint 4"',
    ),
    ("tassist scaffold acme/app --dry-run", 3, "task-assistant.yml"),
    ("tassist scaffold acme/app --commit", 2, "no terminal to ask at"),
    ("tassist doctor", 0, " ok"),
    ("tassist doctor --only clock,tls,way-in --json", 0, '"id": "tls"'),
    ("tassist doctor --fix hook", 0, "nothing to do"),
    ("tassist switch prod --url https://tassist.example.com/webhook", 0, "proof"),
    ("tassist switch dev --url https://abc.ngrok-free.app", 0, "proof"),
    ("tassist switch status", 0, "webhook"),
    ("tassist switch prod", 0, "webhook"),
    ("tassist switch status --json", 0, '"webhook"'),
    ("tassist rotate secret", 0, "secret"),
    (
        "tassist rotate key --key-file ~/Downloads/app.private-key.pem",
        8,
        "organizations/ORGANIZATION/settings/apps/task-assistant",
    ),
    ("tassist setup export > app.line", 0, "passphrase"),
]

SAAS_APP = {
    "tassist migrate audit saas-app --record recorded/": 3,
    "tassist migrate diff saas-app --record recorded/ --config examples/saas-app.yml --html evidence.html": 2,
}
"""What the page about a real migration was made with, and its exit codes; here on a small repository of the kind."""

WITH_LEGACY: Typed = [
    ("tassist migrate audit ~/src/app", 3, "legacy"),
    ("tassist migrate audit acme/app --json", 3, '"'),
    ("tassist migrate diff ~/src/app --config task-assistant.yml --record recorded/", 2, "engine"),
    *((line, code, "legacy") for line, code in SAAS_APP.items()),
    ("tassist migrate plan acme/app", 2, "Plan: "),
    ("tassist migrate acme/app", 0, "place"),
    ("tassist migrate import-telemetry acme/app --dry-run", 3, ""),
    ("tassist migrate plan acme/app --close-self-tests --out plan.json", 2, ""),
    ("tassist migrate shadow start acme/app --days 7", 0, ""),
    ("tassist migrate shadow status acme/app --json", 0, '"'),
    ("tassist migrate shadow stop acme/app", 0, ""),
    ("tassist migrate shadow start acme/app --plan plan.json --days 14", 0, ""),
    ("tassist migrate apply acme/app --plan plan.json --direct --yes", 0, ""),
    ("tassist migrate verify acme/app", 0, ""),
    # Nobody is there to say yes.
    ("tassist migrate rollback acme/app --direct", 2, "no terminal to ask at"),
    ("tassist migrate rollback acme/app --direct --yes", 0, ""),
    ("tassist migrate apply acme/app", 2, "no terminal to ask at"),
    ("tassist migrate import-telemetry ~/src/app", 0, ""),
    ("tassist migrate diff acme/app --config new.yml --html evidence.html --accepted accepted.toml", 0, ""),
]

ELSEWHERE = {
    "tassist demo --keep": ("acceptance/test_documentation.py", "every_command_of_a_page_does_what_the_page_says"),
    "tassist setup --plain": ("integration/setup/test_plain.py", "a_person_types_their_way_through"),
    "tassist setup --answers answers.toml": ("integration/setup/test_plain.py", "an_address_is_pasted_back_over_ssh"),
    "tassist console": ("tui/test_terminal.py", "each_command_opens_the_app"),
    "tassist console --home /var/lib/tassist --place deliveries": ("tui/test_terminal.py", "each_command_opens_the_app"),
    "tassist console --plain": ("unit/tassist/test_tail.py", "the_command_tells_as_many"),
    "tassist console --web": ("tui/test_web_in_a_browser.py", "it_is_drawn_takes_keys_and_ends"),
    "GITHUB_WEBHOOK_SECRET=… tassist serve --headless --port 8080": (
        "integration/server/test_process.py", "it_says_where_it_listens_on_stdout",
    ),
    "TASSIST_DATABASE=service=tassist tassist worker --looks 32": (
        "integration/store/test_machines.py", "several_workers_keep_the_order_of_each_issue",
    ),
    "tassist store migrate /var/lib/tassist service=tassist": (
        "integration/store/test_move.py", "the_line_of_the_page_brings_a_file_over",
    ),
    "tassist migrate": ("tui/test_terminal.py", "each_command_opens_the_app"),
}  # fmt: skip
"""Line → file and test that does what it says: what needs a terminal, a person, a browser or a database."""


def type_all(at: Machine, typed: Typed) -> None:
    """Each line in its order; everything that is not as written, at once."""
    wrong = []
    for line, code, says in typed:
        done = at.types(line)
        told = done.stdout + done.stderr
        if done.returncode != code or at.here(says) not in told or "Traceback" in told:
            wrong.append(f"{line}: {done.returncode}\n{done.stdout[-600:]}\n{done.stderr[-600:]}")
    assert wrong == [], "\n".join(wrong)


@pytest.mark.slow
def test_examples_that_need_files_only(tmp_path: Path) -> None:
    type_all(machine(tmp_path), WITH_FILES)


@pytest.mark.slow
def test_examples_that_need_telemetry(tmp_path: Path) -> None:
    with with_a_past(tmp_path) as at:
        type_all(at, WITH_A_PAST)


@pytest.fixture
def unused_port() -> int:
    """A port nobody listens at."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@pytest.mark.slow
def test_examples_that_need_a_service(tmp_path: Path, unused_port: int) -> None:
    with looked_after(tmp_path, unused_port) as at:
        type_all(at, WITH_A_SERVICE)


@pytest.mark.slow
def test_examples_that_need_legacy_automation(tmp_path: Path) -> None:
    with legacy(tmp_path) as at:
        type_all(at, WITH_LEGACY)


def test_every_example_is_typed_here_or_belongs_to_a_test() -> None:
    typed = {line for each in (WITH_FILES, WITH_A_PAST, WITH_A_SERVICE, WITH_LEGACY) for line, _, _ in each}
    shown = examples()

    assert len(shown) > 100
    assert sorted(set(shown) - typed - set(ELSEWHERE)) == []
    assert sorted(set(ELSEWHERE) - set(shown)) == []
    for file, name in ELSEWHERE.values():
        assert re.search(rf"def test_\w*{name}", (ROOT / "tests" / file).read_text()), f"{file}: {name}"


BLOCKS = {
    "README.md": {
        "make demo": ("acceptance/test_demo.py", "the_demo_runs_and_keeps_its_promises"),
        "make test": ("acceptance/test_examples_of_help.py", "every_block_of_the_other_pages"),
    },
    "docs/explanation/github-in-a-box.md": {
        "import httpx": ("unit/sandbox/test_documentation.py", "the_examples_run"),
        "from tassist.sandbox import Box": ("unit/sandbox/test_documentation.py", "the_examples_run"),
    },
    "docs/explanation/migrating-saas-app.md": {
        f"{line}  # exit {code}": ("acceptance/test_examples_of_help.py", "examples_that_need_legacy_automation")
        for line, code in SAAS_APP.items()
    },
}
"""Page → first line of a program, or line to type → file and test that does it; `make test` is what reads this."""


def test_every_block_of_the_other_pages_belongs_to_a_test() -> None:
    """How-tos and tutorials have their own; the reference is generated."""
    pages = [*ROOT.glob("*.md"), *(ROOT / ".github").rglob("*.md"), *(ROOT / "docs").rglob("*.md")]
    apart = {"how-to", "tutorial", "reference"}
    found: dict[str, set[str]] = {}
    for page in pages:
        if page.parent.name in apart:
            continue
        for language, block in re.findall(r"^ *```([^\n]*)\n(.*?)^ *```", page.read_text(), re.DOTALL | re.MULTILINE):
            if language in {"text", "toml", "yaml", "json"} or language.startswith("{"):
                assert not re.search(r"^\s*(?:\$ |tassist |make |pip )", block, re.MULTILINE), (
                    f"{page}: sh, not {language}"
                )
                continue
            lines = block.splitlines()[:1] if language == "python" else block.splitlines()
            typed = {re.sub(r"\s+# (exit \d+).*", r"  # \1", line.removeprefix("$ ")) for line in lines if line.strip()}
            found.setdefault(str(page.relative_to(ROOT)), set()).update(typed)

    assert found == {page: set(lines) for page, lines in BLOCKS.items()}
    for file, name in (one for lines in BLOCKS.values() for one in lines.values()):
        assert re.search(rf"def test_\w*{name}", (ROOT / "tests" / file).read_text()), f"{file}: {name}"
