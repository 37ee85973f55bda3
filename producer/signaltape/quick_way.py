"""The quick way of an ordinary event into the journal: no frame of Python that is not needed.

Every microsecond here is one of the engine's. So the check, the frame and the writing stand in one function, a
time that the event does not bring is left to the shipper, and whatever is not ordinary takes the method's own way.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast
from zlib import crc32

from signaltape.contract import BACKSLASH, QUICK_CHECKS, find_null, refuse_non_finite, write_json
from signaltape.journal.frame import PADDING, body_prefix, pack_emitted, pack_head

if TYPE_CHECKING:
    from signaltape.emitter import Emitter

Method = TypeVar("Method", bound=Callable[..., bool])

#: Anything larger is left to the method's own way, which knows the bound of the contract.
_MAX_BODY = 512 * 1024


def quickly(name: str, time_field: str, needs: str = "signal_id") -> Callable[[Method], Method]:
    """Decorate the method of an Emitter that journals the event called `name`.

    An event is ordinary if it is one dict, or keywords, brings no time of its own but the field `needs`, passes the
    contract's quick check, and the open segment has room for it. For any other the method itself is called, and
    nothing has happened before.
    """
    prefix = body_prefix(name, emitted=True)
    check = QUICK_CHECKS[name]
    now_ns = time.time_ns

    def around(own_way: Method) -> Method:
        @wraps(own_way)
        def emit(self: Emitter, event: Mapping[str, Any] | None = None, /, **fields: Any) -> bool:
            written = False
            try:
                given: Any = fields if event is None else event
                journal = self._journals[0]
                if (
                    journal is not None
                    and time_field not in given
                    and "ts" not in given
                    and needs in given
                    and (given is fields or not fields)
                ):
                    data = write_json(given)
                    if BACKSLASH in data:
                        raise ValueError
                    if find_null(data) is not None:
                        refuse_non_finite(given)
                    check(data)
                    body = prefix + pack_emitted(now_ns()) + data
                    length = len(body)
                    if length > _MAX_BODY:
                        raise ValueError
                    journal.write(pack_head(length, crc32(body)) + body + PADDING[length & 7])
                    written = True
            except Exception:  # noqa: BLE001, S110 - the method's own way says what it was
                pass
            if not written:
                return own_way(self, event, **fields)
            shipper = self._shipper
            if shipper is not None and shipper.idle:
                shipper.wake()
            return True

        return cast(Method, emit)

    return around
