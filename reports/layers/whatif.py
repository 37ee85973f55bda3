"""What if: stored signals scored anew under other weights, beside the scores they were published with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from reports.bins import Bins, read_bins
from reports.evidence.verdict import Counted, ScoreVerdict, judge
from reports.weeks import Week
from sink.db import Connection
from sink.queries import load

_SQL = load(Path(__file__).parent.parent / "sql" / "layers.sql")
_ZERO, _ONE = Decimal(0), Decimal(1)
_CHUNK = 5000
#: A score is in 0..1: beyond this a weight is a slip of the hand.
_HEAVIEST = 1_000_000
_DECODER = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)


class Said(NamedTuple):
    """A stored signal: its score, what each layer said (whether it matched, and its weight), and its outcome."""

    score: Decimal
    layers: dict[str, tuple[bool, Decimal | None]]
    closed: bool
    won: bool


class Side(NamedTuple):
    """One side of the comparison: closed signals and wins by bin, and what they support."""

    bins: list[Counted]
    verdict: ScoreVerdict


class WhatIf(NamedTuple):
    """Both sides, and what stands behind them.

    signals: those with layers, which both sides hold; without_layers: left out of both; moved: signals that change
    their bin; below: signals that fall below the lowest score that was ever published, so that an engine with that
    threshold would not have published them; shifted: signals whose published score is not the sum of their weights,
    which keep what else is in it; unknown: layers that the new weights name and no signal does.
    """

    published: Side
    rescored: Side
    signals: int
    without_layers: int
    moved: int
    below: int
    shifted: int
    unknown: list[str]


def as_document(result: WhatIf) -> dict[str, Any]:
    """Both sides and the counts under their names, for JSON."""
    sides = {name: _side_document(getattr(result, name)) for name in ("published", "rescored")}
    return {**result._asdict(), **sides}


def _side_document(side: Side) -> dict[str, Any]:
    return {
        "bins": {one.label: {"n": one.n, "wins": one.wins} for one in side.bins},
        "verdict": side.verdict._asdict(),
    }


def read_weights(data: bytes) -> dict[str, Decimal]:
    """Weights by layer from JSON: an object of numbers, or an exported rules version with such a `weights`.

    Raises ValueError with one line that names what is wrong.
    """
    try:
        document = _DECODER.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"weights must be a JSON object: {error}") from None
    found = document.get("weights", document)
    if not isinstance(found, dict) or not found:
        raise ValueError('weights must be an object of layer names and numbers, such as {"trend": 0.3}')
    return {name: _weight(name, value) for name, value in found.items()}


def _weight(name: str, value: Any) -> Decimal:
    try:
        weight = Decimal(value) if not isinstance(value, (bool, list, dict)) else None
    except (InvalidOperation, TypeError, ValueError):
        weight = None
    if weight is None or not weight.is_finite() or weight < 0:
        raise ValueError(f"weight of {name} must be a number, 0 or more, got {value!r}")
    if weight > _HEAVIEST:
        raise ValueError(f"weight of {name} must be at most {_HEAVIEST}, got {weight:.6g}")
    return weight


def whatif(
    connection: Connection,
    newest: Week,
    weeks: int,
    weights: Mapping[str, Decimal],
    progress: Callable[[int], None] = lambda _done: None,
) -> WhatIf:
    """Score the signals of the last `weeks` weeks up to `newest` anew. Raises psycopg.Error.

    progress: called now and then with how many signals were read; what it raises ends this.
    """
    span = {"since": newest.earlier(weeks - 1).since, "until": newest.until}
    with connection.transaction(), connection.cursor(name="whatif") as rows:
        bins = read_bins(connection)
        rows.itersize = _CHUNK
        rows.execute(_SQL["whatif"], span)
        return compare(_told(rows, progress), weights, bins)


def _told(rows: Iterable[Any], progress: Callable[[int], None]) -> Iterator[Said]:
    for number, row in enumerate(rows):
        if number % _CHUNK == 0:
            progress(number)
        yield Said(row[0], _layers(row[1]), row[2], row[3])


def compare(signals: Iterable[Said], weights: Mapping[str, Decimal], bins: Bins) -> WhatIf:
    """Both scorecards of these signals. Pure."""
    then, now = [[0, 0] for _ in bins.labels], [[0, 0] for _ in bins.labels]
    total = without = moved = shifted = 0
    lowest = _ONE
    named: set[str] = set()
    scores: list[Decimal] = []
    for one in signals:
        if not one.layers:
            without += 1
            continue
        total += 1
        named |= one.layers.keys()
        lowest = min(lowest, one.score)
        score = rescore(one, weights)
        scores.append(score)
        shifted += _own_sum(one) != one.score
        before, after = bins.place(one.score), bins.place(score)
        moved += before != after
        if one.closed:
            for side, place in ((then, before), (now, after)):
                side[place][0] += one.won
                side[place][1] += 1
    below = sum(score < lowest for score in scores)
    unknown = sorted(weights.keys() - named)
    sides = (_side(bins, then), _side(bins, now))
    return WhatIf(*sides, total, without, moved, below, shifted, unknown)


def rescore(one: Said, weights: Mapping[str, Decimal]) -> Decimal:
    """The score of a signal under other weights, in 0..1.

    With the weights it was published under: its score, changed by the difference of weights over the layers that
    matched; whatever else the engine put into the score stays. Without them: the share of the new weights that matched.
    A layer that the new weights do not name keeps its own.
    """
    if all(weight is not None for _, weight in one.layers.values()):
        change = sum(
            (
                weights.get(name, own) - own
                for name, (matched, own) in one.layers.items()
                if matched and own is not None
            ),
            _ZERO,
        )
        return min(_ONE, max(_ZERO, one.score + change))
    whole = sum((weights.get(name, own or _ZERO) for name, (_, own) in one.layers.items()), _ZERO)
    part = sum(
        (weights.get(name, own or _ZERO) for name, (matched, own) in one.layers.items() if matched), _ZERO
    )
    return part / whole if whole else one.score


def _own_sum(one: Said) -> Decimal:
    return sum((own for matched, own in one.layers.values() if matched and own is not None), _ZERO)


def _layers(said: dict[str, dict[str, Any]] | None) -> dict[str, tuple[bool, Decimal | None]]:
    return {
        name: (one["match"], None if one["weight"] is None else Decimal(one["weight"]))
        for name, one in (said or {}).items()
    }


def _side(bins: Bins, counts: list[list[int]]) -> Side:
    counted = [Counted(label, wins, n) for label, (wins, n) in zip(bins.labels, counts, strict=True)]
    return Side(counted, judge(counted))
