"""The programs of an archive: who puts entries into the stream, archivers, retention, and a reader."""

from __future__ import annotations

import sqlite3
from collections import Counter
from datetime import UTC, datetime

from consumer.link import RedisError
from consumer.writing import SinkUnavailable
from replay.archive import archiving
from replay.sessions.sources import ArchiveSource, Span
from signaltape.clock import utc_now
from signaltape.settings import Secret
from signaltape.stream import WORKER_GROUP
from tests.simulation.kernel.machines import NS, Process
from tests.simulation.kernel.threads import Event
from tests.simulation.worlds.archive_audit import Audit
from tests.simulation.worlds.archive_base import ArchiveBase
from tests.simulation.worlds.archive_given import Given, Maker
from tests.simulation.worlds.archive_sessions import Sessions

URL = Secret("redis://redis:6379/0")
#: So many steps has the archive for an entry: more would only wait in the stream.
_STEPS_EACH = 25
_GLANCE_S = 0.2
#: What ends an archiver: only that at its beginning it gets no slot.
BEGINS_BY = (OSError,)
#: What ends one that drains: the first trouble, whose name it says.
DRAINS_BY = (*RedisError, SinkUnavailable)
#: What ends a reader: a person is told of it.
READS_BY = (OSError, sqlite3.OperationalError)
_ALWAYS = Span(datetime(1971, 1, 1, tzinfo=UTC), datetime(2199, 1, 1, tzinfo=UTC))


class Programs:
    """What runs in the world of an archive, each as a process's main function."""

    def __init__(self, world: ArchiveBase, audit: Audit, sessions: Sessions) -> None:
        self._of = world
        self._audit = audit
        self._sessions = sessions

    def put(self, process: Process) -> None:
        """Entries come."""
        chance, maker = process.random, Maker(process.random)
        every_s = chance.choice((0.2, 0.8, 3.0))
        while not self._of.over:
            self._of.scheduler.sleep("the next entries", chance.random() * every_s)
            contradicts = chance.random() < 0.05
            for _ in range(chance.choice((1, 1, 3, 20))):
                if (
                    self._of.over
                    or not self._of.service.alive
                    or self._audit.entries > 40 + self._of.scheduler.steps // _STEPS_EACH
                ):
                    break
                now = datetime.fromtimestamp(process.machine.wall_ns // NS, UTC)
                self.put_one(chance.choice(self._of.stream_keys), maker.next(now, contradicts=contradicts))
            self._of.service._arrivals.wake()

    def put_one(self, key: bytes, given: Given) -> None:
        """An entry is put into a stream."""
        answer = self._of.redis.execute(self._of.client, [b"XADD", key, b"*", *given.fields])
        if answer is not None and answer[:1] == b"$":
            self._audit.added(key.decode(), answer.split(b"\r\n")[1].decode(), given)

    def worker(self, process: Process) -> None:
        """The other group of the stream: it is behind, and keeps some of what it was given."""
        chance, group, redis = process.random, WORKER_GROUP.encode(), self._of.redis
        every_s = chance.choice((1.0, 30.0, 3600.0))
        self._of.scheduler.sleep("the worker's first batch", chance.random() * 2.0)
        while not self._of.over:
            for key in redis.streams() if self._of.service.alive else []:
                if group not in redis.groups(key):
                    redis.execute(self._of.client, [b"XGROUP", b"CREATE", key, group, b"0"])
                    self._audit.worker_begins()
                read = [b"XREADGROUP", b"GROUP", group, b"one", b"COUNT", b"5", b"STREAMS", key, b">"]
                redis.execute(self._of.client, read)
                done = [f"{ms}-{seq}".encode() for ms, seq in redis.pending(key, group)]
                if done and chance.random() < 0.7:
                    redis.execute(self._of.client, [b"XACK", key, group, *done])
            self._of.scheduler.sleep("the worker's next batch", chance.random() * every_s)

    def archiver(self, process: Process, stop: Event) -> None:
        archiving.archive(self._of.settings(process.machine), URL, stop, once=False)  # type: ignore[arg-type]

    def drainer(self, process: Process, stop: Event) -> None:
        """`archive --once`, again and again, as a scheduler would run it."""
        archiving.archive(self._of.settings(process.machine), URL, stop, once=True)  # type: ignore[arg-type]
        stop.wait(process.random.random() * 60)

    def retention(self, process: Process, stop: Event) -> None:
        every_s = process.random.choice((2, 10, 60, 600))
        while not stop.wait(process.random.random() * every_s):
            dry_run = process.random.random() < 0.1
            over = self._sessions.over(utc_now())
            report = archiving.run_retention(self._of.settings(process.machine), utc_now(), dry_run=dry_run)
            if not dry_run and not report.errors:
                self._sessions.check_gone(over)
            self._of.story.tell(
                process.name,
                f"{report.deletedFiles} deleted, {report.compressedFiles} compressed, {report.errors}",
            )

    def reader(self, process: Process, stop: Event) -> None:
        """Reads everything, as a session is built."""
        every_s = process.random.choice((1, 5, 60))
        while self._waits(process.random.random() * every_s, stop):
            source = ArchiveSource(self._of.data)
            if not source.exists:
                continue
            known = set(self._audit.acknowledged_ids)
            try:
                counts = Counter(line_id for _, line_id, _, _ in source.lines(_ALWAYS))
            except sqlite3.OperationalError:
                raise
            except sqlite3.DatabaseError:
                if not self._of.disturbed_by_hand:
                    raise
                continue  # a person has put something else in the ledger's place
            if self._of.disturbed_by_hand or source.bad.count:
                continue
            self._audit.look_at_clocks()
            twice = sorted(line_id for line_id, count in counts.items() if count > 1)
            lost = sorted(one for one in known - counts.keys() if not self._audit.may_be_gone(one))
            if twice:
                self._of.fail("a reader meets each line once", f"{len(twice)}, such as {twice[0]}")
            elif lost:
                self._of.fail(
                    "a reader meets each line", f"{len(lost)} of {len(known)} not, such as {lost[0]}"
                )

    def _waits(self, seconds: float, stop: Event) -> bool:
        """Until the next look, which is at once if the world has a reason; False if asked to stop."""
        end_ns = self._of.scheduler.now_ns + int(seconds * NS)
        while not self._of.look_at_once and self._of.scheduler.now_ns < end_ns:
            if stop.wait(min(_GLANCE_S, (end_ns - self._of.scheduler.now_ns) / NS)):
                return False
        self._of.look_at_once = False
        return not stop.is_set()
