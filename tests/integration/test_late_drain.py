"""A drain whose time is over asks Redis nothing more, however many journals there are."""

from __future__ import annotations

import time
from typing import Any

import msgspec
import pytest

from signaltape import Emitter, Settings
from signaltape.shipping.client import StreamClient
from signaltape.shipping.pool import ShipperPool
from tests.support.samples import closed

JOURNALS = 4
ANSWER_S = 0.1


def test_a_drain_ends_when_its_time_is_over(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    own = msgspec.structs.replace(settings, shipped_keep_s=900)
    for _ in range(JOURNALS):
        with Emitter(own, ship=False) as emitter:
            assert emitter.closed(closed())
    plain = StreamClient.send

    def slowly(*given: Any) -> Any:
        time.sleep(ANSWER_S)  # a Redis that has much to do
        return plain(*given)

    fleet = ShipperPool(own)
    try:
        fleet.drain(float("inf"))
        monkeypatch.setattr(StreamClient, "send", slowly)
        began = time.monotonic()
        fleet.drain(began + ANSWER_S)
        assert time.monotonic() - began < 3 * ANSWER_S
    finally:
        fleet.close()
