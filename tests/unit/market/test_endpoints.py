"""Where the providers are, and which there are."""

from __future__ import annotations

import asyncio

import pytest

from market.exchanges.endpoints import EXCHANGE, KEY, VARIABLES, Endpoints
from market.exchanges.provider import Surroundings
from market.exchanges.providers import NAMES, make, open_session
from signaltape import Secret
from signaltape.errors import SettingsError
from signaltape.notices import Notices


def test_by_default_they_are_where_they_really_are() -> None:
    found = Endpoints.from_env({})
    assert found == Endpoints()
    assert found.okx_ws == "wss://ws.okx.com:8443"
    assert found.coinapi_key is None


def test_the_environment_may_say_otherwise() -> None:
    found = Endpoints.from_env(
        {
            "SIGNALTAPE_MARKET_OKX_WS": "ws://127.0.0.1:9999/",
            "SIGNALTAPE_MARKET_BYBIT_REST": "http://localhost:8080/proxy",
            KEY: "held-back",
            EXCHANGE: "OKEX",
        }
    )
    assert (found.okx_ws, found.bybit_rest) == ("ws://127.0.0.1:9999", "http://localhost:8080/proxy")
    assert (found.coinapi_key, found.coinapi_exchange) == (Secret("held-back"), "OKEX")
    assert "held-back" not in repr(found)


@pytest.mark.parametrize("name", [name for name in VARIABLES if name not in (EXCHANGE, KEY)])
@pytest.mark.parametrize(
    "text",
    ["okx.com", "ftp://okx.com", "wss://user:password@okx.com", "https://okx.com?a=b", "wss://a b", "wss://"],
)
def test_a_wrong_address_is_refused_by_its_name_and_not_repeated(name: str, text: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} must be a base URL such as") as refusal:
        Endpoints.from_env({name: text})
    assert "password" not in str(refusal.value)


def test_a_websocket_is_not_spoken_over_http_and_the_other_way_round() -> None:
    for name, text in (("OKX_WS", "https://okx.com"), ("OKX_REST", "wss://okx.com")):
        with pytest.raises(SettingsError):
            Endpoints.from_env({f"SIGNALTAPE_MARKET_{name}": text})


@pytest.mark.parametrize("text", ["binance", "A B", "../x", "X" * 31])
def test_a_wrong_exchange_of_coinapi_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match=EXCHANGE):
        Endpoints.from_env({EXCHANGE: text})


def test_each_name_makes_its_provider_and_any_other_is_refused() -> None:
    async def run() -> None:
        async with open_session() as session:
            at = Surroundings(session=session, now_us=lambda: 0, notices=Notices())
            endpoints = Endpoints(coinapi_key=Secret("key"))
            assert [make(name, endpoints, at).name for name in NAMES] == list(NAMES)
            assert [make(name, endpoints, at).has_trades for name in NAMES] == [True, True, True, False]
            with pytest.raises(SettingsError, match="no provider 'kraken'; known: okx, bybit"):
                make("kraken", endpoints, at)
            with pytest.raises(SettingsError, match=f"needs {KEY}"):
                make("coinapi", Endpoints(), at)

    asyncio.run(run())
