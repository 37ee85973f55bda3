"""An update that waits, taken up: by whom it is, and whether they are heard there."""

from __future__ import annotations

import msgspec

from desk.acting import Acting, Desk, Outcome
from desk.heard import Heard
from desk.updates import Waiting
from desk.users import entry_of
from outbox.outbox import Outbox
from sink.db import Connection


def admitted(desk: Desk, connection: Connection, waiting: Waiting) -> Acting | Outcome:
    """What an act works with; what comes of an update of one who is not heard (any more)."""
    heard = msgspec.convert(waiting.said, Heard)
    entry = entry_of(connection, desk.desk.admin_ids, heard.user_id)
    if entry is None:
        return Outcome("ignored", "no role")
    if not entry.is_heard(Outbox(connection).ids_of(heard.chat_id), heard.thread_id):
        return Outcome("ignored", "not in this chat")
    return Acting(desk, connection, heard, entry, waiting.received_at, desk.clock())
