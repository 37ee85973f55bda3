"""What the desk's commands answer of a day's data, against real servers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from desk.answers import ANSWERS
from outbox.text import Text
from signaltape import Settings
from signaltape.clock import utc_now
from signaltape.control import pause, present
from sink.db import Connection
from tests.integration.draining import add, drain
from tests.support.asking import CHAT, NOW, Asker, buttons, hold
from tests.support.said import said
from tests.support.samples import published
from tests.support.waiting import eventually


def line(text: Text, number: int) -> str:
    return text.text.splitlines()[number].replace("\u00a0", " ")


def test_alpha_has_the_bias_its_reason_and_says_what_lacks(asker: Asker, day: None) -> None:
    answer = asker.ask("alpha", "sol")
    assert answer.text.text.splitlines()[:11] == [
        "Alpha SOL · LONG 0.74",
        "SOL-USDT-SWAP",
        "signal    long 0.74   7 min",
        "layers    2 of 3      7 min",
        "regime    TREND_UP     12 s",
        "scoring   score 0.71  1 min",
        "features  -               -",
        "Valid until 14:25:51 (23 min left)",
        "For: smc, volume",
        "Against: trend",
        "Missing: features",
    ]
    assert buttons(answer) == ["Plan", "Signals", "All symbols", "Refresh"]
    assert asker.press(answer, "Refresh") == answer
    assert line(asker.press(answer, "Plan").text, 0) == "Sniper SOL LONG · 23 min left"


def test_alpha_offers_the_symbols_of_the_last_day(asker: Asker, day: None) -> None:
    answer = asker.ask("alpha")
    assert line(answer.text, 0) == "Alpha · 3 symbols in 24 h"
    assert buttons(answer) == ["BTC", "SOL", "ETH", "Refresh"]
    assert line(asker.press(answer, "ETH").text, 0) == "Alpha ETH · no bias now, was LONG"
    asker.now += timedelta(days=3)
    later = asker.ask("alpha")
    assert said(later.text).startswith("Alpha · no signal in 24 h There are, newest first:")
    assert buttons(later) == ["BTC", "SOL", "ETH", "Refresh"]


def test_an_engine_that_only_records_has_an_alpha_too(
    asker: Asker, settings: Settings, redis_client: Any, key: str
) -> None:
    fields = {"symbol": "DOGE-USDT", "regime": "RANGE", "timestamp": NOW.isoformat()}
    add(redis_client, key, "regime_snapshot", fields)
    drain(settings, key)
    text = asker.ask("alpha", "DOGE").text
    assert line(text, 0) == "Alpha DOGE · no signal yet"
    assert "regime    RANGE" in text.text
    assert "Missing: scoring, features" in text.text


def test_sniper_shows_the_newest_plan_that_is_valid_with_its_size(asker: Asker, day: None) -> None:
    connection = asker.connection
    text = asker.ask("sniper", "BTC").text
    assert [line(text, number) for number in range(9)] == [
        "Sniper BTC LONG · 26 min left",
        "BTC-PERP · sniper-pullback",
        "entry  64500",
        "SL     63900  −0.93 %",
        "TP1    65700  +2.00 R",
        "TP2    66900  +4.00 R",
        "Size: base 1.0% × mult 1.6",
        "   × vol 1.1 = 1.76%",
        "Risk $176 of $10,000",
    ]
    assert "Not known, so neutral: ETF flow" in said(text)
    connection.execute("INSERT INTO desk_risk (base_risk_pct, equity, set_by) VALUES (0.5, 20000, 'ana')")
    (signal_id,) = connection.execute("SELECT signal_id FROM signals WHERE symbol = 'BTC-PERP'").fetchall()[0]
    hold(connection, "snp_1", NOW, None, signal_id=signal_id, alert='{"etf_inflow_usd": "60000000"}')
    known = said(asker.ask("sniper", "BTC").text)
    assert "base 0.5% × mult 1.6 × vol 1.1 × flow 1.1 = 0.968% Risk $194 of $20,000" in known
    assert "ref: snp_1" in known


def test_sniper_says_why_there_is_no_plan(asker: Asker, day: None) -> None:
    none = said(asker.ask("sniper", "ETH-USDT-SWAP").text)
    assert none.startswith(
        "Sniper ETH · no valid plan ETH-USDT-SWAP The last was long at 221.5–222.3, 1 h 00 ago"
    )
    asker.now += timedelta(minutes=24)
    assert "Expired 1 min ago, no word since" in said(asker.ask("sniper", "SOL").text)


def test_signals_are_paged_through_and_each_is_shown_once(
    asker: Asker, settings: Settings, redis_client: Any, key: str
) -> None:
    for number in range(20):  # many of one moment
        add(
            redis_client,
            key,
            "signal_published",
            published(confluence_score=number / 100, ts_published=NOW.isoformat()),
        )
    drain(settings, key)
    answer, scores = asker.ask("signals", "SOL"), []
    while True:
        scores += [row.split()[3] for row in answer.text.text.splitlines() if row.startswith("14:02  SOL")]
        if "Older" not in buttons(answer):
            break
        answer = asker.press(answer, "Older")
    assert sorted(scores) == [f"{number / 100:.2f}" for number in range(20)]
    assert asker.press(answer, "Newest") == asker.ask("signals", "SOL-USDT-SWAP", refreshing=True)


def test_signals_with_what_became_of_them(asker: Asker, day: None) -> None:
    text = asker.ask("signals").text
    assert [line(text, number) for number in (0, 1)] == ["Signals · 2 of 5 won", "8 newest, 5 closed"]
    assert [line(text, number).split() for number in range(2, 10)] == [
        ["13:58", "BTC", "L", "0.74", "open"],
        ["13:55", "SOL", "L", "0.74", "open"],
        ["13:02", "ETH", "L", "0.72", "−1.00"],
        ["12:27", "SOL", "L", "0.70", "+1.65"],
        ["10:42", "ETH", "L", "0.68", "sl"],
        ["09:02", "SOL", "L", "0.66", "−1.00"],
        ["03:22", "ETH", "L", "0.64", "−1.00"],
        ["14", "Sep", "SOL", "L", "0.62", "+1.65"],
    ]


def test_pnl_adds_up_by_day_and_symbol(asker: Asker, day: None) -> None:
    text = said(asker.ask("pnl").text)
    assert text.startswith("PnL 7 days · ")
    assert "+0.30 R gross, 5 closed, 2 won" in text
    assert "Mon 15 4 −1.35" in text
    assert "SOL-USDT-SWAP: n=3, +2.30 R" in text
    assert "1 stopped without a closure" in text
    assert "1 R = $100" in text
    assert asker.ask("pnl", "366d").text.text.startswith("PnL 366 days")


def test_the_week_so_far_and_one_with_its_picture(asker: Asker, day: None) -> None:
    score = asker.ask("score")
    assert line(score.text, 0).startswith("📊 Weekly Scorecard (so far) · ")
    assert line(score.text, 1) == "2025-W38 · 15–21 Sep WIB"
    week = asker.ask("week", "W38")
    assert week.files[0].name == "scorecard-2025-W38.png"
    assert week.files[0].content.startswith(b"\x89PNG")
    turned = asker.press(week, "◀ 2025-W37")
    assert line(turned.text, 1).startswith("2025-W37")
    assert not turned.files
    assert line(asker.ask("week").text, 1).startswith("2025-W37")


def test_held_says_what_this_chat_did_not_get(asker: Asker, connection: Connection) -> None:
    assert line(asker.ask("held").text, 0) == "Held back · nothing in 24 h"
    for number, reason in enumerate(("budget", "budget", "min_rr", None)):
        hold(connection, f"ib_{number}", NOW - timedelta(minutes=number), reason)
    hold(connection, "old", NOW - timedelta(days=2))
    hold(connection, "here", NOW, None)
    connection.execute(
        "INSERT INTO alert_chats (ref_id, chat_id, reason, held_at) VALUES ('here', %s, 'snoozed', %s)",
        (CHAT, NOW),
    )
    connection.execute(
        "INSERT INTO snoozes (chat_id, category, until, by_user) VALUES (%s, 'scalp', %s, 'ana')",
        (CHAT, NOW + timedelta(minutes=30)),
    )
    text = asker.ask("held").text
    assert [line(text, number) for number in range(9)] == [
        "Held back · 4 in 24 h",
        "2 × too many at once",
        "1 × too little R",
        "1 × you snoozed it",
        "14:02  SOL  inst  snoozed",
        "14:02  SOL  inst  budget",
        "14:01  SOL  inst  budget",
        "14:00  SOL  inst  low RR",
        "Snoozed: scalp until 14:32:51",
    ]


def test_status_and_processes_of_a_real_desk(
    asker: Asker, redis_client: Any, settings: Settings, day: None
) -> None:
    asker.now = utc_now()
    alone = said(asker.ask("status").text)
    assert alone.startswith("Status · 1 to look at No worker shows itself: python -m worker")
    with present(settings, "worker"):
        assert eventually(lambda: line(asker.ask("status").text, 0) == "Status · all well"), asker.ask(
            "status"
        )
        assert line(asker.ask("processes").text, 0) == "Processes · 1 there"
        pause(redis_client, settings.stream, "ana", "CPI")
        paused = said(asker.ask("status").text)
        assert paused.startswith("Status · PAUSED Paused since ")
        assert "by ana (CPI): /resume" in paused


def test_help_lists_what_this_user_may_ask(asker: Asker) -> None:
    answer = asker.ask("help")
    assert all(f"/{one.name}" in answer.text.text for one in ANSWERS)
    assert buttons(answer) == ["Status", "Score", "Signals", "PnL", "Held", "Alpha"]
