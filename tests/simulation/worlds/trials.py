"""A last trouble, once all faults have ended, in runs without engines: consumers must do all they can in spite of it,
and everything once it is over.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from signaltape.stream import WORKER_GROUP
from tests.simulation.kernel.machines import NS, Process
from tests.simulation.worlds.consuming_base import ConsumingBase
from tests.simulation.worlds.nemesis_consuming import ConsumingNemesis
from tests.simulation.worlds.trial_scripts import SCRIPTS, Script

_GROUP = WORKER_GROUP.encode()
#: It lasts at least for so long, so that what is refused is refused more than once; or until it gets isolated attempts.
_AT_LEAST_S, _LONG_S = 20.0, 250.0
#: So long must be enough.
_ENOUGH_S = 600.0
#: In a long one so many events come each so many seconds.
_MORE, _MORE_EVERY_S = 5, 20.0
#: Scripts for which there must be several workers, or such as end when the stream is drained.
_LOST, _ACKNOWLEDGEMENTS = "one worker never comes back", "acknowledgements are lost"
_OF_SOME = {_LOST, _ACKNOWLEDGEMENTS}


class LastTrial:
    """One of them, where it can be. Begun when faults have ended."""

    def __init__(self, world: ConsumingBase, troubles: ConsumingNemesis) -> None:
        self._world = world
        self._troubles = troubles
        self._feeder = world.feeder
        self._chance = world.faults.chance("last trial")
        self._kind = ""
        self._key = b""
        self._began_ns = 0
        self._at_least_s = _AT_LEAST_S
        #: what a script does is not over
        self._acting = False

    def begin(self) -> None:
        """Feed some, then let the trouble begin."""
        world = self._world
        keys = world.stream_keys[: world.worker_partitions]
        self._kind = self._chance.choice(self._possible(keys))
        world.story.tell("world", f"the last trial begins: {self._kind}")
        self._began_ns = world.scheduler.now_ns
        self._feeder.over = True
        if self._kind in SCRIPTS:
            self._act(SCRIPTS[self._kind])
        elif self._kind == "full":
            self._troubles.kill_workers()
            self._feeder.feed(30)
            world.redis.out_of_memory = True
        elif self._kind == "unreadable":
            self._troubles.kill_workers()
            self._key = keys[-1]
            self._troubles.stream.spoil(self._key.decode())
            self._feeder.feed(30)
        else:
            self._troubles.postgres.refuse("state_event", "42501")
            self._feeder.feed(60)
            if self._kind == "refused for long":
                self._at_least_s = _LONG_S
                self._start(self._feed_on)

    def is_over(self) -> bool:
        """Whether it is; ends it if all is done that can be."""
        world = self._world
        if not self._kind:
            return True
        if self._acting:
            return False
        lasts_s = (world.scheduler.now_ns - self._began_ns) / NS
        if lasts_s < self._at_least_s or not self._all_is_done():
            if lasts_s > self._at_least_s + _ENOUGH_S:
                world.fail(
                    "does what it can", f"not all is done {lasts_s:.0f} s after the trial: {self._kind}"
                )
            return False
        world.story.tell("world", f"the last trial is over: {self._kind}")
        self._kind = ""
        world.heal()
        self._feeder.over = False
        self._feeder.feed(10)
        return True

    def _possible(self, keys: Sequence[bytes]) -> list[str]:
        """Kinds that can be, more often those that show what nothing else does, or cannot always be."""
        kinds = ["refused for long", "refused", "refused", *sorted(SCRIPTS.keys() - _OF_SOME)]
        if all(_GROUP in self._world.redis.groups(key) for key in self._world.stream_keys):
            kinds += ["full"] * 3  # else nobody could make a group there
        if len(keys) > 1:
            kinds += ["unreadable"] * 8
        if self._world.in_turns:
            kinds += [_ACKNOWLEDGEMENTS] * 8
        if len(self._world.supervisor.programs) > 1:
            kinds += [_LOST] * 4
        return kinds

    def _act(self, script: Script) -> None:
        def act() -> None:
            script(self._world, self._troubles, self._chance)
            self._acting, self._began_ns = False, self._world.scheduler.now_ns

        self._acting = True
        self._start(act)

    def _feed_on(self) -> None:
        while self._kind:
            self._world.scheduler.sleep("more events", _MORE_EVERY_S)
            if self._kind:
                self._feeder.feed(_MORE)

    def _start(self, act: Callable[[], None]) -> None:
        process = Process(self._world.machine("nowhere"), "trial")
        process.killable = False
        process.start(act)

    def _all_is_done(self) -> bool:
        return all(self._is_done(key) for key in self._world.stream_keys if key != self._key)

    def _is_done(self, key: bytes) -> bool:
        """Everything was given out, and but for what is refused nothing is pending."""
        redis = self._world.redis
        entries = dict(redis.entries(key))
        if entries and redis.groups(key).get(_GROUP, (0, 0)) < max(entries):
            return False
        if self._kind == "full":
            return True
        fields = [entries[one] for one in redis.pending(key, _GROUP) if one in entries]
        return all(self._is_refused(held) for held in fields)

    def _is_refused(self, fields: Sequence[bytes]) -> bool:
        """Whether its kind is, for now, or that one row for ever."""
        tokens = [b'"%s"' % token.encode() for token in sorted(self._world.consuming.refused)]
        if any(token in part for token in tokens for part in fields):
            return True
        return self._kind.startswith("refused") and b"state_event" in fields
