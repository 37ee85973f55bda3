"""The JSON of an alert as it was sent, as a block of code. Pure."""

from __future__ import annotations

import unicodedata

import msgspec

from desk.alerts.model import Alert
from outbox.text import MAX_TEXT_UNITS, Text, TextBuilder, units

#: Left out of what cannot be trusted: nobody is to enter by it.
_PRICES = frozenset(
    ("entry", "sl", "tp", "tp1", "tp2", "entryLow", "entryHigh", "entry_low", "entry_high", "scenarios")
)
LEFT_OUT = "data_quality: bad — prices left out"
_CUT = "\n…"
_MOST_UNITS = MAX_TEXT_UNITS - 128


def json_text(alert: Alert) -> Text:
    """The JSON, indented if it then fits, as it is if not, cut if it must be. Of bad data without its prices."""
    raw = _trusted(alert)
    text = next((one for one in (_indented(raw), raw) if units(one) <= _MOST_UNITS), None)
    builder = TextBuilder()
    if alert.is_bad:
        builder.line(LEFT_OUT)
    return builder.add(text if text is not None else _shortened(raw), "pre").build()


def _trusted(alert: Alert) -> str:
    raw = alert.raw
    if alert.is_bad:
        try:
            fields = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
        except msgspec.DecodeError:  # so long that it was cut
            return "{}"
        raw = msgspec.json.encode({name: value for name, value in fields.items() if name not in _PRICES})
    return "".join(map(_visible, raw.decode("utf-8", "replace"))) or "{}"


def _visible(sign: str) -> str:
    """What is not seen, or turns others around, as JSON writes it too."""
    if sign.isascii() or unicodedata.category(sign) not in ("Cf", "Cc", "Cs", "Co", "Cn", "Zl", "Zp"):
        return sign
    return "".join(
        f"\\u{unit:04x}" for unit in memoryview(sign.encode("utf-16-le", "surrogatepass")).cast("H")
    )


def _indented(raw: str) -> str:
    try:
        return msgspec.json.format(raw, indent=2)
    except msgspec.DecodeError:
        return raw


def _shortened(raw: str) -> str:
    room = _MOST_UNITS - len(_CUT)
    cut = raw.encode("utf-16-le", "surrogatepass")[: 2 * room].decode("utf-16-le", "ignore")
    return f"{cut}{_CUT}"
