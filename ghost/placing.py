"""What orders there are to be: of a published plan by itself, or because somebody asked. Pure."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec
from msgspec import structs

from ghost.commands import Command, us_of
from ghost.held import Asked, HeldLine, Source, Whose, source_of
from ghost.incoming import Commanded, Published
from ghost.model.lines import Line
from ghost.model.plan import Plan, Refused, plan_of
from ghost.settings import GhostSettings
from signaltape.contract.codec import event_id
from signaltape.errors import InvalidEvent

#: Of an order whose command does not say how long it waits.
DEFAULT_LIFE_US = 86_400_000_000
_MINUTE_US = 60_000_000
_NOT_TRACKED = (None, False, "", "false")
_PRICES = ("sl", "tp1", "tp2", "entry", "entry_low", "entry_high", "risk_usd", "size_pct")


class Wanted(NamedTuple):
    """An order that is asked for. plan: what is followed, or why nothing is."""

    asked: Asked
    plan: Plan | Refused
    source: Source
    tracked: bool
    whose: Whose
    at_us: int


def order_id_of(signal_id: str) -> str:
    """The id of the order that a published plan has by itself."""
    return event_id(signal_id, "ghost")


def is_tracked(settings: GhostSettings, one: Published) -> bool:
    """Whether what becomes of it is told as its signal's outcome."""
    return settings.track or one.event.track not in _NOT_TRACKED


def wanted_by_itself(settings: GhostSettings, one: Published, *, paused: bool) -> Wanted | None:
    """The order that a published plan has without anybody asking; None if it has none."""
    tracked = is_tracked(settings, one)
    automatic = settings.which == "all" and not paused
    if not (tracked or automatic):
        return None
    event = one.event
    asked = Asked(
        order_id=order_id_of(one.signal_id),
        symbol=event.symbol,
        side=event.direction.value,
        entry_type=_entry_type(getattr(event, "entry_type", None)),
        published_us=one.at_us,
        expires_us=one.at_us + int(event.expiry_minutes) * _MINUTE_US,
        sl=event.sl,
        tp1=event.tp,
        tp2=event.tp2,
        entry=event.entry,
        entry_low=event.entry_low,
        entry_high=event.entry_high,
    )
    whose = Whose(signal_id=one.signal_id, ref_id=event.ref_id)
    source: Source = "auto" if automatic else "track"
    return Wanted(asked, plan_for(asked, one.signal_id), source, tracked, whose, one.at_us)


def wanted_by_command(settings: GhostSettings, one: Commanded) -> Wanted | None:
    """The order that a command places; None where it lacks what the contract wants of it."""
    given = one.command
    if given.order_id is None or given.symbol is None or given.side is None:
        return None
    published, expires, refused = _life(one)
    asked = Asked(
        order_id=given.order_id,
        symbol=given.symbol,
        side=given.side,
        entry_type=_entry_type(given.entry_type),
        published_us=published,
        expires_us=expires,
        **_same(given, _PRICES),
    )
    plan = OFF if settings.which == "off" else refused or plan_for(asked, given.signal_id)
    return Wanted(asked, plan, source_of(given.via), False, whose_of(given), one.at_us)


def _life(one: Commanded) -> tuple[int, int, Refused | None]:
    """From when to when an order waits; its command's own times, if it gives some that are none."""
    given = one.command
    try:
        published = one.at_us if given.published_at is None else us_of(given.published_at, "publishedAt")
        return published, _expires(given) or published + DEFAULT_LIFE_US, None
    except InvalidEvent as error:
        return one.at_us, one.at_us + DEFAULT_LIFE_US, Refused(str(error))


def _expires(given: Command) -> int | None:
    return None if given.expires_at is None else us_of(given.expires_at, "expiresAt")


OFF = Refused("ghosts are off: SIGNALTAPE_GHOST=off")


def plan_for(asked: Asked, signal_id: str | None) -> Plan | Refused:
    """The plan to follow, or why there is none."""
    fields = structs.asdict(asked)
    del fields["size_pct"]
    return plan_of(signal_id=signal_id, **fields)


def wanted_line(one: Commanded) -> HeldLine | None:
    """The line that a command sets; None where it lacks what the contract wants of it."""
    given = one.command
    if given.line_id is None or given.symbol is None or given.price is None or given.direction is None:
        return None
    expires_us, refused = None, None
    try:
        expires_us = _expires(given)
    except InvalidEvent as error:
        refused = str(error)
    line = Line(
        line_id=given.line_id,
        symbol=given.symbol,
        price=given.price,
        direction=given.direction,
        set_us=one.at_us,
        expires_us=expires_us,
    )
    return HeldLine(
        line=line, whose=whose_of(given), order_id=given.order_id, label=given.label, refused=refused
    )


def whose_of(given: Command) -> Whose:
    """Whose command it is."""
    return Whose(**_same(given, Whose.__struct_fields__))


def plan_json(asked: Asked) -> str:
    """What was asked for, as it is stored."""
    return _as_json(asked).decode()


_as_json = msgspec.json.Encoder(decimal_format="number").encode


def _same(given: Command, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(given, name) for name in names}


def _entry_type(given: Any) -> Any:
    return str(given) if given is not None else "limit"
