"""What the market reads from its environment, and what it refuses, by name."""

from __future__ import annotations

import pytest

from market.settings import PROVIDERS, SYMBOLS, MarketSettings
from signaltape.errors import SettingsError


def test_defaults() -> None:
    found = MarketSettings.from_env({})
    assert found.providers == ("okx", "bybit", "binance")
    assert found.symbols == ()


def test_symbols_stay_as_they_are_spelled() -> None:
    found = MarketSettings.from_env({SYMBOLS: " SOLUSDT, BTC/USDT:USDT ,", PROVIDERS: "bybit"})
    assert found.symbols == ("SOLUSDT", "BTC/USDT:USDT")
    assert found.providers == ("bybit",)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        (PROVIDERS, "okx,kraken", "must name some of okx, bybit, binance, coinapi, got 'kraken'"),
        (PROVIDERS, "okx,okx", "must name each once, got 'okx' twice"),
        (SYMBOLS, "SOL-USDT", "is a spot pair"),
        (SYMBOLS, ",".join(f"A{n}USDT" for n in range(201)), "at most 200 symbols, got 201"),
    ],
)
def test_a_wrong_value_is_refused_by_the_variables_name(name: str, text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said) as caught:
        MarketSettings.from_env({name: text})
    assert name in str(caught.value)
