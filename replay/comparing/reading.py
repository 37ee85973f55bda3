"""Both sides of a comparison, read: a session's events, and the stream of what an engine emitted in its replay."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from msgspec import Struct

from consumer.entry import Entry as StreamEntry
from replay.comparing.matching import Happening
from replay.comparing.runs import Began, Ended, Entry, Kept
from replay.sessions.sources import read_stream
from signaltape.clock import from_epoch_ms
from signaltape.contract.codec import decode
from signaltape.contract.events import EVENTS
from signaltape.contract.record_codec import decode_record
from signaltape.contract.records import RECORDS, type_of
from signaltape.errors import InvalidEvent
from signaltape.replay.bad_lines import BadLines
from signaltape.replay.kept_apart import BEGAN, CUT, ENDED
from signaltape.replay.line import BadLine, payload_of, read_head, split
from signaltape.replay.session import EVENTS as EVENTS_FILE
from signaltape.replay.session import SessionError
from signaltape.stream import FIELD_DATA, FIELD_EVENT, FIELD_NUMBER, FIELD_RUN, entry_time_ms

Fields = Mapping[bytes, bytes]
T = TypeVar("T")
_TELL_EVERY = 1000


class _Began(Struct):
    feed: str = ""
    at: datetime | None = None


_MOST_DIGITS = 18
#: What a replay is fed with: most lines of a session, and never compared.
_MARKET = b'{"_event":"market_'


def telling(items: Iterable[T], tell: Callable[[int], None]) -> Iterator[T]:
    """The same items; `tell` is called with how many there were, now and then."""
    for number, one in enumerate(items):
        if number % _TELL_EVERY == 0:
            tell(number)
        yield one


def recorded(folder: Path, until: datetime | None, bad: BadLines) -> Iterator[Happening]:
    """The events of a session without the market, up to a moment. Raises SessionError."""
    for index, line in enumerate(_lines(folder)):
        if line.startswith(_MARKET):
            continue
        try:
            head = read_head(line)
            one = Happening(
                index,
                head.event,
                head.at,
                head.symbol,
                head.type,
                _signal_of(head.event, line),
                payload_of(line),
            )
        except (BadLine, msgspec.MsgspecError) as error:
            bad.note(f"{folder.name}/{EVENTS_FILE}:{index + 1}", error)
            continue
        if until is not None and one.ts > until:
            return
        yield one


def kept_of(client: Any, key: str, tell: Callable[[int], None] = lambda _read: None) -> Kept | None:
    """What is kept of a session; None if nothing is. client: a redis.Redis; tell: how much was read, now and then.

    Raises redis.RedisError, and whatever `tell` does.
    """
    began: Began | None = None
    cut, ended, bad = set[bytes](), dict[bytes, list[Ended]](), list[str]()
    entries: dict[tuple[bytes, int, str], Entry] = {}
    ids: set[tuple[str, str]] = set()
    for stored in telling((one for some in read_stream(client, key) for one in some), tell):
        given = stored.fields or []
        fields = dict(zip(given[::2], given[1::2], strict=True))
        run, name = fields.get(FIELD_RUN, b""), _name(fields)
        if name == BEGAN:
            began = _began(run, fields, stored.entry_id)
        elif name == CUT:
            cut.add(run)
        elif name == ENDED:
            ended.setdefault(run, []).extend(_ended(fields))
        else:
            number = _number(fields)
            # sent again because its answer was lost, it is the same event
            place = (run, number, "" if number >= 0 else stored.entry_id)
            if place not in entries:
                entries[place] = Entry(run, number, _happening(len(entries), stored, fields, ids, bad))
    if not entries and not ended and began is None:
        return None
    return Kept(list(entries.values()), began, ended, frozenset(cut), bad)


def _lines(folder: Path) -> Iterator[bytes]:
    try:
        with (folder / EVENTS_FILE).open("rb") as file:
            yield from split(file.read)
    except FileNotFoundError:
        raise SessionError(f"session {folder.name} has no events") from None
    except OSError as error:
        raise SessionError(f"session {folder.name} cannot be read: {error}") from None


class _SignalId(Struct):
    signal_id: UUID | None = None


_read_signal_id = msgspec.json.Decoder(_SignalId).decode


def _signal_of(event: str, line: bytes) -> str | None:
    if event not in EVENTS:
        return None
    found = _read_signal_id(payload_of(line)).signal_id
    return None if found is None else str(found)


def _number(fields: Fields) -> int:
    text = fields.get(FIELD_NUMBER, b"")
    return int(text) if text.isdigit() and len(text) <= _MOST_DIGITS else -1


def _name(fields: Fields) -> str:
    return fields.get(FIELD_EVENT, b"").decode("utf-8", "backslashreplace")


def _began(run: bytes, fields: Fields, entry_id: str) -> Began:
    try:
        said = msgspec.json.decode(fields.get(FIELD_DATA, b""), type=_Began)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        said = _Began()
    return Began(run, said.feed, said.at or from_epoch_ms(entry_time_ms(entry_id)))


def _ended(fields: Fields) -> list[Ended]:
    """What an entry says of a run's end; nothing if it cannot be read: then it has not ended."""
    try:
        return [msgspec.json.decode(fields.get(FIELD_DATA, b""), type=Ended)]
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return []


def _happening(
    place: int, stored: StreamEntry, fields: Fields, ids: set[tuple[str, str]], bad: list[str]
) -> Happening | None:
    """An event; None if it breaks the contract, or is a record that came before: live, it would be stored once."""
    number = _number(fields)
    try:
        found, record_id = _read(number if number >= 0 else place, stored, fields)
    except InvalidEvent as error:
        bad.append(f"{stored.entry_id}: {error}")
        return None
    known = (found.event, record_id)
    if record_id and known in ids:
        return None
    ids.add(known)
    return found


def _read(place: int, stored: StreamEntry, fields: Fields) -> tuple[Happening, str]:
    """An event, and the id of a record. Raises InvalidEvent."""
    name, data = _name(fields), fields.get(FIELD_DATA, b"")
    at = from_epoch_ms(entry_time_ms(stored.entry_id))
    if name in EVENTS:
        event = decode(name, data, default_ts=at)
        return Happening(place, name, event.ts, event.event.symbol, name.upper(), event.signal_id, data), ""
    found = decode_record(name, data, stream=stored.stream, entry_id=stored.entry_id, default_ts=lambda: at)
    kind = type_of(name, found.record.event_type) if name in RECORDS else name
    return Happening(place, name, found.ts, found.record.symbol, kind, None, data), found.record_id
