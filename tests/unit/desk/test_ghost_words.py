"""What is asked before something is set, and what is told of it: all that is needed, no line wraps, nothing injects."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from desk.alerts.life import Life
from desk.alerts.plans import lines_of
from desk.answers.page import seen
from desk.ghosts.asked import AlertPlan
from desk.ghosts.news import LINE_RECORD, ORDER, News, Whose, may_be_news, news_of, told
from desk.ghosts.words import is_over, question_of_entry, question_of_lines
from outbox.lines import LINE
from tests.support.alerts import TWO, alert, sized
from tests.support.asked import NAMES

PLAN = AlertPlan(alert=alert(), size=sized(alert()), marks=(), life=Life())


def whose(**changes: Any) -> Whose:
    given: dict[str, Any] = {
        "id": "o-1",
        "kind": "order",
        "ref_id": "ib_20250915_1400_BTC",
        "user_id": 7,
        "by_user": "ana",
        "chat_id": "7",
        "symbol": "BTC-USDT",
        "side": "long",
        **dict.fromkeys(("thread_id", "label")),
    }
    return Whose(**{**given, **changes})


def news(what: str, event: str = ORDER, **fields: Any) -> News:
    said = {"what": what, "orderId": "o-1", "lineId": "o-1", "source": "ghost", **fields}
    found = news_of(event, "r-1", TWO, msgspec.json.encode(said))
    assert found is not None
    return found


def text(what: str, event: str = ORDER, **fields: Any) -> list[str]:
    return told(news(what, event, **fields), whose(), TWO).text.replace("\u00a0", " ").splitlines()


def test_the_question_before_an_entry_shows_who_which_plan_and_what_size() -> None:
    assert question_of_entry(PLAN, "ana", "", TWO).splitlines() == [
        "Set Entry · BTC LONG?",
        "For ana, on paper",
        "Entry 64,000–64,200",
        "SL 63,100 (−1.6%)",
        "TP1 65,500 (+2.2%, +1.4 R)",
        "TP2 67,000 (+4.5%, +2.9 R)",
        "Risk $193.60 · 1.936%",
        "Valid until 14:45 WIB",
        "ref: ib_20250915_1400_BTC",
    ]


def test_where_the_equity_is_not_known_it_says_so() -> None:
    plan = msgspec.structs.replace(PLAN, size=sized(alert(), equity=None), marks=("data degraded: look",))
    said = question_of_entry(plan, "ana", "", TWO)
    assert "Risk 1.936%\nEquity not known: told in R" in said
    assert "data degraded: look" in said


def test_the_question_before_lines_shows_each() -> None:
    assert question_of_lines(PLAN, lines_of(PLAN.alert), "ana", "", TWO).splitlines()[2:6] == [
        "Entry ≤ 64,200",
        "SL ≤ 63,100",
        "TP1 ≥ 65,500",
        "TP2 ≥ 67,000",
    ]


def test_a_plan_is_over_when_its_time_is_or_its_signal_has_ended() -> None:
    assert is_over(PLAN, TWO) is None
    assert "ended 14:45 WIB" in (is_over(PLAN, TWO + timedelta(minutes=45)) or "")
    ended = msgspec.structs.replace(PLAN, life=Life(closed_at=TWO))
    assert is_over(ended, TWO) == "That signal has ended (closed): nothing to set"


@pytest.mark.parametrize(
    ("what", "fields", "first"),
    [
        ("filled", {"price": 64200}, "👻 Filled 64,200 · BTC LONG"),
        ("exit", {"kind": "tp1", "world": "both", "price": 65500}, "👻 TP1 · BTC LONG"),
        ("closed", {"rrRealized": -1, "exitReason": "sl"}, "👻 Stop −1.00 R · BTC LONG"),
        ("closed", {"rrRealized": Decimal("1.654"), "exitReason": "tp"}, "👻 Target +1.65 R · BTC LONG"),
        ("expired", {}, "👻 Not filled in time · BTC LONG"),
        ("cancelled", {"lastError": "beyond_stop"}, "👻 Cancelled · BTC LONG"),
        ("refused", {"lastError": "no stop (sl)"}, "👻 Refused · BTC LONG"),
    ],
)
def test_what_became_of_an_order(what: str, fields: dict[str, Any], first: str) -> None:
    assert news(what, **fields).is_told
    lines = text(what, **fields)
    assert lines[0] == first
    assert lines[-2:] == ["14:00 WIB, for ana", "ref: ib_20250915_1400_BTC"]


def test_a_ring_says_which_line_and_what_was_seen() -> None:
    said = text("rung", LINE_RECORD, price=65500, seen=Decimal("65512.5"), direction="above", label="TP1")
    assert said[:2] == ["🔔 TP1 ≥ 65,500 · BTC LONG", "Seen 65,512.5"]


def test_both_ends_are_told_where_a_bar_left_open_what_came_first() -> None:
    said = text("closed", rrRealized=-1, rrBest=2, exitReason="sl", pnlUsd=-100)
    assert " ".join(said[1:4]).replace("   ", "").startswith("at best +2.00 R:")
    assert "−$100.00 on paper" in said


@pytest.mark.parametrize(
    ("what", "fields"),
    [
        ("placed", {}),
        ("leaving", {}),
        ("funded", {}),
        ("exit", {"kind": "tp1", "world": "better"}),
        ("exit", {"kind": "sl", "world": "both"}),
        ("exit", {"kind": "tp2", "world": "both"}),
    ],
)
def test_what_follows_at_once_or_was_answered_is_not_told_again(what: str, fields: dict[str, Any]) -> None:
    assert not news(what, **fields).is_told


def test_orders_of_an_engine_are_no_news() -> None:
    assert news_of(ORDER, "r-1", TWO, b'{"clientOrderId":"7","source":"engine","what":"filled"}') is None
    assert not may_be_news(b"order_log", b'{"clientOrderId":"7","status":"FILLED"}')
    assert may_be_news(b"order_log", b'{"source":"ghost"}')
    assert may_be_news(b"price_line", b"{}")


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_no_line_wraps_and_no_name_does_anything(name: str) -> None:
    hostile = whose(symbol=name, by_user=name, label=name, ref_id=None)
    huge = Decimal("123456789012.345678")
    for what, event in (("closed", ORDER), ("refused", ORDER), ("filled", ORDER), ("rung", LINE_RECORD)):
        one = news(what, event, price=huge, seen=huge, rrRealized=huge, label=name, lastError=name * 9)
        message = told(one, hostile, TWO).text
        assert not set(message) & set("\u202e\u2066\u200b\t\r\0")
        assert "(http://" not in message
        assert all(seen(line) <= LINE + 1 for line in message.splitlines())
