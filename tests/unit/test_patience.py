"""A Redis that does not answer makes one page wait, not all."""

from __future__ import annotations

import asyncio

import pytest
import redis

from web import connections
from web.connections import Patience


def test_who_did_not_answer_is_left_alone_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "_LONG_S", 0.02)
    asked: list[str] = []

    async def ask(word: str, waits_s: float) -> None:
        asked.append(word)
        await asyncio.sleep(waits_s)  # as long as a server takes that does not answer
        raise redis.ConnectionError(word)

    async def look() -> None:
        patience = Patience()
        asking = patience.over(ask)
        for word, waits_s in (("refuses", 0), ("refuses again", 0), ("hangs", 0.03), ("at once", 0)):
            with pytest.raises(redis.RedisError):
                await asking(word, waits_s)
        assert asked == ["refuses", "refuses again", "hangs"]
        monkeypatch.setattr(patience, "_again_at", 0.0)  # the while is over
        with pytest.raises(redis.ConnectionError):
            await asking("asked again", 0)

    asyncio.run(look())
    assert asked[-1] == "asked again"
