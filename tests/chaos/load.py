"""The engine under load: emits a fixed list of events and notes in a file which ones were accepted.

    python -m tests.chaos.load RECORD SEED START STOP RATE MODE

RECORD is a file with one byte per event: 0 not tried, 1 accepted, 2 refused. It is mapped, so that a kill -9
of this process leaves it as it was. Modes:

    plain
    fork                 three children of os.fork share the work
    children             the same with multiprocessing, and the parent emits nothing
    parent-and-children  with multiprocessing, and the parent emits too
    clock                after half of the events the engine's clock jumps back an hour
    term                 a SIGTERM ends it in the ordinary way
    pause                after half of the events it waits for SIGUSR1, and after all of them to be killed
    text                 with texts of many alphabets
"""

from __future__ import annotations

import mmap
import multiprocessing
import os
import signal
import sys
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import signaltape.emitter
from signaltape import Emitter
from tests.support.samples import LAYERS, SAMPLES

KINDS = list(SAMPLES)
ACCEPTED, REFUSED = 1, 2
#: Fields of every event that this engine says otherwise than the samples.
TEXTS: dict[str, str] = {}
#: With a time, so that the same event said twice is the same in every byte.
MANY_ALPHABETS = {"symbol": "é-日本-€", "setup": "café 日本語 Ω≈ç 🚀 naïve", "ts": "2022-01-17T09:30:00Z"}
_NAMESPACE = uuid.UUID("6f1f0f1e-6c1c-4f57-9a52-0d1f6f1b7c11")
#: It never says more than this at once, so that there is no pause in which it says nothing.
_BURST_S = 0.005


def signal_id(seed: str, index: int) -> str:
    """The signal of event `index`."""
    return str(uuid.uuid5(_NAMESPACE, f"{seed}:{index // len(KINDS)}"))


def event(seed: str, index: int) -> tuple[str, dict[str, Any]]:
    """Event `index`: its name and fields."""
    name = KINDS[index % len(KINDS)]
    layers = {"layers": LAYERS} if name == "signal_published" else {}
    return name, SAMPLES[name](signal_id(seed, index), **layers, **TEXTS)


def emit_range(tape: Emitter, record: mmap.mmap, seed: str, indexes: range, rate: float) -> None:
    """Emit these events at about `rate` a second; go on through refusals."""
    methods: dict[str, Callable[..., bool]] = {
        name: getattr(tape, name.removeprefix("signal_")) for name in KINDS
    }
    pace_every = max(1, int(rate * _BURST_S))
    began = time.monotonic()
    for done, index in enumerate(indexes):
        name, fields = event(seed, index)
        record[index] = ACCEPTED if methods[name](fields) else REFUSED
        if done % pace_every == 0:
            ahead_s = done / rate - (time.monotonic() - began)
            if ahead_s > 0:
                time.sleep(ahead_s)  # this is what makes it a load at a rate


def jump_back_at_half(record: mmap.mmap, total: int) -> None:
    """From half of the events on, the engine's clock is an hour behind."""

    def clock() -> datetime:
        behind = record[total // 2] != 0
        return datetime.now(UTC) - (timedelta(hours=1) if behind else timedelta(0))

    patch.object(signaltape.emitter, "utc_now", clock).start()


def main() -> int:
    record_path, seed, start, stop, rate, mode = sys.argv[1:7]
    indexes = range(int(start), int(stop))
    with Path(record_path).open("r+b") as file:
        record = mmap.mmap(file.fileno(), 0)
    if mode == "term":
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if mode == "text":
        TEXTS.update(MANY_ALPHABETS)
    if mode == "clock":
        jump_back_at_half(record, len(record))
    tape = Emitter(ship=os.environ.get("CHAOS_SHIP_IN_ENGINE") == "1")
    if mode == "fork":
        return fork_and_emit(tape, record, seed, indexes, float(rate))
    if mode in ("children", "parent-and-children"):
        return spawn_and_emit(tape, record, seed, indexes, float(rate), too=mode != "children")
    if mode == "pause":
        return emit_in_halves(tape, record, seed, indexes, float(rate))
    emit_range(tape, record, seed, indexes, float(rate))
    tape.close()
    return 0


def fork_and_emit(tape: Emitter, record: mmap.mmap, seed: str, indexes: range, rate: float) -> int:
    """Fork in the middle of writing, several times; parent and children each write their share."""
    shares = [indexes[number::4] for number in range(4)]
    emit_range(tape, record, seed, shares[0][: len(shares[0]) // 2], rate / 4)
    children = []
    for share in shares[1:]:
        child = os.fork()
        if child == 0:
            emit_range(tape, record, seed, share, rate / 4)
            tape.close()
            os._exit(0)
        children.append(child)
    emit_range(tape, record, seed, shares[0][len(shares[0]) // 2 :], rate / 4)
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    tape.close()
    return max(codes)


def spawn_and_emit(
    tape: Emitter, record: mmap.mmap, seed: str, indexes: range, rate: float, *, too: bool
) -> int:
    """Three children of multiprocessing that end as these do; with `too` the parent emits before, and then a share."""
    context = multiprocessing.get_context("fork")
    shares = [indexes[number :: 3 + too] for number in range(3 + too)]
    if too:
        emit_range(tape, record, seed, shares[3][:1], rate)
    children = [
        context.Process(target=emit_range, args=(tape, record, seed, share, rate / len(shares)))
        for share in shares[:3]
    ]
    for child in children:
        child.start()
    if too:
        emit_range(tape, record, seed, shares[3][1:], rate / len(shares))
    for child in children:
        child.join()
    tape.close()
    return max(child.exitcode or 0 for child in children)


def emit_in_halves(tape: Emitter, record: mmap.mmap, seed: str, indexes: range, rate: float) -> int:
    """Half of it, a pause until SIGUSR1, the rest, and a wait for the end."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    half = len(indexes) // 2
    emit_range(tape, record, seed, indexes[:half], rate)
    signal.sigwait({signal.SIGUSR1})
    emit_range(tape, record, seed, indexes[half:], rate)
    signal.pause()
    return 0


if __name__ == "__main__":
    sys.exit(main())
