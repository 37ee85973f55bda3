"""Secrets that are exchanged while all goes on: two are valid for a while, or what could not be sent waits."""

from __future__ import annotations

import http.client
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import redis

from deploy.embedded.valkey import Valkey
from outbox.outbox import Outbox
from outbox.policies import ALERT
from outbox.text import Text
from signaltape import Secret
from sink.db import Connection, connect
from tests.integration.conftest import Process, Runner, own_valkey
from tests.integration.web.test_process import address_said_by
from tests.support.acl import password_of, write_users
from tests.support.botapi import TOKEN
from tests.support.botapi_updates import UpdatesServer, updates_server
from tests.support.logins import url_for
from tests.support.sending import SOON, now, state
from tests.support.waiting import eventually


def status_of(address: tuple[str, int], path: str, key: str) -> int:
    with closing(http.client.HTTPConnection(*address, timeout=30)) as asked:
        asked.request("GET", path, headers={"Authorization": f"Bearer {key}"})
        with asked.getresponse() as answer:
            return answer.status


def made_key(runner: Runner, name: str) -> tuple[str, str]:
    """A key of the dashboard: its id and its text."""
    code, out, said = runner.run("web", "keys", "create", name)
    found = re.search(r"st_([0-9a-f]{8})_\S{43}", out)
    assert found is not None, (code, said)
    return found[1], found[0]


def test_two_keys_of_the_dashboard_are_valid_until_the_old_one_is_revoked(runner: Runner) -> None:
    old_id, old = made_key(runner, "phone")
    address = address_said_by(runner.start("web", "--port", "0"))
    assert status_of(address, "/api/scorecards", old) == 200
    _, new = made_key(runner, "phone, new")
    assert [status_of(address, "/api/scorecards", key) for key in (old, new)] == [200, 200]
    assert runner.run("web", "keys", "revoke", old_id)[0] == 0
    eventually(lambda: status_of(address, "/api/scorecards", old) == 401)
    assert status_of(address, "/api/scorecards", new) == 200


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Valkey]:
    with own_valkey(tmp_path / "vk", *write_users(tmp_path / "users.acl")) as started:
        yield started


def test_two_passwords_of_a_redis_user_are_valid_until_the_old_one_is_taken(valkey: Valkey) -> None:
    def may(password: str) -> bool:
        with redis.Redis.from_url(valkey.url, username="worker", password=password, protocol=2) as client:
            try:
                return bool(client.ping())
            except redis.AuthenticationError:
                return False

    old, new = password_of("worker"), "another one"
    with redis.Redis.from_url(valkey.url, protocol=2) as admin:
        admin.execute_command("ACL", "SETUSER", "worker", f">{new}")
        assert (may(old), may(new)) == (True, True)
        admin.execute_command("ACL", "SETUSER", "worker", f"<{old}")
        admin.execute_command("ACL", "SAVE")
    assert (may(old), may(new)) == (False, True)
    assert old not in Path(valkey.log.parent.parent / "users.acl").read_text()


def test_two_logins_of_a_process_are_valid_until_the_old_one_goes(
    database: Secret, connection: Connection
) -> None:
    connection.execute("CREATE ROLE web_in_2027 LOGIN IN ROLE signaltape_web")
    new = Secret(database.reveal().replace("//signaltape@", "//web_in_2027@"))
    for url in (Secret(url_for("web", database.reveal())), new):
        with connect(url) as session:
            assert session.execute("SELECT count(*) FROM signals").fetchall() == [(0,)]
    connection.execute("DROP ROLE web_in_2027")
    with pytest.raises(Exception, match='role "web_in_2027" does not exist'):
        connect(new)


@pytest.fixture
def telegram() -> Iterator[UpdatesServer]:
    with updates_server() as server:
        yield server


def test_what_comes_while_the_bots_token_is_exchanged_waits_and_is_sent_once(
    runner: Runner, connection: Connection, telegram: UpdatesServer, tmp_path: Path
) -> None:
    """Telegram ends the old token at once: there is no while in which two are valid."""
    kept = tmp_path / "token"

    def sender(token: str) -> Process:
        kept.write_text(f"{token}\n")
        return runner.start(
            *("reports", "schedule"),
            TELEGRAM_BOT_TOKEN_FILE=str(kept),
            TELEGRAM_CHAT_ID="42",
            TELEGRAM_API_BASE=telegram.base,
        )

    assert Outbox(connection).enqueue("k", "42", Text("stop hit"), now() + SOON, kind=ALERT, ref="ib_1")
    revoked = sender("12345:revoked")
    error = "SELECT last_error FROM outbox WHERE strpos(last_error, 'check TELEGRAM_BOT_TOKEN') > 0"
    assert "revoked" not in str(eventually(lambda: connection.execute(error).fetchone(), timeout=60))
    assert state(connection) == "queued"
    revoked.end()
    sender(TOKEN)
    eventually(lambda: state(connection) == "sent", timeout=90)
    # a reporter that begins may have last week's report to send, too
    assert sent(telegram).count("stop hit") == 1


def sent(telegram: UpdatesServer) -> list[Any]:
    return list(telegram.chat.messages.values())
