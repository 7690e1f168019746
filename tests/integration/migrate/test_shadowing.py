"""Shadow mode on a real service's GitHub side: it decides, records and writes nothing, until the switch ends it by itself."""

from __future__ import annotations

import json

from engine.model import Trigger
from tassist.telemetry.record import run_record
from tassist.wiring import RealGitHub
from tests.integration.migrate.conftest import CONFIG, Shop
from tests.integration.migrate.test_moving import DIRECT


async def test_it_decides_with_a_token_that_cannot_write_and_the_switch_ends_it(shop: Shop) -> None:
    begun = await shop.migrate("shadow", "start", "lena/shop", "--days", "7")
    before = shop.state()
    real = RealGitHub(shop.app, home=shop.home)
    try:
        results = [
            await real.run(
                Trigger("sweep"), shop.at(number), installation_id=shop.installation_id, ledger=lambda one: one
            )
            for number in (1, 2, 3, 4, 5, 6)
        ]
        status = await shop.migrate("shadow", "status", "lena/shop", "--json")
        during = shop.state()
        asked = {request.kind for request in shop.box.requests if request.is_write}
        applied = await shop.migrate("apply", "lena/shop", *DIRECT)
        live = await real.run(
            Trigger("sweep"), shop.at(6), installation_id=shop.installation_id, ledger=lambda one: one
        )
        verified = await shop.migrate("verify", "lena/shop", "--json")
        shown = await shop.migrate("verify", "lena/shop")
    finally:
        await real.close()

    assert begun.code == 0, begun.err
    assert "2026" in begun.out or "20" in begun.out
    assert all(result.shadow and not result.applied for result in results)
    assert during == before
    assert asked == set(), "nobody wrote"
    day = status.json["days"][0]
    assert day["agree"] + day["differ"] == 6
    assert {one["number"] for one in day["differing"]} >= {6}, "it has no milestone, and would get one"
    assert applied.code == 0, applied.err
    assert not live.shadow
    assert shop.repo.issues[6].milestone is not None, "the new is on"
    assert verified.json["holds"]
    assert any(one["holds"] for one in verified.json["shadow"])
    assert " is not as the shadow foresaw: " in shown.out, "the engine has looked at one of them only"
    assert "has not looked at them yet: tassist sweep lena/shop" in shown.out
    line = json.loads(run_record(results[0], trigger=Trigger("sweep"), run_id="r", recorded=shop.box.clock.now()))
    assert line["origin"] == "shadow"
    assert CONFIG in shop.files()


async def test_what_is_to_be_typed_next_names_the_folder_that_was_given(lean: Shop) -> None:
    given = ("--home", str(lean.home))

    begun = await lean.migrate("shadow", "start", "lena/shop", "--days", "7", *given)
    status = await lean.migrate("shadow", "status", "lena/shop", *given)
    without = await lean.migrate("shadow", "status", "lena/shop")

    assert f"See how far they agree: tassist migrate shadow status --home {lean.home} lena/shop\n" in begun.out
    assert f"tassist sweep --home {lean.home} looks at every open issue now\n" in status.out
    assert "--home" not in without.out
