"""A paper order follows what the market tells: good seconds fill it, bad ones do nothing to it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial

import msgspec

from signaltape import Settings
from sink.db import Connection
from tests.integration.conftest import Runner
from tests.support.marketing import BTC, Record, Scene, moment, scene

#: In the money of every second: each trades below it, and above its stop.
ENTRY, STOP, TARGET = 43000.25, 42000, 44000


SOL = "SOL-USDT-SWAP"


async def place(at: Scene, symbol: str) -> None:
    """As from the shell; it may be filled by whatever begins from now on."""
    now = datetime.now(UTC)
    command = {
        "command": "place",
        "orderId": symbol,
        "symbol": symbol,
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


def good_seconds_fill_an_order_and_bad_ones_do_not(
    runner: Runner, connection: Connection, settings: Settings
) -> None:
    """Both coins trade the same; of one the books are crossed."""

    async def go() -> None:
        async with scene(settings) as at:
            at.crossed.add("SOL")
            for coins in at.trading.values():
                coins.add("SOL")
            async with at.market(BTC, SOL):
                told = {symbol: await at.seconds(1, symbol=symbol) for symbol in (BTC, SOL)}
                for symbol in told:
                    await place(at, symbol)
                placed_s = datetime.now(UTC).timestamp()
                for symbol in told:
                    await at.until("market_candle", partial(_reaches, placed_s + 2), symbol=symbol)
            assert {bar["dataQuality"] for bar in told[BTC]} == {"ok"}
            assert {bar["dataQuality"] for bar in told[SOL]} == {"bad"}

    asyncio.run(go())
    code, _, said = runner.run("ghost", "--once", SIGNALTAPE_STREAM=settings.stream)
    assert code == 0, said
    rows = connection.execute("SELECT symbol, status, fill IS NULL FROM ghost_orders ORDER BY 1").fetchall()
    assert rows == [(BTC, "open", False), (SOL, "waiting", True)]


def _reaches(seconds: float, bars: list[Record]) -> bool:
    return moment(bars[-1]["timestamp"]) > seconds
