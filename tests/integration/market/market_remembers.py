"""What is needed is known to the next market, whatever was away meanwhile, and however long."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import msgspec

from market.demand import Kept
from market.status import Status, status_key, written
from signaltape import Secret, Settings
from tests.integration.conftest import own_valkey
from tests.support.marketing import BTC, Scene, scene
from tests.support.samples import published

ORDER = {"source": "ghost", "orderId": "7", "status": "NEW", "what": "placed"}
HOUR_MS = 3_600_000


async def add_ago(at: Scene, ago_ms: int, event: str, fields: dict[str, Any]) -> None:
    """An entry as it was written then."""
    entry = {"event": event, "data": msgspec.json.encode(fields)}
    await at.client.xadd(at.key, entry, id=f"{time.time_ns() // 1_000_000 - ago_ms}-0")


def what_was_asked_for_while_no_market_ran_is_followed(settings: Settings) -> None:
    async def go() -> None:
        async with scene(settings) as at:
            await add_ago(at, 3 * HOUR_MS, "order_log", {**ORDER, "symbol": "SOL-USDT-SWAP"})
            then = (time.time_ns() // 1_000_000 - 2 * HOUR_MS) / 1000
            signal = published(symbol="ETH-USDT-SWAP", ts_published=then * 1000, expiry_minutes=240)
            await add_ago(at, 2 * HOUR_MS, "signal_published", signal)
            async with at.market(BTC):
                await at.okx.followed("BTC", "SOL", "ETH")

    asyncio.run(go())


def a_market_goes_on_to_hear_where_the_last_one_was_not_where_it_ended(settings: Settings) -> None:
    """One that was stopped while it was behind."""

    async def go() -> None:
        async with scene(settings) as at:
            now_us = time.time_ns() // 1000
            status = Status(at_us=now_us, symbols=[], providers=[], refused={}, emitted={}, not_taken=0)
            kept = Kept(heard_us=now_us - 600_000_000)
            await at.client.hset(status_key(settings.stream), mapping=written(status, kept))
            await add_ago(at, 60_000, "order_log", {**ORDER, "symbol": "SOL-USDT-SWAP"})
            async with at.market(BTC):
                await at.okx.followed("BTC", "SOL")

    asyncio.run(go())


def a_market_whose_clock_was_ahead_makes_the_next_one_deaf_to_nothing(settings: Settings) -> None:
    async def go() -> None:
        async with scene(settings) as at:
            later_us = (time.time_ns() // 1_000_000 + HOUR_MS) * 1000
            status = Status(at_us=later_us, symbols=[], providers=[], refused={}, emitted={}, not_taken=0)
            await at.client.hset(status_key(settings.stream), mapping=written(status, Kept()))
            async with at.market(BTC):
                await at.okx.followed("BTC")
                await at.add("order_log", msgspec.json.encode({**ORDER, "symbol": "SOL-USDT-SWAP"}))
                await at.okx.followed("BTC", "SOL")

    asyncio.run(go())


def a_start_without_redis_forgets_no_open_order(settings: Settings) -> None:
    async def go(settings: Settings) -> None:
        async with scene(settings) as at:
            await at.add("order_log", msgspec.json.encode({**ORDER, "symbol": "SOL-USDT-SWAP"}))
            async with at.market(BTC):
                await at.okx.followed("BTC", "SOL")
            await at.client.xtrim(at.key, maxlen=0)
            await asyncio.to_thread(valkey.stop)
            at.stop = asyncio.Event()
            async with at.market(BTC):
                await at.okx.followed("BTC")
                await asyncio.to_thread(valkey.start)
                await at.okx.followed("BTC", "SOL")

    with own_valkey(settings.home.with_name(f"{settings.home.name}-valkey")) as valkey:
        asyncio.run(go(msgspec.structs.replace(settings, redis_url=Secret(valkey.url))))
