"""Planted secrets: whatever a server says back, no secret stands in what is printed, logged or stored."""

from __future__ import annotations

import itertools
import signal
import time
import traceback
from pathlib import Path
from urllib.parse import quote

import pytest

from reports import jobs
from signaltape import Settings
from sink.db import Connection
from tests.integration.conftest import Process, Runner
from tests.support.echoing import echoing_postgres, echoing_redis, echoing_web
from tests.support.waiting import next_line

#: What must stand nowhere, in any of its spellings.
PASSWORD = "hunter/two@p%ss w#rd?"
ENCODED = quote(PASSWORD, safe="")
TOKEN = "12345:AAHhunterTwo-planted_token"
PLANTED = (PASSWORD, ENCODED, "hunter", "p%ss", "AAHhunterTwo")

#: Every command that speaks to Redis, and ends by itself.
WITH_REDIS = [
    ("signaltape", "doctor"),
    ("signaltape", "ship", "--once"),
    ("worker", "--once"),
    ("replay", "archive", "--once"),
    ("replay", "retention"),
    ("replay", "stream", "--from", "-"),
]
WITH_POSTGRES = [
    ("sink", "migrate"),
    ("sink", "check"),
    ("worker", "status"),
    ("worker", "dead-letters", "list"),
    ("reports", "scorecard"),
    ("reports", "deliveries"),
    ("replay", "retention"),
]
ALL = sorted({*WITH_REDIS, *WITH_POSTGRES, ("worker",), ("signaltape", "ship"), ("reports", "schedule")})


@pytest.fixture(autouse=True)
def _data_of_this_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNALTAPE_DATA", str(tmp_path / "data"))


def assert_clean(said: str) -> None:
    found = [one for one in PLANTED if one.lower() in said.lower()]
    assert not found, f"{found} in:\n{said}"


def assert_all_clean(processes: list[Process]) -> list[str]:
    """All end with a complaint, and none of them shows what was planted."""
    complaints = []
    for process in processes:
        code, out, err = process.finish()
        assert_clean(out + err)
        assert code != 0, out
        assert "Traceback" not in err, err
        complaints.append(out + err)
    return complaints


def files_under(folder: Path) -> str:
    return "\n".join(p.read_text(errors="replace") for p in folder.rglob("*") if p.is_file())


CUT = ["hunter%TWO", "hunter two", "hunter@p%25ss", "hunter/p%25ss", "hunter%00", "hunter?two", "hunter#two"]


def test_a_password_that_drivers_would_cut_is_refused_at_start_by_every_command(runner: Runner) -> None:
    # one odd password a command is enough: all read their settings in one place
    wrong = itertools.cycle([("REDIS_URL", "redis"), ("DATABASE_URL", "postgresql")])
    names, started = [], []
    for command, password, (name, scheme) in zip(ALL, itertools.cycle(CUT), wrong, strict=False):
        names.append(name)
        started.append(runner.start(*command, **{name: f"{scheme}://u:{password}@127.0.0.1:1/0"}))
    for name, said in zip(names, assert_all_clean(started), strict=True):
        assert name in said
        assert "percent-encode" in said


def test_a_redis_that_says_back_what_it_was_told_gives_no_password_away(
    runner: Runner, settings: Settings
) -> None:
    assert runner.run("signaltape", "emit", "signal_closed", CLOSED, REDIS_URL="")[0] == 0
    with echoing_redis() as port:
        url = f"redis://:{ENCODED}@127.0.0.1:{port}/0"
        started = [runner.start(*command, REDIS_URL=url) for command in WITH_REDIS]
        status = runner.start("worker", "status", REDIS_URL=url)
        assert_all_clean(started)
        assert_clean("".join(status.finish()[1:]))
    assert_clean(files_under(settings.home))


def test_a_postgres_that_says_back_what_it_was_told_gives_no_password_away(
    runner: Runner, settings: Settings
) -> None:
    with echoing_postgres() as port:
        url = f"postgresql://u:{ENCODED}@127.0.0.1:{port}/d?sslmode=disable"
        assert_all_clean([runner.start(*command, DATABASE_URL=url) for command in WITH_POSTGRES])
    assert_clean(files_under(settings.home))


@pytest.mark.parametrize("command", [("worker",), ("signaltape", "ship")], ids=" ".join)
def test_the_log_of_retries_gives_no_password_away(runner: Runner, command: tuple[str, ...]) -> None:
    assert runner.run("signaltape", "emit", "signal_closed", CLOSED, REDIS_URL="")[0] == 0
    with echoing_redis() as port, echoing_postgres() as other:
        process = runner.start(
            *command,
            REDIS_URL=f"redis://:{ENCODED}@127.0.0.1:{port}/0",
            DATABASE_URL=f"postgresql://u:{ENCODED}@127.0.0.1:{other}/d?sslmode=disable",
        )
        said = _until_it_complains(process)
        process.popen.send_signal(signal.SIGTERM)
        _, out, err = process.finish()
    assert_clean(said + out + err)


def _until_it_complains(process: Process) -> str:
    assert process.popen.stderr is not None
    said = ""
    deadline = time.monotonic() + 20
    while "unknown command" not in said and time.monotonic() < deadline:
        said += next_line(process.popen.stderr)
    assert "unknown command" in said
    return said


def test_a_proxy_that_says_back_the_path_gives_no_bot_token_away(
    runner: Runner, connection: Connection, settings: Settings
) -> None:
    with echoing_web() as port:
        telegram = {
            "TELEGRAM_BOT_TOKEN": TOKEN,
            "TELEGRAM_CHAT_ID": "77",
            "TELEGRAM_API_BASE": f"http://127.0.0.1:{port}",
        }
        code, out, err = runner.run("reports", "scorecard", "--week", "2022-W03", "--send", **telegram)
    assert code == 1
    assert "no route" in err
    assert_clean(out + err)
    stored = connection.execute("SELECT last_error FROM outbox").fetchall()
    assert "no route" in stored[0][0]
    assert_clean(str(stored))


def test_what_rq_stores_of_a_failed_report_holds_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    with echoing_postgres() as port:
        monkeypatch.setenv("DATABASE_URL", f"postgresql://u:{ENCODED}@127.0.0.1:{port}/d?sslmode=disable")
        with pytest.raises(jobs.JobFailed) as caught:
            jobs.build_report("2022-W03")
    stored = "".join(traceback.format_exception(caught.value))
    assert "nobody knows ***" in stored
    assert_clean(stored)


def test_an_uncaught_error_in_a_thread_gives_no_password_away(runner: Runner) -> None:
    _, out, err = runner.fork_code(
        "import threading, sys\n"
        "from signaltape.commands.command import begin_command\n"
        "from signaltape import Settings\n"
        "begin_command()\n"
        "url = Settings.from_env().redis_url.reveal()\n"
        "def fail(): raise RuntimeError(f'cannot use {url}')\n"
        "thread = threading.Thread(target=fail); thread.start(); thread.join()\n"
        "fail()",
        REDIS_URL=f"redis://:{ENCODED}@127.0.0.1:1/0",
    ).finish()
    assert err.count("RuntimeError: cannot use") == 2
    assert_clean(out + err)


CLOSED = (
    '{"signal_id": "8c6d6a4e-6d1e-4a54-9c9d-3f6c1e0f7a11", "symbol": "SOL-USDT", "rr_realized": 1.65, '
    '"time_in_trade_ms": 900000, "exit_reason": "tp"}'
)
