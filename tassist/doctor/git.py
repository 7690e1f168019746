"""git and the repository around the current folder: its configuration, and secrets that would be committed."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tassist.doctor.check import Check, Finding, Machine, blocking, failed, ok, skipped, warning
from tassist.text import safe_text

CONFIG = ".github/task-assistant.yml"
_TIMEOUT_S = 1.5


def _git(folder: Path, *args: str) -> tuple[int, str]:
    """Exit code and output; -1 where there is no git, -2 where it does not answer."""
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *args],
            capture_output=True,
            timeout=_TIMEOUT_S,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except FileNotFoundError:
        return -1, ""
    except (OSError, subprocess.TimeoutExpired):
        return -2, ""
    return done.returncode, done.stdout.decode("utf-8", "replace").strip()


def _look(machine: Machine) -> Finding:
    code, version = _git(machine.folder, "--version")
    if code == -1:
        return warning(
            "git is not installed",
            "the installer writes a repository's first files with it, and migrations read history with it",
            "install git, where you need either",
        )
    if code == -2:
        return warning("git does not answer", fix="run git --version by hand")
    number = safe_text(version.removeprefix("git version "), max_chars=40)
    code, top = _git(machine.folder, "rev-parse", "--show-toplevel")
    if code != 0:
        return ok(f"git {number}; this folder is no repository")
    root = Path(top)
    if machine.dotenv.exists() and machine.dotenv.absolute().is_relative_to(root):
        name = str(machine.dotenv.absolute())
        if _git(root, "ls-files", "--error-unmatch", "--", name)[0] == 0:
            return failed(
                "git tracks .env",
                "its secrets are committed with the next change, or already were",
                "git rm --cached .env, add it to .gitignore, and rotate what was in it: tassist rotate",
            )
        if _git(root, "check-ignore", "-q", "--", name)[0] == 1:
            return warning(
                "git does not ignore .env", "the next git add would take it along", "echo .env >> .gitignore"
            )
    config = root / CONFIG
    if not config.is_file():
        return ok(f"git {number}; this repository has no {CONFIG} yet")
    changed = _git(root, "status", "--porcelain", "--", CONFIG)[1]
    if changed:
        return warning(
            f"{CONFIG} has changes that are not committed",
            "GitHub and the service know only what is pushed",
            f"git add {CONFIG} && git commit && git push",
        )
    return ok(f"git {number}; {CONFIG} is committed")


def _config(machine: Machine) -> Finding:
    _, top = _git(machine.folder, "rev-parse", "--show-toplevel")
    path = (Path(top) if top else machine.folder) / CONFIG
    if not path.is_file():
        return skipped(f"there is no {CONFIG} here")
    from engine.config import InvalidConfig, parse

    try:
        found = parse(path.read_bytes(), file=CONFIG)
    except OSError as error:
        return failed(f"{CONFIG} cannot be read", safe_text(error.strerror or error))
    if isinstance(found, InvalidConfig):
        first = found.problems[0]
        more = f" (and {len(found.problems) - 1} more)" if len(found.problems) > 1 else ""
        return failed(
            f"{safe_text(first.where or CONFIG)}: {safe_text(first.what)}{more}",
            safe_text(first.why),
            "tassist config validate",
        )
    return ok(f"{CONFIG} is valid")


CHECKS: tuple[Check[Machine], ...] = (
    Check(
        "git",
        "git",
        "git is there; where the current folder is a repository, its `.env` is ignored and its configuration committed.",
        blocking(_look),
    ),
    Check(
        "configuration",
        "Configuration",
        "`.github/task-assistant.yml` of the repository around the current folder, judged by the engine itself.",
        blocking(_config),
    ),
)
