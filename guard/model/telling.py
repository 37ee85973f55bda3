"""What a message of the guard says: what, since when (WIB), what it costs, what to do, where it is written. Pure.

The first line is what a phone shows: it is the message. Names come from outside, and stand as code: so no phone makes a
link, a mention or a command of what is in them, `/api` for one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice

from guard.model.alerts import ENDED, Alert
from guard.model.rules import Rule, Rules
from guard.model.ticking import Message
from guard.model.values import said_limit, said_value
from outbox.cleaning import clean, own_lines
from outbox.lines import one_line
from outbox.text import Text, TextBuilder
from outbox.wording import ago, clock

_SIGNS = {"health": "🩺", "performance": "⏱"}
#: More would be no glance any more; `python -m guard list` has all of them.
MOST_RULES, MOST_SUBJECTS, MOST_EXAMPLES = 5, 6, 3
#: Of a name or a request id no more is shown.
_MOST_NAME, _MOST_ID, _MOST_HEAD = 60, 48, 80
RUNBOOK = "docs/runbook.md"


def text_of(message: Message, rules: Rules, now: datetime) -> Text:
    """A message of one alert or of several, as it stands in the chat."""
    if len(message.alerts) > 1:
        return _group(message, rules, now)
    (alert,) = message.alerts
    return _over(alert, rules, now) if message.kind == "resolved" else _one(alert, rules, now)


def _one(alert: Alert, rules: Rules, now: datetime) -> Text:
    rule = rules.rule.get(alert.rule)
    text = TextBuilder()
    _head(text, f"{_sign(alert)} {_still(alert)}{_what(alert, rule)} · ", alert.subject)
    _lines(text, _figure(alert, rule), f"Since {clock(alert.since, now)}{_lasting(alert, now)}")
    if rule is not None:
        _advice(text, rule)
    _requests(text, alert.examples)
    return text.build()


def _over(alert: Alert, rules: Rules, now: datetime) -> Text:
    rule = rules.rule.get(alert.rule)
    text = TextBuilder()
    _head(text, f"{_sign(alert)} Over · {_what(alert, rule)} · ", alert.subject)
    _lines(text, *_ended(alert, rule, now))
    return text.build()


def _ended(alert: Alert, rule: Rule | None, now: datetime) -> Iterator[str]:
    """How it ended, and how long it lasted: until it was well, or until nothing could be said any more."""
    until = (alert.well_since if alert.ended == "well" else alert.seen_at) or now
    if alert.ended != "well":
        yield f"Not known to be well: {ENDED.get(alert.ended or '', 'it was ended')}"
    yield f"From {clock(alert.since, now).removesuffix(' WIB')} to {clock(until, now)}, {ago(until - alert.since)}"
    if alert.ended == "well":
        yield f"Now {_figure(alert, rule)}"


def _group(message: Message, rules: Rules, now: datetime) -> Text:
    """Several of one category: by rule, each with its subjects and what to do."""
    by_rule = _by_rule(message)
    text, word = TextBuilder(), "over" if message.kind == "resolved" else "alerts"
    whats = ", ".join(_what(alerts[0], rules.rule.get(key)) for key, alerts in by_rule.items())
    _head(text, f"{_sign(message.alerts[0])} {len(message.alerts)} {word} · {one_line(whats, _MOST_HEAD)}")
    for key, alerts in islice(by_rule.items(), MOST_RULES):
        _block(text, alerts, rules.rule.get(key), message, now, titled=len(by_rule) > 1)
    left_out = sum(len(alerts) for alerts in islice(by_rule.values(), MOST_RULES, None))
    if left_out:
        text.line().line(f"and {left_out} more: python -m guard list")
    return text.build()


def _by_rule(message: Message) -> dict[str, list[Alert]]:
    by_rule: dict[str, list[Alert]] = {}
    for alert in message.alerts:
        by_rule.setdefault(alert.rule, []).append(alert)
    return by_rule


def _block(
    text: TextBuilder,
    alerts: list[Alert],
    rule: Rule | None,
    message: Message,
    now: datetime,
    *,
    titled: bool,
) -> None:
    if titled:
        text.line()
        _head(text, _what(alerts[0], rule))
    for alert in alerts[:MOST_SUBJECTS]:
        text.add(f"{_short(alert, rule, message, now)} · ").line(name(alert.subject), "code")
    if len(alerts) > MOST_SUBJECTS:
        text.line(f"and {len(alerts) - MOST_SUBJECTS} more")
    if message.kind == "firing":
        _lines(text, f"Since {clock(min(one.since for one in alerts), now)}")
        if rule is not None:
            _advice(text, rule)
        _requests(text, [one for alert in alerts for one in alert.examples[:1]])


def _short(alert: Alert, rule: Rule | None, message: Message, now: datetime) -> str:
    if message.kind == "firing":
        return said_value(rule, alert.value)
    until = (alert.well_since if alert.ended == "well" else alert.seen_at) or now
    return f"after {ago(until - alert.since)}" if alert.ended == "well" else "not known to be well"


def _advice(text: TextBuilder, rule: Rule) -> None:
    _lines(text, rule.costs, f"→ {rule.do}")
    text.add("Runbook: ").line(rule.runbook, "code")


def _requests(text: TextBuilder, examples: Sequence[str]) -> None:
    for one in islice(dict.fromkeys(examples), MOST_EXAMPLES):
        text.add("Request ").line(one_line(clean(one), _MOST_ID), "code")


def _head(text: TextBuilder, line: str, subject: str = "") -> None:
    text.add(line, "bold")
    text.line(name(subject), "code") if subject else text.line()


def _lines(text: TextBuilder, *sentences: str) -> None:
    for sentence in sentences:
        for piece in own_lines(sentence):
            text.line(piece)


def _figure(alert: Alert, rule: Rule | None) -> str:
    value, limit = said_value(rule, alert.value), said_limit(rule, alert.limit_value)
    return f"{value} ({limit})" if limit else value


def _what(alert: Alert, rule: Rule | None) -> str:
    return clean(rule.what) if rule is not None else alert.rule


def _still(alert: Alert) -> str:
    return "Still · " if alert.told > 1 else ""


def _lasting(alert: Alert, now: datetime) -> str:
    lasted = now - alert.since
    return f", {ago(lasted)}" if lasted >= timedelta(minutes=1) else ""


def _sign(alert: Alert) -> str:
    return _SIGNS.get(alert.category, "🩺")


def name(subject: str) -> str:
    """A name from outside, as a text of one line and of bounded length."""
    return one_line(clean(subject), _MOST_NAME) or "(no name)"
