"""The coin of a symbol, however an exchange writes it: `BTC` of `BTC-USDT`, `BTCUSDT` and `btc/usdt:usdt`. Pure."""

from __future__ import annotations

import hashlib
import re

#: No coin's name is longer.
LONGEST_COIN = 12
_PARTS = re.compile(r"[^A-Z0-9]+")
#: What a coin is quoted in, where nothing stands between. Not what a coin's own name may end with: BNBUSD is no BN.
_QUOTES = ("FDUSD", "USDT", "USDC", "PERP", "USD", "EUR", "IDR")
#: Bitcoin's other name.
_SAME = {"XBT": "BTC"}


def coin_of(symbol: str) -> str:
    """The base coin, upper case, letters and digits only, at most 12; of what has none, `X` and a piece of its hash."""
    pieces = [piece for piece in _PARTS.split(symbol.upper()) if piece]
    coin = _unquoted(pieces[0]) if len(pieces) == 1 else pieces[0] if pieces else ""
    coin = _SAME.get(coin, coin)[:LONGEST_COIN]
    return coin or f"X{hash_of(symbol)[:4].upper()}"


def _unquoted(name: str) -> str:
    for quote in _QUOTES:
        if name.endswith(quote) and name != quote:
            return name.removesuffix(quote)
    return name


def hash_of(text: str) -> str:
    """Hexadecimal digits that are the same for the same text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
