"""Which repository a folder is a checkout of."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tassist.text import safe_text


def checkout_of(folder: Path) -> str | None:
    """The repository a folder is a checkout of, by its remote origin; empty where that does not say, ``None`` for no checkout."""
    try:
        inside = subprocess.run(
            ["git", "-C", str(folder), "rev-parse", "--git-dir"], capture_output=True, timeout=10, check=False
        )
        if inside.returncode:
            return None
        done = subprocess.run(
            ["git", "-C", str(folder), "remote", "get-url", "origin"], capture_output=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    parts = done.stdout.decode("utf-8", "replace").strip().replace(":", "/").removesuffix(".git").split("/")
    return safe_text("/".join(parts[-2:]), max_chars=200) if len(parts) >= 3 and all(parts[-2:]) else ""
