"""XCLAIM and XAUTOCLAIM: pending entries change hands."""

from __future__ import annotations

from contextlib import suppress
from typing import NamedTuple

from tests.simulation.redis import ids
from tests.simulation.redis.command import Call, command, integer, syntax_error
from tests.simulation.redis.data import Group, Stream
from tests.simulation.redis.errors import CommandError, err, no_key_or_group, shown
from tests.simulation.redis.ids import Id
from tests.simulation.redis.resp import Reply
from tests.simulation.redis.stream_reading import shown_entry

_CLAIM_COUNT = 100
#: XAUTOCLAIM looks at so many entries for each one that it may give out.
_LOOKS_PER_ENTRY = 10
_MOST_COUNT = (2**63 - 1) // 16


class Claim(NamedTuple):
    """How entries are taken over."""

    delivered_ms: int
    times: int | None
    force: bool
    just_ids: bool
    last_id: Id


@command("xclaim", -6, writes=True)
def xclaim(call: Call, argv: list[bytes]) -> Reply:
    """XCLAIM key group consumer least-idle id … [IDLE ms|TIME ms] [RETRYCOUNT n] [FORCE] [JUSTID] [LASTID id]"""
    stream, group = _there(call, argv)
    least_idle_ms = max(0, integer(argv[4], "Invalid min-idle-time argument for XCLAIM"))
    wanted = _leading_ids(argv[5:])
    claim = _claim(argv, 5 + len(wanted), call.now_ms)
    group.last_id = max(group.last_id, claim.last_id)
    consumer = group.consumer(argv[3], call.now_ms)
    answers: list[Reply] = []
    for entry_id in wanted:
        before = group.pending.of.get(entry_id)
        if entry_id not in stream.entries.of:
            group.release(entry_id)
            continue
        if before is None:
            if not claim.force:
                continue
            times = 1
        else:
            if least_idle_ms and call.now_ms - before.delivered_ms < least_idle_ms:
                continue
            times = before.times
        if claim.times is not None:
            times = claim.times
        elif not claim.just_ids:
            times += 1
        group.hold(entry_id, consumer, claim.delivered_ms, times)
        consumer.active_ms = call.now_ms
        answers.append(_answer(stream, entry_id, claim.just_ids))
    return answers


@command("xautoclaim", -6, writes=True)
def xautoclaim(call: Call, argv: list[bytes]) -> Reply:
    """XAUTOCLAIM key group consumer least-idle start [COUNT count] [JUSTID]"""
    least_idle_ms = max(0, integer(argv[4], "Invalid min-idle-time argument for XAUTOCLAIM"))
    start = ids.parse_start(argv[5])
    count, just_ids = _auto_options(argv)
    stream, group = _there(call, argv)
    consumer = group.consumer(argv[3], call.now_ms)
    answers: list[Reply] = []
    deleted: list[Reply] = []
    place = group.pending.below(start)
    waiting = group.pending.ids[place:]
    looked_at = 0
    for entry_id in waiting[: count * _LOOKS_PER_ENTRY]:
        if len(answers) + len(deleted) == count:
            break
        looked_at += 1
        if entry_id not in stream.entries.of:
            group.release(entry_id)
            deleted.append(ids.show(entry_id))
            continue
        before = group.pending.of[entry_id]
        if least_idle_ms and call.now_ms - before.delivered_ms < least_idle_ms:
            continue
        group.hold(entry_id, consumer, call.now_ms, before.times + (not just_ids))
        consumer.active_ms = call.now_ms
        answers.append(_answer(stream, entry_id, just_ids))
    cursor = waiting[looked_at] if looked_at < len(waiting) else ids.LOWEST
    return [ids.show(cursor), answers, deleted]


def _there(call: Call, argv: list[bytes]) -> tuple[Stream, Group]:
    stream = call.stream(argv[1])
    group = None if stream is None else stream.groups.get(argv[2])
    if stream is None or group is None:
        raise no_key_or_group(argv[1], argv[2])
    return stream, group


def _leading_ids(words: list[bytes]) -> list[Id]:
    """The ids before the first word that is none."""
    found: list[Id] = []
    with suppress(CommandError):
        for word in words:
            found.append(ids.parse(word))
    return found


def _claim(argv: list[bytes], place: int, now_ms: int) -> Claim:
    delivered_ms, times = -1, -1
    force = just_ids = False
    last_id = ids.LOWEST
    while place < len(argv):
        word, more = argv[place].upper(), len(argv) - 1 - place
        if word == b"FORCE":
            force = True
        elif word == b"JUSTID":
            just_ids = True
        elif word in (b"IDLE", b"TIME", b"RETRYCOUNT") and more:
            place += 1
            number = integer(argv[place], f"Invalid {shown(word)} option argument for XCLAIM")
            if word == b"RETRYCOUNT":
                times = number
            else:
                delivered_ms = now_ms - number if word == b"IDLE" else number
        elif word == b"LASTID" and more:
            place += 1
            last_id = ids.parse(argv[place])
        else:
            raise err(f"Unrecognized XCLAIM option '{shown(argv[place])}'")
        place += 1
    if not 0 <= delivered_ms <= now_ms:
        delivered_ms = now_ms
    return Claim(delivered_ms, times if times >= 0 else None, force, just_ids, last_id)


def _auto_options(argv: list[bytes]) -> tuple[int, bool]:
    count, just_ids = _CLAIM_COUNT, False
    place = 6
    while place < len(argv):
        word = argv[place].upper()
        if word == b"COUNT" and place + 1 < len(argv):
            place += 1
            count = integer(argv[place], "COUNT must be > 0")
            if not 1 <= count <= _MOST_COUNT:
                raise err("COUNT must be > 0")
        elif word == b"JUSTID":
            just_ids = True
        else:
            raise syntax_error()
        place += 1
    return count, just_ids


def _answer(stream: Stream, entry_id: Id, just_id: bool) -> Reply:
    return ids.show(entry_id) if just_id else shown_entry(stream, entry_id)
