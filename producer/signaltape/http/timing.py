"""How long an answer took and what came of it, told once, whatever way it ends."""

from __future__ import annotations

import time
from collections.abc import Callable

from signaltape.http.gate import endpoint_name

#: name of the endpoint, status, milliseconds, id of the request
Observe = Callable[[str, int, float, "str | None"], object]
#: Of an answer that broke off, or was never given.
FAILED = 500
#: The caller went away before there was an answer; nginx's number for it, a 4xx.
CALLER_GONE = 499
_NS_IN_A_MS = 1e6


class Timing:
    """Of one request. The time that counts is that until the answer begins: a stream may go on for hours."""

    __slots__ = ("_began_ns", "_observe", "_took_ns", "status")

    def __init__(self, observe: Observe) -> None:
        self._observe: Observe | None = observe
        self._began_ns = time.perf_counter_ns()
        self._took_ns: int | None = None
        #: of the answer; None before it begins
        self.status: int | None = None

    def answered(self, status: int) -> None:
        """The answer begins, with this status."""
        self.status = status
        self._took_ns = time.perf_counter_ns() - self._began_ns

    def end(
        self, method: str, pattern: str | None, request_id: str | None, status: int | None = None
    ) -> None:
        """Tell it, the first time that this is called. status: another than the answer's, if it broke off."""
        observe, self._observe = self._observe, None
        if observe is None:
            return
        took_ns = self._took_ns if self._took_ns is not None else time.perf_counter_ns() - self._began_ns
        said = status or self.status or FAILED
        observe(endpoint_name(method, pattern), said, took_ns / _NS_IN_A_MS, request_id)
