"""An archive in a test: batches for it, the lines that stand in it, a stream to fill it from."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from consumer.decoding.decode import Batch, decode_entries
from consumer.entry import Entry
from replay.archive.archiver import Archive
from tests.support.records import RECORD_SAMPLES

NOON = datetime(2022, 1, 17, 5, tzinfo=UTC)  # noon in Jakarta


def batch(*events: tuple[str, dict[str, Any]], first: int = 1) -> Batch:
    """Events as a consumer reads them, from entry number `first` on."""
    return decode_entries(
        [
            Entry(
                "s:{0}",
                f"{first + number}-0",
                [b"event", name.encode(), b"data", msgspec.json.encode(fields)],
            )
            for number, (name, fields) in enumerate(events)
        ]
    )


def at(name: str, when: datetime, **changes: Any) -> tuple[str, dict[str, Any]]:
    return name, {**RECORD_SAMPLES[name], "timestamp": when.isoformat(), **changes}


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@contextmanager
def archive(data: Path) -> Iterator[Archive]:
    target = Archive(data)
    yield target
    target.close()


def load_stream(client: Any, key: str, count: int) -> None:
    """Records of several kinds, as a foreign producer adds them."""
    chance = random.Random(1)
    names = ["order_log", "trade_log", "state_event", "market_trade", "risk_snapshot"]
    with client.pipeline(transaction=False) as pipe:
        for number in range(count):
            name = names[number % len(names)]
            fields = {
                **RECORD_SAMPLES[name],
                "timestamp": 1642395600000 + chance.randrange(10**8),
                "n": number,
            }
            pipe.xadd(key, {"event": name, "data": json.dumps(fields)})
            if number % 2000 == 1999:
                pipe.execute()
        pipe.execute()


def names(tmp_path: Path, folder: str) -> list[str]:
    return sorted(path.name for path in (tmp_path / "data" / folder).rglob("*.jsonl*"))
