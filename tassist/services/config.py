"""Everything `tassist config` does to a configuration file."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import sys
from dataclasses import dataclass
from pathlib import Path

from engine.config import DEFAULT_FILE, Config, InvalidConfig, older, parse
from engine.config.effective import Effective, effective
from engine.config.limits import MAX_BYTES
from engine.config.older import Upgraded
from engine.config.starter import STARTER
from engine.problems import Problem, ProblemError
from tassist.errors import os_problem
from tassist.text import safe_text

_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?\Z")


@dataclass(frozen=True, slots=True)
class Shown:
    """A valid configuration with every value in force."""

    config: Config
    values: tuple[Effective, ...]


def read_source(path: str) -> bytes:
    """The bytes of a configuration file, ``-`` for standard input; one byte more than is allowed at most.

    Raises:
        ProblemError: it cannot be read.
    """
    try:
        if path == "-":
            return sys.stdin.buffer.read(MAX_BYTES + 1)
        with Path(path).open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise ProblemError(
            Problem(
                code="config-no-file",
                what=f"there is no configuration at {safe_text(path, max_chars=200)}",
                fix="name its path, or write a first one: tassist config init",
            )
        ) from None
    except OSError as error:
        raise ProblemError(os_problem(error, doing="read the configuration")) from None


def validate(path: str = DEFAULT_FILE) -> Config | InvalidConfig:
    """Everything that is wrong with a file.

    Raises:
        ProblemError: it cannot be read.
    """
    return parse(read_source(path), file=path)


def show(path: str = DEFAULT_FILE) -> Shown:
    """Every value in force, and where it comes from.

    Raises:
        ProblemError: the file cannot be read, or is not valid.
    """
    source = read_source(path)
    found = parse(source, file=path)
    if isinstance(found, InvalidConfig):
        raise ProblemError(found.problems)
    return Shown(found, effective(found, source))


@dataclass(frozen=True, slots=True)
class Upgrade:
    """A file in today's form."""

    before: str
    after: Upgraded
    written: bool


def upgrade(path: str = DEFAULT_FILE, *, write: bool = False) -> Upgrade:
    """Rewrite a file of an older form; what cannot be made valid is not written.

    Raises:
        ProblemError: it cannot be read or written, or it is a symlink.
    """
    source = read_source(path)
    after = older.upgrade(source, file=path)
    before = source.decode("utf-8", "replace").removeprefix("\ufeff")
    if not write or after.problems or not after.changes:
        return Upgrade(before, after, written=False)
    if path == "-" or Path(path).is_symlink():
        what = "standard input" if path == "-" else f"{safe_text(path, max_chars=200)}, which is a symbolic link,"
        raise ProblemError(
            Problem(
                "config-path-refused", f"{what} is not written to", fix="name the file itself, or leave --write out"
            )
        )
    try:
        replace_file(Path(path), after.text.encode())
    except OSError as error:
        raise ProblemError(os_problem(error, doing="write the configuration")) from None
    return Upgrade(before, after, written=True)


def init(path: str = DEFAULT_FILE, *, force: bool = False, base: Path | None = None) -> Path:
    """Write a first configuration below the current folder.

    Args:
        path: Where to, relative to ``base``.
        force: Replace a file that is there.
        base: The folder it must stay in; default: the current one.

    Raises:
        ProblemError: the path leads elsewhere, something is there already, or the system refuses.
    """
    base = (base or Path.cwd()).resolve()
    target = _inside(path, base)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ProblemError(os_problem(error, doing="make the folder")) from None
    try:
        if force:
            replace_file(target, STARTER.encode())
        else:
            _create(target, STARTER.encode())
    except FileExistsError:
        raise ProblemError(
            Problem(
                code="file-exists",
                what=f"{safe_text(path, max_chars=200)} exists already",
                why="a configuration somebody wrote is not replaced unasked",
                fix="look at it with: tassist config validate; or replace it with --force",
            )
        ) from None
    except OSError as error:
        raise ProblemError(os_problem(error, doing="write the configuration")) from None
    return target


def replace_file(path: Path, content: bytes) -> None:
    """Replace a file by new content, whole or not at all; it keeps its permissions.

    Raises:
        OSError: the system refuses; the old file is as it was.
    """
    mode = path.stat().st_mode & 0o777 if path.exists() else None
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        _create(temporary, content, mode=mode)
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def _create(path: Path, content: bytes, *, mode: int | None = None) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NOFOLLOW, 0o666 if mode is None else mode)
    with os.fdopen(descriptor, "wb") as file:
        if mode is not None:
            os.fchmod(file.fileno(), mode)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _inside(path: str, base: Path) -> Path:
    """The path below the base, through no symlink.

    Raises:
        ProblemError: it leads elsewhere.
    """
    if "\0" in path or not path.strip():
        raise ProblemError(_elsewhere(path, "that is no file name"))
    target = Path(os.path.normpath(base / path))
    if target == base or not target.is_relative_to(base):
        raise ProblemError(_elsewhere(path, f"it leads out of {base}"))
    step = base
    for part in target.relative_to(base).parts:
        step /= part
        if _RESERVED.match(part):
            raise ProblemError(_elsewhere(path, f"{part} is a device on some systems"))
        try:
            if step.is_symlink():
                raise ProblemError(_elsewhere(path, f"{safe_text(step.relative_to(base))} is a symbolic link"))
        except OSError as error:
            if error.errno != errno.ENAMETOOLONG:
                raise ProblemError(os_problem(error, doing="look at")) from None
            raise ProblemError(_elsewhere(path, "a part of the name is too long")) from None
    if target.is_dir():
        raise ProblemError(_elsewhere(path, "it is a folder"))
    return target


def _elsewhere(path: str, why: str) -> Problem:
    return Problem(
        code="config-path-refused",
        what=f"the configuration is not written to {safe_text(path, max_chars=200)!r}",
        why=why,
        fix=f"run it in the repository's folder, with --output {DEFAULT_FILE} or another path below it",
    )
