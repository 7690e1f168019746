"""What there is after an installation and what comes next, in rows that every face shows."""

from __future__ import annotations

from setup_wizard.known import Known


def next_command(webhook: str, home: str = "") -> str:
    """How the service is started after this installation; ``home`` is the option that names another folder, or nothing."""
    if webhook in {"ngrok", "agent"}:
        return f"tassist serve --tunnel {webhook}{home}"
    return f"tassist serve{' --poll' if webhook == 'poll' else ''}{home}"


def rows(known: Known, home: str = "") -> tuple[tuple[str, str], ...]:
    """Name and value; only what is known."""
    learned, webhook = known.learned, known.answer("webhook")
    asked = "none; GitHub is asked for deliveries once a minute"
    found = (
        ("App", f"{learned.get('name', '')}, App ID {learned['app_id']}" if learned.get("app_id") else ""),
        ("at", learned.get("html_url", "")),
        ("secrets", learned.get("kept_in", "")),
        ("webhook", asked if webhook == "poll" else learned.get("hook_url", "")),
        ("installed in", ", ".join(learned.get("accounts", "").splitlines())),
        *_first_files(learned.get("scaffold_said", "")),
        ("next", next_command(webhook, home)),
    )
    return tuple((name, value) for name, value in found if value)


def _first_files(said: str) -> tuple[tuple[str, str], ...]:
    """An address and what is to be done stand on lines of their own, so that they are whole where a terminal is narrow."""
    text, _, address = said.partition(": https://")
    text, _, then = text.partition("; next: ")
    return (("first files", text), ("", f"https://{address}" if address else then))
