"""Who leaves a group, and what the check of it may hold against whom."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from consumer.lua import DELETE_IDLE_CONSUMER
from tests.simulation.kernel.machines import NS
from tests.simulation.redis.model import ModelRedis
from tests.simulation.worlds.audit_leaving import Leaving

_KEY, _GROUP = b"signaltape:{0}", b"worker"


class _Group:
    """Workers of one partition in a model of Redis, and the check that is told what they do."""

    def __init__(self) -> None:
        self.redis = ModelRedis(lambda: 1_000, "0" * 40)
        self._client = self.redis.connect()
        self.blamed: list[str] = []
        self.clock = SimpleNamespace(now_ns=0)
        world: Any = SimpleNamespace(
            redis=self.redis,
            redis_forgot=False,
            scheduler=self.clock,
            stream_keys=[_KEY],
            claim_idle_ms=5_000,
            fail=lambda _invariant, text: self.blamed.append(text),
        )
        self.leaving = Leaving(world)
        self.do(b"XGROUP", b"CREATE", _KEY, _GROUP, b"0", b"MKSTREAM")
        self.do(b"XADD", _KEY, b"1-0", b"event", b"record")

    def do(self, *argv: bytes) -> None:
        """A command is carried out, and the check hears of it."""
        self.redis.execute(self._client, argv)
        self.leaving.after(argv)

    def reads(self, name: bytes) -> None:
        self.leaving.begins(name.decode())
        self.do(b"XREADGROUP", b"GROUP", _GROUP, name, b"STREAMS", _KEY, b">")

    def leaves(self, name: bytes) -> None:
        self.do(b"EVAL", DELETE_IDLE_CONSUMER.encode(), b"1", _KEY, _GROUP, name, b"0")

    def takes_over(self, name: bytes) -> None:
        self.do(b"XAUTOCLAIM", _KEY, _GROUP, name, b"0", b"0-0")

    def ends(self, name: bytes) -> None:
        process: Any = object()
        self.leaving.ended(process, name.decode())


@pytest.fixture
def group() -> _Group:
    return _Group()


def test_who_holds_nothing_and_leaves_is_no_consumer(group: _Group) -> None:
    group.reads(b"one")
    group.do(b"XACK", _KEY, _GROUP, b"1-0")
    group.leaves(b"one")
    group.ends(b"one")
    assert (group.blamed, group.redis.held_by(_KEY, _GROUP)) == ([], {})


def test_who_ends_without_leaving_is_at_fault(group: _Group) -> None:
    group.reads(b"one")
    group.do(b"XACK", _KEY, _GROUP, b"1-0")
    group.ends(b"one")
    assert group.blamed == ["one, which holds nothing, is a consumer of b'signaltape:{0}'"]


def test_what_is_taken_over_from_who_has_left_already_is_not_its_fault(group: _Group) -> None:
    group.reads(b"one")
    group.leaves(b"one")
    group.takes_over(b"another")
    group.ends(b"one")
    assert (group.blamed, group.redis.held_by(_KEY, _GROUP)) == ([], {b"one": 0, b"another": 1})


def test_what_one_life_left_excuses_no_later_one(group: _Group) -> None:
    group.reads(b"one")
    group.leaves(b"one")
    group.takes_over(b"another")
    group.reads(b"one")
    group.ends(b"one")
    assert len(group.blamed) == 1


def test_the_dead_are_to_be_deleted_in_time_by_those_who_live(group: _Group) -> None:
    group.reads(b"gone")
    assert not group.leaving.none_is_left({"alive"})
    assert group.blamed == []
    group.clock.now_ns += 1_000 * NS
    assert not group.leaving.none_is_left({"alive"})
    assert group.blamed == ["for 135 s nobody deletes of the dead: gone of signaltape:{0}, which holds 1"]


def test_those_who_live_may_stay(group: _Group) -> None:
    group.reads(b"alive")
    group.clock.now_ns += 1_000 * NS
    assert group.leaving.none_is_left({"alive"})
    assert group.blamed == []
