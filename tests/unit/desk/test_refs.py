"""References and coins: made the same again, never the same of two, and harmless whatever the symbol is."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.alerts.coins import coin_of
from desk.alerts.model import CATEGORIES, apart
from desk.alerts.refs import LONGEST_REF, PREFIXES, clean_ref, is_ref, ref_of
from tests.support.alerts import TWO, alert

HARMLESS = re.compile(r"[a-zA-Z0-9_]{1,48}")
hostile = st.one_of(
    st.text(max_size=200),
    st.sampled_from(
        [
            "../../etc/passwd",
            "a:b:sn30",
            "💥" * 60,
            "BTC-USDT\n/panic",
            "\u202eCTB",
            "-",
            "\ud800",
            "B" * 4000,
        ]
    ),
)


@pytest.mark.parametrize(
    ("category", "symbol", "expected"),
    [
        ("institutional", "BTC-USDT", "ib_20250915_1400_BTC"),
        ("sniper", "SOLUSDT", "snp_20250915_1400_SOL"),
        ("scalp", "1000PEPE/USDT:USDT", "sc_20250915_1400_1000PEPE"),
        ("health", None, "hp_20250915_1400"),
    ],
)
def test_a_reference_says_category_wib_minute_and_coin(
    category: str, symbol: str | None, expected: str
) -> None:
    assert ref_of(category, TWO, symbol, "id") == expected


@pytest.mark.parametrize(
    ("symbol", "coin"),
    [
        *(("BTC-USDT", "BTC"), ("BTCUSDT", "BTC"), ("btc/usdt:usdt", "BTC"), ("BTC-USDT-SWAP", "BTC")),
        *(
            ("BTC-PERP", "BTC"),
            ("BTCPERP", "BTC"),
            ("XBTUSD", "BTC"),
            ("WBTC", "WBTC"),
            ("BNBUSD", "BNB"),
            ("BTC", "BTC"),
        ),
        *(
            ("USDT", "USDT"),
            ("WBTC-USDT", "WBTC"),
            ("SOLFDUSD", "SOL"),
            ("1INCHUSDC", "1INCH"),
            ("_BTC_", "BTC"),
        ),
        ("A" * 128, "A" * 12),
    ],
)
def test_the_coin_of_a_symbol_however_it_is_written(symbol: str, coin: str) -> None:
    assert coin_of(symbol) == coin


def test_a_symbol_without_a_letter_has_a_coin_of_its_own() -> None:
    first, second = coin_of("💥"), coin_of("🚀")
    assert re.fullmatch("X[0-9A-F]{4}", first)
    assert first == coin_of("💥") != second


def test_two_of_one_minute_are_told_apart_by_their_sources() -> None:
    plain = ref_of("sniper", TWO, "SOL-USDT", "one")
    other = ref_of("sniper", TWO, "SOL-USDT", "two", {plain})
    assert re.fullmatch(f"{plain}_[0-9a-f]{{4}}", other)
    assert other == ref_of("sniper", TWO, "SOL-USDT", "two", {plain})
    longer = ref_of("sniper", TWO, "SOL-USDT", "two", {plain, other})
    assert re.fullmatch(f"{other}[0-9a-f]", longer)


@given(
    st.lists(st.text(max_size=9), min_size=1, max_size=60, unique=True), hostile, st.sampled_from(CATEGORIES)
)
def test_however_many_there_are_in_one_minute_none_is_the_same(
    sources: list[str], symbol: str, category: str
) -> None:
    taken: set[str] = set()
    for source in sources:
        ref = ref_of(category, TWO, symbol, source, taken)
        assert ref not in taken
        assert HARMLESS.fullmatch(ref)
        assert ref.startswith(f"{PREFIXES[category]}_20250915_1400")
        taken.add(ref)


@given(hostile)
def test_a_given_reference_becomes_harmless_and_stays_itself(given_ref: str) -> None:
    ref = clean_ref(given_ref)
    assert HARMLESS.fullmatch(ref)
    assert is_ref(ref)
    assert clean_ref(ref) == ref
    assert len(f"a:{ref}:took".encode()) <= 64


@given(hostile, hostile)
def test_two_given_references_stay_two(one: str, other: str) -> None:
    if one != other:
        assert clean_ref(one) != clean_ref(other)


def test_a_long_reference_is_cut_and_still_its_own() -> None:
    assert clean_ref("x" * LONGEST_REF) == "x" * LONGEST_REF
    first, second = clean_ref("x" * 49), clean_ref("x" * 50)
    assert first != second
    assert len(first) == LONGEST_REF


def test_a_day_begins_in_jakarta() -> None:
    assert ref_of("health", TWO.replace(hour=17), None, "id") == "hp_20250916_0000"
    assert ref_of("health", TWO.replace(tzinfo=None, hour=17), None, "id") == "hp_20250915_1700"


def test_only_a_reference_that_was_made_here_gives_way() -> None:
    made, given_one = alert(), alert(refId="ib_mine")
    assert apart(made, {made.ref_id}).ref_id.startswith(f"{made.ref_id}_")
    assert apart(made, ()) == made
    assert apart(given_one, {"ib_mine"}) == given_one
    assert apart(made, {made.ref_id}).ts + timedelta() == made.ts
