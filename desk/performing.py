"""A command is carried out: in a savepoint of its update, audited if it acts; whatever goes wrong is its answer."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import NamedTuple

from desk.acting import Acting, Outcome, say
from desk.asking import Answer, Asking, Command, Deed
from desk.auditing import note
from desk.ghosts.recording import record
from outbox.text import Text
from signaltape.errors import SignaltapeError
from sink.plain_errors import plain_errors

log = logging.getLogger("desk")

_DEFECT = "That did not work, and should have: a defect, the desk's log has it. Nothing was changed"


class Performed(NamedTuple):
    """What a handler answered, or that it failed and with which line."""

    answer: Answer
    failed: bool = False


def performed(
    acting: Acting, command: Command, args: Sequence[str], *, refreshing: bool = False
) -> Performed:
    """Call the handler. Raises only what says that the transaction itself is lost."""
    asking = _asking(acting, args, refreshing=refreshing)
    try:
        with plain_errors(), acting.connection.transaction():
            return Performed(command.handler(asking))
    except SignaltapeError as error:
        if acting.connection.closed:
            raise
        return Performed(Answer(Text(str(error))), failed=True)
    except Exception:
        if acting.connection.closed:
            raise
        log.exception("/%s of update %s", command.name, acting.heard.update_id)
        return Performed(Answer(Text(_DEFECT)), failed=True)


def do(acting: Acting, command: Command, args: Sequence[str]) -> Outcome:
    """Carry it out, audit it, answer."""
    answer, failed = performed(acting, command, args)
    record(acting.connection, acting.tape, answer.wanted, acting.heard.update_id, acting.now)
    for ref in {one.fields["refId"] for one in answer.wanted if "refId" in one.fields}:
        acting.at.show(acting.connection, ref)
    deed = Deed(f"failed: {answer.text.text}") if failed else answer.deed
    if command.acts and deed is not None:
        note(acting, command.name, deed)
    say(acting, answer)
    return Outcome("done", deed.result if deed else "answered")


def _asking(acting: Acting, args: Sequence[str], *, refreshing: bool) -> Asking:
    heard, at = acting.heard, acting.at
    return Asking(
        connection=acting.connection,
        settings=at.settings,
        desk=at.desk,
        user=acting.entry.user,
        chat_id=heard.chat_id,
        thread_id=heard.thread_id,
        args=list(args),
        now=acting.now,
        asked_at=heard.sent_at or acting.received_at,
        update_id=heard.update_id,
        commands=[one for one in at.commands.values() if acting.entry.may(one)],
        refreshing=refreshing,
    )
