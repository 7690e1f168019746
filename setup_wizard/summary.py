"""What there is after an installation and what comes next, in rows that every face shows."""

from __future__ import annotations

from setup_wizard.app_steps import PLACES
from setup_wizard.known import Known


def next_commands(webhook: str, home: str = "") -> tuple[str, str]:
    """How the service is started after this installation, and how it is looked at.

    Args:
        webhook: The way deliveries come.
        home: The option that names another folder, or nothing.
    """
    way = {"ngrok": " --tunnel ngrok", "agent": " --tunnel agent", "poll": " --poll"}.get(webhook, "")
    return f"tassist serve{way}{home}", f"tassist doctor{home}"


def rows(known: Known, home: str = "") -> tuple[tuple[str, str], ...]:
    """Name and value; only what is known."""
    learned, webhook = known.learned, known.answer("webhook")
    serve, doctor = next_commands(webhook, home)
    asked = "none; GitHub is asked for deliveries once a minute"
    found = (
        ("App", f"{learned.get('name', '')}, App ID {learned['app_id']}" if learned.get("app_id") else ""),
        ("at", learned.get("html_url", "")),
        ("secrets", PLACES.get(learned.get("kept_in", ""), "")),
        ("webhook", asked if webhook == "poll" else learned.get("hook_url", "")),
        ("installed in", ", ".join(learned.get("accounts", "").splitlines())),
        *_first_files(learned.get("scaffold_said", "")),
        ("next", serve),
        ("", doctor),
    )
    return tuple((name, value) for name, value in found if value)


def _first_files(said: str) -> tuple[tuple[str, str], ...]:
    """An address and what is to be done stand on lines of their own, so that they are whole where a terminal is narrow."""
    text, _, address = said.partition(": https://")
    text, _, then = text.partition("; next: ")
    return (("first files", text), ("", f"https://{address}" if address else then))
