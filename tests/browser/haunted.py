"""Ghosts for pictures of pages: a signal's own, and one that a trader asked for and that ended in two worlds."""

from __future__ import annotations

from typing import Any

import msgspec

from signaltape import Settings
from sink.db import Connection, rows_as_dicts
from tests.support.ghosting import Ghost, Tape
from tests.support.samples import new_id


def haunt(client: Any, common: Settings, connection: Connection, signal_id: str) -> None:
    """Put a signal, its market and an order of dewi's on a tape, and follow them."""
    tape = Tape(client, f"{common.stream}-haunted")
    (signal,) = rows_as_dicts(
        connection,
        b"SELECT signal_id::text, symbol, ts_published, entry, sl, tp, ref_id FROM signals WHERE signal_id = %s",
        [signal_id],
    )
    plan = {"confluence_score": 0.8, "rr": 1.7, "side": "long", "expiry_minutes": 30, "rules_version": "x"}
    tape.put("signal_published", {**signal, **plan}, signal_id)
    query = b"SELECT ts, payload FROM records WHERE event = 'market_candle' AND symbol = %s ORDER BY ts"
    bars = rows_as_dicts(connection, query, [signal["symbol"]])
    tape.put("order_command", _asked(signal, *bars[40:42]), signal["symbol"])
    for row in bars:
        tape.put("market_candle", row["payload"], signal["symbol"])
    Ghost(msgspec.structs.replace(common, stream=f"{common.stream}-haunted"), connection).run()


def _asked(signal: dict[str, Any], before: dict[str, Any], bar: dict[str, Any]) -> dict[str, Any]:
    """In from the open of a bar, with a stop and a target that both lie within it."""
    moment = {"timestamp": before["ts"], "publishedAt": before["ts"]}
    who = {"id": new_id(), "orderId": new_id(), "command": "place", "by": "dewi", "via": "telegram"}
    named = {
        "symbol": signal["symbol"],
        "signalId": signal["signal_id"],
        "side": "long",
        "entryType": "market",
    }
    price = bar["payload"]
    levels = {"sl": round(price["low"] + 0.01, 2), "tp1": round(price["high"] - 0.01, 2)}
    return {**moment, **who, **named, **levels, "riskUsd": 50}
