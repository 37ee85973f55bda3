"""`/risk`: the base risk of a trade, shown or set; kept in Postgres, within bounds."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from desk.asking import Answer, Asking, Command, Deed
from outbox.text import Text
from signaltape.errors import InvalidRequest
from sink.db import Connection
from sink.queries import load

_SQL = load(Path(__file__).parents[1] / "sql" / "risk.sql")
#: What is risked while nobody said otherwise.
DEFAULT_PCT = Decimal("1.0")
LEAST_PCT = Decimal("0.1")
_NUMBER = re.compile(r"([0-9]{1,3}(?:[.,][0-9]{1,3})?)%?")


class Kept(NamedTuple):
    """What is risked: the base in percent, never above the cap; of how much, where that is not the settings'."""

    base_pct: Decimal
    equity_usd: Decimal | None


def kept_risk(connection: Connection, cap: Decimal) -> Kept:
    """What is kept, or what is risked while nobody said otherwise."""
    row = connection.execute(_SQL["read"]).fetchone()
    base_pct, equity = row or (DEFAULT_PCT, None)
    return Kept(min(base_pct, cap), equity)


def set_base_risk(connection: Connection, value: Decimal, by: str, at: datetime) -> None:
    """Keep another one."""
    connection.execute(_SQL["set"], {"base_risk_pct": value, "by": by, "at": at})


def read_risk(words: list[str], cap: Decimal) -> Decimal:
    """The number of `/risk 1.0`. Raises InvalidRequest."""
    found = _NUMBER.fullmatch(words[0]) if len(words) == 1 else None
    value = Decimal(found[1].replace(",", ".")) if found else None
    if value is None or not LEAST_PCT <= value <= cap:
        raise InvalidRequest(f"/risk takes one number from {LEAST_PCT} to {cap}, in percent of the equity")
    return value


def risk(asking: Asking) -> Answer:
    """Show it, or set it."""
    cap = asking.desk.risk_cap_pct
    before = kept_risk(asking.connection, cap).base_pct
    if not asking.args:
        return Answer(Text(f"Base risk {before}% of the equity per trade (cap {cap}%)"))
    after = read_risk(asking.args, cap)
    set_base_risk(asking.connection, after, asking.user.name or str(asking.user.id), asking.now)
    said = f"Base risk {before}% → {after}% of the equity per trade"
    return Answer(Text(said), deed=Deed(f"{before}% → {after}%", f"{before}%", f"{after}%"))


RISK = Command("risk", "trader", "base risk per trade: show or set it", risk, takes="[1.0]", acts=True)
