"""The command `diff`: exit code 0 if a replay is identical, 1 if it is not, 2 if that cannot be said."""

from __future__ import annotations

import sys

import click

from replay.comparing.diff_screen import show_diff
from replay.operations.diff import SessionDiff, diff_session
from signaltape.errors import SignaltapeError
from signaltape.settings import Settings
from signaltape.terminal import Screen, print_json
from sink.command_line import json_option

_EXIT_CODES = {"identical": 0, "different": 1, "unknown": 2}


class _Trouble(click.ClickException):
    """As diff(1) has it: 1 says that both differ, so what went wrong is 2."""

    exit_code = 2


@click.command()
@click.argument("session")
@click.option(
    "--within",
    type=click.FloatRange(0, 86_400),
    default=0.0,
    show_default=True,
    help="Seconds by which the times of the same event may differ.",
)
@json_option
def diff(session: str, within: float, as_json: bool) -> None:
    """Compare what an engine emitted in the last replay of SESSION with what was recorded.

    Exit code 0: identical; 1: not, the first divergence is named; 2: it cannot be said.
    """
    found = _compared(session, within)
    if as_json:
        print_json(found)
    else:
        show_diff(Screen(), found)
    sys.exit(_EXIT_CODES[found.verdict])


def _compared(session: str, within_s: float) -> SessionDiff:
    try:
        return diff_session(Settings.from_env(), session, within_s=within_s)
    except SignaltapeError as error:
        raise _Trouble(str(error)) from None
