"""What a message says: what, since when, what it costs, what to do; and that names from outside stay names."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.model.alerts import Alert
from guard.model.telling import MOST_RULES, MOST_SUBJECTS, text_of
from guard.model.ticking import Message
from guard.model.values import number, with_unit
from guard.rules_file import rules_in_force
from outbox.lines import LINE
from outbox.text import MAX_TEXT_UNITS, Text, units
from tests.support.guard_core import START

RULES = rules_in_force({})
NOW = START + timedelta(minutes=10)


def alert(rule: str = "signal-p95", subject: str = "GET /api/signal/<symbol> (ib-1)", **more: Any) -> Alert:
    """One that fires since 14:00 WIB."""
    category = RULES.rule[rule].category if rule in RULES.rule else "health"
    given: dict[str, Any] = {
        "since": START,
        "seen_at": NOW,
        "fired_at": NOW,
        "told": 1,
        "value": 812.4,
        "limit_value": 650,
    } | more
    return Alert(id=uuid.uuid4(), rule=rule, category=category, subject=subject, state="firing", **given)


def over(one: Alert, ended: str = "well") -> Alert:
    """The same, resolved after eight minutes."""
    more = {
        "state": "resolved",
        "ended": ended,
        "well_since": START + timedelta(minutes=8),
        "resolved_at": NOW,
    }
    return Alert(**{name: getattr(one, name) for name in one.__struct_fields__} | more)


def said(*alerts: Alert, kind: Any = "firing") -> Text:
    return text_of(Message(kind, alerts[0].category, alerts), RULES, NOW)


def test_an_alert_says_all_that_there_is_to_say() -> None:
    text = said(alert(examples=("0198a3c4-77aa",))).text
    assert text.splitlines() == [
        "⏱ Slow signals · GET /api/signal/<symbol> (ib-1)",
        "p95 812 ms (limit 650 ms)",
        "Since 14:00 WIB, 10 min",
        "Signals reach the trader late;",
        "   entries slip.",
        "→ Turn CoinAPI off if it is slow,",
        "   lower the screener's batch,",
        "   flush one namespace.",
        "Runbook: errors-and-latency",
        "Request 0198a3c4-77aa",
    ]


def test_told_again_it_says_so_in_its_first_line() -> None:
    assert said(alert(told=2)).text.startswith("⏱ Still · Slow signals · GET")


def test_over_it_says_how_long_it_lasted() -> None:
    text = said(over(alert(value=312.0)), kind="resolved").text
    assert text.startswith("⏱ Over · Slow signals · ")
    assert "From 14:00 to 14:08 WIB, 8 min" in text
    assert "Now p95 312 ms" in text


def test_what_ended_for_want_of_measurements_is_not_called_well() -> None:
    text = said(over(alert(), "gone"), kind="resolved").text
    assert "Not known to be well" in text
    assert "Now" not in text


def test_several_of_one_rule_say_once_what_to_do() -> None:
    text = said(*(alert(subject=f"GET /{one}") for one in "abc")).text
    assert text.startswith("⏱ 3 alerts · Slow signals\n")
    assert text.count("→") == 1
    assert [name in text for name in ("GET /a", "GET /b", "GET /c")] == [True] * 3


def test_several_of_one_rule_name_a_request_of_each_and_none_twice() -> None:
    given = (("a", ("r-1", "r-2")), ("b", ("r-1",)), ("c", ("r-3",)), ("d", ("r-4",)), ("e", ("r-5",)))
    text = said(*(alert(subject=subject, examples=examples) for subject, examples in given)).text
    assert text.splitlines()[-3:] == ["Request r-1", "Request r-3", "Request r-4"]


def test_several_of_several_rules_have_a_part_each() -> None:
    text = said(alert("disk", "home"), alert("redis-away", "redis")).text
    assert text.startswith("🩺 2 alerts · The disk is nearly full, Redis is away\n")
    assert text.count("→") == 2


def test_of_very_many_it_says_how_many_more_there_are() -> None:
    health = [name for name, rule in RULES.rule.items() if rule.category == "health"]
    text = said(*(alert(name, f"subject {one}") for name in health for one in range(9))).text
    assert text.startswith(f"🩺 {9 * len(health)} alerts")
    assert text.count(f"and {9 - MOST_SUBJECTS} more") == MOST_RULES
    assert text.endswith(f"and {9 * (len(health) - MOST_RULES)} more: python -m guard list")


@pytest.mark.parametrize("name", RULES.rule)
@pytest.mark.parametrize("value", [0.0, 4.2, 12345.678, 1e14, None])
def test_every_rule_is_said_in_lines_that_a_phone_does_not_wrap(name: str, value: float | None) -> None:
    text = said(alert(name, "x", value=value)).text
    _head, *lines = text.splitlines()
    assert [line for line in lines if len(line) > LINE] == []
    assert "None" not in text


NAMES = st.text(max_size=400) | st.sampled_from(
    ["/api", "@somebody", "https://evil.example", "\u202egnp", "a\nb", "", "*_[]()`", "<b>"]
)


@given(st.lists(st.tuples(st.sampled_from(list(RULES.rule)), NAMES), min_size=1, max_size=30), NAMES)
def test_whatever_names_hold_a_message_is_one_and_its_names_are_code(
    given: list[tuple[str, str]], example: str
) -> None:
    text = said(*(alert(rule, subject, examples=(example,)) for rule, subject in given))
    assert units(text.text) <= MAX_TEXT_UNITS
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00-\x09\x0b-\x1f]", text.text)
    covered = bytearray(text.text.encode("utf-16-le", "surrogatepass"))
    for entity in text.entities:
        assert entity.offset + entity.length <= units(text.text)
        if entity.type == "code":
            covered[2 * entity.offset : 2 * (entity.offset + entity.length)] = b" \0" * entity.length
    plain = covered.decode("utf-16-le", "surrogatepass")
    assert not re.search(r"(^|\s)/api|@somebody|https://", plain)


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        (812.4, "ms", "812 ms"),
        (4.25, "%", "4.25 %"),
        (0.0, "letters", "0 letters"),
        (64 * 1024**2, "bytes", "64 MiB"),
        (512.0, "bytes", "512 bytes"),
        (90.0, "s", "90 s"),
        (4000.0, "s", "1 h 06"),
        (-3.5, "ms", "−3.5 ms"),
    ],
)
def test_values_have_their_unit(value: float, unit: str, words: str) -> None:
    assert with_unit(value, unit).replace("\N{NO-BREAK SPACE}", " ") == words


@given(st.floats(-1e15, 1e15))
def test_a_number_is_short_and_has_no_minus_of_zero(value: float) -> None:
    said_number = number(value)
    assert said_number not in ("−0", "-0", "")
    assert "e" not in said_number
