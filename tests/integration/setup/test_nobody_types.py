"""Without a terminal nothing is waited for that only a person who types could bring."""

from __future__ import annotations

import pytest

from tassist.errors import Exit
from tests.support.installing import Installing


@pytest.mark.parametrize("way", ["paste", "link"])
def test_what_only_somebody_who_types_could_bring_is_not_waited_for(installing: Installing, way: str) -> None:
    done = installing.tassist(
        "setup", "--answers", str(installing.answers(create_with=way)), "--wait", "3000", clicks=False
    )

    assert done.code == Exit.WAITING, done.err
    assert "nobody can type here; type the same command at a terminal" in done.err
    assert "go on with: tassist setup" in done.err
