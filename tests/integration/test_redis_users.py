"""The users of Redis that are shipped (deploy/redis/users.acl): what each may not do, and that all works under them."""

from __future__ import annotations

import logging
import subprocess
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import msgspec
import pytest
import redis
from redis.exceptions import NoPermissionError

from deploy.embedded.valkey import Valkey
from replay.archive.outlet import delete_streams
from signaltape import Emitter, Secret, Settings
from signaltape.control.processes import processes_of
from signaltape.stream import output_key, processes_key, replay_key
from tests.integration.conftest import ROOT, own_valkey
from tests.support.acl import USERS, USERS_FILE, note_users, url_of, write_users
from tests.support.pages import Page
from tests.support.samples import closed
from tests.support.waiting import LONGEST_S, eventually

TAPE, CONTROL, OTHERS = "signaltape:{0}", "signaltape:control", "of-others"
#: What nobody may, whatever their work.
NEVER = (
    ("FLUSHALL",),
    ("FLUSHDB",),
    ("SHUTDOWN", "NOSAVE"),
    ("CONFIG", "GET", "requirepass"),
    ("CONFIG", "SET", "dir", "/tmp"),
    ("ACL", "LIST"),
    ("ACL", "SETUSER", "mine", "on", "nopass", "+@all"),
    ("SAVE",),
    ("BGREWRITEAOF",),
    ("REPLICAOF", "NO", "ONE"),
    ("MODULE", "LIST"),
    ("MONITOR",),
    ("KEYS", "*"),
    ("SCRIPT", "FLUSH"),
    ("FUNCTION", "LIST"),
    ("CLIENT", "KILL", "ID", "1"),
    ("SLOWLOG", "GET"),
    ("MIGRATE", "localhost", "1", TAPE, "0", "1"),
    ("SORT", OTHERS),
    ("XGROUP", "CREATECONSUMER", TAPE, "g", "c"),
    ("XSETID", TAPE, "9-9"),
    ("WATCH", TAPE),
    ("DEL", TAPE),
    ("UNLINK", TAPE),
    ("RENAME", TAPE, OTHERS),
    ("XDEL", TAPE, "1-1"),
    ("SET", CONTROL, "x"),
    ("XADD", CONTROL, "*", "a", "b"),
    ("XADD", OTHERS, "*", "a", "b"),
    ("GET", OTHERS),
    ("PUBLISH", OTHERS, "x"),
    ("SUBSCRIBE", OTHERS),
)
#: How Valkey, and Redis 7, say that a script came to something that its user may not do.
SCRIPT_REFUSED = ("ACL failure", "The user executing the script can't run")
#: Who is given entries as a group and acknowledges them; who keeps a stream small besides; whose group only holds the
#: place that it has read to; who emits.
CONSUMING, TIDYING, HOLDING = {"worker", "archiver", "desk"}, {"worker", "archiver"}, {"ghost", "guard"}
EMITTING = {"engine", "ship", "market", "desk", "ghost", "guard"}
#: What some may, by the users that do.
SOME: dict[tuple[str, ...], set[str]] = {
    ("XADD", TAPE, "*", "event", "x", "data", "{}"): set(USERS) - {"archiver", "replays", "reports"},
    ("XRANGE", TAPE, "-", "+"): set(USERS) - {"engine", "reports"},
    ("XREVRANGE", TAPE, "+", "-"): {"replays", "web", "desk", "worker"},
    ("XREAD", "STREAMS", TAPE, "0"): {"market", "web", "ghost", "guard"},
    ("XLEN", TAPE): CONSUMING | {"web", "guard"},
    ("XINFO", "GROUPS", TAPE): CONSUMING | HOLDING | {"web"},
    ("XINFO", "CONSUMERS", TAPE, "g"): CONSUMING | {"guard", "web"},
    ("XINFO", "STREAM", TAPE): EMITTING | HOLDING,
    ("XREADGROUP", "GROUP", "g", "c", "STREAMS", TAPE, ">"): CONSUMING | HOLDING,
    ("XGROUP", "CREATE", TAPE, "g", "0"): CONSUMING | HOLDING,
    ("XGROUP", "DELCONSUMER", TAPE, "g", "c"): CONSUMING,
    ("XACK", TAPE, "g", "1-1"): CONSUMING,
    ("XCLAIM", TAPE, "g", "c", "0", "1-1"): CONSUMING,
    ("XAUTOCLAIM", TAPE, "g", "c", "0", "0"): CONSUMING,
    ("XPENDING", TAPE, "g"): CONSUMING | {"guard", "web"},
    ("HINCRBY", f"{TAPE}:crashes", "a", "1"): CONSUMING,
    ("HDEL", f"{TAPE}:crashes", "a"): CONSUMING,
    ("XGROUP", "SETID", TAPE, "g", "0"): HOLDING,
    ("XGROUP", "DESTROY", TAPE, "g"): TIDYING,
    ("XTRIM", TAPE, "MINID", "0"): TIDYING,
    ("EVAL", "return redis.call('XTRIM', KEYS[1], 'MINID', '0')", "1", TAPE): TIDYING,
    ("EVAL", "return redis.call('XGROUP', 'DESTROY', KEYS[1], 'g')", "1", TAPE): TIDYING,
    ("MULTI",): HOLDING | {"replays", "reports", "web"},
    ("HGETALL", CONTROL): set(USERS),
    ("HSET", CONTROL, "state", "paused"): {"worker", "desk", "ghost"},
    ("HSET", "signaltape:processes", "me", "{}"): set(USERS),
    ("HGETALL", "signaltape:processes"): {"worker", "desk", "ghost", "guard", "web"},
    ("HSET", "signaltape:market", "a", "b"): {"market"},
    ("XADD", "signaltape:replay:one", "*", "a", "b"): {"replays", "web", "engine"},
    ("UNLINK", "signaltape:replay:one"): {"replays", "web", "archiver"},
    ("LPUSH", "rq:queue:signaltape-weekly", "x"): {"replays", "reports", "web"},
    ("INFO",): set(USERS),
}


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    folder = tmp_path_factory.mktemp("users")
    with own_valkey(folder / "vk", *write_users(folder / "users.acl")) as started:
        note_users(started.url)
        yield started


@pytest.fixture
def admin(valkey: Valkey) -> Iterator[Any]:
    with redis.Redis.from_url(valkey.url, protocol=2) as made:
        made.flushall()
        made.execute_command("ACL", "LOG", "RESET")
        yield made


def tried(valkey: Valkey, user: str, command: tuple[str, ...]) -> bool:
    """Whether a user may: said by the server, asked by the user itself."""
    with redis.Redis.from_url(url_of(user, valkey.url), protocol=2) as client:
        try:
            client.execute_command(*command)
        except NoPermissionError:
            return False
        except (
            redis.ResponseError
        ) as error:  # what is wrong may be another thing than a right; a script says it as its own
            return not any(words in str(error) for words in SCRIPT_REFUSED)
    return True


@pytest.mark.parametrize("command", NEVER, ids=" ".join)
def test_nobody_may_do_what_is_nobodys_work(valkey: Valkey, admin: Any, command: tuple[str, ...]) -> None:
    assert [user for user in USERS if tried(valkey, user, command)] == []


@pytest.mark.parametrize("command", SOME, ids=" ".join)
def test_each_may_do_its_own_work(valkey: Valkey, admin: Any, command: tuple[str, ...]) -> None:
    assert {user for user in USERS if tried(valkey, user, command)} == SOME[command]


def test_of_all_dangerous_commands_few_are_given_and_to_few(admin: Any) -> None:
    dangerous = [name.decode() for name in admin.execute_command("ACL", "CAT", "dangerous")]
    arguments = ("1",) * 8
    given = {
        (user, name)
        for user, name in product(USERS, dangerous)
        if b"has no permissions to run" not in _dryrun(admin, user, name.split("|"), arguments)
    }
    assert given == {(user, "info") for user in USERS} | {
        (user, "client|list") for user in ("replays", "reports", "web")
    }


def _dryrun(admin: Any, user: str, command: list[str], arguments: tuple[str, ...]) -> bytes:
    """The server's answer; a wrong number of arguments is told before anything else, so several are tried."""
    said = b""
    for number in range(len(arguments) + 1):
        try:
            answer = admin.execute_command("ACL", "DRYRUN", user, *command, *arguments[:number])
        except redis.ResponseError as error:
            said = str(error).encode()
            continue
        return answer if isinstance(answer, bytes) else str(answer).encode()
    assert b"arguments" not in said, (command, said)
    return said


def test_a_script_may_do_no_more_than_its_user(valkey: Valkey, admin: Any) -> None:
    admin.xadd(TAPE, {"a": "b"})
    with redis.Redis.from_url(url_of("worker", valkey.url), protocol=2) as worker:
        for line in (
            "redis.call('DEL', KEYS[1])",
            "redis.call('GET', 'of-others')",
            "redis.call('FLUSHALL')",
        ):
            with pytest.raises(redis.ResponseError, match=r"ACL failure|permission"):
                worker.eval(line, 1, TAPE)
    assert admin.xlen(TAPE) == 1


def test_retention_takes_the_streams_of_replays_that_are_gone_along(valkey: Valkey, admin: Any) -> None:
    """The archiver's, each night: it names a session that night only."""
    keys = [name("signaltape", session) for name in (replay_key, output_key) for session in ("one", "two")]
    for key in keys:
        admin.xadd(key, {"a": "b"})
    delete_streams(Secret(url_of("archiver", valkey.url)), "signaltape", ["one", "two"])
    assert admin.exists(*keys) == 0


def test_all_are_off_until_somebody_gives_them_a_password() -> None:
    lines = USERS_FILE.read_text().splitlines()
    assert all(line.startswith(f"user {user} off ") for user, line in zip(USERS, lines, strict=True))
    assert all(word not in line for line in lines for word in ("nopass", ">", "#", "+@all ", "allkeys"))


def test_an_engine_adds_hears_control_and_shows_itself_and_says_once_what_it_may_not(
    valkey: Valkey, admin: Any, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    own = msgspec.structs.replace(
        settings, redis_url=Secret(url_of("engine", valkey.url)), stream="signaltape"
    )
    with caplog.at_level(logging.WARNING, logger="signaltape"), Emitter(own) as tape:
        for number in range(1, 4):
            assert tape.closed(**closed())
            eventually(lambda: admin.xlen(TAPE) == number)  # noqa: B023 - within its turn
        admin.hset(CONTROL, mapping={"state": "paused", "by": "t", "why": "w", "epoch": 5, "at_ms": 5})
        eventually(lambda: tape.paused)
        assert [one.role for one in processes_of(admin.hgetall(processes_key("signaltape")))] == ["engine"]
    assert len([one for one in caplog.records if "refuses" in one.getMessage()]) == 1
    refused = {entry["object"] for entry in admin.acl_log()}
    assert refused <= {"xrange"}


def test_the_recipe_of_the_docs_lets_all_users_in_and_renames_their_keys(tmp_path: Path) -> None:
    recipe = next(one for one in Page(ROOT / "docs/security.md").fences("sh") if "users.acl" in one)
    script = recipe.replace("stream=signaltape ", "stream=mine ").replace(
        "deploy/redis", str(USERS_FILE.parent)
    )
    subprocess.run(
        ["sh", "-e", "-c", script], cwd=tmp_path, check=True, timeout=LONGEST_S, capture_output=True
    )
    passwords = dict(line.split() for line in (tmp_path / "passwords").read_text().splitlines())
    assert tuple(passwords) == USERS
    assert (tmp_path / "passwords").stat().st_mode & 0o077 == 0
    with own_valkey(tmp_path / "vk", "--aclfile", str(tmp_path / "users.acl")) as server:
        for user, password in passwords.items():
            url = server.url.replace("unix://", f"unix://{user}:{password}@")
            with redis.Redis.from_url(url, protocol=2) as client:
                assert client.hgetall("mine:control") == {}
                with pytest.raises(NoPermissionError):
                    client.hgetall(CONTROL)
