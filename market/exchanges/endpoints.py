"""Where the providers are: their own addresses, or whatever the environment says instead."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from msgspec import Struct

from signaltape.errors import SettingsError
from signaltape.settings import Secret, variable

_PREFIX = "SIGNALTAPE_MARKET_"
KEY, EXCHANGE = "COINAPI_KEY", "SIGNALTAPE_MARKET_COINAPI_EXCHANGE"
_DEFAULTS = {
    "OKX_WS": "wss://ws.okx.com:8443",
    "OKX_REST": "https://www.okx.com",
    "BYBIT_WS": "wss://stream.bybit.com",
    "BYBIT_REST": "https://api.bybit.com",
    "BINANCE_WS": "wss://fstream.binance.com",
    "BINANCE_REST": "https://fapi.binance.com",
    "COINAPI_REST": "https://rest.coinapi.io",
}
#: What is read here.
VARIABLES = (*(_PREFIX + name for name in _DEFAULTS), EXCHANGE, KEY)
#: No user, no password, no query: a scheme, a host, a port, perhaps a path.
_BASE = re.compile(r"(?P<scheme>https?|wss?)://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._/-]*)?")
_EXCHANGE = re.compile(r"[A-Z0-9]{2,30}")


class Endpoints(Struct, frozen=True, kw_only=True):
    """Base URLs. coinapi_key: without it CoinAPI is not asked; coinapi_exchange: whose symbols, as CoinAPI says."""

    okx_ws: str = _DEFAULTS["OKX_WS"]
    okx_rest: str = _DEFAULTS["OKX_REST"]
    bybit_ws: str = _DEFAULTS["BYBIT_WS"]
    bybit_rest: str = _DEFAULTS["BYBIT_REST"]
    binance_ws: str = _DEFAULTS["BINANCE_WS"]
    binance_rest: str = _DEFAULTS["BINANCE_REST"]
    coinapi_rest: str = _DEFAULTS["COINAPI_REST"]
    coinapi_key: Secret | None = None
    coinapi_exchange: str = "BINANCEFTS"

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Endpoints:
        """Read `environ` (default: this process's environment). Raises SettingsError, naming the variable."""
        source = os.environ if environ is None else environ
        bases = {name.lower(): _base(source, name) for name in _DEFAULTS}
        key = variable(source, KEY)
        return cls(**bases, coinapi_key=Secret(key) if key else None, coinapi_exchange=_exchange(source))


def _base(source: Mapping[str, str], name: str) -> str:
    text = variable(source, _PREFIX + name) or _DEFAULTS[name]
    found = _BASE.fullmatch(text)
    schemes = ("ws", "wss") if name.endswith("_WS") else ("http", "https")
    if found is None or found["scheme"] not in schemes:
        raise SettingsError(f"{_PREFIX}{name} must be a base URL such as {_DEFAULTS[name]}")
    return text.rstrip("/")


def _exchange(source: Mapping[str, str]) -> str:
    text = variable(source, EXCHANGE) or "BINANCEFTS"
    if not _EXCHANGE.fullmatch(text):
        raise SettingsError(f"{EXCHANGE} must be an exchange as CoinAPI calls it, such as BINANCEFTS")
    return text
