"""The running demo with all that makes sense beside it: an engine that measures, desk, market, shipper, guard."""

from __future__ import annotations

import json
import re
import signal
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from deploy.live.scraping import FILE
from signaltape import Settings
from signaltape.stream import stream_key
from sink.db import Connection
from tests.integration.conftest import Process, Runner
from tests.support.alerted import Alerted
from tests.support.book import Book
from tests.support.scraping import PROCESSES, free_port
from tests.support.waiting import eventually

#: Beside those of the demo.
OTHERS = ("shipper", "desk", "market")
_ASK_EVERY_S = 0.05


@contextmanager
def demo(settings: Settings, connection: Connection, client: Any) -> Iterator[Path]:
    """All of it, until the block ends: the file that names where it is scraped."""
    runner, home = Runner(settings), settings.home / "live"
    with ExitStack() as ending:
        ending.callback(runner.end_all)
        targets = ending.enter_context(_live(runner, home))
        for name in OTHERS:
            started, port = PROCESSES[name], free_port()
            own = {**started.environment, "SIGNALTAPE_HOME": str(home)}
            runner.start(*started.command, "--metrics-port", str(port), **own)
            _tell(targets, port)
        ending.enter_context(_engine(runner, home))
        _what_people_do(connection)
        client.xadd(stream_key(settings.stream, 0), {"event": "signal_closed", "data": "{}"})
        yield targets


@contextmanager
def _live(runner: Runner, home: Path) -> Iterator[Path]:
    """`python -m deploy.live`; it ends its own processes."""
    how = ("--speed", "30000", "--days", "8", "--port", "0", "--metrics")
    process = runner.start("deploy.live", *how, SIGNALTAPE_GUARD_EVERY_S="0.5")
    try:
        targets = home / FILE
        eventually(lambda: targets.is_file() or process.popen.poll() is not None, timeout=90)
        yield targets
    finally:
        process.popen.send_signal(signal.SIGINT)
        process.finish(timeout=60)


@contextmanager
def _engine(runner: Runner, home: Path) -> Iterator[None]:
    """One that measures, and is asked all the time; a fifth of what it answers are errors."""
    control = home / "control.json"
    control.write_text('{"error_share": 0.2}')
    arguments = ("--port", "0", "--control", str(control))
    own = {"SIGNALTAPE_HOME": str(home), "SIGNALTAPE_ENGINE": "example"}
    process = runner.start("deploy.examples.engine_flask", *arguments, **own)
    address, ended = line(process, r"listening on (http://\S+)")[1], threading.Event()
    asking = threading.Thread(target=_ask, args=(address, ended), name="asking")
    asking.start()
    threading.Thread(target=_listen_to, args=(process,), name="listening", daemon=True).start()
    try:
        yield
    finally:
        ended.set()
        asking.join()


def _ask(address: str, ended: threading.Event) -> None:
    while not ended.wait(_ASK_EVERY_S):
        for path in ("/api/signal/SOL", "/api/orderflow/BTC"):
            try:
                urllib.request.urlopen(address + path).close()
            except urllib.error.HTTPError as error:
                error.close()
            except OSError:  # on a busy machine, or because it ends before we do
                continue


def _listen_to(process: Process) -> None:
    """It tells every error; a pipe that nobody reads would hold it up."""
    assert process.popen.stderr is not None
    for _ in process.popen.stderr:
        pass


def _what_people_do(connection: Connection) -> None:
    """An alert was sent, delivered and clicked; a plan with two targets reached both: those of the demo have one."""
    alerted, now = Alerted(connection), datetime.now(UTC)
    book, at = Book(connection), now.isoformat()
    book.close(book.signal(0.8, at=at, entry=100, sl=99, tp=102, tp2=104), 4, at, exit_reason="tp")
    ref = alerted.sent(None, at=now)
    connection.execute(
        "INSERT INTO outbox (message_key, kind, chat_id, body, not_after, state, sent_at)"
        " VALUES (%s, 'alert', '77', 'x', now() + interval '1 day', 'sent', %s)",
        (f"alert:{ref}:77", now + timedelta(seconds=1)),
    )
    alerted.click(ref, "up")


def _tell(targets: Path, port: int) -> None:
    """One more to scrape."""
    known = json.loads(targets.read_text())
    known[0]["targets"].append(f"127.0.0.1:{port}")
    targets.write_text(json.dumps(known))


def line(process: Process, form: str) -> re.Match[str]:
    """The first line of its output of a form."""
    assert process.popen.stdout is not None
    for said in iter(process.popen.stdout.readline, ""):
        if found := re.search(form, said):
            return found
    raise AssertionError(process.finish())
