"""The port the server listens on: free, ours, or somebody else's, and then whose."""

from __future__ import annotations

import errno
import re
import socket
from pathlib import Path

from tassist.doctor.check import Check, Finding, Machine, blocking, failed, from_problem, ok, skipped
from tassist.errors import os_problem
from tassist.text import safe_text


def _port(machine: Machine) -> Finding:
    if machine.settings is None:
        return skipped("the settings cannot be read")
    host, port = machine.settings.text("host"), machine.settings.number("port")
    if port == 0:
        return ok("any free port is taken (port is 0)")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):
        return failed(
            f"this machine has no address {safe_text(host, max_chars=80)}",
            "TASSIST_HOST or --host names it",
            "take 127.0.0.1, or :: for every address of both kinds",
        )
    family, kind, protocol, _, address = found[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
            probe.listen(1)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return _taken(machine, port)
            if error.errno == errno.EACCES:
                return failed(
                    f"port {port} may not be used", "ports below 1024 need a privilege", "choose another with --port"
                )
            return from_problem(os_problem(error, doing=f"listen on {safe_text(host)}:{port}"))
    return ok(f"port {port} of {safe_text(host)} is free")


def _taken(machine: Machine, port: int) -> Finding:
    pid, name = owner(port)
    if machine.serving and (not pid or str(pid) == machine.serving):
        return ok(f"tassist serves on port {port} (process {machine.serving})")
    who = f"{safe_text(name, max_chars=60)} (process {pid})" if pid else "another program"
    return failed(
        f"port {port} is taken by {who}",
        "the server could not listen there",
        f"stop it{f': kill {pid}' if pid else ''}; or choose another port with --port or TASSIST_PORT",
    )


def owner(port: int) -> tuple[int, str]:
    """Which process listens on a port of this machine, and its name; 0 where the system does not say."""
    sockets = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            rows = Path(table).read_text("ascii", "replace").splitlines()[1:]
        except OSError:
            continue
        for row in rows:
            fields = row.split()
            # Local address, state 0A (listening), and the socket's inode.
            if len(fields) > 9 and fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port:
                sockets.add(f"socket:[{fields[9]}]")
    if not sockets:
        return 0, ""
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        try:
            if any(str(entry.readlink()) in sockets for entry in (process / "fd").iterdir()):
                return int(process.name), _name(process)
        except OSError:
            continue  # another user's, or gone
    return 0, ""


def _name(process: Path) -> str:
    try:
        words = (process / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
        comm = (process / "comm").read_text("utf-8", "replace").strip()
    except OSError:
        return "a program"
    # Arguments may hold secrets: only the program, and of an interpreter the script.
    program = Path(words[0]).name if words and words[0] else comm
    if (
        re.match(r"python|node|ruby|java|perl", program)
        and len(words) > 1
        and words[1]
        and not words[1].startswith("-")
    ):
        return f"{program} {Path(words[1]).name}"
    return program or comm


CHECKS: tuple[Check[Machine], ...] = (
    Check(
        "port",
        "Port",
        "Whether the webhook server can listen where the settings say. A port that is taken is told with the process that "
        "holds it; our own running server is fine.",
        blocking(_port),
    ),
)
