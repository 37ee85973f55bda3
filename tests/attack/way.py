"""The whole way of an event in one process: journal, stream, worker, archive; and what stands at its end."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NoReturn, TypeVar

import redis

from consumer.accepted import Outcome
from consumer.consumer import Consumer
from replay.archive.archiver import Archived
from replay.archive.archiving import archive
from signaltape import Emitter, Settings
from signaltape.shipping.service import ship_once
from signaltape.stream import stream_key
from sink.db import connect
from worker.loop import Worker

T = TypeVar("T")

#: Nothing here takes longer; what does hangs.
_HANGS_S = 60.0


class _Hangs(BaseException):
    """Raised in the middle of what takes too long; nothing of the product catches it."""


def within(seconds: float, work: Callable[[], T]) -> T:
    """What `work` gives, in the main thread, as commands need it. Fails if it takes longer than `seconds`."""

    def ring(*_: object) -> NoReturn:
        raise _Hangs

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        return work()
    except _Hangs:
        raise AssertionError(f"it hangs: not done within {seconds} s") from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


class Way:
    """One installation with its tables. Use as a context manager."""

    def __init__(self, settings: Settings) -> None:
        assert settings.redis_url is not None
        assert settings.database_url is not None
        self.settings = settings
        self.key = stream_key(settings.stream, 0)
        self._redis_url, self._database_url = settings.redis_url, settings.database_url
        self.redis: Any = redis.Redis.from_url(self._redis_url.reveal(), protocol=2)
        self.connection = connect(self._database_url, name="attack")

    def __enter__(self) -> Way:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()
        self.redis.delete(self.key)
        self.redis.close()

    def emitter(self) -> Emitter:
        return Emitter(self.settings, ship=False)

    def ship(self) -> int:
        """All journals into the stream."""
        return within(_HANGS_S, lambda: ship_once(self.settings))

    def add(self, entries: Iterable[Sequence[bytes]]) -> int:
        """Entries as a producer in any language may add them: names and values in turn."""
        added = 0
        for fields in entries:
            self.redis.execute_command("XADD", self.key, "*", *fields)
            added += 1
        return added

    def store(self) -> Outcome:
        """What the worker does with all that is in the stream."""

        def work() -> Outcome:
            worker = Worker(
                lambda: Consumer(self._redis_url, "attack", [self.key]), self._database_url, threading.Event()
            )
            return worker.run(once=True)

        return within(_HANGS_S, work)

    def archive(self) -> Archived:
        """What the archiver does with it."""
        return within(_HANGS_S, lambda: archive(self.settings, self._redis_url, threading.Event(), once=True))

    def archived(self) -> list[bytes]:
        """All lines of the archive."""
        files = sorted((self.settings.data / "data").rglob("*.jsonl"))
        return [line for path in files for line in path.read_bytes().split(b"\n") if line]

    def reasons(self) -> list[tuple[str, bytes]]:
        """Every dead letter: why, and its data; they are taken away."""
        return self.connection.execute("DELETE FROM dead_letters RETURNING reason, raw").fetchall()

    def missing(self, event_ids: Sequence[str], record_ids: Sequence[str]) -> list[str]:
        """Which of these have no row."""
        events = self.connection.execute(
            "SELECT event_id::text FROM signal_events WHERE event_id = ANY(%s::uuid[])", (list(event_ids),)
        )
        found = {row[0] for row in events}
        records = self.connection.execute(
            "SELECT record_id::text FROM records WHERE record_id::text = ANY(%s)", (list(record_ids),)
        )
        found |= {row[0] for row in records}
        return [one for one in (*event_ids, *record_ids) if one not in found]
