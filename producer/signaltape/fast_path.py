"""The fast path of an ordinary event into the journal: no frame of Python that is not needed.

Every microsecond here is one of the engine's. So the check, the frame and the writing stand in one function, a
time that the event does not bring is left to the shipper, and whatever is not ordinary takes the method's own way.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import wraps
from typing import Any, TypeVar, cast
from zlib import crc32

from msgspec import ValidationError, convert, json

from signaltape.clock import FIRST_YEAR, LAST_YEAR
from signaltape.contract.codec import fast_check, find_null, refuse_non_finite, write_json
from signaltape.contract.events import EVENTS, Text
from signaltape.contract.fast_checks import BARE_BYTES, bare_check
from signaltape.contract.limits import BACKSLASH, NUL, written_oddly
from signaltape.contract.moments import moment_of, refuse_broken_minutes
from signaltape.journal.frame import PADDING, body_prefix, pack_emitted, pack_head
from signaltape.own_journals import OwnJournals

Method = TypeVar("Method", bound=Callable[..., bool])

#: Anything larger is left to the method's own way, which knows the bound of the contract.
_MAX_BODY = 512 * 1024
_MAX_BARE_BODY = BARE_BYTES


_not_loaded: list[Callable[[], None]] = []


def load_checks() -> None:
    """Make what holds events against the contract: by the first Emitter that is on, before it has a journal."""
    for load in list(_not_loaded):  # another thread, or a signal handler, may do the same
        load()
        with suppress(ValueError):
            _not_loaded.remove(load)


def _no_check(_data: bytes, /) -> Any:
    raise ValueError("the checks are not loaded yet")


def _check_moment(time_field: str, given: Any, own_time: Any) -> None:
    if type(own_time) is datetime and own_time.tzinfo is UTC:
        if not FIRST_YEAR <= own_time.year <= LAST_YEAR:
            raise ValueError
        return
    moment_of(time_field, own_time)
    for field in (time_field, "ts"):
        if type(given.get(field)) is datetime:
            refuse_broken_minutes(field, given[field])


def engine_tail(engine: str) -> bytes:
    """What takes the place of the last brace in the JSON of an event that carries no engine's name.

    Raises msgspec.ValidationError or ValueError for a name that the contract does not allow.
    """
    if "\0" in engine:
        raise ValueError("it holds a NUL character")
    return b',"engine":' + json.encode(convert(engine, Text)) + b"}"


def _with_engine(given: Any, body: bytes, tail: bytes) -> bytes:
    if "engine" not in given:
        return body[:-1] + tail
    if given["engine"] is None:  # which the method's own way replaces
        raise ValueError
    return body


def fast_path(name: str, time_field: str, needs: str = "signal_id") -> Callable[[Method], Method]:
    """Decorate the method of an Emitter that journals the event called `name`.

    An event is ordinary if it is one dict, or keywords, has the field `needs`, passes the contract's fast check, and
    the open segment has room for it. For any other the method itself is called, and nothing has happened before.
    """
    stamped, as_given = body_prefix(name, emitted=True), body_prefix(name)
    check_bare, bare_count, check = _no_check, 0, _no_check
    now_ns = time.time_ns

    def load() -> None:
        nonlocal check_bare, bare_count, check
        (check_bare, bare_count), check = bare_check(EVENTS[name]), fast_check(name)

    _not_loaded.append(load)

    def fuller_body(given: Any, data: bytes) -> bytes:
        """The body of an event with more than the required fields. Raises if it is not ordinary."""
        if (BACKSLASH in data and NUL in data) or written_oddly(data):
            raise ValueError
        if find_null(data) is not None:
            refuse_non_finite(given)
        checked: Any = check(data)
        own_time = checked.own_time if checked.own_time is not None else checked.ts
        if own_time is not None:
            _check_moment(time_field, given, own_time)
            return as_given + data
        if time_field in given:  # and is null there
            raise ValueError
        return stamped + pack_emitted(now_ns()) + data

    def around(own_way: Method) -> Method:
        @wraps(own_way)
        def emit(
            self: OwnJournals, event: Mapping[str, Any] | None = None, /, *more: Any, **fields: Any
        ) -> bool:
            written = False
            try:
                given: Any = fields if event is None else event
                journal = self._journals[0]  # that of events
                if journal is not None and needs in given and (given is fields or not (fields or more)):
                    data = write_json(given)
                    bare = len(given) == bare_count and BACKSLASH not in data
                    if bare:
                        try:
                            check_bare(data)
                        except ValidationError:
                            bare = False
                    body = stamped + pack_emitted(now_ns()) + data if bare else fuller_body(given, data)
                    if len(body) > (_MAX_BARE_BODY if bare else _MAX_BODY):
                        raise ValueError
                    if self._engine_tail is not None:
                        body = _with_engine(given, body, self._engine_tail)
                    length = len(body)
                    journal.write(pack_head(length, crc32(body)) + body + PADDING[length & 7])
                    written = True
                    shipper = self._shipper
                    if shipper is not None and shipper.idle:
                        shipper.wake()
            except Exception:  # noqa: BLE001, S110 - the method's own way says what it was
                pass
            try:
                return written or own_way(self, event, *more, **fields)
            except RecursionError:  # the stack has no room for one more call
                return False

        return cast(Method, emit)

    return around
