"""How long a provider is left before it is connected to again, and what is missed meanwhile."""

from __future__ import annotations

import asyncio

import pytest

from market import feed
from market.exchanges.base import Sink
from market.exchanges.errors import ExchangeError, StreamEnded, StreamFailed
from signaltape.shipping.backoff import Backoff
from tests.unit.market.scripted import Script, Scripted, a_trade, ending, speak
from tests.unit.market.test_feed import kept


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long each wait would have been; none is waited for."""
    noted: list[float] = []

    class Noted(Backoff):
        def next_s(self) -> float:
            noted.append(super().next_s())
            return 0.0

    monkeypatch.setattr(feed, "Backoff", Noted)
    return noted


@pytest.mark.parametrize("error", [StreamEnded("bye"), StreamFailed("cut")])
def test_one_that_ends_as_soon_as_it_speaks_is_connected_to_ever_more_rarely(
    waits: list[float], error: ExchangeError
) -> None:
    async def go() -> None:
        async with kept(Script(ending(error))) as at:
            await at.until(lambda: len(waits) >= 12)

    asyncio.run(go())
    assert sum(waits[:12]) > 80


@pytest.mark.parametrize("error", [StreamEnded("bye"), StreamFailed("cut")])
def test_one_that_held_is_connected_to_at_once(
    waits: list[float], monkeypatch: pytest.MonkeyPatch, error: ExchangeError
) -> None:
    monkeypatch.setattr(feed, "_HELD_S", 0.0)

    async def go() -> None:
        async with kept(Script(ending(error))) as at:
            await at.until(lambda: len(waits) >= 12)

    asyncio.run(go())
    assert max(waits) <= 0.2


def test_what_breaks_while_it_is_renewed_leaves_a_hole_that_is_known() -> None:
    broken = asyncio.Event()

    async def old(_: Scripted, sink: Sink) -> None:
        sink(a_trade())
        await broken.wait()
        raise StreamFailed("cut")

    async def new(_: Scripted, sink: Sink) -> None:
        broken.set()
        for _turn in range(10):
            await asyncio.sleep(0)
        sink(a_trade())
        await asyncio.Event().wait()

    async def go() -> None:
        async with kept(Script(old, new)) as at:
            await at.until(lambda: at.feed.connected)
            at.now_us += 61_000_000
            at.feed.complain()
            await at.until(lambda: at.feed.renewals)
            assert (at.begun, at.feed.connected, len(at.taken)) == (1, True, 2)

    asyncio.run(go())


def test_it_ends_also_while_it_lets_an_old_connection_go() -> None:
    closing = asyncio.Event()

    async def slow_to_close(_: Scripted, sink: Sink) -> None:
        sink(a_trade())
        try:
            await asyncio.Event().wait()
        finally:
            closing.set()
            await asyncio.sleep(0.05)

    async def go() -> None:
        async with kept(Script(slow_to_close, speak)) as at:
            await at.until(lambda: at.feed.connected)
            at.now_us += 61_000_000
            at.feed.complain()
            await closing.wait()
            at.running.cancel()
            ended, _ = await asyncio.wait([at.running], timeout=10)
            assert ended

    asyncio.run(go())
