"""Commands that read a stream: XLEN, XRANGE, XREVRANGE, XREADGROUP."""

from __future__ import annotations

from typing import NamedTuple

from tests.simulation.redis import ids
from tests.simulation.redis.command import Call, command, integer, syntax_error
from tests.simulation.redis.counting import count_read
from tests.simulation.redis.data import Consumer, Group, Stream
from tests.simulation.redis.errors import CommandError, err, shown
from tests.simulation.redis.ids import Id
from tests.simulation.redis.resp import NULL_ARRAY, Reply


class Blocks(NamedTuple):
    """There is nothing to be read: the client waits."""

    keys: frozenset[bytes]
    deadline_ms: int | None


class Reading(NamedTuple):
    """What XREADGROUP asks for."""

    group: bytes
    consumer: bytes
    most: int
    #: 0: for ever; None: not at all
    block_ms: int | None
    acknowledges: bool
    keys: list[bytes]
    #: for each key, behind which id; None: what nobody was given yet
    after: list[bytes]


def shown_entry(stream: Stream, entry_id: Id) -> Reply:
    """An entry as replies have it."""
    return [ids.show(entry_id), stream.entries.of[entry_id]]


@command("xlen", 2)
def xlen(call: Call, argv: list[bytes]) -> Reply:
    """XLEN key"""
    stream = call.stream(argv[1])
    return 0 if stream is None else len(stream.entries)


@command("xrange", -4)
def xrange(call: Call, argv: list[bytes]) -> Reply:
    """XRANGE key start end [COUNT count]"""
    return _range(call, argv, argv[2], argv[3], 1)


@command("xrevrange", -4)
def xrevrange(call: Call, argv: list[bytes]) -> Reply:
    """XREVRANGE key end start [COUNT count]"""
    return _range(call, argv, argv[3], argv[2], -1)


def _range(call: Call, argv: list[bytes], start_word: bytes, end_word: bytes, step: int) -> Reply:
    start, end = ids.parse_start(start_word), ids.parse_end(end_word)
    count = None
    for place in range(4, len(argv), 2):
        if argv[place].upper() != b"COUNT" or place + 1 == len(argv):
            raise syntax_error()
        count = max(0, integer(argv[place + 1]))
    stream = call.stream(argv[1])
    if stream is None:
        return []
    if count == 0:
        return NULL_ARRAY
    return [shown_entry(stream, entry_id) for entry_id in stream.entries.between(start, end)[::step][:count]]


@command("xreadgroup", -7, writes=True)
def xreadgroup(call: Call, argv: list[bytes]) -> Reply:
    """XREADGROUP GROUP group consumer [COUNT count] [BLOCK ms] [NOACK] STREAMS key … id …"""
    reading = _reading(argv)
    groups = [
        _group(call, key, reading.group, word) for key, word in zip(reading.keys, reading.after, strict=True)
    ]
    answers = []
    for key, after, (stream, group, start) in zip(reading.keys, reading.after, groups, strict=True):
        consumer = group.consumer(reading.consumer, call.now_ms)
        if after != b">":
            answers.append([key, _history(call, stream, group, consumer, start, reading.most)])
        elif stream.entries.ids and stream.entries.ids[-1] > group.last_id:
            answers.append([key, _deliver(call, stream, group, consumer, reading)])
    if answers:
        return answers
    if reading.block_ms is None:
        return NULL_ARRAY
    deadline = call.now_ms + reading.block_ms if reading.block_ms else None
    return Blocks(frozenset(reading.keys), deadline)


def _reading(argv: list[bytes]) -> Reading:
    group = consumer = None
    count, block_ms, acknowledges = 0, None, False
    place = 1
    while place < len(argv):
        word, more = argv[place].upper(), len(argv) - 1 - place
        if word == b"GROUP" and more >= 2:
            group, consumer = argv[place + 1], argv[place + 2]
            place += 3
        elif word == b"COUNT" and more:
            count = max(0, integer(argv[place + 1]))
            place += 2
        elif word == b"BLOCK" and more:
            block_ms = integer(argv[place + 1], "timeout is not an integer or out of range")
            if block_ms < 0:
                raise err("timeout is negative")
            place += 2
        elif word == b"NOACK":
            acknowledges = True
            place += 1
        elif word == b"STREAMS" and more:
            break
        else:
            raise syntax_error()
    else:
        raise syntax_error()
    words = argv[place + 1 :]
    if len(words) % 2:
        raise err(
            "Unbalanced 'xreadgroup' list of streams: for each stream key an ID or '>' must be specified."
        )
    if group is None or consumer is None:
        raise err("Missing GROUP option for XREADGROUP")
    half = len(words) // 2
    return Reading(group, consumer, count, block_ms, acknowledges, words[:half], words[half:])


def _group(call: Call, key: bytes, name: bytes, word: bytes) -> tuple[Stream, Group, Id]:
    """The stream and group to read, and behind which id."""
    stream = call.stream(key)
    group = None if stream is None else stream.groups.get(name)
    if stream is None or group is None:
        raise CommandError(
            f"NOGROUP No such key '{shown(key)}' or consumer group '{shown(name)}' in XREADGROUP with GROUP option"
        )
    if word in (b"$", b"+"):
        sign = shown(word)
        raise err(
            f"The {sign} ID is meaningless in the context of XREADGROUP: you want to read the history of this "
            "consumer by specifying a proper ID, or use the > ID to get new messages. "
            f"The {sign} ID would just return an empty result set."
        )
    return stream, group, ids.HIGHEST if word == b">" else ids.parse(word)


def _history(
    call: Call, stream: Stream, group: Group, consumer: Consumer, start: Id, count: int
) -> list[Reply]:
    """What a consumer holds already, delivered once more; entries that are gone have no fields."""
    answers: list[Reply] = []
    for entry_id in consumer.held.behind(start, count):
        fields = stream.entries.of.get(entry_id)
        if fields is None:
            answers.append([ids.show(entry_id), NULL_ARRAY])
            continue
        group.hold(entry_id, consumer, call.now_ms, group.pending.of[entry_id].times + 1)
        answers.append([ids.show(entry_id), fields])
    return answers


def _deliver(call: Call, stream: Stream, group: Group, consumer: Consumer, reading: Reading) -> list[Reply]:
    """What nobody was given yet."""
    answers: list[Reply] = []
    for entry_id in stream.entries.behind(group.last_id, reading.most):
        count_read(stream, group, entry_id)
        answers.append([ids.show(entry_id), stream.entries.of[entry_id]])
        if not reading.acknowledges:
            group.hold(entry_id, consumer, call.now_ms, 1)
    if not reading.acknowledges:
        consumer.active_ms = call.now_ms
    return answers
