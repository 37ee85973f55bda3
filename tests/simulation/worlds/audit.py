"""The promises of the spine, looked at from outside: nothing lost, nothing doubled, nothing acknowledged too early."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from signaltape.stream import ARCHIVE_GROUP, WORKER_GROUP
from tests.simulation.kernel.machines import NS
from tests.simulation.tables.commits import DEAD
from tests.simulation.worlds.streaming import StreamWorld
from tests.simulation.worlds.truth import SMALL_BYTES, Given, frames_of, is_owner, journalled, streamed

#: By how much a journal may be below its bound when its oldest segment has to go.
_SEGMENTS_OF_ROOM = 2
#: A full look at everything that was accepted is taken once in so many checks.
_FULL_EVERY = 8
#: So long after the last trouble Redis has what it was to be given again.
_GIVEN_AGAIN_NS = 200 * NS


class Audit:
    """Follows each event and each entry of one world."""

    def __init__(self, world: StreamWorld) -> None:
        self._world = world
        self._truth = world.truth
        #: what each entry that Redis ever gave an id to holds
        self._entries: dict[tuple[str, str], Given] = {}
        #: entries whose batch was committed, and when last
        self._committed: dict[tuple[str, str], int] = {}
        self._seen_commits = 0
        self._stored: set[Given] = set()
        self._checks = 0
        #: what is being removed, by its file
        self._emptied: dict[str, list[Given]] = {}
        world.disk.on_remove = self._on_remove

    def added(self, key: str, entry_id: str, given: Given) -> None:
        """Redis took an event."""
        self._world.story.tell("Redis", f"{given.token} is {entry_id} of {key}")
        self._entries[key, entry_id] = given
        self._world.keeping.added(given)
        if given not in self._truth.attempted:
            self._world.fail("nothing made up", f"{given} was sent to {key}, nobody gave it")

    def acknowledged(self, key: str, group: str, ids: Sequence[str]) -> None:
        """A group says that it is done with entries."""
        self._world.story.tell("Redis", f"{group} acknowledges of {key}: {' '.join(ids)}")
        if group == WORKER_GROUP:
            self._take_commits()
            for entry_id in ids:
                if (key, entry_id) in self._entries and (key, entry_id) not in self._committed:
                    given = self._entries[key, entry_id]
                    self._world.fail(
                        "acknowledged only when committed", f"{entry_id} of {key}, {given}, is in no commit"
                    )
        elif group != ARCHIVE_GROUP:
            self._world.fail("groups", f"{group} acknowledges")

    def taken_out(self, place: tuple[str, str]) -> None:
        """The dead letter of an entry is no more: the event must be elsewhere."""
        given = self._entries.get(place)
        self._take_commits()
        if given is not None and not self._is_in_tables(given):
            self._stored.discard(given)

    def not_stored(self) -> set[Given]:
        """What was accepted and is in no table."""
        self._take_commits()
        return self._truth.accepted - self._stored

    def check(self) -> None:
        """What must hold now."""
        self._take_commits()
        self._checks += 1
        if self._checks % _FULL_EVERY == 0:
            self._find_lost()

    def waiting(self) -> set[Given]:
        """What was accepted, is not stored yet, and must be."""
        self._take_commits()
        left = self._truth.accepted - self._stored - self._truth.evicted - self._truth.excused
        if self._world.blind and self._world.redis_forgot:  # nobody knows that it has to be sent again
            left = {given for given in left if not self._world.keeping.was_sent(given)}
        return left

    def nothing_left(self) -> bool:
        """Whether all that was accepted is stored, and nothing waits."""
        self._take_commits()
        world = self._world
        if any(
            world.redis.pending(key, WORKER_GROUP.encode())
            for key in world.stream_keys
            if self._has_group(key)
        ):
            return False
        return not self.waiting()

    def check_given_again(self) -> None:
        """What Redis lacks so long after all trouble, nobody will give it again."""
        world = self._world
        if world.scheduler.now_ns < world.disturbed_ns + _GIVEN_AGAIN_NS:
            return
        missing = self.waiting()
        for key in world.stream_keys if missing else ():
            missing.difference_update(streamed(world.redis_troubles.entries(key)))
        if missing:
            world.fail("given again in time", f"Redis lacks {self.trail(min(missing))}, and all is well")

    def verify(self) -> None:
        """What must hold at the end."""
        self._take_commits()
        self._find_lost()
        for given in self._stored - self._truth.attempted:
            self._world.fail("nothing made up", f"{given} is stored, nobody gave it")

    def trail(self, given: Given) -> str:
        """What is known of an event."""
        places = [f"{entry_id} of {key}" for (key, entry_id), one in self._entries.items() if one == given]
        return f"{given.token} ({given.key.event} {given.key.one}; was {', '.join(places) or 'never sent'})"

    def _has_group(self, key: bytes) -> bool:
        return key in self._world.redis.streams() and WORKER_GROUP.encode() in self._world.redis.groups(key)

    def _take_commits(self) -> None:
        world = self._world
        commits = world.database.commits
        for commit in commits[self._seen_commits :]:
            for fate in commit.fates:
                place = (fate.stream, fate.entry_id)
                world.story.tell(
                    "Postgres", f"{fate.entry_id} of {fate.stream} is committed as {fate.became}"
                )
                before = self._committed.get(place)
                if before is not None and world.disturbed_ns < before - self._patience_ns:
                    world.fail("handed out once", f"{place} was written again though nothing had happened")
                self._committed[place] = world.scheduler.now_ns
                if place in self._entries:
                    given = self._entries[place]
                    if fate.became == DEAD and given not in self._truth.excused:
                        self._check_dead(place, given)
                    self._stored.add(given)
        self._seen_commits = len(commits)

    def _is_in_tables(self, given: Given) -> bool:
        database, key = self._world.database, given.key
        return (key.one, key.event) in database.events or key.one in database.records

    @property
    def _patience_ns(self) -> int:
        return 3 * self._world.claim_idle_ms * 1_000_000

    def _check_dead(self, place: tuple[str, str], given: Given) -> None:
        reason = self._world.database.dead_letters.get(place, "")
        if not any(word in reason for word in ("refuses it", "rejects it", "ended its worker")):
            self._world.fail("no dead letters", f"{given} became one: {reason}")

    def _find_lost(self) -> None:
        """Accepted = in a journal, in the stream, stored, or gone by the bound."""
        world, truth = self._world, self._truth
        missing = truth.accepted - self._stored - truth.evicted - truth.excused
        if not missing:
            return
        for machine in world.homes:
            missing.difference_update(journalled(machine.folder / "home"))
        for key in world.stream_keys:
            missing.difference_update(streamed(world.redis_troubles.entries(key)))
        if world.redis_forgot and world.blind:
            truth.excused |= missing
            return
        if world.redis_forgot:
            truth.excused |= missing & truth.only_streamed
            missing -= truth.only_streamed
        if missing:
            world.fail(
                "nothing is lost",
                f"{len(missing)} accepted events are in no journal, not in the stream and not stored, such as "
                + self.trail(min(missing)),
            )

    def _on_remove(self, path: str) -> None:
        """A segment goes: only if all of it is safe, or the journal is at its bound."""
        if not path.endswith(".seg"):
            return
        truth, world = self._truth, self._world
        process = world.disk.process
        if process is not None:
            world.story.tell(process.name, f"removes {path.rpartition('journal/')[2]}")
        unsafe = set(frames_of(Path(path))) - self._stored - truth.evicted - truth.excused
        truth.only_streamed |= unsafe
        for key in world.stream_keys:
            if not unsafe:
                return
            unsafe.difference_update(streamed(world.redis_troubles.entries(key)))
        if unsafe:
            self._take_commits()
            unsafe -= self._stored
        if world.redis_forgot and world.blind:
            truth.excused |= unsafe
            return
        if not unsafe:
            return
        folder = Path(path).parent.parent
        size = sum(one.stat().st_size for one in folder.glob("*/*.seg"))
        at_bound = size >= world.journal_max_bytes - _SEGMENTS_OF_ROOM * max(world.segment_bytes, SMALL_BYTES)
        if at_bound and (process is None or is_owner(process, Path(path))):
            truth.evicted |= unsafe
        else:
            world.fail("removed only when safe", f"{path.rpartition('journal/')[2]} goes with {min(unsafe)}")
