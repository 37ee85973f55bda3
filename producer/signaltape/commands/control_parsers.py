"""How `signaltape pause|resume|processes` are called; what they do is loaded when they are."""

from __future__ import annotations

import argparse
from typing import Any

from signaltape.settings import Settings


def control_parsers(commands: Any) -> None:
    """Add them to the commands of a parser."""
    pause = commands.add_parser(
        "pause",
        help="have every process pause, and name those that do not answer",
        description="Have every process pause, and wait up to 3 seconds for all to answer. Exit code 0 also if some "
        "did not: they are named.",
    )
    pause.set_defaults(run=_pause)
    resume = commands.add_parser(
        "resume",
        help="have every process go on",
        description="Have every process go on, and wait up to 3 seconds for all to answer.",
    )
    resume.set_defaults(run=_resume)
    for parser in (pause, resume):
        parser.add_argument(
            "--why", default="", metavar="TEXT", help="stands beside it, wherever it is shown"
        )
    listed = commands.add_parser("processes", help="show who is there, and whether all is paused")
    listed.add_argument("--json", action="store_true", dest="as_json", help="print JSON")
    listed.set_defaults(run=_processes)


def _pause(arguments: argparse.Namespace, settings: Settings) -> int:
    from signaltape.commands.control import say_pause  # imports redis

    return say_pause(settings, arguments.why)


def _resume(arguments: argparse.Namespace, settings: Settings) -> int:
    from signaltape.commands.control import say_resume

    return say_resume(settings, arguments.why)


def _processes(arguments: argparse.Namespace, settings: Settings) -> int:
    from signaltape.commands.control import show_processes

    return show_processes(settings, as_json=arguments.as_json)
