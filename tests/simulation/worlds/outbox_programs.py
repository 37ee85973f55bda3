"""What runs around an outbox: reporters that put messages in, senders, a person who looks at chats and resends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import UTC, date, datetime, timedelta
from functools import partial
from random import Random

import psycopg

from outbox import serving
from outbox.outbox import File, Outbox, Told
from outbox.policies import ALERT
from outbox.text import Text, TextBuilder
from reports import delivery, schedule
from reports.delivery import Destination
from reports.weeks import Week
from signaltape.settings import Secret, Settings
from sink.db import CONNECTION_ERRORS
from tests.simulation.kernel.asynchronous import SimulatedLoop
from tests.simulation.kernel.machines import NS, Process
from tests.simulation.kernel.threads import Event
from tests.simulation.postgres_session import Session
from tests.simulation.telegram import LONGEST_WAY_S
from tests.simulation.worlds.outbox_audit import OutboxAudit
from tests.simulation.worlds.outbox_base import OutboxBase
from tests.simulation.worlds.outbox_rows import Row

_URL = Secret("postgresql://tables/db")
_SETTINGS = Settings(redis_url=None, database_url=_URL)
_TOKEN = Secret("12345:token")
_BASE = "https://telegram"
#: A person looks at a chat when nothing can be on its way there any more.
_LOOKS_AFTER_S = 2 * LONGEST_WAY_S
#: How long a part of a text may be: long texts take long to be cut.
PART_UNITS = 120
#: What ends a person's command, who gives it again: Postgres refused a statement, and at some time does not.
MAY_END_BY = (psycopg.errors.ReadOnlySqlTransaction,)
#: So many alerts are edited still.
_NEWEST = 4
_LONG_LINE = "• 0.80+: n=12 win rate 58 % expectancy +0.31 R " + "·" * 20


class Reporter:
    """Puts reports in, as reports.delivery.enqueue does, and sometimes sends what is due.

    amid_a_report: called when one is about to be put in again.
    """

    def __init__(self, world: OutboxBase, audit: OutboxAudit, amid_a_report: Callable[[], None]) -> None:
        self._world = world
        self._audit = audit
        self._amid_a_report = amid_a_report
        #: how many weeks were begun, by chat
        self._begun = [1] * len(world.configured)

    def run(self, process: Process, stop: Event) -> None:
        """Its main."""
        chance = process.random
        process.start(lambda: _die_of_signal(process, stop), "signal")
        while not stop.is_set():
            stop.wait(chance.choice(self._world.reporters_wait_s))
            if not self._world.faults.active:
                stop.wait(60.0)
                continue
            with suppress(*CONNECTION_ERRORS), closing(self._world.database.connect(_URL)) as connection:
                family = chance.randrange(len(self._world.configured))
                for _ in range(chance.choice((1, 1, 1, 6))):  # now and then many wait for one chat
                    self._act(chance)(connection, process, family)
                if chance.random() < 0.1:
                    self._drain(process, family)

    def _act(self, chance: Random) -> Callable[[Session, Process, int], None]:
        if chance.random() >= self._world.alerts:
            return self._report
        return self._edit if chance.random() < self._world.edits else self._alert

    def _report(self, connection: Session, process: Process, family: int) -> None:
        world, chance = self._world, process.random
        chat_id = world.configured[family]
        if chance.random() < 0.5 and self._audit.waiting() < world.most_waiting:
            self._begun[family] = min(self._begun[family] + 1, len(world.weeks))
        begun = self._begun[family]
        drawn = date.fromordinal(chance.choice(world.weeks[max(begun - world.last_weeks, 0) : begun]))
        week = Week(world.asked_again.pop(family, drawn))
        now = _now(process)
        outbox = Outbox(connection)  # type: ignore[arg-type]
        key = delivery.key_in_use(outbox, week, chat_id, now)
        before = outbox.state(key)
        if before is not None and before[0] != "queued":
            return
        if key.endswith(chat_id) and self._audit.may_stand(week.monday, family, except_key=key):
            return  # sent under an id that nobody can know to be this chat's: a person would not ask for it again
        not_after = now + timedelta(seconds=chance.choice(world.lifetimes_s))
        version = self._audit.given.new_version(week.monday, family)
        text = _text(version, chance.choice((0, 0, 0, 0, -1, 1, 3)))
        files = [
            File(kind, f"{week.name}.{kind}", f"{kind} of {version}".encode())
            for kind in ("photo", "document")
        ]
        files = files[: chance.choice((0, 2, 2))]
        self._audit.given.give(version, text, files)
        if before is not None:
            self._amid_a_report()
        with outbox.unmoved():
            key = delivery.key_in_use(outbox, week, chat_id, now)
            current = outbox.ids_of(chat_id)[-1]
            outbox.enqueue(key, current, text, not_after, files, Told(week.monday, f'["{version}"]'))

    def _alert(self, connection: Session, process: Process, family: int) -> None:
        world, chance = self._world, process.random
        if self._audit.waiting() >= world.most_waiting:
            return
        outbox = Outbox(connection)  # type: ignore[arg-type]
        ids = outbox.ids_of(world.configured[family])
        alert = self._audit.given.new_alert(family)
        reply = self._audit.given.new_alert(family, "reply") if chance.random() < 0.4 else None
        with outbox.unmoved():
            for version, reply_to in ((alert, None), (reply, f"{alert}:{ids[0]}")):
                if version is None:
                    continue
                text, ref = _text(version, chance.choice((0, 0, 1, 3))), version.split()[1]
                self._audit.given.give(version, text, ref=ref)
                not_after = _now(process) + timedelta(seconds=chance.choice(world.lifetimes_s))
                key = f"{version}:{ids[0]}"
                outbox.enqueue(
                    key,
                    ids[-1],
                    text,
                    not_after,
                    kind=ALERT,
                    silent=reply_to is not None,
                    reply_to=reply_to,
                    ref=ref,
                )

    def _edit(self, connection: Session, process: Process, _family: int) -> None:
        """One of the newest alerts is to become something else, and soon after it something else again."""
        chance, world = process.random, self._world
        alerts = [row for row in self._audit.rows.values() if row.kind == ALERT][-_NEWEST:]
        if not alerts:
            return
        row = chance.choice(alerts)
        for _ in range(chance.choice((1, 2, 3))):
            edits = self._audit.given.edits[row.key]
            text = _text(f"edit {len(edits) + 1} of {row.version}", chance.choice((0, 0, 1, 3)))
            edits.append(text)
            not_after = _now(process) + timedelta(seconds=chance.choice(world.lifetimes_s))
            Outbox(connection).edit(row.key, text, not_after=not_after)  # type: ignore[arg-type]
            world.scheduler.sleep("a second thought", chance.choice((0.05, 0.2, 1.0, 8.0)))

    def _drain(self, process: Process, family: int) -> None:
        to = Destination(_TOKEN, self._world.configured[family], _BASE)
        deadline_s = process.random.choice((0.5, 10.0))
        _loop(self._world, process).run(delivery.drain(_SETTINGS, to, deadline_s))


def _die_of_signal(process: Process, stop: Event) -> None:
    """A command has no handler for SIGTERM."""
    stop.wait()
    process.kill()


class Person:
    """Looks at what was not sent, and resends what does not stand in its chat."""

    def __init__(self, world: OutboxBase, audit: OutboxAudit) -> None:
        self._world = world
        self._audit = audit
        self._looked_at: set[int] = set()

    def run(self, process: Process, stop: Event) -> None:
        """From time to time, a look."""
        while not stop.is_set():
            stop.wait(process.random.choice((5.0, 60.0)))
            with suppress(*CONNECTION_ERRORS), closing(self._world.database.connect(_URL)) as connection:
                self._look(Outbox(connection), process)  # type: ignore[arg-type]

    def has_work(self) -> bool:
        """Whether anything is left that would be resent."""
        return any(self._wants(row) for row in self._audit.rows.values())

    def _look(self, outbox: Outbox, process: Process) -> None:
        world = self._world
        for listed in outbox.listed(1000):
            row = self._audit.rows.get(listed["id"])
            if row is None or not self._wants(row) or listed["state"] != row.state:
                continue
            if world.scheduler.now_ns - self._audit.in_time.since_ns[row.id] < _LOOKS_AFTER_S * NS:
                continue
            lifetime_s = process.random.choice((60, 10_800))
            not_after = _now(process) + timedelta(seconds=lifetime_s)
            if outbox.resend(row.id, not_after):
                self._looked_at.add(row.id)

    def _wants(self, row: Row) -> bool:
        audit = self._audit
        if audit.stands_beyond(row) or audit.has_twin(row):
            return False
        if row.state == "sent":
            return row.id not in self._looked_at and audit.lacks_files(row)
        if row.state == "uncertain":
            return audit.lacks_files(row, wholly=True)
        if row.id in self._looked_at or not audit.lacks_files(row, wholly=True):
            return False
        return row.state == "failed" or (row.state == "expired" and row.id % 2 == 0)


def send_forever(world: OutboxBase, process: Process, stop: Event) -> None:
    """The sender of a process: outbox.serving."""
    _loop(world, process).run(
        _send(process, stop, _SETTINGS, Destination(_TOKEN, world.configured[0], _BASE))
    )


async def _send(process: Process, stop: Event, settings: Settings, to: Destination) -> None:
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()

    def wait_for_signal() -> None:
        stop.wait()
        loop.call_soon_threadsafe(asked.set)

    process.start(wait_for_signal, "signal")
    sender = partial(serving.send_while_connected, settings, to.token, to.base, asked, [])
    tasks = [asyncio.create_task(serving.persistently(sender, asked, "nothing can be sent"))]
    await asked.wait()
    await schedule._end(tasks)


def _loop(world: OutboxBase, process: Process) -> SimulatedLoop:
    def troubled(text: str) -> None:
        world.fail("no error is dropped", f"{process.name}: {text}")

    loop = SimulatedLoop(world.scheduler, process, troubled)
    world.loops.append(loop)
    return loop


def _now(process: Process) -> datetime:
    return datetime.fromtimestamp(process.machine.wall_ns / NS, UTC)


def _text(version: str, lines: int) -> Text:
    """A report's text. One without lines that is too long all the same has no good place to be cut at."""
    builder = TextBuilder().line(f"📊 {version}", "bold")
    for number in range(lines):
        builder.line(f"{version} line {number} {_LONG_LINE}", "code" if number % 2 else None)
    if lines < 0:
        builder.add(" 📊 ".join(f"{version} {number}" for number in range(10)), "code")
    return builder.build()
