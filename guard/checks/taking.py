"""All checks, one after the other: what is away is said of it, and nobody else is kept from being looked at."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any

from msgspec import structs

from consumer.link import RedisError
from guard.checks import host, stored, tape
from guard.model.findings import Checked
from guard.settings import GuardSettings
from signaltape.control import Process, standing
from signaltape.notices import Notices
from signaltape.plain_errors import one_line
from signaltape.redis_client import redis_client, redis_url
from sink.db import Connection

#: Redis is asked on a line of its own, and waited for no longer.
_WITHIN_S = 3.0
#: A role that was there is expected for so long after it was seen last.
_EXPECTED_MS = 86_400_000
_AWAY = (*RedisError, OSError)
Read = Callable[[], Iterable[Checked]]


class Checks:
    """What the guard looks at itself. Only Postgres' errors come out: without it nothing could be done about them.

    remembered: when each role was seen last, as `remembered` gave it; monotonic, now_s: clocks.
    """

    def __init__(
        self,
        guard: GuardSettings,
        remembered: Mapping[str, Any],
        now_s: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._guard, self._settings = guard, guard.common
        self._seen: dict[str, int] = {str(role): int(at_ms) for role, at_ms in remembered.items()}
        self._now_s, self._monotonic = now_s, monotonic
        self._client = redis_client(
            redis_url(self._settings), socket_timeout=_WITHIN_S, socket_connect_timeout=_WITHIN_S
        )
        self._last: dict[str, list[Checked]] = {}
        self._redis_lost_at: float | None = None
        self._notices = Notices()

    @property
    def remembered(self) -> dict[str, int]:
        """When each role was seen last, in milliseconds since 1970: for the next guard."""
        return dict(self._seen)

    def take(self, connection: Connection, now: datetime, postgres_away_s: float) -> list[Checked]:
        """Look at everything. postgres_away_s: for how long it could not be asked before this. Raises DatabaseError."""
        found = [
            *self._tried("disks", partial(host.disks, self._settings)),
            *self._tried("journals", partial(host.journals, self._settings)),
            *self._tried("replays", partial(host.replays, self._settings, now)),
            *self._of_redis(now),
            *stored.letters(connection),
            *stored.messages(connection),
            *stored.clock(connection, self._now_s),
            *stored.backup(connection),
        ]
        return [*found, Checked("postgres_away", "postgres", postgres_away_s)]

    def close(self) -> None:
        """Let go of the line to Redis."""
        with suppress(*_AWAY):
            self._client.close()

    def _of_redis(self, now: datetime) -> list[Checked]:
        found = [
            *self._tried("streams", partial(tape.streams, self._client, self._settings, now)),
            *self._tried("clock", partial(tape.clock, self._client, self._now_s)),
            *self._tried("processes", self._processes),
        ]
        return [*found, Checked("redis_away", "redis", self._redis_away_s())]

    def _redis_away_s(self) -> float:
        """For how long it has not answered, by one more question."""
        try:
            self._client.ping()
        except _AWAY:
            self._redis_lost_at = self._redis_lost_at or self._monotonic()
            return self._monotonic() - self._redis_lost_at
        self._redis_lost_at = None
        return 0.0

    def _processes(self) -> Iterable[Checked]:
        stands = standing(self._client, self._settings.stream)
        self._note(stands.processes, stands.now_ms)
        yield from tape.missing(self._seen, stands.now_ms)
        yield from host.memory(
            (one for one in stands.processes if not one.is_silent(stands.now_ms)), socket.gethostname()
        )

    def _note(self, processes: list[Process], now_ms: int) -> None:
        """Who is to be there: who was named, and who was seen of late."""
        self._seen.update(tape.seen(processes))
        for role in self._guard.processes:
            self._seen.setdefault(role, now_ms)
        self._seen = {
            role: at_ms
            for role, at_ms in self._seen.items()
            if role in self._guard.processes or now_ms - at_ms <= _EXPECTED_MS
        }

    def _tried(self, name: str, read: Read) -> list[Checked]:
        """What was read; where its source is away, what was read last, of which nothing can be said now."""
        try:
            self._last[name] = list(read())
        except _AWAY as error:
            self._notices.say(name, f"{name} cannot be looked at: {one_line(error)}")
            return [structs.replace(one, value=None) for one in self._last.get(name, [])]
        return self._last[name]
