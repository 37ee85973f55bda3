"""What stays of a day that retention deletes: counts, symbols, first and last time, realised PnL."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from signaltape.replay.line import payload_of, read_head
from signaltape.records import Group

_ENCODER = msgspec.json.Encoder(decimal_format="number")


class _Pnl(msgspec.Struct):
    realizedPnl: Decimal = Decimal(0)  # noqa: N815 - as it is written


_read_pnl = msgspec.json.Decoder(_Pnl).decode


class Summary:
    """One day of one group; what an earlier run left of the same day is added to.

    root: `data/`.
    """

    def __init__(self, root: Path, group: str, day: str) -> None:
        self.path = root / "summaries" / group / f"day-{day}.json"
        before: dict[str, Any] = msgspec.json.decode(self.path.read_bytes()) if self.path.exists() else {}
        self._day, self._group = day, group
        self._counts: Counter[str] = Counter(before.get("counts", {}))
        self._symbols: Counter[str] = Counter(before.get("symbols", {}))
        self._pnl = Decimal(str(before.get("realizedPnl", 0)))
        self._first: str | None = before.get("first")
        self._last: str | None = before.get("last")

    def add(self, line: bytes) -> None:
        """Count one line. Raises msgspec.MsgspecError for what is no line."""
        head = read_head(line)
        self._counts[head.type] += 1
        if head.symbol:
            self._symbols[head.symbol] += 1
        if self._group == Group.TRADES:
            self._pnl += _read_pnl(payload_of(line)).realizedPnl
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
        if self._group == Group.TRADES:
            document["realizedPnl"] = self._pnl
        return msgspec.json.format(_ENCODER.encode(document), indent=2) + b"\n"
