"""The tape in one order: the same for every reader, however many partitions, whoever writes meanwhile."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from consumer.consumer import Consumer
from consumer.tape_order import START, TapeReader, before_ms, place_of
from signaltape import Secret, Settings
from signaltape.errors import SettingsError
from signaltape.redis_client import redis_url
from signaltape.stream import GHOST_GROUP, entry_order, stream_key, stream_keys
from tests.integration.conftest import own_valkey
from tests.support.waiting import ended, eventually

PARTITIONS = 4
LATER = 10**15


@pytest.fixture
def keys(settings: Settings) -> list[str]:
    return stream_keys(settings.stream, PARTITIONS)


@pytest.fixture
def reader(settings: Settings, keys: list[str]) -> Iterator[TapeReader]:
    made = TapeReader(redis_url(settings), keys, GHOST_GROUP)
    yield made
    made.close()


def put(client: Any, key: str, entry_id: str = "*", value: str = "{}") -> str:
    added: bytes = client.xadd(key, {"event": "market_candle", "data": value}, id=entry_id)
    return added.decode()


def read_all(reader: TapeReader, positions: dict[str, str], most: int = 100) -> list[tuple[str, str]]:
    """All that is over, look by look."""
    found = []
    while True:
        look = reader.look(positions, most)
        positions = look.positions
        found += [(entry.stream, entry.entry_id) for entry in look.entries]
        if not look.more and look.ahead_ms is None:
            return found


def test_entries_of_several_partitions_come_by_their_ids(
    reader: TapeReader, redis_client: Any, keys: list[str]
) -> None:
    for key, entry_id in ((keys[2], "5-0"), (keys[0], "5-1"), (keys[1], "5-1"), (keys[3], "4-9")):
        put(redis_client, key, entry_id)
    positions = reader.begin({})
    look = reader.look(positions, 10)
    assert [(entry.stream, entry.entry_id) for entry in look.entries] == [
        (keys[3], "4-9"), (keys[2], "5-0"), (keys[0], "5-1"), (keys[1], "5-1"),
    ]  # fmt: skip
    assert look.positions == {keys[0]: "5-1", keys[1]: "5-1", keys[2]: "5-0", keys[3]: "4-9"}
    assert reader.look(look.positions, 10).entries == []


@pytest.mark.parametrize("most", [1, 2, 3, 7, 1000])
def test_looks_of_any_size_give_the_same_order(
    reader: TapeReader, redis_client: Any, keys: list[str], most: int
) -> None:
    """One partition holds far more than the others: what is behind its part of a look waits for the next."""
    for number in range(200):
        put(redis_client, keys[0 if number % 5 else number % 4], f"{number // 3 + 1}-{number % 3}")
    found = read_all(reader, reader.begin({}), most)
    assert len(found) == 200
    assert found == sorted(found, key=lambda one: (entry_order(one[1]), keys.index(one[0])))


def test_a_reader_beside_the_writers_sees_what_one_behind_them_sees(
    settings: Settings, reader: TapeReader, redis_client: Any, keys: list[str]
) -> None:
    """Four write as fast as they can, one reads beside them; later one reads all of it again."""
    each, stop = 3_000, threading.Event()

    def write(key: str) -> None:
        for _ in range(each // 100):
            with redis_client.pipeline(transaction=False) as pipe:
                for _ in range(100):
                    pipe.xadd(key, {"event": "e", "data": "{}"})
                pipe.execute()

    beside: list[tuple[str, str]] = []

    def read() -> None:
        positions = reader.begin({})
        while not (stop.is_set() and len(beside) == each * PARTITIONS):
            look = reader.look(positions, 50)
            positions = look.positions
            beside.extend((entry.stream, entry.entry_id) for entry in look.entries)

    threads = [threading.Thread(target=write, args=(key,)) for key in keys]
    reading = threading.Thread(target=read)
    for thread in (reading, *threads):
        thread.start()
    ended(*threads)
    stop.set()
    reading.join(60)
    assert not reading.is_alive()
    other = TapeReader(redis_url(settings), keys, GHOST_GROUP)
    assert read_all(other, other.begin({}), 10_000) == beside
    other.close()


def test_of_several_partitions_a_millisecond_that_is_not_over_is_waited_for(
    reader: TapeReader, redis_client: Any, keys: list[str]
) -> None:
    put(redis_client, keys[0], "5-0")
    put(redis_client, keys[1], f"{LATER}-0")
    positions = reader.begin({})
    look = reader.look(positions, 10)
    assert [entry.entry_id for entry in look.entries] == ["5-0"]
    assert look.ahead_ms is not None
    assert LATER - time.time() * 1000 - 60_000 < look.ahead_ms <= LATER


def test_however_much_lies_ahead_it_is_waited_for_and_not_looked_at_without_end(
    reader: TapeReader, redis_client: Any, keys: list[str]
) -> None:
    put(redis_client, keys[0], "5-0")
    for number in range(5):
        put(redis_client, keys[1], f"{LATER}-{number}")
    look = reader.look(reader.begin({}), 2)
    assert [entry.entry_id for entry in look.entries] == ["5-0"]
    look = reader.look(look.positions, 2)
    assert (look.entries, look.more) == ([], False)
    assert look.ahead_ms is not None
    assert look.ahead_ms > 60_000


def test_what_lies_ahead_does_not_hide_that_another_partition_holds_more(
    reader: TapeReader, redis_client: Any, keys: list[str]
) -> None:
    for number in range(5):
        put(redis_client, keys[0], f"{5 + number}-0")
        put(redis_client, keys[1], f"{LATER}-{number}")
    look = reader.look(reader.begin({}), 2)
    assert (len(look.entries), look.more, look.ahead_ms) == (2, True, None)


def test_one_partition_alone_is_not_waited_for(settings: Settings, redis_client: Any, key: str) -> None:
    put(redis_client, key, f"{LATER}-0")
    reader = TapeReader(redis_url(settings), [key], GHOST_GROUP)
    assert len(reader.look(reader.begin({}), 10).entries) == 1
    reader.close()


def test_waiting_ends_when_something_comes(reader: TapeReader, redis_client: Any, keys: list[str]) -> None:
    positions = reader.begin({})
    assert reader.wait(positions, 1) is False
    later = threading.Timer(0.05, put, (redis_client, keys[3]))
    later.start()
    assert reader.wait(positions, 20_000) is True
    ended(later)


def test_trimming_waits_for_its_place(
    settings: Settings, reader: TapeReader, redis_client: Any, keys: list[str]
) -> None:
    ids = [put(redis_client, keys[0]) for _ in range(10)]
    positions = reader.begin({})
    trimming = Consumer(redis_url(settings), "w-1", [keys[0]])
    trimming.ensure_group()
    entries = trimming.read_new(100)
    trimming.acknowledge({keys[0]: [entry.entry_id for entry in entries]})
    assert trimming.trim(f"{LATER}-0") == 0
    assert reader.follow({**positions, keys[0]: ids[5]}) == []
    assert trimming.trim(f"{LATER}-0") == 5
    assert [entry_id.decode() for entry_id, _ in redis_client.xrange(keys[0])] == ids[5:]
    trimming.close()


def test_a_flushed_stream_is_noticed(reader: TapeReader, redis_client: Any, keys: list[str]) -> None:
    put(redis_client, keys[0], "900-0")
    positions = reader.look(reader.begin({}), 10).positions
    assert reader.follow(positions) == []
    redis_client.delete(keys[0])
    assert reader.follow(positions) == [keys[0]]
    put(redis_client, keys[0], "7-0")
    again = reader.begin(positions)
    assert again[keys[0]] == START, "what is read next lies behind nothing that was there before"
    (group,) = redis_client.xinfo_groups(keys[0])
    assert group["last-delivered-id"] == b"0-0", "trimming waits for it again"
    assert [entry.entry_id for entry in reader.look(again, 10).entries] == ["7-0"]
    assert reader.follow({keys[0]: "7-0"}) == []


def test_a_stream_that_was_set_back_with_its_group_is_noticed(
    reader: TapeReader, redis_client: Any, keys: list[str]
) -> None:
    """As by a server that came back with an older state, and a clock that is behind."""
    put(redis_client, keys[0], "500-0")
    older = redis_client.dump(keys[0])
    put(redis_client, keys[0], "900-0")
    positions = reader.look(reader.begin({}), 10).positions
    redis_client.restore(keys[0], 0, older, replace=True)
    redis_client.xgroup_create(keys[0], GHOST_GROUP, id="500-0")
    put(redis_client, keys[0], "600-0")
    assert reader.follow(positions) == [keys[0]]
    again = reader.begin(positions)
    assert [entry.entry_id for entry in reader.look(again, 10).entries] == ["500-0", "600-0"]


def test_partitions_that_an_engine_adds_are_read_from_the_look_on_that_finds_them(
    settings: Settings, redis_client: Any
) -> None:
    keys = stream_keys(settings.stream, 5)
    reader = TapeReader(redis_url(settings), keys[:1], GHOST_GROUP, beyond=keys[1:])
    put(redis_client, keys[0], "1-0")
    positions = reader.begin({})
    put(redis_client, keys[3], "2-0")
    redis_client.set(stream_key(settings.stream, 4), "no stream")
    assert [entry.entry_id for entry in reader.look(positions, 10).entries] == ["1-0", "2-0"]
    assert reader.keys == [keys[0], keys[3]]
    reader.close()


def test_it_says_whether_it_still_reaches_back(
    reader: TapeReader, redis_client: Any, keys: list[str]
) -> None:
    for number in range(10):
        put(redis_client, keys[number % 2], f"{number + 1}-0")
    reader.begin({})
    assert reader.reaches_back(0)
    redis_client.xtrim(keys[0], minid="5-0", approximate=False)
    assert not reader.reaches_back(5)
    assert reader.reaches_back(6)


def test_it_can_be_read_again_from_a_millisecond_on(
    reader: TapeReader, redis_client: Any, keys: list[str]
) -> None:
    for number in range(10):
        put(redis_client, keys[number % 2], f"{number + 1}-0")
    reader.begin({})
    look = reader.look(before_ms(reader.keys, 9), 100)
    assert [place_of(entry.stream, entry.entry_id) for entry in look.entries] == [(9, 0, 0), (10, 0, 1)]
    assert len(reader.look(before_ms(reader.keys, 0), 100).entries) == 10


def test_a_server_of_a_cluster_is_refused_in_words(tmp_path: Path) -> None:
    with own_valkey(tmp_path / "valkey", "--cluster-enabled", "yes") as valkey:
        reader = TapeReader(Secret(valkey.url), ["s:{0}", "s:{1}"], GHOST_GROUP)
        with pytest.raises(SettingsError, match="a tape on one server"):
            eventually(lambda: reader.begin({}))
        reader.close()
