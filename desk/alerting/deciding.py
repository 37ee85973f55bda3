"""What becomes of a batch's alerts: each is sent to its chats, or held, once; all in its caller's transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from desk.alerting.around import Around, chats_of, risk_of
from desk.alerting.following import Following
from desk.alerting.incoming import Incoming
from desk.alerting.messages import Known, Messages
from desk.alerting.rows import SQL, alone
from desk.alerting.said import say
from desk.alerting.target import Done, is_refusal
from desk.alerts import life as lives
from desk.alerts import model
from desk.alerts.coins import coin_of
from desk.alerts.life import Life
from desk.alerts.model import Alert
from desk.ghosts.telling import Telling
from desk.policy import sizing
from desk.policy.decide import Decision, Hold, Send, decide
from desk.policy.rules import History, Sent, Snooze, rules_of, sizing_rules_of
from desk.policy.sizing import Sizing
from desk.reading import AlertChat
from desk.settings import DeskSettings
from signaltape.emitter import Emitter
from signaltape.notices import Notices
from signaltape.plain_errors import one_line
from sink.db import Connection, DatabaseError

#: Why an alert is held in a chat that others get it in, and why one is that no chat takes.
SNOOZED, NO_CHAT = "snoozed", "no_chat"
#: So many are sent in one transaction: who is killed again and again gets on, and a pause is seen amid a backlog.
MOST_SENT = 5


class Taken:
    """References that belong to an alert: asked about all at once, and one by one where that leads to others."""

    def __init__(self, connection: Connection, refs: Sequence[str]) -> None:
        self._connection = connection
        self._asked = set(refs)
        self._taken = {
            row[0] for row in connection.execute(SQL["taken_refs"], {"refs": list(refs)}).fetchall()
        }

    def __contains__(self, ref: object) -> bool:
        if ref not in self._asked:
            self._asked.add(str(ref))
            self._taken |= {row[0] for row in self._connection.execute(SQL["taken_refs"], {"refs": [ref]})}
        return ref in self._taken

    def add(self, ref: str) -> None:
        """It is now."""
        self._asked.add(ref)
        self._taken.add(ref)


class Context(NamedTuple):
    """What all decisions of a transaction hang on."""

    now: datetime
    paused: str | None
    snoozes: tuple[Snooze, ...]
    #: what was sent of late, this transaction's own included
    sent: list[Sent]
    taken: Taken
    #: groups that are supergroups now
    moved: Mapping[str, str]
    #: what is known of the alerts' signals
    lives: Mapping[str, Life]


class Decided(NamedTuple):
    """An alert with what was decided on it."""

    alert: Alert
    decision: Decision
    chats: list[AlertChat]
    life: Life

    @property
    def reason(self) -> str | None:
        """Why it is held; None if it is sent."""
        if isinstance(self.decision, Hold):
            return self.decision.reason
        return None if self.chats else NO_CHAT

    def reason_in(self, chat: AlertChat) -> str | None:
        """Why it is held in a chat; None if it is sent there."""
        if self.reason is not None or not isinstance(self.decision, Send):
            return self.reason
        return None if chat.chat_id in self.decision.chats else SNOOZED


class Deciding:
    """tape: records each decision, once it is committed."""

    def __init__(
        self, desk: DeskSettings, tape: Emitter, around: Around, messages: Messages, following: Following
    ) -> None:
        self._desk = desk
        self._tape = tape
        self._around = around
        self._messages = messages
        self._following = following
        self._rules = rules_of(desk)
        self._sizing = sizing_rules_of(desk)
        self._notices = Notices()
        self._telling = Telling(tape)

    def take(self, connection: Connection, batch: Incoming) -> tuple[Done, Incoming | None]:
        """Decide on a batch's alerts, and follow what became of others; what is left for another transaction."""
        now = alone(connection)
        new = self._following.hear(connection, batch.happened)
        fresh = _fresh(connection, batch.alerts)
        learned = self._following.learn(connection, [one.signal_id for one in fresh if one.signal_id])
        done, left = self._decide_all(connection, fresh, now)
        # what was learned for one alert is news to others of its signal
        done = done._replace(followed=self._following.follow(connection, sorted({*new, *learned})))
        done = done.plus(self._telling.tell(connection, batch.news, now))
        return done, Incoming({}, list(left), []) if left else None

    def tell(self, connection: Connection, batch: Incoming) -> None:
        """Record what was decided of a batch's alerts, by whomever and whenever: it is committed."""
        say(connection, self._tape, [alert.source_id for alert in batch.alerts])

    def _decide_all(
        self, connection: Connection, fresh: Sequence[Alert], now: datetime
    ) -> tuple[Done, Sequence[Alert]]:
        if not fresh:
            return Done(), ()
        context = self._context(connection, fresh, now)
        held: list[Decided] = []
        sent = refused = reached = 0
        for alert in fresh:
            if sent == MOST_SENT:
                break
            reached += 1
            try:
                one = self._decide(alert, context)
                if one.reason is None:
                    with connection.transaction():
                        self._send(connection, one, context)
            except DatabaseError as error:
                if not is_refusal(error):
                    raise
                refused += self._refuse(alert, error)
            except Exception as error:  # noqa: BLE001 - whatever it holds, the others go on
                refused += self._refuse(alert, error)
            else:
                context.taken.add(one.alert.ref_id)
                sent += one.reason is None
                if one.reason is not None:
                    held.append(one)
        kept = self._keep(connection, held, context.now)
        return Done(sent=sent, held=kept, refused=refused + len(held) - kept), fresh[reached:]

    def _keep(self, connection: Connection, held: Sequence[Decided], now: datetime) -> int:
        """Keep what was held: all at once, and one by one where Postgres refuses that. How many."""
        try:
            with connection.transaction():
                _add(connection, held, now)
        except DatabaseError as error:
            if not is_refusal(error):
                raise
            if len(held) > 1:
                return sum(self._keep(connection, [one], now) for one in held)
            self._refuse(held[0].alert, error)
            return 0
        return len(held)

    def _context(self, connection: Connection, fresh: Sequence[Alert], now: datetime) -> Context:
        asked = {"since": now - self._rules.looks_back, "now": now}
        return Context(
            now,
            self._around.paused(connection),
            tuple(Snooze(*row) for row in connection.execute(SQL["snoozes"], asked).fetchall()),
            [_sent(*row) for row in connection.execute(SQL["sent_since"], asked).fetchall()],
            Taken(connection, [ref for alert in fresh for ref in _refs(alert)]),
            dict(connection.execute(SQL["moved"]).fetchall()),
            self._following.lives(connection, [one.signal_id for one in fresh if one.signal_id]),
        )

    def _decide(self, alert: Alert, context: Context) -> Decided:
        alert = model.apart(alert, context.taken)
        known = alert.ref_id in context.taken
        chats = chats_of(self._around, self._desk, alert, context.moved)
        life = context.lives.get(alert.signal_id or "", Life())
        sent, to = tuple(context.sent), tuple(c.chat_id for c in chats)
        history = History(known, context.paused, life.ended, context.snoozes, sent, to)
        decision = decide(alert, self._rules, history, context.now)
        if known:  # the reference stays that of the first; this one is kept under its own
            alert = model.apart(replace(alert, ref_given=False), context.taken)
        return Decided(alert, decision, chats, life)

    def _send(self, connection: Connection, one: Decided, context: Context) -> None:
        size = self._size(connection, one.alert)
        marks = one.decision.marks if isinstance(one.decision, Send) else ()
        connection.execute(SQL["add_alert"], _row(one, context.now, size))
        known = Known(one.alert, size, marks, one.life)
        for chat in one.chats:
            reason = one.reason_in(chat)
            key = self._messages.send(connection, known, chat) if reason is None else None
            connection.execute(SQL["add_chat"], _chat_row(one, chat, key, context.now))
        context.sent.append(_sent(one.alert.category, one.alert.symbol, context.now))

    def _size(self, connection: Connection, alert: Alert) -> Sizing | None:
        if alert.category == "health":
            return None
        risk = risk_of(self._around, self._desk, connection)
        return sizing.size(
            risk.equity_usd, risk.base_pct, alert.confidence, alert.atr_pct, alert.etf_inflow_usd, alert.symbol,
            self._sizing,
        )  # fmt: skip

    def _refuse(self, alert: Alert, error: Exception) -> int:
        self._notices.say("no alert", f"{alert.source_id} cannot become an alert: {one_line(error)}")
        return 1


def _refs(alert: Alert) -> tuple[str, str]:
    """Its reference, and the one that it gets if that is taken."""
    return alert.ref_id, model.apart(replace(alert, ref_given=False), {alert.ref_id}).ref_id


def _fresh(connection: Connection, alerts: Sequence[Alert]) -> list[Alert]:
    """Those that nothing was decided on yet."""
    if not alerts:
        return []
    asked = {"source_ids": [alert.source_id for alert in alerts]}
    known = {row[0] for row in connection.execute(SQL["known_sources"], asked).fetchall()}
    return [alert for alert in alerts if alert.source_id not in known]


def _add(connection: Connection, held: Sequence[Decided], now: datetime) -> None:
    """Keep what was held, however many there are."""
    if held:
        rows = [
            {**row, "alert": msgspec.Raw(row["alert"].encode())}
            for row in (_row(one, now, None) for one in held)
        ]
        connection.execute(SQL["add_held"], {"rows": _json(rows)})
        connection.execute(SQL["add_held_chats"], {"rows": _json(list(_chat_rows(held, now)))})


def _json(rows: list[dict[str, Any]]) -> str:
    return msgspec.json.encode(rows).decode()


def _chat_rows(held: Sequence[Decided], now: datetime) -> Iterator[dict[str, Any]]:
    return (_chat_row(one, chat, None, now) for one in held for chat in one.chats)


def _chat_row(one: Decided, chat: AlertChat, key: str | None, now: datetime) -> dict[str, Any]:
    reason = one.reason_in(chat)
    return {
        "ref_id": one.alert.ref_id,
        "chat_id": chat.chat_id,
        "thread_id": chat.thread_id,
        "message_key": key,
        "reason": reason,
        "held_at": None if reason is None else now,
    }


def _row(one: Decided, now: datetime, size: Sizing | None) -> dict[str, Any]:
    alert, reason, decision = one.alert, one.reason, one.decision
    return {
        "ref_id": alert.ref_id,
        "source_id": alert.source_id,
        "signal_id": alert.signal_id,
        "category": alert.category,
        "symbol": alert.symbol,
        "side": alert.side,
        "decision": "sent" if reason is None else "held",
        "reason": reason,
        "detail": decision.detail if isinstance(decision, Hold) else None,
        "marks": list(decision.marks) if isinstance(decision, Send) else [],
        "ts": alert.ts,
        "decided_at": now,
        "expires_at": alert.expires_at,
        "alert": model.dump(alert),
        "sizing": None if size is None else sizing.dump(size),
        "life": None if one.life == Life() else lives.dump(one.life),
    }


def _sent(category: str, symbol: str | None, at: datetime) -> Sent:
    return Sent(at, category, coin_of(symbol) if symbol else "")
