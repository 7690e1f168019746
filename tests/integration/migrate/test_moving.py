"""There and back: the plan is carried out, checked, and taken back to the byte."""

from __future__ import annotations

import json

from tassist.services.migrate.progress import folder
from tests.integration.migrate.conftest import CONFIG, Shop, authorities
from tests.support.legacy_shop import LEGACY
from tests.support.private import open_to_others

DIRECT = ("--direct", "--yes", "--service-elsewhere")


async def test_a_plan_names_every_step_with_its_inverse_and_writes_nothing(shop: Shop) -> None:
    before = shop.state()
    shown = await shop.migrate("plan", "lena/shop")
    data = (await shop.migrate("plan", "lena/shop", "--json", "--close-self-tests")).json

    assert shown.code == 2, shown.err
    assert "rename label codex-trackmain → track/main; 4 issues keep it" in shown.out
    assert "merge label codex-trackdashboard into track/dashboard" in shown.out
    assert "milestone: Autumn  # CODEX_MAIN_MILESTONE" in shown.out
    assert "secret SHOP_PAT" in shown.out
    assert [step["kind"] for step in data["steps"]] == [
        "import-telemetry", "cut-over", *["disable-workflow"] * len(LEGACY), *["rename-label"] * 3, "merge-label", "close-issues",
    ]  # fmt: skip
    assert all(step["inverse"] for step in data["steps"])
    assert set(data["untouched"]) == {".github/workflows/build.yml", ".github/workflows/lint.yaml"}
    assert shop.state() == before


async def test_there_and_back_leaves_every_byte_as_it_was(shop: Shop) -> None:
    before = shop.state()

    applied = await shop.migrate("apply", "lena/shop", "--close-self-tests", *DIRECT)
    assert applied.code == 0, applied.err
    there = shop.state()
    verified = await shop.migrate("verify", "lena/shop")
    again = await shop.migrate("apply", "lena/shop", *DIRECT)
    back = await shop.migrate("rollback", "lena/shop", "--direct", "--yes")

    assert verified.code == 0, verified.out
    assert again.code == 0
    assert "done already" in again.err
    assert authorities(shop.repo) == (True, False)
    assert {"track/main", "track/dashboard", "state/stale", "state/escalated"} <= {
        label[1] for label in there["labels"]
    }
    assert there["issues"][5][2] == ["track/dashboard"]
    assert there["issues"][8][1] == "closed"
    assert there["files"][".github/workflows/build.yml"] == before["files"][".github/workflows/build.yml"]
    assert CONFIG in there["files"]
    assert not [path for path in there["files"] if "/shop-" in path]
    assert back.code == 0, back.err
    assert shop.state() == before
    assert open_to_others(folder(shop.home, "lena/shop")) == []
    records = [line for file in (shop.home / "telemetry").rglob("*.jsonl") for line in file.read_text().splitlines()]
    assert any(json.loads(line).get("origin") == "legacy:codex" for line in records)


async def test_an_audit_reads_with_the_lent_token_what_the_app_may_not_and_says_so_without_one(shop: Shop) -> None:
    lent = await shop.migrate("audit", "lena/shop")
    alone = await shop.migrate("audit", "lena/shop", TASSIST_MIGRATE_TOKEN="")

    assert lent.code == alone.code == 3
    assert "could not be read" not in lent.out
    for what, needs in (("which workflows are active", "actions"), ("the variables", "actions_variables")):
        note = f"note: {what} could not be read; the App needs {needs}: read, or lend a token in TASSIST_MIGRATE_TOKEN"
        assert note in alone.out.splitlines()
