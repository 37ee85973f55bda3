"""Orders and lines asked for by a person: commands on the tape, which the ghost obeys in its order."""

from __future__ import annotations

import uuid
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from msgspec import Struct, structs

from ghost.commands import us_of
from ghost.held import Asked
from ghost.model.plan import Refused
from ghost.operations.showing import OPEN, show_line, show_order
from ghost.placing import plan_for
from signaltape.clock import as_aware
from signaltape.contract.order_records import OrderCommand
from signaltape.emitter import Emitter
from signaltape.errors import InvalidEvent, InvalidRequest, NotAllowedNow
from signaltape.settings import Settings

Via = Literal["shell", "web"]


class Person(Struct, frozen=True):
    """Who asks, by which way, and when."""

    by: str
    via: Via
    at: datetime


class Put(NamedTuple):
    """What was asked for, by its id. shipped: it is on the tape; else it waits in the journal until Redis is there."""

    id: str
    shipped: bool


class Ask(Struct, frozen=True, kw_only=True):
    """An order to be placed. expires_at: when it is given up if it was not filled."""

    symbol: str
    side: Literal["long", "short"]
    sl: Decimal
    expires_at: datetime
    entry_type: Literal["limit", "stop", "market"] = "limit"
    entry: Decimal | None = None
    tp1: Decimal | None = None
    tp2: Decimal | None = None
    risk_usd: Decimal | None = None
    ref_id: str | None = None
    signal_id: str | None = None


class AskLine(Struct, frozen=True, kw_only=True):
    """A price that is to ring, once."""

    symbol: str
    price: Decimal
    direction: Literal["above", "below"]
    label: str | None = None
    expires_at: datetime | None = None
    ref_id: str | None = None


def place(settings: Settings, ask: Ask, person: Person) -> Put:
    """Ask for an order. Raises InvalidRequest for a plan that could not be followed, NotAllowedNow."""
    order_id = str(uuid.uuid4())
    _refuse_hopeless(order_id, ask, person)
    fields = structs.asdict(ask)
    shipped = _put(settings, person, command="place", order_id=order_id, published_at=person.at, **fields)
    return Put(order_id, shipped)


def cancel(settings: Settings, which: str, person: Person) -> Put:
    """Ask that an order be cancelled, or an open one be closed. Raises NotFound, NotAllowedNow."""
    order = show_order(settings, which).order
    if order.status not in OPEN:
        raise NotAllowedNow(f"order {which} has ended: it is {order.status}")
    shipped = _put(settings, person, command="cancel", order_id=order.order_id, symbol=order.symbol)
    return Put(order.order_id, shipped)


def set_line(settings: Settings, ask: AskLine, person: Person) -> Put:
    """Ask for a line. Raises InvalidRequest, NotAllowedNow."""
    line_id = str(uuid.uuid4())
    return Put(line_id, _put(settings, person, command="set_line", line_id=line_id, **structs.asdict(ask)))


def cancel_line(settings: Settings, which: str, person: Person) -> Put:
    """Ask that a line ring no longer. Raises NotFound, NotAllowedNow."""
    line = show_line(settings, which)
    if line.status != "set":
        raise NotAllowedNow(f"line {which} has ended: it is {line.status}")
    shipped = _put(settings, person, command="cancel_line", line_id=line.line_id, symbol=line.symbol)
    return Put(line.line_id, shipped)


def _refuse_hopeless(order_id: str, ask: Ask, person: Person) -> None:
    plan = plan_for(
        Asked(
            order_id=order_id,
            symbol=ask.symbol,
            side=ask.side,
            entry_type=ask.entry_type,
            published_us=us_of(person.at),
            expires_us=us_of(as_aware(ask.expires_at)),
            sl=ask.sl,
            tp1=ask.tp1,
            tp2=ask.tp2,
            entry=ask.entry,
            risk_usd=ask.risk_usd,
        ),
        ask.signal_id,
    )
    if isinstance(plan, Refused):
        raise InvalidRequest(plan.reason)


def _put(settings: Settings, person: Person, **fields: Any) -> bool:
    """Record a command. Whether it is on the tape already."""
    if not settings.feature_event_logging:
        raise NotAllowedNow("FEATURE_EVENT_LOGGING is not true: nothing can be put on the tape")
    given = {key: value for key, value in fields.items() if value is not None}
    try:
        with Emitter(settings, strict=True, control=False) as tape:
            tape.record(OrderCommand.EVENT, timestamp=person.at, by=person.by, via=person.via, **given)
            return bool(tape.close())
    except InvalidEvent as error:
        raise InvalidRequest(str(error)) from None
