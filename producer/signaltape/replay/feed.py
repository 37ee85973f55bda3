"""The feed of an engine in process: handlers by type, called as if live."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from inspect import isawaitable
from pathlib import Path

from signaltape.own_journals import is_live
from signaltape.replay.controls import Controls
from signaltape.replay.mode import Mode
from signaltape.replay.player import Player, PlayerStatus
from signaltape.replay.session import ReplayEvent
from signaltape.replay.under_way import UNDER_WAY, note_feed

log = logging.getLogger("signaltape")

Handler = Callable[[ReplayEvent], Awaitable[object] | object]
#: The handler for whatever has none of its own.
ANY = "*"


class ReplayFeed:
    """Plays a session to handlers. An engine that was started with RUN_MODE=REPLAY uses it instead of connectors.

    folder: of the session (`data/replay/sessions/<id>`); speed, loop, mode, controls: as for `Player`.
    """

    def __init__(
        self,
        folder: Path | str,
        *,
        speed: float | None = None,
        loop: bool = False,
        mode: Mode | str = Mode.ALL,
        controls: Controls | None = None,
    ) -> None:
        self.controls = controls or Controls()
        self._player = Player(Path(folder), speed=speed, loop=loop, mode=Mode(mode), controls=self.controls)
        self._session = Path(folder).absolute().name
        self._index = -1
        self._handlers: defaultdict[str, list[Handler]] = defaultdict(list)

    def on(self, kind: str, handler: Handler) -> ReplayFeed:
        """Call `handler` with every event of a type (SCORING_UPDATE, MARKET_TRADE, …) or name; `*`: any other."""
        self._handlers[kind].append(handler)
        return self

    @property
    def status(self) -> PlayerStatus:
        """Where it stands."""
        return self._player.status

    def run(self) -> PlayerStatus:
        """Play to the end, or until `controls.stop()`. Raises SessionError; TypeError for a coroutine handler."""
        with self._under_way():
            return self._player.run(self._hand_out)

    async def run_async(self) -> PlayerStatus:
        """The same for asyncio; handlers may be coroutine functions."""
        with self._under_way():
            return await self._player.run_async(self._hand_out_async)

    @contextmanager
    def _under_way(self) -> Iterator[None]:
        """What the engine emits is of this session, from here on."""
        self._begin()
        whole = False
        if is_live():
            log.warning(
                "RUN_MODE is LIVE: what the engine emits in this replay is recorded as if it happened"
            )
        try:
            yield
            whole = not self.controls.is_stopped()
        finally:
            UNDER_WAY.end(self._session, whole=whole, jumped=self._player.jumped)

    def _begin(self) -> None:
        self._index = -1
        feed = UNDER_WAY.begin(self._session)
        with suppress(OSError):  # a folder that is only read
            note_feed(self._player.folder, feed)

    def _hand_out(self, event: ReplayEvent) -> None:
        if event.index <= self._index:  # a loop, a seek: not behind the last one
            self._begin()
        self._index = event.index
        UNDER_WAY.event = event
        for handler in self._of(event):
            given = handler(event)
            if given is not None and isawaitable(given):
                close = getattr(given, "close", None)
                if close is not None:
                    close()
                raise TypeError(f"the handler of {event.type} is asynchronous: use run_async()")

    async def _hand_out_async(self, event: ReplayEvent) -> None:
        if event.index <= self._index:
            self._begin()
        self._index = event.index
        UNDER_WAY.event = event
        for handler in self._of(event):
            given = handler(event)
            if isawaitable(given):
                await given

    def _of(self, event: ReplayEvent) -> list[Handler]:
        handlers = self._handlers
        found = handlers.get(event.type) or handlers.get(event.event)
        return found or handlers.get(ANY, [])
