"""One process of the product, as the rig sees it."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


class Child:
    """One process of the product, with its output in a file."""

    def __init__(self, name: str, arguments: tuple[str, ...], environment: dict[str, str], log: Path) -> None:
        self.name = name
        self.log = log
        self.peak_rss_kib = 0
        #: what was started in its place
        self.successor: Child | None = None
        with log.open("ab") as out:
            self.popen = subprocess.Popen(
                [sys.executable, *arguments], cwd=ROOT, env=environment, stdout=out, stderr=out
            )

    @property
    def running(self) -> bool:
        return self.popen.poll() is None

    def send(self, number: signal.Signals) -> None:
        if self.running:
            self.popen.send_signal(number)

    def kill(self) -> None:
        self.note_memory()
        self.send(signal.SIGKILL)
        self.popen.wait()

    def note_memory(self) -> None:
        """Remember the highest memory use so far."""
        try:
            status = Path(f"/proc/{self.popen.pid}/status").read_text()
        except OSError:
            return
        for line in status.splitlines():
            if line.startswith("VmHWM:"):
                self.peak_rss_kib = max(self.peak_rss_kib, int(line.split()[1]))

    def last_line(self) -> str:
        """The last line of its output."""
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else ""
