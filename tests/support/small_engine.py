"""An engine of a few lines, live and replayed: a signal at every third candle, which triggers, then closes."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from replay.archive.archiver import Archive
from replay.archive.layout import sessions_folder
from replay.sessions.build import build
from replay.sessions.sources import ArchiveSource, Span
from signaltape import Emitter, Settings
from signaltape.replay import ReplayFeed
from tests.integration.archiving import NOON, at, batch

MINUTE = timedelta(minutes=1)
CANDLES = 30
SYMBOL = "BTC-PERP"
EVERY = 3


class Tape(Protocol):
    """What an engine calls of an Emitter."""

    def published(self, **fields: Any) -> bool: ...

    def triggered(self, **fields: Any) -> bool: ...

    def closed(self, **fields: Any) -> bool: ...


class Params(NamedTuple):
    """What can be turned. stamped: it leaves the time to the Emitter; fresh_ids: each run makes its own."""

    rr: str = "1.80"
    least: int = 0
    fresh_ids: bool = False
    stamped: bool = False


AS_IT_WAS = Params()


class Engine:
    """Decides candle by candle. Its ids follow from the time, unless it makes new ones."""

    def __init__(self, tape: Tape, params: Params = AS_IT_WAS) -> None:
        self.tape, self._params = tape, params
        self._open: str | None = None
        self._seen = 0

    def on_candle(self, when: datetime) -> None:
        step, number = self._seen % EVERY, self._seen // EVERY
        self._seen += 1
        if number < self._params.least:
            return
        if step == 0:
            self._open = str(
                uuid.uuid4() if self._params.fresh_ids else uuid.uuid5(uuid.NAMESPACE_DNS, f"{when}")
            )
        given: dict[str, Any] = {"signal_id": self._open, "symbol": SYMBOL}
        if not self._params.stamped:
            given["ts"] = when
        self._do(step)(**given)

    def _do(self, step: int) -> Callable[..., Any]:
        tape, rr = self.tape, self._params.rr
        return (
            lambda **given: tape.published(
                confluence_score=0.7,
                rr=rr,
                side="long",
                expiry_minutes=30,
                rules_version="v",
                setup="third",
                **given,
            ),
            lambda **given: tape.triggered(entry_fill=100, time_to_trigger_ms=60_000, **given),
            lambda **given: tape.closed(rr_realized=rr, time_in_trade_ms=60_000, exit_reason="tp", **given),
        )[step]


class _Kept:
    """A tape that keeps what it is given, as events of the wire."""

    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, Any]]] = []

    def published(self, **fields: Any) -> bool:
        return self._keep("signal_published", fields)

    def triggered(self, **fields: Any) -> bool:
        return self._keep("signal_triggered", fields)

    def closed(self, **fields: Any) -> bool:
        return self._keep("signal_closed", fields)

    def _keep(self, name: str, fields: dict[str, Any]) -> bool:
        self.events.append((name, fields))
        return True


def recorded(data: Path, *more: tuple[str, dict[str, Any]], candles: int = CANDLES) -> Path:
    """A session of half an hour: the market, and what the engine said of it live. more: events beside these."""
    tape = _Kept()
    engine = Engine(tape)
    times = [NOON + number * MINUTE for number in range(candles)]
    for when in times:
        engine.on_candle(when)
    market = [at("market_candle", when, symbol=SYMBOL) for when in times]
    with_events = Archive(data)
    with_events.write(batch(*market, *tape.events, *more))
    with_events.close()
    span = Span(NOON, NOON + candles * MINUTE)
    manifest = build(data, ArchiveSource(data), span, now=datetime.now(UTC))
    return sessions_folder(data) / manifest.session_id


def replayed(
    settings: Settings, folder: Path, params: Params = AS_IT_WAS, *, stop_after: int | None = None
) -> Emitter:
    """Play a session's market to the engine with RUN_MODE=REPLAY. Its Emitter, closed."""
    with Emitter(settings) as tape:
        engine, feed = Engine(tape, params), ReplayFeed(folder, mode="FULL_DECISION")
        seen = 0

        def on_candle(event: Any) -> None:
            nonlocal seen
            engine.on_candle(event.ts)
            seen += 1
            if seen == stop_after:
                feed.controls.stop()

        feed.on("MARKET_CANDLE", on_candle).run()
    return tape
