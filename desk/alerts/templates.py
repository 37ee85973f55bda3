"""The words of an alert: side, coin, entry, stop, targets, size, how long it is valid, ref; read in two seconds. Pure.

The first line is what a phone's notification shows. Formatting stands beside the text as entities, so nothing that an
engine sends can be markup.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal

from desk.alerts.coins import coin_of
from desk.alerts.life import Life, life_lines
from desk.alerts.marks import marks_of
from desk.alerts.model import Alert
from desk.alerts.wording import multiple_of, number, percent_of, signed, usd
from desk.policy.sizing import Sizing, shown
from outbox.cleaning import clean, own_lines
from outbox.lines import HANG, LINE, fold, one_line
from outbox.text import MAX_TEXT_UNITS, Text, TextBuilder, units
from outbox.wording import clock

#: One sign at the head, and the category's word; a shorter one where the line is full.
_HEADS = {
    "institutional": ("🏦", "Institutional", "Inst."),
    "sniper": ("🎯", "Sniper", "Sniper"),
    "scalp": ("⚡", "Scalp", "Scalp"),
    "health": ("🩺", "Health", "Health"),
}
_HEALTH = "health"
_MOST_TITLE = 100
_FACTORS = re.compile(r" (?=[×=] )")
#: Kept free for what the sender may have to add: that it may be a repeat.
_RESERVE_UNITS = 128
_MOST_UNITS = MAX_TEXT_UNITS - _RESERVE_UNITS


def alert_text(
    alert: Alert, sizing: Sizing | None, marks: Sequence[str] | None = None, life: Life | None = None
) -> Text:
    """An alert as it stands in the chat. marks: those of its decision; of itself, if none are given."""
    said = marks_of(alert) if marks is None else tuple(marks)
    own = [line for text in alert.lines for line in own_lines(text, "• ")]
    text = _written(alert, sizing, said, life, own)
    while units(text.text) > _MOST_UNITS and own:
        own = own[: len(own) * 3 // 4]
        text = _written(alert, sizing, said, life, [*own, "• …"])
    return text


def _written(
    alert: Alert, sizing: Sizing | None, marks: Sequence[str], life: Life | None, own: Sequence[str]
) -> Text:
    builder = TextBuilder()
    first, *rest = head_lines(alert)
    builder.line(first, "bold")
    cautions = [line for mark in marks for line in own_lines(mark)]
    for line in (*rest, *cautions, *_middle(alert, sizing), *own, *_end(alert, life)):
        builder.line(line)
    return builder.add("ref: ").add(alert.ref_id, "code").build()


def head_lines(alert: Alert) -> list[str]:
    """The notification: side, coin, category, confidence; of a health alert what is wrong. A second line only for what
    fills the first."""
    sign, word, short = _HEADS[alert.category]
    if alert.category == _HEALTH:
        said = clean(alert.title or "") or " · ".join(part for part in (word, _coin(alert)) if part)
        return _title_lines(said, f"{sign} ")
    sure = [] if alert.confidence is None else [f"{_one_place(alert.confidence)}%"]
    what = " ".join(part for part in ((alert.side or "").upper(), _coin(alert)) if part)
    lines = [f"{sign} {' · '.join(part for part in (what, name, *sure) if part)}" for name in (word, short)]
    fitting = next((line for line in lines if len(line) < LINE), None)
    return [fitting] if fitting else [f"{sign} {what}", " · ".join((word, *sure))]


def _coin(alert: Alert) -> str:
    return coin_of(alert.symbol) if alert.symbol else ""


def _title_lines(title: str, sign: str = "") -> list[str]:
    return list(own_lines(one_line(clean(title), _MOST_TITLE), sign))


def _one_place(confidence: Decimal) -> str:
    return shown(round(confidence, 1), 1).removesuffix(".0")


def _middle(alert: Alert, sizing: Sizing | None) -> Iterator[str]:
    if alert.category == _HEALTH:
        yield " · ".join(filter(None, (_coin(alert), f"Since {clock(alert.ts, alert.ts)}")))
        return
    if alert.title:
        yield from _title_lines(alert.title)
    if not alert.is_bad:
        yield from plan_lines(alert)
        yield from _size(sizing)
    yield from _named("Setup ", " · ".join(filter(None, (alert.setup, alert.timeframe))))
    yield f"Valid until {clock(alert.expires_at, alert.ts)}"


def plan_lines(alert: Alert) -> Iterator[str]:
    """Entry, stop and targets, each with how far it is."""
    entry = alert.planned
    if entry is not None:
        yield from fold(f"Entry {_band(alert, entry)}", LINE)
    for word, price in (("SL", alert.sl), ("TP1", alert.tp1), ("TP2", alert.tp2)):
        if price is not None:
            far = "" if entry is None else f" ({_far(alert, word, price, entry)})"
            yield from fold(f"{word} {number(price)}{far}", LINE)


def _band(alert: Alert, entry: Decimal) -> str:
    low, high = alert.entry_low, alert.entry_high
    if low is None or high is None or low == high:
        return number(entry)
    joined = f"{number(low)}–{number(high)}"
    return joined if len(joined) < LINE - len("Entry ") else f"{number(low)} – {number(high)}"


def _far(alert: Alert, word: str, price: Decimal, entry: Decimal) -> str:
    """In percent of the entry; of a target also in R."""
    moved = f"{signed(percent_of(price, entry))}%"
    multiple = None if word == "SL" or alert.sl is None else multiple_of(price, entry, alert.sl)
    return moved if multiple is None else f"{moved}, {signed(multiple)} R"


def _size(sizing: Sizing | None) -> Iterator[str]:
    if sizing is None:
        return
    money = "" if sizing.risk_usd is None else f" · {usd(sizing.risk_usd)}"
    yield f"Size {shown(sizing.risk_pct, 2)}%{money}"
    yield from _made_of(sizing.line)
    if sizing.missing:
        yield from fold(f"not given: {', '.join(sizing.missing)}", LINE)


def _made_of(line: str) -> list[str]:
    """What a size is made of, broken only before a factor or its result."""
    lines: list[str] = []
    for part in _FACTORS.split(line):
        if lines and len(lines[-1]) + 1 + len(part) <= LINE:
            lines[-1] += f" {part}"
        else:
            lines.append(f"{HANG if lines else ''}{part}")
    return lines


def _named(begin: str, text: str) -> Iterator[str]:
    if clean(text):
        yield from own_lines(text, begin)


def _end(alert: Alert, life: Life | None) -> Iterator[str]:
    yield from _named("Next: ", alert.next or "")
    for line in life_lines(life, alert.ts) if life is not None else ():
        yield from fold(line, LINE)
