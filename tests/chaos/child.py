"""One process of the product, as the rig sees it."""

from __future__ import annotations

import signal
from pathlib import Path

from tests.support.forked import begin


class Child:
    """One process of the product, with its output in a file. anew: in a new interpreter, as a person starts it."""

    def __init__(
        self, name: str, arguments: tuple[str, ...], environment: dict[str, str], log: Path, *, anew: bool
    ) -> None:
        self.name = name
        self.log = log
        self.peak_rss_kib = 0
        #: what was started in its place
        self.successor: Child | None = None
        with log.open("ab") as out:
            self.popen = begin(arguments, environment, out, out, anew=anew)

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
