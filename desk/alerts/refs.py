"""References of alerts, such as `ib_20250915_0733_BTC`: they join alert, clicks and outcome. Pure."""

from __future__ import annotations

import re
from collections.abc import Container
from datetime import datetime

from desk.alerts.coins import coin_of, hash_of
from signaltape.clock import WIB, as_aware

#: With it a button's data (`a:<ref>:sn30`) has at most 64 bytes.
LONGEST_REF = 48
#: How the references of a category begin.
PREFIXES = {"institutional": "ib", "sniper": "snp", "scalp": "sc", "health": "hp"}
_REF = re.compile(r"[A-Za-z0-9_]{1,48}")
_OTHER = re.compile(r"[^A-Za-z0-9_]+")
_SHORTEST_SUFFIX, _LONGEST_SUFFIX = 4, 16


def is_ref(text: str) -> bool:
    """Whether a text may be a reference."""
    return _REF.fullmatch(text) is not None


def clean_ref(given: str) -> str:
    """An engine's own reference as one of ours: as it is if that can be, else told apart by a piece of its hash."""
    if is_ref(given):
        return given
    begin = _OTHER.sub("_", given).strip("_")[: LONGEST_REF - 9]
    return f"{begin}_{hash_of(given)[:8]}".lstrip("_")


def ref_of(
    category: str, ts: datetime, symbol: str | None, source_id: str, taken: Container[str] = ()
) -> str:
    """The reference of an alert that has none: category, WIB minute and coin.

    source_id: of the signal or the record. taken: references that belong to others; then a piece of a hash of the
    source's id stands behind it, a longer one if that is taken too. The same of the same, always.
    """
    minute = as_aware(ts).astimezone(WIB).strftime("%Y%m%d_%H%M")
    plain = "_".join((PREFIXES.get(category, "ib"), minute, *([coin_of(symbol)] if symbol else [])))
    if plain not in taken:
        return plain
    suffixes = (hash_of(source_id)[:size] for size in range(_SHORTEST_SUFFIX, _LONGEST_SUFFIX + 1))
    return next(
        (ref for one in suffixes if (ref := f"{plain}_{one}") not in taken),
        f"{plain}_{hash_of(source_id)[:16]}",
    )
