"""Whether the App is installed on what the setting `repositories` chooses: what it is not installed on, it never hears of."""

from __future__ import annotations

import asyncio

from tassist.config.chosen import read_chosen
from tassist.github.address import repository
from tassist.github.faults import Kind, Refused
from tassist.services.doctor.app_side import AppSide

MAX_ASKED = 50
"""Each repository is one request; a longer list is looked at in part."""


async def uncovered(side: AppSide, accounts: set[str]) -> list[str]:
    """Chosen accounts and repositories without an installation, as they are written in the setting, folded.

    Args:
        side: The App.
        accounts: Where it is installed, folded.

    Raises:
        ProblemError: the setting names something that is no repository, or GitHub cannot be asked.
    """
    if side.settings is None:
        return []
    names = sorted(read_chosen(side.settings.text("repositories")).names or ())
    elsewhere = [name for name in names if name.partition("/")[0] not in accounts]
    here = [name for name in names if "/" in name and name not in elsewhere][:MAX_ASKED]
    covered = await asyncio.gather(*(_covers(side, name) for name in here))
    return sorted(elsewhere + [name for name, is_covered in zip(here, covered, strict=True) if not is_covered])


async def _covers(side: AppSide, name: str) -> bool:
    connection = await side.connection()
    try:
        await connection.api.installation_of(repository(name))
    except Refused as error:
        if error.fault.kind == Kind.NOT_FOUND:
            return False
        raise
    return True
