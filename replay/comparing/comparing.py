"""What was recorded beside what a replay emitted: identical, or the first divergence by name. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence, Set
from datetime import datetime, timedelta
from itertools import islice
from typing import NamedTuple

from replay.comparing.matching import Happening, Pair, meet_records, meet_signals, pairs_of, signals_of
from replay.comparing.naming import named
from replay.comparing.outcomes import Met, SignalChange, SignalCounts, changes_of
from replay.comparing.shapes import TIME, Divergence, EventCounts, FieldDifference, What, field_difference
from replay.comparing.values import Ids, differences
from signaltape.contract.events import ENGINE_EVENTS
from signaltape.errors import InvalidRequest

#: All of them are in memory at once.
MOST_COMPARED = 100_000
#: So many differing fields of an event are named.
_MOST_FIELDS = 20


class Compared(NamedTuple):
    """All that the comparison found.

    passed_over: records that were not compared, by kind; earlier: signals that were published before the span.
    """

    first: Divergence | None
    events: EventCounts
    changes: Sequence[SignalChange]
    signals: SignalCounts
    passed_over: Counter[str]
    earlier: int


def compare(
    recorded: Iterable[Happening],
    replayed: Iterable[Happening],
    within: timedelta = timedelta(0),
    until: datetime | None = None,
) -> Compared:
    """Compare what happened in a span on both sides, each in order of time.

    within: how far apart the times of the same event may be. until: where the replay broke off; what one side alone has
    just there may have come on the other side a moment later, and is left out.
    Records of a kind that the replay emitted none of are passed over: what feeds an engine is no output of it. So are
    signals that were published before the span, unless the replay knows of them.
    """
    emitted = list(replayed)
    kept, passed_over = _comparable(recorded, {one.event for one in emitted} | ENGINE_EVENTS.keys())
    if until is not None:
        edge = set(_edge(_meet(kept, emitted, within).pairs, until - within))
        kept, emitted = ([one for one in side if id(one) not in edge] for side in (kept, emitted))
    met, pairs, earlier = _meet(kept, emitted, within)
    ids = {one.signal_id: other.signal_id for one, other in met if one is not None and other is not None}
    verdicts = [_verdict(pair, ids, within) for pair in pairs]
    first = next((place for place, one in enumerate(verdicts) if one is not None), None)
    changes, signals = changes_of(met)
    return Compared(
        None if first is None else _divergence(first + 1, pairs[first], verdicts[first] or [], ids),
        _counted(pairs, verdicts),
        changes,
        signals,
        passed_over,
        earlier,
    )


class _Meeting(NamedTuple):
    signals: list[Met]
    pairs: list[Pair]
    earlier: int


def _meet(kept: Sequence[Happening], emitted: Sequence[Happening], within: timedelta) -> _Meeting:
    all_met = meet_signals(signals_of(kept), signals_of(emitted), within)
    met = [one for one in all_met if not _came_before(one)]
    records = meet_records(_records(kept), _records(emitted), within)
    pairs = [*(pair for one in met for pair in pairs_of(*one)), *records]
    return _Meeting(met, sorted(pairs, key=lambda one: one.place), len(all_met) - len(met))


def _edge(pairs: Iterable[Pair], since: datetime) -> Iterator[int]:
    """What one side alone has from a moment on, by identity."""
    for pair in pairs:
        if None in pair and pair.known.ts >= since:
            yield id(pair.known)


def _comparable(recorded: Iterable[Happening], kinds: Set[str]) -> tuple[list[Happening], Counter[str]]:
    kept, passed_over = [], Counter[str]()
    for one in recorded:
        if one.event in kinds:
            kept.append(one)
            if len(kept) > MOST_COMPARED:
                raise InvalidRequest(
                    f"more than {MOST_COMPARED:,} events to compare: build a shorter session"
                )
        else:
            passed_over[one.event] += 1
    return kept, passed_over


def _came_before(met: Met) -> bool:
    recorded, replayed = met
    return replayed is None and recorded is not None and recorded.published is None


def _records(happenings: Iterable[Happening]) -> list[Happening]:
    return [one for one in happenings if one.signal_id is None]


def _verdict(pair: Pair, ids: Ids, within: timedelta) -> list[FieldDifference] | None:
    """None if both sides say the same; else the fields that differ, none of them if one side says nothing."""
    recorded, replayed = pair
    if recorded is None or replayed is None:
        return []
    found = islice(differences(recorded.payload, replayed.payload, ids), _MOST_FIELDS)
    fields = [field_difference(*one) for one in found]
    if abs(recorded.ts - replayed.ts) > within:
        fields.append(field_difference(TIME, recorded.ts, replayed.ts))
    return fields or None


def _what(pair: Pair) -> What:
    return "appeared" if pair.recorded is None else "vanished" if pair.replayed is None else "different"


def _divergence(number: int, pair: Pair, fields: list[FieldDifference], ids: Ids) -> Divergence:
    recorded, replayed = pair
    signal_id = None if recorded is None else recorded.signal_id
    return Divergence(
        what=_what(pair),
        said=named(_what(pair), pair.known.event, pair.known.symbol, fields),
        number=number,
        index=None if recorded is None else recorded.index,
        at=pair.place[0],
        event=pair.known.event,
        symbol=pair.known.symbol,
        signal_id=signal_id,
        replayed_signal_id=ids.get(signal_id or "") if replayed is None else replayed.signal_id,
        fields=fields,
    )


def _counted(pairs: Sequence[Pair], verdicts: Sequence[list[FieldDifference] | None]) -> EventCounts:
    kinds = Counter(_what(pair) for pair, found in zip(pairs, verdicts, strict=True) if found is not None)
    return EventCounts(
        recorded=sum(one.recorded is not None for one in pairs),
        replayed=sum(one.replayed is not None for one in pairs),
        same=verdicts.count(None),
        different=kinds["different"],
        appeared=kinds["appeared"],
        vanished=kinds["vanished"],
    )
