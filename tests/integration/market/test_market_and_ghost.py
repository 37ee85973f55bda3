"""A paper order follows what the market tells: good seconds fill it, bad ones do nothing to it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from signaltape import Settings
from sink.db import Connection
from tests.integration.conftest import Runner
from tests.support.marketing import BTC, Scene, moment, scene

#: In the money of every second: each trades below it, and above its stop.
ENTRY, STOP, TARGET = 43000.25, 42000, 44000


async def place(at: Scene, order_id: str) -> None:
    """As from the shell; it may be filled by whatever begins from now on."""
    now = datetime.now(UTC)
    command = {
        "command": "place",
        "orderId": order_id,
        "symbol": BTC,
        "side": "long",
        "entry": ENTRY,
        "sl": STOP,
        "tp1": TARGET,
        "publishedAt": now,
        "expiresAt": now + timedelta(hours=1),
        "by": "ani",
        "via": "shell",
    }
    await at.add("order_command", msgspec.json.encode(command))


@pytest.mark.parametrize(("crossed", "status"), [(set(), "open"), ({"okx", "bybit"}, "waiting")])
def test_good_seconds_fill_an_order_and_bad_ones_do_not(
    settings: Settings, runner: Runner, connection: Connection, crossed: set[str], status: str
) -> None:
    async def go() -> None:
        async with scene(settings) as at:
            at.crossed |= crossed
            async with at.market(BTC):
                told = await at.seconds(1)
                await place(at, "7")
                placed_s = datetime.now(UTC).timestamp()
                await at.until(
                    "market_candle",
                    lambda found: moment(found[-1]["timestamp"]) > placed_s + 3,
                    interval="1s",
                )
            assert {bar["dataQuality"] for bar in told} == ({"bad"} if crossed else {"ok"})

    asyncio.run(go())
    code, _, said = runner.run("ghost", "--once")
    assert code == 0, said
    row = connection.execute("SELECT status, fill, bad_bars FROM ghost_orders").fetchone()
    assert row is not None
    assert row[0] == status
    assert (row[1] is None) == bool(crossed)
