"""The home folder: ours, private, writable, with room left, and on a disk that locks and flushes."""

from __future__ import annotations

import os
import secrets
import shutil
import stat
from pathlib import Path

from tassist.doctor.check import Check, Finding, Machine, apart, blocking, failed, from_problem, ok, warning
from tassist.errors import os_problem
from tassist.text import safe_text

LOW_BYTES = 500 * 2**20
FULL_BYTES = 50 * 2**20
_FAR = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "afs", "ncpfs"}
"""File systems over a network: locks and flushes are not what the journal needs there."""


def _folder(machine: Machine) -> Finding:
    home = machine.home
    existing = next(place for place in (home, *home.absolute().parents) if place.exists())
    try:
        facts = existing.stat()
    except OSError as error:
        return from_problem(os_problem(error, doing="look at", option="--home"))
    if not stat.S_ISDIR(facts.st_mode):
        return failed(f"{safe_text(existing)} is not a folder", fix="choose another with --home or TASSIST_HOME")
    probe = existing / f".tassist-{secrets.token_hex(8)}"
    try:
        descriptor = os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(descriptor, b"\0" * 4096)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
            probe.unlink()
    except OSError as error:
        return from_problem(os_problem(error, doing="write in", option="--home"))
    if existing != home:
        return ok(f"{safe_text(home)} is not there yet and can be made")
    if facts.st_uid != os.geteuid():
        return failed(
            f"{safe_text(home)} belongs to another user",
            "secrets are kept only in folders of the user tassist runs as",
            "run tassist as its owner, or choose another folder with --home",
        )
    if stat.S_IMODE(facts.st_mode) & 0o077:
        return warning(
            f"{safe_text(home)} can be read by other users",
            f"its mode is {stat.S_IMODE(facts.st_mode):04o}; the journal holds what repositories say",
            f"chmod 700 {safe_text(home)}",
            mendable=True,
        )
    return ok(f"{safe_text(home)} is private and writable")


async def _make_private(machine: Machine) -> str:
    await apart(lambda: machine.home.chmod(0o700))
    return f"{safe_text(machine.home)} is now private"


def _disk(machine: Machine) -> Finding:
    existing = next(place for place in (machine.home, *machine.home.absolute().parents) if place.exists())
    try:
        free = shutil.disk_usage(existing).free
    except OSError as error:
        return from_problem(os_problem(error, doing="measure", option="--home"))
    said = f"{free / 2**30:.1f} GiB are free"
    if free < FULL_BYTES:
        return failed(
            said,
            "deliveries that cannot be stored are refused, and GitHub does not send them again by itself",
            "free some space, or choose another folder with --home; see also: tassist store prune --compact",
        )
    kind = file_system(existing)
    if kind in _FAR:
        return warning(
            f"{said}; the folder is on {kind}",
            "locks and flushes over a network may not hold what they promise",
            "choose a folder on a disk of this machine with --home",
        )
    if free < LOW_BYTES:
        return warning(said, "a busy organisation writes some hundred MiB a month", "free some space soon")
    return ok(said)


def file_system(place: Path, table: Path = Path("/proc/self/mounts")) -> str:
    """The kind of file system a place is on; empty where it cannot be found out."""
    try:
        rows = [line.split() for line in table.read_text("utf-8", "replace").splitlines()]
    except OSError:
        return ""
    wanted = str(place.resolve())
    best, kind = "", ""
    for row in rows:
        if len(row) < 3:
            continue
        mounted = row[1].replace("\\040", " ")
        inside = wanted == mounted or wanted.startswith(mounted.rstrip("/") + "/")
        if inside and len(mounted) >= len(best):
            best, kind = mounted, row[2]
    return kind


CHECKS: tuple[Check[Machine], ...] = (
    Check(
        "folder",
        "Folder",
        "The folder of journal, telemetry and credentials exists or can be made, is yours, private and writable; a file "
        "is written and flushed to find out.",
        blocking(_folder),
        _make_private,
        "make the folder private (chmod 700)",
    ),
    Check(
        "disk",
        "Disk",
        "Room for the journal. A delivery that cannot be stored is refused, and GitHub never repeats one by itself. File "
        "systems over a network are named, because the journal leans on locks and flushes.",
        blocking(_disk),
    ),
)
