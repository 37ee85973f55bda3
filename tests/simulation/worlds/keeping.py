"""What a shipper owes besides losing nothing: nothing is sent again for no reason, or without a rest, or gone early."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict, deque
from collections.abc import Collection
from pathlib import Path

from signaltape.journal.cursor import CURSOR_FILE
from signaltape.journal.home import OWNER_LOCK
from tests.simulation.kernel.machines import NS, Process
from tests.simulation.worlds.dying import Dying
from tests.simulation.worlds.spine_base import Dropped, SpineBase
from tests.simulation.worlds.truth import SMALL_BYTES, Given, frames_of, is_owner

#: After these, events that Redis was given long ago may be sent again, and segments may go before their time.
EXCUSING = frozenset(
    (
        "Redis crashes",
        "Redis crashes and forgets",
        "Redis is flushed",
        "Redis evicts",
        "Redis has an older snapshot",
        "Redis fails over",
        "Redis keeps evicting",
        "a stream is evicted amid a batch",
        "Redis falls back by minutes",
        "Redis evicts out of sight",
        "a key of another kind",
        "disk error",
        "disk full",
        "lists fail",
        "bit flips",
        "a cursor's bit flips",
        "a cursor of an earlier version",
        "a header is lost",
        "a stretch is lost",
        "clock jumps",
        "power cut",
    )
)
#: Faults that nobody who ships has to do with.
_ELSEWHERE = frozenset(
    (
        "signal",
        "signal amid a change",
        "dawdles",
        "meets",
        "cursors fail",
        "makes fail",
        "cut write",
        "commit answer lost",
        "Postgres away",
        "Postgres locked",
        "Postgres cuts",
        "Postgres refuses",
        "end unseen",
    )
)
#: What troubled its sending excuses that an event is sent again: so long before and after.
_BEFORE_NS, _AFTER_NS = 8 * NS, 20 * NS
#: A cursor that could not be written may be an old one for so long.
_LONG_NS = 30 * NS
#: After so long without any trouble the cursor is behind an event that Redis took.
_SOON_NS = 2 * NS
#: Within so long no answer comes.
_AT_ONCE_NS = NS // 5_000
#: An event may be sent so often within so long.
_OFTEN, _WITHIN_NS = 20, 5 * NS
#: Since Redis lost something last it is sent so often at most, though senders end amid it.
_AGAIN = 15
#: How likely a shipper is told to send again.
_RESENDS = 0.1
#: A cursor is written under one of these names.
_CURSORS = (CURSOR_FILE, f"{CURSOR_FILE}.new")
_EARLY_S = 2.0
#: What is kept for no longer is waited for.
_SHORT_S = 15


class Keeping:
    """Follows what Redis was given, when, and what was amiss then."""

    def __init__(self, world: SpineBase) -> None:
        self._world = world
        self._added: defaultdict[Given, deque[int]] = defaultdict(lambda: deque(maxlen=_OFTEN))
        self._hitches: list[int] = []
        self._excused_ns = -_LONG_NS * 1000
        self._dying = Dying(world)
        #: when each process wrote a cursor last
        self._saved_ns: defaultdict[Process, int] = defaultdict(lambda: -_LONG_NS)
        self.dropped: defaultdict[Process, Dropped] = defaultdict(Dropped)
        #: how many events of each machine Redis took, however often
        self.taken: Counter[str] = Counter()
        self._then = world.disk.on_remove
        world.disk.on_remove = self._on_remove

    def on_fault(self, kind: str) -> None:
        """A fault happens."""
        if kind in EXCUSING:
            self.excuse()
        elif kind not in _ELSEWHERE:
            self.hitch()

    def excuse(self) -> None:
        """From now on anything may be sent again."""
        self._excused_ns = self._world.scheduler.now_ns

    def hitch(self) -> None:
        """What is being sent now may be sent again."""
        self._hitches.append(self._world.scheduler.now_ns)

    def added(self, given: Given) -> None:
        """Redis took an event."""
        self.taken[given.token.partition("/")[0]] += 1
        now, times = self._world.scheduler.now_ns, self._added[given]
        if times:
            last = times[-1]
            if not self._is_troubled(last, min(now, last + _AFTER_NS)):
                self._world.fail(
                    "sent again for a reason",
                    f"{given} was taken {(now - last) / NS:.1f} s ago, and nothing was amiss",
                )
            if len(times) == _OFTEN and now - times[0] < _WITHIN_NS:
                self._world.fail("a rest between losses", f"{given} was sent {_OFTEN} times within 5 s")
            elif (
                len(times) >= _AGAIN
                and times[-_AGAIN] > self._excused_ns + _SOON_NS
                and not self._world.blind
            ):
                self._world.fail(
                    "sent again for a reason",
                    f"{given} was sent {_AGAIN} times since Redis lost anything, or a file failed, last",
                )
        times.append(now)

    @property
    def troubled_ns(self) -> int:
        """When anything was amiss last."""
        return max([self._excused_ns, *self._hitches[-1:]])

    def resend_since(self, process: Process) -> float | None:
        """Sometimes a shipper is told to send everything again."""
        if process.random.random() >= _RESENDS:
            return None
        self.excuse()
        return 0.0

    def was_sent(self, given: Given) -> bool:
        """Whether Redis ever took it."""
        return given in self._added

    def is_tidy(self) -> bool:
        """Whether no journal of a dead engine is left. Where that takes long, nobody waits for it."""
        world = self._world
        if world.keep_s > _SHORT_S or "clock jumps" in world.faults.rates:
            return True
        for machine in world.homes:
            alive = {str(process.pid) for process in machine.processes}
            for folder in machine.folder.glob("home/journal/tape-*/"):
                cursor = folder / CURSOR_FILE
                by_hand = cursor.exists() and cursor.stat().st_mtime_ns > machine.wall_ns
                if folder.name.split("-")[2] not in alive and not by_hand:
                    return False
        return True

    def check_closed(self, name: str, accepted: Collection[Given]) -> None:
        """An engine was told that nothing of what it gave is left."""
        truth = self._world.truth
        left = {given for given in accepted if given not in self._added} - truth.evicted - truth.excused
        if left and not self._world.damage.beyond_counting:
            self._world.fail(
                "closed when all is shipped", f"{name} closes, nothing is left; Redis never had {min(left)}"
            )

    def _is_troubled(self, start: int, end: int) -> bool:
        if self._world.blind or self._excused_ns >= start - _LONG_NS:
            return True
        at = bisect_left(self._hitches, start - _BEFORE_NS)
        return at < len(self._hitches) and self._hitches[at] <= end

    def _is_surely_shipped(self, given: Given) -> bool:
        if given not in self._added:
            return False
        last = self._added[given][-1]
        return self._world.scheduler.now_ns > last + _SOON_NS and not self._is_troubled(last, last + _SOON_NS)

    def on_touch(self, operation: str, path: str) -> None:
        """A program is about to do something to a file."""
        if operation in ("write", "rename") and path.endswith(_CURSORS):
            self._kill("killed at its cursor")
            self._kill_between_saves(operation)
        elif operation == "open" and path.endswith(OWNER_LOCK):
            self._dying.on_look(Path(path).parent)

    def _on_remove(self, path: str) -> None:
        if path.endswith(".seg"):
            self._kill("killed at a removal")
            if not self._world.damage.beyond_counting:
                self._look_at_removal(Path(path), frames_of(Path(path)))
        self._then(path)

    def _kill(self, kind: str) -> None:
        process = self._world.disk.process
        if process is not None and process.killable and self._world.faults.strikes(kind, process.name):
            process.kill()

    def _kill_between_saves(self, operation: str) -> None:
        """Of a cursor, without a word of Redis in between."""
        process, now = self._world.disk.process, self._world.scheduler.now_ns
        if process is None:
            return
        if now - self._saved_ns[process] < _AT_ONCE_NS:
            self._kill("killed between two saves")
        if operation == "rename":
            self._saved_ns[process] = now

    def _look_at_removal(self, path: Path, held: Collection[Given]) -> None:
        world, process = self._world, self._world.disk.process
        if process is None:
            return
        before = self.dropped[process]
        least = sum(given not in self._added for given in held)
        if "a cursor's bit flips" in world.faults.rates:  # then an engine may not know what was shipped
            most = sum(not self._is_surely_shipped(given) for given in held)
        else:
            most = world.order.not_passed(path)
        self.dropped[process] = Dropped(before.least + least, before.most + most)
        size = sum(one.stat().st_size for one in path.parent.parent.glob("*/*.seg"))
        at_bound = size >= world.journal_max_bytes - 2 * max(world.segment_bytes, SMALL_BYTES)
        if at_bound and is_owner(process, path):
            return  # by the bound, perhaps
        now = world.scheduler.now_ns
        for given in held:
            if given not in self._added:
                continue
            last = self._added[given][-1]
            if self._is_troubled(last, min(now, last + _SOON_NS)):
                continue
            s_ago = (now - last) / NS
            if s_ago < world.keep_s - _EARLY_S:
                world.fail(
                    "kept for its time",
                    f"{path.parent.name}/{path.name} goes with {given}, that Redis took {s_ago:.1f} s ago",
                )
                return
