"""Send or hold: each reason, which of several is said, and who is spared."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from itertools import combinations
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from desk.alerts.marks import BAD, DEGRADED, NO_RR
from desk.policy.budgets import parse_windows
from desk.policy.decide import Hold, Reason, Send, decide
from desk.policy.rules import ALL, History, Rules, Sent, Snooze, rules_of
from desk.settings import DeskSettings
from tests.support.alerts import TWO, alert, published

MINUTE = timedelta(minutes=1)
RULES = rules_of(DeskSettings.from_env({}))
ROOM = "-100"
#: What makes each reason hold, by itself; and a moment at which it does.
CAUSES: dict[str, tuple[dict[str, Any], int]] = {
    "duplicate": ({"known": True}, 0),
    "expired": ({}, 45),
    "stale": ({"ended": "closed"}, 0),
    "paused": ({"paused": "panic by somebody"}, 0),
    "snoozed": ({"chats": (ROOM,), "snoozes": (Snooze(ROOM, ALL, TWO + 90 * MINUTE),)}, 0),
    "min_rr": ({}, 0),
    "budget": ({"sent": (Sent(TWO - MINUTE, "institutional", "ETH"),)}, 0),
}
ORDER: tuple[str, ...] = get_args(Reason)


def held(found: Send | Hold) -> tuple[str, str]:
    assert isinstance(found, Hold), found
    return found.reason, found.detail


def test_an_alert_that_nothing_speaks_against_is_sent() -> None:
    assert decide(alert(), RULES, History(chats=(ROOM,)), TWO + MINUTE) == Send((), (ROOM,))


def caused_by(reasons: tuple[str, ...]) -> Send | Hold:
    parts: dict[str, Any] = {}
    for reason in reasons:
        parts |= CAUSES[reason][0]
    late = max((CAUSES[reason][1] for reason in reasons), default=0)
    if "budget" in reasons and late:  # it must be used up at that moment
        parts["sent"] = (Sent(TWO + (late - 1) * MINUTE, "institutional", "ETH"),)
    one = alert(rr=Decimal("1.4") if "min_rr" in reasons else Decimal("1.5"))
    return decide(one, RULES, History(**parts), TWO + late * MINUTE)


@pytest.mark.parametrize("reason", ORDER)
def test_each_reason_holds_by_itself(reason: str) -> None:
    assert held(caused_by((reason,)))[0] == reason


@pytest.mark.parametrize("reasons", [some for size in range(2, 8) for some in combinations(ORDER, size)])
def test_of_several_reasons_the_first_is_said(reasons: tuple[str, ...]) -> None:
    assert held(caused_by(reasons))[0] == reasons[0]


@pytest.mark.parametrize(
    ("reason", "detail"),
    [
        ("duplicate", "ib_20250915_1400_BTC was decided on before"),
        ("expired", "it was valid until 14:45 WIB"),
        ("stale", "its signal was closed meanwhile"),
        ("paused", "panic by somebody"),
        ("snoozed", "until 15:30 WIB"),
        ("min_rr", "1.4 R, and at least 1.5 R is asked for"),
        ("budget", "institutional 1/5m is used up until 14:04 WIB"),
    ],
)
def test_a_reason_is_said_with_what_it_was_held_against(reason: str, detail: str) -> None:
    assert held(caused_by((reason,)))[1] == detail


def test_half_of_its_life_must_be_left() -> None:
    one = alert(expiryMinutes=40)
    assert isinstance(decide(one, RULES, History(), TWO + 20 * MINUTE), Send)
    late = decide(one, RULES, History(), TWO + 20 * MINUTE + timedelta(seconds=1))
    assert held(late) == ("stale", "it is 20 min old, more than half of its life")
    assert held(decide(one, RULES, History(), TWO + 40 * MINUTE))[0] == "expired"


def test_one_from_a_clock_that_is_ahead_is_sent() -> None:
    assert isinstance(decide(alert(), RULES, History(), TWO - 10 * MINUTE), Send)


@pytest.mark.parametrize(
    ("category", "rr", "sent"),
    [
        *(("institutional", "1.5", True), ("institutional", "1.49", False), ("sniper", "1.49", False)),
        *(("scalp", "1.2", True), ("scalp", "1.19", False), ("health", "0.1", True)),
    ],
)
def test_the_least_rr_goes_by_the_category(category: str, rr: str, sent: bool) -> None:
    found = decide(alert(category=category, rr=Decimal(rr)), RULES, History(), TWO)
    assert isinstance(found, Send) == sent


def test_an_rr_that_nobody_knows_is_marked_not_held() -> None:
    assert decide(alert(sl=None), RULES, History(), TWO) == Send((NO_RR,))
    without_a_plan = alert(entryLow=None, entryHigh=None, sl=None, tp1=None, tp2=None)
    assert decide(without_a_plan, RULES, History(), TWO) == Send()


def test_bad_data_is_sent_with_its_mark_alone_and_degraded_with_another() -> None:
    for rr in (2, Decimal("0.5")):  # of prices that cannot be trusted
        bad = alert(dataQuality="bad", degraded=True, rr=rr)
        assert decide(bad, RULES, History(), TWO) == Send((BAD,))
    for so in ({"dataQuality": "degraded"}, {"degraded": True}):
        assert decide(alert(**so), RULES, History(), TWO) == Send((DEGRADED,))


def test_health_goes_through_a_pause_and_a_snooze_of_everything_but_not_its_own() -> None:
    one = alert(category="health")
    paused = History(paused="panic", chats=(ROOM,), snoozes=(Snooze(ROOM, ALL, TWO + MINUTE),))
    assert decide(one, RULES, paused, TWO) == Send((), (ROOM,))
    own = replace(paused, snoozes=(Snooze(ROOM, "health", TWO + MINUTE),))
    assert held(decide(one, RULES, own, TWO))[0] == "snoozed"


def test_a_chat_that_snoozes_is_left_out_and_the_others_are_not() -> None:
    history = History(
        chats=(ROOM, "-200", "-300"),
        snoozes=(
            Snooze(ROOM, "institutional", TWO + MINUTE),
            Snooze("-200", "sniper", TWO + MINUTE),
            Snooze("-300", ALL, TWO),
        ),
    )
    assert decide(alert(), RULES, history, TWO) == Send((), ("-200", "-300"))


def test_a_coin_has_a_budget_across_categories_and_spellings() -> None:
    history = History(sent=(Sent(TWO, "sniper", "BTC"),))
    found = decide(alert(symbol="btcusdt"), RULES, history, TWO + MINUTE)
    assert held(found) == ("budget", "BTC 1/5m is used up until 14:05 WIB")
    assert isinstance(decide(alert(symbol="ETH-USDT"), RULES, history, TWO + MINUTE), Send)
    assert isinstance(decide(alert(), RULES, history, TWO + 5 * MINUTE), Send), (
        "a window ends where the next begins"
    )


def test_health_is_no_part_of_a_coins_budget() -> None:
    about_btc = History(sent=(Sent(TWO, "health", "BTC"),))
    assert isinstance(decide(alert(), RULES, about_btc, TWO), Send)
    assert isinstance(
        decide(alert(category="health"), RULES, History(sent=(Sent(TWO, "sniper", "BTC"),)), TWO), Send
    )


def test_several_windows_hold_at_once() -> None:
    rules = Rules({}, {"institutional": parse_windows("1/5m,2/1h")})
    sent = tuple(Sent(TWO + n * 10 * MINUTE, "institutional", "") for n in range(2))
    found = decide(alert(expiryMinutes=300), rules, History(sent=sent), TWO + 20 * MINUTE)
    assert held(found) == ("budget", "institutional 2/1h is used up until 15:00 WIB")


@given(st.lists(st.tuples(st.integers(0, 60), st.sampled_from(["BTC", "ETH"]), st.booleans()), max_size=40))
def test_never_more_than_the_budgets_of_the_issue(tries: list[tuple[int, str, bool]]) -> None:
    """Institutional one in five minutes, sniper one in three, a coin one in five: whatever comes when."""
    sent: list[Sent] = []
    for minute, coin, is_sniper in tries:
        now = TWO + minute * MINUTE
        category = "sniper" if is_sniper else "institutional"
        one = replace(alert(category=category, symbol=f"{coin}-USDT"), ts=now, expires_at=now + 45 * MINUTE)
        if isinstance(decide(one, RULES, History(sent=tuple(sent)), now), Send):
            sent.append(Sent(now, category, coin))
    for first, second in combinations(sorted(sent, key=lambda one: one.at), 2):
        apart = second.at - first.at
        assert apart >= 5 * MINUTE or first.coin != second.coin
        assert apart >= 5 * MINUTE or {first.category, second.category} != {"institutional"}
        assert apart >= 3 * MINUTE or {first.category, second.category} != {"sniper"}


def test_a_published_signal_is_decided_on_alike() -> None:
    assert decide(published(), RULES, History(), TWO) == Send()
    assert held(decide(published(rr=1), RULES, History(), TWO))[0] == "min_rr"
