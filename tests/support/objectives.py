"""Rows as the guard leaves them: alerts, values of rules, budgets by day; ordinary and hostile."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import guard
from signaltape.clock import WIB
from sink.db import Connection
from sink.queries import load

_SQL = load(Path(guard.__file__).parent / "sql" / "alerts.sql")
SIGNAL, WHOLE = "GET /api/signal/<symbol> (ib-1)", "all of ib-1"
LONG = "GET /<b>" + "very-long-path-of-an-engine-that-likes-names/" * 4 + " (\u202eib-1)"


class Watched:
    """A database that a guard has written to, its last evaluation being at `now`."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection, self.now = connection, now
        self._put("put_state", now=now, by="guard-1", remembered="{}")

    def alert(self, rule: str, subject: str, minutes: float = 12, **more: Any) -> None:
        """One that fires since then, or is what `more` says."""
        since = self.now - timedelta(minutes=minutes)
        row: dict[str, Any] = {"id": uuid.uuid4(), "rule": rule, "subject": subject, "engine": "ib-1"}
        row |= {"state": "firing", "since": since, "seen_at": self.now, "fired_at": since, "told": 1}
        row |= {"category": "health", "value": 812.4}
        row |= dict.fromkeys(("well_since", "resolved_at", "ended", "last_told_at", "message_key"))
        self._put("put", **row | {"limit_value": 650.0, "examples": []} | more)

    def over(self, rule: str, subject: str, minutes: float = 90, ended: str = "well") -> None:
        """One that is over since ten minutes after it began."""
        end = self.now - timedelta(minutes=minutes - 10)
        self.alert(rule, subject, minutes, state="resolved", resolved_at=end, ended=ended)

    def value(
        self, rule: str, subject: str, value: float | None, breached: bool | None = False, n: int = 100
    ) -> None:
        """What a rule came to."""
        given = {"engine": "ib-1", "limit": 650.0, "breached": breached, "n": n, "at": self.now}
        self._put("put_value", rule=rule, subject=subject, value=value, **given)

    def days(self, rule: str, subject: str, good: int, bad: int, days_ago: int = 1) -> None:
        """Good and bad of a day."""
        day = self.now.astimezone(WIB).date() - timedelta(days=days_ago)
        self._connection.execute(
            "INSERT INTO guard_days (day, rule, subject, good, bad) VALUES (%s, %s, %s, %s, %s)",
            (day, rule, subject, good, bad),
        )

    def snoozed(self, category: str) -> None:
        """Nothing is told of it for an hour."""
        self._connection.execute(
            "INSERT INTO guard_snoozes (category, until, by) VALUES (%s, %s, 'trader')",
            (category, self.now + timedelta(hours=1)),
        )

    def _put(self, name: str, **row: Any) -> None:
        self._connection.execute(_SQL[name], row)


def watch(connection: Connection, now: datetime) -> Watched:
    """A day in which something happened: alerts of each state, budgets that are left, spent and overspent."""
    watched = Watched(connection, now)
    watched.alert("signal-p95", SIGNAL, category="performance", examples=["0198a3c4-77aa-7e1b-9d2f-5b9e1b2d"])
    waiting = {"state": "pending", "fired_at": None, "told": 0, "value": 7200.0, "limit_value": 5000.0}
    watched.alert("freshness", "SOL-USDT-SWAP (ib-1)", 2, **waiting)
    watched.over("redis-away", "redis")
    watched.over("ws-missing", "orderflow (ib-1)", 300, ended="gone")
    watched.value("signal-p95", SIGNAL, 812.4, breached=True)
    for number in range(9):
        breached = None if number > 6 else False
        watched.value("rest-p95", f"GET /api/{number} (ib-1)", 90.0 + 40 * number, breached)
    watched.value("disk", "SIGNALTAPE_HOME", 41.5)
    watched.value("stream-size", "signaltape:{0}", 64.0 * 1024**2)
    watched.value("error-budget", WHOLE, 0.4)
    watched.days("error-budget", WHOLE, 99_700, 300)
    watched.days("latency-budget", WHOLE, 900, 100, days_ago=3)
    return watched


def disturb(watched: Watched) -> None:
    """Names that would break a page, and very many of them."""
    watched.alert("rest-p95", LONG, examples=["<script>alert(1)</script>" + "x" * 200])
    watched.value("rest-p95", LONG, 1e14, breached=True)
    watched.value("a-rule-that-is-gone", LONG, None, breached=None)
    watched.alert("a-rule-that-is-gone", LONG, value=None, limit_value=None)
    for number in range(200):
        watched.value("freshness", f"SYMBOL-{number}-USDT-PERPETUAL-SWAP (ib-1)", 4000.0)
    watched.days("latency-budget", LONG, 1, 10**12)
    watched.snoozed("performance")
