"""The words of an alert: read in two seconds on a phone, and nothing that an engine sends breaks them."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from desk.alerts.life import Life
from desk.alerts.marks import BAD, DEGRADED
from desk.alerts.model import Alert
from desk.alerts.templates import alert_text
from outbox.lines import LINE
from outbox.text import MAX_TEXT_UNITS, Text, units
from tests.support.alerts import TWO, alert, sized

HOSTILE = (
    *(
        "<b>bold</b>",
        "*a* _b_ `c` [x](http://y)",
        "\u202e\u2066txet",
        "a\nb\r\n\u2028c",
        "x" * 4000,
        "9" * 4000,
    ),
    *(
        "💥" * 2000,
        "e" + "\u0301" * 400,
        "\0\x07\x1b[31m",
        "word 123 " * 400,
        "١٢٣ שלום",
        "\u200b\u2060",
        " ",
        "🏳️‍🌈",
    ),
)
#: No text may turn the rest of the message around, or end its line.
FORBIDDEN = re.compile(
    "[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c\u2028\u2029\x00-\x09\x0b-\x1f\x7f\u200b\u2060]"
)
texts = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=80))
PRICES = ("64,000", "64,200", "63,100", "65,500", "67,000", "64000", "63100", "65500")


def said(one: Alert, **more: Any) -> list[str]:
    return alert_text(one, sized(one), **more).text.splitlines()


def entities(text: Text) -> list[tuple[str, str]]:
    coded = text.text.encode("utf-16-le", "surrogatepass")
    return [
        (one.type, coded[2 * one.offset : 2 * (one.offset + one.length)].decode("utf-16-le"))
        for one in text.entities
    ]


def test_an_institutional_alert() -> None:
    one = alert(title="Bias up", setup="bos-fvg", timeframe="15m")
    assert said(one) == [
        "🏦 LONG BTC · Institutional · 82%",
        "Bias up",
        "Entry 64,000–64,200",
        "SL 63,100 (−1.6%)",
        "TP1 65,500 (+2.2%, +1.4 R)",
        "TP2 67,000 (+4.5%, +2.9 R)",
        "Size 1.936% · $193.60",
        "base 1.0% × mult 1.6 × vol 1.1",
        "   × flow 1.1 = 1.936%",
        "Setup bos-fvg · 15m",
        "Valid until 14:45 WIB",
        "• spot leads perp by 0.3%",
        "Next: cek SOL (5m)",
        "ref: ib_20250915_1400_BTC",
    ]


def test_a_sniper_short_with_one_price_and_little_known() -> None:
    one = alert(
        category="sniper",
        symbol="1000PEPEUSDT",
        side="short",
        confidence=Decimal("77.25"),
        entryLow=None,
        entryHigh=None,
        entry=Decimal("0.01234500"),
        sl=Decimal("0.0126"),
        tp1=Decimal("0.0115"),
        tp2=None,
        atrPct=None,
        lines=None,
        next=None,
        expiryMinutes=20,
    )
    assert said(one) == [
        "🎯 SHORT 1000PEPE · Sniper · 77.2%",
        "Entry 0.012345",
        "SL 0.0126 (+2.1%)",
        "TP1 0.0115 (−6.8%, +3.3 R)",
        "Size 1.30% · $130.00",
        "base 1.0% × mult 1.3 = 1.30%",
        "not given: ATR",
        "Valid until 14:20 WIB",
        "ref: snp_20250915_1400_1000PEPE",
    ]


def test_a_health_alert_says_what_since_when_what_it_costs_and_what_to_do() -> None:
    one = alert(
        category="health",
        symbol=None,
        title="Feed 12 s late",
        lines=["Signals come late"],
        next="restart the feed",
    )
    assert said(one) == [
        *("🩺 Feed 12 s late", "Since 14:00 WIB", "• Signals come late", "Next: restart the feed"),
        "ref: hp_20250915_1400",
    ]


def test_bad_data_has_its_mark_on_the_second_line_and_no_price_at_all() -> None:
    lines = said(alert(dataQuality="bad", lines=None))
    assert lines[1] == BAD
    assert [price for price in PRICES if price in "\n".join(lines)] == []
    assert [line for line in lines if line.startswith(("Entry", "SL", "TP", "Size", "base"))] == []


def test_degraded_data_is_marked_and_shown() -> None:
    lines = said(alert(degraded=True))
    assert lines[1] == DEGRADED
    assert "Entry 64,000–64,200" in lines


def test_only_head_and_reference_are_formatted() -> None:
    text = alert_text(alert(lines=["<b>x</b> *y* `z`"]), None)
    assert entities(text) == [("bold", "🏦 LONG BTC · Institutional · 82%"), ("code", "ib_20250915_1400_BTC")]
    assert "• <b>x</b> *y* `z`" in text.text


@pytest.mark.parametrize(
    ("symbol", "side", "head"),
    [
        ("DOGE-USDT", "short", ["🏦 SHORT DOGE · Inst. · 82%"]),
        ("ABCDEFGHIJKL-USDT", "short", ["🏦 SHORT ABCDEFGHIJKL", "Institutional · 82%"]),
        (None, "long", ["🏦 LONG · Institutional · 82%"]),
        ("BTC-USDT", None, ["🏦 BTC · Institutional · 82%"]),
    ],
)
def test_the_head_is_one_line_that_no_phone_wraps(
    symbol: str | None, side: str | None, head: list[str]
) -> None:
    assert said(alert(symbol=symbol, side=side))[: len(head)] == head


@pytest.mark.parametrize(
    ("low", "high", "lines"),
    [
        ("123456789012.5", "123456789099.5", ["Entry 123,456,789,012 –", "   123,456,789,100"]),
        ("0.00001234", "0.0000125", ["Entry 0.00001234–0.0000125"]),
        ("64000", "64000.0", ["Entry 64,000"]),
    ],
)
def test_a_band_of_long_prices_stands_in_two_lines(low: str, high: str, lines: list[str]) -> None:
    one = alert(entryLow=Decimal(low), entryHigh=Decimal(high), sl=None, tp1=None, tp2=None)
    assert said(one)[2 : 2 + len(lines)] == lines, "behind the mark that its RR is not known"


@given(
    st.fixed_dictionaries({}, optional=dict.fromkeys(("title", "next", "setup", "timeframe"), texts)),
    st.lists(texts, max_size=20),
    st.one_of(st.none(), texts),
    st.sampled_from(["institutional", "sniper", "scalp", "health"]),
)
def test_whatever_an_engine_says_the_message_holds(
    words: dict[str, str], lines: list[str], mark: str | None, category: str
) -> None:
    one = replace(alert(category=category), lines=tuple(lines), **words)
    text = alert_text(one, sized(one), None if mark is None else [mark])
    assert units(text.text) <= MAX_TEXT_UNITS - 100, "room for what the sender adds"
    assert not FORBIDDEN.search(text.text)
    for entity in text.entities:
        assert entity.offset >= 0
        assert entity.length > 0
        assert entity.offset + entity.length <= units(text.text)
    assert [kind for kind, _ in entities(text)] == ["bold", "code"]
    assert entities(text)[1][1] == one.ref_id == text.text[-len(one.ref_id) :]
    assert [line for line in text.text.splitlines() if re.search(r"\d", line) and len(line) > LINE] == []


prices = st.decimals("1e-14", "999999999999999", allow_nan=False, allow_infinity=False)


@given(prices, prices, prices, prices, prices, st.sampled_from(["long", "short"]), st.decimals(0, 100))
def test_whatever_the_prices_no_line_with_a_number_wraps(
    low: Decimal, high: Decimal, sl: Decimal, tp1: Decimal, tp2: Decimal, side: str, confidence: Decimal
) -> None:
    one = replace(
        alert(side=side), entry_low=low, entry_high=high, sl=sl, tp1=tp1, tp2=tp2, confidence=confidence
    )
    for line in said(one):
        assert len(line) <= LINE, line


def test_a_sign_carries_two_marks_and_no_more() -> None:
    lines = said(replace(alert(), lines=("e" + "\u0301" * 400 + "x",), title="f\u0302\u0303"))
    assert "• e\u0301\u0301x" in lines
    assert "f\u0302\u0303" in lines


def test_very_many_long_lines_are_left_out_and_that_is_said() -> None:
    lines = said(replace(alert(), lines=("💥" * 150,) * 20))
    assert "• …" in lines
    assert lines[-1].startswith("ref: ")
    assert units("\n".join(lines)) > 2000, "what has room is shown"


LIVES = [
    (Life(), []),
    (
        Life(triggered_at=TWO + timedelta(minutes=8), trigger_ms=420_000),
        ["▸ triggered 14:08 WIB after 7 min"],
    ),
    (
        Life(closed_at=TWO, rr_realized=Decimal("1.65"), trade_ms=900_000, exit_reason="tp"),
        ["▸ closed +1.65 R in 15 min (tp)"],
    ),
    (
        Life(closed_at=TWO, rr_realized=Decimal("-1"), trade_ms=45_000, exit_reason="sl"),
        ["▸ closed −1.00 R in 45 s (sl)"],
    ),
    (
        Life(invalidated_at=TWO + timedelta(minutes=12), invalid_because="sl"),
        ["▸ invalidated: sl after 12 min"],
    ),
    (Life(expired=True), ["▸ expired untouched"]),
    (Life(expired=True, triggered_at=TWO, trigger_ms=0), ["▸ triggered 14:00 WIB after 0 s"]),
]


@pytest.mark.parametrize(("life", "lines"), LIVES)
def test_what_became_of_it_stands_above_the_reference(life: Life, lines: list[str]) -> None:
    found = said(alert(), life=life)
    assert found[len(found) - 1 - len(lines) : -1] == lines
    assert found[: -1 - len(lines)] == said(alert())[:-1]


def test_nothing_shouts() -> None:
    for category in ("institutional", "sniper", "scalp", "health"):
        text = "\n".join(said(alert(category=category), life=Life(expired=True)))
        assert "!" not in text
        assert len(re.findall("[\U0001f300-\U0001faff⚡]", text)) == 1
