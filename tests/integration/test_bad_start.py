"""A setting that cannot be used: one message by the variable's name from every command, and no traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.conftest import Process, Runner

EVENT = '{"signal_id": "8c6d6a4e-6d1e-4a54-9c9d-3f6c1e0f7a11", "symbol": "SOL-USDT", "reason": "sl"}'
#: Commands that write under SIGNALTAPE_HOME.
AT_HOME = [
    ("worker", "--once"),
    ("signaltape", "ship", "--once"),
    ("signaltape", "emit", "signal_invalidated", EVENT),
    ("signaltape", "doctor"),
    ("replay", "archive", "--once"),
    ("deploy.embedded", "--", "true"),
]
#: One command for each place that reads settings.
EVERYWHERE = [
    *AT_HOME[:5],
    ("sink", "check"),
    ("worker", "status"),
    ("worker", "dead-letters", "list"),
    ("reports", "scorecard"),
    ("replay", "retention"),
    ("replay", "list"),
    ("replay", "health"),
    ("deploy.embedded", "--", "true"),
    ("deploy.demo",),
]


@pytest.fixture(autouse=True)
def _data_of_this_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNALTAPE_DATA", str(tmp_path / "data"))


def assert_refused(started: list[Process], name: str) -> None:
    for process in started:
        code, out, err = process.finish()
        said = [line for line in (out + err).splitlines() if name in line]
        assert code != 0
        assert len(said) == 1, out + err
        assert "Traceback" not in err, err


@pytest.mark.parametrize("kind", ["a file", "a folder that cannot be made"])
def test_a_home_that_cannot_be_used_is_named(runner: Runner, tmp_path: Path, kind: str) -> None:
    (tmp_path / "file").touch()
    home = str(tmp_path / "file") if kind == "a file" else "/proc/nope"
    commands = AT_HOME if kind == "a file" else AT_HOME[:2]
    assert_refused([runner.start(*command, SIGNALTAPE_HOME=home) for command in commands], "SIGNALTAPE_HOME")


def test_data_that_cannot_be_written_are_named(runner: Runner, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    started = runner.start("replay", "archive", "--once", SIGNALTAPE_DATA=str(tmp_path / "file"))
    assert_refused([started], "SIGNALTAPE_DATA")


def test_every_command_refuses_a_setting_by_its_name(runner: Runner) -> None:
    name = "SIGNALTAPE_KEEP_MARKET_HOURS"
    assert_refused([runner.start(*command, **{name: "99999999999"}) for command in EVERYWHERE], name)
