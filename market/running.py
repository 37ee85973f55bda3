"""The market with all that it needs around it: its session, its tape, its place among the processes, its metrics."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack

from market.demand import Demand
from market.exchanges.base import Exchange
from market.exchanges.provider import Surroundings
from market.exchanges.providers import make, open_session
from market.feed import USUAL, Timing
from market.process import MarketProcess
from market.reporting import measures_of
from market.settings import MarketSettings
from market.steady import Clock, SteadyClock
from signaltape.control import present
from signaltape.emitter import Emitter
from signaltape.notices import Notices
from signaltape.redis_client import redis_client_async, redis_url
from signaltape.serving_measures import serve_measures
from signaltape.shipping.measures import journal_measure


async def run(
    settings: MarketSettings,
    stop: asyncio.Event,
    wall_us: Clock,
    metrics_port: int | None = None,
    timing: Timing = USUAL,
) -> None:
    """Serve until `stop` is set. Raises SettingsError for what a person has to mend first."""
    common, clock = settings.common, SteadyClock(wall_us, _monotonic_us)
    async with AsyncExitStack() as ending:
        ending.enter_context(present(common, "market"))
        tape = ending.enter_context(Emitter(common))
        client = redis_client_async(redis_url(common))
        ending.push_async_callback(client.aclose)
        session = await ending.enter_async_context(open_session())
        around = Surroundings(session=session, now_us=clock, notices=Notices())

        def exchange(name: str) -> Exchange:
            return make(name, settings.endpoints, around)

        for name in settings.providers:
            exchange(name)  # what is wrong with it is said now
        demand = Demand(settings.symbols)
        process = MarketProcess(common, settings.providers, demand, tape, client, exchange, clock, timing)
        parts = {
            "market": lambda: measures_of(process.status),
            "journals": lambda: [journal_measure(common.home)],
        }
        ending.callback(serve_measures(metrics_port, "market", parts, common))
        await process.run(stop)


def _monotonic_us() -> int:
    return time.monotonic_ns() // 1000
