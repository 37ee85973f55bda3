"""Alerts and clicks for tests, written as the desk stores them."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from uuid import uuid4

from signaltape.clock import WIB
from sink.db import Connection

TUESDAY = datetime(2022, 1, 18, 10, tzinfo=WIB)
_numbers = itertools.count(1)


class Alerted:
    """Writes alerts of signals, and what people click on them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def sent(
        self, signal_id: str | None, *, at: datetime = TUESDAY, chats: tuple[str, ...] = ("77",), **more: str
    ) -> str:
        """An alert that was sent to these chats: its ref."""
        ref = self._alert(signal_id, "sent", None, at, **more)
        for chat_id in chats:
            self._connection.execute(
                "INSERT INTO alert_chats (ref_id, chat_id, message_key) VALUES (%s, %s, %s)",
                (ref, chat_id, f"alert:{ref}:{chat_id}"),
            )
        return ref

    def held(self, signal_id: str | None, reason: str, *, at: datetime = TUESDAY) -> str:
        """One that was held back: its ref."""
        return self._alert(signal_id, "held", reason, at)

    def click(
        self,
        ref: str,
        value: str,
        *,
        user: int = 1,
        after_s: float = 60,
        kind: str = "rating",
        via: str = "button",
    ) -> None:
        """A click, so long after the alert."""
        self._connection.execute(
            "INSERT INTO feedback (ref_id, signal_id, chat_id, user_id, kind, value, via, update_id, ts)"
            " SELECT ref_id, signal_id, '77', %s, %s, %s, %s, %s, ts + %s FROM alerts WHERE ref_id = %s",
            (user, kind, value, via, next(_numbers), timedelta(seconds=after_s), ref),
        )

    def _alert(
        self,
        signal_id: str | None,
        decision: str,
        reason: str | None,
        at: datetime,
        category: str = "institutional",
    ) -> str:
        ref = f"ib_20220118_1000_T{next(_numbers)}"
        self._connection.execute(
            "INSERT INTO alerts (ref_id, source_id, signal_id, category, symbol, side, decision, reason, ts,"
            " expires_at, alert)"
            " VALUES (%s, %s, %s, %s, 'BTC-PERP', 'long', %s, %s, %s, %s, '{\"confidence\": \"72\"}')",
            (ref, str(uuid4()), signal_id, category, decision, reason, at, at + timedelta(minutes=45)),
        )
        return ref
