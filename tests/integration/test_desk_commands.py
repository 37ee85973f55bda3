"""`python -m desk users` and `drill`, as a person calls them."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from signaltape import Settings
from signaltape.control import present
from sink import control
from sink.db import Connection
from tests.integration.conftest import Runner


def test_users_are_entered_listed_and_taken_out(runner: Runner, redis_client: Any, key: str) -> None:
    code, out, err = runner.run_anew("desk", "users", "list")
    assert (code, out.splitlines()[0]) == (0, "users: none, so nobody is answered"), err
    assert (
        runner.run("desk", "users", "add", "42", "--role", "trader", "--name", "Budi", "--chat", "-100/7")[0]
        == 0
    )
    assert runner.run("desk", "users", "add", "43", "--command", "/status", "--command", "score")[0] == 0
    code, out, _ = runner.run("desk", "users", "list", "--json", TELEGRAM_ADMIN_IDS="7")
    shown = [(one["user_id"], one["role"], one["chats"], one["commands"]) for one in json.loads(out)]
    assert shown == [
        (7, "admin", None, None),
        (42, "trader", ["-100/7"], None),
        (43, "viewer", None, ["status", "score"]),
    ]
    assert (
        runner.run("desk", "users", "add", "42")[1]
        == "42 is viewer everywhere, with all commands of a viewer\n"
    )
    assert runner.run("desk", "users", "remove", "42")[0] == 0
    acts = [msgspec.json.decode(fields[b"data"]) for _, fields in redis_client.xrange(key)]
    assert [(act["act"], act["via"]) for act in acts] == [("users add", "shell")] * 3 + [
        ("users remove", "shell")
    ]
    code, _, err = runner.run("desk", "users", "remove", "42")
    assert (code, err.splitlines()[-1]) == (1, "Error: there is no user 42: see python -m desk users list")
    for wrong in (
        ["0"],
        ["-5"],
        ["42", "--chat", "@x"],
        ["42", "--command", "nothing"],
        ["42", "--name", "x" * 65],
    ):
        code, _, err = runner.run("desk", "users", "add", *wrong)
        assert code == 2, err


def test_a_drill_pauses_looks_begins_anew_and_resumes(
    runner: Runner, connection: Connection, settings: Settings
) -> None:
    with present(settings, "engine"):
        code, out, err = runner.run("desk", "drill", "--json")
        assert code == 0, err
        found = json.loads(out)
        assert [step["name"] for step in found["steps"]] == ["pause", "health", "warm restart", "resume"]
        assert [step["ok"] for step in found["steps"]] == [True] * 4, found
        assert found["steps"][0]["said"] == "1 of 1 answered"
        code, out, _ = runner.run("desk", "drill")
        assert out.startswith("drill: 4 of 4 steps held, ")
        assert all(len(line) <= 80 for line in out.splitlines())
    known = control.read(connection)
    assert known is not None
    assert known.state == "running"
    assert known.why == "drill"


def test_a_drill_does_not_resume_what_somebody_paused(
    runner: Runner, connection: Connection, settings: Settings
) -> None:
    control.say(connection, "paused", "Budi", "/panic")
    code, _, err = runner.run("desk", "drill")
    assert code == 1
    assert "all is paused already, by Budi: a drill would resume it" in err
    known = control.read(connection)
    assert known is not None
    assert known.paused


def test_without_a_token_or_a_database_it_says_what_to_set(runner: Runner) -> None:
    code, _, err = runner.run("desk")
    assert code == 2
    assert err.splitlines()[-1] == "Error: TELEGRAM_BOT_TOKEN is not set: get one from @BotFather"
    code, _, err = runner.run("desk", TELEGRAM_BOT_TOKEN="x")
    assert code == 2
    assert "TELEGRAM_BOT_TOKEN is not the token of a bot" in err
    assert "Traceback" not in err
