"""Changes a `.env` file and leaves everything else in it as it is: order, comments, blank lines, other people's variables."""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from dotenv import dotenv_values
from dotenv.parser import parse_stream

from engine.problems import Problem, ProblemError
from tassist.errors import os_problem
from tassist.secrets.files import refuse_what_is_not_ours, write_private
from tassist.text import safe_text

MAX_BYTES = 1 << 20
_REMARK = re.compile(r"(\s+#[^\n\"']*)\n?\Z")
"""A comment behind a value."""


def update(path: Path, values: Mapping[str, str | None]) -> None:
    """Set variables, or remove those given as ``None``; the file is private and whole at every moment.

    Raises:
        ProblemError: it is a symlink, not ours, no text, tracked by git, or cannot be written.
    """
    refuse_tracked(path)
    with _one_at_a_time(path.parent):
        write_private(path, changed(_read(path), values).encode())


def read(path: Path) -> dict[str, str]:
    """Its variables; none where there is no file.

    Raises:
        ProblemError: it is a symlink, not ours, or no text.
    """
    found = dotenv_values(stream=io.StringIO(_read(path)), interpolate=False)
    return {name: value for name, value in found.items() if value is not None}


def changed(text: str, values: Mapping[str, str | None]) -> str:
    """The file's text with these variables set or removed; a variable that stands there keeps its place."""
    parts: list[str] = []
    left = dict(values)
    seen: set[str] = set()
    for binding in parse_stream(io.StringIO(text)):
        original = binding.original.string
        if binding.error or binding.key is None or binding.key not in values:
            parts.append(original)
            continue
        value = values[binding.key]
        if value is None or binding.key in seen:
            # A comment above belongs to the file, not to the variable, and stays.
            parts.append(_above(original))
            continue
        seen.add(binding.key)
        left.pop(binding.key, None)
        above = _above(original)
        export = "export " if original[len(above) :].lstrip().startswith("export ") else ""
        remark = _REMARK.search(original[len(above) :])
        line = _line(binding.key, value)
        parts.append(f"{above}{export}{line[:-1]}{remark[1]}\n" if remark else f"{above}{export}{line}")
    body = "".join(parts)
    added = "".join(_line(name, value) for name, value in left.items() if value is not None)
    if added and body and not body.endswith("\n"):
        body += "\n"
    return body + added


def _above(original: str) -> str:
    """Blank lines that the parser counts to the binding below them."""
    stripped = original.lstrip("\r\n")
    return original[: len(original) - len(stripped)]


def _line(name: str, value: str) -> str:
    """Quoted so that python-dotenv, shells and systemd read the same; a line end inside is written as an escape."""
    if value and all(char.isalnum() or char in "_-.:/+@%," for char in value) and value.isascii():
        return f"{name}={value}\n"
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'{name}="{escaped}"\n'


def refuse_tracked(path: Path) -> None:
    """A file that git would commit is no place for a secret.

    Raises:
        ProblemError: git tracks it, or does not ignore it.
    """
    if not _inside_git(path.parent):
        return
    if _git(path.parent, "ls-files", "--error-unmatch", "--", path.name) == 0:
        raise ProblemError(
            Problem(
                "secret-file-tracked",
                f"git tracks {safe_text(path)}",
                "a secret in it would be committed with the next change",
                f"git rm --cached {safe_text(path.name)}, and add it to .gitignore",
            )
        )
    if _git(path.parent, "check-ignore", "-q", "--", path.name) == 1:
        raise ProblemError(
            Problem(
                "secret-file-not-ignored",
                f"git does not ignore {safe_text(path)}",
                "it would be committed by the next git add",
                f"echo {safe_text(path.name)} >> .gitignore",
            )
        )


def _inside_git(folder: Path) -> bool:
    return any((place / ".git").exists() for place in (folder.absolute(), *folder.absolute().parents))


def _git(folder: Path, *args: str) -> int | None:
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        return subprocess.run(
            ["git", "-C", str(folder), *args], capture_output=True, timeout=10, check=False
        ).returncode
    return None


def _read(path: Path) -> str:
    try:
        refuse_what_is_not_ours(path)
        if not path.exists():
            return ""
        content = path.read_bytes()[: MAX_BYTES + 1]
    except OSError as error:
        raise ProblemError(os_problem(error, doing="read the variables from")) from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text or len(content) > MAX_BYTES:
        raise ProblemError(
            Problem(
                "env-file-not-text",
                f"{safe_text(path)} is not a text file of variables",
                fix="name another folder, or choose file",
            )
        )
    return text


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Two that change the file at once go one after the other, so that neither loses the other's lines."""
    try:
        import fcntl
    except ImportError:  # a system without it has no such lock
        yield
        return
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # some network file systems have none
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
