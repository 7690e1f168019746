"""Private files: written whole or not at all, and readable by their owner only."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from pathlib import Path

from engine.problems import Problem, ProblemError
from tassist.errors import os_problem
from tassist.text import safe_text

_MAX_BYTES = 1 << 20
_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)


def write_private(path: Path, content: bytes) -> None:
    """Replace the file durably and atomically; after a power cut there is the old one or the new one, never half.

    The new content goes to a file of its own (``O_EXCL``, mode 0600 whatever the umask), is flushed to the disk,
    renamed, and the folder is flushed too. Two writers never mix: the last one wins, whole.

    Raises:
        ProblemError: the path is a symlink or not ours, or the system refuses.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        refuse_what_is_not_ours(path)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NOFOLLOW, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                os.fchmod(file.fileno(), 0o600)
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise
        _flush_folder(path.parent)
    except OSError as error:
        raise ProblemError(os_problem(error, doing="save the credentials in")) from None


def append_private(path: Path, content: bytes) -> None:
    """Append to a private file, durably; it is made where there is none.

    Raises:
        ProblemError: it is a symlink or not ours, or the system refuses.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        refuse_what_is_not_ours(path)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | _NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "ab") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise ProblemError(os_problem(error, doing="write to")) from None


def check_writable(path: Path) -> None:
    """Find out whether `write_private` will work, before something is done that cannot be repeated.

    Raises:
        ProblemError: as `write_private` would.
    """
    probe = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    write_private(probe, b"\0" * 8192)
    with contextlib.suppress(OSError):
        probe.unlink()
    try:
        refuse_what_is_not_ours(path)
    except OSError as error:
        raise ProblemError(os_problem(error, doing="save the credentials in")) from None


def read_private(path: Path) -> bytes:
    """Read a file only its owner may read.

    Raises:
        ProblemError: there is none, it is a symlink, not ours, readable by others, or too large to be one of ours.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | _NOFOLLOW | getattr(os, "O_NONBLOCK", 0))
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise ProblemError(_symlink(path)) from None
        raise ProblemError(os_problem(error, doing="read the credentials from")) from None
    with os.fdopen(descriptor, "rb") as file:
        facts = os.fstat(file.fileno())
        if not stat.S_ISREG(facts.st_mode):
            raise ProblemError(_problem("not-a-file", path, "is not a regular file", "", "name the file that holds it"))
        if facts.st_uid != _own_id():
            raise ProblemError(_foreign(path))
        if stat.S_IMODE(facts.st_mode) & 0o077:
            raise ProblemError(
                _problem(
                    "readable-by-others",
                    path,
                    "can be read by other users of this machine",
                    f"its mode is {stat.S_IMODE(facts.st_mode):04o}, and it holds a secret",
                    f"chmod 600 {safe_text(path)}",
                )
            )
        content = file.read(_MAX_BYTES + 1)
    if len(content) > _MAX_BYTES:
        raise ProblemError(
            _problem("file-too-large", path, "is larger than any credential", "", "check that it is the right file")
        )
    return content


def refuse_what_is_not_ours(path: Path) -> None:
    """A symbolic link, or another user's file, is no place for a secret; one that does not exist yet is.

    Raises:
        ProblemError: it is one of these.
    """
    try:
        facts = path.lstat()
    except FileNotFoundError:
        return
    if stat.S_ISLNK(facts.st_mode):
        raise ProblemError(_symlink(path))
    if facts.st_uid != _own_id():
        raise ProblemError(_foreign(path))


def _own_id() -> int:
    return os.geteuid() if hasattr(os, "geteuid") else 0


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in {errno.EINVAL, errno.ENOTSUP}:  # some network file systems have no such call
            raise
    finally:
        os.close(descriptor)


def _symlink(path: Path) -> Problem:
    return _problem(
        "credentials-symlink",
        path,
        "is a symbolic link",
        "whoever may change the link could make us write a secret elsewhere",
        "replace it by the file itself, or choose another folder with --home",
    )


def _foreign(path: Path) -> Problem:
    return _problem(
        "credentials-foreign-owner",
        path,
        "belongs to another user",
        "a secret is kept only in a file of the user tassist runs as",
        "run tassist as its owner, or choose another folder with --home",
    )


def _problem(code: str, path: Path, what: str, why: str, fix: str) -> Problem:
    return Problem(code=code, what=f"{safe_text(path)} {what}", why=why, fix=fix)
