"""Commands on keys of any kind, and on strings."""

from __future__ import annotations

from tests.simulation.redis.command import Call, command, integer, syntax_error
from tests.simulation.redis.data import Stream, Value
from tests.simulation.redis.errors import WRONG_TYPE, CommandError, err, shown
from tests.simulation.redis.resp import OK, Reply, Status

#: What a key takes in memory beside its data, and a stream, a node of one, an entry; seen at a real server.
_KEY_BYTES = 72
_STREAM_BYTES = 248
_NODE_BYTES = 4096
_ENTRY_BYTES = 12
_PENDING_BYTES = 100


@command("get", 2)
def get(call: Call, argv: list[bytes]) -> Reply:
    """GET key"""
    value = call.value(argv[1])
    if value is None or isinstance(value, bytes):
        return value
    raise CommandError(WRONG_TYPE)


@command("set", -3, writes=True, grows=True)
def set_(call: Call, argv: list[bytes]) -> Reply:
    """SET key value"""
    if len(argv) > 3:
        raise syntax_error()
    call.put(argv[1], argv[2])
    call.database.expires_ms.pop(argv[1], None)
    return OK


@command("del", -2, writes=True)
@command("unlink", -2, writes=True)
def delete(call: Call, argv: list[bytes]) -> Reply:
    """DEL key …"""
    return sum([call.value(key) is not None and call.delete(key) for key in argv[1:]])


@command("exists", -2)
def exists(call: Call, argv: list[bytes]) -> Reply:
    """EXISTS key …"""
    return sum([call.value(key) is not None for key in argv[1:]])


@command("type", 2)
def type_(call: Call, argv: list[bytes]) -> Reply:
    """TYPE key"""
    value = call.value(argv[1])
    if value is None:
        return Status(b"none")
    if isinstance(value, Stream):
        return Status(b"stream")
    return Status(b"string" if isinstance(value, bytes) else b"hash")


@command("expire", -3, writes=True)
def expire(call: Call, argv: list[bytes]) -> Reply:
    """EXPIRE key seconds"""
    if len(argv) > 3:
        raise err(f"Unsupported option {shown(argv[3])}")
    seconds = integer(argv[2])
    if call.value(argv[1]) is None:
        return 0
    call.database.expires_ms[argv[1]] = call.now_ms + 1000 * seconds
    call.value(argv[1])
    return 1


@command("memory|usage", -3)
def memory_usage(call: Call, argv: list[bytes]) -> Reply:
    """MEMORY USAGE key [SAMPLES count]"""
    if len(argv) > 3 and (len(argv) != 5 or argv[3].upper() != b"SAMPLES" or integer(argv[4]) < 0):
        raise syntax_error()
    value = call.value(argv[2])
    return None if value is None else _KEY_BYTES + len(argv[2]) + size_of(value)


def size_of(value: Value) -> int:
    """About what a value takes in memory."""
    if isinstance(value, bytes):
        return len(value)
    if isinstance(value, dict):
        return sum(len(name) + len(data) + 4 for name, data in value.items())
    size = _STREAM_BYTES + (_NODE_BYTES if len(value.entries) else 0)
    size += sum(_ENTRY_BYTES + sum(map(len, fields)) for fields in value.entries.of.values())
    return size + _PENDING_BYTES * sum(len(group.pending) for group in value.groups.values())
