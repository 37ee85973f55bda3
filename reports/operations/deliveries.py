"""Messages to Telegram: where each stands, and another chance for one that was not sent."""

from __future__ import annotations

from datetime import datetime

import msgspec

from outbox.outbox import Outbox
from reports.delivery import REPORT_LIFETIME
from reports.operations.connected import connected
from signaltape.errors import NotAllowedNow
from signaltape.settings import Settings
from sink.plain_errors import plain_errors

#: So many are listed unless it is said how many.
PAGE = 20


class Delivery(msgspec.Struct, frozen=True):
    """A message; `files`: how many of its files are in which state."""

    id: int
    message_key: str
    chat_id: str
    state: str
    failures: int
    lost_stubs: int
    message_ids: list[int]
    not_after: datetime
    last_error: str | None
    created_at: datetime
    updated_at: datetime
    files: dict[str, int]


@plain_errors()
def list_deliveries(settings: Settings, limit: int = PAGE) -> list[Delivery]:
    """The newest messages, newest first."""
    with connected(settings) as connection:
        return msgspec.convert(Outbox(connection).listed(limit), list[Delivery])


@plain_errors()
def resend(settings: Settings, number: int, now: datetime) -> None:
    """Queue a message again that is uncertain, failed or expired, or its files if these are.

    A text that was sent is never sent twice. Raises NotAllowedNow if it is in no such state.
    """
    with connected(settings) as connection:
        queued = Outbox(connection).resend(number, now + REPORT_LIFETIME)
    if not queued:
        raise NotAllowedNow(f"message {number} is not uncertain, failed or expired, nor is one of its files")
