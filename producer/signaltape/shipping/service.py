"""The shipper as a process of its own: `signaltape ship`."""

from __future__ import annotations

import logging
import threading
import time

from signaltape.errors import JournalUnavailable
from signaltape.settings import Settings
from signaltape.shipping.backoff import Backoff
from signaltape.shipping.client import StreamError
from signaltape.shipping.measures import Progress
from signaltape.shipping.pool import ShipperPool

log = logging.getLogger("signaltape")

#: How soon an event written by another process is seen. Memory-mapped writes raise no file events.
POLL_S = 0.01
#: Asked to stop, it goes on for this long, and then waits for one answer more, of at most 5 seconds.
FINISH_S = 5.0


def ship_once(settings: Settings, *, resend_since: float | None = None) -> int:
    """Ship everything that is in the journals now. Returns how many events went.

    Raises one of StreamError when Redis is away, JournalUnavailable when files of a journal make trouble.
    """
    fleet = ShipperPool(settings)
    try:
        fleet.take_all()
        if resend_since is not None:
            fleet.resend(resend_since)
        total = fleet.drain(float("inf"))
        if fleet.troubled:
            names = ", ".join(str(folder) for folder in fleet.troubled)
            raise JournalUnavailable(
                f"shipped {total} events; not all of {names}: its files make trouble (see above)"
            )
        return total
    finally:
        fleet.close()


def ship_forever(
    settings: Settings,
    stop: threading.Event,
    *,
    resend_since: float | None = None,
    progress: Progress | None = None,
) -> int:
    """Ship until `stop` is set, then what stands in the journals at that moment. Returns how many events went.

    If Redis is away then, or too slow to take it all within 10 seconds, the rest waits in the journals.
    progress: where to note how far it is.
    """
    fleet = ShipperPool(settings)
    progress = progress or Progress()
    backoff = Backoff()
    total = 0
    began = time.monotonic()
    try:
        while not stop.is_set():
            began = time.monotonic()
            try:
                if resend_since is not None:
                    fleet.take_all()
                    fleet.resend(resend_since)
                    resend_since = None
                shipped = fleet.step()
            except StreamError as error:
                fleet.disconnect()
                progress.failures, progress.failed_at = progress.failures + 1, time.monotonic()
                wait_s = backoff.next_s()
                log.warning("Redis takes no events, trying again in %.1f s: %s", wait_s, error)
                stop.wait(wait_s)
                continue
            if backoff.waiting:
                log.info("Redis is back")
                backoff.reset()
            total += shipped
            progress.shipped, progress.dropped = total, fleet.missed
            if not shipped:
                stop.wait(POLL_S)
        if backoff.waiting:  # each try could take long
            log.warning("Redis takes no events: what was not shipped is left in the journals")
            return total
        # Not behind what engines go on writing: it would never end.
        return total + _finish(fleet, began + FINISH_S)
    finally:
        fleet.close()


def _finish(fleet: ShipperPool, deadline: float) -> int:
    try:
        return fleet.drain(deadline)
    except StreamError as error:
        log.warning("events are left in the journal: %s", error)
        return 0
