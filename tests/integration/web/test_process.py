"""`python -m web` as a person starts it."""

from __future__ import annotations

import http.client
import json
import re
import signal
from contextlib import closing

import pytest

from signaltape import Settings
from tests.integration.conftest import Process, Runner
from tests.integration.web.test_access import make_key
from tests.support.waiting import next_line


def address_said_by(process: Process) -> tuple[str, int]:
    """What its first line says; on this machine alone, the second says so. It says so once: ask no second time."""
    line = next_line(process.popen.stdout)
    found = re.search(r"http://([\d.]+):(\d+)/", line)
    assert found is not None, line
    if found[1] == "127.0.0.1":
        assert "for this machine alone" in next_line(process.popen.stdout)
    return found[1], int(found[2])


def asked(address: tuple[str, int], path: str) -> int:
    with closing(http.client.HTTPConnection(*address, timeout=30)) as connection:
        connection.request("GET", path)
        with connection.getresponse() as answer:
            return answer.status


@pytest.mark.parametrize(("how", "anew"), [(signal.SIGTERM, True), (signal.SIGINT, False)])
def test_it_says_where_it_is_and_ends_cleanly(runner: Runner, how: signal.Signals, anew: bool) -> None:
    start = runner.start_anew if anew else runner.start
    process = start("web", "--port", "0")
    address = address_said_by(process)
    assert asked(address, "/healthz") == 200
    with closing(http.client.HTTPConnection(*address, timeout=30)) as follower:
        follower.request("GET", "/api/events")
        with follower.getresponse() as answer:
            assert answer.status == 200
            process.popen.send_signal(how)
            code, _, err = process.finish(timeout=20)
    assert code == 0, err
    assert "Traceback" not in err


def test_without_a_key_another_host_is_refused_in_one_line(runner: Runner) -> None:
    code, _, err = runner.run("web", "--host", "0.0.0.0", "--port", "0")
    assert code == 2
    assert "python -m web keys create NAME" in err.splitlines()[-1]


def test_with_a_key_another_host_is_served(runner: Runner, settings: Settings) -> None:
    make_key(settings)
    process = runner.start("web", "--host", "0.0.0.0", "--port", "0")
    address, port = address_said_by(process)
    assert address == "0.0.0.0"
    assert asked(("127.0.0.1", port), "/api/signals") == 401


def test_a_wrong_setting_is_refused_by_its_name(runner: Runner) -> None:
    code, _, err = runner.run("web", PORT="x")
    assert code == 2
    assert "PORT" in err.splitlines()[-1]


def test_a_port_that_is_taken_is_said_in_one_line(runner: Runner) -> None:
    _, port = address_said_by(runner.start("web", "--port", "0"))
    code, _, err = runner.run("web", "--port", str(port))
    assert code == 2
    assert "cannot listen on 127.0.0.1" in err.splitlines()[-1]


def test_keys_are_made_listed_and_ended(runner: Runner) -> None:
    code, out, _ = runner.run("web", "keys", "create", "trader", "--scope", "read", "--scope", "replay")
    assert code == 0
    key_id = re.search(r"st_([0-9a-f]{8})_\S{43}", out)
    assert key_id is not None
    listed = json.loads(runner.run("web", "keys", "list", "--json")[1])
    assert [(one["key_id"], one["scopes"]) for one in listed] == [(key_id[1], ["read", "replay"])]
    assert "secret" not in json.dumps(listed)
    table = runner.run("web", "keys", "list")[1]
    assert all(len(line) <= 80 for line in table.splitlines())
    assert key_id[1] in table
    assert runner.run("web", "keys", "revoke", key_id[1])[0] == 0
    code, _, err = runner.run("web", "keys", "revoke", key_id[1])
    assert code == 1
    assert "there is no valid key" in err
