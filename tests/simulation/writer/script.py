"""Batches as a stream may hold them: events, records, what comes again, what contradicts, what is broken."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from consumer.entry import Entry
from signaltape.stream import (
    FIELD_DATA,
    FIELD_EVENT,
    FIELD_FIRST_ENTRY_ID,
    FIELD_ID,
    FIELD_REPLAY,
    FIELD_VERSION,
)
from tests.support.records import RECORD_SAMPLES
from tests.support.samples import ALL_SAMPLES, LAYERS, as_json

#: Symbols that the tables of a run refuse: as a row (23514), and as a statement (42501).
REFUSED, DENIED = "REFUSED", "DENIED"

_MOST_ENTRIES = 60
#: So many of the last things sent may come again.
_REMEMBERED = 150
_SIGNALS_AT_ONCE = 12
_DAY_MS = 86_400_000
_TIMES = {
    "signal_published": "ts_published",
    "signal_triggered": "ts_triggered",
    "signal_invalidated": "ts_invalidated",
    "signal_closed": "ts_closed",
    "ghost_triggered": "ts_triggered",
    "ghost_invalidated": "ts_invalidated",
    "ghost_closed": "ts_closed",
}
#: JSON that is valid, and hard on whoever copies it or compares it; and some that the contract does not take.
_ODD = (
    *(
        '"a\\tb\\nc\\\\d"',
        '"\\\\N"',
        '"\\\\."',
        '"\\u00e9\\u2028"',
        '"\\ud83d\\ude80"',
        '"é日本"',
        '"\\u0001\\u007f"',
    ),
    *(
        "-0.0",
        "1e-30",
        "1E+15",
        "1.50",
        "150e-2",
        "9007199254740993",
        "0.79996000000000001",
        "1e1000",
        "-1e-1000",
    ),
    *("[]", "{}", "null", "[[1,2],[3]]", '{"":1}', '{"b":1,"a":{"c":[null,true]}}', '{"a":1,"a":2}', '"\\/"'),
    *('"\\u0000"', '"\\ud800"', "1e5000", "NaN", '"' + "x" * 3000 + '"'),
)


class Thing(NamedTuple):
    """An event or a record as it was sent: its fields as JSON, and what stands beside them in the entry."""

    name: str
    fields: dict[str, str]
    beside: tuple[bytes, ...] = ()

    def sent(self) -> list[bytes]:
        """Names and values of an entry that holds it."""
        inner = ",".join(f"{as_json(name).decode()}:{value}" for name, value in self.fields.items())  # type: ignore[arg-type]
        return [FIELD_EVENT, self.name.encode(), FIELD_DATA, f"{{{inner}}}".encode(), *self.beside]


class Script:
    """Makes batch after batch.

    today: the server's day, around which records have their partitions;
    alone: one worker writes. Of two, one may be refused a version of an event while the other stores another one: then
    it depends on the moment whether that is a dead letter or a conflict. So versions are refused all or none.
    """

    def __init__(self, random: random.Random, today: date, *, alone: bool) -> None:
        self._random = random
        self._alone = alone
        self._noon_ms = (
            int(datetime.combine(today, datetime.min.time(), UTC).timestamp() * 1000) + _DAY_MS // 2
        )
        # entries come around midnight in Jakarta
        self._now_ms = self._noon_ms - 2 * _DAY_MS + 5 * 3_600_000 - 30_000
        self._signals = [self._uuid() for _ in range(_SIGNALS_AT_ONCE)]
        self._things: list[Thing] = []
        self._entries: list[Entry] = []
        self._last: list[Entry] = []
        # a stream is not always in the same trouble
        again, refused, odd = (random.choice(weights) for weights in ((0, 4, 12), (0, 0, 1, 3), (0, 2, 5)))
        self._denied = random.choice((0.0, 0.05))
        self._makers: list[tuple[int, Callable[[], Entry]]] = [
            (30, lambda: self._new(self._event())),
            (28, lambda: self._new(self._record())),
            (again, lambda: self._new(self._known())),
            (again, lambda: self._random.choice(self._entries or [self._new(self._event())])),
            (again // 2, lambda: self._new(self._same(self._known()))),
            (again // 2, lambda: self._new(self._contrary(self._known()))),
            (2 * odd, self._broken),
            (refused, lambda: self._new(self._with_symbol(self._any(), REFUSED))),
            (1, self._vanished),
            (odd, lambda: self._new(self._odd(self._any()))),
        ]

    def batch(self) -> list[Entry]:
        """The next batch; now and then that of the other worker, or a part of it, or one that is refused."""
        dice = self._random.random()
        if self._last and dice < 0.2:
            batch = self._last[self._random.randrange(len(self._last)) :]
            if dice < 0.05:
                self._random.shuffle(batch)
        else:
            size = self._random.choice((1, 2, 5, 10, 20, 40, _MOST_ENTRIES))
            batch = []
            while len(batch) < size:
                entry = self._make()
                if all((one.stream, one.entry_id) != (entry.stream, entry.entry_id) for one in batch):
                    batch.append(entry)
            if dice > 1 - self._denied:
                batch.append(self._new(self._with_symbol(self._any(), DENIED)))
        self._last = batch
        return list(batch)

    def _make(self) -> Entry:
        dice = self._random.randrange(sum(weight for weight, _ in self._makers))
        for weight, make in self._makers:
            dice -= weight
            if dice < 0:
                return make()
        raise AssertionError("the weights are summed up above")

    def _new(self, thing: Thing) -> Entry:
        self._things = [*self._things[1 - _REMEMBERED :], thing]
        return self._entry(thing.sent())

    def _entry(self, fields: list[bytes] | None) -> Entry:
        self._now_ms += self._random.choice((0, 1, 900))
        stream = f"sim:{{{self._random.randrange(2)}}}"
        entry = Entry(stream, f"{self._now_ms}-{len(self._entries)}", fields)
        self._entries.append(entry)
        return entry

    def _any(self) -> Thing:
        return self._event() if self._random.random() < 0.5 else self._record()

    def _event(self) -> Thing:
        name = self._random.choice(list(ALL_SAMPLES))
        if self._random.random() < 0.4:
            self._signals[self._random.randrange(_SIGNALS_AT_ONCE)] = self._uuid()
        fields = _as_fields(ALL_SAMPLES[name](self._random.choice(self._signals)))
        if self._random.random() < 0.4:
            fields[self._random.choice((_TIMES[name], "ts"))] = self._time()
        if name == "signal_published" and self._random.random() < 0.7:
            says = self._random.sample(sorted(LAYERS), self._random.randrange(len(LAYERS) + 1))
            fields["layers"] = as_json({one: LAYERS[one] for one in says}).decode()
        return self._odd(Thing(name, fields)) if self._random.random() < 0.2 else Thing(name, fields)

    def _record(self) -> Thing:
        name = self._random.choice(list(RECORD_SAMPLES))
        fields = _as_fields(RECORD_SAMPLES[name])
        beside: tuple[bytes, ...] = ()
        how = self._random.choice(("own", "wire", "place", "first"))
        if how == "own":
            fields["id"] = f'"{self._record_id()}"'
        elif how == "wire":
            beside = (FIELD_ID, self._record_id().encode())
        elif how == "first":
            beside = (FIELD_FIRST_ENTRY_ID, b"%d-%d" % (self._now_ms - 5, self._random.randrange(1000)))
        if self._random.random() < 0.4:
            fields["timestamp"] = self._time()
        if self._random.random() < 0.2:
            return self._odd(Thing(name, fields, beside))
        return Thing(name, fields, beside)

    def _record_id(self) -> str:
        known = [thing for thing in self._things if "id" in thing.fields and self._may_vary(thing)]
        dice = self._random.random()
        if known and dice < 0.1:  # of another kind, perhaps of the market
            return self._random.choice(known).fields["id"].strip('"')
        if dice < 0.3:
            return self._uuid()
        days = self._random.choice((-9, -8, -1, 0, 0, 1, 2, 700, 70_000))
        ms = self._noon_ms + days * _DAY_MS + self._random.randrange(_DAY_MS)
        tail = self._uuid()
        return f"{ms:012x}"[:8] + "-" + f"{ms:012x}"[8:] + "-7" + tail[15:]

    def _known(self) -> Thing:
        """Mostly one of a batch before, at times of this one."""
        pool = self._random.choice((self._things, self._things[-10:]))
        return self._random.choice(pool) if pool else self._event()

    def _same(self, thing: Thing) -> Thing:
        """The same, written otherwise."""
        names = list(thing.fields)
        self._random.shuffle(names)
        fields = {name: thing.fields[name] for name in names}
        for name, value in fields.items():
            if value.replace(".", "", 1).isdigit() and name not in ("id", "_id"):
                fields[name] = f"{value}0 " if "." in value else f" {value}"
        return thing._replace(fields=fields)

    def _contrary(self, thing: Thing) -> Thing:
        fields = {**thing.fields, "note": str(self._random.randrange(3))}
        if self._may_vary(thing) and self._random.random() < 0.1:
            fields["symbol"] = f'"{self._random.choice((REFUSED, "OTHER")) if self._alone else "OTHER"}"'
        return thing._replace(fields=fields)

    def _may_vary(self, thing: Thing) -> bool:
        """Whether another version of it may be accepted where it is not, or the other way round."""
        return self._alone or thing.fields.get("symbol") not in (f'"{REFUSED}"', f'"{DENIED}"')

    def _odd(self, thing: Thing) -> Thing:
        name = self._random.choice(("note", "setup", "extra", "odd\tname", *thing.fields))
        if name in ("signal_id", "id"):
            name = "note"
        return thing._replace(fields={**thing.fields, name: self._random.choice(_ODD)})

    def _with_symbol(self, thing: Thing, symbol: str) -> Thing:
        fields = {**thing.fields, "symbol": f'"{symbol}"'}
        if self._alone:
            return thing._replace(fields=fields)
        fields["signal_id" if thing.name in ALL_SAMPLES else "id"] = f'"{self._uuid()}"'
        return Thing(thing.name, fields)

    def _broken(self) -> Entry:
        fields = self._any().sent()
        how = self._random.randrange(7)
        if how == 0:
            fields[3] = fields[3][: self._random.randrange(len(fields[3]))]
        elif how == 1:
            fields[1] = self._random.choice((b"signal_lost", b"\xff\x00", b""))
        elif how == 2:
            fields = fields[2:]
        elif how == 3:
            fields += [FIELD_VERSION, self._random.choice((b"2", b"x", b"99999"))]
        elif how == 4:
            fields += [FIELD_REPLAY, b"session"]
        elif how == 5:
            fields[3] = fields[3].replace(b":", b":\x00", 1)
        else:
            fields = [b"other", b"\x00\xff", FIELD_DATA, b"\x00\xff\\"]
        return self._entry(fields)

    def _vanished(self) -> Entry:
        return self._entry(None)

    def _time(self) -> str:
        ms = self._noon_ms + self._random.randrange(-3, 3) * _DAY_MS + self._random.randrange(_DAY_MS)
        if self._random.random() < 0.5:
            return str(ms)
        when = datetime.fromtimestamp(ms / 1000, UTC) + timedelta(hours=7)
        return f'"{when:%Y-%m-%dT%H:%M:%S}"'

    def _uuid(self) -> str:
        return str(UUID(int=self._random.randrange(2**128), version=4))


def _as_fields(sample: dict[str, object]) -> dict[str, str]:
    return {name: as_json(value).decode() for name, value in sample.items()}  # type: ignore[arg-type]
