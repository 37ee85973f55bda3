"""Commands of the desk asked as its router asks them, against real servers; and a day of a desk to ask about."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from desk.answers import ANSWERS
from desk.asking import Answer, Asking, User
from desk.callbacks import PanelPress, press_of
from desk.settings import DeskSettings
from outbox.keyboard import dumped
from signaltape import Settings
from signaltape.clock import WIB
from sink.db import Connection
from tests.support.asked import D
from tests.support.samples import closed, invalidated, new_id, published, triggered

CHAT = "-100123"
NOW = datetime(2025, 9, 15, 14, 2, 51, tzinfo=WIB)
COMMANDS = {one.name: one for one in ANSWERS}
Entry = tuple[str, dict[str, Any]]


class Asker:
    """Asks commands; a press on one of their buttons asks as the desk would."""

    def __init__(self, settings: Settings, connection: Connection, now: datetime = NOW, **desk: Any) -> None:
        self.settings, self.connection, self.now = settings, connection, now
        self.desk = DeskSettings(common=settings, **desk)

    def ask(self, name: str, *args: str, refreshing: bool = False) -> Answer:
        """What a command answers; its keyboard is one that Telegram takes."""
        asking = Asking(
            connection=self.connection,
            settings=self.settings,
            desk=self.desk,
            user=User(1, "viewer", "Ana"),
            chat_id=CHAT,
            thread_id=None,
            args=list(args),
            now=self.now,
            asked_at=self.now,
            update_id=1,
            commands=ANSWERS,
            refreshing=refreshing,
        )
        answer = COMMANDS[name].handler(asking)
        dumped(answer.keyboard)
        return answer

    def press(self, answer: Answer, text: str) -> Answer:
        """The answer that stands in the place of this one once the button with these words is pressed."""
        (data,) = [one.data for row in answer.keyboard or [] for one in row if one.text == text]
        press = press_of(data or "")
        assert isinstance(press, PanelPress)
        return self.ask(press.command, *press.args, refreshing=True)


def buttons(answer: Answer) -> list[str]:
    return [one.text for row in answer.keyboard or [] for one in row]


def ago(now: datetime, minutes: float) -> str:
    return (now - timedelta(minutes=minutes)).isoformat()


def a_day(now: datetime = NOW) -> list[Entry]:
    """What an engine sent within a day: signals of three coins in each state of life, and its own records."""
    entries: list[Entry] = []
    for number, minutes in enumerate((1300, 900, 640, 300, 200, 95, 60, 7)):
        entries += _signal(now, number, minutes)
    btc: dict[str, Any] = {
        "symbol": "BTC-PERP",
        "confidence": 0.84,
        "atr_pct": 0.88,
        "setup": "sniper-pullback",
    }
    btc |= {"entry": 64_500, "sl": 63_900, "tp": 65_700, "tp2": 66_900, "ts_published": ago(now, 4)}
    entries.append(("signal_published", published(**btc, confluence_score=0.74)))
    records: tuple[tuple[str, float, dict[str, Any]], ...] = (
        ("regime_snapshot", 0.2, {"symbol": "SOL-USDT", "regime": "TREND_UP", "adx": 31.25}),
        ("regime_snapshot", 9, {"symbol": "SOL-USDT", "regime": "RANGE"}),
        (
            "scoring_snapshot",
            1,
            {"symbol": "SOL-USDT-SWAP", "score": 0.71, "scores": {"smc": 0.5, "trend": 0.125}},
        ),
        ("feature_snapshot", 3000, {"symbol": "SOL-USDT-SWAP", "features": [1, 2, 3]}),
    )
    return [
        *entries,
        *((name, {"timestamp": ago(now, minutes), **fields}) for name, minutes, fields in records),
    ]


def _signal(now: datetime, number: int, minutes: float) -> Sequence[Entry]:
    """The newest is open; of the others one in four was invalidated, the rest closed."""
    signal_id, symbol = new_id(), "SOL-USDT-SWAP" if number % 2 else "ETH-USDT-SWAP"
    matched = {"smc": True, "trend": False, "volume": True}
    plan = {"entry_low": 221.5, "entry_high": 222.3, "sl": 219.8, "tp": 226.1, "tp2": 229.4, "atr_pct": 0.88}
    given = {"symbol": symbol, "confluence_score": round(0.6 + number / 50, 2), "setup": "sniper-pullback"}
    layers = {name: {"match": match, "weight": 0.25} for name, match in matched.items()}
    begins = published(signal_id, **plan, **given, layers=layers, ts_published=ago(now, minutes))
    if minutes < 30:
        return [("signal_published", begins)]
    if number % 4 == 0:
        why = {"reason": "sl" if number else "expiry", "ts_invalidated": ago(now, minutes - 25)}
        return [
            ("signal_published", begins),
            ("signal_invalidated", invalidated(signal_id, symbol=symbol, **why)),
        ]
    fill = triggered(signal_id, symbol=symbol, ts_triggered=ago(now, minutes - 5), entry_fill=222.1)
    won = 1.65 if number % 4 == 1 else -1
    how = {"rr_realized": won, "exit_reason": "tp" if won > 0 else "sl", "ts_closed": ago(now, minutes - 20)}
    end = closed(signal_id, symbol=symbol, **how)
    return [("signal_published", begins), ("signal_triggered", fill), ("signal_closed", end)]


def hold(
    connection: Connection, ref_id: str, at: datetime, reason: str | None = "budget", **changes: Any
) -> None:
    """An alert as `desk.alerting` keeps it: held with a reason, or sent."""
    row = {
        "ref_id": ref_id,
        "source_id": ref_id,
        "category": "institutional",
        "symbol": "SOL-USDT-SWAP",
        "decision": "held" if reason else "sent",
        "reason": reason,
        "detail": "institutional 1/5m is used up until 14:05:00" if reason else None,
        "ts": at,
        "decided_at": at,
        "expires_at": at + timedelta(minutes=45),
        "alert": "{}",
        **changes,
    }
    columns, places = ", ".join(row), ", ".join(f"%({name})s" for name in row)
    connection.execute(f"INSERT INTO alerts ({columns}) VALUES ({places})".encode(), row)


EQUITY = D("10000")
