"""One instrument, many spellings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.exchanges.errors import UnknownSymbol
from market.exchanges.naming import QUOTES, Names, Pair, pair_of


@pytest.mark.parametrize(
    "spelling", ["SOL-USDT-SWAP", "SOL/USDT:USDT", "SOLUSDT", "sol-usdt-swap", "solusdt"]
)
def test_all_spellings_are_one_swap(spelling: str) -> None:
    assert pair_of(spelling) == Pair("SOL", "USDT")
    assert pair_of(spelling).ours == "SOL-USDT-SWAP"


@pytest.mark.parametrize(
    ("spelling", "base", "quote"),
    [
        ("1000PEPEUSDT", "1000PEPE", "USDT"),
        ("BTC-USDC-SWAP", "BTC", "USDC"),
        ("BTC/USDC:USDC", "BTC", "USDC"),
        ("USDCUSDT", "USDC", "USDT"),
        ("USDC-USDT-SWAP", "USDC", "USDT"),
    ],
)
def test_the_quote_is_what_it_ends_in(spelling: str, base: str, quote: str) -> None:
    assert pair_of(spelling) == Pair(base, quote)


@pytest.mark.parametrize("spelling", ["SOL-USDT", "SOL/USDT", "btc/usdc"])
def test_a_spot_pair_is_refused_as_one(spelling: str) -> None:
    with pytest.raises(UnknownSymbol, match="spot pair"):
        pair_of(spelling)


@pytest.mark.parametrize(
    "spelling",
    [
        "",
        "USDT",
        "-USDT-SWAP",
        "BTC-USD-SWAP",
        "BTC-PERP",
        "BTC/USDT:BTC",
        "BTC/USDT:USDC",
        "BTCUSDT\n",
        "Ä" * 9,
    ],
)
def test_anything_else_is_refused_with_what_would_do(spelling: str) -> None:
    with pytest.raises(UnknownSymbol, match="write SOL-USDT-SWAP, SOL/USDT:USDT or SOLUSDT"):
        pair_of(spelling)


def test_a_long_name_is_refused_and_not_repeated_in_full() -> None:
    with pytest.raises(UnknownSymbol) as refusal:
        pair_of("A" * 100_000)
    assert len(str(refusal.value)) < 300


@given(st.text("ABC019", min_size=1, max_size=20), st.sampled_from(QUOTES))
def test_our_spelling_means_itself(base: str, quote: str) -> None:
    assert pair_of(Pair(base, quote).ours) == Pair(base, quote)


@given(st.text(max_size=60))
def test_any_text_is_a_pair_or_refused(text: str) -> None:
    try:
        pair = pair_of(text)
    except UnknownSymbol:
        return
    assert pair_of(pair.ours) == pair


class TestNames:
    names = Names("bybit", [(Pair("SOL", "USDT"), "SOLUSDT"), (Pair("BTC", "USDC"), "BTCPERP")])

    def test_both_ways(self) -> None:
        assert self.names.theirs("SOL/USDT:USDT") == "SOLUSDT"
        assert self.names.theirs("BTC-USDC-SWAP") == "BTCPERP"
        assert self.names.ours("BTCPERP") == "BTC-USDC-SWAP"

    def test_one_that_the_provider_does_not_have_is_refused_in_words(self) -> None:
        with pytest.raises(UnknownSymbol, match="bybit has no perpetual swap DOGE-USDT-SWAP"):
            self.names.theirs("DOGEUSDT")
        with pytest.raises(UnknownSymbol, match="spoke of 'DOGEUSDT'"):
            self.names.ours("DOGEUSDT")

    def test_what_it_has_can_be_asked(self) -> None:
        assert "SOLUSDT" in self.names
        assert "DOGEUSDT" not in self.names
        assert "nonsense" not in self.names
        assert len(self.names) == 2

    def test_a_fresh_list_forgets_what_is_not_in_it(self) -> None:
        names = Names("okx", [(Pair("SOL", "USDT"), "SOL-USDT-SWAP")])
        names.fill([(Pair("ETH", "USDT"), "ETH-USDT-SWAP")])
        assert ("SOLUSDT" in names, "ETHUSDT" in names) == (False, True)
