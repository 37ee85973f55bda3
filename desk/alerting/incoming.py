"""What of a batch of the stream concerns the desk: alerts, what became of signals, and what ghosts say.

Never raises for what an entry holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from consumer.accepted import Accepted, AcceptedRecord
from consumer.decoding.decode import Batch, decode_entries
from consumer.entry import Entry
from desk.alerts.model import Alert, alert_of
from desk.ghosts.news import LINE_RECORD, ORDER, News, may_be_news, news_of
from signaltape.contract.desk_records import Alert as AlertRecord
from signaltape.contract.events import (
    GhostClosed,
    GhostInvalidated,
    GhostTriggered,
    SignalClosed,
    SignalInvalidated,
    SignalPublished,
    SignalTriggered,
)
from signaltape.notices import Notices
from signaltape.showing import describe
from signaltape.stream import FIELD_DATA, FIELD_EVENT

#: Of an event, what its message may say later.
_KEPT = {
    **dict.fromkeys((SignalTriggered.EVENT, GhostTriggered.EVENT), ("entry_fill", "time_to_trigger_ms")),
    **dict.fromkeys((SignalInvalidated.EVENT, GhostInvalidated.EVENT), ("reason",)),
    **dict.fromkeys(
        (SignalClosed.EVENT, GhostClosed.EVENT), ("rr_realized", "time_in_trade_ms", "exit_reason")
    ),
}
_WANTED = frozenset(name.encode() for name in (SignalPublished.EVENT, AlertRecord.EVENT, *_KEPT))


class Happened(NamedTuple):
    """Something became of a signal. fields: JSON."""

    signal_id: str
    event: str
    ts: datetime
    fields: str


class Incoming(NamedTuple):
    """A batch as the desk's group took it: `ids` is what to acknowledge once the rest is committed.

    refused: entries that should be alerts and cannot; the worker keeps them as dead letters. news: of ghosts.
    """

    ids: dict[str, list[str]]
    alerts: list[Alert]
    happened: list[Happened]
    refused: int = 0
    news: Sequence[News] = ()

    @property
    def size(self) -> int:
        """How many entries it holds."""
        return sum(len(ids) for ids in self.ids.values())

    @property
    def concerns(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.alerts or self.happened or self.news)


class Reading:
    """Reads batches; what cannot become an alert is said once a minute and counted."""

    def __init__(self) -> None:
        self._notices = Notices()

    def read(self, entries: Sequence[Entry]) -> Incoming:
        """The alerts and lives among these entries. Most of a stream is neither: that is not even decoded."""
        batch = decode_entries([entry for entry in entries if _may_concern(entry)])
        alerts, refused = self._alerts(batch)
        for dead in batch.dead:
            self._say(dead.stream, dead.entry_id, dead.reason)
        return Incoming(_ids(entries), alerts, _lives(batch), refused + len(batch.dead), self._news(batch))

    def _alerts(self, batch: Batch) -> tuple[list[Alert], int]:
        found: dict[str, Alert] = {}
        refused = 0
        for one in _sources(batch):
            try:
                alert = _alert(one)
            except Exception as error:  # noqa: BLE001 - whatever it holds, the others go on; the worker keeps it
                self._say(one.stream, one.entry_id, describe(error))
                refused += 1
            else:
                found.setdefault(alert.source_id, alert)
        return list(found.values()), refused

    def _news(self, batch: Batch) -> list[News]:
        found = []
        for one in batch.records.rows():
            if one.name in (ORDER, LINE_RECORD):
                try:
                    found.append(news_of(one.name, one.record_id, one.ts, one.payload))
                except msgspec.MsgspecError as error:
                    self._notices.say("no news", f"entry {one.entry_id} of {one.stream}: {describe(error)}")
        return [one for one in found if one is not None]

    def _say(self, stream: str, entry_id: str, why: str) -> None:
        self._notices.say("no alert", f"entry {entry_id} of {stream} cannot become an alert: {why}")


def passed_over(entry: Entry, _reason: str) -> Incoming:
    """A batch that takes one entry without looking at what it holds."""
    return Incoming({entry.stream: [entry.entry_id]}, [], [], 1)


def _may_concern(entry: Entry) -> bool:
    """Whether to decode an entry: by its event where that usually stands, else to be on the safe side."""
    fields = entry.fields
    if fields is None:
        return False
    if fields[0] != FIELD_EVENT or fields[1] in _WANTED:
        return True
    return len(fields) > 3 and fields[2] == FIELD_DATA and may_be_news(fields[1], fields[3])


def _ids(entries: Sequence[Entry]) -> dict[str, list[str]]:
    ids: dict[str, list[str]] = {}
    for entry in entries:
        ids.setdefault(entry.stream, []).append(entry.entry_id)
    return ids


def _sources(batch: Batch) -> Iterator[Accepted | AcceptedRecord]:
    yield from (one for one in batch.accepted if one.name == SignalPublished.EVENT)
    yield from (one for one in batch.records.rows() if one.name == AlertRecord.EVENT)


def _alert(one: Accepted | AcceptedRecord) -> Alert:
    if isinstance(one, Accepted):
        return alert_of(one.name, one.payload, one.decoded.ts)
    return alert_of(one.name, one.payload, one.ts, source_id=one.record_id)


def _lives(batch: Batch) -> list[Happened]:
    return [_happened(one) for one in batch.accepted if one.name in _KEPT]


def _happened(one: Accepted) -> Happened:
    event: Any = one.decoded.event
    kept = {name: getattr(event, name) for name in _KEPT[one.name]}
    fields = msgspec.json.Encoder(decimal_format="string").encode(kept).decode()
    return Happened(one.decoded.signal_id, one.name, one.decoded.ts, fields)
