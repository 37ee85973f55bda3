"""Commands that only read, and the menus under their answers.

Each is a pure function from what was read to a text, and a thin reader in front of it. None of them uses the session of
its update: they read in their own, which cannot write, for a bounded time.
"""

from __future__ import annotations

from desk.answers.alpha import alpha
from desk.answers.answering import said_if_away
from desk.answers.ghosts import ghosts
from desk.answers.held import held
from desk.answers.help import help_
from desk.answers.pnl import pnl
from desk.answers.processes import processes
from desk.answers.score import score, week
from desk.answers.signals import signals
from desk.answers.sniper import sniper
from desk.answers.status import status
from desk.asking import Command

_READS = (
    ("status", status, "", "is all well, what is not"),
    ("alpha", alpha, "[SYM]", "bias, and why"),
    ("sniper", sniper, "SYM", "the plan valid now"),
    ("signals", signals, "[SYM]", "newest, outcomes"),
    ("score", score, "", "the week so far"),
    ("week", week, "[W]", "a week with its picture"),
    ("pnl", pnl, "[7d|30d]", "R by day and symbol"),
    ("ghosts", ghosts, "[SYM]", "orders on paper"),
    ("held", held, "", "what was held back, and why"),
    ("processes", processes, "", "who is there"),
    ("help", help_, "", "this list"),
)
#: In the order of the menu.
ANSWERS: list[Command] = [
    Command(name, "viewer", says, said_if_away(name, handler), takes=takes)
    for name, handler, takes, says in _READS
]
