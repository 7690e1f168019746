"""Files that a command may not read, also where the tests run as root."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

_NOBODY = 65534
_RIGHTS = "-dac_override,-dac_read_search,-fowner"


def without_rights() -> list[str]:
    """Words in front of a command that take from root what others do not have either."""
    if os.geteuid() != 0:
        return []
    tool = shutil.which("setpriv")
    if tool is None:
        pytest.skip("root reads everything, and there is no setpriv here")
    return [tool, "--bounding-set", _RIGHTS, "--inh-caps", "-all"]


def lock(path: Path) -> None:
    """Take from the command the right to read a file or a folder."""
    if os.geteuid() == 0:
        os.chown(path, _NOBODY, _NOBODY)
        path.chmod(0o700)
    else:
        path.chmod(0)
