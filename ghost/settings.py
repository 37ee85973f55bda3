"""What the ghost reads from the environment besides the settings of every process."""

from __future__ import annotations

import os
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Literal

from msgspec import Struct, field

from ghost.model.rules import Rules
from signaltape.errors import SettingsError
from signaltape.settings import Settings, variable

#: Whose records these are, on their way to the tape.
ROOM = "ghost"

GHOST, TRACK = "SIGNALTAPE_GHOST", "SIGNALTAPE_TRACK"
TOUCH, TP1_FRACTION = "SIGNALTAPE_GHOST_TOUCH", "SIGNALTAPE_GHOST_TP1_FRACTION"
BREAK_EVEN, TRAIL_R = "SIGNALTAPE_GHOST_BREAK_EVEN", "SIGNALTAPE_GHOST_TRAIL_R"
TAKER, MAKER = "SIGNALTAPE_GHOST_TAKER_BPS", "SIGNALTAPE_GHOST_MAKER_BPS"
SLIPPAGE, FUNDING = "SIGNALTAPE_GHOST_SLIPPAGE_BPS", "SIGNALTAPE_GHOST_FUNDING"
LIMIT_VOLUME = "SIGNALTAPE_GHOST_LIMIT_VOLUME"
#: What is read here besides the common ones.
VARIABLES = (
    *(GHOST, TRACK, TOUCH, TP1_FRACTION, BREAK_EVEN, TRAIL_R),
    *(TAKER, MAKER, SLIPPAGE, FUNDING, LIMIT_VOLUME),
)
Which = Literal["all", "clicked", "off"]
_WHICH: tuple[Which, ...] = ("all", "clicked", "off")
_MOST_BPS = Decimal(1_000)
_MOST_R = Decimal(1_000)
_LONGEST_NUMBER = 24


class GhostSettings(Struct, frozen=True, kw_only=True):
    """Which orders there are, and by which rules they are followed.

    which: all published plans, those that somebody asked for, or none. track: every published plan is followed for its
    outcome, whatever it says itself.
    """

    common: Settings
    which: Which = "clicked"
    track: bool = False
    rules: Rules = field(default_factory=Rules)

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> GhostSettings:
        """Read `environ` (default: this process's environment). An empty variable counts as not set.

        Raises SettingsError, naming the variable.
        """
        source = os.environ if environ is None else environ
        return cls(
            common=Settings.from_env(source),
            which=_read_which(variable(source, GHOST) or "clicked"),
            track=_read_flag(source, TRACK),
            rules=_read_rules(source),
        )


def _read_rules(source: Mapping[str, str]) -> Rules:
    trail = variable(source, TRAIL_R)
    return Rules(
        touch=_read_flag(source, TOUCH),
        tp1_fraction=_read_number(source, TP1_FRACTION, "0.5", Decimal(1)),
        break_even=_read_flag(source, BREAK_EVEN),
        trail_r=_read_number(source, TRAIL_R, "", _MOST_R) if trail else None,
        taker_bps=_read_number(source, TAKER, "0", _MOST_BPS, zero=True),
        maker_bps=_read_number(source, MAKER, "0", _MOST_BPS, zero=True),
        slippage_bps=_read_number(source, SLIPPAGE, "0", _MOST_BPS, zero=True),
        funding=_read_flag(source, FUNDING),
        limit_volume=_read_flag(source, LIMIT_VOLUME),
    )


def _read_which(text: str) -> Which:
    for one in _WHICH:
        if text == one:
            return one
    raise SettingsError(f"{GHOST} must be one of {', '.join(_WHICH)}, got {text!r}")


def _read_flag(source: Mapping[str, str], name: str) -> bool:
    text = variable(source, name)
    if text not in ("", "true", "false"):
        raise SettingsError(f"{name} must be true or false, got {text!r}")
    return text == "true"


def _read_number(
    source: Mapping[str, str], name: str, default: str, high: Decimal, *, zero: bool = False
) -> Decimal:
    text = variable(source, name) or default
    try:
        number = Decimal(text) if text.isascii() and len(text) <= _LONGEST_NUMBER else None
    except InvalidOperation:
        number = None
    low_enough = number is not None and number.is_finite() and (number > 0 or (zero and number == 0))
    if number is None or not low_enough or number > high:
        raise SettingsError(
            f"{name} must be a number {'0 or more' if zero else 'above 0'}, at most {high}, got {text!r}"
        )
    return number
