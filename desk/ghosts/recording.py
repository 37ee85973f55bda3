"""What is asked for, kept and put on its way to the tape: both in the transaction of who asks."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from desk.ghosts import asked
from desk.ghosts.commanding import Wanted, cancelled_again
from desk.ghosts.news import News, Whose
from signaltape.contract.order_records import OrderCommand
from sink.db import Connection
from sink.outgoing import Committing

#: Names the ids of commands, each made of its update and of what it is about.
_COMMANDS = uuid.UUID("b7c0a7de-52b4-5a38-9c56-6f3f0d1e8a41")


def record(
    connection: Connection, tape: Committing, wanted: Sequence[Wanted], update_id: int, at: datetime
) -> None:
    """Keep it, and write down its commands."""
    asked.keep(connection, [one.row for one in wanted if one.row is not None])
    for one in wanted:
        about = one.fields.get("orderId") or one.fields.get("lineId")
        command_id = str(uuid.uuid5(_COMMANDS, f"{update_id}:{about}"))
        tape.record(OrderCommand.EVENT, id=command_id, timestamp=at, **one.fields)


def cancel_again(tape: Committing, news: News, whose: Whose) -> None:
    """Something begins that was cancelled: its cancel came first on the tape, where nobody knew what it was of. Of what
    knew its cancel this is a word too many, and nothing."""
    if news.begins and whose.cancelled_at is not None:
        command_id = str(uuid.uuid5(_COMMANDS, f"{news.record_id}:{whose.id}"))
        fields = cancelled_again(whose)
        tape.record(OrderCommand.EVENT, id=command_id, timestamp=whose.cancelled_at, **fields)
