"""Commands that change something: panic, resume, risk, snooze, lines."""

from __future__ import annotations

from desk.acts.lines import LINES
from desk.acts.pausing import PANIC, RESUME
from desk.acts.risk import RISK
from desk.acts.snooze import SNOOZE
from desk.asking import Command

#: In the order of the menu.
ACTS: list[Command] = [PANIC, RESUME, RISK, SNOOZE, LINES]
