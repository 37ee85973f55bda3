"""A fork by one thread while another takes or gives back a lock: no child holds a lock of its parent."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from signaltape.journal.lock import FileLock, is_held
from signaltape.secrecy import keep_secret
from tests.support.waiting import status_of


def forks_amid(name: str, monkeypatch: pytest.MonkeyPatch, act: Callable[[], Any], *, before: bool) -> int:
    """Do `act`, and fork at its first call of `os.<name>`, just before or behind it. Returns the child's pid."""
    plain = getattr(os, name)
    children: list[int] = []

    def forking(*given: Any, **named: Any) -> Any:
        monkeypatch.setattr(os, name, plain)
        if before:
            children.append(_fork_a_sleeper())
        answer = plain(*given, **named)
        if not before:
            children.append(_fork_a_sleeper())
        return answer

    monkeypatch.setattr(os, name, forking)
    act()
    (child,) = children
    return child


def _fork_a_sleeper() -> int:
    child = os.fork()
    if not child:
        time.sleep(60)  # it is killed long before
        os._exit(0)
    return child


def end(child: int) -> None:
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def test_a_child_forked_while_the_lock_file_is_opened_does_not_hold_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "lock"
    lock = FileLock(path)
    child = forks_amid("open", monkeypatch, lock.acquire, before=False)
    try:
        assert is_held(path)
        os.close(lock._fd)  # type: ignore[arg-type] # as at a kill -9
        assert not is_held(path)
    finally:
        end(child)


def test_a_child_forked_while_the_lock_is_given_back_does_not_hold_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "lock"
    lock = FileLock(path)
    assert lock.acquire()
    child = forks_amid("close", monkeypatch, lock.release, before=True)
    try:
        assert not is_held(path)
        assert FileLock(path).acquire()
    finally:
        end(child)


def test_a_child_forked_while_a_secret_is_noted_does_not_stand_still() -> None:
    import signaltape.secrecy as secrecy

    with secrecy._lock:
        child = os.fork()
        if not child:
            signal.alarm(30)
            keep_secret("redis://:hunter2@nowhere")
            os._exit(0)
    assert status_of(child) == 0
