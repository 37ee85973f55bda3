"""What stays of a day that retention deletes: counts, symbols, first and last time, realised PnL."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from signaltape.contract.record_base import Group
from signaltape.replay.line import Head, payload_of

_ENCODER = msgspec.json.Encoder(decimal_format="number")


class _Pnl(msgspec.Struct):
    realizedPnl: Decimal = Decimal(0)  # noqa: N815 - as it is written


class _Before(_Pnl):
    counts: dict[str, int] = {}
    symbols: dict[str, int] = {}
    badLines: int = 0  # noqa: N815 - as it is written
    first: str | None = None
    last: str | None = None


_read_pnl = msgspec.json.Decoder(_Pnl).decode


class Summary:
    """One day of one group.

    root: `data/`.
    """

    def __init__(self, root: Path, group: str, day: str) -> None:
        self.path = root / "summaries" / group / f"day-{day}.json"
        self._day, self._group = day, group
        self._counts: Counter[str] = Counter()
        self._symbols: Counter[str] = Counter()
        self._pnl = Decimal(0)
        self._bad = 0
        self._first: str | None = None
        self._last: str | None = None

    def read(self) -> None:
        """Add to what an earlier run left. Raises OSError, msgspec.MsgspecError, UnicodeDecodeError."""
        if not self.path.exists():
            return
        before = msgspec.json.decode(self.path.read_bytes(), type=_Before)
        self._counts.update(before.counts)
        self._symbols.update(before.symbols)
        self._pnl += before.realizedPnl
        self._bad += before.badLines
        self._first, self._last = before.first, before.last

    def add(self, head: Head | None, line: bytes) -> None:
        """Count one line; one without a head is a bad one."""
        if head is None:
            self._bad += 1
            return
        self._counts[head.type] += 1
        if head.symbol:
            self._symbols[head.symbol] += 1
        if self._group == Group.TRADES:
            self._pnl += _pnl_of(line)
        self._first = head.ts if self._first is None else min(self._first, head.ts)
        self._last = head.ts if self._last is None else max(self._last, head.ts)

    def encode(self) -> bytes:
        """The file's content."""
        document: dict[str, Any] = {
            "day": self._day,
            "group": self._group,
            "counts": self._counts,
            "symbols": self._symbols,
            "first": self._first,
            "last": self._last,
        }
        if self._bad:
            document["badLines"] = self._bad
        if self._group == Group.TRADES:
            document["realizedPnl"] = self._pnl
        return msgspec.json.format(_ENCODER.encode(document), indent=2) + b"\n"


def _pnl_of(line: bytes) -> Decimal:
    try:
        return _read_pnl(payload_of(line)).realizedPnl
    except msgspec.MsgspecError:  # a trade whose result was edited by hand
        return Decimal(0)
