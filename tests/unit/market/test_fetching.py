"""Candles that are missing are asked for once at a time."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from market.exchanges.errors import RequestFailed
from market.fetching import Fetching
from market.said import Want
from market.units import MINUTE_US
from tests.unit.market.test_markets import FakeFeed, Stage
from tests.unit.market.world import BYBIT, OKX, SOL, at, row


class Asked(FakeFeed):
    """Answers when it is let, or fails."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.asked = 0
        self.fails = False
        self.answers = asyncio.Event()

    async def ask(self, _: Any) -> list[Any]:
        self.asked += 1
        await self.answers.wait()
        if self.fails:
            raise RequestFailed("503")
        return [row(0)]


def test_what_waits_for_its_answer_is_not_asked_again(tmp_path: Path) -> None:
    async def go() -> None:
        okx, bybit = Asked(OKX), Asked(BYBIT)
        stage = Stage(tmp_path, okx, bybit)
        fetching = Fetching(stage.markets)
        wants = [Want(name, SOL, at(0), at(0) + MINUTE_US) for name in (OKX, OKX, BYBIT, OKX)]
        asking = [asyncio.create_task(fetching.fetch(want)) for want in wants]
        await asyncio.sleep(0)
        assert (okx.asked, bybit.asked) == (1, 1)
        bybit.fails = True
        okx.answers.set()
        bybit.answers.set()
        await asyncio.gather(*asking)
        await fetching.fetch(wants[0])
        await fetching.fetch(wants[2])
        assert (okx.asked, bybit.asked) == (2, 2)
        sources = stage.markets.followers[SOL].sources
        assert [len(sources[name].rows) if name in sources else 0 for name in (OKX, BYBIT)] == [1, 0]

    asyncio.run(go())
