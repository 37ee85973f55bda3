"""The guard's commands, as a person at a terminal of 80 columns meets them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from guard.tape_store import TapeStore
from signaltape import Settings
from sink.db import Connection
from tests.integration.conftest import Runner
from tests.support.guarding import SLOW, Guard, Measures


@pytest.fixture
def rules(tmp_path: Path) -> str:
    path = tmp_path / "rules.toml"
    path.write_text(SLOW.replace('"30s"', '"10m"'))
    return str(path)


def test_every_command_fits_and_has_json(
    runner: Runner, settings: Settings, connection: Connection, redis_client: Any, rules: str
) -> None:
    Measures(redis_client, settings.stream).put(900, 900, examples=["r-1"])
    Guard(settings, connection).run()
    wanted = {
        "list": (0, "alerts: 1 firing, 0 pending"),
        "check": (1, "1 of 1 breached"),
        "rules": (0, "1 rules of"),
        "budget": (0, "error budgets"),
    }
    for name, (code, said) in wanted.items():
        got, out, err = runner.run("guard", name, SIGNALTAPE_GUARD_RULES=rules, COLUMNS="80")
        assert (got, said in out) == (code, True), (name, out, err)
        assert max(map(len, out.splitlines())) <= 80, name
        got, out, err = runner.run("guard", name, "--json", SIGNALTAPE_GUARD_RULES=rules)
        assert got == code, err
        json.loads(out)


def test_a_list_says_whole_what_an_alert_is_about_and_since_when(
    runner: Runner, settings: Settings, connection: Connection, redis_client: Any, rules: str
) -> None:
    name = f"GET /api/{'long/' * 10}<symbol>"
    Measures(redis_client, settings.stream).put(900, 900, name=name)
    Guard(settings, connection).run()
    _, out, _ = runner.run("guard", "list", SIGNALTAPE_GUARD_RULES=rules, COLUMNS="80")
    assert name in out
    assert " ms " in out


def test_without_a_guard_the_list_says_what_to_do(runner: Runner) -> None:
    code, out, _ = runner.run("guard", "list")
    first, *_, last = out.splitlines()
    assert (code, "no rule was evaluated" in first, "python -m guard starts one" in last) == (0, True, True)


def test_a_schema_that_is_not_there_says_what_to_do(runner: Runner, connection: Connection) -> None:
    connection.execute("DROP TABLE guard_state CASCADE")
    code, _, err = runner.run("guard", "list")
    assert (code, err.count("\n"), "python -m sink migrate" in err) == (1, 1, True), err


def test_a_snooze_is_seen_and_taken_back(runner: Runner) -> None:
    code, out, _ = runner.run("guard", "snooze", "health", "--for", "2h")
    assert (code, "nothing is told until" in out) == (0, True)
    assert "health is snoozed until" in runner.run("guard", "list")[1]
    assert runner.run("guard", "unsnooze", "health")[0] == 0
    code, _, err = runner.run("guard", "unsnooze", "health")
    assert (code, err.count("\n"), "health is not snoozed" in err) == (1, 1, True)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "either --for or --until"),
        (("--for", "2h", "--until", "2026-01-01"), "either --for or --until"),
        (("--for", "soon"), "no length such as"),
        (("--until", "soon"), "no ISO time"),
        (("--until", "2020-01-01"), "within the next 30 days"),
        (("--for", "31d"), "within the next 30 days"),
    ],
)
def test_what_is_no_length_of_time_is_refused(runner: Runner, options: tuple[str, ...], said: str) -> None:
    code, _, err = runner.run("guard", "snooze", "health", *options)
    assert (code, said in err) == (2, True), err


def test_a_stamp_is_kept(runner: Runner, connection: Connection) -> None:
    assert runner.run("guard", "stamp", "backup", "--says", "nightly")[0] == 0
    ((what, at, says),) = connection.execute("SELECT what, at, says FROM guard_stamps").fetchall()
    assert (what, says) == ("backup", "nightly")
    assert (datetime.now(UTC) - at).total_seconds() < 60


def test_once_folds_what_is_there_and_ends(
    runner: Runner, settings: Settings, redis_client: Any, rules: str
) -> None:
    Measures(redis_client, settings.stream).put(900)
    code, out, err = runner.run("guard", "--once", SIGNALTAPE_GUARD_RULES=rules)
    assert (code, out) == (0, "read 1, of them measurements 1; alerts: 1 open\n"), err


def test_beside_a_guard_that_works_once_is_refused(
    runner: Runner, settings: Settings, connection: Connection, rules: str
) -> None:
    assert TapeStore(connection, ()).lead()
    code, _, err = runner.run("guard", "--once", SIGNALTAPE_GUARD_RULES=rules)
    assert (code, err.splitlines()[-1]) == (1, "Error: another guard works with this database")
