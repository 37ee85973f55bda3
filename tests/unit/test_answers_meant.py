"""What words and buttons of the desk's answers mean: symbols, places, weeks, days, an engine's own fields."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.answers.alpha import choose
from desk.answers.answering import button
from desk.answers.facts import MOST, facts, headline
from desk.answers.page import columns, name, seen
from desk.answers.plan import percent_from, rr
from desk.answers.pnl import asked_days, usd
from desk.answers.score import asked_week
from desk.answers.signals import ALL, COMMAND, Place, outcome, place_of, str_of
from desk.answers.symbols import in_button, meant
from desk.callbacks import PanelPress, press_of
from outbox.keyboard import dumped
from signaltape.clock import FIRST_YEAR, LAST_YEAR, WIB
from signaltape.errors import InvalidRequest
from tests.support.asked import LIVES, NOW, D, ago

SYMBOLS = ["SOL-USDT-SWAP", "SOL-USDT", "BTC-PERP", "btc-perp", "ETHUSDT", "W" * 128, "two words"]
symbols = st.text(min_size=1, max_size=128)
moments = st.datetimes(datetime(FIRST_YEAR, 1, 1), datetime(LAST_YEAR, 12, 31), timezones=st.just(UTC))


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("SOL-USDT", ["SOL-USDT"]),
        ("sol-usdt", ["SOL-USDT"]),
        ("sol", ["SOL-USDT-SWAP", "SOL-USDT"]),
        ("BTC-PERP", ["BTC-PERP"]),
        ("BTC", ["BTC-PERP", "btc-perp"]),
        ("eth", ["ETHUSDT"]),
        (in_button("W" * 128), ["W" * 128]),
        (in_button("two words"), ["two words"]),
        ("#", []),
        ("", []),
        ("DOGE", []),
    ],
)
def test_a_word_means_symbols(word: str, found: list[str]) -> None:
    assert meant(word, SYMBOLS) == found


@given(symbol=symbols, ts=moments, signal_id=st.uuids())
def test_a_button_of_any_symbol_and_place_leads_back_to_it(symbol: str, ts: datetime, signal_id: Any) -> None:
    place = Place(ts, str(signal_id))
    made = button("Older", COMMAND, in_button(symbol), str_of(place))
    assert dumped([[made]]), "it is one that Telegram takes"
    press = press_of(made.data or "")
    assert isinstance(press, PanelPress)
    word, where = press.args
    assert word != ALL
    assert symbol in meant(word, [symbol, "BTC-PERP"])
    assert place_of(where) == place


@given(word=st.text())
def test_a_place_that_nobody_made_is_refused_or_a_place(word: str) -> None:
    try:
        place = place_of(word)
    except InvalidRequest as error:
        assert str(error) == "only a symbol is taken, such as /signals SOL"
    else:
        str_of(place)


@given(text=st.text(), wide=st.integers(2, 40))
def test_a_name_is_one_line_that_fits(text: str, wide: int) -> None:
    line = name(text, wide)
    assert line.strip()
    assert seen(line) <= wide
    assert "\n" not in line
    assert not set(line) & set("\u202e\u2066\u200b")


def test_columns_stand_below_names_of_any_width() -> None:
    rows = [("a", "1.0"), ("\u6bd4\u7279", "2.0"), (name("\u05d0\u05d1"), "3.0")]
    assert {seen(line) for line in columns(rows)} == {9}


@pytest.mark.parametrize(
    ("args", "week"),
    [
        (["2022-W03"], "2022-W03"),
        (["2022-w03"], "2022-W03"),
        (["W3"], "2025-W03"),
        (["38"], "2025-W38"),
        ([], "2025-W37"),
    ],
)
def test_a_week_is_named_as_people_do(args: list[str], week: str) -> None:
    assert asked_week(args, NOW).name == week


@pytest.mark.parametrize("word", ["W99", "0", "2022-W60", "last", "9999-W01", "'; DROP", "\u0663", "W" * 64])
def test_a_week_that_is_none_is_said_with_an_example(word: str) -> None:
    with pytest.raises(InvalidRequest, match=r"^a week is its year and number, such as /week 2022-W03$"):
        asked_week([word], NOW)


def test_days_are_bounded() -> None:
    assert [asked_days(args) for args in ([], ["7d"], ["30"], ["366D"])] == [7, 7, 30, 366]
    for word in ("0d", "367d", "-1", "1.5", "a", "9" * 60, "\u0667d"):
        with pytest.raises(InvalidRequest, match=r"^days are 1d to 366d, such as /pnl 30d$"):
            asked_days([word])


@pytest.mark.parametrize(
    ("payload", "head", "count"),
    [
        ('{"symbol":"S","regime":"TREND"}', "regime TREND", 1),
        ('{"scores":{"trend":0.1,"smc":0.5},"score":0.71}', "score 0.71", 3),
        ('{"features":[1,2,3]}', "features 1, 2, 3", 1),
        ('{"features":[1,2,3,4],"x":null}', "features 4 values", 2),
        ('{"a":{"b":{"c":{"d":{"e":1}}}}}', "a.b.c.d 1 fields", 1),
        ('{"x":0.79996000000000000000000000001}', "x 0.799960", 1),
        ('{"x":1e-400}', "x 1e-400", 1),
        ("{}", None, 0),
        ("[1]", None, 0),
        ("{", None, 0),
        (None, None, 0),
        ("[" * 50_000, None, 0),
    ],
)
def test_a_record_of_any_fields_is_said(payload: str | None, head: str | None, count: int) -> None:
    told = facts(payload)
    assert str(headline(told)) == str(head)
    assert len(told) == count


def test_of_a_record_with_many_fields_the_top_ones_are_said() -> None:
    many = {f"k{n}": {"deep": n} for n in range(50)} | {"top": True}
    told = facts(msgspec.json.encode(many).decode())
    assert len(told) == MOST
    assert str(told[0]) == "top yes"


def test_the_nearest_record_is_chosen() -> None:
    def row(symbol: str | None, minutes_ago: float) -> dict[str, Any]:
        return {"event": "regime_snapshot", "symbol": symbol, "ts": ago(minutes_ago)}

    own, coin, market, other = (
        *(row("SOL-USDT-SWAP", 50), row("SOL-USDT", 5)),
        *(row(None, 1), row("BTC-PERP", 0)),
    )
    for found, nearest in (
        ([own, coin, market, other], own),
        ([coin, market, other], coin),
        ([market, other], market),
        ([other], None),
        ([], None),
    ):
        assert choose(found, "regime_snapshot", ["SOL-USDT-SWAP"]) == nearest
    assert choose([own], "scoring_snapshot", ["SOL-USDT-SWAP"]) is None


def test_outcomes_in_a_column() -> None:
    said = {life: outcome(plan, NOW) for life, plan in LIVES.items()}
    assert said == {
        "open": "open",
        "in trade": "trade",
        "closed": "+1.65",
        "lost": "−1.00",
        "stopped": "sl",
        "expired": "expiry",
        "not said": "late",
        "bad data": "open",
        "degraded": "open",
        "bare": "open",
    }


def test_prices_beside_the_entry() -> None:
    plan = LIVES["open"]
    assert percent_from(plan.sl, plan.planned) == "−0.77 %"
    assert percent_from(None, plan.planned) == percent_from(plan.sl, None) == ""
    assert rr(plan, D("223.2")) == D("1.0")
    assert rr(LIVES["bare"], D("223.2")) is None
    assert [usd(D(amount), signed=True) for amount in ("1234.56", "-5.5", "0")] == [
        "+$1,235",
        "−$5.50",
        "+$0.00",
    ]


def test_the_last_week_is_the_one_whose_report_is_due() -> None:
    sunday_night = datetime(2025, 9, 21, 23, 59, tzinfo=WIB)
    assert asked_week([], sunday_night).name == "2025-W38"
