"""Journals whose folders cannot be listed for a while are not taken for empty ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from signaltape import Emitter, Settings
from signaltape.errors import JournalUnavailable
from signaltape.shipping.pool import ShipperPool
from signaltape.shipping.service import ship_once
from tests.support.samples import closed, new_id
from tests.unit.test_unlisted_folder import unlisted


def journal_of(settings: Settings, signal_id: str) -> Path:
    with Emitter(settings, ship=False) as emitter:
        assert emitter.closed(closed(signal_id))
        assert emitter.journal_folder is not None
        return emitter.journal_folder


def test_a_dead_engines_journal_that_cannot_be_listed_stays(
    settings: Settings, redis_client: Any, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    signal_id = new_id()
    folder = journal_of(settings, signal_id)
    fleet = ShipperPool(settings)
    with unlisted(monkeypatch, folder):
        fleet.take_all()
        assert fleet.has_left([folder])
    fleet.close()
    assert ship_once(settings) == 1
    ((_, fields),) = redis_client.xrange(key)
    assert msgspec.json.decode(fields[b"data"])["signal_id"] == signal_id


def test_shipping_once_says_that_the_home_cannot_be_listed(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = journal_of(settings, new_id())
    with unlisted(monkeypatch, folder.parent), pytest.raises(JournalUnavailable, match="make trouble"):
        ship_once(settings)
    assert ship_once(settings) == 1
