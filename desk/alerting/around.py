"""What an alert hangs on that the rest of the desk knows: whether all is paused, what is risked, who clicked what."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import NamedTuple

from desk.alerts.clicks import Clicks
from desk.alerts.model import Alert
from desk.reading import AlertChat
from desk.settings import DeskSettings
from sink import control
from sink.db import Connection

#: What is risked on a trade where nobody has said otherwise, in percent of the equity.
BASE_RISK_PCT = Decimal("1.0")


class Risk(NamedTuple):
    """What is risked on a trade, and of how much. equity_usd: None: not known."""

    base_pct: Decimal
    equity_usd: Decimal | None


def why_paused(connection: Connection) -> str | None:
    """Who paused everything, and why, as Postgres keeps it; None if it runs."""
    wanted = control.read(connection)
    if wanted is None or not wanted.paused:
        return None
    return f"paused by {wanted.by}" + (f": {wanted.why}" if wanted.why else "")


class Around(NamedTuple):
    """Each is asked within the transaction of an alert, on its connection.

    paused: why alerts are held, None if they are not; if nothing else is said, as it is wanted of all processes.
    risk: None: as the settings say. clicks: on the alert of a reference, as a chat is to see them.
    chats: where an alert may go; None: as the settings say.
    """

    paused: Callable[[Connection], str | None] = why_paused
    risk: Callable[[Connection], Risk] | None = None
    clicks: Callable[[Connection, str, str], Clicks] = lambda _connection, _ref_id, _chat_id: Clicks()
    chats: Callable[[Alert], Sequence[AlertChat]] | None = None


NOTHING_AROUND = Around()


def risk_of(around: Around, desk: DeskSettings, connection: Connection) -> Risk:
    """What is risked now."""
    if around.risk is not None:
        return around.risk(connection)
    return Risk(BASE_RISK_PCT, desk.equity_usd)


def chats_of(
    around: Around, desk: DeskSettings, alert: Alert, moved: Mapping[str, str] = MappingProxyType({})
) -> list[AlertChat]:
    """The chats that an alert is meant for: those that take its category, each once, by its first topic.

    moved: groups that are supergroups now, by their old ids: one that is named by both is one chat.
    """
    found: dict[str, AlertChat] = {}
    for chat in around.chats(alert) if around.chats is not None else desk.alert_chats:
        if chat.takes(alert.category):
            found.setdefault(moved.get(chat.chat_id, chat.chat_id), chat)
    return list(found.values())
