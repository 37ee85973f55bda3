"""Streams that vanish at the worst moment: between two entries of a batch, by eviction, beside other producers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
import redis
from hiredis import pack_command

from deploy.embedded.valkey import Valkey
from signaltape import Emitter, Secret, Settings
from signaltape.shipping.pool import ShipperPool
from signaltape.shipping.service import ship_once
from tests.integration.conftest import own_valkey
from tests.support.samples import closed, new_id
from tests.support.waiting import ended, eventually

pytestmark = pytest.mark.deep

Command = tuple[Any, ...]


def before_entry(
    monkeypatch: pytest.MonkeyPatch, number: int, commands: Sequence[Command]
) -> Callable[[], bool]:
    """Have the server run `commands` just before the entry of that number is added, amid the batch it is in.

    Returns whether it has happened.
    """
    plain: Any = pack_command
    added = 0

    def packing(command: Command) -> Any:
        nonlocal added
        added += command[0] == "XADD"
        if command[0] != "XADD" or added != number:
            return plain(command)
        silently = (plain(part) for one in commands for part in (("CLIENT", "REPLY", "SKIP"), one))
        return b"".join((*silently, plain(command)))

    monkeypatch.setattr("signaltape.shipping.client.pack_command", packing)
    return lambda: added >= number


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    """A server for these tests alone: they throw away all that it holds."""
    with own_valkey(tmp_path_factory.mktemp("forgetful") / "vk") as started:
        yield started


@pytest.fixture
def own(settings: Settings, valkey: Valkey) -> Settings:
    return msgspec.structs.replace(settings, redis_url=Secret(valkey.url))


@pytest.fixture
def client(valkey: Valkey) -> Iterator[Any]:
    made = redis.Redis.from_url(valkey.url, protocol=2)
    yield made
    made.close()


def ids_in(client: Any, key: str) -> set[str]:
    return {msgspec.json.decode(fields[b"data"])["signal_id"] for _, fields in client.xrange(key)}


def emit(settings: Settings, count: int) -> set[str]:
    """Journal so many events of an engine that then ends without having shipped."""
    ids = [new_id() for _ in range(count)]
    with Emitter(settings, ship=False) as tape:
        assert all(tape.closed(**closed(one)) for one in ids)
    return set(ids)


MANY = tuple(("XADD", "KEY", "*", "event", "x", "data", "{}") for _ in range(600))
VANISHES: dict[str, tuple[Command, ...]] = {
    "deleted": (("DEL", "KEY"),),
    "flushed": (("FLUSHALL",),),
    "made anew by a worker": (("DEL", "KEY"), ("XGROUP", "CREATE", "KEY", "worker", "0", "MKSTREAM")),
    "filled by another at once": (("DEL", "KEY"), *MANY),
}


def _for(key: str, commands: Sequence[Command]) -> list[Command]:
    return [tuple(key if part == "KEY" else part for part in command) for command in commands]


@pytest.mark.parametrize("number", [1, 2, 100, 257, 300, 1000])
@pytest.mark.parametrize("how", VANISHES)
def test_a_stream_that_vanishes_inside_a_batch_is_filled_again(
    own: Settings, client: Any, key: str, monkeypatch: pytest.MonkeyPatch, how: str, number: int
) -> None:
    ids = emit(own, 1000)
    happened = before_entry(monkeypatch, number, _for(key, VANISHES[how]))
    shipped = ship_once(own)
    assert happened()
    assert ids <= ids_in_all(client, key)
    assert shipped <= 2000, "once more, and no more"


def ids_in_all(client: Any, key: str) -> set[str]:
    entries = client.xrange(key)
    data = [msgspec.json.decode(fields[b"data"]) for _, fields in entries if fields[b"event"] != b"x"]
    return {one["signal_id"] for one in data}


def test_closing_says_that_all_is_there_only_if_it_is(
    own: Settings, client: Any, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    happened = before_entry(monkeypatch, 3_000, _for(key, VANISHES["deleted"]))
    ids = [new_id() for _ in range(5_000)]
    tape = Emitter(own)
    assert all(tape.closed(**closed(one)) for one in ids)
    assert tape.close(timeout=20)
    assert happened()
    assert set(ids) <= ids_in(client, key)


def test_a_loss_is_not_forgotten_if_the_shipper_ends_when_it_notices(
    own: Settings, client: Any, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = emit(own, 1000)
    with monkeypatch.context() as patched:
        before_entry(patched, 600, _for(key, VANISHES["deleted"]))
        patched.setattr("signaltape.shipping.journal.JournalReader.rewind", _end)
        with pytest.raises(KeyboardInterrupt):
            ship_once(own)
    ship_once(own)
    assert ids <= ids_in(client, key)


def _end(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_stream_trimmed_inside_a_batch_is_not_sent_again(
    own: Settings, client: Any, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    emit(own, 1000)
    before_entry(monkeypatch, 600, _for(key, [("XTRIM", "KEY", "MAXLEN", "0")]))
    assert ship_once(own) == 1000
    assert ship_once(own) == 0
    assert client.xlen(key) == 401


def test_a_worker_that_trims_at_once_makes_no_circle(own: Settings, client: Any, key: str) -> None:
    emit(own, 2000)
    fleet = ShipperPool(own)
    shipped = 0
    for _ in range(30):
        shipped += fleet.step()
        client.xtrim(key, maxlen=0, approximate=False)
        fleet.take_all()
    fleet.close()
    assert shipped == 2000


def test_several_engines_each_send_again_what_was_theirs(
    own: Settings, client: Any, key: str, tmp_path: Path
) -> None:
    """Others fill the stream anew and beyond what it held, before the next look."""
    homes = [msgspec.structs.replace(own, home=tmp_path / f"home{number}") for number in range(3)]
    ids = [emit(home, 300) for home in homes]
    fleets = [ShipperPool(home) for home in homes]
    for fleet in fleets:
        while fleet.step():
            pass
    client.delete(key)
    for _ in range(2000):
        client.xadd(key, {"event": "x", "data": "{}"})
    for fleet in fleets:
        fleet.take_all()
        while fleet.step():
            pass
        fleet.close()
    assert set.union(*ids) <= ids_in_all(client, key)


def test_eviction_under_load_loses_nothing(own: Settings, client: Any, key: str) -> None:
    """Another program fills the memory, so Redis throws the stream away, again and again, while events are emitted."""
    client.config_set("maxmemory-policy", "allkeys-random")
    client.config_set("maxmemory", client.info("memory")["used_memory"] + 12 * 1024 * 1024)
    stop = threading.Event()

    def fill() -> None:
        number = 0
        while not stop.wait(0.002):
            number += 1
            client.set(f"other:{number % 300}", b"x" * 60_000)

    filler = threading.Thread(target=fill)
    filler.start()
    try:
        ids = set()
        with Emitter(own) as tape:
            for _ in range(80):
                batch = [new_id() for _ in range(250)]
                assert all(tape.closed(**closed(one)) for one in batch)
                ids |= set(batch)
                stop.wait(0.02)
            eventually(lambda: client.info("stats")["evicted_keys"] > 20)
            stop.set()
            ended(filler)
            for name in client.scan_iter("other:*"):
                client.delete(name)
            eventually(lambda: ids <= ids_in(client, key))
            assert tape.close(timeout=20)
    finally:
        stop.set()
        ended(filler)
        client.config_set("maxmemory", 0)
    assert ids <= ids_in(client, key)
