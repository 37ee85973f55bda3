"""Odd arguments of the report commands: one line that says what is wrong, never a traceback."""

from __future__ import annotations

import os

import pytest
from click.testing import CliRunner, Result

from reports.__main__ import main
from reports.weeks import parse_week
from signaltape.settings import Settings
from tests.integration.conftest import environment_of

ODD_WEEKS = [
    "0001-W01",
    "9999-W52",
    "2021-W53",
    "2022-W00",
    "0000-W01",
    "1969-W01",
    "2200-W01",
    "２０２２-W03",
    "",
    "-",
]


def call(settings: Settings, *arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, env=environment_of(settings))


def is_one_line(result: Result) -> bool:
    said = [line for line in result.output.splitlines() if line and not line.startswith(("Usage:", "Try "))]
    return isinstance(result.exception, SystemExit) and result.exit_code in (1, 2) and len(said) == 1


@pytest.mark.parametrize("week", ODD_WEEKS)
@pytest.mark.parametrize("command", [("scorecard",), ("qa",), ("whatif", "--weights", "-")])
def test_a_week_that_cannot_be_is_refused_in_one_line(
    settings: Settings, command: tuple[str, ...], week: str
) -> None:
    result = call(settings, *command, "--week", week)
    assert is_one_line(result), result.output


@pytest.mark.parametrize("week", ["1970-W01", "2199-W52"])
def test_the_first_and_the_last_week_are_weeks(settings: Settings, week: str) -> None:
    assert parse_week(week).name == week
    result = call(settings, "scorecard", "--week", week)
    assert result.exit_code == 0, result.output


NOT_TEXT = os.fsdecode(b"\xff")


@pytest.mark.parametrize(
    "arguments",
    [
        ("deliveries", "list", "--limit", "9" * 30),
        ("deliveries", "resend", "9" * 30),
        ("deliveries", "resend", "nan"),
        ("deliveries", "--json", "list"),
        ("rules", "--json", "list"),
        ("rules", "show", NOT_TEXT),
        ("rules", "accept", NOT_TEXT),
        ("evidence", "--runs", "9" * 15),
        ("evidence", "--layers", "--runs", "9" * 15),
        ("qa", "--size", "-1"),
        ("qa", "--out", "/dev/null/x"),
        ("scorecard", "--out", "/dev/null/x"),
        ("whatif", "--weights", "/dev/null"),
        ("whatif", "--weights", "-", "--weeks", "9" * 30),
    ],
)
def test_an_odd_argument_is_refused_in_one_line(settings: Settings, arguments: tuple[str, ...]) -> None:
    result = call(settings, *arguments)
    assert isinstance(result.exception, SystemExit), result.output
    assert result.exit_code in (1, 2)
    assert "Traceback" not in result.output
    assert "Error: " in result.output.splitlines()[-1]
