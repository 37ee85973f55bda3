"""A signal handler may emit while its own thread wakes the shipper: at any line of that."""

from __future__ import annotations

import sys
import threading
from types import FrameType
from typing import Any

import pytest

from signaltape import Secret, Settings
from signaltape.shipping.thread import ShipperThread


@pytest.fixture
def shipper(tmp_path: Any) -> ShipperThread:
    """One whose thread was not started."""
    return ShipperThread(Settings(redis_url=Secret("redis://127.0.0.1:1"), home=tmp_path), [])


def wakes(shipper: ShipperThread, lines: list[int]) -> None:
    """Wake the shipper, and at each line of Python that this takes, once more, as a handler would."""

    def at_line(frame: FrameType, event: str, _: object) -> Any:
        if event == "line":
            lines.append(frame.f_lineno)
            shipper.idle = True  # the shipper's thread has just looked
            sys.settrace(None)
            shipper.wake()
            sys.settrace(at_line)
        return at_line

    sys.settrace(at_line)
    try:
        shipper.wake()
    finally:
        sys.settrace(None)


def test_a_wake_inside_a_wake_does_not_stand_still(shipper: ShipperThread) -> None:
    lines: list[int] = []
    thread = threading.Thread(target=wakes, args=(shipper, lines), daemon=True)
    thread.start()
    thread.join(5)
    assert not thread.is_alive()
    assert lines
