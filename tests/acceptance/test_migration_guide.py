"""The guide for a migration, followed to the letter: its commands, in its order, on a small legacy repository."""

from __future__ import annotations

import re
from pathlib import Path

from tests.integration.migrate.conftest import Shop, authorities, shop

__all__ = ["shop"]

CODES = {"audit": 3, "plan": 2, "shadow start": 0, "shadow status": 0, "apply": 8, "verify": 0, "rollback": 0}
"""What each command of the guide ends with there."""


async def test_the_guide_is_true_to_the_letter(shop: Shop, project_root: Path, tmp_path: Path) -> None:
    text = (project_root / "docs" / "how-to" / "migrate.md").read_text()
    commands = re.findall(r"^\$ tassist migrate (.+)$", text, re.MULTILINE)
    before = shop.state()
    told: list[tuple[str, int]] = []
    for command in commands:
        args = command.replace("acme/app", "lena/shop").replace("plan.json", str(tmp_path / "plan.json")).split()
        name = " ".join(word for word in args[:2] if word.isalpha())
        merged = any(one.head and one.merged_at for one in shop.repo.issues.values())
        if name == "apply":
            args.append("--service-elsewhere")
        done = await shop.migrate(*args)
        told.append((name, done.code))
        wanted = 0 if name == "apply" and merged else CODES[name]
        assert done.code == wanted, (command, done.err, done.out)
        if name == "apply" and done.code == 8:
            (pull,) = [one for one in shop.repo.issues.values() if one.head]
            merging = shop.running.api_url + f"/repos/lena/shop/pulls/{pull.number}/merge"
            await shop.connection.client.close()
            import httpx

            answer = httpx.put(merging, json={}, headers={"Authorization": f"token {shop.token}"}, trust_env=False)
            assert answer.status_code == 200
            assert authorities(shop.repo) == (False, True)

    assert [name for name, _ in told] == [
        "audit", "plan", "shadow start", "shadow status", "apply", "apply", "verify", "rollback",
    ]  # fmt: skip
    assert shop.state() == before
