"""`tassist switch`: where the App's webhook leads, changed with a proof and with a way back that survives a crash."""

from __future__ import annotations

from tassist.services.switching.inside import WithTunnel
from tassist.services.switching.kept import Kept, Standing, held, is_held, read
from tassist.services.switching.switch import Status, Switched, as_document, repoint, restore_left, status, switch
from tassist.services.switching.tunnelled import Tunnelled, agent_address, restore_at_start

__all__ = [
    "Kept",
    "Standing",
    "Status",
    "Switched",
    "Tunnelled",
    "WithTunnel",
    "agent_address",
    "as_document",
    "held",
    "is_held",
    "read",
    "repoint",
    "restore_at_start",
    "restore_left",
    "status",
    "switch",
]
