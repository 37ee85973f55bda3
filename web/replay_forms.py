"""The form that builds a session: filled out of an address, read as what it asks for. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlencode

import msgspec

from signaltape.clock import WIB
from signaltape.errors import InvalidRequest
from web.replay_shapes import Build

#: Before a signal was published, and after it ended, so much is replayed with it.
AROUND = timedelta(minutes=5)
_MINUTE = timedelta(minutes=1)
_NAMES = ("from", "to", "symbols", "types", "source", "speed", "max_events", "notes")
_MOST_TEXT = 1000


class Form(NamedTuple):
    """What stands in the form's fields."""

    fields: dict[str, str]

    @property
    def address(self) -> str:
        """The page with the form filled like this."""
        return f"/replay?{urlencode({name: text for name, text in self.fields.items() if text})}"

    @property
    def is_filled(self) -> bool:
        """Whether there is anything to count."""
        return bool(self.fields["from"] and self.fields["to"])


def form_of(given: Mapping[str, Any]) -> Form:
    """The fields as they were given, in an address or by the form."""
    return Form({name: str(given.get(name, "")).strip()[:_MOST_TEXT] for name in _NAMES})


def asked_by(form: Form) -> Build:
    """What the form asks for. Raises InvalidRequest, naming the field."""
    fields = form.fields
    asked: dict[str, Any] = {
        "sourceDateRange": {"from": fields["from"], "to": fields["to"]},
        "symbols": _listed(fields["symbols"]),
        "eventTypes": _listed(fields["types"]),
        "notes": fields["notes"],
        "source": fields["source"] or None,
        "maxEvents": fields["max_events"] or None,
        "speedFactor": fields["speed"] or 1.0,
    }
    try:
        return msgspec.convert(asked, Build, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidRequest(str(error)) from None


def number_of(text: str) -> float:
    """A speed as it was typed. Raises InvalidRequest."""
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not (found > 0 and math.isfinite(found)):
        raise InvalidRequest(f"a speed is a number above 0 such as 10, got {text[:20]!r}")
    return found


def index_of(text: str) -> int:
    """The number of an event as it was typed. Raises InvalidRequest."""
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise InvalidRequest(f"an event's number is 0 or more, got {text[:20]!r}")
    return int(text)


def around(signal: Mapping[str, Any]) -> str:
    """The page that builds a session around a signal: from before it was published until after it ended."""
    begun = signal["ts_published"]
    ends = [at for at in (signal["ts_closed"], signal["ts_invalidated"]) if at is not None]
    end = max(ends, default=begun + timedelta(minutes=signal["expiry_minutes"]))
    given = {
        "from": _minute(begun - AROUND),
        "to": _minute(max(begun, end) + AROUND + _MINUTE),
        "symbols": signal["symbol"],
    }
    return f"{form_of(given).address}&count=1#build"


def _minute(at: datetime) -> str:
    return f"{at.astimezone(WIB):%Y-%m-%dT%H:%M}"


def _listed(text: str) -> list[str]:
    return [name for part in text.split(",") if (name := part.strip())]
