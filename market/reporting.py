"""What the market says of itself: a status for people and for the next process, and the numbers of its metrics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from market.feed import Feed
from market.follower import Follower
from market.markets import Markets
from market.status import ProviderStatus, Status, SymbolStatus
from signaltape.breaker import State
from signaltape.measures import Measure, one

_MOST_WORDS = 200


def status_of(markets: Markets, now_us: int) -> Status:
    """All of it, now."""
    counts = markets.emitting.counts
    return Status(
        at_us=now_us,
        symbols=[_of_symbol(markets, symbol, one) for symbol, one in markets.followers.items()],
        providers=[_of_provider(markets, feed, now_us) for feed in markets.feeds.values()],
        refused=dict(markets.demand.refused),
        emitted=dict(counts.emitted),
        not_taken=counts.refused,
    )


def health_of(status: Status) -> dict[str, tuple[bool, State, str]]:
    """Of each provider: connected, its breaker, in words."""
    return {one.name: (one.connected, one.breaker, _words(one)) for one in status.providers}


def measures_of(status: Status) -> Iterator[Measure]:
    """For Prometheus, which asks from a thread of its own: by a status that does not change any more."""
    yield Measure(
        "signaltape_market_emitted", "Records emitted, by kind", {**status.emitted}, label="kind", total=True
    )
    yield one(
        "signaltape_market_not_taken", "Records that the Emitter did not take", status.not_taken, total=True
    )
    yield one("signaltape_market_symbols", "Symbols that are followed", len(status.symbols))
    untold = sum(symbol.provider is None for symbol in status.symbols)
    yield one("signaltape_market_untold_symbols", "Symbols that no provider tells now", untold)
    given_up = sum(symbol.given_up for symbol in status.symbols)
    yield one("signaltape_market_given_up_candles", "Candles that no provider had", given_up)
    for name, says, values, total in _of_providers(status):
        yield Measure(name, says, values, label="provider", total=total)


def _of_providers(status: Status) -> Iterator[tuple[str, str, Mapping[str, float], bool]]:
    of = {one.name: one for one in status.providers}
    yield "signaltape_market_connected", "1 if it streams", {n: one.connected for n, one in of.items()}, False
    yield (
        "signaltape_market_breaker_open",
        "1 if it is left alone, 0.5 if a probe may go",
        {n: {"closed": 0.0, "half_open": 0.5}.get(one.breaker, 1.0) for n, one in of.items()},
        False,
    )
    yield (
        "signaltape_market_delay_seconds",
        "95th percentile of how late its news is",
        {n: one.p95_ms / 1000 for n, one in of.items() if one.p95_ms is not None},
        False,
    )
    yield "signaltape_market_used", "Symbols told of it now", {n: one.used_by for n, one in of.items()}, False
    yield "signaltape_market_connects", "Connections made", {n: one.connects for n, one in of.items()}, True
    yield "signaltape_market_failures", "Failures", {n: one.failures for n, one in of.items()}, True
    yield (
        "signaltape_market_openings",
        "Times its breaker opened",
        {n: one.openings for n, one in of.items()},
        True,
    )
    unread = {n: sum(one.refused.values()) for n, one in of.items()}
    yield "signaltape_market_unread", "What it sent that could not be read", unread, True
    yield "signaltape_market_late", "Trades behind their second", {n: one.late for n, one in of.items()}, True


def _of_symbol(markets: Markets, symbol: str, follower: Follower) -> SymbolStatus:
    last, spellings = follower.last, markets.spellings[symbol]
    until_us = [markets.demand.until_us(one) for one in spellings]
    known = [us for us in until_us if us is not None]
    return SymbolStatus(
        symbol=symbol,
        spellings=list(spellings),
        provider=follower.choice.provider,
        reasons=list(follower.choice.reasons),
        price=f"{last.close:f}" if last is not None else None,
        quality=last.verdict.data_quality if last is not None else None,
        told_until_us=follower.told_until_us,
        minutes_us=follower.minutes.next_us,
        until_us=max(known) if len(known) == len(until_us) else None,
        changes=follower.failover.changes,
        given_up=follower.minutes.given_up,
        gaps=follower.gaps,
    )


def _of_provider(markets: Markets, feed: Feed, now_us: int) -> ProviderStatus:
    how, line = feed.reputation, feed.line()
    p95_us, answers_us = how.news.p95_us(now_us), how.answers.p95_us(now_us)
    sources = [one.sources[feed.name] for one in markets.followers.values() if feed.name in one.sources]
    return ProviderStatus(
        name=feed.name,
        connected=feed.connected,
        why=line.trouble or line.slow,
        breaker=how.state,
        p95_ms=p95_us // 1000 if p95_us is not None else None,
        answers_p95_ms=answers_us // 1000 if answers_us is not None else None,
        symbols=sum(bool(feed.lists(symbol)) for symbol in markets.followers),
        used_by=sum(one.choice.provider == feed.name for one in markets.followers.values()),
        connects=feed.connects,
        renewals=feed.renewals,
        failures=how.failures,
        openings=how.breaker.openings,
        refused=feed.refused,
        late=sum(one.maker.counts.late for one in sources),
        twice=sum(one.maker.counts.twice for one in sources),
    )


def _words(one: ProviderStatus) -> str:
    delay = f"p95 {one.p95_ms} ms" if one.p95_ms is not None else "no news yet"
    return (one.why or f"connected, {delay}, tells {one.used_by} of {one.symbols} symbols")[:_MOST_WORDS]
