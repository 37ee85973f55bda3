"""The dashboard as a process under measurement, and what it is asked."""

from __future__ import annotations

import gzip
import http.client
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.embedded.servers import Urls
from signaltape import Secret

#: The real program, that answers this one as often as it asks.
_PROGRAM = """
import web.http.limits as limits
limits.DEFAULT = limits.Policy("default", 10**9)
from web.__main__ import main
main(["--port", "0"])
"""


class Dashboard:
    """One that runs."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.port = port
        self._process = process
        self._line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def ms(self, path: str) -> float:
        """How long an answer took, to its last byte; whatever follows a redirection is counted, too."""
        began = time.perf_counter()
        where: str | None = path
        while where:
            where = self._ask(where)[0]
        return (time.perf_counter() - began) * 1000

    def body(self, path: str) -> bytes:
        """What is at an address."""
        return self._ask(path)[1]

    def weight(self, path: str) -> tuple[int, int]:
        """Bytes of a page with its styles and scripts, plain and packed."""
        page = self.body(path)
        parts = [page, *(self.body(one) for one in set(re.findall(r'/static/[^"]+', page.decode())))]
        return sum(map(len, parts)), sum(len(gzip.compress(one)) for one in parts)

    @property
    def highest_mib(self) -> float:
        """The most memory that it ever had."""
        said = Path(f"/proc/{self._process.pid}/status").read_text(encoding="utf-8")
        found = re.search(r"VmHWM:\s+(\d+) kB", said)
        return int(found[1]) / 1024 if found else 0.0

    def renew(self) -> None:
        """Ask on a connection of its own from now on: one that was idle for long is closed."""
        self._line.close()

    def _ask(self, path: str) -> tuple[str | None, bytes]:
        self._line.request("GET", path, headers={"Accept": "text/html"})
        answer = self._line.getresponse()
        body = answer.read()
        assert answer.status in (200, 303), (path, answer.status, body[:300])
        return answer.headers["Location"], body


@contextmanager
def dashboard(urls: Urls, database: Secret, home: Path, stream: str) -> Iterator[Dashboard]:
    """The program, until the end of the block."""
    process = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM],
        env={**os.environ, **environment(urls, database, home, stream)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        found = re.search(r":(\d+)/", process.stdout.readline())
        assert found is not None
        yield Dashboard(process, int(found[1]))
    finally:
        process.terminate()
        process.wait(30)


def environment(urls: Urls, database: Secret, home: Path, stream: str) -> dict[str, str]:
    """What every process of a measurement is told."""
    return {
        "REDIS_URL": urls.redis,
        "DATABASE_URL": database.reveal(),
        "SIGNALTAPE_STREAM": stream,
        "SIGNALTAPE_HOME": str(home),
    }
