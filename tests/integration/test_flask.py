"""The Flask hooks: an engine answers byte for byte the same with recording on, off, and with Redis down."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest
from flask import Flask

from signaltape import Emitter, Secret, Settings
from signaltape.integrations.flask import SignalTape
from signaltape.shipping.service import ship_once
from sink.db import Connection
from tests.integration.conftest import Runner
from tests.integration.engine_app import create_app
from tests.support.samples import published

CALLS = [
    ("GET", "/signal", None),
    ("POST", "/fill", {"price": 222.1}),
    ("POST", "/fill", {"price": -1}),  # breaks the contract: the engine must not notice
    ("POST", "/invalidate", {"reason": "sl"}),
    ("POST", "/invalidate", {"reason": "bored"}),
    ("POST", "/close", {"rr": 1.65}),
    ("GET", "/nothing", None),
]


def emitter_of(app: Flask) -> Emitter:
    emitter = app.extensions["signaltape"]
    assert isinstance(emitter, Emitter)
    return emitter


def answers(app: Flask) -> list[tuple[int, list[tuple[str, str]], bytes]]:
    client = app.test_client()
    replies = [client.open(path, method=method, json=body) for method, path, body in CALLS]
    return [(reply.status_code, sorted(reply.headers.items()), reply.data) for reply in replies]


@pytest.fixture
def on(settings: Settings) -> Iterator[Flask]:
    app = create_app(settings)
    yield app
    emitter_of(app).close()


@pytest.mark.parametrize("redis", ["refused", "unresolvable", "absent"])
def test_every_answer_is_the_same_byte_for_byte(on: Flask, settings: Settings, redis: str) -> None:
    urls = {"refused": Secret("redis://127.0.0.1:1"), "unresolvable": Secret("redis://nowhere.invalid")}
    off = create_app(msgspec.structs.replace(settings, feature_event_logging=False))
    down = create_app(msgspec.structs.replace(settings, redis_url=urls.get(redis)))
    assert answers(off) == answers(on) == answers(down)
    assert emitter_of(off).stats()["accepted"] == 0
    assert emitter_of(on).stats()["accepted"] == emitter_of(down).stats()["accepted"] == 4
    emitter_of(down).close(timeout=0.2)


def test_what_the_views_recorded_reaches_the_tables(
    on: Flask, settings: Settings, runner: Runner, connection: Connection
) -> None:
    answers(on)
    assert emitter_of(on).close(timeout=20)
    ship_once(settings)
    assert runner.run("worker", "--once")[0] == 0
    kinds = connection.execute(
        "SELECT event, count(*) FROM signal_events GROUP BY event ORDER BY event"
    ).fetchall()
    assert kinds == [
        ("signal_closed", 1),
        ("signal_invalidated", 1),
        ("signal_published", 1),
        ("signal_triggered", 1),
    ]


def test_each_app_has_an_emitter_of_its_own(settings: Settings) -> None:
    first, second = create_app(settings), create_app(settings)
    assert emitter_of(first) is not emitter_of(second)


def test_outside_of_an_app_context_nothing_is_recorded_and_nothing_raises() -> None:
    tape = SignalTape()
    assert tape.published(published()) is False
    assert tape.closed(None) is False
    assert tape.emitter.state(symbol="SOL", event_type="X") is False
    with Flask("bare").app_context():
        assert tape.published(published()) is False, "init_app was not called"
