"""Readers of the desk's variables: each takes the variable's name and text, and refuses by that name. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import TypeVar

from msgspec import Struct

from desk.alerts.model import CATEGORIES
from desk.policy.budgets import COIN, Budgets, parse_windows
from outbox.chats import CHAT_PATTERN
from signaltape.errors import SettingsError
from signaltape.settings import Secret
from signaltape.urls import check_http_base

Choice = TypeVar("Choice", bound=str)
#: The links below an alert, in their order.
LINKS = ("heatmap", "orderbook", "sniper")
#: A template of each link that is shown, by its name; `{symbol}` and `{coin}` in it are the alert's.
Links = Mapping[str, str]

_LAST_USER_ID = 2**52
_MOST_ADMINS = 100
_MOST_CHATS = 50
_CHAT = re.compile(CHAT_PATTERN + r"(?:=([a-z+]+))?")
_SECRET = re.compile(r"[A-Za-z0-9_-]{8,256}")
_LINK = re.compile(r";(?=\s*[a-z]+\s*=)")
_PLACES = re.compile(r"\{([^{}]*)\}")
#: No user and no password, and nothing that a button's address must not hold.
_LINK_TO = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?([/?#][^\s{}<>\"\\]*)?")
#: What comes from outside stands behind the host.
_HOST = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?([/?#]|$)")
_MOST_URL = 1024
_PLAIN_NUMBER = re.compile(r"[0-9]{1,15}(\.[0-9]{1,8})?")
_MOST_RR = Decimal(100)
_LAST_PORT = 65_535


class AlertChat(Struct, frozen=True):
    """Where alerts go. thread_id: of the topic. categories: empty: all."""

    chat_id: str
    thread_id: int | None = None
    categories: frozenset[str] = frozenset()

    def takes(self, category: str) -> bool:
        """Whether alerts of a category go there."""
        return not self.categories or category in self.categories


def read_admins(name: str, text: str) -> frozenset[int]:
    """Ids of Telegram users, with commas between."""
    given = [one.strip() for one in text.split(",") if one.strip()]
    for one in given:
        if not (one.isascii() and one.isdigit() and len(one) < 20 and 0 < int(one) < _LAST_USER_ID):
            raise SettingsError(f"{name} must be ids of users such as 123456789, got {one!r}")
    if len(given) > _MOST_ADMINS:
        raise SettingsError(f"{name} must name at most {_MOST_ADMINS} users, got {len(given)}")
    return frozenset(int(one) for one in given)


def read_chats(name: str, text: str) -> tuple[AlertChat, ...]:
    """`CHAT[/TOPIC][=category+category]`, with commas between."""
    chats = tuple(_chat(name, one.strip()) for one in text.split(",") if one.strip())
    places = [(one.chat_id, one.thread_id) for one in chats]
    twice = next((place for place in places if places.count(place) > 1), None)
    if twice is not None:
        raise SettingsError(f"{name} must name each chat and topic once, got {twice[0]!r} twice")
    if len(chats) > _MOST_CHATS:
        raise SettingsError(f"{name} must name at most {_MOST_CHATS} chats, got {len(chats)}")
    return chats


def _chat(name: str, text: str) -> AlertChat:
    found = _CHAT.fullmatch(text)
    if found is None:
        raise SettingsError(
            f"{name} must be chats such as -1001234567890/7=institutional+sniper, got {text!r}"
        )
    categories = frozenset((found[3] or "").split("+")) - {""}
    _known(name, categories, CATEGORIES)
    return AlertChat(found[1], int(found[2]) if found[2] else None, categories)


def _known(name: str, given: frozenset[str], known: tuple[str, ...]) -> None:
    for one in sorted(given - set(known)):
        raise SettingsError(f"{name} must name some of {', '.join(known)}, got {one!r}")


def _pairs(name: str, parts: list[str], example: str) -> dict[str, str]:
    """`key=value` each; no key twice."""
    pairs: dict[str, str] = {}
    for part in parts:
        key, given, value = (piece.strip() for piece in part.partition("="))
        if not given or not value:
            raise SettingsError(f"{name} must be such as {example}, got {part.strip()!r}")
        if key in pairs:
            raise SettingsError(f"{name} must name {key} once")
        pairs[key] = value
    return pairs


def read_budgets(name: str, text: str) -> Budgets:
    """`institutional=1/5m,6/1h;coin=1/5m`; `off` for none at all."""
    if text == "off":
        return {}
    parts = [part for part in text.split(";") if part.strip()]
    pairs = _pairs(name, parts, "institutional=1/5m;coin=1/5m")
    _known(name, frozenset(pairs), (*CATEGORIES, COIN))
    try:
        return {key: parse_windows(value) for key, value in pairs.items()}
    except SettingsError as error:
        raise SettingsError(f"{name}: {error}") from None


def read_min_rr(name: str, text: str) -> Mapping[str, Decimal]:
    """`1.5;scalp=1.2`: one number for all that trade, and others by name. By category."""
    first, *others = (part.strip() for part in text.replace(",", ";").split(";"))
    pairs = _pairs(name, [part for part in others if part], "1.5;scalp=1.2")
    trading = CATEGORIES[:-1]
    _known(name, frozenset(pairs), trading)
    numbers = dict.fromkeys(trading, first) | pairs
    return {
        key: read_decimal(name, value, Decimal(0), _MOST_RR, closed=True) for key, value in numbers.items()
    }


def read_links(name: str, text: str) -> Links:
    """`heatmap=https://…{symbol}…;orderbook=…;sniper=…`."""
    pairs = _pairs(
        name, [part for part in _LINK.split(text) if part.strip()], "heatmap=https://example.org/{symbol}"
    )
    _known(name, frozenset(pairs), LINKS)
    for value in pairs.values():
        _check_link(name, value)
    return {key: pairs[key] for key in LINKS if key in pairs}


def _check_link(name: str, template: str) -> None:
    places = set(_PLACES.findall(template))
    filled = _PLACES.sub("X", template)
    host = _HOST.match(template)
    if not (
        host and _LINK_TO.fullmatch(filled) and places <= {"symbol", "coin"} and len(template) <= _MOST_URL
    ):
        raise SettingsError(f"{name} must be links such as https://example.org/{{symbol}}, or with {{coin}}")


def read_choice(name: str, text: str, choices: tuple[Choice, ...]) -> Choice:
    """One of some words."""
    for one in choices:
        if text == one:
            return one
    raise SettingsError(f"{name} must be one of {', '.join(choices)}, got {text!r}")


def read_decimal(name: str, text: str, low: Decimal, high: Decimal, *, closed: bool = False) -> Decimal:
    """A number above `low` (or `low` itself, if closed), at most `high`, exactly as it is written."""
    try:
        number = Decimal(text) if _PLAIN_NUMBER.fullmatch(text) else None
    except InvalidOperation:
        number = None
    if number is None or not (low < number <= high or (closed and number == low)):
        least = f"{low} or more" if closed else f"above {low}"
        raise SettingsError(f"{name} must be a number {least}, at most {high}, got {text!r}")
    return number


def read_port(name: str, text: str) -> int:
    """A port to listen on."""
    if not text.isascii() or not text.isdigit() or len(text) > 5 or not 0 < int(text) <= _LAST_PORT:
        raise SettingsError(f"{name} must be a number from 1 to {_LAST_PORT}, got {text!r}")
    return int(text)


def read_webhook_url(name: str, text: str, *, has_secret: bool) -> str | None:
    """Where Telegram sends updates to; None for none. Without a secret anybody could send them."""
    if not text:
        return None
    check_http_base(name, text)
    if not has_secret:
        raise SettingsError(f"{name} needs SIGNALTAPE_WEBHOOK_SECRET too, so that only Telegram is heard")
    return text


def read_webhook_secret(name: str, text: str) -> Secret | None:
    """What Telegram proves with that it is it; None for none."""
    if not text:
        return None
    secret = Secret(text)
    if _SECRET.fullmatch(text) is None:
        raise SettingsError(f"{name} must be 8 to 256 letters, digits, _ or - (it is not shown)")
    return secret
