"""The `.env` of the current folder: what is malformed, unknown, unsafe or about to be committed."""

from __future__ import annotations

import difflib
import io
import os
import stat

from dotenv.parser import parse_stream

from tassist.config.settings import SETTINGS
from tassist.doctor.check import Check, Finding, Machine, apart, blocking, failed, ok, skipped, warning
from tassist.text import safe_text

OURS = ("TASSIST_", "GITHUB_APP", "GITHUB_PRIVATE", "GITHUB_WEBHOOK", "GITHUB_CLIENT", "GITHUB_API")
ALSO = {"GITHUB_CLIENT_SECRET", "TASSIST_PLAIN"}
"""Variables that are no settings and are known all the same; the installer's own begin with ``TASSIST_SETUP_``."""
_SECRETS = {name for setting in SETTINGS if setting.kind == "secret" for name in setting.env} | {"GITHUB_CLIENT_SECRET"}
_KNOWN = {name for setting in SETTINGS for name in setting.env} | ALSO


def _look(machine: Machine) -> Finding:
    path = machine.dotenv
    shown = safe_text(path)
    if path.is_symlink():
        return failed(
            f"{shown} is a symbolic link",
            "whoever may change the link could put other values in",
            "replace it by the file itself",
        )
    if not path.exists():
        return skipped("there is no .env in this folder, and nothing needs one")
    try:
        facts, raw = path.stat(), path.read_bytes()
    except OSError as error:
        return failed(f"{shown} cannot be read", safe_text(error.strerror or error), f"chmod 600 {shown}")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return failed(f"{shown} is not UTF-8 text", fix="save it as UTF-8")
    names: list[str] = []
    for binding in parse_stream(io.StringIO(text)):
        # The parser counts the blank lines above a line to it.
        line = binding.original.line + len(binding.original.string) - len(binding.original.string.lstrip("\r\n"))
        if binding.error or (binding.key is not None and binding.value is None):
            return failed(
                f"{shown}, line {line} is not of the form NAME=value",
                "it is not shown here, since it may be a part of a secret; a value over several lines has to be quoted",
                'write NAME=value, or NAME="value"',
            )
        if binding.key is not None:
            names.append(binding.key)
        if binding.value and binding.value.startswith("-----BEGIN") and "-----END" not in binding.value:
            return failed(
                f"{shown}, line {line} holds only the first line of a key",
                "a value over several lines ends at the first line unless it is quoted",
                f"put it in double quotes, or set {safe_text(binding.key, max_chars=60)}_FILE to the key's file",
            )
    holds_secret = any(name in _SECRETS for name in names)
    if holds_secret and facts.st_uid != os.geteuid():
        return failed(f"{shown} belongs to another user", "it holds secrets", "copy it to a file of your own")
    if holds_secret and stat.S_IMODE(facts.st_mode) & 0o077:
        return failed(
            f"{shown} can be read by other users",
            f"its mode is {stat.S_IMODE(facts.st_mode):04o}, and it holds secrets",
            f"chmod 600 {shown}",
            mendable=True,
        )
    twice = sorted({name for name in names if names.count(name) > 1 and name in _KNOWN})
    if twice:
        return warning(f"{shown} sets {twice[0]} twice", "the last one counts", "remove one of the two lines")
    unknown = [name for name in names if _unknown(name)]
    if unknown:
        name = unknown[0]
        near = difflib.get_close_matches(name, sorted(_KNOWN), 1, 0.75)
        more = f", and {len(unknown) - 1} more" if len(unknown) > 1 else ""
        return warning(
            f"{shown} sets {safe_text(name, max_chars=60)}{more}, which nobody reads",
            f"there is {near[0]}" if near else "it looks like one of ours and is none",
            f"write {near[0]}" if near else "see docs/reference/settings.md",
        )
    ours = [name for name in names if name in _KNOWN]
    return ok(f"{shown} sets {len(ours)} of our variables" if ours else f"{shown} sets none of our variables")


def _unknown(name: str) -> bool:
    if name in _KNOWN or name.startswith("TASSIST_SETUP_"):
        return False
    return name.startswith(OURS) or bool(difflib.get_close_matches(name, sorted(_KNOWN), 1, 0.9))


async def _make_private(machine: Machine) -> str:
    if machine.dotenv.is_symlink():
        return "nothing was changed: it is a symbolic link"
    await apart(lambda: machine.dotenv.chmod(0o600))
    return f"{safe_text(machine.dotenv)} can now be read by you alone"


CHECKS: tuple[Check[Machine], ...] = (
    Check(
        "env-file",
        ".env",
        "The `.env` of the current folder: lines that are not of the form NAME=value, a key cut after its first line, "
        "variables that look like ours and are none, secrets that other users can read.",
        blocking(_look),
        _make_private,
        "make the file private (chmod 600)",
    ),
)
