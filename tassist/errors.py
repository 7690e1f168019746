"""Exit codes, and the one place where an exception becomes words and a code."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterable
from enum import IntEnum

from engine.overriding import override
from engine.problems import Family, Problem, ProblemError
from tassist.text import safe_text


class Exit(IntEnum):
    """What a command's exit code means; documented in docs/reference/exit-codes.md."""

    OK = 0
    """Done, or nothing to do."""
    FAILED = 1
    """It did not work."""
    USAGE = 2
    """Usage or input is wrong; nothing was changed. For `plan`, `config simulate` and `migrate diff`: there are changes."""
    FOUND = 3
    """It worked, and found something that wants attention."""
    AUTH = 4
    """Authentication or permission."""
    UNAVAILABLE = 5
    """GitHub, the network or the disk is not available."""
    WAITING = 8
    """Waiting for a person."""
    INTERRUPTED = 130
    """Stopped by Ctrl-C; everything is whole."""


EXIT_BY_FAMILY: dict[Family, Exit] = {
    "yours": Exit.USAGE,
    "auth": Exit.AUTH,
    "world": Exit.UNAVAILABLE,
    "waiting": Exit.WAITING,
    "ours": Exit.FAILED,
}

_GITHUB_TOKENS = ("ghp_", "gho_", "ghu_", "ghs_", "ghr_")
_SECRETS: tuple[tuple[tuple[str, ...], re.Pattern[str], str], ...] = (
    (
        ("-----begin ",),
        re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL),
        "***",
    ),
    (_GITHUB_TOKENS, re.compile(r"\bgh[pousr]_[A-Za-z0-9_]{10,}"), "***"),
    # Also glued to a word: nothing else is so long.
    (_GITHUB_TOKENS, re.compile(r"gh[pousr]_[A-Za-z0-9]{30,}"), "***"),
    (("github_pat_",), re.compile(r"\bgithub_pat_[A-Za-z0-9_]{10,}"), "***"),
    (("eyj",), re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}"), "***"),
    (("://",), re.compile(r"://[^/\s:@]+:[^/\s@]+(?=@)"), "://***"),
    (("authorization: ",), re.compile(r"(?ai)(authorization: )\S+ \S+"), r"\1***"),
)
"""What a credential looks like, behind letters in lower case without which the pattern, which is slow, cannot match."""


def redact(text: str, *secrets: str) -> str:
    """Blank out everything that looks like a credential, and the given ones."""
    for secret in secrets:
        if len(secret) >= 4:
            text = text.replace(secret, "***")
    lower = text.lower()
    for signs, pattern, instead in _SECRETS:
        if any(sign in lower for sign in signs):
            text = pattern.sub(instead, text)
    return text


class Secret:
    """A value that never shows itself; `reveal` is the only way to it, so that its uses can be found."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself."""
        return self._value

    @override
    def __repr__(self) -> str:
        return "Secret(***)"

    @override
    def __str__(self) -> str:
        return "***"

    @override
    def __format__(self, spec: str) -> str:
        return "***"

    def __bool__(self) -> bool:
        return bool(self._value)

    @override
    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    @override
    def __hash__(self) -> int:
        return hash(self._value)

    @override
    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a Secret is not pickled")


def os_problem(error: OSError, *, doing: str, option: str = "", name: object = "") -> Problem:
    """Say what an operating-system error means for the user.

    Args:
        error: As raised.
        doing: What was being done, to follow "could not": ``write the journal``.
        option: The command's option that names another folder, if it has one: ``--home``.
        name: The file or folder, where the error names none, as for a full disk, or one the user did not name.
    """
    where = f" {safe_text(name or error.filename)}" if name or error.filename else ""
    another = "choose another folder" + (f" with {option}" if option else "")
    fixes: dict[int, tuple[str, str, str]] = {
        errno.ENOSPC: ("no-disk-space", "the disk is full", f"free some space, or {another}"),
        errno.EDQUOT: (
            "no-disk-space",
            "the disk quota is used up",
            f"free some space, or {another}",
        ),
        errno.EROFS: ("read-only", "the folder is on a read-only file system", another),
        errno.EACCES: (
            "no-permission",
            "you have no permission there",
            f"change its permissions, or {another}",
        ),
        errno.EPERM: (
            "no-permission",
            "the system does not permit it",
            f"change its permissions, or {another}",
        ),
        errno.ENOENT: ("no-such-file", "there is no such file or folder", "check the spelling of the path"),
        errno.ENOTDIR: ("not-a-folder", "a part of the path is not a folder", "check the spelling of the path"),
        errno.EISDIR: ("is-a-folder", "it is a folder, not a file", "name a file"),
        errno.EADDRINUSE: (
            "port-in-use",
            "another program listens on that port",
            "stop it, or choose another with --port (0 takes a free one)",
        ),
        errno.EADDRNOTAVAIL: (
            "no-such-address",
            "this machine has no such address",
            "choose another with --host, such as 127.0.0.1",
        ),
        errno.EMFILE: ("too-many-files", "too many files are open", "raise the limit: ulimit -n 4096"),
    }
    code, why, fix = fixes.get(
        error.errno or 0, ("io-error", (error.strerror or str(error)).lower(), "check the disk and the system's log")
    )
    return Problem(code=code, what=f"could not {doing}{where}", why=why, fix=fix, family="world")


def exit_code(problems: Iterable[Problem]) -> Exit:
    """The exit code for these problems: the first one decides, as it is the first one shown."""
    first = next(iter(problems), None)
    return EXIT_BY_FAMILY[first.family] if first else Exit.FAILED


def problems_of(error: BaseException) -> tuple[Problem, ...]:
    """Turn any exception into problems; what nobody foresaw is a bug of ours, and says so."""
    if isinstance(error, ProblemError):
        return error.problems
    if isinstance(error, OSError):
        return (os_problem(error, doing="use"),)
    return (
        Problem(
            code="bug",
            what=f"something in tassist itself went wrong: {type(error).__name__}",
            why=safe_text(redact(str(error)), max_chars=300),
            fix="this is a bug; run the command again with --debug and report what it prints",
            family="ours",
        ),
    )
