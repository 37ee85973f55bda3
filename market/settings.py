"""What the market reads from the environment besides the settings of every process."""

from __future__ import annotations

import os
from collections.abc import Mapping

from msgspec import Struct

from market.demand import MOST
from market.exchanges.endpoints import VARIABLES as ENDPOINT_VARIABLES
from market.exchanges.endpoints import Endpoints
from market.exchanges.errors import UnknownSymbol
from market.exchanges.naming import pair_of
from market.exchanges.providers import NAMES
from signaltape.errors import SettingsError
from signaltape.settings import Settings, variable

PROVIDERS, SYMBOLS = "SIGNALTAPE_MARKET_PROVIDERS", "SIGNALTAPE_MARKET_SYMBOLS"
#: What is read here besides the common ones.
VARIABLES = (PROVIDERS, SYMBOLS, *ENDPOINT_VARIABLES)
_DEFAULT_PROVIDERS = "okx,bybit,binance"


class MarketSettings(Struct, frozen=True, kw_only=True):
    """providers: in the order in which they are preferred; symbols: followed always, as they are spelled."""

    common: Settings
    providers: tuple[str, ...] = tuple(_DEFAULT_PROVIDERS.split(","))
    symbols: tuple[str, ...] = ()
    endpoints: Endpoints = Endpoints()

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> MarketSettings:
        """Read `environ` (default: this process's environment). An empty variable counts as not set.

        Raises SettingsError, naming the variable.
        """
        source = os.environ if environ is None else environ
        return cls(
            common=Settings.from_env(source),
            providers=_providers(variable(source, PROVIDERS) or _DEFAULT_PROVIDERS),
            symbols=_symbols(variable(source, SYMBOLS)),
            endpoints=Endpoints.from_env(source),
        )


def _providers(text: str) -> tuple[str, ...]:
    given = _listed(PROVIDERS, text)
    for one in given:
        if one not in NAMES:
            raise SettingsError(f"{PROVIDERS} must name some of {', '.join(NAMES)}, got {one[:40]!r}")
    return given


def _symbols(text: str) -> tuple[str, ...]:
    given = _listed(SYMBOLS, text)
    if len(given) > MOST:
        raise SettingsError(f"{SYMBOLS} must name at most {MOST} symbols, got {len(given)}")
    for one in given:
        try:
            pair_of(one)
        except UnknownSymbol as error:
            raise SettingsError(f"{SYMBOLS}: {error}") from None
    return given


def _listed(name: str, text: str) -> tuple[str, ...]:
    """With commas between; each once."""
    given = tuple(one.strip() for one in text.split(",") if one.strip())
    twice = next((one for one in given if given.count(one) > 1), None)
    if twice is not None:
        raise SettingsError(f"{name} must name each once, got {twice[:40]!r} twice")
    return given
