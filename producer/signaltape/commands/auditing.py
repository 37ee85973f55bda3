"""What somebody did from a shell, as a record on the tape."""

from __future__ import annotations

from datetime import datetime

from signaltape.contract.desk_records import OperatorAct
from signaltape.emitter import Emitter
from signaltape.settings import Settings

_LONGEST = 500


def note_shell(settings: Settings, act: str, by: str, at: datetime, result: str) -> None:
    """Write down what was done from a shell; nothing if events are not recorded. Raises nothing."""
    with Emitter(settings, control=False) as tape:  # who writes down is no process that is to answer
        tape.record(OperatorAct.EVENT, timestamp=at, act=act, by=by, via="shell", result=result[:_LONGEST])
