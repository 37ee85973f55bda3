"""`make live`: January goes on as if it were now; one Ctrl-C ends all of it, and nothing is lost."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import pytest

from signaltape import Settings
from sink.db import Connection
from tests.integration.conftest import Process, Runner
from tests.integration.web.test_process import asked
from tests.support.waiting import eventually, next_line

pytestmark = pytest.mark.deep

#: What the engine recorded; the ghost tells more.
_STORED = (
    "SELECT (SELECT count(*) FROM signal_events WHERE event NOT LIKE 'ghost%')"
    " + (SELECT count(*) FROM records WHERE payload->>'source' IS DISTINCT FROM 'ghost')"
)


def count(connection: Connection, query: str) -> int:
    row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return int(row[0])


def processes_of(home: Path) -> list[str]:
    """Processes whose environment names this home."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and folder.name != str(os.getpid()):
            try:
                if f"SIGNALTAPE_HOME={home}".encode() in (folder / "environ").read_bytes():
                    found.append((folder / "cmdline").read_text().replace("\0", " "))
            except OSError:  # ended meanwhile
                continue
    return found


def test_it_runs_shows_and_ends_with_everything_stored(
    runner: Runner, settings: Settings, connection: Connection
) -> None:
    process = runner.start("deploy.live", "--speed", "30000", "--days", "1", "--port", "0")
    try:
        _runs_and_shows(process, settings.home, connection)
    finally:
        process.popen.send_signal(signal.SIGINT)  # what it started is to end with it, come what may
        code, out, err = process.finish(timeout=60)
    assert code == 0, (out, err)
    assert processes_of(settings.home) == []
    recorded = re.search(r"engine: recorded (\d+) events", out)
    assert recorded is not None, out
    assert count(connection, _STORED) == int(recorded[1])
    ended = "FROM ghost_orders WHERE status IN ('closed', 'expired', 'cancelled')"
    told = "SELECT count(*) FROM signal_outcomes WHERE outcome_from = 'ghost'"
    assert count(connection, told) == count(connection, f"SELECT count(*) {ended}") > 0
    assert count(connection, "SELECT count(*) FROM dead_letters") == 0
    assert count(connection, "SELECT count(*) FROM event_conflicts") == 0
    assert not list((settings.home / "live" / "journal").glob("*.rejects.jsonl"))


def _runs_and_shows(process: Process, home: Path, connection: Connection) -> None:
    assert process.popen.stdout is not None
    said = next_line(process.popen.stdout)
    while "http://" not in said:
        assert said, process.finish()
        said = next_line(process.popen.stdout)
    found = re.search(r"http://([\d.]+):(\d+)/", said)
    assert found is not None
    live = "SELECT count(*) FROM ghost_closures WHERE ts_closed > now() - interval '1 minute'"
    eventually(lambda: count(connection, live) > 3, timeout=120)
    address = found[1], int(found[2])
    assert [asked(address, path) for path in ("/", "/signals", "/health")] == [200] * 3
    eventually(lambda: len(processes_of(home)) >= 6)
