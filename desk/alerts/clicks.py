"""The buttons below an alert, and what was clicked as they show it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote

from msgspec import Struct

from desk.alerts.coins import coin_of
from desk.alerts.model import Alert
from desk.alerts.plans import has_plan
from outbox.keyboard import Button, Keyboard
from signaltape.clock import WIB

#: The words of the links, in the order of their row.
_LINKS = {"heatmap": "Heatmap", "orderbook": "Orderbook", "sniper": "Sniper"}
#: No address of a button is longer.
_MOST_URL = 2048


class Clicks(Struct, frozen=True):
    """How many people's last click says so, and until when this chat snoozes the alert's category.

    entries: how many have an entry of it; lines: how many set its lines in this chat.
    """

    up: int = 0
    down: int = 0
    took: int = 0
    skipped: int = 0
    entries: int = 0
    lines: int = 0
    snoozed_until: datetime | None = None


def keyboard(alert: Alert, clicks: Clicks, links: Mapping[str, str], *, ghosts: bool = True) -> Keyboard:
    """Rows of at most three: the links that have a template, what one thinks of it, what one did; of a plan what one
    wants of ghosts, where there are any."""
    judged = [
        _button(alert, "up", _said("👍", clicks.up)),
        _button(alert, "dn", _said("👎", clicks.down)),
        _button(alert, "sn30", _snooze(clicks.snoozed_until)),
    ]
    done = [
        _button(alert, "took", _said("Took", clicks.took)),
        _button(alert, "skip", _said("Skipped", clicks.skipped)),
    ]
    rows = [link_row(alert.symbol, links), judged, done if alert.category != "health" else []]
    if ghosts and has_plan(alert):
        rows += _ghosts(alert, clicks)
    return [row for row in rows if row]


def _ghosts(alert: Alert, clicks: Clicks) -> Keyboard:
    """A phone cuts the words of three beside each other."""
    entry = _said("Entry", clicks.entries) if clicks.entries else "Set Entry"
    lines = _said("Lines", clicks.lines) if clicks.lines else "Set Alert Lines"
    sets = [_button(alert, "entry", entry), _button(alert, "lines", lines)]
    return [sets, [_button(alert, "cancel", "Cancel")]]


def link_row(symbol: str | None, links: Mapping[str, str]) -> list[Button]:
    """The links of a symbol; none without one."""
    if symbol is None:
        return []
    named = ((word, links[name]) for name, word in _LINKS.items() if name in links)
    pairs = [(word, _url(template, symbol)) for word, template in named]
    return [Button(word, url=url) for word, url in pairs if len(url) <= _MOST_URL]


def _url(template: str, symbol: str) -> str:
    """The template with the symbol in it, so quoted that it stays within its part of the address."""
    filled = template.replace("{coin}", quote(coin_of(symbol), safe=""))
    return filled.replace("{symbol}", quote(symbol.encode("utf-8", "replace"), safe=""))


def _button(alert: Alert, what: str, text: str) -> Button:
    return Button(text, data=f"a:{alert.ref_id}:{what}")


def _said(word: str, count: int) -> str:
    return word if count <= 0 else f"{word} ✓" if count == 1 else f"{word} ✓ {count}"


def _snooze(until: datetime | None) -> str:
    return "⏸ 30m" if until is None else f"⏸ till {until.astimezone(WIB):%H:%M}"
