"""What the ghost reads from the environment besides the settings of every process."""

from __future__ import annotations

import os
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

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
    """Only those that are given: a rule left as it is, is the same as one that was never named."""
    flags = {TOUCH: "touch", BREAK_EVEN: "break_even", FUNDING: "funding", LIMIT_VOLUME: "limit_volume"}
    fractions = {TP1_FRACTION: ("tp1_fraction", Decimal(1)), TRAIL_R: ("trail_r", _MOST_R)}
    costs = {TAKER: "taker_bps", MAKER: "maker_bps", SLIPPAGE: "slippage_bps"}
    given: dict[str, Any] = {rule: _read_flag(source, name) for name, rule in flags.items()}
    for name, (rule, most) in fractions.items():
        given[rule] = _read_number(source, name, most)
    for name, rule in costs.items():
        given[rule] = _read_number(source, name, _MOST_BPS, zero=True)
    usual = Rules()
    return Rules(
        **{name: value for name, value in given.items() if value not in (None, getattr(usual, name))}
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
    source: Mapping[str, str], name: str, high: Decimal, *, zero: bool = False
) -> Decimal | None:
    text = variable(source, name)
    if not text:
        return None
    try:
        number = Decimal(text) if text.isascii() and len(text) <= _LONGEST_NUMBER else Decimal("NaN")
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or number > high or not (number > 0 or (zero and number == 0)):
        least = "0 or more" if zero else "above 0"
        raise SettingsError(f"{name} must be a number {least}, at most {high}, got {text!r}")
    return number
