"""Rewrites a configuration of an older form into schema 1.0, keeping comments, order and every line it need not touch."""

from __future__ import annotations

from engine.config.older.upgrading import Upgraded, upgrade

__all__ = ["Upgraded", "upgrade"]
