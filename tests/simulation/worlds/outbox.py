"""The outbox: reporters that put messages in, senders, a person who resends, tables and chats."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from functools import partial
from typing import Any

import psycopg

import outbox.bot_api
import outbox.edit_leases
import outbox.marking
import outbox.outbox
import outbox.rate_limiter
import outbox.sender
import outbox.serving
import reports.delivery
from outbox.judging import LONGEST_WAIT_S
from outbox.leases import Leases
from outbox.rate_limiter import LIMITS, Limits, RateLimiter
from outbox.text import split
from sink.db import Connection
from tests.simulation.kernel.machines import NS, Process
from tests.simulation.postgres import Database, prepared
from tests.simulation.telegram import METHODS, Telegram
from tests.simulation.telegram_client import SimulatedAiohttp
from tests.simulation.worlds.outbox_audit import OutboxAudit
from tests.simulation.worlds.outbox_base import OutboxBase
from tests.simulation.worlds.outbox_nemesis import OutboxNemesis
from tests.simulation.worlds.outbox_programs import MAY_END_BY, PART_UNITS, Person, Reporter, send_forever
from tests.simulation.worlds.verdict import Report

_FIRST_DAY = date(2025, 12, 29)
_WEEKS = 40
#: The Bot API's, and some whose ends are soon reached.
_LIMITS = (LIMITS, LIMITS, Limits(1.0, 5, 2, 30.0, 1.0), Limits(0.5, 3, 1, 10.0, 1.0))
#: How often an idle sender looks while nothing goes wrong: each look costs time in which nothing is found.
_SELDOM_S = 300.0
#: Kinds that the nemesis draws.
_LASTING = (
    "Postgres away",
    "Telegram away",
    "wrong token",
    "chat refuses",
    "chat moves",
    "message deleted",
    "clock jumps",
    "senders die",
    "calm",
    "asked to stop",
)
#: No kind strikes more often than this, unless it always does.
_MOST = 0.3
#: The methods that have trouble by chance: a text comes to its files only if no stub is lost before.
_TROUBLED = (METHODS, METHODS, METHODS[:1], METHODS[1:2], METHODS[1:2], METHODS[1:], METHODS[2:])


class OutboxWorld(OutboxBase):
    """Reporters, senders, a person; every report once in its chat, whatever happens.

    tables: a database that is nobody else's, as postgres.prepared gives it; it is emptied.
    """

    name = "outbox"
    RATES: Mapping[str, float] = {
        "kill": 0.0006,
        "stall": 0.0005,
        "Postgres refuses a connection": 0.1,
        "statement lost": 0.003,
        "statement answer lost": 0.003,
        "statement refused": 0.002,
        "slow statement": 0.015,
        "statement hangs": 0.0005,
        "statement waits for a lock": 0.01,
        "overtaken": 0.1,
        "notification lost": 0.1,
        "connection refused": 0.02,
        "request lost": 0.02,
        "answer lost": 0.05,
        "slow request": 0.06,
        "late edit": 0.2,
        "slow answer": 0.04,
        "too many requests": 0.03,
        "refused": 0.02,
        "locked": 0.03,
        "server fault before": 0.02,
        "server fault after": 0.04,
        "nonsense": 0.15,
        "odd answer": 0.2,
        "said to have moved": 0.015,
        "moves amid a call": 0.02,
        "moves amid a late call": 0.5,
        "stub deleted": 0.03,
        "trouble at the second time": 0.6,
        "Postgres away": 0.2,
        "Telegram away": 0.2,
        "wrong token": 0.1,
        "chat refuses": 0.2,
        "chat moves": 0.4,
        "message deleted": 0.3,
        "clock jumps": 0.15,
        "clock set amid a report": 0.05,
        "senders die": 0.03,
        "calm": 0.1,
        "asked to stop": 0.3,
    }

    MILD = (
        "calm",
        "refused",
        "locked",
        "message deleted",
        "said to have moved",
        "moves amid a call",
        "moves amid a late call",
        "stub deleted",
    )

    def __init__(self, seed: int, *, tables: Connection, left_out: Collection[int] = ()) -> None:
        super().__init__(seed, left_out=left_out)
        self._tables = tables

    def build(self) -> None:
        chance = self.chance
        self._undo: list[Any] = []
        self.loops = []
        self.weeks = [_FIRST_DAY.toordinal() - 7 * number for number in range(_WEEKS)]
        self.most_waiting = chance.choice((2, 5, 10))
        self.last_weeks = chance.choice((1, 2, 4))
        self.lease_s = chance.choice((3.0, 3.0, 5.0, 30.0, 120.0))  # longer than a turn is waited for
        self.lifetimes_s = chance.choice(
            ((20, 120, 600, 10_800, 604_800), (4, 7, 12, 25, 100), (12, 604_800), (604_800,))
        )
        self.asked_again = {}
        self.alerts = chance.choice((0.0, 0.3, 0.3, 0.6, 0.9))
        self.edits = chance.choice((0.0, 0.3, 0.7))
        self.limits = chance.choice(_LIMITS)
        self.reporters_wait_s = chance.choice(((0.2, 2.0, 20.0), (0.5, 3.0), (5.0, 20.0)))
        self.database = self._new_database()
        self.telegram = Telegram(self.scheduler, self.faults, self.story, self._unkillable("telegram"))
        self.telegram.troubled = chance.choice(_TROUBLED)
        self.configured = []
        for family in range(chance.choice((1, 2, 4))):
            chat_id = str((4200 + family) * chance.choice((1, -1, -1)))
            self.telegram.add(family, chat_id)
            self.configured.append(chat_id)
        self.audit = OutboxAudit(self)
        self._patch()
        for number in range(chance.choice((1, 1, 2))):
            host = self.machine(f"reporter-host-{number + 1}")
            reporter = Reporter(self, self.audit, lambda: self.nemesis.amid_a_report())
            self.program(host, f"reporter {number + 1}", reporter.run, foreseen=MAY_END_BY)
        self.senders = []
        for number in range(chance.choice((1, 2, 3, 3))):
            host = self.machine(f"sender-host-{chance.choice((1, 1, 2))}")
            main = partial(send_forever, self)
            self.senders.append(self.program(host, f"sender {number + 1}", main, restart_s=15.0))
        self.person = Person(self, self.audit)
        self.program(self.machine("desk"), "person", self.person.run, killable=False, foreseen=MAY_END_BY)
        self.nemesis = OutboxNemesis(self, self.audit)
        self.nemesis.start()

    def _choose_rates(self) -> dict[str, float]:
        """In some runs what goes wrong for a moment goes wrong all the time; what lasts would leave no time for it."""
        often = self.chance.choice((1.0, 1.0, 3.0, 8.0))
        rates = {
            kind: rate if kind in _LASTING else min(rate * often, max(rate, _MOST))
            for kind, rate in super()._choose_rates().items()
        }
        if self.chance.random() < 0.5:  # it strikes only where another fault left a doubt
            rates.setdefault("trouble at the second time", self.RATES["trouble at the second time"])
            rates.setdefault(
                "late edit", self.RATES["late edit"]
            )  # … and what comes late does behind an edit alone
        return rates

    def check(self) -> None:
        self.audit.check()

    def is_settled(self) -> bool:
        return self.audit.nothing_left() and not self.person.has_work()

    def heal(self) -> None:
        self.nemesis.over = True
        self.calm_down()
        self.audit.healed()

    def calm_down(self) -> None:
        """End all troubles that last. Nothing new comes: whoever has nothing to do may look rarely."""
        outbox.sender.IDLE_S = _SELDOM_S
        self.database.away = self.telegram.away = self.telegram.wrong_token = False
        for chat in self.telegram.chats.values():
            chat.refuses = None
        if self.telegram.asked_for_a_day:  # it is over at once: to wait for it takes too many steps
            self.telegram.asked_for_a_day = False
            self.machines["database-host"].ahead_ns += int(LONGEST_WAIT_S * NS)
            self.audit.database_clock_jumped()

    def verify(self) -> None:
        self.audit.verify()

    def cleanup(self) -> None:
        for undo in reversed(self._undo):
            undo()
        for loop in self.loops:
            loop.discard()

    def on_log(self, task: Any, record: Any) -> None:
        """A person reads the log, and sets what it asks for. Only Postgres gives errors that nobody foresees."""
        error = record.exc_info[1] if record.exc_info else None
        if error is not None and not isinstance(error, psycopg.Error):
            self.fail("no error is dropped", f"{task.name}: {type(error).__name__}: {error}")
        if "TELEGRAM_CHAT_ID=" in record.msg:
            chat = self.telegram.chats[record.args[0]]
            self.configured[chat.family] = chat.id

    def _new_database(self) -> Database:
        real = self._tables
        real.execute(
            "TRUNCATE outbox, outbox_files, telegram_pace, telegram_chats, weekly_scorecard RESTART IDENTITY CASCADE"
        )
        real.execute(
            "INSERT INTO weekly_scorecard (week_start, bins, monotonic_ok, created_at, updated_at)"
            " SELECT unnest(%s::date[]), '[]', true, '2026-01-01', '2026-01-01'",
            ([date.fromordinal(day) for day in self.weeks],),
        )
        names = {
            query: f"{prefix}.{name}"
            for prefix, module in (
                ("outbox", outbox.outbox),
                ("edits", outbox.edit_leases),
                ("pace", outbox.rate_limiter),
            )
            for name, query in module._SQL.items()
        }
        machine = self.machine("database-host")
        machine.ahead_ns = self.chance.choice((0, 0, 3 * NS, -3 * NS))
        database = Database(real, self.scheduler, machine, self.faults, names)
        database.lease_s = self.lease_s
        return database

    def _unkillable(self, name: str) -> Process:
        process = Process(self.machine("nowhere"), name)
        process.killable = False
        return process

    def _patch(self) -> None:
        for module in (outbox.serving, reports.delivery):
            self._set(module, "connect_async", self.database.connect_async)
        self._set(outbox.bot_api, "aiohttp", SimulatedAiohttp(self.telegram))
        for module in (outbox.serving, reports.delivery):
            self._set(module, "Leases", partial(Leases, lease_s=self.lease_s))
            self._set(module, "RateLimiter", partial(RateLimiter, limits=self.limits))
        self._set(outbox.marking, "split", partial(split, limit=PART_UNITS))
        self._set(outbox.sender, "IDLE_S", outbox.sender.IDLE_S)
        self._set(RateLimiter, "reserve", self.audit.pace.watched_reserve(RateLimiter.reserve))

    def _set(self, owner: Any, name: str, value: Any) -> None:
        before = getattr(owner, name)
        setattr(owner, name, value)
        self._undo.append(lambda: setattr(owner, name, before))


def run(seed: int, steps: int, left_out: Collection[int], url: str) -> Report:
    """One run. url: of a migrated database that it may empty."""
    with prepared(url) as tables:
        return OutboxWorld(seed, tables=tables, left_out=left_out).run(steps)
