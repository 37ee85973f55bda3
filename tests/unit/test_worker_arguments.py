"""Odd arguments of the worker's commands are refused in one line."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from worker.__main__ import main


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--name", "\udcff"], "Invalid value for '--name': it is not UTF-8"),
        (["--claim-idle-ms", str(10**15)], "is not in the range 100<=x<=86400000"),
        (["dead-letters", "list", "--reason", "\udcff"], "Invalid value for '--reason': it is not UTF-8"),
        (["dead-letters", "requeue", "--event", "a\0b"], "Invalid value for '--event': it holds a NUL"),
    ],
)
def test_an_argument_that_no_server_takes_is_named(arguments: list[str], said: str) -> None:
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 2
    assert said in done.output
