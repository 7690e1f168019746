"""Opens files that only their owner may read, whatever the umask: everything in a home folder is made so.

The folder itself is closed to others, but it may be one that was there before, be opened with `chmod`, or be copied. A log,
a status or a record names people and repositories; what is meant for others, the pages of the dashboard, is made as usual.
"""

from __future__ import annotations

import os
from pathlib import Path


def opener(path: str, flags: int) -> int:
    """For `open`: ``open(path, "ab", opener=opener)``; a file that is there keeps its mode."""
    return os.open(path, flags, 0o600)


def write(path: Path, content: bytes, *, synced: bool = False) -> None:
    """Make or replace a file's content; `tassist.secrets.files` is for what must never be half or follow a link.

    Raises:
        OSError: The system refuses.
    """
    with open(path, "wb", opener=opener) as file:
        file.write(content)
        if synced:
            file.flush()
            os.fsync(file.fileno())
