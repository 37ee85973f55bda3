"""A million entries fuzzed from valid ones: each becomes a dead letter or a valid row, and the worker runs on."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from itertools import cycle
from typing import Any

from signaltape.stream import WORKER_GROUP
from tests.chaos.audit import Audit, Result
from tests.chaos.rig import Rig
from tests.support.samples import SAMPLES, as_json, new_id
from tests.support.waiting import eventually

_CHUNK = 2000
#: Never so many entries ahead of the worker that Redis would fill the machine.
_MOST_AHEAD = 100_000
_ODD = (
    b"",
    b"\x00",
    b"\xff",
    b'"',
    b"{",
    b"}",
    b"[",
    b",",
    b":",
    b"\\",
    b"\\u0000",
    b"1e999",
    b"NaN",
    b"null",
    b"-",
)


def run_malformed(count: int, seed: int, partitions: int = 1) -> tuple[Result, Audit]:
    """Fuzz `count` entries through one worker."""
    with Rig(1, seed="malformed", partitions=partitions) as rig:
        worker = rig.start_worker()
        with rig.redis() as client:
            sent = 0
            for chunk in _chunks(count, seed):
                with client.pipeline(transaction=False) as pipe:
                    for key, fields in zip(cycle(rig.keys), chunk, strict=False):
                        pipe.xadd(key, dict(fields))
                    pipe.execute()
                sent += len(chunk)
                eventually(lambda: _is_near(client, rig.keys), timeout=300)
            sent_at = time.monotonic()

            def drained() -> bool:
                return all(_is_drained(client, key) for key in rig.keys)

            eventually(drained, timeout=600, every=0.2)
        recovery_s = time.monotonic() - sent_at
        alive = worker.running
        wrong = rig.stop_all() + ([] if alive else ["the worker ended"])
        log = worker.log.read_text()
        wrong += ["the worker met an unhandled exception"] if "Traceback" in log else []
        worked = _worked_on(log)
        stored, dead = rig.stored_count(), rig.dead_count()
        lost = count - stored - dead - worked["duplicates"] - worked["conflicts"]
        result = Result("malformed", count, count, stored + dead, lost, 0, round(recovery_s, 1))
        return result, Audit(count, stored + dead, lost, 0, wrong, worker.peak_rss_kib)


def _is_near(client: Any, keys: list[str]) -> bool:
    """Whether the worker is not far behind; drops what it is done with, as the retention would."""
    if sum(client.xlen(key) for key in keys) < _MOST_AHEAD:
        return True
    for key in keys:
        pending = client.xpending(key, WORKER_GROUP)["min"]
        done = pending or client.xinfo_groups(key)[0]["last-delivered-id"]
        client.xtrim(key, minid=done, approximate=False)
    return bool(sum(client.xlen(key) for key in keys) < _MOST_AHEAD)


def _is_drained(client: Any, key: str) -> bool:
    group = client.xinfo_groups(key)[0]
    last = client.xinfo_stream(key)["last-generated-id"]
    return bool(group["pending"] == 0 and group["last-delivered-id"] == last)


def _worked_on(log: str) -> dict[str, int]:
    """The counts in the worker's last line: `stored 1, duplicates 2, conflicts 3, dead letters 4`."""
    parts = [part.rsplit(" ", 1) for part in log.strip().splitlines()[-1].split(", ")]
    return {name.strip(): int(number) for name, number in parts}


def _chunks(count: int, seed: int) -> Iterator[list[list[tuple[bytes, bytes]]]]:
    chance = random.Random(seed)
    chunk: list[list[tuple[bytes, bytes]]] = []
    names = list(SAMPLES)
    for number in range(count):
        name = names[number % len(names)]
        chunk.append(_fuzz(chance, name.encode(), as_json(SAMPLES[name](new_id()))))
        if len(chunk) == _CHUNK or number == count - 1:
            yield chunk
            chunk = []


def _fuzz(chance: random.Random, name: bytes, data: bytes) -> list[tuple[bytes, bytes]]:
    """Spoil an entry in one of several ways; now and then it stays valid."""
    way = chance.randrange(6)
    raw = bytearray(data)
    at = chance.randrange(len(raw))
    if way == 0:
        raw[at] = chance.randrange(256)
    elif way == 1:
        raw[at : at + chance.randrange(1, 20)] = chance.choice(_ODD)
    elif way == 2:
        del raw[at:]
    elif way == 3:
        raw[at:at] = raw[chance.randrange(len(raw)) :][:30]
    elif way == 4:
        name = bytes(chance.randrange(256) for _ in range(chance.randrange(12)))
    else:
        return [(chance.choice([b"event", b"data", b"v", b"x"]), bytes(raw[at:]) or b"-")]
    return [(b"event", name), (b"data", bytes(raw))]
