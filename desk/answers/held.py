"""/held: which alerts were held back, and why; and which may not have come."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct, convert

from desk.alerts.coins import coin_of
from desk.answers.answering import as_of, button, wrong
from desk.answers.page import Page, name
from desk.answers.reading import reading
from desk.answers.signals import when
from desk.asking import Answer, Asking
from outbox.text import Text
from outbox.wording import grouped, moment

COMMAND = "held"
#: How far back.
WINDOW = timedelta(days=1)
_MOST, _SHOWN = 40, 6
#: In the place of a reason: it was sent without an answer.
_IN_DOUBT = "in_doubt"
_WHY = {
    _IN_DOUBT: "may not have come",
    "not_sent": "not sent",
    "duplicate": "sent before",
    "paused": "all was paused",
    "snoozed": "you snoozed it",
    "budget": "too many at once",
    "min_rr": "too little R",
    "stale": "came too late",
    "expired": "had expired",
    "no_chat": "no chat takes it",
}
_WORD = {"min_rr": "low RR", "duplicate": "twice", "not_sent": "not sent", _IN_DOUBT: "came?"}
_SHORT = {"institutional": "inst", "sniper": "snp", "scalp": "sc", "health": "hp"}


class HeldAlert(Struct, frozen=True, kw_only=True):
    """One that did not come."""

    ref_id: str
    category: str
    ts: datetime
    held_at: datetime
    reason: str
    symbol: str | None = None
    side: str | None = None
    detail: str | None = None


class Snooze(Struct, frozen=True):
    """category: empty for all."""

    category: str
    until: datetime


class Held(Struct, frozen=True):
    """The last day. reasons: how many there are of each, in all, those in doubt first."""

    alerts: Sequence[HeldAlert]
    reasons: dict[str, int]
    snoozes: Sequence[Snooze] = ()


def held(asking: Asking) -> Answer:
    """What this chat did not get in the last day."""
    if asking.args:
        raise wrong("it takes no argument", "/held")
    asked = {"chat": asking.chat_id, "since": asking.now - WINDOW}
    with reading(asking.settings) as read:
        found = Held(
            [convert(row, HeldAlert) for row in read.rows("held", **asked, most=_MOST)],
            {row["reason"]: row["n"] for row in read.rows("held_reasons", **asked)},
            [convert(row, Snooze) for row in read.rows("snoozed", chat=asking.chat_id, now=asking.now)],
        )
    menu = [button("Status", "status"), button("Signals", "signals"), button("Refresh", COMMAND)]
    return Answer(told(found, asking.now), [menu])


def told(found: Held, now: datetime) -> Text:
    """The answer."""
    whole = sum(n for reason, n in found.reasons.items() if reason != _IN_DOUBT)
    page = Page(f"Held back · {grouped(whole)} in 24 h" if whole else "Held back · nothing in 24 h")
    for reason, n in list(found.reasons.items())[:3]:
        page.line(f"{grouped(n)} × {_why(reason)}")
    page.table([_row(one, now) for one in found.alerts[:_SHOWN]])
    page.lines([_snoozed(one, now) for one in found.snoozes[:2]]).line(as_of(now))
    return page.quote("Each of them", [line for one in found.alerts for line in _sentences(one, now)]).build()


def _row(one: HeldAlert, now: datetime) -> tuple[str, str, str, str]:
    what = name(coin_of(one.symbol), 6) if one.symbol else "-"
    return (
        when(one.held_at, now),
        what,
        _SHORT.get(one.category, "?"),
        _WORD.get(one.reason, name(one.reason, 9)),
    )


def _sentences(one: HeldAlert, now: datetime) -> list[str]:
    side = f" {one.side}" if one.side else ""
    detail = f": {name(one.detail, 60)}" if one.detail else ""
    return [
        f"{name(one.symbol or one.category, 22)}{side}, {moment(one.held_at, now)}",
        f"   {_why(one.reason)}{detail}",
        f"   ref: {name(one.ref_id, 24)}",
    ]


def _why(reason: str) -> str:
    return _WHY.get(reason, name(reason, 20))


def _snoozed(one: Snooze, now: datetime) -> str:
    return f"Snoozed: {one.category or 'all'} until {moment(one.until, now)}"
