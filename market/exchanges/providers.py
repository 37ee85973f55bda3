"""Which providers there are, by name."""

from __future__ import annotations

import aiohttp

from market.exchanges.base import Exchange
from market.exchanges.binance.provider import Binance
from market.exchanges.bybit.provider import Bybit
from market.exchanges.coinapi.provider import CoinApi
from market.exchanges.endpoints import KEY, Endpoints
from market.exchanges.okx.provider import Okx
from market.exchanges.provider import Surroundings
from signaltape.errors import SettingsError

NAMES = ("okx", "bybit", "binance", "coinapi")


def open_session() -> aiohttp.ClientSession:
    """One for all providers. Close it at the end."""
    return aiohttp.ClientSession(trust_env=True, cookie_jar=aiohttp.DummyCookieJar())


def make(name: str, endpoints: Endpoints, surroundings: Surroundings) -> Exchange:
    """A provider by name. Raises SettingsError for one that there is not, or that lacks its key."""
    if name == "okx":
        return Okx(surroundings, endpoints.okx_rest, endpoints.okx_ws)
    if name == "bybit":
        return Bybit(surroundings, endpoints.bybit_rest, endpoints.bybit_ws)
    if name == "binance":
        return Binance(surroundings, endpoints.binance_rest, endpoints.binance_ws)
    if name != "coinapi":
        raise SettingsError(f"there is no provider {name!r}; known: {', '.join(NAMES)}")
    if endpoints.coinapi_key is None:
        raise SettingsError(f"the provider coinapi needs {KEY}")
    return CoinApi(surroundings, endpoints.coinapi_rest, endpoints.coinapi_key, endpoints.coinapi_exchange)
