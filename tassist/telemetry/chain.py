r"""The hash chain of a file of records: a sidecar that shows every edit, insertion and gap.

A record is never rewritten and its bytes are the sink's input, so the chain stands beside them. ``2026-03-01.chain``
opens with one line of JSON that names the file before it and how far that reached; then comes one line of fixed width
for each record, ``<64 hex digits> .``, the SHA-256 of the digest before and the record's bytes. A mark ``a`` instead of
the dot says that the record was adopted after a crash: it stood in the file before its digest was written.

The chain has no key. It shows accidents and careless edits; whoever may write the folder can make a new chain.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec

WIDTH = 67
"""Bytes of one line: 64 hex digits, a space, the mark, the line feed."""
ADOPTED = b"a"
PLAIN = b"."


class Link(msgspec.Struct, frozen=True):
    """How far a file had come when the next one was begun."""

    file: str
    records: int
    digest: str


class Opening(msgspec.Struct, frozen=True):
    """The first line of a chain."""

    chain: int
    prev: Link | None


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain as read: what every record's digest has to be."""

    opening: Opening
    seed: bytes
    digests: tuple[bytes, ...]
    """Raw digests, one for each record."""
    adopted: frozenset[int]
    """Indices of records that were adopted after a crash."""
    torn: int = 0
    """Bytes of an unfinished line at the end."""

    @property
    def last(self) -> bytes:
        """The digest the next record's builds on."""
        return self.digests[-1] if self.digests else self.seed


def chain_path(records: Path) -> Path:
    """The sidecar of a file of records."""
    return records.with_suffix(".chain")


def begin(prev: Link | None) -> bytes:
    """The first line of a chain."""
    return msgspec.json.encode(Opening(1, prev)) + b"\n"


def advance(digest: bytes, line: bytes) -> bytes:
    """The digest after one more record."""
    return hashlib.sha256(digest + line).digest()


def extend(digest: bytes, lines: Iterable[bytes], mark: bytes = PLAIN) -> tuple[bytes, bytes]:
    """The chain's text for further records, and the digest after them."""
    out = []
    for line in lines:
        digest = advance(digest, line)
        out.append(digest.hex().encode() + b" " + mark + b"\n")
    return b"".join(out), digest


def seed_of(opening: bytes) -> bytes:
    """The digest before the first record: of the chain's first line, without its line feed."""
    return hashlib.sha256(opening.rstrip(b"\n")).digest()


def read_chain(records: Path) -> Chain | None:
    """The chain of a file of records; ``None`` where there is none.

    Raises:
        ValueError: It is no chain; the message says why.
        OSError: It cannot be read.
    """
    try:
        text = chain_path(records).read_bytes()
    except FileNotFoundError:
        return None
    head, feed, body = text.partition(b"\n")
    if not feed:
        if body or head.strip(b"\0 "):
            raise ValueError("its first line is not finished")
        return None
    try:
        opening = msgspec.json.decode(head, type=Opening)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise ValueError(f"its first line is no opening: {error}") from error
    whole, torn = divmod(len(body), WIDTH)
    digests, adopted = [], []
    for index in range(whole):
        line = body[index * WIDTH : (index + 1) * WIDTH]
        if line[64:65] != b" " or line[65:66] not in {ADOPTED, PLAIN} or line[66:] != b"\n":
            raise ValueError(f"line {index + 2} is no digest")
        try:
            digests.append(bytes.fromhex(line[:64].decode("ascii")))
        except ValueError as error:
            raise ValueError(f"line {index + 2} is no digest") from error
        if line[65:66] == ADOPTED:
            adopted.append(index)
    return Chain(opening, seed_of(head), tuple(digests), frozenset(adopted), torn)


def link_to(records: Path) -> Link | None:
    """How far a file's chain has come, to be named by the next file's."""
    try:
        chain = read_chain(records)
    except ValueError:
        return None
    return Link(records.name, len(chain.digests), chain.last.hex()) if chain else None


def append_chain(records: Path, text: bytes, *, at: int | None = None) -> None:
    """Append to a chain. It is not synced: a chain that lags behind after a power loss is caught up by adoption.

    Args:
        records: The file of records.
        text: Whole lines.
        at: Cut the chain to this many bytes first, to take off an unfinished line.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0)
    descriptor = os.open(chain_path(records), flags, 0o600)
    try:
        if at is not None:
            os.ftruncate(descriptor, at)
        view = memoryview(text)
        while view:
            view = view[os.write(descriptor, view) :]
    finally:
        os.close(descriptor)
