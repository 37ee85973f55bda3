"""Who asked for what was given up is told so: what had no answer might have worked, and it may have been a panic.

An update is given up by a defect of ours, or where its transaction failed again and again with Postgres there (a disk
that is full). Its answer is a transaction of its own, tried until it stands in the outbox, or says nothing any more.
"""

from __future__ import annotations

from collections.abc import Callable

from desk.acting import ANSWER_LIFE, Acting, Desk, Outcome, say_line
from desk.admitting import admitted
from desk.updates import SQL, Waiting
from signaltape.plain_errors import one_line
from sink.db import Connection

_WHAT = {"press": "What you pressed", "reaction": "Your reaction"}
_BEGINS = "a defect: "
_MOST_RESULT = 500


def given_up(error: Exception) -> Outcome:
    """What is kept of one."""
    return Outcome("ignored", f"{_BEGINS}{one_line(error)}"[:_MOST_RESULT])


def answer_given_up(
    desk: Desk, connection: Connection, complain: Callable[[str], object], *, acts: bool
) -> bool:
    """Answer those of late that have no answer yet, of one lane. False if one could not be: it is tried again.

    Outside of a transaction. Raises CONNECTION_ERRORS where the session is lost.
    """
    asked = {"acts": acts, "since": desk.clock() - ANSWER_LIFE, "begins": _BEGINS}
    rows = connection.execute(SQL["given_up"], asked).fetchall()
    said = [_answered(desk, connection, Waiting(*row), complain) for row in rows]
    return all(said)


def _answered(
    desk: Desk, connection: Connection, waiting: Waiting, complain: Callable[[str], object]
) -> bool:
    try:
        with connection.transaction():
            acting = admitted(desk, connection, waiting)
            if isinstance(acting, Acting):
                say_line(acting, _line(acting))
    except Exception as error:
        if connection.closed:
            raise
        complain(f"that update {waiting.update_id} did not work cannot be said: {one_line(error)}")
        return False
    return True


def _line(acting: Acting) -> str:
    heard = acting.heard
    what = _WHAT.get(heard.kind) or f"/{heard.words[0]}"
    return (
        f"{what} did not work; the desk's log says why. /status shows what is so now: look, and say it again"
    )
