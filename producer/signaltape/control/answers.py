"""Waiting until every process has answered a word, for a bounded time; who has not is named."""

from __future__ import annotations

import time

import redis
from msgspec import Struct

from signaltape.control.commanding import Standing, standing
from signaltape.control.processes import Process
from signaltape.control.state import Control

#: How long a person waits.
WITHIN_S = 3.0
_ASK_EVERY_S = 0.05


class Answers(Struct, frozen=True):
    """Who follows a word now. control: what is wanted by now; another may have said something newer.

    gone: went silent without a goodbye, too long ago to be waited for; what froze may run on.
    """

    answered: list[Process]
    missing: list[Process]
    control: Control | None
    took_s: float
    now_ms: int
    gone: list[Process] = []

    @property
    def all_there(self) -> bool:
        """Whether nobody is missing."""
        return not self.missing


def wait_for_answers(client: redis.Redis, stream: str, epoch: int, within_s: float = WITHIN_S) -> Answers:
    """Ask until all that are not gone have answered, or the time is over. Raises RedisError."""
    began = time.monotonic()
    while True:
        found = _sorted_out(standing(client, stream), epoch, time.monotonic() - began)
        if found.all_there or found.took_s >= within_s:
            return found
        time.sleep(_ASK_EVERY_S)  # a field of a hash tells nobody that it was written


def _sorted_out(found: Standing, epoch: int, took_s: float) -> Answers:
    there = [one for one in found.processes if not one.is_gone(found.now_ms)]
    return Answers(
        answered=[one for one in there if one.has_answered(epoch)],
        missing=[one for one in there if not one.has_answered(epoch)],
        control=found.control,
        took_s=took_s,
        now_ms=found.now_ms,
        gone=[one for one in found.processes if one.is_gone(found.now_ms)],
    )
