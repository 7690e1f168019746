"""GitHub in a box: a stateful GitHub over real HTTP, for the demo, every test and rehearsals."""

from __future__ import annotations

from tassist.sandbox.app_registry import Registered
from tassist.sandbox.box import Box
from tassist.sandbox.serving import Running, aserve, serve

__all__ = ["Box", "Registered", "Running", "aserve", "serve"]
