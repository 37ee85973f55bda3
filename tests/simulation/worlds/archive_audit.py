"""The promises of the archive, looked at from outside: each line once, whole, in its file, safe if acknowledged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from consumer.decoding.decode import Batch
from replay.archive.archiver import Archived
from signaltape.stream import ARCHIVE_GROUP
from tests.simulation.kernel.sqlite import Connection
from tests.simulation.worlds.archive_base import ArchiveBase
from tests.simulation.worlds.archive_given import Line
from tests.simulation.worlds.archive_known import Known
from tests.simulation.worlds.archive_shelf import REMARK, Books, Read, ids_of
from tests.simulation.worlds.archive_snapshots import check_acknowledged, check_latest
from tests.simulation.worlds.archive_stream import check_stream
from tests.simulation.worlds.archive_summaries import check_summaries

_WIB = timedelta(hours=7)
#: All files are read once in so many checks.
_FULL_EVERY = 6


class Audit(Known):
    """Follows each entry and each line of one world."""

    def __init__(self, world: ArchiveBase) -> None:
        super().__init__(world)
        #: of the lines that were acknowledged, what they hold, by their numbers
        self._tokens: set[int] = set()
        #: set aside as deadly; gone by what a person did
        self.buried: set[tuple[str, str]] = set()
        self.excused: set[str] = set()
        #: seen in a file at any time
        self.seen: set[str] = set()
        #: files that a person edited
        self.touched: set[str] = set()
        #: files that a person cut, whose power went before anybody of ours had looked at them: they may have holes
        self.torn: set[str] = set()
        #: the latest time that any clock of the archive's machines has shown
        self.latest = datetime(1970, 1, 1, tzinfo=UTC)
        self.written = Archived()
        self._checks = 0

    def acknowledged(self, key: str, group: str, ids: Sequence[str]) -> None:
        """A group says that it is done with entries."""
        if group != ARCHIVE_GROUP:
            self.world.fail("groups", f"{group} acknowledges")
            return
        self.look_at_clocks()
        for entry_id in ids:
            line = self.given.get((key, entry_id))
            if line is None or (key, entry_id) in self.buried:
                continue
            self._tokens.add(line.payload["token"])
            check_acknowledged(self, line)
            if line.line_id in self.acknowledged_ids:
                continue
            self.acknowledged_ids.add(line.line_id)
            if not self.may_be_gone(line.line_id) and not self._is_safe(line.line_id):
                where = sorted({one.path for one in self.lines[line.line_id]})
                self.world.fail(
                    "acknowledged only when safe", f"{entry_id} of {key}, {line.line_id} of {where}"
                )

    def wrote(self, batch: Batch, before: Archived, after: Archived) -> None:
        """An archiver wrote a batch, and counted."""
        done = Archived(*(new - old for new, old in zip(after, before, strict=True)))
        lines = len(batch.accepted) + len(batch.records)
        if (
            done.lines + done.duplicates + done.conflicts != lines
            or done.invalid != len(batch.dead)
            or min(done) < 0
        ):
            self.world.fail("counters", f"{done} of {lines} lines and {len(batch.dead)} dead letters")
        self.written = Archived(*(a + b for a, b in zip(self.written, done, strict=True)))
        for dead in batch.dead:
            if self.given.get((dead.stream, dead.entry_id)) is None:
                continue
            if "ended its worker" in dead.reason:
                self.buried.add((dead.stream, dead.entry_id))
            else:
                self.world.fail("no dead letters", f"{dead.entry_id} of {dead.stream}: {dead.reason}")

    def committed(self, connection: Connection) -> None:
        """A transaction of the ledger was committed: what it says of files is so on disk."""
        assert connection._real is not None
        for name, length in connection._real.execute("SELECT path, bytes FROM files").fetchall():
            size = self.shelf.size(name)
            if not self.world.restored and name not in self.touched and size is not None and size < length:
                planned = connection._real.execute("SELECT 1 FROM plans WHERE target = ?", (name,)).fetchone()
                if planned is None:
                    self.world.fail("lengths", f"{name} has {size} bytes, the ledger says {length}")

    def look_at_clocks(self) -> None:
        """Retention may go by any of them."""
        for machine in self.world.hosts:
            now = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=machine.wall_ns // 1000)
            self.latest = max(self.latest, now)

    def check(self) -> None:
        """What must hold now."""
        self.look_at_clocks()
        self._checks += 1
        if self._checks % _FULL_EVERY == 0 or self.world.finishing:
            self.look()

    def look(self) -> None:
        """Read everything."""
        check_stream(self)
        books = self.shelf.books()
        found: defaultdict[str, list[str]] = defaultdict(list)
        snapshots: defaultdict[str, str] = defaultdict(str)
        every: set[str] = set()
        quiet = books is not None and not books.plans and not self.world.sqlite.in_transaction()
        for name in [*self.shelf.files(), *self._planned(books)]:
            if not self.is_readable(name):
                if name not in self.touched:
                    self.world.fail("whole files", f"{name} is damaged")
                continue
            lines = self.shelf.lines(name)
            every.update(line.line_id for line in lines)
            if books is not None and not books.plans:
                for line in self._ours(name, lines, books):
                    self._check_line(name, line)
                    if not line.wrong:
                        found[line.line_id].append(name)
                    if line.event.endswith("_snapshot") and line.payload["token"] in self._tokens:
                        snapshots[line.event] = max(snapshots[line.event], line.ts)
        self.seen |= every
        check_latest(self, snapshots)
        if quiet:
            for line_id, names in found.items():
                if len(names) > 1:
                    self.world.fail("each line once", f"{line_id} stands in {names}")
        missing = [
            one for one in sorted(self.acknowledged_ids - every - self.excused) if not self.may_be_gone(one)
        ]
        if missing:
            where = sorted({one.path for one in self.lines[missing[0]]})
            self.world.fail(
                "nothing is lost", f"{len(missing)} acknowledged lines, such as {missing[0]} of {where}"
            )

    def nothing_left(self) -> bool:
        """Whether all that is in the stream was acknowledged."""
        redis, group = self.world.redis, ARCHIVE_GROUP.encode()
        for key in self.world.stream_keys:
            entries = redis.entries(key)
            if entries and (
                group not in redis.groups(key)
                or redis.pending(key, group)
                or redis.groups(key)[group] < entries[-1][0]
            ):
                return False
        return True

    def verify(self) -> None:
        """What must hold at the end."""
        self.look()
        books = self.shelf.books()
        if books is not None and books.plans and not self.world.disturbed_by_hand:
            self.world.story.tell("audit", f"plans are left: {books.plans}")
        self._check_counts()
        check_summaries(self)

    def shorten(self, name: str) -> None:
        """A person cuts a file: what is no longer in it is gone."""
        self.touched.add(name)

    def power_goes(self) -> None:
        """Of a cut by hand that is not safe yet sectors may stay: as long as it was, and with a hole in it."""
        books = self.shelf.books()
        for name, length in ({} if books is None else books.lengths).items():
            size = self.shelf.size(name)
            is_cut = name in self.touched and size is not None and size < length
            if is_cut and self.world.shadow.holds_more(str(self.world.root / name)):
                self.torn.add(name)

    def lose(self, ids: set[str]) -> None:
        """Lines that a person took away."""
        self.excused |= ids

    def _planned(self, books: Books | None) -> list[str]:
        """Files that are to be moved to their place."""
        plans = {} if books is None else books.plans
        return [
            source
            for target, source in plans.items()
            if source is not None
            and not target.startswith("summaries")
            and self.shelf.size(source) is not None
        ]

    def _ours(self, name: str, lines: list[Read], books: Books) -> list[Read]:
        if name.endswith(".zst"):
            return lines
        length = books.lengths.get(name)
        if length is None:
            return []
        size = self.shelf.size(name) or 0
        ours = [line for line in lines if line.end <= length]
        by_hand = name in self.touched or self.world.restored
        if not by_hand and size >= length > 0 and (not ours or ours[-1].end != length):
            self.world.fail("whole lines", f"{name}: the ledger's {length} bytes end in the middle of a line")
        return ours

    def _check_line(self, name: str, line: Read) -> None:
        plain = name.removesuffix(".zst")
        if line.wrong:
            remark = plain in self.touched and REMARK.decode() in line.wrong
            if not remark and not (plain in self.torn and line.holed):
                self.world.fail("whole lines", f"{name}: {line.wrong}")
            return
        for known in self.lines.get(line.line_id, ()):
            if (known.path, known.event, known.ts) == (
                plain,
                line.event,
                line.ts,
            ) and known.payload == line.payload:
                return
        self.world.fail("no foreign line", f"{name}: {line}")

    def _is_safe(self, line_id: str) -> bool:
        """Whether a line survives a power cut now, whatever of it the disk keeps."""
        return any(self._is_safe_in(path, line_id) for path in {one.path for one in self.lines[line_id]})

    def _is_safe_in(self, name: str, line_id: str) -> bool:
        path = str(self.world.root / name)
        short = path.rpartition("/")[2]
        return all(
            line_id in ids_of(left.get(short, b""), packed=False)
            or line_id in ids_of(left.get(f"{short}.zst", b""), packed=True)
            for left in self.world.shadow.contents(path)
        )

    def may_be_gone(self, line_id: str) -> bool:
        return line_id in self.excused or any(self.is_expired(line) for line in self.lines[line_id])

    def is_expired(self, line: Line) -> bool:
        """Whether retention may have deleted it, by the latest clock."""
        kept = self.world.keep.by_group[line.group]
        if kept is None:
            return False
        now, at = self.latest, line.at
        day_end = (at + _WIB).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1) - _WIB
        if line.group == "market":
            return day_end <= now - kept
        limit = (now - kept + _WIB).replace(hour=0, minute=0, second=0, microsecond=0) - _WIB
        return (at < limit) if line.group == "events" else (day_end <= limit)

    def _check_counts(self) -> None:
        """Where nothing went wrong each line was counted once."""
        if not self.world.faults.happened and self.written.lines != len(self.lines):
            self.world.fail("counters", f"{self.written} was said, there are {len(self.lines)} lines")
