"""What the desk reads from the environment besides the settings of every process."""

from __future__ import annotations

import os
from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

from msgspec import Struct, field

from desk.policy.budgets import DEFAULT, Budgets
from desk.reading import (
    AlertChat,
    Links,
    read_admins,
    read_budgets,
    read_chats,
    read_choice,
    read_decimal,
    read_links,
    read_min_rr,
    read_port,
    read_webhook_secret,
    read_webhook_url,
)
from signaltape.errors import SettingsError
from signaltape.settings import Secret, Settings, variable

#: Whose records these are, on their way to the tape.
ROOM = "desk"

CHATS, LINKS = "SIGNALTAPE_ALERT_CHATS", "SIGNALTAPE_ALERT_LINKS"
JSON, BUDGETS = "SIGNALTAPE_ALERT_JSON", "SIGNALTAPE_ALERT_BUDGETS"
MIN_RR, SIZING = "SIGNALTAPE_MIN_RR", "SIGNALTAPE_SIZING"
EQUITY, RISK_CAP = "SIGNALTAPE_EQUITY_USD", "SIGNALTAPE_RISK_CAP_PCT"
ADMINS, CHAT = "TELEGRAM_ADMIN_IDS", "TELEGRAM_CHAT_ID"
GHOST = "SIGNALTAPE_GHOST"
WEBHOOK, WEBHOOK_SECRET = "SIGNALTAPE_WEBHOOK_URL", "SIGNALTAPE_WEBHOOK_SECRET"
#: What is read here besides the common ones.
VARIABLES = (
    *(ADMINS, WEBHOOK, WEBHOOK_SECRET, CHATS, JSON, BUDGETS, LINKS),
    *(MIN_RR, EQUITY, SIZING, RISK_CAP, GHOST),
)
DEFAULT_MIN_RR = "1.5;scalp=1.2"
_MOST_USD = Decimal(10) ** 12
#: Nobody means to risk more than this on one trade, whatever is set.
_LARGEST_CAP = Decimal(10)


class DeskSettings(Struct, frozen=True, kw_only=True):
    """Who is answered, where alerts go, how many, and how large positions may be.

    admin_ids: of Telegram users that are admins whatever the table says. webhook_url: None for polling; port: where it
    is served.
    alert_chats: empty: nobody is alerted. min_rr: by category; one that is not named has none.
    risk_cap_pct: what no position risks more than, in percent of the equity. ghosts: whether paper orders can be asked
    for.
    """

    common: Settings
    admin_ids: frozenset[int] = frozenset()
    webhook_url: str | None = None
    webhook_secret: Secret | None = None
    port: int = 8078
    alert_json: Literal["reply", "quote", "off"] = "reply"
    alert_chats: tuple[AlertChat, ...] = ()
    alert_budgets: Budgets = field(default_factory=lambda: read_budgets(BUDGETS, DEFAULT))
    alert_links: Links = {}
    min_rr: Mapping[str, Decimal] = field(default_factory=lambda: read_min_rr(MIN_RR, DEFAULT_MIN_RR))
    equity_usd: Decimal | None = None
    sizing: Literal["table", "smooth"] = "table"
    risk_cap_pct: Decimal = Decimal("2.0")
    ghosts: bool = True

    def require_token(self) -> Secret:
        """That of the bot. Raises SettingsError if there is none."""
        if self.common.telegram_bot_token is None:
            raise SettingsError("TELEGRAM_BOT_TOKEN is not set: get one from @BotFather")
        return self.common.telegram_bot_token

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> DeskSettings:
        """Read `environ` (default: this process's environment). An empty variable counts as not set.

        Raises SettingsError, naming the variable.
        """
        source = os.environ if environ is None else environ
        common = Settings.from_env(source)

        def text(name: str, default: str = "") -> str:
            return variable(source, name) or default

        def decimal(name: str, default: str, high: Decimal) -> Decimal:
            return read_decimal(name, text(name, default), Decimal(0), high)

        chats = CHATS if text(CHATS) else CHAT
        return cls(
            common=common,
            admin_ids=read_admins(ADMINS, text(ADMINS)),
            webhook_url=read_webhook_url(WEBHOOK, text(WEBHOOK), has_secret=bool(text(WEBHOOK_SECRET))),
            webhook_secret=read_webhook_secret(WEBHOOK_SECRET, text(WEBHOOK_SECRET)),
            port=read_port("PORT", text("PORT", "8078")),
            alert_json=read_choice(JSON, text(JSON, "reply"), ("reply", "quote", "off")),
            alert_chats=read_chats(chats, text(chats)),
            alert_budgets=read_budgets(BUDGETS, text(BUDGETS, DEFAULT)),
            alert_links=read_links(LINKS, text(LINKS)),
            min_rr=read_min_rr(MIN_RR, text(MIN_RR, DEFAULT_MIN_RR)),
            equity_usd=decimal(EQUITY, "", _MOST_USD) if text(EQUITY) else None,
            sizing=read_choice(SIZING, text(SIZING, "table"), ("table", "smooth")),
            risk_cap_pct=decimal(RISK_CAP, "2.0", _LARGEST_CAP),
            ghosts=read_choice(GHOST, text(GHOST, "clicked"), ("all", "clicked", "off")) != "off",
        )
