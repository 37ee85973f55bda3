"""Faults of Redis and of the way to it."""

from __future__ import annotations

import os
import shutil
import signal
from typing import Any

from deploy.embedded.valkey import Valkey
from tests.chaos.registry import fault
from tests.chaos.rig import KEY, Rig
from tests.support.waiting import eventually

#: Longer than the clients wait for an answer.
_LONGER_THAN_TIMEOUTS_S = 6.0


def _kill(rig: Rig) -> None:
    os.kill(rig.valkey.pid, signal.SIGKILL)
    rig.valkey.stop()


@fault(soak=True)
def redis_kill_9(rig: Rig) -> None:
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


@fault()
def failover_to_a_lagging_replica(rig: Rig) -> None:
    """The replica lost contact half a second before the master died, and takes over without what came since."""
    folder = rig.home / "replica"
    replica = Valkey(folder, rig.home / "r.sock")
    client, master = rig.redis(), rig.valkey
    port = rig.redis_proxy.port
    replica.start()
    second = _client(replica)
    second.replicaof("127.0.0.1", port)  # through the proxy, as everybody
    eventually(lambda: second.info("replication")["master_link_status"] == "up", timeout=30)
    eventually(lambda: second.xlen(KEY) > 0)
    second.config_set("replica-read-only", "yes")
    second.execute_command("REPLICAOF", "127.0.0.1", "1")
    rig.pause(0.5)
    lag = client.xlen(KEY) - second.xlen(KEY)
    assert lag > 0, "the replica must lag, or this tests nothing"
    os.kill(master.pid, signal.SIGKILL)
    second.execute_command("REPLICAOF", "NO", "ONE")
    rig.valkey = replica
    rig.redis_proxy.target = str(rig.home / "r.sock")
    rig.redis_proxy.cut()
    master.stop()
    client.close()
    second.close()


@fault(soak=True)
def redis_restart(rig: Rig) -> None:
    rig.valkey.stop()
    rig.valkey.start()


@fault()
def redis_sigstop(rig: Rig) -> None:
    os.kill(rig.valkey.pid, signal.SIGSTOP)
    rig.pause(_LONGER_THAN_TIMEOUTS_S)
    os.kill(rig.valkey.pid, signal.SIGCONT)


@fault(soak=True)
def redis_out_of_memory(rig: Rig) -> None:
    with rig.redis() as client:
        client.config_set("maxmemory", "1")
        rig.pause(1.0)
        client.config_set("maxmemory", "0")


@fault()
def redis_misconf(rig: Rig) -> None:
    """Its snapshots fail, so it refuses writes."""
    with rig.redis() as client:
        folder = client.config_get("dir")[b"dir"]
        client.config_set("save", "3600 1")
        client.config_set("dir", "/proc")
        client.bgsave()
        eventually(lambda: client.info("persistence")["rdb_last_bgsave_status"] == "err")
        rig.pause(1.0)
        client.config_set("dir", folder)
        client.config_set("save", "")


@fault(soak=True)
def redis_becomes_a_read_only_replica(rig: Rig) -> None:
    with rig.redis() as client:
        client.execute_command("REPLICAOF", "127.0.0.1", "1")
        rig.pause(1.0)
        client.execute_command("REPLICAOF", "NO", "ONE")


@fault(soak=True)
def client_kill(rig: Rig) -> int:
    with rig.redis() as client:
        for _ in range(10):
            client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            rig.pause(0.1)
    return 10


@fault(soak=True)
def flushall(rig: Rig) -> None:
    with rig.redis() as client:
        client.flushall()


@fault(soak=True)
def stream_deleted(rig: Rig) -> None:
    with rig.redis() as client:
        client.delete(KEY)


@fault()
def group_destroyed(rig: Rig) -> None:
    with rig.redis() as client:
        client.xgroup_destroy(KEY, "worker")


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
    import redis

    return redis.Redis.from_url(server.url, protocol=2)
