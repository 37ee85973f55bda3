"""What the server tells of itself, and commands on all of it: INFO, CONFIG, TIME, FLUSHALL."""

from __future__ import annotations

from fnmatch import fnmatchcase

from tests.simulation.redis.command import Call, command
from tests.simulation.redis.errors import err, shown, wrong_arity
from tests.simulation.redis.keys import size_of
from tests.simulation.redis.resp import OK, Reply

VERSION = b"9.1.2"
#: What CONFIG GET tells, and CONFIG SET changes: the settings of the embedded server.
CONFIG = {
    b"appendfsync": b"everysec",
    b"appendonly": b"yes",
    b"maxmemory": b"0",
    b"maxmemory-policy": b"noeviction",
    b"save": b"",
}
_START_BYTES = 1_000_000
_MACHINE_BYTES = 8 * 2**30
_SECTIONS = ("server", "clients", "memory", "persistence", "replication", "keyspace")
_ALL = {"default", "all", "everything"}


@command("info", -1, while_loading=True)
def info(call: Call, argv: list[bytes]) -> Reply:
    """INFO [section …]"""
    wanted = {shown(word).lower() for word in argv[1:]} or {"default"}
    texts = [
        f"# {name.capitalize()}\r\n"
        + "".join(f"{field}:{value}\r\n" for field, value in _section(call, name))
        for name in _SECTIONS
        if name in wanted or wanted & _ALL
    ]
    return "\r\n".join(texts).encode()


@command("config|get", -3, while_loading=True, no_script=True)
def config_get(call: Call, argv: list[bytes]) -> Reply:
    """CONFIG GET pattern …"""
    patterns = [shown(word).lower() for word in argv[2:]]
    return [
        part
        for name, value in call.server.config.items()
        if any(fnmatchcase(shown(name), pattern) for pattern in patterns)
        for part in (name, value)
    ]


@command("config|set", -4, while_loading=True, no_script=True)
def config_set(call: Call, argv: list[bytes]) -> Reply:
    """CONFIG SET name value …"""
    if len(argv) % 2:
        raise wrong_arity("config|set")
    changes = dict(zip(argv[2::2], argv[3::2], strict=True))
    for name in changes:
        if name not in call.server.config:
            raise err(
                f"Unknown option or number of arguments for CONFIG SET - '{shown(name)}'",
            )
    call.server.config.update(changes)
    return OK


@command("time", 1, while_loading=True)
def time(call: Call, argv: list[bytes]) -> Reply:
    """TIME"""
    return [b"%d" % (call.now_ms // 1000), b"%d" % (call.now_ms % 1000 * 1000)]


@command("flushall", -1, writes=True)
@command("flushdb", -1, writes=True)
def flush(call: Call, argv: list[bytes]) -> Reply:
    """FLUSHALL and FLUSHDB"""
    call.server.flush(None if argv[0].upper() == b"FLUSHALL" else call.client.database)
    return OK


def _section(call: Call, name: str) -> list[tuple[str, object]]:
    server = call.server
    config = {shown(option): shown(value) for option, value in server.config.items()}
    if name == "server":
        return [
            ("redis_version", "7.2.4"),
            ("server_name", "valkey"),
            ("valkey_version", shown(VERSION)),
            ("redis_mode", "standalone"),
            ("run_id", server.run_id),
            ("server_time_usec", call.now_ms * 1000),
        ]
    if name == "clients":
        return [("connected_clients", len(server.clients)), ("blocked_clients", server.blocked)]
    if name == "memory":
        used = _START_BYTES + sum(
            size_of(value) for database in server.databases for value in database.values.values()
        )
        return [
            ("used_memory", used),
            ("total_system_memory", _MACHINE_BYTES),
            ("maxmemory", used if server.out_of_memory else config["maxmemory"]),
            ("maxmemory_policy", config["maxmemory-policy"]),
        ]
    if name == "persistence":
        return [
            ("loading", int(server.loading)),
            ("rdb_last_bgsave_status", "ok"),
            ("aof_enabled", int(config["appendonly"] == "yes")),
            ("aof_last_write_status", "ok"),
        ]
    if name == "replication":
        return [("role", "slave" if server.read_only else "master")]
    return [
        (f"db{number}", f"keys={len(database.values)},expires={len(database.expires_ms)},avg_ttl=0")
        for number, database in enumerate(server.databases)
        if database.values
    ]
