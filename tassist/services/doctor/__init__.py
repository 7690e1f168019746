"""`tassist doctor`: every check of this machine, of the way to GitHub, and of what GitHub has against what is wanted."""

from __future__ import annotations

from tassist.services.doctor.page import reference
from tassist.services.doctor.run import Report, all_checks, diagnose, mend

__all__ = ["Report", "all_checks", "diagnose", "mend", "reference"]
