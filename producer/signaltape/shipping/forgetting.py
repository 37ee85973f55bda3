"""Whether Redis still holds what it was given: a decision over what it says of a stream. Pure: no connection here.

The proof is an *anchor*, an entry of ours, known by its id and its content (a stream that is made anew within the
same millisecond gives the same ids again). A stream vanishes as a whole (DEL, FLUSHALL, eviction) and loses its tail
(a crash, a failover), so while the anchor is there, all that we added behind it is there too, up to the moment of
asking. A missing anchor was trimmed by the worker, or is lost; what else the stream says of itself tells which.
"""

from __future__ import annotations

from typing import NamedTuple

from signaltape.stream import entry_order, entry_time_ms

#: What a restarted or promoted server may lack lies within this time before its last sign; clocks of two
#: machines may differ by as much.
RESEND_MARGIN_S = 60.0


class StreamState(NamedTuple):
    """What Redis says of one stream. None or empty: it does not say (it may be too old, or we may not ask)."""

    #: whether there is such a stream
    exists: bool | None = None
    #: the last id that it gave, the id of its oldest entry, and the greatest id that was deleted by hand
    last_id: str = ""
    first_id: str = ""
    deleted_id: str = ""
    #: entries in it, and ever added to it since it was made
    length: int | None = None
    added: int | None = None
    #: whether the anchor is there
    holds_anchor: bool | None = None


class Given(NamedTuple):
    """What we know of our own entries in one stream."""

    #: the last id that we were given
    last_id: str
    anchor: str
    #: entries that the stream had ever had at the last look; 0: not known
    added: int


class Loss(NamedTuple):
    """Redis lacks something of ours."""

    #: from when on, in seconds since 1970; 0: all of it may be gone
    since: float
    #: False if the worker's trimming looks the same to us
    sure: bool = True


def lost_from(given: Given, state: StreamState) -> Loss | None:
    """What a stream lacks of what it was given; None if nothing, or nothing that can be known."""
    if state.exists is False:
        return Loss(0.0)
    if state.last_id and entry_order(state.last_id) < entry_order(given.last_id):
        return Loss(entry_time_ms(state.last_id) / 1000 - RESEND_MARGIN_S)
    if state.added is not None and state.added < given.added:  # made anew, and filled by others
        return Loss(0.0)
    if state.holds_anchor is not False:
        return None
    return _loss_of(given.anchor, state)


def _loss_of(anchor: str, state: StreamState) -> Loss | None:
    """Why an anchor is missing: None if it was removed on purpose."""
    if state.added is not None and state.added == state.length:  # never was anything removed from this stream
        return Loss(0.0)
    if state.deleted_id and entry_order(state.deleted_id) >= entry_order(anchor):
        return None
    if state.first_id and entry_order(state.first_id) < entry_order(
        anchor
    ):  # trimming begins with the oldest
        return Loss(0.0)
    return None if state.added is not None else Loss(0.0, sure=False)
