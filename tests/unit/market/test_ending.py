"""What is cancelled ends, also where a library loses a cancellation."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from market import ending
from market.ending import ended


async def one_that_loses(cancellations: int) -> None:
    for _ in range(cancellations):
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
    await asyncio.Event().wait()


async def one_that_fails() -> None:
    raise LookupError


@pytest.mark.parametrize("lost", [0, 1, 3])
def test_it_is_cancelled_until_it_ends(monkeypatch: pytest.MonkeyPatch, lost: int) -> None:
    monkeypatch.setattr(ending, "_AGAIN_S", 0.01)

    async def go() -> None:
        tasks = [asyncio.create_task(one_that_loses(lost)), asyncio.create_task(one_that_fails())]
        await asyncio.sleep(0)
        await asyncio.wait_for(ended(tasks), 20)
        assert [task.done() for task in tasks] == [True, True]

    asyncio.run(go())


def test_none_at_all_is_over() -> None:
    asyncio.run(ended([]))
