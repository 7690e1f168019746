"""Whether repositories that are named can be looked after by the App that is to be made: a private one belongs to one account."""

from __future__ import annotations

from engine.problems import Problem
from setup_wizard.known import Known
from setup_wizard.question import ALL, NONE

_WHY = "the App is private, and a private App can be installed only where it is owned"


def owner_faults(value: str, known: Known) -> tuple[Problem, ...]:
    """What the names alone say, before there is an App; once there is one its installations say it.

    Args:
        value: Repositories and accounts, with commas.
        known: Which App, and whose.
    """
    if known.answer("app") != "new" or known.learned.get("app_id"):
        return ()
    names = [part for part in value.split(",") if part and part not in {ALL, NONE}]
    owner = known.answer("organization")
    if owner:
        return tuple(
            Problem(
                "owner-other",
                f"{name} does not belong to {owner}, who is to own the App",
                _WHY,
                f"name what belongs to {owner}, or answer organization with {_owner(name)}",
            )
            for name in names
            if _owner(name).casefold() != owner.casefold()
        )
    other = next((name for name in names if _owner(name).casefold() != _owner(names[0]).casefold()), None)
    if other is None:
        return ()
    return (
        Problem(
            "owners-several",
            f"{names[0]} and {other} do not belong to one account",
            _WHY,
            "name what belongs to one account; for the others make an App of their own, with another --home",
        ),
    )


def _owner(name: str) -> str:
    return name.partition("/")[0]
