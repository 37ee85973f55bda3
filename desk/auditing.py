"""What was done by whom, as a record: written down with the act, emitted once both are committed."""

from __future__ import annotations

import getpass
import uuid

from desk.acting import Acting
from desk.asking import Deed
from signaltape.contract.desk_records import OperatorAct

#: Names the ids of acts, made of the update that caused them.
_ACTS = uuid.UUID("8a9a34a8-2f0e-5d43-9f0c-6c1f1b7a9f0e")
_LONGEST = 500


def note(acting: Acting, act: str, deed: Deed) -> None:
    """Write down an act of this update, in its transaction: what is undone was not done."""
    acting.tape.record(
        OperatorAct.EVENT,
        id=str(uuid.uuid5(_ACTS, f"{acting.heard.update_id}:{act}")),
        timestamp=acting.received_at,
        act=act,
        user_id=acting.entry.user_id,
        by=acting.entry.name or str(acting.entry.user_id),
        via="telegram",
        chat_id=acting.heard.chat_id,
        before=deed.before,
        after=deed.after,
        result=deed.result[:_LONGEST],
    )


def shell_user() -> str:
    """Who is at the shell."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name
        return "shell"
