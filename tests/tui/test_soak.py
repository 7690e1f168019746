"""An hour's traffic in fast time: the console follows it, and its memory stays flat."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
from pathlib import Path

from tassist.tui.screens.deliveries import PAGE, DeliveriesScreen
from tassist.tui.widgets.rows import Rows
from tests.support.console import Filled, console, settled, ticked

ROUNDS = 12
EACH = 300


async def test_an_hours_traffic_leaves_memory_flat(home: Path) -> None:
    filled = Filled(home)
    filled.delivery()
    app = console(home, "deliveries")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(app)
        assert isinstance(app.screen, DeliveriesScreen)
        held: list[int] = []
        tracemalloc.start()
        for number in range(ROUNDS):
            last = await asyncio.to_thread(filled.burst, EACH)
            async with asyncio.timeout(60):
                while app.screen.query_one(Rows).rows[0].key != last:
                    await ticked(app)
            await pilot.press("down", "down", "t")
            await settled(app)
            if number >= ROUNDS // 2:
                gc.collect()
                held.append(tracemalloc.get_traced_memory()[0])
        tracemalloc.stop()

        assert len(app.screen.query_one(Rows).rows) == PAGE
        assert len(app.workers) < 5
        assert max(held) - held[0] < 1_500_000, held
    filled.close()
