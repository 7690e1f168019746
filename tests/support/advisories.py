"""`make audit ADVISORIES=folder`: the locks against a checkout of the Python Packaging Authority's advisory database, offline."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

_PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==([^\s;\\]+)", re.MULTILINE)
_LOADER: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Weakness:
    """What is known against a version that is locked."""

    name: str
    version: str
    id: str
    aliases: tuple[str, ...]
    fixed: tuple[str, ...]
    """Versions without it."""


def pins(lock: str) -> dict[str, set[str]]:
    """Name → versions of what a lock holds; a package may be there in several, for several machines."""
    found: dict[str, set[str]] = {}
    for name, version in _PIN.findall(lock):
        found.setdefault(canonicalize_name(name), set()).add(version)
    return found


def affects(version: str, affected: Mapping[str, Any]) -> bool:
    """Whether a version is listed, or lies in one of the ranges."""
    at = Version(version)
    if any(_same(at, str(listed)) for listed in affected.get("versions") or ()):
        return True
    return any(
        _within(at, one.get("events") or ()) for one in affected.get("ranges") or () if one["type"] == "ECOSYSTEM"
    )


def _same(at: Version, listed: str) -> bool:
    try:
        return at == Version(listed)
    except InvalidVersion:
        return False


def _within(at: Version, events: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the last of the events before a version leaves it affected; "0" stands before every version."""
    edges: list[tuple[Version, str]] = []
    for event in events:
        for kind, said in event.items():
            try:
                edges.append((Version("0.dev0" if str(said) == "0" else str(said)), kind))
            except InvalidVersion:
                continue
    edges.sort(key=lambda edge: edge[0])
    standing = False
    for edge, kind in edges:
        if kind == "introduced" and at >= edge:
            standing = True
        elif (kind == "fixed" and at >= edge) or (kind == "last_affected" and at > edge):
            standing = False
    return standing


def known(folder: Path, held: Mapping[str, set[str]]) -> tuple[list[Weakness], str]:
    """What the database knows against versions that are held, and the day of the newest of what was read.

    Raises:
        FileNotFoundError: The folder is no checkout of the database.
    """
    vulns = folder / "vulns"
    if not vulns.is_dir():
        raise FileNotFoundError(vulns)
    found: list[Weakness] = []
    newest = ""
    for name in sorted(held):
        for path in sorted((vulns / name).glob("*.yaml")):
            advisory = yaml.load(path.read_text("utf-8"), Loader=_LOADER)
            newest = max(newest, str(advisory.get("modified", ""))[:10])
            if advisory.get("withdrawn"):
                continue
            of_it = [one for one in advisory["affected"] if canonicalize_name(one["package"]["name"]) == name]
            fixed = {
                str(event["fixed"])
                for one in of_it
                for each in one.get("ranges") or ()
                if each["type"] == "ECOSYSTEM"
                for event in each["events"]
                if "fixed" in event
            }
            for version in sorted(held[name]):
                if any(affects(version, one) for one in of_it):
                    aliases = tuple(advisory.get("aliases") or ())
                    found.append(Weakness(name, version, str(advisory["id"]), aliases, tuple(sorted(fixed))))
    return found, newest


def main(args: Sequence[str] | None = None) -> int:
    """Judge locks; 1 where something is known, 2 where there is no such database or nothing to judge."""
    parser = argparse.ArgumentParser(prog="advisories", description=__doc__)
    parser.add_argument("database", type=Path, help="a checkout of the advisory database")
    parser.add_argument("locks", nargs="+", type=Path)
    said = parser.parse_args(args)
    code = 0
    for lock in said.locks:
        held = pins(lock.read_text("utf-8"))
        if not held:
            print(f"audit: {lock} pins nothing", file=sys.stderr)
            return 2
        try:
            found, newest = known(said.database, held)
        except FileNotFoundError as error:
            print(
                f"audit: {error} is not there: give the folder of a checkout of the advisory database", file=sys.stderr
            )
            return 2
        for one in found:
            also = f" ({', '.join(one.aliases)})" if one.aliases else ""
            print(f"{lock}: {one.name} {one.version}: {one.id}{also}; fixed in {', '.join(one.fixed) or 'no version'}")
        code = code or bool(found)
        seen = (
            f"the newest advisory about one of them is of {newest}" if newest else "the database has nothing about them"
        )
        print(f"{lock}: {len(held)} packages, {len(found)} known weaknesses; {seen}")
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
