"""`systemctl` and `journalctl` of a drill: `start|stop|restart UNIT…` and `-u UNIT -n LINES` go to the stage."""

from __future__ import annotations

import json
import os
import socket
import sys


def main() -> int:
    program, *words = sys.argv[1:]
    if program == "journalctl":
        _, unit, _, lines = words
        code, says = ask(["log", unit])
        says = "".join(says.splitlines(keepends=True)[-int(lines) :])
    else:
        code, says = ask(words)
    sys.stdout.write(says)
    return code


def ask(words: list[str]) -> tuple[int, str]:
    """What the stage answers: exit code, and what it says."""
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(os.environ["DRILL_HANDS"])
        line.sendall(json.dumps(words).encode() + b"\n")
        with line.makefile() as answer:
            said = json.loads(answer.readline())
    return int(said["code"]), said["says"]


if __name__ == "__main__":
    sys.exit(main())
