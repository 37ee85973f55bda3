"""Symbols and providers as a person reads them in a terminal."""

from __future__ import annotations

from market.status import ProviderStatus, Status, SymbolStatus
from signaltape.clock import from_epoch_ms, show_bare
from signaltape.terminal import NOTHING_TO_DO, Screen, left, right

_SYMBOL = (left("symbol"), left("of"), right("last"), left("quality"), left("until (WIB)"))
_PROVIDER = (
    *(left("provider"), left("breaker"), right("p95 ms"), right("tells"), right("has")),
    *(right("connects"), right("failures")),
)


def show_symbols(screen: Screen, found: Status, now_us: int) -> None:
    """One line a symbol, and what cannot be followed."""
    _say_age(screen, found, now_us)
    untold = [one for one in found.symbols if one.provider is None]
    if untold:
        screen.say(f"{len(untold)} of {len(found.symbols)} symbols are told by nobody", "bad")
    else:
        screen.say(f"{len(found.symbols)} symbols are followed", "good")
    screen.gap()
    screen.table(
        _SYMBOL, [_row(one) for one in found.symbols], ["; ".join(one.reasons) for one in found.symbols]
    )
    for symbol, why in found.refused.items():
        screen.say(f"{symbol[:40]}: {why}", "warn")
    screen.gap()
    screen.next("python -m market providers" if untold else NOTHING_TO_DO)


def show_providers(screen: Screen, found: Status, now_us: int) -> None:
    """One line a provider."""
    _say_age(screen, found, now_us)
    away = [one.name for one in found.providers if not one.connected]
    if away:
        screen.say(
            f"{len(away)} of {len(found.providers)} providers are not connected: {', '.join(away)}", "warn"
        )
    else:
        screen.say(f"{len(found.providers)} providers are connected", "good")
    screen.gap()
    screen.table(_PROVIDER, [_line(one) for one in found.providers], [one.why for one in found.providers])
    screen.gap()
    screen.next("look at what is said beside them" if away else NOTHING_TO_DO)


def _say_age(screen: Screen, found: Status, now_us: int) -> None:
    if found.is_gone(now_us):
        screen.say(f"the market has said nothing since {_time(found.at_us)} WIB: this is how it was", "bad")


def _row(one: SymbolStatus) -> tuple[str, ...]:
    until = _time(one.until_us) if one.until_us is not None else "stays"
    return (one.symbol, one.provider or "-", one.price or "-", one.quality or "-", until)


def _line(one: ProviderStatus) -> tuple[str, ...]:
    p95 = str(one.p95_ms) if one.p95_ms is not None else "-"
    counts = (str(one.used_by), str(one.symbols), str(one.connects), str(one.failures))
    return (one.name, one.breaker.replace("_", " "), p95, *counts)


def _time(us: int) -> str:
    return show_bare(from_epoch_ms(us // 1000))
