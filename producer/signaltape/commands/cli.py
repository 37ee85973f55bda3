"""The command `signaltape`, all that an engine installs. Plain argparse: it needs no more for it."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

import msgspec

from signaltape.clock import as_aware, utc_now
from signaltape.commands.command import begin_command, usable_folder
from signaltape.commands.control_parsers import control_parsers
from signaltape.contract.events import EVENTS
from signaltape.contract.limits import read_plainly
from signaltape.contract.records import RECORDS
from signaltape.contract.schema import schemas
from signaltape.emitter import Emitter
from signaltape.errors import InvalidEvent, SignaltapeError
from signaltape.plain_errors import EXIT_FAILED, EXIT_OK, exit_code, plain_errors
from signaltape.serving_measures import serve_measures
from signaltape.settings import Settings
from signaltape.stopping import stop_on_signals
from signaltape.terminal import Screen, print_json

_MOST_PORTS = 65_535
_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code (0 done, 1 failed, 2 wrong usage or settings)."""
    begin_command()
    arguments = _parser().parse_args(argv)
    try:
        with plain_errors():
            return int(arguments.run(arguments, Settings.from_env()))
    except SignaltapeError as error:
        return _complain(str(error), exit_code(error))
    except (
        BrokenPipeError
    ):  # whoever reads has seen enough; what is buffered yet goes nowhere, without a word
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="signaltape", description="Flight recorder for trading-signal engines."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    ship = commands.add_parser(
        "ship",
        help="send all journals under SIGNALTAPE_HOME to Redis",
        description="Send every journal under SIGNALTAPE_HOME to Redis, also those of engines that died. "
        "Runs until SIGTERM or Ctrl-C; with --once, until everything now there is sent.",
    )
    ship.add_argument("--once", action="store_true", help="send what is there now, then exit")
    ship.add_argument(
        "--resend",
        metavar="SINCE",
        type=_moment,
        help="first send again what the journals still hold since then: a time (2022-01-17T09:30, WIB if it "
        "names no zone), an age (90s, 15m, 2h, 1d) or `all`; duplicates are dropped later",
    )
    ship.add_argument(
        "--metrics-port",
        metavar="PORT",
        type=_port,
        help="serve Prometheus metrics there; default: SIGNALTAPE_METRICS_PORT",
    )
    ship.set_defaults(run=_ship)

    schema = commands.add_parser("schema", help="print the JSON Schema of every event")
    schema.add_argument("event", nargs="?", choices=[*EVENTS, *RECORDS], help="only this event or record")
    schema.set_defaults(run=_schema)

    emit = commands.add_parser(
        "emit",
        help="record one event, or one per line of standard input",
        description="Record an event as an engine would, whatever FEATURE_EVENT_LOGGING says. "
        "Needs REDIS_URL only for shipping; without it the event waits in the journal.",
    )
    emit.add_argument("event", choices=[*EVENTS, *RECORDS])
    emit.add_argument("fields", help="the event as a JSON object, or - for one object per line of stdin")
    emit.set_defaults(run=_emit)

    doctor = commands.add_parser("doctor", help="check flag, journal, Redis, stream, group and lag")
    doctor.add_argument("--json", action="store_true", dest="as_json", help="print JSON")
    doctor.set_defaults(run=_doctor)
    control_parsers(commands)
    return parser


def _ship(arguments: argparse.Namespace, settings: Settings) -> int:
    from signaltape.control import present  # redis only where it is needed
    from signaltape.redis_client import redis_url
    from signaltape.shipping.client import StreamError
    from signaltape.shipping.measures import Progress, shipper_parts
    from signaltape.shipping.service import ship_forever, ship_once

    redis_url(settings)
    usable_folder("SIGNALTAPE_HOME", settings.home)
    try:
        if arguments.once:
            shipped = ship_once(settings, resend_since=arguments.resend)
        else:
            progress, stop = Progress(), stop_on_signals()
            stop_metrics = serve_measures(
                arguments.metrics_port, "shipper", shipper_parts(settings.home, progress), settings
            )
            try:
                with present(settings, "ship"):
                    shipped = ship_forever(settings, stop, resend_since=arguments.resend, progress=progress)
            finally:
                stop_metrics()
    except StreamError as error:
        return _complain(f"Redis does not take the events (they stay in the journal): {error}", EXIT_FAILED)
    print(f"shipped {shipped} events")
    return EXIT_OK


def _port(text: str) -> int:
    """A port of this machine. Raises ArgumentTypeError."""
    if text.isdecimal() and 1 <= int(text) <= _MOST_PORTS:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is no port (1 to {_MOST_PORTS})")


def _moment(text: str) -> float:
    """A time or an age as seconds since 1970. Raises ArgumentTypeError."""
    if text == "all":
        return 0.0
    unit = _UNITS_S.get(text[-1:])
    if unit and text[:-1].isdigit():
        return utc_now().timestamp() - int(text[:-1]) * unit
    try:
        return as_aware(datetime.fromisoformat(text)).timestamp()
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no time (2022-01-17T09:30), age (15m) or `all`"
        ) from None


def _schema(arguments: argparse.Namespace, _settings: Settings) -> int:
    document: Any = schemas()
    if arguments.event:
        document = document["events"][arguments.event]
    print(json.dumps(document, indent=2))
    return EXIT_OK


def _emit(arguments: argparse.Namespace, settings: Settings) -> int:
    settings = msgspec.structs.replace(settings, feature_event_logging=True)
    usable_folder("SIGNALTAPE_HOME", settings.home)
    lines = sys.stdin if arguments.fields == "-" else [arguments.fields]
    recorded = 0
    with Emitter(settings, strict=True, control=False) as tape:
        method = partial(tape.event if arguments.event in EVENTS else tape.record, arguments.event)
        for number, line in enumerate(lines, 1):
            if line.strip():
                method(_object(line, number))
                recorded += 1
    print(f"recorded {recorded} event(s)")
    return EXIT_OK


def _object(line: str, number: int) -> dict[str, Any]:
    try:
        value = read_plainly(line.encode("utf-8", "surrogateescape"))
    except InvalidEvent as error:
        raise SignaltapeError(f"line {number}: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SignaltapeError(f"line {number} is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise SignaltapeError(f"line {number} must be a JSON object, got {type(value).__name__}")
    return value


def _doctor(arguments: argparse.Namespace, settings: Settings) -> int:
    from signaltape.commands.doctor import examine, show_findings  # imports redis

    findings = examine(settings)
    if arguments.as_json:
        print_json([{"status": one.status, **one._asdict()} for one in findings])
    else:
        show_findings(Screen(), findings)
    return EXIT_OK if all(finding.ok for finding in findings) else EXIT_FAILED


def _complain(message: str, code: int) -> int:
    print(f"signaltape: {message}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
