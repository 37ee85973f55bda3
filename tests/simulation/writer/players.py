"""A worker of the simulation: its own thread, that stands still before each exchange with the server."""

from __future__ import annotations

import threading

from consumer.accepted import Outcome
from consumer.writing import SinkUnavailable
from signaltape.settings import Secret
from sink.write.lines import Prepared
from tests.simulation.writer.sessions import SteppingConnection
from worker.loop import _Tables

NEXT_BATCH = "next batch"


class _Leave(BaseException):
    """The run is over; nothing of the product catches it."""


class Player(threading.Thread):
    """Writes batches as a worker does: through `_Tables`, again after each error that says nothing about the batch."""

    def __init__(self, number: int, url: Secret) -> None:
        super().__init__(name=f"worker {number}", daemon=True)
        self.number = number
        self._url = url
        self._go = threading.Semaphore(0)
        self._told = threading.Semaphore(0)
        self.session: SteppingConnection | None = None
        #: what it is about to do
        self.at = ""
        #: it waits for a lock of another one
        self.blocked = False
        self.ended = False
        self.crash: BaseException | None = None
        #: the batch in hand; None: leave
        self.given: Prepared | None = None
        #: what the last step has brought; `news` empties it
        self.outcome: Outcome | None = None
        self.error: SinkUnavailable | None = None
        self.has_committed = False
        self._lose = False
        self._is_over = False

    def run(self) -> None:
        """Write what is given, until nothing is."""
        try:
            self._stand(NEXT_BATCH)
            tables = _Tables(self._url)
            while self.given is not None:
                self._write(tables, self.given)
                self._stand(NEXT_BATCH)
            tables.close()
        except _Leave:
            pass
        except BaseException as error:
            self.crash = error
        finally:
            self.ended = True
            self._told.release()

    def _write(self, tables: _Tables, batch: Prepared) -> None:
        while True:
            before = tables.total
            try:
                tables.write(batch)
            except SinkUnavailable as error:
                self.error = error
                if error.refused:
                    return
                self._stand("try again")
                continue
            self.outcome = Outcome(*(new - old for new, old in zip(tables.total, before, strict=True)))
            return

    def opened(self, session: SteppingConnection) -> None:
        """As Stepping."""
        self.session = session

    def step(self, session: SteppingConnection, doing: str) -> bool:
        """As Stepping."""
        assert session is self.session
        self._stand(doing)
        lose, self._lose = self._lose, False
        return lose

    def committed(self) -> None:
        """As Stepping."""
        self.has_committed = True

    def leave(self) -> None:
        """End it where it stands; its session must have ended, if that waits for anything."""
        self._is_over = True
        self._go.release()
        self.join()
        if self.session is not None:
            self.session.close()

    def _stand(self, at: str) -> None:
        self.at = at
        if not self._is_over:
            self._told.release()
            self._go.acquire()
        if self._is_over:
            raise _Leave

    def go(self, *, lose: bool = False) -> None:
        """Let it go on. lose: the answer to what it is about to do."""
        self._lose = lose
        self._go.release()

    def stands(self, timeout_s: float) -> bool:
        """Wait until it stands again, or has ended."""
        return self._told.acquire(timeout=timeout_s)

    @property
    def pid(self) -> int | None:
        """The server process of its session, if it has one."""
        session = self.session
        return None if session is None or session.closed else session.info.backend_pid
