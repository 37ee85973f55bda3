"""Who this process is to the others: role, host and number."""

from __future__ import annotations

import os
import socket
import sys

from msgspec import Struct

from signaltape.control.processes import Shown, name_of
from signaltape.control.state import Control, State

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_LONGEST_HOST = 200


class Identity(Struct, kw_only=True):
    """A process, since it began. nth: set where its name was taken."""

    role: str
    host: str
    pid: int
    started_ms: int
    nth: str = ""

    @property
    def name(self) -> str:
        """What it is called."""
        return name_of(self.role, self.host, self.pid, self.nth)

    def rename(self) -> None:
        """The name is taken: by a process that died with this number, or by one behind another wall of numbers."""
        self.nth = "".join(_DIGITS[self.started_ms // 36**place % 36] for place in (2, 1, 0))

    def shown(self, known: Control | None, state: State, now_ms: int) -> Shown:
        """What it says of itself now."""
        return Shown(
            role=self.role,
            host=self.host,
            pid=self.pid,
            version=version(),
            seen_ms=max(0, now_ms),
            started_ms=self.started_ms,
            epoch=known.epoch if known is not None else 0,
            state=state,
            heard=known.state if known is not None else None,
        )


def identity(role: str, now_ms: int) -> Identity:
    """Of this process."""
    host = socket.gethostname()[:_LONGEST_HOST].encode("utf-8", "replace").decode()
    return Identity(role=role, host=host, pid=os.getpid(), started_ms=max(0, now_ms))


def version() -> str:
    """Of this library. It stands in the package, which imports us."""
    return str(getattr(sys.modules.get("signaltape"), "__version__", ""))
