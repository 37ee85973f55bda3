"""The market beside the other processes: the worker takes all that it says; a pause does not stop it."""

from __future__ import annotations

import asyncio

from signaltape import Settings
from signaltape.control import operations as control
from sink.db import Connection
from tests.integration.draining import drain
from tests.support.marketing import BTC, scene


def test_the_worker_takes_all_that_it_says_and_a_pause_is_answered_and_stops_nothing(
    settings: Settings, key: str, connection: Connection
) -> None:
    async def go() -> int:
        async with scene(settings) as at:
            await at.okx.funding("BTC", "NaN")
            await at.okx.interest("BTC", "-5.5")
            at.crossed.add("okx")
            async with at.market(BTC):
                told = await at.seconds(2, provider="bybit")
                said = await asyncio.to_thread(control.pause, settings, "ani")
                answers = await asyncio.to_thread(control.answers, settings, said.epoch)
                assert [one.role for one in answers.answered] == ["market"]
                await at.seconds(len(told) + 3, provider="bybit")
            return len(await at.records())

    said = asyncio.run(go())
    control.resume(settings, "ani")
    outcome = drain(settings, key)
    assert (outcome.stored, outcome.dead, outcome.conflicts) == (said, 0, 0)
    rows = connection.execute(
        "SELECT event, count(*) FROM records WHERE event LIKE 'market%' GROUP BY event"
    ).fetchall()
    assert {name for name, _ in rows} == {"market_candle", "market_funding", "market_open_interest"}
