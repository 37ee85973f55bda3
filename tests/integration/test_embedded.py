"""The embedded servers: started, shared, recovered after kill -9, and never somebody else's process ended."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis

from deploy.embedded.errors import EmbeddedError
from deploy.embedded.process import alive
from deploy.embedded.servers import remove_data, running, stop_left_over
from tests.integration.conftest import ROOT
from tests.support.clusters import fill
from tests.support.waiting import eventually, next_line

pytestmark = pytest.mark.deep


@pytest.fixture
def home() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="emb-"))
    yield folder
    stop_left_over(folder)
    remove_data(folder)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def used(home: Path) -> Path:
    """Its servers have run before: where making a cluster is not the point."""
    fill(home)
    return home


def start(home: Path, code: str, **changes: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "deploy.embedded", "--", sys.executable, "-u", "-c", code],
        cwd=ROOT,
        env={**_bare_environment(), "SIGNALTAPE_HOME": str(home), **changes},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def kill_owner(owner: subprocess.Popen[str]) -> None:
    """Kill -9 the owner of the servers; its command ends by itself when its input closes."""
    owner.send_signal(signal.SIGKILL)
    owner.communicate(timeout=30)


def _bare_environment() -> dict[str, str]:
    urls = ("REDIS_URL", "DATABASE_URL")
    kept = {name: value for name, value in os.environ.items() if name not in urls}
    return {**kept, "PYTHONPATH": f"{ROOT / 'producer'}:{ROOT}"}


WRITE = """
import os, psycopg, redis, sys
with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as database:
    database.execute("CREATE TABLE IF NOT EXISTS t (n int)")
    database.execute("INSERT INTO t VALUES (1)")
    print(database.execute("SELECT count(*) FROM t").fetchone()[0])
client = redis.Redis.from_url(os.environ["REDIS_URL"])
print(client.incr("n"))
"""
WAIT = WRITE + "\nsys.stdin.read()"


def test_data_survives_from_one_run_to_the_next(home: Path) -> None:
    for expected in ("1\n1\n", "2\n2\n"):
        out, err = start(home, WRITE).communicate(timeout=60)
        assert out == expected, err


def test_a_second_process_shares_the_servers_of_the_first(used: Path) -> None:
    first = start(used, WAIT)
    assert first.stdout is not None
    assert next_line(first.stdout) == "1\n"
    out, err = start(used, WRITE).communicate(timeout=60)
    assert out == "2\n2\n", err
    assert next_line(first.stdout) == "1\n"
    first.terminate()
    first.communicate(timeout=60)


def test_after_kill_9_of_the_owner_the_next_run_takes_over(used: Path) -> None:
    for count in (1, 2, 3):
        owner = start(used, WAIT)
        assert owner.stdout is not None
        assert next_line(owner.stdout) == f"{count}\n"
        assert next_line(owner.stdout) == f"{count}\n", "no acknowledged write was lost"
        kill_owner(owner)


def test_a_stale_pid_file_ends_no_stranger(used: Path) -> None:
    start(used, WRITE).communicate(timeout=60)
    stranger = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
    (pid_file,) = [path / "postmaster.pid" for path in _data_folders(used)]
    pid_file.write_text(f"{stranger.pid}\n{pid_file.parent}\n")
    out, err = start(used, WRITE).communicate(timeout=60)
    assert out == "2\n2\n", err
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


def _data_folders(home: Path) -> list[Path]:
    from deploy.embedded.account import outside_place

    return [
        place / "postgres"
        for place in (home / "embedded", outside_place(home))
        if (place / "postgres").is_dir()
    ]


def test_the_commands_exit_code_is_passed_on_and_the_servers_stop(used: Path) -> None:
    process = start(used, "import os; print(os.environ['REDIS_URL']); raise SystemExit(7)")
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 7
    with pytest.raises(redis.ConnectionError):
        redis.Redis.from_url(out.strip()).ping()


def test_a_url_that_is_set_is_used_and_that_server_is_not_started(used: Path) -> None:
    process = start(used, "import os; print(os.environ['REDIS_URL'])", REDIS_URL="redis://elsewhere:1/0")
    out, _ = process.communicate(timeout=60)
    assert out == "redis://elsewhere:1/0\n"
    assert not (used / "embedded" / "valkey").exists()


def test_a_home_with_a_very_long_path_works(home: Path) -> None:
    deep = home / ("long-" * 20) / ("name-" * 10)
    out, err = start(deep, WRITE).communicate(timeout=60)
    assert out == "1\n1\n", err
    remove_data(deep)


def test_data_of_another_major_version_is_refused(used: Path) -> None:
    (folder,) = _data_folders(used)
    (folder / "PG_VERSION").write_text("12\n")
    _, err = start(used, "pass").communicate(timeout=60)
    assert "is of PostgreSQL 12, the program is" in err


def test_stopping_left_overs_ends_only_what_is_there(used: Path) -> None:
    owner = start(used, WAIT)
    assert owner.stdout is not None
    next_line(owner.stdout)
    with pytest.raises(EmbeddedError, match="in use by another process"):
        stop_left_over(used)
    kill_owner(owner)
    pids = stop_left_over(used)
    assert len(pids) == 2
    eventually(lambda: not any(alive(pid) for pid in pids))


def test_both_servers_answer(home: Path) -> None:
    with running(home) as urls:
        client: Any = redis.Redis.from_url(urls.redis)
        assert client.info("persistence")["aof_enabled"] == 1
        client.close()
        with psycopg.connect(urls.database) as connection:
            assert connection.execute("SHOW fsync").fetchone() == ("on",)
            assert connection.execute("SHOW server_encoding").fetchone() == ("UTF8",)
