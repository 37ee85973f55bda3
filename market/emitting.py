"""What the market says, written on the tape through the Emitter as any engine does it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import uuid_utils

from market.exchanges.base import Funding, OpenInterest
from market.said import Candle, Moved
from signaltape.breaker import State
from signaltape.contract.codec import NAMESPACE
from signaltape.emitter import Emitter
from signaltape.quality import Verdict

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: Beyond these a record carries no number; the reason says what came.
_MOST = Decimal(10) ** 15
_MOST_CHARS = 512


class Counts:
    """What was emitted, by kind; and what the Emitter did not take."""

    def __init__(self) -> None:
        self.emitted: dict[str, int] = {}
        self.refused = 0

    def note(self, kind: str, *, taken: bool) -> None:
        """One record, and whether it was taken."""
        if taken:
            self.emitted[kind] = self.emitted.get(kind, 0) + 1
        else:
            self.refused += 1


class Emitting:
    """Writes under every spelling that was asked for. Never raises, as the Emitter does not."""

    def __init__(self, tape: Emitter) -> None:
        self._tape = tape
        self.counts = Counts()

    def candle(self, said: Candle, spellings: Sequence[str]) -> None:
        """A second or a minute; its id is the same whoever emits it again."""
        fields = candle_fields(said)
        for symbol in spellings:
            key = f"{said.provider}:{symbol}:{said.interval}:{said.end_us}"
            taken = self._tape.market("candle", fields, symbol=symbol, id=_id(key))
            self.counts.note(said.interval, taken=taken)

    def funding(self, provider: str, said: Funding, verdict: Verdict, spellings: Sequence[str]) -> None:
        """A rate; none if it is no number."""
        fields = {"rate": number(said.rate), **_seen(provider, said, verdict)}
        if said.next_us is not None:
            fields["nextFundingAt"] = moment(said.next_us)
        for symbol in spellings:
            self.counts.note("funding", taken=self._tape.market("funding", _given(fields), symbol=symbol))

    def interest(self, provider: str, said: OpenInterest, verdict: Verdict, spellings: Sequence[str]) -> None:
        """An open interest; none if it is no number."""
        fields = {"value": number(said.value), "unit": said.unit, **_seen(provider, said, verdict)}
        for symbol in spellings:
            taken = self._tape.market("open_interest", _given(fields), symbol=symbol)
            self.counts.note("open_interest", taken=taken)

    def moved(self, said: Moved) -> None:
        """Whose bars these are from now on, and why."""
        self.counts.note(
            "moved",
            taken=self._tape.state(
                timestamp=moment(said.at_us),
                symbol=said.symbol,
                event_type="market_provider",
                from_state=said.before or "none",
                to_state=said.after or "none",
                reason=_short("; ".join(said.reasons)) or None,
            ),
        )

    def health(self, services: dict[str, tuple[bool, State, str]], now_us: int) -> None:
        """How every provider stands: connected, its breaker, in words."""
        said = {
            name: {
                "status": _status(connected, state),
                "lastUpdateAt": moment(now_us),
                "message": _short(words),
            }
            for name, (connected, state, words) in services.items()
        }
        self.counts.note(
            "health", taken=self._tape.snapshot("health", timestamp=moment(now_us), services=said)
        )


def candle_fields(said: Candle) -> dict[str, Any]:
    """A candle as it stands on the tape, but for its symbol and id."""
    fields = {
        "timestamp": moment(said.end_us),
        "interval": said.interval,
        "open": said.open,
        "high": said.high,
        "low": said.low,
        "close": said.close,
        "volume": said.volume,
        "bid": _price(said.bid),
        "ask": _price(said.ask),
        **_origin(said.provider, said.exchange_us, said.received_us, said.verdict),
    }
    return _given(fields)


def moment(us: int) -> datetime:
    """Exact to the microsecond."""
    return _EPOCH + timedelta(microseconds=us)


def number(value: Decimal) -> Decimal | None:
    """None for what is no number, or is beyond all measure."""
    return value if value.is_finite() and -_MOST <= value <= _MOST else None


def _price(value: Decimal | None) -> Decimal | None:
    return value if value is not None and value.is_finite() and 0 < value < _MOST else None


def _seen(provider: str, said: Funding | OpenInterest, verdict: Verdict) -> dict[str, Any]:
    return {
        "timestamp": moment(said.received_us),
        **_origin(provider, said.exchange_us, said.received_us, verdict),
    }


def _origin(provider: str, exchange_us: int, received_us: int, verdict: Verdict) -> dict[str, Any]:
    return {
        "provider": provider,
        "exchangeTs": moment(exchange_us),
        "receivedAt": moment(received_us),
        "dataQuality": verdict.data_quality,
        "degraded": verdict.degraded,
        "reasons": [_short(why) for why in verdict.reasons] or None,
    }


def _given(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _short(text: str) -> str:
    return text if len(text) <= _MOST_CHARS else text[: _MOST_CHARS - 1] + "…"


def _id(key: str) -> str:
    return str(uuid_utils.uuid5(NAMESPACE, f"market:{key}"))


def _status(connected: bool, state: State) -> str:
    if connected:
        return "OK" if state == "closed" else "WARN"
    return "ERROR"
