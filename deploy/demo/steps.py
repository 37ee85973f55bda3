"""One station of the demo as a child process, with a progress bar that follows what it has done."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from typing import NamedTuple

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from signaltape.errors import OperationError

_LOOK_EVERY_S = 0.1


class StepFailed(OperationError):
    """A station ended with an error; the message holds the end of what it said."""


class Step(NamedTuple):
    """What to show, what to run (arguments of this Python), and how far it is."""

    title: str
    command: tuple[str, ...]
    total: int | None
    #: called now and then; None: the child prints its own progress
    measure: Callable[[], int] | None = None


def run_step(
    console: Console, step: Step, environment: Mapping[str, str], on_line: Callable[[str], int | None]
) -> str:
    """Run one station to its end and return the last line that it printed.

    on_line: sees each line of its output and may return how far it is.
    Raises StepFailed.
    """
    child = subprocess.Popen(
        [sys.executable, *step.command],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stderr is not None
    errors: list[str] = []
    last = ""
    with Progress(
        TextColumn(f"{step.title:<42}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
    ) as bar:
        task = bar.add_task(step.title, total=step.total)
        complaints = threading.Thread(target=lambda: errors.extend(child.stderr or ()), daemon=True)
        complaints.start()
        ended = threading.Event()
        watcher = threading.Thread(target=_watch, args=(step, bar, task, ended), daemon=True)
        watcher.start()
        for line in child.stdout:
            last = line.strip() or last
            done = on_line(line)
            if done is not None:
                bar.update(task, completed=done)
        code = child.wait()
        ended.set()
        watcher.join()
        complaints.join()
        if step.measure is not None:
            bar.update(task, completed=step.measure())
    if code:
        raise StepFailed(f"{step.title} failed (exit code {code}): {''.join(errors[-5:]).strip()}")
    return last


def _watch(step: Step, bar: Progress, task: object, ended: threading.Event) -> None:
    if step.measure is None:
        return
    while not ended.wait(_LOOK_EVERY_S):
        bar.update(task, completed=step.measure())  # type: ignore[arg-type]
