"""An alert follows its signal: what became of it is edited into its messages, in whatever order that is heard."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from desk.alerting.incoming import Happened
from desk.alerting.messages import Known, Messages
from desk.alerting.rows import SQL
from desk.alerts import life as lives
from desk.alerts import model
from desk.alerts.life import Life
from desk.policy import sizing
from signaltape.contract.events import SignalClosed, SignalInvalidated, SignalTriggered
from sink.db import Connection

#: Its messages are not of a trade: nothing becomes of it.
_HEALTH = "health"


class Following:
    """Every method is part of its caller's transaction."""

    def __init__(self, messages: Messages) -> None:
        self._messages = messages

    def hear(self, connection: Connection, happened: Sequence[Happened]) -> list[str]:
        """Keep what became of signals; those of which something was new."""
        if not happened:
            return []
        ids, events, times, fields = map(list, zip(*happened, strict=True))
        asked = {"signal_ids": ids, "events": events, "times": times, "fields": fields}
        return sorted({row[0] for row in connection.execute(SQL["add_happened"], asked).fetchall()})

    def learn(self, connection: Connection, signal_ids: Sequence[str]) -> list[str]:
        """Take from the worker's tables what became of signals; those of which something was new."""
        if not signal_ids:
            return []
        rows = connection.execute(SQL["learn_lives"], {"signal_ids": list(signal_ids)}).fetchall()
        return sorted(row[0] for row in rows)

    def follow(self, connection: Connection, signal_ids: Sequence[str]) -> int:
        """Show what is known now in every alert of these signals; how many alerts."""
        if not signal_ids:
            return 0
        rows = connection.execute(SQL["alerts_of"], {"signal_ids": list(signal_ids)}).fetchall()
        return sum(self.show_again(connection, row[0]) for row in rows)

    def show_again(self, connection: Connection, ref_id: str) -> bool:
        """Make the messages of an alert what its rows say. Its row is held: whoever comes last knows of all others.

        False if there is no such alert, or it was sent nowhere.
        """
        row = connection.execute(SQL["row"], {"ref_id": ref_id}).fetchone()
        if row is None:
            return False
        alert, size, marks, told, over, signal_id, now = row
        found = model.load(alert)
        life = life_of(self._facts(connection, signal_id), lives.load(told))
        life = replace(life, expired=over and found.category != _HEALTH)
        connection.execute(SQL["set_life"], {"ref_id": ref_id, "life": lives.dump(life)})
        known = Known(found, sizing.load(size) if size else None, tuple(marks), life)
        for chat_id, key in connection.execute(SQL["messages"], {"ref_id": ref_id}).fetchall():
            self._messages.edit(connection, known, chat_id, key, now)
        return True

    def life(self, connection: Connection, signal_id: str | None) -> Life:
        """What is known of a signal's life."""
        return life_of(self._facts(connection, signal_id), Life())

    def _facts(self, connection: Connection, signal_id: str | None) -> Iterable[tuple[Any, ...]]:
        if signal_id is None:
            return ()
        return connection.execute(SQL["happened"], {"signal_id": signal_id}).fetchall()


def life_of(facts: Iterable[tuple[Any, ...]], life: Life) -> Life:
    """A life with facts in it (event, time, fields): the same whatever order they come in."""
    for event, at, fields in facts:
        life = replace(life, **_PARTS[event](at, fields))
    return life


def _triggered(at: datetime, fields: dict[str, Any]) -> dict[str, Any]:
    return {"triggered_at": at, "trigger_ms": int(fields["time_to_trigger_ms"])}


def _invalidated(at: datetime, fields: dict[str, Any]) -> dict[str, Any]:
    return {"invalidated_at": at, "invalid_because": fields["reason"]}


def _closed(at: datetime, fields: dict[str, Any]) -> dict[str, Any]:
    rr = Decimal(fields["rr_realized"])
    trade_ms = int(fields["time_in_trade_ms"])
    return {"closed_at": at, "rr_realized": rr, "trade_ms": trade_ms, "exit_reason": fields["exit_reason"]}


_PARTS = {
    SignalTriggered.EVENT: _triggered,
    SignalInvalidated.EVENT: _invalidated,
    SignalClosed.EVENT: _closed,
}
