"""Both sides of a comparison, read: a session's events, and the stream of what an engine emitted in its replay."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from msgspec import Struct

from replay.comparing.matching import Happening
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

#: What a replay is fed with: most lines of a session, and never compared.
_MARKET = b'{"_event":"market_'


class Played(Struct):
    """How far a feed came; whole: to the end of the session."""

    reached: datetime | None
    whole: bool


class _Numbered(NamedTuple):
    """An entry of an engine's event: its run, its number there (-1: it has none), and the rest."""

    run: bytes
    number: int
    entry_id: str
    fields: dict[bytes, bytes]


class Run(NamedTuple):
    """What an engine emitted in a replay.

    began: whether a feed said so; played: how far the feed came, once it is over; cut: it was too long to be kept
    whole; missing: events that were emitted and are not there; runs: engines that emitted at once; bad: what is no
    event, in words.
    """

    happenings: list[Happening]
    began: bool
    played: Played | None
    cut: bool
    missing: int
    runs: int
    bad: list[str]


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


def replayed(client: Any, key: str) -> Run | None:
    """What was emitted; None if nothing was kept. client: a redis.Redis. Raises redis.RedisError."""
    began, cut, played = False, False, None
    found: dict[tuple[bytes, int, str], _Numbered] = {}
    for entries in read_stream(client, key):
        for entry in entries:
            given = entry.fields or []
            fields = dict(zip(given[::2], given[1::2], strict=True))
            name = fields.get(FIELD_EVENT, b"").decode("utf-8", "backslashreplace")
            if name == BEGAN:
                began, played = True, None
            elif name == CUT:
                cut = True
            elif name == ENDED:
                played = _read_played(fields.get(FIELD_DATA, b""))
            else:
                one = _Numbered(fields.get(FIELD_RUN, b""), _number(fields), entry.entry_id, fields)
                # sent again because its answer was lost, it is the same event
                found.setdefault((one.run, one.number, "" if one.number >= 0 else one.entry_id), one)
    if not found and not began:
        return None
    bad: list[str] = []
    happenings = sorted(_happenings(found.values(), key, bad), key=lambda one: (one.ts, one.index))
    runs = {one.run for one in found.values()}
    return Run(happenings, began, played, cut, _missing(found.values(), began=began), len(runs), bad)


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


def _number(fields: dict[bytes, bytes]) -> int:
    text = fields.get(FIELD_NUMBER, b"")
    return int(text) if text.isdigit() else -1


def _missing(entries: Iterable[_Numbered], *, began: bool) -> int:
    """How many numbers lack of each run; before the first one only if the run began in this stream."""
    numbers: dict[bytes, list[int]] = {}
    for one in entries:
        if one.number >= 0:
            numbers.setdefault(one.run, []).append(one.number)
    whole = began and len(numbers) == 1
    return sum(max(found) + 1 - (0 if whole else min(found)) - len(found) for found in numbers.values())


def _read_played(data: bytes) -> Played | None:
    try:
        return msgspec.json.decode(data, type=Played)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def _happenings(entries: Iterable[_Numbered], key: str, bad: list[str]) -> Iterator[Happening]:
    for place, one in enumerate(entries):
        try:
            yield _happening(place, one, key)
        except InvalidEvent as error:
            bad.append(f"{one.entry_id}: {error}")


def _happening(place: int, one: _Numbered, key: str) -> Happening:
    name = one.fields.get(FIELD_EVENT, b"").decode("utf-8", "backslashreplace")
    data, at = one.fields.get(FIELD_DATA, b""), from_epoch_ms(entry_time_ms(one.entry_id))
    if name in EVENTS:
        event = decode(name, data, default_ts=at)
        return Happening(place, name, event.ts, event.event.symbol, name.upper(), event.signal_id, data)
    found = decode_record(name, data, stream=key, entry_id=one.entry_id, default_ts=lambda: at)
    kind = type_of(name, found.record.event_type) if name in RECORDS else name
    return Happening(place, name, found.ts, found.record.symbol, kind, None, data)
