"""An alert follows its signal: what became of it is edited into its messages, in whatever order that is heard."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from msgspec.structs import replace

from desk.alerting.incoming import Happened
from desk.alerting.messages import Known, Messages
from desk.alerting.rows import SQL
from desk.alerting.target import is_refusal
from desk.alerts import life as lives
from desk.alerts import model
from desk.alerts.life import Life
from desk.policy import sizing
from signaltape.contract.events import (
    GhostClosed,
    GhostInvalidated,
    GhostTriggered,
    SignalClosed,
    SignalInvalidated,
    SignalTriggered,
)
from signaltape.notices import Notices
from signaltape.plain_errors import one_line
from sink.db import Connection, DatabaseError

#: Its messages are not of a trade: nothing becomes of it.
_HEALTH = "health"


class Fact(NamedTuple):
    """Something that became of a signal. fields: those that a message says."""

    event: str
    at: datetime
    fields: dict[str, Any]


class Following:
    """Every method is part of its caller's transaction."""

    def __init__(self, messages: Messages) -> None:
        self._messages = messages
        self._notices = Notices()

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
        return sum(self.show_if_possible(connection, row[0]) for row in rows)

    def show_if_possible(self, connection: Connection, ref_id: str) -> bool:
        """As `show_again`; an alert whose rows cannot be shown, whatever they hold, holds up no other."""
        try:
            with connection.transaction():
                return self.show_again(connection, ref_id)
        except DatabaseError as error:
            if not is_refusal(error):
                raise
            why = one_line(error)
        except Exception as error:  # noqa: BLE001 - see above
            why = one_line(error)
        self._notices.say("not shown", f"what became of {ref_id} cannot be shown: {why}")
        return False

    def show_again(self, connection: Connection, ref_id: str) -> bool:
        """Make the messages of an alert what its rows say. Its row is held: whoever comes last knows of all others.

        False if there is no such alert, or it was sent nowhere.
        """
        row = connection.execute(SQL["row"], {"ref_id": ref_id}).fetchone()
        if row is None:
            return False
        alert, size, marks, told, over, signal_id, now = row
        found = model.load(alert)
        life = replace(
            self._life(connection, signal_id, lives.load(told)),
            expired=over and found.category != _HEALTH,
        )
        connection.execute(SQL["set_life"], {"ref_id": ref_id, "life": lives.dump(life)})
        known = Known(found, sizing.load(size) if size else None, tuple(marks), life)
        for chat_id, key in connection.execute(SQL["messages"], {"ref_id": ref_id}).fetchall():
            self._messages.edit(connection, known, chat_id, key, now)
        return True

    def _life(self, connection: Connection, signal_id: str | None, told: Life) -> Life:
        """What is known now, and what was told before: that is not forgotten."""
        if signal_id is None:
            return told
        rows = connection.execute(SQL["happened"], {"signal_ids": [signal_id]}).fetchall()
        return life_of([Fact(*row[1:]) for row in rows], told)

    def lives(self, connection: Connection, signal_ids: Sequence[str]) -> dict[str, Life]:
        """What is known of signals; those of which nothing is are left out."""
        if not signal_ids:
            return {}
        facts: defaultdict[str, list[Fact]] = defaultdict(list)
        asked = {"signal_ids": list(signal_ids)}
        for signal_id, *fact in connection.execute(SQL["happened"], asked).fetchall():
            facts[signal_id].append(Fact(*fact))
        return {signal_id: life_of(found, Life()) for signal_id, found in facts.items()}


def life_of(facts: Iterable[Fact], life: Life) -> Life:
    """A life with facts in it: the same whatever order they come in. What the engine says takes the place of what its
    ghost came to."""
    some = list(facts)
    for fact in (one for one in some if one.event in _OF_GHOST):
        life = _with_ghost(life, fact)
    for fact in (one for one in some if one.event not in _OF_GHOST):
        life = _with_engine(life, fact)
    return life


def _with_ghost(life: Life, fact: Fact) -> Life:
    part = _OF_GHOST[fact.event](fact.at, fact.fields)
    if fact.event == GhostTriggered.EVENT:
        known = life.triggered_at is not None and not life.ghost_trigger
        return life if known else replace(life, **part, ghost_trigger=True)
    known = life.ended is not None and not life.ghost_end
    return life if known else replace(life, **part, ghost_end=True)


def _with_engine(life: Life, fact: Fact) -> Life:
    part = _PARTS[fact.event](fact.at, fact.fields)
    if fact.event == SignalTriggered.EVENT:
        return replace(life, **part, ghost_trigger=False)
    if life.ghost_end:
        life = replace(life, **_NO_END)
    return replace(life, **part)


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
_OF_GHOST = {
    GhostTriggered.EVENT: _triggered,
    GhostInvalidated.EVENT: _invalidated,
    GhostClosed.EVENT: _closed,
}
_ENDS = ("invalidated_at", "invalid_because", "closed_at", "rr_realized", "trade_ms", "exit_reason")
_NO_END: dict[str, Any] = {**dict.fromkeys(_ENDS), "ghost_end": False}
