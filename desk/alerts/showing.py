"""An alert as it stands in the chat at any time: text and buttons, computed whole from what is known. Pure.

Who edits an alert computes all of it from its rows, so that whoever comes last is right.
"""

from __future__ import annotations

from collections.abc import Mapping

from desk.alerts.clicks import Clicks, keyboard
from desk.alerts.life import Life
from desk.alerts.model import Alert
from desk.alerts.templates import alert_text
from desk.policy.decide import Decision, Hold
from desk.policy.sizing import Sizing
from outbox.keyboard import Keyboard
from outbox.text import Text


def shown(
    alert: Alert,
    sizing: Sizing | None,
    decision: Decision | None,
    life: Life | None,
    clicks: Clicks,
    links: Mapping[str, str],
    *,
    ghosts: bool = True,
) -> tuple[Text, Keyboard]:
    """Text and buttons. decision: if it is not at hand, an alert that was sent; links, ghosts: of `DeskSettings`."""
    marks = None if decision is None else _marks(decision)
    return alert_text(alert, sizing, marks, life), keyboard(alert, clicks, links, ghosts=ghosts)


def _marks(decision: Decision) -> tuple[str, ...]:
    return (f"held: {decision.detail}",) if isinstance(decision, Hold) else decision.marks
