"""Where the providers are: their own addresses, or whatever the environment says instead."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from msgspec import Struct

from signaltape.errors import SettingsError
from signaltape.settings import Secret, variable

KEY, EXCHANGE = "COINAPI_KEY", "SIGNALTAPE_MARKET_COINAPI_EXCHANGE"
#: Each base URL's variable, and where the provider really is. The field is named like the variable's end.
_BASES = {
    "SIGNALTAPE_MARKET_OKX_WS": "wss://ws.okx.com:8443",
    "SIGNALTAPE_MARKET_OKX_REST": "https://www.okx.com",
    "SIGNALTAPE_MARKET_BYBIT_WS": "wss://stream.bybit.com",
    "SIGNALTAPE_MARKET_BYBIT_REST": "https://api.bybit.com",
    "SIGNALTAPE_MARKET_BINANCE_WS": "wss://fstream.binance.com",
    "SIGNALTAPE_MARKET_BINANCE_REST": "https://fapi.binance.com",
    "SIGNALTAPE_MARKET_COINAPI_REST": "https://rest.coinapi.io",
}
#: What is read here.
VARIABLES = (*_BASES, EXCHANGE, KEY)
#: No user, no password, no query: a scheme, a host, a port, perhaps a path.
_BASE = re.compile(r"(?P<scheme>https?|wss?)://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._/-]*)?")
_EXCHANGE = re.compile(r"[A-Z0-9]{2,30}")


class Endpoints(Struct, frozen=True, kw_only=True):
    """Base URLs. coinapi_key: without it CoinAPI is not asked; coinapi_exchange: whose symbols, as CoinAPI says."""

    okx_ws: str = _BASES["SIGNALTAPE_MARKET_OKX_WS"]
    okx_rest: str = _BASES["SIGNALTAPE_MARKET_OKX_REST"]
    bybit_ws: str = _BASES["SIGNALTAPE_MARKET_BYBIT_WS"]
    bybit_rest: str = _BASES["SIGNALTAPE_MARKET_BYBIT_REST"]
    binance_ws: str = _BASES["SIGNALTAPE_MARKET_BINANCE_WS"]
    binance_rest: str = _BASES["SIGNALTAPE_MARKET_BINANCE_REST"]
    coinapi_rest: str = _BASES["SIGNALTAPE_MARKET_COINAPI_REST"]
    coinapi_key: Secret | None = None
    coinapi_exchange: str = "BINANCEFTS"

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Endpoints:
        """Read `environ` (default: this process's environment). Raises SettingsError, naming the variable."""
        source = os.environ if environ is None else environ
        bases = {_field(name): _base(source, name) for name in _BASES}
        key = variable(source, KEY)
        return cls(**bases, coinapi_key=Secret(key) if key else None, coinapi_exchange=_exchange(source))


def _field(name: str) -> str:
    return name.removeprefix("SIGNALTAPE_MARKET_").lower()


def _base(source: Mapping[str, str], name: str) -> str:
    text = variable(source, name) or _BASES[name]
    found = _BASE.fullmatch(text)
    schemes = ("ws", "wss") if name.endswith("_WS") else ("http", "https")
    if found is None or found["scheme"] not in schemes:
        raise SettingsError(f"{name} must be a base URL such as {_BASES[name]}")
    return text.rstrip("/")


def _exchange(source: Mapping[str, str]) -> str:
    text = variable(source, EXCHANGE) or "BINANCEFTS"
    if not _EXCHANGE.fullmatch(text):
        raise SettingsError(f"{EXCHANGE} must be an exchange as CoinAPI calls it, such as BINANCEFTS")
    return text
