"""The market beside the other processes: the worker takes all that it says; a pause does not stop it."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest

from signaltape import Settings
from signaltape.control import operations as control
from signaltape.stream import stream_key
from sink.db import Connection
from tests.integration.conftest import Runner
from tests.integration.draining import drain
from tests.integration.market.market_and_ghost import good_seconds_fill_an_order_and_bad_ones_do_not
from tests.support.marketing import BTC, scene
from tests.support.side_by_side import side_by_side

pytestmark = pytest.mark.deep


def the_worker_takes_all_that_it_says_and_a_pause_is_answered_and_stops_nothing(
    connection: Connection, settings: Settings
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
    outcome = drain(settings, stream_key(settings.stream, 0))
    assert (outcome.stored, outcome.dead, outcome.conflicts) == (said, 0, 0)
    rows = connection.execute(
        "SELECT event, count(*) FROM records WHERE event LIKE 'market%' GROUP BY event"
    ).fetchall()
    assert {name for name, _ in rows} == {"market_candle", "market_funding", "market_open_interest"}


def test_the_market_among_others(
    settings: Settings, runner: Runner, connection: Connection, subtests: pytest.Subtests
) -> None:
    side_by_side(
        settings,
        subtests,
        partial(the_worker_takes_all_that_it_says_and_a_pause_is_answered_and_stops_nothing, connection),
        partial(good_seconds_fill_an_order_and_bad_ones_do_not, runner, connection),
    )
