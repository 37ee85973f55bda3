"""Locks of journals: gone with their process, and never held on by a child that was forked at a bad moment."""

from __future__ import annotations

import fcntl
import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from signaltape.journal.lock import FileLock, is_held
from tests.support.waiting import ended, eventually


def test_a_lock_is_held_by_one_and_seen_by_all(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    assert not is_held(path)
    lock, other = FileLock(path), FileLock(path)
    assert lock.acquire()
    assert is_held(path)
    assert not other.acquire()
    lock.release()
    assert not is_held(path)
    assert other.acquire()
    other.release()


def test_those_who_only_look_do_not_take_each_other_for_a_holder(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    path.touch()
    seen: list[bool] = []

    def look() -> None:
        seen.extend(is_held(path) for _ in range(3000))

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    ended(*threads)
    assert not any(seen)


@pytest.fixture
def children() -> Iterator[list[int]]:
    """Processes that were forked and do nothing more."""
    forked: list[int] = []
    yield forked
    for pid in forked:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def take_and_release(path: Path) -> None:
    lock = FileLock(path)
    assert lock.acquire()
    lock.release()


@pytest.mark.parametrize("act", [is_held, take_and_release])
def test_a_child_forked_while_a_lock_is_taken_does_not_hold_it_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, children: list[int], act: Callable[[Path], object]
) -> None:
    path = tmp_path / "a.lock"
    path.touch()
    plain = fcntl.flock

    def forking(fd: int, kind: int) -> None:
        plain(fd, kind)
        child = os.fork()
        if not child:
            signal.pause()
            os._exit(0)
        children.append(child)

    with monkeypatch.context() as patched:
        patched.setattr(fcntl, "flock", forking)
        act(path)
    eventually(lambda: not is_held(path))
