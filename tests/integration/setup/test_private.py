"""What is in a home folder is its owner's alone, whoever made it and whatever the umask was."""

from __future__ import annotations

import pytest

from tests.support.installing import Installing
from tests.support.private import no_umask, open_to_others

pytestmark = pytest.mark.slow


def test_h76_nobody_else_reads_what_an_installation_a_service_and_telemetry_leave(
    installing: Installing, unused_port: int
) -> None:
    installing.env |= {"TASSIST_PORT": str(unused_port), "XDG_CACHE_HOME": str(installing.folder / "cache")}
    answers = installing.answers(webhook="url", webhook_url=f"http://127.0.0.1:{unused_port}/webhook")
    answers.write_text(answers.read_text() + 'telemetry = ["jsonl", "sqlite"]\n')
    with no_umask():
        for words in (
            ("setup", "--answers", str(answers), "--save-answers", str(installing.home / "again.toml")),
            ("switch", "status"),
            ("telemetry", "verify"),
            ("telemetry", "prune", "--keep-days", "30"),
            ("dashboard", "build"),
        ):
            done = installing.tassist(*words)
            assert done.code == 0, (words, done.err)

    made = {path.name for path in installing.home.iterdir()}
    assert made >= {"github-app.json", "setup.journal", "journal.db", "server.log", "sinks.json", "telemetry.db"}
    # The pages are meant for others, and are as open as the umask says.
    assert [one for one in open_to_others(installing.home) if " dashboard" not in one] == []
    assert open_to_others(installing.folder / "cache" / "tassist") == []
