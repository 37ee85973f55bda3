"""Runs commands of the product in this process, and says what a person would see."""

from __future__ import annotations

import io
import logging
import os
import traceback
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from typing import NamedTuple
from unittest.mock import patch

import click
from click.testing import CliRunner

import desk.__main__
import ghost.__main__
import guard.__main__
import market.__main__
import outbox.__main__
import replay.__main__
import reports.__main__
import sink.__main__
import web.__main__
import worker.__main__
from signaltape.commands import cli
from signaltape.settings import Settings

ROOMS: dict[str, click.Command] = {
    "sink": sink.__main__.main,
    "worker": worker.__main__.main,
    "reports": reports.__main__.main,
    "replay": replay.__main__.main,
    "outbox": outbox.__main__.main,
    "web": web.__main__.main,
    "desk": desk.__main__.main,
    "market": market.__main__.main,
    "ghost": ghost.__main__.main,
    "guard": guard.__main__.main,
}
#: What a command may change of this process, and must not here.
_TUNING = (
    "worker.process.tune_interpreter",
    "replay.archive.archiving.tune_interpreter",
    "ghost.process.tune_interpreter",
)


class Ran(NamedTuple):
    """How a command ended.

    said: all that it printed and logged; out: what of this went to standard output; trouble: the traceback that a
    person would see.
    """

    code: int
    said: str
    out: str
    trouble: str


def run(room: str, arguments: Sequence[str], environment: Mapping[str, str]) -> Ran:
    """Run `python -m ROOM ARGUMENTS` (`signaltape` too) with nothing of signaltape in the environment but this."""
    logged = io.StringIO()
    handler = logging.StreamHandler(logged)
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    inherited = {name: text for name, text in os.environ.items() if name in ("PATH", "HOME", "PYTHONPATH")}
    try:
        with (
            patch.dict(os.environ, {**inherited, **environment}, clear=True),
            patch(_TUNING[0]),
            patch(_TUNING[1]),
            patch(_TUNING[2]),
        ):
            ran = _signaltape(arguments) if room == "signaltape" else _click(ROOMS[room], arguments)
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
    return ran._replace(said=ran.said + logged.getvalue())


def environment_of(settings: Settings) -> dict[str, str]:
    """The environment that makes a command see these settings."""
    assert settings.redis_url is not None
    assert settings.database_url is not None
    return {
        "FEATURE_EVENT_LOGGING": "true",
        "REDIS_URL": settings.redis_url.reveal(),
        "DATABASE_URL": settings.database_url.reveal(),
        "SIGNALTAPE_HOME": str(settings.home),
        "SIGNALTAPE_DATA": str(settings.data),
        "SIGNALTAPE_STREAM": settings.stream,
    }


def assert_well_behaved(ran: Ran, what: object) -> None:
    """No traceback; what went wrong stands in one line."""
    assert not ran.trouble, f"{what}: {ran.trouble[-2000:]}"
    assert "Traceback" not in ran.said, f"{what}: {ran.said[-2000:]}"
    errors = [line for line in ran.said.splitlines() if line.startswith(("Error:", "signaltape: "))]
    assert len(errors) <= 1, f"{what}: {errors}"
    if ran.code == 2:
        assert errors or "error:" in ran.said, f"{what} says nothing: {ran.said!r}"


def _click(command: click.Command, arguments: Sequence[str]) -> Ran:
    result = CliRunner().invoke(command, list(arguments))
    error = result.exception
    trouble = ""
    if error is not None and not isinstance(error, SystemExit):
        trouble = "".join(traceback.format_exception(error))
    return Ran(result.exit_code, result.output, result.stdout, trouble)


def _signaltape(arguments: Sequence[str]) -> Ran:
    out, errors = io.StringIO(), io.StringIO()
    code, trouble = 0, ""
    with redirect_stdout(out), redirect_stderr(errors), patch("sys.stdin", io.StringIO("{}")):
        try:
            code = cli.main(list(arguments))
        except SystemExit as left:
            code = left.code if isinstance(left.code, int) else 1
        except Exception:  # noqa: BLE001 - this is what is looked for
            code, trouble = 1, traceback.format_exc()
    return Ran(code, out.getvalue() + errors.getvalue(), out.getvalue(), trouble)
