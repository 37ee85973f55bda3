"""How the market stands, for people and for the next process: a hash in Redis, written each second."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from market.demand import Kept
from market.gaps import Gap
from signaltape.breaker import State

#: A status that is older is of a process that is gone.
GONE_AFTER_US = 10_000_000
_STATUS, _KEPT = b"status", b"kept"


class SymbolStatus(Struct, frozen=True, kw_only=True):
    """One symbol. provider: None for nobody; reasons: why it is not as it should be.

    until_us: when it is dropped, None for one that stays; told_until_us: up to where seconds are told, minutes_us:
    minutes. gaps: what nobody saw of the minutes that are still to be told.
    """

    symbol: str
    spellings: list[str]
    provider: str | None
    reasons: list[str]
    price: str | None
    quality: str | None
    told_until_us: int | None
    minutes_us: int
    until_us: int | None
    changes: int
    given_up: int
    gaps: list[Gap] = []


class ProviderStatus(Struct, frozen=True, kw_only=True):
    """One provider. refused: what could not be read of it, by kind; late: trades that came after their second."""

    name: str
    connected: bool
    why: str
    breaker: State
    p95_ms: int | None
    answers_p95_ms: int | None
    symbols: int
    used_by: int
    connects: int
    renewals: int
    failures: int
    openings: int
    refused: dict[str, int]
    late: int
    twice: int


class Status(Struct, frozen=True, kw_only=True):
    """All of it. refused: symbols that cannot be followed, and why."""

    at_us: int
    symbols: list[SymbolStatus]
    providers: list[ProviderStatus]
    refused: dict[str, str]
    emitted: dict[str, int]
    not_taken: int

    def is_gone(self, now_us: int) -> bool:
        """Whether whoever wrote it has ended, or hangs."""
        return now_us - self.at_us > GONE_AFTER_US


def status_key(stream: str) -> str:
    """The hash."""
    return f"{stream}:market"


def written(status: Status, kept: Kept) -> Mapping[str | bytes, Any]:
    """As it stands in the hash."""
    return {_STATUS: msgspec.json.encode(status), _KEPT: msgspec.json.encode(kept)}


def read_status(fields: Mapping[bytes, bytes]) -> Status | None:
    """None if there is none, or none that can be read."""
    found: Status | None = _read(fields.get(_STATUS), Status)
    return found


def read_kept(fields: Mapping[bytes, bytes]) -> Kept:
    """Nothing, if there is none."""
    return _read(fields.get(_KEPT), Kept) or Kept()


def _read(data: bytes | None, kind: Any) -> Any:
    try:
        return msgspec.json.decode(data, type=kind) if data is not None else None
    except msgspec.DecodeError:
        return None
