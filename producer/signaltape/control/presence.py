"""The thread of a process that hears control and shows that the process is there. See `registry` for who begins it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue

import redis
from msgspec import structs
from redis.exceptions import NoPermissionError

from signaltape.control.following import Follower
from signaltape.control.identity import Identity, identity
from signaltape.control.line import ControlLine, Looked
from signaltape.control.minding import Mind
from signaltape.control.processes import encode
from signaltape.control.state import PAUSED, RUNNING, Control, State
from signaltape.control.watching import watch
from signaltape.notices import Notices
from signaltape.redis_client import redis_url
from signaltape.settings import Settings
from signaltape.showing import describe, show

log = logging.getLogger("signaltape")

#: How soon a word is heard.
LOOK_EVERY_S = 0.25
#: How often a process shows itself; at once when it has heard something new.
SHOW_EVERY_S = 1.0
#: How soon to look again while control is out of reach.
AWAY_EVERY_S = 0.5
#: Ending may hold up a process for so long.
END_WITHIN_S = 0.5
_AWAY = (redis.RedisError, OSError)
#: In a forked child: the lines of its parents. To close one, or to let it go, takes a lock that a thread of the parent
#: may have held.
_of_parents: list[ControlLine] = []


class Presence:
    """Hears control for one process, and answers it. Raises SettingsError without REDIS_URL.

    role: what the process is to the others; is_needed: asked at each turn of its thread, which ends on False.
    """

    def __init__(self, settings: Settings, role: str, is_needed: Callable[[], bool] = lambda: True) -> None:
        self._url, self._stream = redis_url(settings), settings.stream
        self._is_needed = is_needed
        self._mind = Mind()
        self.followers: list[Follower] = []
        self._be(role)

    def _be(self, role: str) -> None:
        """Begin as this process: no thread yet."""
        self._line = ControlLine(self._url, self._stream)
        self._who = identity(role, self._line.now_ms())
        self._shown: list[str] = []
        self._shown_at = float("-inf")
        self._reached = False
        self._said, self._said_unlisted = "", False
        self._state: State = RUNNING
        self._notices = Notices()
        # Not an Event: its lock is not re-entrant, and a signal handler may close an Emitter.
        self._bell: SimpleQueue[None] = SimpleQueue()
        self._begun = self._ending = self._watched = False
        self._thread = threading.Thread(target=self._run, name="signaltape-control", daemon=True)

    @property
    def role(self) -> str:
        """What the process is to the others."""
        return self._who.role

    @property
    def name(self) -> str:
        """How the process is called among the others."""
        return self._who.name

    @property
    def known(self) -> Control | None:
        """The newest word that it has heard."""
        return self._mind.known

    def begin(self) -> None:
        """Start the thread, if it has not begun. Raises RuntimeError where none is to be had."""
        if not self._begun:
            self._thread.start()
            self._begun = True

    def watch(self) -> None:
        """Have dead man's switches trip though the thread hangs; for those that have none, no thread is begun."""
        if not self._watched and any(one.has_switch for one in self.followers):
            hearing = self._thread
            watch(lambda: list(self.followers), lambda: self._ending or not hearing.is_alive())
            self._watched = True

    def end(self, within_s: float = END_WITHIN_S) -> None:
        """Take the process out of the list and end the thread; it is not waited for any longer than that."""
        self._ending = True
        self._bell.put(None)
        if self._thread is not threading.current_thread() and self._begun:
            self._thread.join(within_s)

    def wake(self) -> None:
        """Have it look now."""
        self._bell.put(None)

    def be_called(self, role: str) -> None:
        """From now on the process is this to the others."""
        self._who = structs.replace(self._who, role=role, nth="")
        self._shown_at = float("-inf")
        self.wake()

    def begin_anew_in_child(self) -> None:
        """In a forked child, where the thread does not exist: begin one of its own. It knows what its parent knew."""
        _of_parents.append(self._line)
        self._be(self.role)
        self.begin()
        self.watch()

    def _run(self) -> None:
        while not self._ending and self._is_needed():
            with suppress(Empty):
                while True:
                    self._bell.get_nowait()
            try:
                self.turn()
            except Exception as error:  # noqa: BLE001 - a defect of ours must not end what hears of the next word
                self._notices.say("control failed", f"following control failed: {describe(error)}")
            with suppress(Empty):
                self._bell.get(timeout=LOOK_EVERY_S if self._reached else AWAY_EVERY_S)
        self._leave()

    def turn(self) -> None:
        """Look once, set what follows, answer, and tell."""
        looked = self._look()
        is_news = looked is not None and self._mind.hear(looked.control)
        if is_news:
            self._log()
        followers = list(self.followers)
        now = time.monotonic()
        paused = [one.judge(self._mind, looked, now) for one in followers]
        known = self._mind.known
        state = PAUSED if any(paused) or (known is not None and known.paused) else RUNNING
        changed, self._state = is_news or state != self._state, state
        if looked is not None and (changed or now - self._shown_at >= SHOW_EVERY_S):
            self._show()
        for one in followers:
            one.tell()

    def _look(self) -> Looked | None:
        try:
            looked = self._line.look()
        except _AWAY:  # whoever else needs Redis says so
            self._reached = False
            return None
        except Exception as error:  # noqa: BLE001 - a host's name that is none, say: control is out of reach
            self._reached = False
            self._say(f"control cannot be heard: {describe(error)}")
            return None
        self._reached = True
        self._say(looked.trouble)
        return looked

    def _show(self) -> None:
        if not self._line.may_show():
            return
        try:
            self._show_as(self._who)
        except NoPermissionError as error:
            if not self._said and not self._said_unlisted:  # who may not read control either has been told so
                self._said_unlisted = True
                self._notices.say("presence", f"this process is not in the list of processes: {error}")
        except _AWAY:
            pass  # shown as soon as control is reached again
        else:
            self._shown_at = time.monotonic()

    def _show_as(self, who: Identity) -> None:
        now_ms = self._line.now_ms()
        value = encode(who.shown(self._mind.known, self._state, now_ms))
        was_new = self._line.show(who.name, value)
        if who.name in self._shown:
            return
        if not was_new and not who.nth:
            self._line.hide(who.name)  # of one that lives it is there again in a second
            who.rename()
            self._line.show(who.name, value)
        for name in self._shown:
            self._line.hide(name)
        self._shown = [who.name]

    def _leave(self) -> None:
        with suppress(*_AWAY):  # it is told then by its silence
            for name in self._shown:
                self._line.hide(name)
        with suppress(Exception):
            self._line.close()

    def _log(self) -> None:
        known = self._mind.known
        if known is not None and (known.paused or self._state == PAUSED):
            log.info("%s by %s: %s", known.state, show(known.by), show(known.why))

    def _say(self, trouble: str) -> None:
        if trouble and trouble != self._said:
            self._notices.say("control", trouble)
        self._said = trouble
