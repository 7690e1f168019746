"""tassist installs, runs, shows and migrates to Task Assistant, a GitHub App that keeps issues in order."""

import sys

# httpx loads its own command line with it where that is installed, and with it rich: a fifth of a second for nothing.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]  # so that httpx does as where it is not installed

__version__ = "0.1.0"
