"""What a real Redis cannot be asked at will: waiting, full memory, restarts, a clock that jumps."""

from __future__ import annotations

from typing import Any

import hiredis
import pytest

from consumer.lua import STRIKE_OUT
from tests.simulation.redis.client import Client
from tests.simulation.redis.model import ModelRedis
from tests.simulation.redis.resp import Requests, decode

_START_MS = 1_700_000_000_000


class Bench:
    """A model, its clock, and what its clients are told."""

    def __init__(self) -> None:
        self.now_ms = _START_MS
        self.server = ModelRedis(lambda: self.now_ms, "first")
        self.client = self.server.connect()

    def ask(self, *words: str | int, client: Client | None = None) -> Any:
        """The answer to a command: None also if the client waits now; an error is its text."""
        reply = self.server.execute(client or self.client, [str(word).encode() for word in words])
        return None if reply is None else told(reply)

    def waits(self, name: str, *options: str | int, keys: tuple[str, ...] = ("s",)) -> Client:
        """A client that waits for entries."""
        client = self.server.connect()
        words = ["XREADGROUP", "GROUP", "g", name, *options, "STREAMS", *keys, *(">" for _ in keys)]
        assert self.server.execute(client, [str(word).encode() for word in words]) is None
        return client

    def served(self) -> list[tuple[Client, Any]]:
        return [(client, told(reply)) for client, reply in self.server.served()]


def told(reply: bytes) -> Any:
    answer = decode(reply)
    return str(answer) if isinstance(answer, hiredis.ReplyError) else answer


@pytest.fixture
def bench() -> Bench:
    made = Bench()
    for key in ("s", "t"):
        made.ask("XGROUP", "CREATE", key, "g", "0", "MKSTREAM")
    return made


def test_an_entry_goes_to_the_one_who_waits_longest(bench: Bench) -> None:
    first, second = bench.waits("a", "BLOCK", 0), bench.waits("b", "BLOCK", 0)
    bench.ask("XADD", "s", "1-1", "f", "v")
    assert bench.served() == [(first, [[b"s", [[b"1-1", [b"f", b"v"]]]]])]
    bench.ask("XADD", "s", "1-2", "f", "v")
    assert bench.served() == [(second, [[b"s", [[b"1-2", [b"f", b"v"]]]]])]


def test_one_who_waits_for_several_streams_is_served_from_any(bench: Bench) -> None:
    client = bench.waits("a", "BLOCK", 0, keys=("s", "t"))
    bench.ask("XADD", "t", "1-1", "f", "v")
    assert bench.served() == [(client, [[b"t", [[b"1-1", [b"f", b"v"]]]]])]


def test_waiting_ends_when_its_time_is_over(bench: Bench) -> None:
    client = bench.waits("a", "BLOCK", 500)
    assert bench.server.next_deadline_ms() == _START_MS + 500
    bench.now_ms += 499
    assert bench.served() == []
    bench.now_ms += 1
    assert bench.served() == [(client, None)]
    assert bench.server.next_deadline_ms() is None


def test_who_finds_nothing_after_all_waits_no_longer_than_before(bench: Bench) -> None:
    bench.waits("a", "BLOCK", 0)
    late = bench.waits("b", "BLOCK", 500)
    bench.now_ms += 400
    bench.ask("XADD", "s", "1-1", "f", "v")
    assert len(bench.served()) == 1
    assert bench.server.next_deadline_ms() == _START_MS + 500
    bench.now_ms += 100
    assert bench.served() == [(late, None)]


@pytest.mark.parametrize("words", [("XGROUP", "DESTROY", "s", "g"), ("DEL", "s"), ("FLUSHALL",)])
def test_who_waits_is_told_that_the_group_is_gone(bench: Bench, words: tuple[str, ...]) -> None:
    client = bench.waits("a", "BLOCK", 0)
    bench.ask(*words)
    assert bench.served() == [
        (client, "NOGROUP No such key 's' or consumer group 'g' in XREADGROUP with GROUP option")
    ]


def test_who_waits_is_told_of_an_eviction(bench: Bench) -> None:
    client = bench.waits("a", "BLOCK", 0)
    bench.server.evict(b"s")
    ((told_to, answer),) = bench.served()
    assert told_to is client
    assert answer.startswith("NOGROUP")


def test_a_connection_that_is_gone_takes_no_entry(bench: Bench) -> None:
    gone, there = bench.waits("a", "BLOCK", 0), bench.waits("b", "BLOCK", 0)
    bench.server.disconnect(gone)
    bench.ask("XADD", "s", "1-1", "f", "v")
    assert [client for client, _ in bench.served()] == [there]
    assert {held[0] for held in bench.server.pending(b"s", b"g").values()} == {b"b"}


def test_full_memory_refuses_what_takes_more(bench: Bench) -> None:
    bench.server.out_of_memory = True
    refusal = "OOM command not allowed when used memory > 'maxmemory'."
    assert bench.ask("XADD", "s", "1-1", "f", "v") == refusal
    assert bench.ask("XGROUP", "CREATE", "s", "g", "0") == refusal
    assert bench.ask("XLEN", "s") == 0
    assert bench.ask("EVAL", "return redis.pcall('HINCRBY', 'h', 'f', 1)", 0) == refusal


def test_a_script_that_has_begun_to_write_may_go_on(bench: Bench) -> None:
    bench.ask("XADD", "s", "1-1", "f", "v")
    bench.ask("XREADGROUP", "GROUP", "g", "a", "STREAMS", "s", ">")
    bench.server.out_of_memory = True
    assert bench.ask("EVAL", STRIKE_OUT, 2, "s", "vanished", "g", "1-1") == [1, 0]
    assert bench.ask("HGETALL", "vanished") == [b"g", b"1"]


def test_a_replica_reads_and_lets_nobody_wait(bench: Bench) -> None:
    client = bench.waits("a", "BLOCK", 0)
    bench.server.read_only = True
    assert bench.served() == [
        (
            client,
            "UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)",
        )
    ]
    assert bench.ask("XADD", "s", "*", "f", "v") == "READONLY You can't write against a read only replica."
    assert bench.ask("XLEN", "s") == 0


def test_while_loading_only_the_server_itself_is_known(bench: Bench) -> None:
    bench.server.loading = True
    assert bench.ask("XLEN", "s").startswith("LOADING ")
    assert b"loading:1" in bench.ask("INFO")


def test_what_a_user_may_not_call_is_refused_to_scripts_too(bench: Bench) -> None:
    bench.server.refused = {"xinfo|stream", "xadd"}
    assert (
        bench.ask("XADD", "s", "*", "f", "v")
        == "NOPERM User default has no permissions to run the 'xadd' command"
    )
    assert "'xinfo|stream'" in bench.ask("XINFO", "STREAM", "s")
    assert "ACL failure in script" in bench.ask("EVAL", "return redis.call('XADD', 's', '*', 'f', 'v')", 0)
    assert isinstance(bench.ask("XINFO", "GROUPS", "s"), list)


def test_a_restart_brings_back_what_was_saved(bench: Bench) -> None:
    bench.ask("XADD", "s", "1-1", "f", "v")
    bench.ask("XREADGROUP", "GROUP", "g", "a", "STREAMS", "s", ">")
    bench.ask("HSET", "h", "f", "v")
    before = bench.ask("XINFO", "STREAM", "s", "FULL")
    snapshot = bench.server.save()
    bench.ask("XADD", "s", "1-2", "f", "v")
    bench.ask("XACK", "s", "g", "1-1")
    bench.ask("HSET", "h", "f", "w")
    for run_id in ("second", "third"):
        bench.server.load(snapshot, run_id)
        bench.now_ms += 1000
        bench.client = bench.server.connect()
        assert bench.ask("XINFO", "STREAM", "s", "FULL") == before
        assert bench.ask("HGETALL", "h") == [b"f", b"v"]
        assert f"run_id:{run_id}".encode() in bench.ask("INFO", "server")
        bench.ask("XACK", "s", "g", "1-1")
    bench.server.load(snapshot, "fourth")
    assert bench.ask("XPENDING", "s", "g", "-", "+", 9, client=bench.server.connect()) == [
        [b"1-1", b"a", 2000, 1]
    ]


def test_ids_never_go_back_with_the_clock(bench: Bench) -> None:
    assert bench.ask("XADD", "s", "*", "f", "v") == b"%d-0" % _START_MS
    bench.now_ms -= 5000
    assert bench.ask("XADD", "s", "*", "f", "v") == b"%d-1" % _START_MS
    bench.now_ms += 5001
    assert bench.ask("XADD", "s", "*", "f", "v") == b"%d-0" % (_START_MS + 1)


def test_a_clock_set_back_makes_nothing_idle(bench: Bench) -> None:
    bench.ask("XADD", "s", "1-1", "f", "v")
    bench.ask("XREADGROUP", "GROUP", "g", "a", "STREAMS", "s", ">")
    bench.now_ms -= 5000
    assert bench.ask("XPENDING", "s", "g", "-", "+", 9) == [[b"1-1", b"a", 0, 1]]
    assert bench.ask("XAUTOCLAIM", "s", "g", "b", 1, "0-0") == [b"0-0", [], []]
    bench.now_ms += 6000
    assert bench.ask("XAUTOCLAIM", "s", "g", "b", 1000, "0-0")[1] == [[b"1-1", [b"f", b"v"]]]


def test_a_key_that_has_expired_is_gone(bench: Bench) -> None:
    bench.ask("SET", "k", "v")
    bench.ask("EXPIRE", "k", 2)
    bench.now_ms += 1999
    assert bench.ask("GET", "k") == b"v"
    bench.now_ms += 1
    assert bench.ask("EXISTS", "k") == 0


def test_faults_and_looks_need_no_client(bench: Bench) -> None:
    bench.ask("XADD", "s", "1-1", "f", "v")
    bench.ask("XADD", "s", "1-2", "f", "w")
    bench.ask("XREADGROUP", "GROUP", "g", "a", "STREAMS", "s", ">")
    bench.server.delete_entry(b"s", (1, 1))
    assert bench.server.entries(b"s") == [((1, 2), [b"f", b"w"])]
    assert bench.server.pending(b"s", b"g") == {(1, 1): (b"a", _START_MS, 1), (1, 2): (b"a", _START_MS, 1)}
    assert bench.server.groups(b"s") == {b"g": (1, 2)}
    assert bench.ask("XINFO", "STREAM", "s")[9] == b"1-1"
    bench.server.flush()
    assert bench.server.streams() == []


def test_commands_come_out_of_bytes_whole() -> None:
    requests = Requests()
    data = b"".join([hiredis.pack_command((b"PING",)), hiredis.pack_command((b"GET", b"a\r\nb"))])  # type: ignore[arg-type]
    found = [command for place in range(len(data)) for command in requests.feed(data[place : place + 1])]
    assert found == [[b"PING"], [b"GET", b"a\r\nb"]]
