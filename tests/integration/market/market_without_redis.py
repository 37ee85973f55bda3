"""While Redis is away the market goes on; what it said then is on the tape once Redis is back."""

from __future__ import annotations

import asyncio

import msgspec

from signaltape import Secret, Settings
from tests.integration.conftest import own_valkey
from tests.support.marketing import BTC, moment, scene


def no_second_is_missing_after_redis_was_away(settings: Settings) -> None:
    async def go(settings: Settings) -> None:
        async with scene(settings) as at, at.market(BTC):
            await at.seconds(3)
            await asyncio.to_thread(valkey.stop)
            begun = max(at.traded["okx"])
            async with asyncio.timeout(60):
                while max(at.traded["okx"]) < begun + 3:
                    await asyncio.sleep(0.05)  # until they have traded for so long
            await asyncio.to_thread(valkey.start)
            last = max(at.traded["okx"])
            await at.until(
                "market_candle", lambda found: moment(found[-1]["timestamp"]) > last, interval="1s"
            )
            bars = await at.records("market_candle", interval="1s")
            told = {round(moment(bar["timestamp"])) - 1 for bar in bars}
            assert {one for one in at.traded["okx"] if min(told) < one < max(told)} <= told
            # a Redis that is back is sent again what it may have forgotten: the same ids
            assert len({bar["id"] for bar in bars}) == len(told)

    with own_valkey(settings.home.with_name(f"{settings.home.name}-valkey")) as valkey:
        asyncio.run(go(msgspec.structs.replace(settings, redis_url=Secret(valkey.url))))
