"""The connection of a process to control: short waits, one try, and what Redis refuses to it is asked less often."""

from __future__ import annotations

import time
from typing import Any, NamedTuple

import redis
from redis.exceptions import NoPermissionError

from signaltape.control.commanding import milliseconds
from signaltape.control.state import Control, Garbled, control_of
from signaltape.redis_client import redis_client
from signaltape.settings import Secret
from signaltape.stream import control_key, processes_key

#: No answer within this time: control is out of reach.
WITHIN_S = 1.0
#: What this user may not do is tried again so much later: the server notes each refusal in its ACL log.
_REFUSED_FOR_S = 30.0
_MAY = {"HGETALL": "+hgetall on the hash of control", "HSET": "+hset and +hdel on that of processes"}


class Looked(NamedTuple):
    """What a look has found. control: None if nothing stands there, or nothing that can be read: see `trouble`."""

    control: Control | None = None
    #: whether the state could be asked for at all
    reached: bool = True
    trouble: str = ""


class ControlLine:
    """One connection, made at the first look and after each failure. For one thread."""

    def __init__(self, url: Secret, stream: str) -> None:
        self._client = redis_client(
            url, socket_timeout=WITHIN_S, socket_connect_timeout=WITHIN_S, single_connection_client=False
        )
        self._control, self._processes = control_key(stream), processes_key(stream)
        self._refused: dict[str, float] = {}
        self._ahead_ms = 0

    def look(self) -> Looked:
        """Read what is wanted, and the server's time. Raises RedisError or OSError when it is out of reach."""
        if self._is_refused("HGETALL"):
            return Looked(reached=False, trouble=_refused("HGETALL"))
        with self._client.pipeline(transaction=False) as asked:
            asked.hgetall(self._control)
            if not self._is_refused("TIME"):
                asked.time()
            fields, *times = asked.execute(raise_on_error=False)
        for told in times:
            self._note_time(told)
        return self._looked(fields)

    def show(self, name: str, value: bytes) -> bool:
        """Show this process; whether the name was new. Raises RedisError, NoPermissionError among them, or OSError."""
        try:
            return bool(self._client.hset(self._processes, name, value))
        except NoPermissionError:
            self._refuse("HSET")
            raise NoPermissionError(_refused("HSET")) from None

    def may_show(self) -> bool:
        """Whether it is worth a try."""
        return not self._is_refused("HSET")

    def hide(self, name: str) -> None:
        """Take this process out of the list. Raises RedisError or OSError."""
        self._client.hdel(self._processes, name)

    def now_ms(self) -> int:
        """Milliseconds since 1970: the server's if it has told its time, else ours."""
        return time.time_ns() // 1_000_000 + self._ahead_ms

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()

    def _looked(self, fields: Any) -> Looked:
        if isinstance(fields, NoPermissionError):
            self._refuse("HGETALL")
            return Looked(reached=False, trouble=_refused("HGETALL"))
        if isinstance(fields, redis.ConnectionError):  # LOADING: the server is there, but not yet
            raise fields
        if isinstance(fields, redis.RedisError):
            return Looked(trouble=f"the hash of control cannot be read: {fields}")
        try:
            return Looked(control_of(fields))
        except Garbled as error:
            return Looked(trouble=f"what stands in the hash of control is not heeded: {error}")

    def _note_time(self, told: Any) -> None:
        if isinstance(told, NoPermissionError):
            self._refuse("TIME")
        elif not isinstance(told, Exception):
            self._ahead_ms = milliseconds(told) - time.time_ns() // 1_000_000

    def _refuse(self, command: str) -> None:
        self._refused[command] = time.monotonic() + _REFUSED_FOR_S

    def _is_refused(self, command: str) -> bool:
        return time.monotonic() < self._refused.get(command, float("-inf"))


def _refused(command: str) -> str:
    return f"Redis refuses {command} to this user; allow {_MAY[command]}"
