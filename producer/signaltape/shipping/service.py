"""The shipper as a process of its own: `signaltape ship`."""

from __future__ import annotations

import logging
import threading

from signaltape.settings import Settings
from signaltape.shipping.backoff import Backoff
from signaltape.shipping.fleet import Fleet
from signaltape.shipping.link import LinkError

log = logging.getLogger("signaltape")

#: How soon an event written by another process is seen. Memory-mapped writes raise no file events.
POLL_S = 0.01


def ship_once(settings: Settings, *, resend_since: float | None = None) -> int:
    """Ship everything that is in the journals now. Returns how many events went.

    Raises one of LinkError when Redis is away.
    """
    fleet = Fleet(settings)
    try:
        fleet.take_all()
        if resend_since is not None:
            fleet.resend(resend_since)
        total = 0
        while shipped := fleet.step():
            total += shipped
        return total
    finally:
        fleet.close()


def ship_forever(settings: Settings, stop: threading.Event, *, resend_since: float | None = None) -> int:
    """Ship until `stop` is set, then what is left if Redis is there. Returns how many events went."""
    fleet = Fleet(settings)
    backoff = Backoff()
    total = 0
    try:
        if resend_since is not None:
            fleet.take_all()
            fleet.resend(resend_since)
        while not stop.is_set():
            try:
                shipped = fleet.step()
            except LinkError as error:
                fleet.disconnect()
                wait_s = backoff.next_s()
                log.warning("Redis takes no events, trying again in %.1f s: %s", wait_s, error)
                stop.wait(wait_s)
                continue
            if backoff.waiting:
                log.info("Redis is back")
                backoff.reset()
            total += shipped
            if not shipped:
                stop.wait(POLL_S)
        return total + _finish(fleet)
    finally:
        fleet.close()


def _finish(fleet: Fleet) -> int:
    total = 0
    try:
        while shipped := fleet.step():
            total += shipped
    except LinkError as error:
        log.warning("events are left in the journal: %s", error)
    return total
