"""A journal that is interrupted between any two steps, and what a reader finds in it then."""

from __future__ import annotations

import dis
import itertools
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from signaltape.clock import utc_now
from signaltape.journal import open_segment, writer
from signaltape.journal.frame import body_prefix
from signaltape.journal.reader import JournalPosition, JournalReader
from signaltape.journal.writer import JournalWriter

PREFIX = body_prefix("signal_closed")
SEGMENT_BYTES = 40_000
LARGE = 39_000
#: The steps of a change to the next segment, and the module that takes each.
STEPS = {
    "backlog_bytes": writer,
    "draft_segment": writer,
    "count_frames": open_segment,
    "publish_segment": writer,
}


def new_writer(home: Path, max_bytes: int = 1 << 24) -> JournalWriter:
    return JournalWriter(home, segment_bytes=SEGMENT_BYTES, max_bytes=max_bytes, clock=utc_now)


def body(number: int, size: int = 1000) -> bytes:
    return PREFIX + b'{"n":%d,"pad":"%s"}' % (number, b"x" * size)


class Found:
    """What a reader finds in a journal from its start on."""

    def __init__(self, folder: Path) -> None:
        reader = JournalReader(folder, JournalPosition(0, 0, 0))
        self.items = reader.read(10**9, 10**12)
        self.numbers = [json.loads(item.frame.data)["n"] for item in self.items]
        self.odd = (reader.missed, reader.damaged)
        reader.close()


class Interruptions:
    """Has `act` called where the interpreter runs signal handlers: behind calls, and where loops turn back.

    at: which of these points, counted from 0; only those in the named functions of the writer count.
    """

    def __init__(self, at: tuple[int, ...], act: Callable[[], None], functions: frozenset[str]) -> None:
        self._at = at
        self._act = act
        self._functions = functions
        self._points: dict[CodeType, set[int]] = {}
        self.seen = 0

    def during(self, work: Callable[[], None]) -> None:
        before = sys.gettrace()
        sys.settrace(self._on_call)
        try:
            work()
        finally:
            sys.settrace(before)

    def _on_call(self, frame: FrameType, event: str, argument: Any) -> Any:
        code = frame.f_code
        if not code.co_filename.endswith(
            ("journal/writer.py", "journal/open_segment.py", "journal/segment.py")
        ):
            return None
        caller = frame.f_back.f_code.co_name if frame.f_back is not None else ""
        if self._functions and not self._functions & {code.co_name, caller}:
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return self._on_step

    def _on_step(self, frame: FrameType, event: str, argument: Any) -> Any:
        if event == "opcode" and frame.f_lasti in self._of(frame.f_code):
            self.seen += 1
            if self.seen - 1 in self._at:
                self._act()
        return self._on_step

    def _of(self, code: CodeType) -> set[int]:
        if code not in self._points:
            steps = list(dis.get_instructions(code))
            self._points[code] = {
                step.offset
                for before, step in itertools.pairwise(steps)
                if before.opname.startswith(("CALL", "RESUME")) or step.opname.startswith("JUMP_BACKWARD")
            }
        return self._points[code]


class Once:
    """Does something at the first call of a function, before or after it."""

    def __init__(self, patched: Any, act: Callable[[], None], *, after: bool = False) -> None:
        self._patched = patched
        self._act = act
        self._after = after
        self.done = False

    def __call__(self, *given: Any) -> Any:
        if self._after:
            result = self._patched(*given)
            self._once()
            return result
        self._once()
        return self._patched(*given)

    def _once(self) -> None:
        if not self.done:
            self.done = True
            self._act()
