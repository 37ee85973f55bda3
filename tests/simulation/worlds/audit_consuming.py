"""What consumers promise: whose entries they take over, what they count, trim, and make dead letters of."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from consumer.accepted import Outcome
from consumer.poison import MAX_CRASHES
from consumer.recovery import NOT_IN_FLIGHT
from signaltape.stream import WORKER_GROUP, entry_order, vanished_key
from tests.simulation.kernel.machines import NS, Process, Task
from tests.simulation.kernel.threads import Event
from tests.simulation.redis.ids import Id, show
from tests.simulation.tables.commits import CONFLICT, DEAD, DUPLICATE, STORED, Commit
from tests.simulation.worlds.audit_leaving import Leaving
from tests.simulation.worlds.audit_tries import IsolatedAttempts
from tests.simulation.worlds.audit_trimming import Trimming
from tests.simulation.worlds.streaming import StreamWorld
from tests.simulation.worlds.truth import Given

_GROUP = WORKER_GROUP.encode()
#: An entry is given up only if something else passed within 120 s; some more for waiting and writing.
_PROOF_S = 200.0
#: Words of troubles that pass, whatever the entry: nothing is given up for them.
_PASSING = ("refused with 53", "refused with 57", "terminating", "closed", "away", "deadlock", "told to stop")


class Holder(NamedTuple):
    """The process that a consumer's name belongs to, since when, and the event that asks it to stop."""

    process: Process
    since_ns: int
    stop: Event


class ConsumingAudit:
    """Looks at each command of a consumer, and at each commit of a worker."""

    def __init__(self, world: StreamWorld) -> None:
        self._world = world
        self._client = world.redis.connect()
        self._holders: dict[str, Holder] = {}
        #: by the number of a session, who has it
        self._owners: dict[int, Process] = {}
        self._before: dict[Id, tuple[bytes, int, int]] = {}
        self._seen_commits = 0
        #: the last commit of each entry, with its process; and entries that were ever taken over
        self._written: dict[tuple[str, str], tuple[Process, Commit]] = {}
        self._claimed: set[tuple[str, str]] = set()
        self._committed: set[tuple[str, str]] = set()
        self._passed_ns: dict[Process, int] = {}
        self._commits_of: defaultdict[Process, list[Commit]] = defaultdict(list)
        self._quiet_until_ns: dict[Process, int] = {}
        self._orderly: set[Process] = set()
        self._tries = IsolatedAttempts(world, self._holder_of)
        self._leaving = Leaving(world)
        self._trimming = Trimming(world.redis, world.fail)
        #: consumers to whose dead connections something was given, unseen
        self._given_to_the_dead: set[str] = set()
        #: when something last kept holders from saying what they have
        self.unsaid_ns = 0
        #: something happened after which counts in Redis may be left behind
        self.rough = False
        #: entries that somebody deleted while they were pending, and what came of them
        self._deleted: set[tuple[str, str]] = set()
        self._written_all_the_same: set[tuple[str, str]] = set()
        self._vague: set[tuple[str, str]] = set()
        #: entries that only can become dead letters; events that Postgres refuses for ever, or that end their worker
        self.foreign: set[tuple[str, str]] = set()
        self.refused: set[str] = set()
        self.poison: set[str] = set()
        self.places: dict[str, set[tuple[str, str]]] = defaultdict(set)

    def holds(self, name: str, process: Process, stop: Event) -> None:
        """A worker has begun under the name of a consumer."""
        self._holders[name] = Holder(process, self._world.scheduler.now_ns, stop)
        self._leaving.begins(name)

    def opened(self, session: int, process: Process) -> None:
        """A process has a session of Postgres."""
        self._owners[session] = process

    def owner(self, session: int) -> Process | None:
        """The process that has a session."""
        return self._owners.get(session)

    def fed(self, key: str, entry_id: str, given: Given) -> None:
        """An event is in the stream."""
        self.places[given.token].add((key, entry_id))

    def restored(self) -> None:
        """Redis has come back; perhaps with what it had before."""
        self.unsaid_ns = self._world.scheduler.now_ns
        self._given_to_the_dead |= self._holders.keys()  # what is pending is that of an earlier moment
        if self._world.redis_forgot:
            self._written.clear()

    def deleted(self, key: str, entry_id: str) -> None:
        """Somebody deleted an entry that was pending."""
        self._deleted.add((key, entry_id))

    def before(self, argv: Sequence[bytes]) -> None:
        """A command is about to be carried out."""
        command = argv[0].upper()
        self._trimming.before(argv)
        if command == b"XAUTOCLAIM" or command == b"EVAL":
            key = argv[1] if command == b"XAUTOCLAIM" else argv[3]
            self._before = self._world.redis.pending(key, _GROUP)
        elif command == b"XACK" and argv[2] == _GROUP and self._deleted:
            pending, acknowledged_in = self._world.redis.pending(argv[1], _GROUP), argv[1].decode()
            for one in argv[3:]:
                place = acknowledged_in, one.decode()
                if place in self._deleted and entry_order(place[1]) in pending:
                    self._written_all_the_same.add(place)

    def after(self, argv: Sequence[bytes], answer: bytes | None, *, of_the_dead: bool) -> None:
        """A command was carried out; perhaps of somebody who has gone since."""
        command = argv[0].upper()
        if not of_the_dead:
            self._tries.after(argv, answer)
            self._leaving.after(argv)
        elif command in (b"XREADGROUP", b"XAUTOCLAIM"):
            self._given_to_the_dead.add(argv[3].decode())
        if command == b"XAUTOCLAIM" and argv[2] == _GROUP:
            self._check_claim(argv[1], argv[3].decode())
        elif command == b"EVAL" and self._world.redis.out_of_memory:
            self._vague |= self._dropped(argv[3])
        self._trimming.after(argv)

    def heard(self, task: Task, record: logging.LogRecord) -> None:
        """A program said something."""
        process = task.process
        if record.msg.startswith("Redis does not deliver"):
            wait_ns = self._world.claim_idle_ms * NS // 1000
            self._quiet_until_ns[process] = self._world.scheduler.now_ns + wait_ns
            self._tries.broken_off(process, self._name_of(process))
        elif record.msg == NOT_IN_FLIGHT and self._name_of(process) not in self._given_to_the_dead:
            self._world.fail("a worker knows what it holds", f"{process.name} finds entries that it forgot")
        self._leaving.heard(process, record)

    def ended(self, process: Process, total: Outcome) -> None:
        """A worker ended in order."""
        self._orderly.add(process)
        self._leaving.ended(process, self._name_of(process))
        self.check()
        fates = Counter(
            fate.became for one in self._commits_of[process] if one.answered for fate in one.fates
        )
        there = Outcome(fates[STORED], fates[DUPLICATE], fates[CONFLICT], fates[DEAD])
        if total != there:
            self._world.fail("counters", f"{process.name} says {total}, its commits did {there}")

    def gone(self, process: Process) -> None:
        """A worker is no more."""
        if process not in self._orderly:
            self.rough = True
            self._tries.broken_off(process, self._name_of(process))

    def check(self) -> None:
        """What must hold now."""
        commits = self._world.database.commits
        for commit in commits[self._seen_commits :]:
            self._look_at(commit)
        self._seen_commits = len(commits)

    def nothing_left(self) -> bool:
        """Whether all that only can become a dead letter is one."""
        self.check()
        letters, here = self._world.database.dead_letters, self._in_stream()
        return (
            all(place in letters or place not in here for place in self.foreign) and not self.refused_left()
        )

    def none_is_left(self) -> bool:
        """Whether, now that nothing else is left to do, nobody is a consumer but those who live."""
        return self._leaving.none_is_left(
            {name for name, holder in self._holders.items() if not holder.process.dead}
        )

    def refused_left(self) -> bool:
        """Whether a row that Postgres refuses for ever waits to be given up."""
        wanted = {place for token in self.refused for place in self.places[token]} - self._committed
        return bool(wanted & self._in_stream())

    def verify(self) -> None:
        """What must hold at the end."""
        self.check()
        world = self._world
        if world.redis_forgot:
            return
        for key in world.stream_keys:
            if not self.rough and (tries := self._tries.counted(key)):
                world.fail("isolated attempts are struck out", f"{key.decode()} still counts {tries}")
            gone = {place for place in self._deleted - self._written_all_the_same if place[0] == key.decode()}
            counted = int(self._hash(vanished_key(key.decode()).encode()).get(_GROUP, b"0"))
            vague = len(gone & self._vague)
            if abs(counted - len(gone)) > vague:
                world.fail(
                    "vanished are counted", f"{len(gone)} of {key.decode()} vanished, {counted} were counted"
                )

    def _look_at(self, commit: Commit) -> None:
        world, now = self._world, self._world.scheduler.now_ns
        process = self._owners.get(commit.session)
        if process is None:
            return
        self._commits_of[process].append(commit)
        letters = world.database.dead_letters
        passed = False
        for fate in commit.fates:
            place = fate.stream, fate.entry_id
            before = self._written.get(place)
            if (
                before is not None
                and not world.redis_forgot
                and before[0] is process
                and before[1].answered
                and place not in self._claimed
            ):
                world.fail("not given again", f"{process.name} wrote {place} twice")
            self._written[place] = process, commit
            self._committed.add(place)
            reason = letters.get(place, "") if fate.became == DEAD else ""
            passed = passed or " refuses it" not in reason
            self._check_letter(place, reason, process)
        if passed:
            self._passed_ns[process] = now

    def _check_letter(self, place: tuple[str, str], reason: str, process: Process) -> None:
        world = self._world
        if " refuses it" in reason:
            since_s = (world.scheduler.now_ns - self._passed_ns.get(process, -(10**15))) / NS
            if any(word in reason for word in _PASSING):
                world.fail("no dead letters", f"{place} became one though that passes: {reason}")
            if since_s > _PROOF_S:
                world.fail(
                    "no dead letters", f"{place} became one, nothing passed for {since_s:.0f} s: {reason}"
                )
        elif "ended its worker" in reason and not world.redis_forgot:
            crashes = self._tries.crashes[place]
            if crashes < MAX_CRASHES:
                world.fail("no dead letters", f"{place} became one after {crashes} ends of workers: {reason}")

    def _check_claim(self, key: bytes, by: str) -> None:
        world = self._world
        now = world.scheduler.now_ns
        wall_ms = world.machine("redis-host").wall_ns // 1_000_000
        after = world.redis.pending(key, _GROUP)
        self._vague |= self._dropped(key)
        claimer = self._holders.get(by)
        for one, was in self._before.items():
            if after.get(one) == was or one not in after:
                continue
            place = key.decode(), show(one).decode()
            self._claimed.add(place)
            name, since_ms, _ = was
            if wall_ms - since_ms < world.claim_idle_ms:
                world.fail("taken over in time", f"{by} takes {place} after {wall_ms - since_ms} ms")
            holder = self._holders.get(name.decode())
            if holder is None or holder.process.dead or holder.stop.is_set():
                continue
            if claimer is not None and now < self._quiet_until_ns.get(claimer.process, 0):
                world.fail("taken over in time", f"{by} takes {place} right after it saw Redis away")
            calm_since = max(self.unsaid_ns, holder.since_ns)
            if now - calm_since > 2 * world.claim_idle_ms * 1_000_000 + 10 * NS:
                world.fail(
                    "taken over from the dead", f"{by} takes {place} from {name.decode()}, which lives"
                )

    def _dropped(self, key: bytes) -> set[tuple[str, str]]:
        """Deleted entries that were pending before this command and are no longer."""
        if not self._deleted:
            return set()
        after = self._world.redis.pending(key, _GROUP)
        gone = {(key.decode(), show(one).decode()) for one in self._before if one not in after}
        return gone & self._deleted

    def _holder_of(self, name: str) -> Process | None:
        holder = self._holders.get(name)
        return None if holder is None else holder.process

    def _name_of(self, process: Process) -> str:
        """The consumer's name that a process has; empty if it has not come so far."""
        return next((name for name, holder in self._holders.items() if holder.process is process), "")

    def _hash(self, key: bytes) -> dict[bytes, bytes]:
        held = self._world.redis.databases[0].values.get(key, {})
        return dict(held) if isinstance(held, dict) else {}

    def _in_stream(self) -> set[tuple[str, str]]:
        redis = self._world.redis
        return {
            (key.decode(), show(one).decode()) for key in redis.streams() for one, _ in redis.entries(key)
        }
