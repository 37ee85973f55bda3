"""One presence for each process, whoever in it needs one: its role, and the Emitters that follow control."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from signaltape.control.following import Followed, Follower
from signaltape.control.presence import END_WITHIN_S, Presence
from signaltape.settings import Secret, Settings

#: Of a process that is nothing else.
ENGINE = "engine"
_Place = tuple[Secret | None, str]

_lock = threading.RLock()  # a signal handler may close an Emitter
_shared: dict[_Place, _Shared] = {}


class _Shared:
    """The presence of this process in one place, and who needs it."""

    def __init__(self, place: _Place, settings: Settings, role: str) -> None:
        self._place = place
        self.holders = 0
        self.presence = Presence(settings, role, self._is_needed)

    def drop(self, follower: Follower | None) -> bool:
        """One needs it no more; whether nobody does now. Within the lock."""
        if follower is None:
            self.holders -= 1
        elif follower in self.presence.followers:
            self.presence.followers.remove(follower)
        return self._forget_if_idle()

    def _is_needed(self) -> bool:
        with _lock:
            for one in list(self.presence.followers):
                if one.tape is None:
                    self.presence.followers.remove(one)
            return not self._forget_if_idle()

    def _forget_if_idle(self) -> bool:
        if self.holders or self.presence.followers:
            return False
        if _shared.get(self._place) is self:
            del _shared[self._place]
        return True


class Following:
    """That an Emitter follows control."""

    def __init__(self, shared: _Shared, follower: Follower) -> None:
        self._shared, self._follower = shared, follower

    def end(self) -> None:
        """It follows no more."""
        _drop(self._shared, self._follower)


def follow(tape: Followed, settings: Settings, fail_safe_s: float | None) -> Following:
    """Let control set `tape.paused`. Raises SettingsError, or RuntimeError where no thread is to be had."""
    follower = Follower(tape, fail_safe_s, time.monotonic())
    with _lock:
        shared = _of(settings, ENGINE)
        shared.presence.followers.append(follower)
        _begin(shared)
    return Following(shared, follower)


@contextmanager
def present(settings: Settings, role: str) -> Iterator[None]:
    """Within this, the process is in the list of processes, as `role`; without REDIS_URL nothing is."""
    if settings.redis_url is None:
        yield
        return
    with _lock:
        shared = _of(settings, role)
        shared.holders += 1
        if shared.presence.role != role:
            shared.presence.be_called(role)
        _begin(shared)
    try:
        yield
    finally:
        _drop(shared, None)


def _of(settings: Settings, role: str) -> _Shared:
    place = (settings.redis_url, settings.stream)
    shared = _shared.get(place)
    if shared is None:
        shared = _shared[place] = _Shared(place, settings, role)
    return shared


def _begin(shared: _Shared) -> None:
    try:
        shared.presence.begin()
        shared.presence.watch()
    except BaseException:
        shared.holders, shared.presence.followers = 0, []
        shared.drop(None)
        raise


def _drop(shared: _Shared, follower: Follower | None) -> None:
    with _lock:
        is_last = shared.drop(follower)
    if is_last:
        shared.presence.end(END_WITHIN_S)


def _after_fork_in_child() -> None:
    global _lock  # noqa: PLW0603 - one of each process
    _lock = threading.RLock()
    for place, shared in list(_shared.items()):
        if not shared.presence.followers:  # the child of a worker is no worker
            del _shared[place]
            continue
        with suppress(Exception):  # no thread to be had: it knows what its parent knew
            shared.presence.begin_anew_in_child()


os.register_at_fork(after_in_child=_after_fork_in_child)
