"""How long a provider is left before it is connected to again, and what is missed meanwhile."""

from __future__ import annotations

import asyncio

import pytest

from market import feed
from market.exchanges.errors import ExchangeError, StreamEnded, StreamFailed
from signaltape.shipping.backoff import Backoff
from tests.unit.market.scripted import Script, ending
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
