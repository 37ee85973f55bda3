"""Candles that are missing, asked for: of each provider and symbol one question at a time."""

from __future__ import annotations

from market.exchanges.errors import ExchangeError
from market.markets import Markets
from market.said import Want
from signaltape.notices import Notices
from signaltape.plain_errors import one_line


class Fetching:
    """Whoever does not answer in time is wanted again; what still waits for its answer is not asked twice."""

    def __init__(self, markets: Markets) -> None:
        self._markets = markets
        self._asked: set[tuple[str, str]] = set()
        self._notices = Notices()

    async def fetch(self, want: Want) -> None:
        """Nobody is told of a failure here: they are wanted again."""
        key = (want.provider, want.symbol)
        if key in self._asked:
            return
        self._asked.add(key)
        try:
            await self._fetch(want)
        except ExchangeError as error:
            self._notices.say(f"candles {want.provider}", f"candles of {want.provider}: {one_line(error)}")
        finally:
            self._asked.discard(key)

    async def _fetch(self, want: Want) -> None:
        feed = self._markets.feeds[want.provider]
        rows = await feed.ask(lambda exchange: exchange.candles(want.symbol, want.since_us, want.until_us))
        for row in rows:
            self._markets.take(want.provider, row)
