"""Commands that a Redis mostly refuses, and scripts at the edges of what Lua and its protocol share."""

from __future__ import annotations

_READ = "return redis.call('XREADGROUP', 'GROUP', 'worker', 'c1', 'COUNT', 1, 'BLOCK', 0, 'STREAMS', KEYS[1], '>')"
ODD_COMMANDS = (
    ("PING",),
    ("PING", "x"),
    ("NONSENSE", "a", "b"),
    ("XINFO", "NONSENSE", "s{0}"),
    ("XGROUP",),
    ("SELECT", "99"),
    ("EXPIRE", "none", "10"),
    ("EXPIRE", "none", "x"),
    ("EVALSHA", "abc", "0"),
    ("EVALSHA", "0" * 40, "0"),
    ("EVAL", "return redis.call('XINFO', 'STREAM', 'nowhere')", "0"),
    ("EVAL", "\n\nreturn redis.call('NONSENSE')", "0"),
    ("EVAL", "return redis.call()", "0"),
    ("EVAL", "return redis.call('XLEN')", "0"),
    ("EVAL", "return redis.call('XLEN', {})", "0"),
    ("EVAL", "return redis.call('AUTH', 'x')", "0"),
    ("EVAL", "return redis.pcall('XLEN', 'string')", "0"),
    ("EVAL", "return redis.pcall('XLEN', KEYS[1]).err", "1", "string"),
    ("EVAL", "return {1, 2.9, -2.9, 'x', {ok = 'y'}, {err = 'z'}, {3}, {}, true, false, nil, 4}", "0"),
    ("EVAL", "return {KEYS[1], ARGV[1], #ARGV, redis.call('XLEN', KEYS[1])}", "1", "s{0}", "a", "b"),
    ("EVAL", "redis.call('SET', 'number', ARGV[1] / 3) return redis.call('GET', 'number')", "0", "9"),
    ("EVAL", "redis.call('SET', 'number', ARGV[1] / 3) return redis.call('GET', 'number')", "0", "1"),
    ("EVAL", _READ, "1", "s{1}"),
    ("EVAL", _READ, "1", "s{2}"),
    ("EVAL", "mine = 1", "0"),
    ("EVAL", "return mine", "0"),
    ("EVAL", "return ]", "0"),
    ("EVAL", "error('mine')", "0"),
    ("EVAL", "return 1", "2", "a"),
    ("EVAL", "return 1", "x"),
)
