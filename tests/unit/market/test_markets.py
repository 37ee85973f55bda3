"""All symbols at all providers: who is asked for what."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from market.demand import Demand
from market.emitting import Emitting
from market.feed import Feed
from market.markets import Markets
from market.sources import LineState
from signaltape import Emitter, Settings
from tests.unit.market.world import BYBIT, OKX, SOL, at, tick

COINAPI = "coinapi"


class FakeFeed:
    """Connected, with every symbol but those it lacks."""

    def __init__(self, name: str, *, has_trades: bool = True, lacks: tuple[str, ...] = ()) -> None:
        self.name, self.has_trades, self.lacks = name, has_trades, lacks
        self.state = LineState()
        self.wanted: list[str] = []
        self.complaints = 0

    def want(self, symbols: list[str]) -> None:
        self.wanted = list(symbols)

    def line(self) -> LineState:
        return self.state

    def lists(self, symbol: str) -> bool:
        return symbol not in self.lacks

    def complain(self) -> None:
        self.complaints += 1


class Stage:
    def __init__(self, home: Path, *feeds: FakeFeed, symbols: tuple[str, ...] = (SOL,)) -> None:
        self.feeds = feeds
        by_name = {feed.name: cast(Feed, feed) for feed in feeds}
        tape = Emitter(Settings(feature_event_logging=True, home=home), ship=False)
        self.markets = Markets(by_name, Demand(symbols), Emitting(tape))
        self.markets.want(at(0))

    def run(self, begin: float, until: float, *trading: str) -> None:
        for tenth in range(round(begin * 10) + 1, round(until * 10) + 1):
            for name in trading:
                self.markets.take(name, tick(tenth / 10 - 0.05))
            self.markets.turn(at(tenth / 10))
        self.markets.want(at(until))


def test_a_provider_without_trades_is_bothered_only_where_nobody_else_tells(tmp_path: Path) -> None:
    okx, coinapi = FakeFeed(OKX), FakeFeed(COINAPI, has_trades=False)
    stage = Stage(tmp_path, okx, coinapi)
    stage.run(0, 10, OKX)
    assert (okx.wanted, coinapi.wanted) == ([SOL], [])
    okx.state = LineState(trouble="is not connected")
    stage.run(10, 12)
    assert coinapi.wanted == []
    stage.run(12, 14)
    assert coinapi.wanted == [SOL]
    okx.state = LineState()
    stage.run(14, 27, OKX)
    assert coinapi.wanted == []


def test_who_lacks_a_symbol_is_passed_over_without_a_word(tmp_path: Path) -> None:
    stage = Stage(tmp_path, FakeFeed(OKX, lacks=(SOL,)), FakeFeed(BYBIT))
    stage.run(0, 5, BYBIT)
    follower = stage.markets.followers[SOL]
    assert follower.choice == (BYBIT, ())
    assert stage.markets.beside(SOL) == [BYBIT]


def test_two_spellings_are_one_symbol_told_twice(tmp_path: Path) -> None:
    stage = Stage(tmp_path, FakeFeed(OKX), symbols=("SOLUSDT", "SOL/USDT:USDT"))
    stage.run(0, 5.3, OKX)
    assert list(stage.markets.followers) == [SOL]
    assert stage.markets.emitting.counts.emitted["1s"] == 2 * 4


def test_a_connection_that_is_silent_about_a_symbol_is_complained_of(tmp_path: Path) -> None:
    okx, bybit = FakeFeed(OKX), FakeFeed(BYBIT)
    stage = Stage(tmp_path, okx, bybit)
    stage.run(0, 5, OKX, BYBIT)
    stage.run(5, 14, BYBIT)
    assert okx.complaints == 0
    stage.run(14, 16, BYBIT)
    assert okx.complaints > 0
    assert bybit.complaints == 0


def test_so_is_one_that_never_said_a_word_about_it(tmp_path: Path) -> None:
    okx, bybit = FakeFeed(OKX), FakeFeed(BYBIT)
    stage = Stage(tmp_path, okx, bybit)
    stage.run(0, 9, BYBIT)
    assert okx.complaints == 0
    stage.run(9, 12, BYBIT)
    assert okx.complaints > 0


def test_nobody_complains_while_the_market_is_quiet_or_a_connection_is_away(tmp_path: Path) -> None:
    okx, bybit = FakeFeed(OKX), FakeFeed(BYBIT)
    stage = Stage(tmp_path, okx, bybit)
    stage.run(0, 5, OKX, BYBIT)
    stage.run(5, 60)
    okx.state = LineState(trouble="is not connected")
    stage.run(60, 90, BYBIT)
    okx.state = LineState()
    stage.run(90, 95, BYBIT)
    assert (okx.complaints, bybit.complaints) == (0, 0)


def test_a_symbol_that_is_not_wanted_any_more_is_forgotten(tmp_path: Path) -> None:
    stage = Stage(tmp_path, FakeFeed(OKX), symbols=())
    stage.markets.demand.use(SOL, at(10), at(0))
    stage.run(0, 5, OKX)
    assert list(stage.markets.followers) == [SOL]
    stage.markets.want(at(10 + 3600))
    assert stage.markets.followers == {}
    assert stage.feeds[0].wanted == []
