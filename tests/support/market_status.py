"""A status as a market writes it, with names and remarks that come from outside."""

from __future__ import annotations

from market.status import ProviderStatus, Status, SymbolStatus


def market_of(name: str, remark: str) -> Status:
    """Two symbols, one of them told by nobody; two providers, one of them left alone."""
    return Status(
        at_us=1,
        symbols=[_symbol(name, None, remark), _symbol("SOL-USDT-SWAP", "okx", remark)],
        providers=[_provider("okx", remark, connected=True), _provider("bybit", remark, connected=False)],
        refused={name: remark},
        emitted={"1s": 7},
        not_taken=0,
    )


def _symbol(symbol: str, provider: str | None, remark: str) -> SymbolStatus:
    return SymbolStatus(
        symbol=symbol,
        spellings=[symbol],
        provider=provider,
        reasons=[remark],
        price="43000.15",
        quality="ok",
        told_until_us=1,
        minutes_us=1,
        until_us=1_642_386_600_000_000 if provider else None,
        changes=1,
        given_up=0,
    )


def _provider(name: str, remark: str, *, connected: bool) -> ProviderStatus:
    return ProviderStatus(
        name=name,
        connected=connected,
        why="" if connected else remark,
        breaker="closed" if connected else "half_open",
        p95_ms=87,
        answers_p95_ms=None,
        symbols=2,
        used_by=1,
        connects=3,
        renewals=1,
        failures=5,
        openings=1,
        refused={"no JSON": 1},
        late=0,
        twice=0,
    )
