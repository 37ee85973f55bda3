"""XPENDING: what was delivered and is not acknowledged."""

from __future__ import annotations

from typing import NamedTuple

from tests.simulation.redis import ids
from tests.simulation.redis.command import Call, command, integer, syntax_error
from tests.simulation.redis.data import Group
from tests.simulation.redis.errors import no_key_or_group
from tests.simulation.redis.ids import Id
from tests.simulation.redis.resp import NULL_ARRAY, Reply


class Question(NamedTuple):
    """Which pending entries are asked for."""

    least_idle_ms: int
    start: Id
    end: Id
    most: int
    consumer: bytes | None


@command("xpending", -3)
def xpending(call: Call, argv: list[bytes]) -> Reply:
    """XPENDING key group [[IDLE ms] start end count [consumer]]"""
    question = None if len(argv) == 3 else _question(argv)
    group = call.group(argv[1], argv[2])
    if group is None:
        raise no_key_or_group(argv[1], argv[2])
    return _summary(group) if question is None else _listed(group, question, call.now_ms)


def _question(argv: list[bytes]) -> Question:
    if not 6 <= len(argv) <= 9:
        raise syntax_error()
    least_idle_ms, place = 0, 3
    if argv[3].upper() == b"IDLE":
        least_idle_ms = integer(argv[4])
        if len(argv) < 8:
            raise syntax_error()
        place = 5
    count = max(0, integer(argv[place + 2]))
    start, end = ids.parse_start(argv[place]), ids.parse_end(argv[place + 1])
    return Question(least_idle_ms, start, end, count, argv[place + 3] if place + 3 < len(argv) else None)


def _summary(group: Group) -> Reply:
    pending = group.pending.ids
    if not pending:
        return [0, None, None, NULL_ARRAY]
    holders = [
        [consumer.name, b"%d" % len(consumer.held)]
        for consumer in group.sorted_consumers()
        if len(consumer.held)
    ]
    return [len(pending), ids.show(pending[0]), ids.show(pending[-1]), holders]


def _listed(group: Group, question: Question, now_ms: int) -> list[Reply]:
    if question.consumer is None:
        held = group.pending.between(question.start, question.end)
    else:
        consumer = group.consumers.get(question.consumer)
        held = [] if consumer is None else consumer.held.between(question.start, question.end)
    answers: list[Reply] = []
    for entry_id in held:
        if len(answers) == question.most:
            break
        name, delivered_ms, times = group.pending.of[entry_id]
        idle_ms = now_ms - delivered_ms
        if not question.least_idle_ms or idle_ms >= question.least_idle_ms:
            answers.append([ids.show(entry_id), name, max(0, idle_ms), times])
    return answers
