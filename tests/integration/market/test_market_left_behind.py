"""What a market had told when it was killed, but not yet shipped, is known to the next one."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from signaltape import Emitter, Settings
from signaltape.journal.home import journal_folders
from signaltape.shipping.client import StreamClient
from signaltape.shipping.journal import JournalShipper
from tests.support.marketing import BTC, Scene, scene

_MINUTE_MS = 60_000
#: A market that does not wait for what is left has told the minute long before.
_LEFT_FOR_S = 2.5


def minute_told_but_not_shipped(settings: Settings, begin_ms: int) -> Path:
    """The journal of a market that told the candle of a minute, and was killed."""
    prices = dict.fromkeys(("open", "high", "low", "close"), 100)
    end = datetime.fromtimestamp((begin_ms + _MINUTE_MS) / 1000, UTC)
    with Emitter(settings, ship=False) as tape:
        assert tape.market(
            "candle", symbol=BTC, interval="1m", timestamp=end, provider="okx", volume=1, **prices
        )
    (folder,) = journal_folders(settings.home)
    return folder


async def on_the_tape(at: Scene, begin_ms: int) -> None:
    """The last second that it had shipped, within that minute."""
    end = datetime.fromtimestamp(begin_ms / 1000, UTC) + timedelta(seconds=20)
    prices = dict.fromkeys(("open", "high", "low", "close", "volume"), 100)
    last = {"symbol": BTC, "interval": "1s", "timestamp": end, "provider": "okx", **prices}
    await at.add("market_candle", msgspec.json.encode(last))


def test_a_minute_that_was_not_shipped_yet_is_told_once_and_in_its_place(settings: Settings) -> None:
    """Another process of the house has the journal in its hands meanwhile, and is slow."""

    async def go() -> None:
        assert settings.redis_url is not None
        async with scene(settings) as at:
            begin_ms = time.time_ns() // 60_000_000_000 * _MINUTE_MS - 2 * _MINUTE_MS
            at.okx.history("BTC", begin_ms, 2)
            await on_the_tape(at, begin_ms)
            folder = minute_told_but_not_shipped(settings, begin_ms)
            left = JournalShipper.adopt(folder, settings.stream, settings.partitions)
            assert left is not None
            async with at.market(BTC):
                with suppress(TimeoutError):
                    async with asyncio.timeout(_LEFT_FOR_S):
                        await at.until("market_candle", bool, interval="1m")
                left.step(StreamClient(settings.redis_url))
                await at.seconds(3)
            left.close()
            minutes = await at.records("market_candle", interval="1m")
        ends = [one["timestamp"] for one in minutes]
        assert [end for end, count in Counter(ends).items() if count > 1] == []
        assert ends == sorted(ends)
        assert len(ends) >= 2

    asyncio.run(go())
