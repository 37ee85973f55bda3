"""What was asked of ghosts, as it is kept: in the transaction of the press, so each press asks once."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct

from desk.alerts import life as lives
from desk.alerts import model
from desk.alerts.life import Life
from desk.alerts.model import Alert
from desk.policy import sizing
from desk.policy.sizing import Sizing
from sink.db import Connection, rows_as_dicts
from sink.queries import load

SQL = load(Path(__file__).parents[1] / "sql" / "ghosts.sql")
#: Where a ghost stands with what has not ended.
_GOES_ON = ("waiting", "open", "set")
#: Names the ids of orders and lines that are asked for by the bot.
_ASKED = uuid.UUID("3d1f7a52-9c0e-5a1b-8f64-0b7d2e9c5a13")


class AlertPlan(Struct, frozen=True, kw_only=True):
    """An alert that stands in the chat, as its buttons see it; size: that of the alert."""

    alert: Alert
    size: Sizing | None
    marks: tuple[str, ...]
    life: Life


class Asked(Struct, frozen=True, kw_only=True):
    """An order or a line that somebody asked for. became: as the ghost told it; status: as it stored it, if it did."""

    id: str
    number: int
    kind: Literal["order", "line"]
    ref_id: str | None
    user_id: int
    by_user: str
    chat_id: str
    thread_id: int | None
    symbol: str
    side: str | None
    label: str | None
    price: Decimal | None
    direction: str | None
    update_id: int
    asked_at: datetime
    expires_at: datetime | None
    cancelled_at: datetime | None
    became: str | None
    ended_at: datetime | None
    status: str | None = None

    @property
    def is_live(self) -> bool:
        """Whether there is anything of it to be cancelled."""
        return self.cancelled_at is None and self.over is None

    @property
    def over(self) -> str | None:
        """How it ended; None if it did not. What the ghost stored goes before what was said in its name: it is stored
        before it is told, and what is told may not have been heard."""
        if self.status is None:
            return self.became
        return None if self.status in _GOES_ON else self.status


def plan_in(connection: Connection, ref: str, chat_ids: Sequence[str]) -> AlertPlan | None:
    """The alert of a reference, if it stands in a chat; it is held until the transaction ends."""
    rows = rows_as_dicts(connection, SQL["alert"], {"ref_id": ref, "chat_ids": list(chat_ids)})
    if not rows:
        return None
    row = rows[0]
    return AlertPlan(
        alert=model.load(row["alert"]),
        size=sizing.load(row["sizing"]) if row["sizing"] else None,
        marks=tuple(row["marks"]),
        life=lives.load(row["life"]),
    )


def hold(connection: Connection, ref: str, chat_ids: Sequence[str]) -> None:
    """Hold an alert before what was asked of it: all who take both take them in this order."""
    connection.execute(SQL["alert"], {"ref_id": ref, "chat_ids": list(chat_ids)})


def orders_of(connection: Connection, ref: str, user_id: int) -> list[Asked]:
    """What a person asked for of a plan, the newest first."""
    return _asked(connection, "orders_of", {"ref_id": ref, "user_id": user_id})


def lines_of(
    connection: Connection, ref: str, *, chat_ids: Sequence[str] = (), user_id: int | None = None
) -> list[Asked]:
    """The lines of a plan: those of a chat, or of a person."""
    asked = {"ref_id": ref, "chat_ids": list(chat_ids), "user_id": user_id}
    return _asked(connection, "lines_of", asked)


def lines_in(connection: Connection, chat_ids: Sequence[str], now: datetime, most: int) -> list[Asked]:
    """Lines of a chat that may still ring, the newest first."""
    return _asked(connection, "lines_in", {"chat_ids": list(chat_ids), "now": now, "most": most})


def keep(connection: Connection, rows: Iterable[dict[str, Any]]) -> None:
    """Keep what is asked for."""
    usual = dict.fromkeys(("ref_id", "side", "label", "price", "direction", "expires_at", "thread_id"))
    for row in rows:
        connection.execute(SQL["ask"], {**usual, **row})


def cancel(connection: Connection, ids: Sequence[str], at: datetime) -> None:
    """These are wanted no longer."""
    connection.execute(SQL["cancel"], {"ids": list(ids), "at": at})


def id_of(*parts: object, before: int = 0) -> str:
    """The id of an order or a line: the same of the same. before: how many of it were cancelled."""
    named = ":".join(str(part) for part in (*parts, *([before + 1] if before else [])))
    return str(uuid.uuid5(_ASKED, named))


def _asked(connection: Connection, query: str, asked: dict[str, Any]) -> list[Asked]:
    return [msgspec.convert(row, Asked) for row in rows_as_dicts(connection, SQL[query], asked)]
