"""Write a batch through whatever comes: a target that is away, and one that takes all but some entries.

A target that is away is waited for. One that refuses this very batch, again and again, may well take others: then the
batch is written in pieces. What is refused even so is set aside: it stays pending, is read again later, and in the
meantime holds up nothing. Only an entry that was refused time after time, by itself, while others passed, becomes a
dead letter. If nothing passes at all, it is not the entries: then each batch waits longer than the one before.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple, Protocol, TypeVar

from consumer.entry import DecodedBatch, Decoding, Entry, Handed, kind_of
from signaltape.shipping.backoff import Backoff

log = logging.getLogger("signaltape")

B = TypeVar("B", bound=DecodedBatch)
B_contra = TypeVar("B_contra", bound=DecodedBatch, contravariant=True)

#: A whole batch is offered so often before it is written in pieces.
_OFFERS = 3
#: So many refusals in a row, of pieces of one kind: the rest of them is not tried now.
_MOST_IN_A_ROW = 50
#: An entry is given up only if something else passed within this time.
_PROOF_S = 120.0


class SinkUnavailable(Exception):
    """Nothing of the batch was written, and the same batch may be tried again later.

    what: what does not write now; why: in one line; refused: it is there, and may take another batch.
    """

    def __init__(self, what: str, why: str, *, refused: bool = False) -> None:
        super().__init__(f"{what}: {why}")
        self.what = what
        self.why = why
        self.refused = refused


class Target(Protocol[B_contra]):
    """Where batches go."""

    def write(self, batch: B_contra) -> None:
        """Write a batch, all of it, safely. Raises SinkUnavailable."""
        ...

    def close(self) -> None:
        """Let go of connections and files."""
        ...


class Written(NamedTuple):
    """What became of a batch: the ids to acknowledge, and the entries that were set aside."""

    ids: dict[str, list[str]]
    aside: Sequence[Entry] = ()


class _Stopped(Exception):
    """Asked to stop while waiting for the target."""


class Writing(Generic[B]):
    """Writes batches to a target.

    stop: set to give up waiting;
    on_wait: called when a try has failed, and the process lives;
    once: raise SinkUnavailable instead of waiting for a target that is away.
    """

    def __init__(
        self,
        target: Target[B],
        decoding: Decoding[B],
        stop: threading.Event,
        on_wait: Callable[[], None],
        *,
        once: bool,
    ) -> None:
        self._target = target
        self._decoding = decoding
        self._stop = stop
        self._on_wait = on_wait
        self._once = once
        #: asked to stop while the target was away: nothing more is tried
        self._over = False
        #: what the target refused last, and was set aside
        self.refusal: SinkUnavailable | None = None
        self._passed_at = float("-inf")
        #: between batches of which nothing passes
        self._between = Backoff()

    def write(self, handed: Handed[B]) -> Written:
        """Write a batch, however long that cannot be done. With nothing to acknowledge if stopped before that."""
        try:
            self._offer(handed.batch, 1 if handed.isolated else _OFFERS)
        except SinkUnavailable as error:
            if not error.refused:
                raise
            refusal = error
        except _Stopped:
            return Written({})
        else:
            return Written(handed.batch.ids)
        return self._apart(handed, refusal)

    def _offer(self, batch: B, offers: int) -> None:
        """Write a batch once the target is there. Raises SinkUnavailable if it refuses it `offers` times, _Stopped."""
        backoff = Backoff()
        while not self._over:
            try:
                self._target.write(batch)
            except SinkUnavailable as error:
                offers -= error.refused
                if offers == 0 or (self._once and not error.refused):
                    raise
                away = error.what
                self._wait(error, backoff, batch.size)
                continue
            if backoff.waiting:
                log.info("%s is back", away)
            self._passed_at = time.monotonic()
            self._between.reset()
            return
        raise _Stopped

    def _wait(self, error: SinkUnavailable, backoff: Backoff, size: int) -> None:
        self._on_wait()
        wait_s = backoff.next_s()
        log.warning("%s does not write, trying again in %.1f s: %s", error.what, wait_s, error.why)
        if self._stop.wait(wait_s):
            log.warning("%d entries stay pending for the next start", size)
            self._over = True

    def _apart(self, handed: Handed[B], error: SinkUnavailable) -> Written:
        """Write in pieces what can be written, and leave the rest aside."""
        if handed.isolated:
            if self._is_given_up(handed.entries[0], error):
                return Written(handed.batch.ids)
            refused = list(handed.entries)
        else:
            refused = [entry for kind in _kinds(handed.entries) for entry in self._refused_of(kind)]
        if not refused:
            return Written(handed.batch.ids)
        log.error(
            "%s refuses %d entries, they are set aside and tried again later: %s",
            error.what,
            len(refused),
            error.why,
        )
        self.refusal = error
        if len(refused) == handed.batch.size:
            self._stop.wait(self._between.next_s())
        return Written(_ids_without(handed.batch, refused), refused)

    def _refused_of(self, entries: list[Entry]) -> list[Entry]:
        """Write entries in ever smaller pieces; returns those that are refused, or not tried."""
        refused: list[Entry] = []
        pieces, in_a_row = [entries], 0
        while pieces:
            piece = pieces.pop()
            if in_a_row == _MOST_IN_A_ROW:
                refused += piece
                continue
            try:
                self._offer(self._decoding.decode(piece), 1)
                in_a_row = 0
            except _Stopped:
                refused += piece
                in_a_row = _MOST_IN_A_ROW
            except SinkUnavailable as error:
                if not error.refused:
                    raise
                in_a_row += 1
                if len(piece) == 1:
                    refused += piece
                else:
                    middle = len(piece) // 2
                    pieces += [piece[middle:], piece[:middle]]
        return refused

    def _is_given_up(self, entry: Entry, error: SinkUnavailable) -> bool:
        """Make an entry that was refused time after time a dead letter, if others pass."""
        if time.monotonic() - self._passed_at > _PROOF_S:
            return False
        try:
            self._target.write(self._decoding.to_dead_letter(entry, f"{error.what} refuses it: {error.why}"))
        except SinkUnavailable:
            return False
        log.error("entry %s goes to the dead letters: %s", entry.entry_id, error)
        return True


def _kinds(entries: Sequence[Entry]) -> list[list[Entry]]:
    """Entries by the name of their event: what ails one kind is nothing to the others."""
    kinds: defaultdict[bytes, list[Entry]] = defaultdict(list)
    for entry in entries:
        kinds[kind_of(entry)].append(entry)
    return list(kinds.values())


def _ids_without(batch: DecodedBatch, refused: Sequence[Entry]) -> dict[str, list[str]]:
    left = {(entry.stream, entry.entry_id) for entry in refused}
    return {key: [one for one in ids if (key, one) not in left] for key, ids in batch.ids.items()}
