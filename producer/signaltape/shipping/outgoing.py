"""From a journalled event to an entry of the stream: its partition, and its time if emit left that to us."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import msgspec

from signaltape.events import EVENTS
from signaltape.journal.frame import Frame
from signaltape.stream import route, stream_keys

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_encode = msgspec.json.Encoder().encode
#: What stands between an event's data and its time, by the event's name.
_TIME_KEYS = {name.encode(): b',"%b":' % kind.TIME_FIELD.encode() for name, kind in EVENTS.items()}
_ANY_TIME_KEY = b',"ts":'


class Outgoing(NamedTuple):
    """One event on its way: stream key, event name, JSON."""

    key: str
    name: bytes
    data: bytes


class _Signal(msgspec.Struct):
    signal_id: str = ""


class _Market(msgspec.Struct):
    symbol: str | None = None


_signal_of = msgspec.json.Decoder(_Signal).decode
_market_of = msgspec.json.Decoder(_Market).decode


class Addresser:
    """Makes journalled events ready for the streams of one installation."""

    def __init__(self, stream: str, partitions: int) -> None:
        #: the streams' keys, in order
        self.keys = stream_keys(stream, partitions)

    def __call__(self, frame: Frame) -> Outgoing:
        """The entry that a frame becomes: the same each time, so that sending twice is harmless."""
        name, data, _, emitted_ns = frame
        keys = self.keys
        key = keys[0] if len(keys) == 1 else keys[route(_routed_by(name, data)) % len(keys)]
        return Outgoing(key, name, with_time(name, data, emitted_ns) if emitted_ns else data)


def with_time(name: bytes, data: bytes, emitted_ns: int) -> bytes:
    """An event's JSON with the moment of emit (nanoseconds since 1970) in its time field, to the microsecond."""
    moment = _EPOCH + timedelta(microseconds=emitted_ns // 1000)
    return b"%b%b%b}" % (data[:-1], _TIME_KEYS.get(name, _ANY_TIME_KEY), _encode(moment))


def _routed_by(name: bytes, data: bytes) -> str:
    """What chooses the partition: the signal's id, or the record's symbol; its name if there is none."""
    try:
        found = _signal_of(data).signal_id if name in _TIME_KEYS else _market_of(data).symbol
    except msgspec.MsgspecError:  # not what emit lets through; the worker will say so
        found = None
    return found or name.decode()
