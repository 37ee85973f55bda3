"""What decisions on alerts are held against, and what they know of before. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from msgspec import Struct

from desk.policy.budgets import Budgets, longest
from desk.policy.sizing import SizingRules
from desk.settings import DeskSettings

#: A snooze of everything that trades; health goes on, unless it is snoozed by its name.
ALL = ""


class Rules(Struct, frozen=True):
    """min_rr: by category, in R; one that is not in it has none."""

    min_rr: Mapping[str, Decimal]
    budgets: Budgets

    @property
    def looks_back(self) -> timedelta:
        """How far back what was sent matters."""
        return longest(self.budgets)


class Snooze(Struct, frozen=True):
    """A chat that does not want to hear of a category (`ALL`: of any) until then."""

    chat_id: str
    category: str
    until: datetime

    def covers(self, category: str, now: datetime) -> bool:
        """Whether an alert of a category is not wanted now."""
        return now < self.until and self.category in (
            (category,) if category == "health" else (category, ALL)
        )


class Sent(Struct, frozen=True):
    """An alert that was sent: what budgets count. coin: empty for one without a symbol."""

    at: datetime
    category: str
    coin: str


class History(Struct, frozen=True):
    """What is known when an alert is decided on.

    known: it, or another with its reference, was decided on before. paused: why everything is; None if it is not.
    ended: what became of its signal (`closed`, `invalidated`), if that came first. chats: where it would go.
    """

    known: bool = False
    paused: str | None = None
    ended: str | None = None
    snoozes: tuple[Snooze, ...] = ()
    sent: tuple[Sent, ...] = ()
    chats: tuple[str, ...] = ()


def rules_of(settings: DeskSettings) -> Rules:
    """What the settings say of sending."""
    return Rules(settings.min_rr, settings.alert_budgets)


def sizing_rules_of(settings: DeskSettings) -> SizingRules:
    """What the settings say of sizes."""
    return SizingRules(settings.sizing, settings.risk_cap_pct)
