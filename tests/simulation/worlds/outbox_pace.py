"""The pace of an outbox, looked at from outside: turns lie apart as Telegram wants it, and each call has one."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from outbox.judging import LONGEST_WAIT_S
from outbox.rate_limiter import RateLimiter, is_group
from tests.simulation.kernel.machines import NS, Process
from tests.simulation.postgres_session import Session
from tests.simulation.telegram import Answer, Call
from tests.simulation.worlds.outbox_base import OutboxBase

#: Moments in the tables are of microseconds, and a loop's of floats.
_JITTER_NS = NS // 1000
_TOO_MANY = 429


class PaceAudit:
    """Follows the turns of one world, by true time."""

    def __init__(self, world: OutboxBase) -> None:
        self._world = world
        #: turns that were given out by chat, in true time, and the one that a process has
        self._turns: defaultdict[str, list[int]] = defaultdict(list)
        self._turn: dict[Process, tuple[str, int]] = {}
        #: when each chat asked to be left alone, and until when
        self._held: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
        #: of chats that want to be left alone: who was told, when, and until when
        self._told: dict[tuple[Session, str], tuple[int, int]] = {}
        #: when the clock was set that turns are given out by
        self._clock_set_ns = -1

    def watched_reserve(self, real: Callable[..., Any]) -> Callable[..., Any]:
        """RateLimiter.reserve, with a look at what it gives out."""

        async def reserve(
            pace: RateLimiter, chat_id: str, longest_s: float, is_edit: bool = False
        ) -> tuple[bool, float]:
            taken, wait_s = await real(pace, chat_id, longest_s, is_edit)
            line: Any = pace._connection
            session = line.session
            if taken:
                due_ns = session.done_ns + int(wait_s * NS)
                self._turn[session.process] = (chat_id, due_ns)
                if session.done_ns > self._clock_set_ns:  # not one that was on its way back meanwhile
                    if is_edit:
                        self._check_left(chat_id, due_ns)
                    self._check(chat_id, due_ns, session.done_ns)
            return taken, wait_s

        return reserve

    def database_clock_jumped(self) -> None:
        """What was given out by the clock before is no measure any more."""
        self._clock_set_ns = self._world.scheduler.now_ns
        self._turns.clear()
        self._held.clear()
        self._told.clear()

    def held(self, chat_id: str, wait_s: float) -> None:
        """Telegram asked to leave a chat alone."""
        now_ns = self._world.scheduler.now_ns
        self._held[chat_id].append((now_ns, now_ns + int(wait_s * NS)))

    def answered(self, call: Call, answer: Answer, session: Session) -> None:
        """Whoever called was told to leave a chat alone, and can say so unless Postgres is away or refuses."""
        status, body = answer
        if status != _TOO_MANY:
            return
        parameters = json.loads(body).get("parameters")
        wait_s = parameters.get("retry_after") if isinstance(parameters, dict) else None
        if type(wait_s) is int and 0 <= wait_s <= LONGEST_WAIT_S:
            now_ns = self._world.scheduler.now_ns
            self._told[session, call.chat_id] = (now_ns, now_ns + wait_s * NS)

    def called(self, call: Call, session: Session) -> None:
        """A call begins: it had its turn, and no other call did."""
        told_ns, until_ns = self._told.get((session, call.chat_id), (0, 0))
        if session.refused_ns < told_ns and self._world.scheduler.now_ns < until_ns - _JITTER_NS:
            self._fail("pace", f"call {call.number} to {call.chat_id}, which asked to be left alone")
        chat_id, due_ns = self._turn.pop(call.process, ("", 0))
        if chat_id != call.chat_id or self._world.scheduler.now_ns < due_ns - _JITTER_NS:
            self._fail("pace", f"call {call.number} does not wait for its turn: {chat_id} at {due_ns / NS}")

    def _check_left(self, chat_id: str, due_ns: int) -> None:
        """An edit has a turn: it left some of a group's minute to what is new."""
        limits = self._world.limits
        since_ns = due_ns - int(limits.minute_s * NS) + _JITTER_NS
        taken = sum(one > since_ns for one in self._turns[chat_id])
        most = max(limits.group_per_minute - limits.edits_leave, 1)
        if is_group(chat_id) and taken >= most:
            self._fail("edits leave some", f"an edit is the call number {taken + 1} of a minute of {chat_id}")

    def _check(self, chat_id: str, due_ns: int, taken_ns: int) -> None:
        limits = self._world.limits
        held = max((until for said, until in self._held[chat_id] if said <= taken_ns), default=0)
        if due_ns < held - _JITTER_NS:
            self._fail(
                "pace",
                f"a turn for {chat_id} {(held - due_ns) / NS:.3f} s before it is to be left alone no more",
            )
        for scope, most, span_s in (
            (chat_id, 1, limits.chat_interval_s),
            (chat_id, limits.group_per_minute if is_group(chat_id) else 10_000, limits.minute_s),
            ("*", limits.all_per_second, limits.second_s),
        ):
            turns = sorted([*self._turns[scope], due_ns])
            for first, last in zip(turns, turns[most:], strict=False):
                if last - first < span_s * NS - _JITTER_NS:
                    self._fail("pace", f"{most + 1} turns of {scope} within {(last - first) / NS:.3f} s")
        for scope in (chat_id, "*"):
            self._turns[scope] = [*self._turns[scope], due_ns][-100:]

    def _fail(self, invariant: str, text: str) -> None:
        self._world.fail(invariant, text)
