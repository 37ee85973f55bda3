"""A market that is stopped or killed, and the one after it."""

from __future__ import annotations

import asyncio
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import msgspec

from market import operations
from signaltape import Settings
from tests.integration.conftest import Runner
from tests.support.marketing import BTC, Scene, moment, scene


async def tape_of(at: Scene) -> Counter[str]:
    """How many records of each kind."""
    return Counter(one.get("interval") or one.event.removeprefix("market_") for one in await at.records())


@contextmanager
def processes(settings: Settings) -> Iterator[Runner]:
    made = Runner(settings)
    try:
        yield made
    finally:
        made.end_all()


def sigterm_loses_nothing_of_what_was_emitted(settings: Settings) -> None:
    async def go(runner: Runner) -> None:
        async with scene(settings) as at:
            await at.okx.funding("BTC", "0.0001")
            process = runner.start("market", **at.environment(BTC))
            await at.seconds(3)
            process.popen.send_signal(signal.SIGTERM)
            code, _, said = await asyncio.to_thread(process.finish)
            assert code == 0, said
            emitted = operations.status(settings).emitted
            found = await tape_of(at)
            assert emitted["1s"] == found["1s"] >= 3
            assert emitted["funding"] == found["funding"]
            assert emitted["moved"] == found["state_event"]
            for command, said in (
                ("symbols", "1 symbols are followed"),
                ("providers", "2 providers are connected"),
            ):
                code, out, _ = await asyncio.to_thread(runner.run, "market", command)
                assert (code, out.splitlines()[0]) == (0, said)

    with processes(settings) as runner:
        asyncio.run(go(runner))


def after_a_kill_nothing_is_told_twice(settings: Settings) -> None:
    async def go(runner: Runner) -> None:
        async with scene(settings) as at:
            for count in (2, 4, 6):
                process = runner.start("market", **at.environment(BTC))
                await at.seconds(count)
                process.popen.send_signal(signal.SIGKILL)
                await asyncio.to_thread(process.end)
            ends = [bar["timestamp"] for bar in await at.records("market_candle", interval="1s")]
            assert ends == sorted(set(ends))

    with processes(settings) as runner:
        asyncio.run(go(runner))


def a_gap_of_an_hour_is_filled_before_anything_else_is_told(settings: Settings) -> None:
    async def go() -> None:
        async with scene(settings) as at:
            minute_ms = time.time_ns() // 60_000_000_000 * 60_000 - 3_600_000
            at.okx.history("BTC", minute_ms, 61)
            end = datetime.fromtimestamp(minute_ms / 1000, UTC) + timedelta(seconds=20)
            last = {"symbol": BTC, "interval": "1s", "timestamp": end, "provider": "okx"}
            prices = dict.fromkeys(("open", "high", "low", "close", "volume"), 100)
            await at.add("market_candle", msgspec.json.encode({**last, **prices}))
            async with at.market(BTC):
                await at.seconds(3)
                told = (await at.records("market_candle"))[1:]
        minutes = [one for one in told if one["interval"] == "1m"]
        begins = [round(moment(one["timestamp"]) * 1000) - 60_000 for one in minutes]
        assert begins[:60] == [minute_ms + number * 60_000 for number in range(60)]
        assert [one["volume"] for one in minutes[:60]] == list(range(60))
        assert all(one["reasons"][0].startswith("gap of ") and one["degraded"] for one in minutes[:60])
        assert [one["interval"] for one in told].index("1s") >= 60

    asyncio.run(go())


def the_minutes_of_a_gap_come_from_another_exchange_if_the_first_does_not_answer(
    settings: Settings,
) -> None:
    async def go() -> None:
        async with scene(settings) as at:
            minute_ms = time.time_ns() // 60_000_000_000 * 60_000 - 300_000
            at.bybit.history("BTC", minute_ms, 5)
            end = datetime.fromtimestamp(minute_ms / 1000, UTC) + timedelta(seconds=20)
            last = {"symbol": BTC, "interval": "1s", "timestamp": end, "provider": "okx"}
            prices = dict.fromkeys(("open", "high", "low", "close", "volume"), 100)
            await at.add("market_candle", msgspec.json.encode({**last, **prices}))
            async with at.market(BTC):
                await at.okx.followed("BTC")
                at.okx.faults.broken_answers = -1
                minutes = await at.until("market_candle", lambda found: len(found) >= 5, interval="1m")
                bars = await at.seconds(2, provider="okx")
        assert {one["provider"] for one in minutes[:5]} == {"bybit"}
        assert all("not of okx" in one["reasons"] for one in minutes[:5])
        assert not any(bar["degraded"] for bar in bars[1:])
        assert all(one.entry_ms <= bars[1].entry_ms for one in minutes[:5])

    asyncio.run(go())
