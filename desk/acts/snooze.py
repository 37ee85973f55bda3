"""`/snooze`: no alerts in this chat for a while, all or those of a category; what is held back is told later."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path

from desk.ages import clock_time
from desk.alerts.model import CATEGORIES
from desk.asking import Answer, Asking, Command, Deed
from outbox.text import Text
from outbox.wording import moment
from signaltape.clock import WIB
from signaltape.errors import InvalidRequest
from sink.db import Connection
from sink.queries import load

_SQL = load(Path(__file__).parents[1] / "sql" / "snoozes.sql")
#: All categories.
ALL = ""
_USAGE = f"/snooze takes 15, 30 or a time such as 14:30, then a category ({', '.join(CATEGORIES)}), or off"
_MINUTES = ("15", "30")
_TIME = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")
_A_DAY = timedelta(days=1)


def set_snooze(
    connection: Connection, chat_id: str, category: str, until: datetime, by: str, at: datetime
) -> None:
    """Let a chat be quiet until then."""
    asked = {"chat_id": chat_id, "category": category, "until": until, "by_user": by, "at": at}
    connection.execute(_SQL["set"], asked)


def until_of(word: str, now: datetime) -> datetime:
    """When `15`, `30` or `14:30` (WIB, the next one) is. Raises InvalidRequest."""
    word = word.removesuffix("m")
    if word in _MINUTES:
        return now + timedelta(minutes=int(word))
    found = _TIME.fullmatch(word)
    if found is None:
        raise InvalidRequest(_USAGE)
    local = now.astimezone(WIB)
    then = local.replace(hour=int(found[1]), minute=int(found[2]), second=0, microsecond=0)
    return then if then > local else then + _A_DAY


def what(category: str) -> str:
    """`sniper alerts`; of all, those of health are none: they are snoozed by their name alone."""
    return f"{category} alerts" if category else "alerts (but health)"


def snooze(asking: Asking) -> Answer:
    """Show what holds, set one, or end them."""
    if not asking.args:
        return Answer(Text(_holding(asking)))
    word, *rest = (arg.lower() for arg in asking.args)
    category = rest[0] if rest else ALL
    if len(rest) > 1 or (rest and category not in CATEGORIES):
        raise InvalidRequest(_USAGE)
    if word == "off":
        return _ended(asking, category)
    until = until_of(word, asking.asked_at)  # a time that passed on the way is not that of tomorrow
    if until <= asking.now:
        return Answer(Text(f"{clock_time(until)} is over by now: alerts are heard here"))
    by = asking.user.name or str(asking.user.id)
    set_snooze(asking.connection, asking.chat_id, category, until, by, asking.now)
    said = f"No {what(category)} here until {clock_time(until)}; what is held back is told then. /snooze off ends it"
    return Answer(
        Text(said), deed=Deed(f"no {what(category)} until {clock_time(until)}", after=until.isoformat())
    )


def _ended(asking: Asking, category: str) -> Answer:
    ended = asking.connection.execute(
        _SQL["end"], {"chat_id": asking.chat_id, "category": category}
    ).fetchall()
    if not ended:
        return Answer(Text("Nothing was held back here"))
    said = f"{_upper(what(category)) if category else 'Alerts'} are heard here again"
    return Answer(Text(said), deed=Deed(said, before=", ".join(what(row[0]) for row in ended)))


def _holding(asking: Asking) -> str:
    rows = asking.connection.execute(
        _SQL["holding"], {"chat_id": asking.chat_id, "now": asking.now}
    ).fetchall()
    held = [f"No {what(category)} until {moment(until, asking.now)} WIB" for category, until in rows]
    return "\n".join([*(held or ["Every alert is heard here"]), _USAGE])


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


SNOOZE = Command(
    "snooze",
    "trader",
    "no alerts in this chat for a while",
    snooze,
    takes=f"[15|30|14:30|off] [{'|'.join(CATEGORIES)}]",
    acts=True,
)
