"""One case: load, what happens, who notices it, the page's commands, recovery, count."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable

from msgspec import Struct

from tests.chaos.audit import Audit, Result
from tests.chaos.case import recover
from tests.drill.page import Block, Section
from tests.drill.registry import Case
from tests.drill.rules import PART, waits_s
from tests.drill.shell import NotAsWritten
from tests.drill.stage import Stage
from tests.drill.watching import Watch, watching

#: More than an engine comes to say while a case is played: it is ended when all is well again.
_EVENTS = 100_000
#: So many are said before anything happens.
_FIRST = 500
#: Guard looks every second here, and its messages wait for their turn.
_TOLD_WITHIN_S = 90.0
#: The last parts of a case may take longer than a single fault's.
_SETTLE_S = 120.0

Tell = Callable[[str], None]


class Played(Struct):
    """One line of the table. Times in seconds; None: it did not come to that.

    alert_s: until guard's message stood in the chat; alert: its rule; shipped_s: the same, with the waits that the rule
    is shipped with. seen_s: until the page's own look showed it. act_s: what the page's commands took. recover_s: from
    the last of them until all was as it should be.
    """

    case: str
    alert: str = ""
    alert_s: float | None = None
    shipped_s: float | None = None
    seen_s: float | None = None
    act_s: float = 0.0
    recover_s: float | None = None
    accepted: int = 0
    lost: int = 0
    doubled: int = 0
    wrong: list[str] = []

    @property
    def is_well(self) -> bool:
        """Whether it went as the page says, and nothing was lost or doubled."""
        return not (self.wrong or self.lost or self.doubled)


def play(section: Section, case: Case, tell: Tell) -> Played:
    """Play a case of the page on a stage of its own."""
    with Stage(_EVENTS, seed=case.name) as stage:
        played = Played(case.name)
        try:
            _play(stage, section, case, played, tell)
        except (NotAsWritten, AssertionError) as error:
            played.wrong.append(str(error))
        except Exception as error:  # noqa: BLE001 - one case that fails must not end the others
            played.wrong.append(f"could not be played: {type(error).__name__}: {error}")
        return played


def _play(stage: Stage, section: Section, case: Case, played: Played, tell: Tell) -> None:
    stage.hands.start(*case.units)
    case.prepare(stage)
    engine = stage.start_engine(mode="term")
    stage.await_accepted(_FIRST)
    for block in _of(section, "before"):
        stage.shell.act(block)
    with watching(stage, case.rules) as watch:
        began = time.monotonic()
        case.harm(stage)
        if not case.afterwards:
            _note_alert(case, watch, played, began)
        healed = _by_the_page(stage, section, played, began, tell)
        if case.afterwards:
            _note_alert(case, watch, played, began)
        engine.send(signal.SIGTERM)
        _count(stage, case, played, healed)


def _of(section: Section, role: str) -> list[Block]:
    return [block for block in section.blocks if block.role == role]


def _by_the_page(stage: Stage, section: Section, played: Played, began: float, tell: Tell) -> float:
    """Go through the page in its order; when the last thing was done."""
    healed = began
    for block in section.blocks:
        tell(block.commands.strip().splitlines()[0])
        if block.role == "see":
            seen = stage.shell.ask(block)
            played.seen_s = seen - began if played.seen_s is None else played.seen_s
        elif block.role == "act":
            played.act_s += stage.shell.act(block).took_s
            healed = time.monotonic()
        elif block.role == "well":
            played.recover_s = stage.shell.ask(block) - healed
    return healed


def _count(stage: Stage, case: Case, played: Played, healed: float) -> None:
    result, found = recover(stage, case.name, 1, healed, _SETTLE_S)
    _take(played, result, found)
    played.wrong += case.check(stage)


def _take(played: Played, result: Result, found: Audit) -> None:
    played.accepted, played.lost, played.doubled = result.accepted, result.lost, result.doubled
    played.recover_s = played.recover_s if played.recover_s is not None else result.recovery_s
    played.wrong += found.wrong


def _note_alert(case: Case, watch: Watch, played: Played, began: float) -> None:
    """Wait for guard's message."""
    if not case.rules:
        return
    watch.end(_TOLD_WITHIN_S)
    if watch.told_at is None:
        played.wrong.append("guard did not tell")
        return
    played.alert, played.alert_s = watch.rule, watch.told_at - began
    played.shipped_s = played.alert_s + waits_s(watch.rule) * (1 - 1 / PART)
