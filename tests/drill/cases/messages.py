"""Telegram does not answer, and nobody knows whether a message stands in the chat; or it refuses one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from outbox.outbox import Outbox
from outbox.policies import ALERT
from outbox.text import Text
from signaltape.clock import utc_now
from tests.drill.registry import case
from tests.drill.stage import CHAT, Stage
from tests.support.waiting import eventually

_KEY, _TEXT = "alert:drill:1", "SOL-USDT-SWAP long, entry 222.10"


def stands_once(stage: Stage) -> Iterator[str]:
    """In the chat, however often it was tried."""
    texts = [text for text in stage.telegram.messages.values() if _TEXT in text]
    if len(texts) != 1:
        yield f"the message stands {len(texts)} times in the chat"


@case("outbox-uncertain", check=stands_once)
def uncertain_messages(stage: Stage) -> None:
    """The connection ends without an answer, as often as a message is tried; nothing got there."""
    stage.telegram.chance_of_fault = lambda: "closed before"
    _tell_until(stage, "uncertain")
    stage.telegram.chance_of_fault = lambda: "ok"


@case("outbox-failed", check=stands_once)
def failed_messages(stage: Stage) -> None:
    """The chat takes nothing for a moment, and says so."""
    stage.telegram.refuse = (400, "Bad Request: PEER_ID_INVALID")
    _tell_until(stage, "failed")
    stage.telegram.refuse = None


def _tell_until(stage: Stage, state: str) -> None:
    """Tell the chat something that does not get there."""
    with stage.database() as connection:
        outbox, not_after = Outbox(connection), utc_now() + timedelta(minutes=30)
        outbox.enqueue(_KEY, CHAT, Text(_TEXT), not_after, kind=ALERT)
        eventually(lambda: (outbox.state(_KEY) or ("",))[0] == state, timeout=90)
