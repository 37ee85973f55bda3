"""`signaltape pause|resume|processes`: the same as in Telegram, for when Telegram is away."""

from __future__ import annotations

import getpass
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime

from msgspec import Struct

from signaltape.clock import from_epoch_ms, show, show_bare
from signaltape.commands.auditing import note_shell
from signaltape.control import operations
from signaltape.control.answers import WITHIN_S, Answers
from signaltape.control.commanding import Standing
from signaltape.control.processes import Process
from signaltape.control.state import Control, is_newer
from signaltape.plain_errors import EXIT_OK
from signaltape.settings import Settings
from signaltape.terminal import NOTHING_TO_DO, Screen, left, print_json, right


class _Row(Struct, frozen=True):
    """A process in `--json`."""

    name: str
    role: str
    host: str
    pid: int
    version: str
    state: str
    epoch: int
    seen_s: float
    started_at: datetime
    is_silent: bool
    is_gone: bool


def say_pause(settings: Settings, why: str) -> int:
    """Pause, and say who has answered."""
    said = operations.pause(settings, _by(), why)
    _note(settings, "pause", said)
    answers = operations.answers(settings, said.epoch)
    _show_answers(Screen(), said, answers)
    return EXIT_OK


def say_resume(settings: Settings, why: str) -> int:
    """Resume, and say who has answered."""
    said = operations.resume(settings, _by(), why)
    _note(settings, "resume", said)
    answers = operations.answers(settings, said.epoch)
    _show_answers(Screen(), said, answers)
    return EXIT_OK


def show_processes(settings: Settings, *, as_json: bool) -> int:
    """Show what is wanted and who is there."""
    found = operations.processes(settings)
    if as_json:
        print_json({"control": _document(found.control), "processes": _rows(found)})
    else:
        _show_standing(Screen(), found)
    return EXIT_OK


def _note(settings: Settings, act: str, said: Control) -> None:
    """On the tape, before anybody is waited for."""
    note_shell(settings, act, said.by, said.at, _sentence(said))


def _show_answers(screen: Screen, said: Control, answers: Answers) -> None:
    there = len(answers.answered) + len(answers.missing)
    if not there:
        screen.say(f"{said.state}; no process is there to answer", "warn")
        screen.next("whoever starts hears it; signaltape processes shows who is there")
        return
    if answers.all_there:
        screen.say(f"{said.state}: all {there} have answered, in {answers.took_s:.1f} s", "good")
    else:
        screen.say(
            f"{said.state}, but {len(answers.missing)} of {there} did not answer within {WITHIN_S:.0f} s",
            "bad",
        )
    _show_overtaken(screen, said, answers.control)
    screen.table(
        [left("did not answer"), right("seen s ago")],
        [[one.name, f"{one.age_ms(answers.now_ms) / 1000:.0f}"] for one in answers.missing],
    )
    if answers.all_there:
        screen.next("signaltape resume has all go on" if said.paused else NOTHING_TO_DO)
    else:
        screen.next("look at them, or end them: what does not answer may do what it did before")


def _show_overtaken(screen: Screen, said: Control, control: Control | None) -> None:
    """Another may have said something newer meanwhile; of two words with one number that is the pause."""
    if control is not None and is_newer(control, said):
        screen.say(f"meanwhile {_sentence(control)}", "warn")
    elif is_newer(said, control):
        screen.say("Redis has forgotten it already; Postgres says it again, if it has heard of it", "warn")


def _show_standing(screen: Screen, found: Standing) -> None:
    wanted = found.control
    if wanted is None:
        screen.say("nothing is known: neither paused nor resumed, as far as Redis knows", "warn")
    else:
        screen.say(_sentence(wanted), "bad" if wanted.paused else "good")
    screen.table(
        [
            left("process", 30),
            left("state", 7),
            left("answered", 8),
            right("seen s ago"),
            left("since WIB", 19),
        ],
        [_cells(one, found) for one in found.processes],
    )
    behind = _behind(found)
    if not found.processes:
        screen.next("no process is there: start one, or look at REDIS_URL and SIGNALTAPE_STREAM")
    elif behind:
        screen.next(f"{behind} of {len(found.processes)} did not answer: look at them, or end them")
    else:
        screen.next("signaltape resume has all go on" if wanted and wanted.paused else NOTHING_TO_DO)


def _behind(found: Standing) -> int:
    epoch = found.control.epoch if found.control is not None else 0
    return sum(not one.has_answered(epoch) or one.is_silent(found.now_ms) for one in found.processes)


def _cells(one: Process, found: Standing) -> Sequence[object]:
    epoch = found.control.epoch if found.control is not None else 0
    state = "gone" if one.is_gone(found.now_ms) else "silent" if one.is_silent(found.now_ms) else one.state
    return [
        one.name,
        state,
        "yes" if one.has_answered(epoch) else "no",
        f"{one.age_ms(found.now_ms) / 1000:.0f}",
        show_bare(from_epoch_ms(one.started_ms)),
    ]


def _sentence(control: Control) -> str:
    said = f"{control.state} since {show(control.at)}" if control.at_ms else control.state
    by = f" by {control.by}" if control.by else ""
    return f"{said}{by}{f': {control.why}' if control.why else ''}"


def _document(control: Control | None) -> dict[str, object] | None:
    if control is None:
        return None
    return {
        "state": control.state,
        "epoch": control.epoch,
        "by": control.by,
        "why": control.why,
        "at": control.at,
    }


def _rows(found: Standing) -> list[_Row]:
    return [
        _Row(
            one.name,
            one.role,
            one.host,
            one.pid,
            one.version,
            one.state,
            one.epoch,
            one.age_ms(found.now_ms) / 1000,
            from_epoch_ms(one.started_ms),
            one.is_silent(found.now_ms),
            one.is_gone(found.now_ms),
        )
        for one in found.processes
    ]


def _by() -> str:
    """Who sits at this shell, as far as the machine knows."""
    return f"{_known(getpass.getuser) or 'somebody'}@{_known(socket.gethostname) or 'a shell'}"


def _known(ask: Callable[[], str]) -> str:
    with suppress(Exception):  # no such user, no name of a host
        return ask()
    return ""
