"""Faults of Redis and of the way to it."""

from __future__ import annotations

import os
import shutil
import signal
from typing import Any

import redis

from deploy.embedded.valkey import Valkey
from tests.chaos.registry import fault, usual
from tests.chaos.rig import Rig
from tests.support.waiting import eventually

#: Longer than the clients wait for an answer.
_LONGER_THAN_TIMEOUTS_S = 6.0


def _kill(rig: Rig) -> None:
    os.kill(rig.valkey.pid, signal.SIGKILL)
    rig.valkey.stop()


@fault(soak=True)
def redis_kill_9(rig: Rig) -> None:
    with rig.valkey_hands:
        _kill(rig)
        rig.pause(0.5)
        rig.valkey.start()


@fault()
def redis_forgets_the_last_second(rig: Rig) -> None:
    """Killed, and the end of its append-only file was not on disk yet."""
    _kill(rig)
    (increment,) = (rig.home / "valkey" / "appendonlydir").glob("*.incr.aof")
    with increment.open("r+b") as file:
        file.truncate(max(0, increment.stat().st_size * 2 // 3))
    rig.valkey.start()


@fault()
def redis_comes_back_empty(rig: Rig) -> None:
    _kill(rig)
    shutil.rmtree(rig.home / "valkey" / "appendonlydir")
    rig.valkey.start()


def _with_replica(rig: Rig) -> None:
    """A second Valkey follows the first, through the proxy as everybody."""
    replica = Valkey(rig.home / "replica", rig.home / "r.sock")
    replica.start()
    rig.replica = replica
    with rig.redis() as master, _client(replica) as follower:
        master.config_set("repl-diskless-sync-delay", "0")
        follower.replicaof("127.0.0.1", rig.redis_proxy.port)
        eventually(lambda: follower.info("replication")["master_link_status"] == "up", timeout=30)
    usual(rig)


@fault(_with_replica)
def failover_to_a_lagging_replica(rig: Rig) -> None:
    """The replica loses contact a moment before the master dies, and takes over without what came since."""
    master, replica = rig.valkey, rig.replica
    assert replica is not None
    with rig.redis() as before, _client(replica) as after:
        after.execute_command("REPLICAOF", "127.0.0.1", "1")
        rig.pause(0.4)
        lag = sum(before.xlen(key) - after.xlen(key) for key in rig.keys)
        assert lag > 0, "the replica must lag, or this tests nothing"
        os.kill(master.pid, signal.SIGKILL)
        after.execute_command("REPLICAOF", "NO", "ONE")
    rig.valkey, rig.replica = replica, None
    rig.redis_proxy.target = str(rig.home / "r.sock")
    rig.redis_proxy.cut()
    master.stop()


@fault(soak=True)
def redis_restart(rig: Rig) -> None:
    with rig.valkey_hands:
        rig.valkey.stop()
        rig.valkey.start()


@fault()
def redis_sigstop(rig: Rig) -> None:
    os.kill(rig.valkey.pid, signal.SIGSTOP)
    rig.pause(_LONGER_THAN_TIMEOUTS_S)
    os.kill(rig.valkey.pid, signal.SIGCONT)


@fault(soak=True)
def redis_out_of_memory(rig: Rig) -> None:
    rig.on_redis(lambda client: client.config_set("maxmemory", "1"))
    rig.pause(1.0)
    rig.on_redis(lambda client: client.config_set("maxmemory", "0"))


@fault()
def redis_misconf(rig: Rig) -> None:
    """Its snapshots fail, so it refuses writes."""
    with rig.redis() as client:
        folder = next(iter(client.config_get("dir").values()))
        client.config_set("save", "3600 1")
        client.config_set("dir", "/proc")
        client.bgsave()
        eventually(lambda: client.info("persistence")["rdb_last_bgsave_status"] == "err")
        rig.pause(1.0)
        client.config_set("dir", folder)
        client.config_set("save", "")


@fault(soak=True)
def redis_becomes_a_read_only_replica(rig: Rig) -> None:
    rig.on_redis(lambda client: client.execute_command("REPLICAOF", "127.0.0.1", "1"))
    rig.pause(1.0)
    rig.on_redis(lambda client: client.execute_command("REPLICAOF", "NO", "ONE"))


@fault(soak=True)
def client_kill(rig: Rig) -> int:
    for _ in range(10):
        rig.on_redis(
            lambda client: client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        )
        rig.pause(0.1)
    return 10


@fault(soak=True)
def flushall(rig: Rig) -> None:
    rig.on_redis(lambda client: client.flushall())


@fault(soak=True)
def stream_deleted(rig: Rig) -> None:
    rig.on_redis(lambda client: client.delete(*rig.keys))


@fault()
def group_destroyed(rig: Rig) -> None:
    rig.await_stored(1)  # by then the group is there
    with rig.redis() as client:
        for key in rig.keys:
            client.xgroup_destroy(key, "worker")


@fault()
def half_open_connections(rig: Rig) -> None:
    rig.redis_proxy.freeze()
    rig.pause(_LONGER_THAN_TIMEOUTS_S)
    rig.redis_proxy.freeze(False)
    rig.redis_proxy.cut()


@fault()
def slow_connections(rig: Rig) -> None:
    rig.redis_proxy.slow(0.05)
    rig.pause(3.0)
    rig.redis_proxy.slow(0)


@fault(soak=True)
def connections_cut(rig: Rig) -> int:
    for _ in range(10):
        rig.redis_proxy.cut()
        rig.pause(0.1)
    return 10


def _client(server: Valkey) -> Any:
    return redis.Redis.from_url(server.url, protocol=2)
