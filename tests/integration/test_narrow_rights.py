"""An engine's Redis user that may do little: XADD alone is enough to ship."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from functools import partial
from typing import Any

import msgspec
import pytest
import redis

from deploy.embedded.valkey import Valkey
from signaltape import Emitter, Secret, Settings
from signaltape.shipping.client import StreamError
from signaltape.shipping.pool import ShipperPool
from signaltape.shipping.service import ship_once
from tests.integration.conftest import own_valkey
from tests.support.samples import closed, new_id
from tests.support.waiting import eventually


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    with own_valkey(tmp_path_factory.mktemp("rights") / "vk") as started:
        yield started


@pytest.fixture
def admin(valkey: Valkey) -> Iterator[Any]:
    made = redis.Redis.from_url(valkey.url, protocol=2)
    made.flushall()
    yield made
    made.close()


def may(admin: Any, valkey: Valkey, settings: Settings, *rights: str) -> Settings:
    """Settings of a user with these rights alone."""
    admin.execute_command("ACL", "SETUSER", "engine", "reset", "on", ">secret", "~test*", *rights)
    url = valkey.url.replace("unix://", "unix://engine:secret@")
    return msgspec.structs.replace(settings, redis_url=Secret(url))


def _holds(admin: Any, key: str, count: int) -> bool:
    return int(admin.xlen(key)) == count


@pytest.mark.parametrize(
    "rights", [("+xadd",), ("+xadd", "+info"), ("+xadd", "+xinfo|stream"), ("+xadd", "+xrange")]
)
def test_an_engine_that_may_add_ships(
    settings: Settings,
    valkey: Valkey,
    admin: Any,
    key: str,
    caplog: pytest.LogCaptureFixture,
    rights: tuple[str, ...],
) -> None:
    narrow = may(admin, valkey, settings, *rights)
    with caplog.at_level(logging.WARNING, logger="signaltape"):
        tape = Emitter(narrow)
        for number in range(1, 4):
            assert tape.closed(**closed())
            eventually(partial(_holds, admin, key, number))
        assert tape.close(timeout=20)
    assert admin.xlen(key) == 3
    said = [record.getMessage() for record in caplog.records if "to this user" in record.getMessage()]
    assert sum("hash of control" in one for one in said) == 1, "once"
    assert sum("allow +info +xinfo|stream +xrange" in one for one in said) == 1


def test_what_it_may_ask_is_enough_to_notice_a_stream_that_vanished(
    settings: Settings, valkey: Valkey, admin: Any, key: str
) -> None:
    for rights in (
        ("+xadd", "+xinfo|stream"),
        ("+xadd", "+xrange"),
        ("+xadd", "+info", "+xinfo|stream", "+xrange"),
    ):
        narrow = may(admin, valkey, settings, *rights)
        with Emitter(narrow, ship=False) as tape:
            ids = {new_id() for _ in range(10)}
            assert all(tape.closed(**closed(one)) for one in ids)
            fleet = ShipperPool(narrow)
            fleet.take_all()
            assert fleet.step() >= 10
            admin.delete(key)
            fleet.take_all()
            fleet.step()
            fleet.close()
        assert ids <= {msgspec.json.decode(fields[b"data"])["signal_id"] for _, fields in admin.xrange(key)}


def test_after_a_lost_connection_to_who_knows_which_server_the_last_is_sent_again_but_not_each_time(
    settings: Settings, valkey: Valkey, admin: Any, key: str
) -> None:
    narrow = may(admin, valkey, settings, "+xadd")
    with Emitter(narrow, ship=False) as tape:
        assert all(tape.closed(**closed()) for _ in range(10))
        fleet = ShipperPool(narrow)
        fleet.take_all()
        assert fleet.step() == 10
        for again in (10, 0, 0, 0):
            fleet.disconnect()
            assert fleet.step() == again
        fleet.close()
    assert ship_once(narrow) == 0, "a shipper that begins has lost no connection"
    assert admin.xlen(key) == 20


@pytest.mark.parametrize(
    ("rights", "says"), [(("+info",), "no permissions"), (("off", "+xadd"), "invalid username-password pair")]
)
def test_a_user_that_may_not_add_or_enter_is_an_error_in_words(
    settings: Settings, valkey: Valkey, admin: Any, rights: tuple[str, ...], says: str
) -> None:
    narrow = may(admin, valkey, settings, *rights)
    with Emitter(narrow, ship=False) as tape:
        assert tape.closed(**closed())
    with pytest.raises(StreamError, match=says):
        ship_once(narrow)
    assert ship_once(may(admin, valkey, settings, "+xadd")) == 1


def test_a_server_that_wants_a_password_is_an_error_and_no_narrow_right(
    settings: Settings, valkey: Valkey, admin: Any
) -> None:
    unknown = msgspec.structs.replace(settings, redis_url=Secret(valkey.url))
    with Emitter(unknown, ship=False) as tape:
        assert tape.closed(**closed())
    admin.config_set("requirepass", "secret")
    try:
        with pytest.raises(StreamError, match="Authentication required"):
            ship_once(unknown)
    finally:
        admin.config_set("requirepass", "")
