"""A rule's value and its limit in words: `p95 812 ms`, `4.2 %`, `12.3 MiB`, `burns 15× as fast as it may`. Pure."""

from __future__ import annotations

from guard.model.rules import Absent, Burn, Check, Rule, Threshold
from outbox.wording import NOTHING, duration

_MINUS = "−"
_KIB = 1024
_NO_BREAK = "\N{NO-BREAK SPACE}"
_LARGE, _SMALL = 100, 10


def said_value(rule: Rule | None, value: float | None) -> str:
    """The value of a finding, with its unit and with what it is of; `-` for none."""
    if value is None:
        return NOTHING
    match rule:
        case Threshold() if not rule.value.startswith("share_"):
            return f"{rule.value}{_NO_BREAK}{with_unit(value, rule.unit)}"
        case Burn():
            return f"{number(value)}× as fast as it may"
        case Absent():
            return f"nothing for {with_unit(value, 's')}"
        case _:
            return bare_value(rule, value)


def bare_value(rule: Rule | None, value: float | None) -> str:
    """The same for a column: `812 ms`, `15×`, `7 min`."""
    if value is None:
        return NOTHING
    match rule:
        case Threshold() | Check():
            return with_unit(value, rule.unit)
        case Burn():
            return f"{number(value)}×"
        case Absent():
            return with_unit(value, "s")
        case _:
            return number(value)


def said_limit(rule: Rule | None, limit: float | None) -> str:
    """Beyond what it rings: `limit 650 ms`; empty if there is none to be said."""
    return "" if limit is None or rule is None else f"limit{_NO_BREAK}{bare_value(rule, limit)}"


def with_unit(value: float, unit: str) -> str:
    """A number that does not break from its unit: `812 ms`, `4.2 %`, `12 MiB`, `1 h 05`."""
    if unit == "bytes":
        return _bytes(value)
    if unit == "s" and abs(value) >= 120:
        return duration(int(value * 1000)).replace(" ", _NO_BREAK)
    return f"{number(value)}{_NO_BREAK}{unit}"


def number(value: float) -> str:
    """Three digits that matter: `1,234`, `12.3`, `0.42`, `0`."""
    size = abs(value)
    places = 0 if size >= _LARGE else 1 if size >= _SMALL else 2
    text = f"{value:,.{places}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text.replace("-", _MINUS) if text != "-0" else "0"


def _bytes(value: float) -> str:
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if abs(value) < _KIB:
            return f"{number(value)}{_NO_BREAK}{unit}"
        value /= _KIB
    return f"{number(value)}{_NO_BREAK}TiB"
