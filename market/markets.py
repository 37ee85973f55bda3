"""All symbols at all providers: who is followed, stepped ten times a second, and what comes of it. No I/O here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from market.demand import Demand
from market.emitting import Emitting
from market.exchanges.base import Message
from market.feed import Feed
from market.follower import Follower
from market.said import Candle, Moved, Want
from market.sources import LineState
from market.told import Told, spelled

#: After so long without any provider, one without trades is asked.
_UNTOLD_FOR_US = 3_000_000


class Markets:
    """Holds the followers, and has told what they say. feeds: by name, in the order of preference."""

    def __init__(self, feeds: Mapping[str, Feed], demand: Demand, emitting: Emitting) -> None:
        self.feeds, self.demand, self.emitting = feeds, demand, emitting
        self.followers: dict[str, Follower] = {}
        self.spellings: Mapping[str, list[str]] = {}

    def take(self, provider: str, message: Message) -> None:
        """One message of a provider; what is about no symbol that is followed says nothing here."""
        follower = self.followers.get(getattr(message, "symbol", ""))
        if follower is not None:
            follower.take(provider, message)

    def begin(self, provider: str) -> None:
        """A connection was lost: what it says next does not follow upon what it said last."""
        for follower in self.followers.values():
            follower.source(provider).begin()

    def want(self, now_us: int, told: Mapping[str, Told] | None = None) -> None:
        """Follow what is wanted by now, and nothing else. told: what earlier processes told, by symbol."""
        self.spellings = spelled(self.demand.wanted(now_us))
        for symbol in [one for one in self.followers if one not in self.spellings]:
            del self.followers[symbol]
        for symbol in self.spellings:
            if symbol not in self.followers:
                known = (told or {}).get(symbol, Told())
                self.followers[symbol] = Follower(
                    symbol, now_us, known.until_us, known.minutes_us, known.gaps
                )
        for feed in self.feeds.values():
            feed.want(self.followers if feed.has_trades else self._untold(feed.name, now_us))

    def turn(self, now_us: int) -> list[Want]:
        """Tell what is to be told by now; what is to be asked is for the caller to ask."""
        standing = {name: feed.line() for name, feed in self.feeds.items()}
        wants: list[Want] = []
        for symbol, follower in self.followers.items():
            lines = self._lines(symbol, standing)
            for said in follower.step(lines, now_us):
                if isinstance(said, Want):
                    wants.append(said)
                else:
                    self._tell(said, self.spellings[symbol])
            for name in follower.frozen(now_us):
                self.feeds[name].complain()
        return wants

    def beside(self, symbol: str) -> Sequence[str]:
        """Who can be asked about a symbol, the one whose bars it has first."""
        chosen = self.followers[symbol].choice.provider
        others = [name for name, feed in self.feeds.items() if feed.lists(symbol) and name != chosen]
        return [chosen, *others] if chosen is not None else others

    def _untold(self, name: str, now_us: int) -> list[str]:
        """What nobody who has trades tells: then one without is asked, each time for money."""
        return [
            symbol
            for symbol, one in self.followers.items()
            if one.choice.provider == name or one.untold_for_us(now_us) >= _UNTOLD_FOR_US
        ]

    def _lines(self, symbol: str, standing: Mapping[str, LineState]) -> dict[str, LineState]:
        """Of those that may have it."""
        return {name: line for name, line in standing.items() if self.feeds[name].lists(symbol) is not False}

    def _tell(self, said: Candle | Moved, spellings: Sequence[str]) -> None:
        if isinstance(said, Moved):
            self.emitting.moved(said)
        else:
            self.emitting.candle(said, spellings)
