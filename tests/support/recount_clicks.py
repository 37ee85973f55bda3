"""What clicks on alerts were worth, counted by hand: plain Python over the rows, and nothing of the product."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any, NamedTuple


class Signal(NamedTuple):
    """What became of a signal. ended: when, None while it is open; rr: of a closed one."""

    published: datetime
    setup: str | None
    ended: datetime | None
    rr: Fraction | None


class Rows(NamedTuple):
    """All that the desk stored: (ref, signal, decision, reason, ts, decided_at), and clicks in the order in
    which they came (ref, user, kind, value, ts)."""

    alerts: Sequence[tuple[str, str | None, str, str | None, datetime, datetime]]
    clicks: Sequence[tuple[str, int, str, str, datetime]]
    signals: dict[str, Signal]


def votes(rows: Rows) -> dict[str, set[str]]:
    """What most say of a signal, of what was clicked before it ended, each person once."""
    signal_of = {ref: signal for ref, signal, *_ in rows.alerts}
    last: dict[tuple[str, int, str], tuple[datetime, int, str]] = {}
    for number, (ref, user, kind, value, ts) in enumerate(rows.clicks):
        signal = rows.signals.get(signal_of[ref] or "")
        if signal is None or (signal.ended is not None and ts >= signal.ended):
            continue
        place = (ref, user, kind)
        last[place] = max(last.get(place, (ts, number, value)), (ts, number, value))
    said: dict[str, Counter[str]] = defaultdict(Counter)
    for (ref, _, _), (_, _, value) in last.items():
        said[signal_of[ref] or ""][value] += 1
    return {
        signal: {
            one
            for one, other in (("up", "down"), ("down", "up"), ("took", "skipped"), ("skipped", "took"))
            if counted[one] > counted[other]
        }
        for signal, counted in said.items()
    }


def coverage(rows: Rows, since: datetime, until: datetime) -> tuple[int, int]:
    """Alerts sent in a span, and those of which somebody says something in the end."""
    last: dict[tuple[str, int, str], tuple[datetime, int, str]] = {}
    for number, (ref, user, kind, value, ts) in enumerate(rows.clicks):
        place = (ref, user, kind)
        last[place] = max(last.get(place, (ts, number, value)), (ts, number, value))
    clicked = {ref for (ref, _, _), (_, _, value) in last.items() if value != "none"}
    sent = [ref for ref, _, decision, _, ts, _ in rows.alerts if decision == "sent" and since <= ts < until]
    return len(sent), sum(ref in clicked for ref in sent)


def side(
    rows: Rows, vote: str, since: datetime, until: datetime, setup: str | None = None
) -> tuple[int, int]:
    """Closed signals of a span with a vote, and how many won. setup: only of this one."""
    voted = votes(rows)
    r = [
        one.rr
        for signal, one in rows.signals.items()
        if vote in voted.get(signal, ())
        and since <= one.published < until
        and one.rr is not None
        and setup in (None, one.setup)
    ]
    return len(r), sum(one > 0 for one in r)


def lift(rows: Rows, yes: str, no: str, monday: datetime) -> Fraction | float | None:
    """Each week's difference by itself, weighed by n·m/(n+m) half as much four weeks back. monday: of the newest."""
    above = below = 0.0
    for age in range(8):
        since = monday - timedelta(weeks=age)
        (n, wins), (m, others) = (side(rows, one, since, since + timedelta(weeks=1)) for one in (yes, no))
        if n and m:
            weight = 0.5 ** (age / 4) * n * m / (n + m)
            above += weight * (wins / n - others / m)
            below += weight
    return above / below if below else None


def late(rows: Rows, since: datetime, until: datetime) -> int:
    """Clicks on signals of a span that came once these had ended."""
    signal_of = {ref: rows.signals.get(signal or "") for ref, signal, *_ in rows.alerts}
    of = [(signal_of[ref], ts) for ref, *_, ts in rows.clicks]
    return sum(
        one is not None and one.ended is not None and since <= one.published < until and ts >= one.ended
        for one, ts in of
    )


def held(rows: Rows, since: datetime, until: datetime) -> dict[str, dict[str, Any]]:
    """By reason: signals none of whose alerts was sent, and what the closed ones of them brought."""
    sent = {signal for _, signal, decision, *_ in rows.alerts if decision == "sent"}
    first: dict[str, tuple[datetime, str, str]] = {}
    for ref, signal, decision, reason, _, decided in rows.alerts:
        if decision == "held" and signal in rows.signals and signal not in sent:
            first[signal] = min(first.get(signal, (decided, ref, reason or "")), (decided, ref, reason or ""))
    found: dict[str, dict[str, Any]] = defaultdict(lambda: {"held": 0, "closed": 0, "sum_r": Fraction(0)})
    for signal, (_, _, reason) in first.items():
        one = rows.signals[signal]
        if since <= one.published < until:
            found[reason]["held"] += 1
            if one.rr is not None:
                found[reason]["closed"] += 1
                found[reason]["sum_r"] += one.rr
    return dict(found)
