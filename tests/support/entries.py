"""Events as a worker hands them to the sink."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any

from msgspec.structs import replace

from consumer.accepted import Accepted
from signaltape.contract.codec import decode
from tests.support.samples import SAMPLES, as_json

NOON = datetime(2022, 1, 17, 5, 0, tzinfo=UTC)
_entry_numbers = itertools.count()


def accepted(name: str, fields: dict[str, Any], ts: datetime = NOON) -> Accepted:
    data = as_json(fields)
    entry_id = f"{int(ts.timestamp() * 1000)}-{next(_entry_numbers)}"
    return Accepted(name, decode(name, data, default_ts=ts), data, "test:{0}", entry_id)


def only_postgres_rejects() -> Accepted:
    """An event whose payload is no JSON: the contract lets none through, and the sink must not rely on it."""
    entry = accepted("signal_published", SAMPLES["signal_published"]())
    return replace(entry, payload=entry.payload[:-1])


def life(signal_id: str, **changes: Any) -> list[Accepted]:
    """All four events of one signal."""
    return [accepted(name, make(signal_id, **changes)) for name, make in SAMPLES.items()]
