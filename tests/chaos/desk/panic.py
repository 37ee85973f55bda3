"""`/panic` with ten processes of which one stands still: how long each takes to answer, and who is named."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from typing import NamedTuple

import redis

from signaltape.control.processes import Process, processes_of
from tests.chaos.child import Child
from tests.chaos.desk.run import ADMIN, Run
from tests.chaos.rig import STREAM
from tests.support.waiting import eventually

PROCESSES = 10
#: Besides a desk and a worker.
ENGINES = PROCESSES - 2
WITHIN_S = 30.0
#: What is promised is a second; a machine that is busy with other runs may take as long again to show it.
PROMISED_S = 1.0


class Panicked(NamedTuple):
    """answered_s: from the word to the answer, of each that answered; told_s: from the press to the message."""

    answered_s: dict[str, float]
    told_s: float
    told: str
    frozen: str
    wrong: list[str]

    @property
    def slowest_s(self) -> float:
        """The last to answer."""
        return max(self.answered_s.values(), default=0.0)


def run_panic(run: Run) -> Panicked:
    """Ask for it, and look at every process's answer."""
    with run.rig.redis() as client:
        client.delete(f"{STREAM}:processes")  # those that were killed before
        children = [run.start("desk"), run.rig.start_worker()]
        children += [run.rig.start("engine", "tests.chaos.desk.present") for _ in range(ENGINES)]

        def there() -> list[Process]:
            return processes_of(client.hgetall(f"{STREAM}:processes"))

        eventually(lambda: len(there()) >= PROCESSES, WITHIN_S)
        try:
            return _panicked(run, there, client, children[-1])
        finally:
            children[-1].send(signal.SIGCONT)
            for child in children:
                child.kill()


def _panicked(run: Run, there: Callable[[], list[Process]], client: redis.Redis, frozen: Child) -> Panicked:
    asked = run.server.say(ADMIN, "/panic")
    yes = eventually(lambda: _buttons(run, asked), WITHIN_S)[0]
    names = [one.name for one in there()]
    name = next(one for one in names if one.endswith(f":{frozen.popen.pid}"))
    before = _epoch(client)
    frozen.send(signal.SIGSTOP)
    answered: dict[str, float] = {}
    began = time.time()
    pressed = run.server.press(ADMIN, yes, 1)
    at: float | None = None
    told = ""
    while not told and time.time() - began < WITHIN_S:
        now = time.time()
        if (epoch := _epoch(client)) > before:
            at = at or now
            for one in there():
                if one.has_answered(epoch):
                    answered.setdefault(one.name, now - at)
        told = _told(run, pressed)
        time.sleep(0.005)  # between two looks
    told_s = time.time() - began
    wrong = []
    if len(names) != PROCESSES:
        wrong.append(f"/panic: {len(names)} processes are there, not {PROCESSES}: {names}")
    silent = set(names) - answered.keys()
    if silent != {name}:
        wrong.append(f"/panic: no answer of {sorted(silent)}, and only {name} stands still")
    wrong += [
        f"/panic: {one} answered after {took_s:.2f} s"
        for one, took_s in answered.items()
        if took_s > PROMISED_S
    ]
    if name not in told:
        wrong.append(f"/panic: {name} stands still and is not named: {told!r}")
    return Panicked(answered, told_s, told, name, wrong)


def _epoch(client: redis.Redis) -> int:
    """Of the word that was said last."""
    return int(client.hget(f"{STREAM}:control", "epoch") or 0)


def _buttons(run: Run, update: int) -> list[str]:
    rows = run.rows("SELECT keyboard FROM outbox WHERE message_key = %s", f"answer:{update}")
    return [button["data"] for row in rows[0][0] or [] for button in row] if rows else []


def _told(run: Run, update: int) -> str:
    """What stands in the chat of it."""
    rows = run.rows("SELECT body FROM outbox WHERE message_key = %s AND state = 'sent'", f"answer:{update}")
    return str(rows[0][0]) if rows else ""
