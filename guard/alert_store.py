"""Alerts in Postgres, with what tells them: rows, messages and records are one transaction."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from msgspec import structs

from guard.model.aims import objective
from guard.model.alerts import Alert
from guard.model.findings import Finding
from guard.model.rules import Rules
from guard.model.telling import text_of
from guard.model.ticking import Message, Ticked
from guard.settings import ROOM, Chat
from outbox.chats import tell_all
from outbox.outbox import Outbox
from signaltape.contract.desk_records import SystemAlert
from signaltape.emitter import Emitter
from signaltape.failpoints import failpoint
from sink.db import Connection, rows_as_dicts
from sink.outgoing import Committing, emit_committed
from sink.queries import load

SQL = load(Path(__file__).parent / "sql" / "alerts.sql")
#: Of use for so long: who reads it later wants to know how things stand, and asks.
_OF_USE = timedelta(hours=6)
#: The contract takes no longer text; a name and its engine may be as long each.
_LONGEST_SUBJECT = 512
#: Of a rule that says nothing any more no value is shown.
_VALUES_KEPT = timedelta(minutes=10)


def remembered(connection: Connection) -> dict[str, Any]:
    """What the checks noted when rules were evaluated last; empty if they never were."""
    row = connection.execute(SQL["remembered"]).fetchone()
    return dict(row[0]) if row else {}


class AlertStore:
    """The tables of alerts, over one session. chats: who is told; tape: where it is recorded."""

    def __init__(self, connection: Connection, chats: Sequence[Chat], tape: Emitter) -> None:
        self._connection, self._chats, self._tape = connection, chats, tape

    def open(self) -> list[Alert]:
        """Alerts that are not over, by their beginning."""
        return [
            Alert(**{**row, "examples": tuple(row["examples"])})
            for row in rows_as_dicts(self._connection, SQL["open"])
        ]

    def snoozes(self, now: datetime) -> Mapping[str, datetime]:
        """Categories of which nothing is told, and until when."""
        return dict(self._connection.execute(SQL["snoozes"], {"now": now}).fetchall())

    def commit(
        self, ticked: Ticked, rules: Rules, now: datetime, by: str, remembered: Mapping[str, Any]
    ) -> None:
        """Write what an evaluation came to, tell it and record it: all of it or nothing."""
        first_told = {one.id: message.key for message in ticked.messages for one in message.alerts}
        with self._connection.transaction():
            with self._connection.pipeline():
                for alert in ticked.alerts:
                    self._connection.execute(SQL["put"], _row(alert, first_told.get(alert.id)))
                if ticked.withdrawn:
                    self._connection.execute(SQL["withdraw"], {"ids": list(ticked.withdrawn)})
                self._record(ticked, now)
                noted = msgspec.json.encode(remembered).decode()
                self._connection.execute(SQL["put_state"], {"now": now, "by": by, "remembered": noted})
            self._tell(ticked.messages, rules, now)
            failpoint("guard.before_told")
        failpoint("guard.after_told")

    def show(self, findings: Mapping[str, Iterable[Finding]], now: datetime) -> None:
        """Write what each rule came to, for whoever wants to see it."""
        with self._connection.transaction(), self._connection.pipeline():
            for rule, found in findings.items():
                for one in found:
                    row = {**structs.asdict(one), "rule": rule, "at": now}
                    self._connection.execute(SQL["put_value"], row)
            self._connection.execute(SQL["forget_values"], {"before": now - _VALUES_KEPT})

    def put_objectives(self, rules: Rules) -> None:
        """Write what is left of which budgets is to be said, for whoever has no file of rules."""
        with self._connection.transaction(), self._connection.pipeline():
            for rule in rules.burns:
                row = {"rule": rule.name, "objective": str(rule.objective), "says": objective(rule)}
                self._connection.execute(SQL["put_objective"], row)
            self._connection.execute(SQL["forget_objectives"], {"rules": [rule.name for rule in rules.burns]})

    def emit(self) -> None:
        """Put on the tape what was written down for it. Raises CONNECTION_ERRORS."""
        while emit_committed(self._connection, self._tape, ROOM):
            pass

    def _record(self, ticked: Ticked, now: datetime) -> None:
        committing = Committing(self._connection, self._tape, ROOM)
        for alert in (*ticked.began, *ticked.resolved):
            committing.record(SystemAlert.EVENT, timestamp=now, **_said(alert))

    def _tell(self, messages: Iterable[Message], rules: Rules, now: datetime) -> None:
        outbox = Outbox(self._connection)
        for message in messages:
            text = text_of(message, rules, now)
            tell_all(outbox, self._chats, message.key, text, now + _OF_USE, ref=message.alerts[0].rule)


def _row(alert: Alert, message_key: str | None) -> dict[str, Any]:
    return {**structs.asdict(alert), "examples": list(alert.examples), "message_key": message_key}


def _said(alert: Alert) -> dict[str, Any]:
    """A record of what was decided: of one alert and state there is one id."""
    return {
        "id": str(uuid.uuid5(alert.id, alert.state)),
        "rule": alert.rule,
        "category": alert.category,
        "subject": alert.subject[:_LONGEST_SUBJECT],
        "state": alert.state,
        "value": alert.value,
        "limit": alert.limit_value,
        "since": alert.since,
        "examples": list(alert.examples) or None,
    }
