"""Legacy telemetry in all its historical forms, read as what it says about issues and about runs of legacy components."""

from __future__ import annotations

from migrations.telemetry.forms import Found, IssueSeen, LegacyRun, Unread, read

__all__ = ["Found", "IssueSeen", "LegacyRun", "Unread", "read"]
