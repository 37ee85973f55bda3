"""What is asked for, kept and put on its way to the tape: both in the transaction of who asks."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from desk.ghosts import asked
from desk.ghosts.commanding import Fields, Wanted, cancelled_again
from desk.ghosts.news import News, Whose
from signaltape.contract.codec import encode
from signaltape.contract.order_records import OrderCommand
from signaltape.contract.record_codec import check_record
from signaltape.errors import InvalidEvent
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
        tape.record(OrderCommand.EVENT, timestamp=at, **_named(one, update_id))


def refusal(wanted: Sequence[Wanted], update_id: int) -> str | None:
    """Why the contract takes one of these for no command; None if it takes all. Behind the commit it is too late."""
    try:
        for one in wanted:
            check_record(OrderCommand.EVENT, encode(_named(one, update_id)))
    except InvalidEvent as error:
        return str(error)
    return None


def _named(one: Wanted, update_id: int) -> Fields:
    about = one.fields.get("orderId") or one.fields.get("lineId")
    return {"id": str(uuid.uuid5(_COMMANDS, f"{update_id}:{about}")), **one.fields}


def cancel_again(tape: Committing, news: News, whose: Whose) -> None:
    """Something begins that was cancelled: its cancel came first on the tape, where nobody knew what it was of. Of what
    knew its cancel this is a word too many, and nothing."""
    if news.begins and whose.cancelled_at is not None:
        command_id = str(uuid.uuid5(_COMMANDS, f"{news.record_id}:{whose.id}"))
        fields = cancelled_again(whose)
        tape.record(OrderCommand.EVENT, id=command_id, timestamp=whose.cancelled_at, **fields)
