"""Commands on hashes."""

from __future__ import annotations

from tests.simulation.redis.command import Call, command, integer
from tests.simulation.redis.data import Hash
from tests.simulation.redis.errors import err, wrong_arity
from tests.simulation.redis.resp import Reply


@command("hset", -4, writes=True, grows=True)
def hset(call: Call, argv: list[bytes]) -> Reply:
    """HSET key field value …"""
    if len(argv) % 2:
        raise wrong_arity("hset")
    held = _made(call, argv[1])
    before = len(held)
    held.update(zip(argv[2::2], argv[3::2], strict=True))
    return len(held) - before


@command("hget", 3)
def hget(call: Call, argv: list[bytes]) -> Reply:
    """HGET key field"""
    return (call.hash(argv[1]) or {}).get(argv[2])


@command("hgetall", 2)
def hgetall(call: Call, argv: list[bytes]) -> Reply:
    """HGETALL key"""
    return [part for pair in (call.hash(argv[1]) or {}).items() for part in pair]


@command("hlen", 2)
def hlen(call: Call, argv: list[bytes]) -> Reply:
    """HLEN key"""
    return len(call.hash(argv[1]) or {})


@command("hdel", -3, writes=True)
def hdel(call: Call, argv: list[bytes]) -> Reply:
    """HDEL key field …"""
    held = call.hash(argv[1])
    if held is None:
        return 0
    gone = sum([held.pop(name, None) is not None for name in argv[2:]])
    if not held:
        call.delete(argv[1])
    return gone


@command("hincrby", 4, writes=True, grows=True)
def hincrby(call: Call, argv: list[bytes]) -> Reply:
    """HINCRBY key field increment"""
    added = integer(argv[3])
    held = call.hash(argv[1]) or {}
    number = integer(held.get(argv[2], b"0"), "hash value is not an integer") + added
    if not -(2**63) <= number < 2**63:
        raise err("increment or decrement would overflow")
    _made(call, argv[1])[argv[2]] = b"%d" % number
    return number


def _made(call: Call, key: bytes) -> Hash:
    held = call.hash(key)
    if held is None:
        held = {}
        call.put(key, held)
    return held
