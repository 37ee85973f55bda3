"""One instrument, many spellings: `SOL-USDT-SWAP`, `SOL/USDT:USDT` and `SOLUSDT` are the same perpetual swap."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from market.exchanges.errors import UnknownSymbol
from signaltape.showing import show

#: What a linear perpetual is settled in; a name that ends in none of these is not one.
QUOTES = ("USDT", "USDC")
_BASE = r"(?P<base>[A-Z0-9]{1,20}?)"
_QUOTE = rf"(?P<quote>{'|'.join(QUOTES)})"
_FORMS = tuple(
    re.compile(form)
    for form in (
        rf"{_BASE}-{_QUOTE}-SWAP",
        rf"{_BASE}/{_QUOTE}:(?P=quote)",
        rf"{_BASE}{_QUOTE}",
    )
)
_SPOT = re.compile(rf"{_BASE}[-/]{_QUOTE}")
_MOST_CHARS = 40


class Pair(NamedTuple):
    """A linear perpetual swap: what is traded, and what it is quoted and settled in."""

    base: str
    quote: str

    @property
    def ours(self) -> str:
        """The spelling that records carry: `SOL-USDT-SWAP`."""
        return f"{self.base}-{self.quote}-SWAP"


def pair_of(symbol: str) -> Pair:
    """Which swap a name in any of the three spellings means; letter case does not matter.

    Raises UnknownSymbol for a spot pair and for what is no name of a swap.
    """
    plain = symbol.upper() if len(symbol) <= _MOST_CHARS else ""
    for form in _FORMS:
        if found := form.fullmatch(plain):
            return Pair(found["base"], found["quote"])
    if _SPOT.fullmatch(plain):
        raise UnknownSymbol(f"{show(symbol)} is a spot pair; the market follows perpetual swaps only")
    raise UnknownSymbol(
        f"{show(symbol)} is no name of a perpetual swap; write SOL-USDT-SWAP, SOL/USDT:USDT or SOLUSDT"
    )


def swap_named(name: str) -> Pair | None:
    """As `pair_of`, for names that a provider sent: None for what is none of ours."""
    try:
        return pair_of(name)
    except UnknownSymbol:
        return None


class Names:
    """Which instruments a provider has, and how it calls them. Filled from its own list of instruments."""

    def __init__(self, provider: str, theirs: Iterable[tuple[Pair, str]] = ()) -> None:
        self._provider = provider
        self._theirs: dict[Pair, str] = {}
        self._ours: dict[str, str] = {}
        self.fill(theirs)

    def fill(self, theirs: Iterable[tuple[Pair, str]]) -> None:
        """Take a fresh list; what is no longer in it is not known any more."""
        self._theirs = dict(theirs)
        self._ours = {name: pair.ours for pair, name in self._theirs.items()}

    def __len__(self) -> int:
        return len(self._theirs)

    def __contains__(self, symbol: str) -> bool:
        try:
            return pair_of(symbol) in self._theirs
        except UnknownSymbol:
            return False

    def theirs(self, symbol: str) -> str:
        """How the provider calls it. Raises UnknownSymbol, in words."""
        pair = pair_of(symbol)
        if pair not in self._theirs:
            raise UnknownSymbol(f"{self._provider} has no perpetual swap {pair.ours}")
        return self._theirs[pair]

    def ours(self, name: str) -> str:
        """What records call the instrument that the provider calls `name`. Raises UnknownSymbol."""
        if name not in self._ours:
            raise UnknownSymbol(f"{self._provider} spoke of {show(name)}, which is not in its list of swaps")
        return self._ours[name]
