"""From a journalled event to an entry of the stream: its partition, and its time if emit left that to us."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from signaltape.contract.events import EVENTS
from signaltape.journal.frame import Frame
from signaltape.stream import route, stream_keys

#: What stands between an event's data and its time, by the event's name.
_TIME_KEYS = {name.encode(): b',"%b":' % kind.TIME_FIELD.encode() for name, kind in EVENTS.items()}
_ANY_TIME_KEY = b',"ts":'


class StreamEntry(NamedTuple):
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


class EntryEncoder:
    """Makes journalled events ready for the streams of one installation. Not thread-safe."""

    def __init__(self, stream: str, partitions: int) -> None:
        #: the streams' keys, in order
        self.keys = stream_keys(stream, partitions)
        self._second = -1
        self._second_text = b""

    def __call__(self, frame: Frame) -> StreamEntry:
        """The entry that a frame becomes: the same each time, so that sending twice is harmless."""
        name, data, _, emitted_ns = frame
        keys = self.keys
        key = keys[0] if len(keys) == 1 else keys[route(_routed_by(name, data)) % len(keys)]
        return StreamEntry(key, name, self._with_time(name, data, emitted_ns) if emitted_ns else data)

    def _with_time(self, name: bytes, data: bytes, emitted_ns: int) -> bytes:
        """An event's JSON with the moment of emit in its time field, to the microsecond, in UTC."""
        second, rest_ns = divmod(emitted_ns, 1_000_000_000)
        if second != self._second:
            self._second = second
            self._second_text = f"{datetime.fromtimestamp(second, UTC):%Y-%m-%dT%H:%M:%S}".encode()
        key = _TIME_KEYS.get(name, _ANY_TIME_KEY)
        return b'%b%b"%b.%06dZ"}' % (data[:-1], key, self._second_text, rest_ns // 1000)


def _routed_by(name: bytes, data: bytes) -> str:
    """What chooses the partition: the signal's id, or the record's symbol; its name if there is none."""
    try:
        found = _signal_of(data).signal_id if name in _TIME_KEYS else _market_of(data).symbol
    except msgspec.MsgspecError:  # not what emit lets through; the worker will say so
        found = None
    return found or name.decode()
